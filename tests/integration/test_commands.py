# SPDX-License-Identifier: Apache-2.0
"""The command line against a running engine, and without one."""

import json
import subprocess
import urllib.error
import urllib.request

import pytest

from engine import BINARY, ROOT, Engine, function_folder, pipeline_config, wait_until
from history import numbered

ECHO = "def handle(event, context):\n    return event\n"


@pytest.fixture(name="engine")
def running_engine(tmp_path):
    with Engine(tmp_path, pipeline_config(function_folder(tmp_path, ECHO), more=", http: { listen: '127.0.0.1:0' }")) as engine:
        yield engine


def pelton(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False)


def test_without_an_engine(tmp_path):
    done = pelton("status", "--data", str(tmp_path))
    assert done.returncode == 4 and "no engine answers" in done.stderr


def test_wrong_words():
    done = pelton("statsu")
    assert done.returncode == 2 and 'did you mean "status"' in done.stderr
    assert pelton("offsets", "seek", "job").returncode == 2
    for command in ("run", "validate", "describe", "schema", "status", "produce", "consume", "dead-letters", "offsets", "version"):
        done = pelton(command, "--help")
        assert done.returncode == 0 and "Example" in done.stdout, command


def test_validate_describe_schema_version():
    assert pelton("validate", str(ROOT / "configs/thumbnails.yaml")).returncode == 0
    assert pelton("validate", str(ROOT / "no-such.yaml")).returncode == 3
    assert "attempts" in pelton("describe", "binding").stdout
    assert "inline_limit" in pelton("describe", "directory").stdout
    assert pelton("describe", "bindign").returncode == 5
    assert "bindings" in json.loads(pelton("schema").stdout)["properties"]
    assert json.loads(pelton("version", "-o", "json").stdout)["version"]


def test_the_reference_pages_are_current(tmp_path):
    assert pelton("describe", "--markdown", str(tmp_path)).returncode == 0
    made = {page.name: page.read_text() for page in tmp_path.glob("*.md")}
    kept = {page.name: page.read_text() for page in (ROOT / "docs/reference").glob("*.md")}
    assert made == kept, "run: build/release/bin/pelton describe --markdown docs/reference"


def test_produce_and_consume(engine):
    engine.run("produce", "input", "--key", "a", "--header", "h=1", data="one\ntwo\n")
    events = engine.consume("input")
    assert [e["data"] for e in events] == ["one", "two"]
    assert events[0]["key"] == "a" and events[0]["headers"] == [["h", "1"]] and events[0]["id"].startswith("input/")
    assert engine.run("consume", "input", "-o", "raw").stdout == "one\ntwo\n"
    assert len(engine.consume("input", "--limit", "1")) == 1
    assert engine.consume("input", "--from", "latest") == []
    assert engine.consume("input", "--key", "b*") == []
    assert engine.run("consume", "nowhere", check=False).returncode == 5


def test_consume_follows(engine):
    with subprocess.Popen([BINARY, "consume", "input", "--follow", "--limit", "3", "--config", str(engine.config)],
                          stdout=subprocess.PIPE, text=True) as follower:
        engine.produce("input", numbered(3, 3))
        out, _ = follower.communicate(timeout=20)
    assert len(out.splitlines()) == 3


def test_bytes_and_tombstones_come_back(engine):
    lines = '{"key":"k","data_base64":"/wAB"}\n{"key_base64":"/w==","data":null}\n{"data":{"a":[1,2.5,"x"]}}\n'
    engine.run("produce", "input", "--ndjson", data=lines)
    by_kind = {e.get("data_base64") or json.dumps(e.get("data")): e for e in engine.consume("input")}
    assert by_kind["/wAB"]["key"] == "k"
    assert by_kind["null"]["key_base64"] == "/w=="
    assert by_kind['{"a": [1, 2.5, "x"]}']["content_type"] == "application/json"


def test_seek_back_and_forward(engine):
    engine.produce("input", numbered(40, 4))
    engine.wait_settled("job")
    dry = json.loads(engine.run("offsets", "seek", "job", "--to-earliest", "--dry-run", "-o", "json").stdout)
    assert sum(-c["events"] for c in dry["changes"]) == 40
    assert len(engine.consume("output")) == 40
    engine.run("offsets", "seek", "job", "--to-earliest")
    wait_until(lambda: len(engine.consume("output")) == 80, "everything again")
    engine.run("offsets", "seek", "job", "--by", "-1", "--partition", "0")
    engine.wait_settled("job")
    assert engine.run("offsets", "seek", "nobody", "--to-latest", check=False).returncode == 5


def test_purge_asks(engine, tmp_path):
    (tmp_path / "code/function.py").write_text("import pelton\ndef handle(event, context):\n    raise pelton.Fail('no')\n")
    engine.produce("input", numbered(5, 5))
    wait_until(lambda: len(engine.letters()) == 5, "five dead letters")
    assert engine.run("dead-letters", "purge", check=False).returncode == 1
    assert len(engine.run("dead-letters", "export").stdout.splitlines()) == 5
    engine.run("dead-letters", "purge", engine.letters()[0]["id"], "--yes")
    engine.run("dead-letters", "purge", "--contains", "no", "--yes")
    assert engine.letters() == []


def http_address(engine):
    for line in engine.log.read_text().splitlines():
        entry = json.loads(line)
        if entry.get("msg") == "ready":
            return "http://" + entry["http"]
    return None


def test_metrics_and_health(engine):
    engine.produce("input", numbered(10, 2))
    engine.wait_settled("job")
    base = wait_until(lambda: http_address(engine), "the address")
    with urllib.request.urlopen(base + "/metrics") as answer:
        text = answer.read().decode()
    assert 'pelton_binding_done_events_total{binding="job"} 10' in text
    assert "# TYPE pelton_binding_lag_seconds gauge" in text
    for path in ("/livez", "/readyz?verbose"):
        with urllib.request.urlopen(base + path) as answer:
            assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(base + "/v1/status")
    assert refused.value.code == 404
