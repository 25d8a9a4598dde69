# SPDX-License-Identifier: Apache-2.0
"""The command line against a running engine, and without one."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import time
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
    assert 'there is no command "statsu"' in done.stderr
    assert pelton("offsets", "seek", "job").returncode == 2
    for words, said in {("dead-letters", "lst"): 'there is no command "lst" (did you mean "list"?)',
                        ("dead-letters", "show", "job"): '"job" is not BINDING/PARTITION/OFFSET',
                        ("dead-letters", "replay", "--rate", "0"): '"0" is not a number above 0',
                        ("dead-letters", "list", "--reason", "bad"): "worker_killer",
                        ("dead-letters", "list", "--since", "monday"): '"monday" is not a time with a zone',
                        ("offsets", "seek", "job", "--to-time", "yesterday"): '"yesterday" is not a time with a zone',
                        ("consume", "input", "--limit", "-5"): '"-5" is not a whole number from 0',
                        ("produce", "input", "--partition", "x"): '"x" is not a whole number from 0',
                        ("status", "-o", "xml"): '--output: "xml" is none of text, json',
                        (): "a command is missing",
                        ("status", "--wtach"): 'did you mean "--watch"?'}.items():
        done = pelton(*words)
        assert done.returncode == 2 and said in done.stderr and len(done.stderr) < 300, done.stderr
    assert pelton("--version").stdout.startswith("pelton ")
    for command in ("run", "validate", "describe", "schema", "status", "produce", "consume", "dead-letters", "offsets", "functions",
                    "plan", "reload", "wait", "version"):
        done = pelton(command, "--help")
        assert done.returncode == 0 and "Example" in done.stdout, command


def test_validate_describe_schema_version():
    assert pelton("validate", str(ROOT / "configs/thumbnails.yaml")).returncode == 0
    assert pelton("validate", str(ROOT / "no-such.yaml")).returncode == 3
    assert "attempts" in pelton("describe", "binding").stdout
    assert "inline_limit" in pelton("describe", "directory").stdout
    assert pelton("describe", "bindign").returncode == 5
    assert 'there is no topic "pyhton" (did you mean "python"?)' in pelton("describe", "pyhton").stderr
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
    for command in (("consume", "nowhere"), ("produce", "nowhere"), ("dead-letters", "show", "job/0/9")):
        done = engine.run(*command, data="", check=False)
        assert done.returncode == 5 and "no " in done.stderr, done.stderr
    done = engine.run("dead-letters", "list", "--since", "now", check=False)
    assert done.returncode == 2 and "since" in done.stderr and "is not a time with a zone" in done.stderr


def test_produce_names_the_bad_line_of_many(engine):
    lines = ['{"data":%d}' % n for n in range(12_000)]
    lines[11_499] = '{"data":1,"kye":"k"}'
    done = engine.run("produce", "input", "--ndjson", data="\n".join(lines) + "\n", check=False)
    assert done.returncode == 1 and "line 11500: column 11" in done.stderr and 'member "kye"' in done.stderr, done.stderr
    stored = len(engine.consume("input"))
    assert f"{stored} events are durable; continue from line {stored + 1}" in done.stderr and stored in range(5000, 11_500)


def test_bindings_begin_where_they_are_told(tmp_path):
    code = function_folder(tmp_path, ECHO)
    config = pipeline_config(code).replace("partitions: 4", "partitions: 1")
    old, new = "2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z"
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"data": {"n": n}, "time": old if n < 30 else new} for n in range(50)])
        engine.wait_settled("job")
        assert len(engine.consume("input", "--from", new)) == 20
        assert len(engine.consume("input", "--from", "2026-01-01T02:00:00+02:00")) == 20
        assert engine.stop() == 0
    late = {"late": "latest", "all": "earliest", "since": '"2025-06-01T00:00:00Z"'}
    engine.config.write_text(config + "".join(
        f"  {name}: {{ from: input, function: work, start: {start} }}\n" for name, start in late.items()))
    with engine:
        engine.produce("input", [{"data": {"n": 50}, "time": new}])
        for name in late:
            engine.wait_settled(name)
        assert {name: engine.binding(name)["done"] for name in late} == {"late": 1, "all": 51, "since": 21}


def test_filters_choose_by_number_and_presence(tmp_path):
    config = pipeline_config(function_folder(tmp_path, ECHO), binding="filter: { data.celsius: { at_least: 20, below: 30 }, data.room: { exists: true } }")
    readings = [{"celsius": 20, "room": 1}, {"celsius": 29.9, "room": None}, {"celsius": 30, "room": 1}, {"celsius": 19.9, "room": 1},
                {"celsius": 25}, {"room": 1}, {"celsius": "warm", "room": 1}]
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"key": "k", "data": reading} for reading in readings] + [{"key": "k", "data": "no JSON object"}])
        engine.wait_settled("job")
        assert [event["data"] for event in engine.consume("output")] == readings[:2]
        assert engine.binding("job")["filtered"] == 6 and engine.letters() == []


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


def test_a_paused_binding_stays_paused_over_a_restart(engine):
    engine.produce("input", numbered(10, 5))
    engine.wait_settled("job")
    assert "until `pelton bindings resume job`" in engine.run("bindings", "pause", "job").stdout
    engine.produce("input", numbered(10, 5))
    engine.stop()
    engine.start()
    assert engine.binding("job")["paused_by_operator"] and engine.lag("job") == 10
    assert "job is paused by an operator" in engine.run("status").stdout
    assert 'pelton_binding_paused_by_operator{binding="job"} 1' in engine.metrics()
    assert json.loads(engine.run("bindings", "resume", "job", "-o", "json").stdout) == {"paused": False}
    engine.wait_settled("job")
    assert not engine.binding("job")["paused_by_operator"] and engine.binding("job")["done"] == 10
    assert "E5001" in engine.run("bindings", "pause", "jbo", check=False).stderr


def test_seek_asks_before_it_passes_over_events(tmp_path):
    config = pipeline_config(function_folder(tmp_path, "def handle(event, context):\n    raise ValueError('later')\n"))
    with Engine(tmp_path, config.replace("first: 10ms, max: 50ms", "first: 1h, max: 1h")) as engine:
        engine.produce("input", numbered(7, 7))
        wait_until(lambda: sum(p["retrying"] for p in engine.binding("job")["partitions"]) == 7, "seven wait for their next attempt")
        refused = engine.run("offsets", "seek", "job", "--to-latest", check=False)
        assert refused.returncode == 2 and "7 unsettled events of job would be passed over" in refused.stderr
        assert engine.lag("job") == 7
        code, said = on_a_terminal(engine, "offsets", "seek", "job", "--to-latest", answer="n\n")
        assert code == 1 and "Continue? [y/N]" in said and engine.lag("job") == 7
        engine.run("offsets", "seek", "job", "--to-latest", "--yes")
        engine.wait_settled("job")


def test_scripts_wait_and_check(engine, tmp_path):
    (tmp_path / "code/function.py").write_text(ECHO)
    engine.run("wait", "--ready")
    engine.produce("input", numbered(200, 5))
    engine.run("wait", "--settled", "job")
    assert len(engine.consume("output")) == 200
    assert engine.run("status", "--check").stdout == "ready\n"
    assert engine.run("wait", "--settled", "nobody", check=False).returncode == 5
    assert engine.run("wait", check=False).returncode == 2
    assert engine.run("wait", "--ready", "--timeout", "soon", check=False).returncode == 2
    engine.stop()
    late = engine.run("wait", "--ready", "--timeout", "200ms", check=False)
    assert late.returncode == 4 and "no engine answers" in late.stderr
    with subprocess.Popen([BINARY, "wait", "--ready", "--config", str(engine.config)]) as waiting:
        engine.start(wait=False)
        assert waiting.wait(60) == 0


def test_wait_ends_with_the_reason_when_time_is_up(tmp_path):
    config = pipeline_config(function_folder(tmp_path, "this is no Python\n"))
    with Engine(tmp_path, config) as engine:
        engine.produce("input", numbered(3, 3))
        late = engine.run("wait", "--settled", "job", "--timeout", "200ms", "-o", "json", check=False)
        error = json.loads(late.stderr)["error"]
        assert late.returncode == 1 and error["code"] == "E5021" and "job has a lag of 3" in error["message"], late


def test_clients_find_the_engine_without_its_secrets(tmp_path):
    config = pipeline_config(function_folder(tmp_path, ECHO), function='environment: { TOKEN: "${env:TEST_TOKEN}" }')
    os.environ["TEST_TOKEN"] = "t0ken"
    try:
        engine = Engine(tmp_path, config).start()
    finally:
        del os.environ["TEST_TOKEN"]
    assert engine.run("status").stdout
    for variable, value in {"PELTON_CONFIG": engine.config, "PELTON_SOCKET": tmp_path / "data/admin.sock"}.items():
        done = subprocess.run([BINARY, "status"], env={**os.environ, variable: str(value)}, capture_output=True, cwd="/", check=False)
        assert done.returncode == 0, done
    done = subprocess.run([BINARY, "status", "-o", "json"], capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 4 and json.loads(done.stderr)["error"]["code"] == "E5006"
    engine.stop()


def test_dead_letters_are_told_in_the_log(tmp_path):
    code = function_folder(tmp_path, "def handle(event, context):\n    raise ValueError('no \\x1b[2J good')\n")
    with Engine(tmp_path, pipeline_config(code, binding="breaker: { failures: 0 }")) as engine:
        engine.produce("input", numbered(50, 5))
        wait_until(lambda: len(engine.letters()) == 50, "fifty dead letters")
        lines = [json.loads(line) for line in engine.log.read_text().splitlines() if "an event became a dead letter" in line]
        assert 10 <= len(lines) < 50, "limited"
        assert lines[0]["level"] == "warn" and lines[0]["binding"] == "job" and lines[0]["reason"] == "attempts"
        assert lines[0]["id"] in {letter["id"] for letter in engine.letters()} and "ValueError: no " in lines[0]["error"]


def test_purge_asks(engine, tmp_path):
    (tmp_path / "code/function.py").write_text("import pelton\ndef handle(event, context):\n    raise pelton.Fail('no')\n")
    engine.produce("input", numbered(5, 5))
    wait_until(lambda: len(engine.letters()) == 5, "five dead letters")
    assert engine.run("dead-letters", "purge", check=False).returncode == 2
    assert len(engine.run("dead-letters", "export").stdout.splitlines()) == 5
    engine.run("dead-letters", "purge", engine.letters()[0]["id"], "--yes")
    engine.run("dead-letters", "purge", "--contains", "no", "--yes")
    assert engine.letters() == []


def on_a_terminal(engine, *command, answer=""):
    """What a command prints on a terminal."""
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    with subprocess.Popen([BINARY, *command, "--config", str(engine.config)], stdin=theirs, stdout=theirs, stderr=theirs,
                          env=environment) as process:
        os.close(theirs)
        out = b""
        with contextlib.suppress(OSError):  # how Linux tells that the other side is closed
            while part := os.read(ours, 65536):
                out += part
        os.close(ours)
    return process.returncode, out.decode()


def test_on_a_terminal_there_are_colours_bars_and_questions(engine, tmp_path):
    (tmp_path / "code/function.py").write_text("import pelton\ndef handle(event, context):\n    raise pelton.Fail('no')\n")
    engine.produce("input", numbered(40, 5))
    wait_until(lambda: len(engine.letters()) == 40, "forty dead letters")
    _, status = on_a_terminal(engine, "status")
    assert "\x1b[1mSTREAM" in status and "\x1b[" not in engine.run("status").stdout
    code, said = on_a_terminal(engine, "dead-letters", "replay", answer="n\n")
    assert code == 1 and "40 dead letters to be replayed" in said and "Continue? [y/N]" in said and "[###" not in said
    begin = time.monotonic()
    code, said = on_a_terminal(engine, "dead-letters", "replay", "--wait", "--rate", "40", answer="y\n")
    assert code == 1 and "0 done, 40 failed again" in said and "#] 40/40" in said, said
    assert time.monotonic() - begin >= 0.85  # the last of ten pieces need not wait


def test_status_watched_follows_and_ends_with_the_engine(engine):
    with subprocess.Popen([BINARY, "status", "--watch", "--config", str(engine.config)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as watch:
        def done_at_next_look():
            for line in watch.stdout:
                if line.startswith("job "):
                    return line.split()[3]
            raise AssertionError("it ended")
        assert done_at_next_look() == "0"
        engine.produce("input", numbered(40, 5))
        while done_at_next_look() != "40":
            pass
        engine.stop()
        said = watch.communicate(timeout=60)[1]
        assert watch.returncode == 4 and "E500" in said, said


def http_address(engine):
    for line in engine.log.read_text().splitlines():
        if '"msg":"ready"' in line and line.endswith("}"):
            return "http://" + json.loads(line)["http"]
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


def test_output_that_is_lost_is_a_failure(engine):
    engine.produce("input", numbered(3, 1))
    for command in (("consume", "input"), ("consume", "input", "--follow"), ("status",), ("offsets", "list")):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BINARY, *command, "--config", str(engine.config)], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        assert done.returncode == 1 and "cannot write" in done.stderr, (command, done.stderr)
    with open("/dev/full", "wb") as full:
        assert subprocess.run([BINARY, "--help"], stdout=full, stderr=subprocess.DEVNULL, timeout=60, check=False).returncode == 1


def test_consume_from_a_word_that_is_no_place_is_wrong_usage(engine):
    done = engine.run("consume", "input", "--from", "tomorrow", check=False)
    assert done.returncode == 2 and '"tomorrow" is not earliest, latest, an offset or a time' in done.stderr, done.stderr


def test_a_log_that_nobody_reads_stops_nothing(tmp_path):
    code = function_folder(tmp_path, "def handle(event, context):\n    for _ in range(40):\n        print('x' * 8000, flush=True)\n")
    engine = Engine(tmp_path, pipeline_config(code))
    engine.log.touch()
    reading, writing = os.pipe()
    engine.process = subprocess.Popen([BINARY, "run", str(engine.config)], stderr=writing, stdin=subprocess.DEVNULL)
    Engine.started.append(engine)
    os.close(writing)
    try:
        wait_until(engine.ready, "the engine is ready")
        engine.produce("input", numbered(30, 3))
        engine.wait_settled("job")
        assert engine.stop() == 0
    finally:
        os.close(reading)
