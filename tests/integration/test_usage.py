# SPDX-License-Identifier: Apache-2.0
"""pelton usage: what functions used, over restarts."""

import json

from engine import Engine, function_folder, pipeline_config, wait_until

CODE = """import time
def handle(event, context):
    time.sleep(event.json()["sleep"])
    if event.json().get("bad"):
        raise ValueError("no")
"""


def usage(engine, *words):
    return json.loads(engine.run("usage", "-o", "json", *words).stdout)["usage"]


def test_usage_is_metered_and_kept(tmp_path):
    code = function_folder(tmp_path, CODE)
    engine = Engine(tmp_path, pipeline_config(code))
    with engine:
        assert "no function was invoked" in engine.run("usage").stdout
        engine.produce("input", [{"key": "k", "data": {"sleep": 0.2}} for _ in range(3)])
        engine.wait_settled("job")
        (row,) = usage(engine)
        assert row["events"] == 3 and row["failed"] == 0 and row["cold_starts"] >= 1, row
        assert 600 <= row["billed_ms"] < 3000 and row["duration_ms"] <= row["billed_ms"], row
        assert row["init_ms"] > 0 and row["peak_memory"] > 1 << 20 and row["gb_seconds"] > 0, row
        assert engine.stop() == 0
    with engine:
        assert usage(engine)[0]["events"] == 3
        engine.produce("input", [{"key": "k", "data": {"sleep": 0, "bad": True}}])
        wait_until(engine.letters, "the dead letter")
        attempts = usage(engine)[0]["failed"]
        assert attempts >= 1
        assert "work" in engine.run("usage", "--since", "2020-01-01").stdout
        assert engine.stop() == 0
    with engine:
        by_binding = {row["binding"]: row for row in usage(engine, "--by", "binding")}
        assert set(by_binding) == {"", "job"}, by_binding
        assert by_binding["job"]["events"] == 3 + attempts and by_binding["job"]["cold_starts"] == 0
        assert by_binding[""]["cold_starts"] >= 2 and by_binding[""]["billed_ms"] == 0
        (day,) = usage(engine, "--by", "day")
        assert day["events"] == 3 + attempts and len(day["day"]) == 10
        assert usage(engine, "--since", "2999-01-01") == []


def test_what_cannot_be_asked(tmp_path):
    code = function_folder(tmp_path, CODE)
    with Engine(tmp_path, pipeline_config(code)) as engine:
        for words, code, said in [(["--since", "yesterday"], 1, "since"), (["--by", "week"], 2, "--by")]:
            ran = engine.run("usage", *words, check=False)
            assert ran.returncode == code and said in ran.stderr, ran.stderr
