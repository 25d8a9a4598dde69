# SPDX-License-Identifier: Apache-2.0
"""Wrong options of the sinks `postgres` and `mysql`: no server is needed to tell."""

import subprocess

import pytest

from engine import BINARY


def validated(folder, text):
    config = folder / "pelton.yaml"
    config.write_text(text)
    return subprocess.run([BINARY, "validate", str(config)], capture_output=True, text=True, check=False)


def test_a_table_that_comes_back_as_events_is_a_loop(tmp_path):
    text = """version: 1
engine: { data: ./data }
streams: { bills: {} }
connectors:
  in: { postgres: { url: "postgresql://h/x", tables: [bills] }, to: bills }
  out: { postgres: { url: "postgresql://h/x", table: %s }, from: bills }
"""
    done = validated(tmp_path, text % "bills")
    assert done.returncode == 3 and "E1013" in done.stderr and "table public.bills" in done.stderr
    assert validated(tmp_path, text % "copies").returncode == 0


@pytest.mark.parametrize("options, code, words", [
    ("table: a.b.c", "E7240", "is not the name of a table"),
    ("table: bills, mode: replace", "E1010", ""),
    ("table: bills, columns: { id: data.x, y: body }", "E1018", "is not a field of an event"),
    ("table: bills, columns: [id]", "E1007", "must be a mapping"),
    ("table: bills, columns: { id: key }, key: x", "E7240", "nothing is written to the column x"),
    ("table: bills, columns: { id: key }, unknown_fields: ignore", "E7240", "no meaning with `columns`"),
    ("table: bills, create: { id: int }, mode: upsert", "E7240", "needs a `key`"),
    ("table: bills, create: { id: int }, columns: { x: key }", "E7240", "the column x is not in `create`"),
    ("table: bills, progress: bills", "E7240", "are the same table"),
    ("table: bills, tabel: x", "E1005", "table"),
    ("mode: insert", "E1006", "table"),
    ("table: bills, timeout: 1ms", "", "1s"),
])
def test_wrong_options_of_postgres_are_named_with_their_place(tmp_path, options, code, words):
    text = f"""version: 1
engine: {{ data: ./data }}
streams: {{ bills: {{}} }}
connectors:
  out:
    postgres: {{ url: "postgresql://localhost/x", {options} }}
    from: bills
"""
    done = validated(tmp_path, text)
    assert done.returncode == 3 and code in done.stderr and words in done.stderr and "pelton.yaml:6" in done.stderr, done.stderr


@pytest.mark.parametrize("options, code, words", [
    ("table: bills", "E7240", "shop.bills"),
    ("table: a.bills, progress: bills", "E7240", "are the same table"),
    ("table: a.bills, mode: x", "E1010", "insert, upsert"),
    ("table: a.bills, tls: { ca: missing.pem }", "E1008", "missing.pem"),
])
def test_wrong_options_of_mysql_are_named_with_their_place(tmp_path, options, code, words):
    done = validated(tmp_path, f"""version: 1
engine: {{ data: ./data }}
streams: {{ bills: {{}} }}
connectors:
  out:
    mysql: {{ url: "mysql://h", {options} }}
    from: bills
""")
    assert done.returncode == 3 and code in done.stderr and words in done.stderr and "pelton.yaml:6" in done.stderr, done.stderr


def test_a_url_that_is_none_is_not_shown_with_its_password(tmp_path):
    for url in ("postgresql://u:s3cret@[::1/x", "postgresql://u:s3cret%zz@h/x", "u:s3cret@h/x"):
        done = validated(tmp_path, f"""version: 1
engine: {{ data: ./data }}
streams: {{ bills: {{}} }}
connectors:
  out: {{ postgres: {{ url: "{url}", table: bills }}, from: bills }}
""")
        assert done.returncode == 3 and "E7080" in done.stderr and "s3cret" not in done.stderr, done.stderr
