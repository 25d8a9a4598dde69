# SPDX-License-Identifier: Apache-2.0
"""The runtime lambda/provided: functions that speak AWS Lambda's Runtime API, well or badly."""

import base64
import json
import os
import pathlib
import shutil
import socket
import threading

import pytest

from engine import Engine, wait_until

HERE = pathlib.Path(__file__).parent


def bootstrap(folder, source, name="code"):
    """An executable of Python with the tests' client."""
    code = folder / name
    code.mkdir()
    shutil.copy(HERE / "lambda_bootstrap.py", code)
    program = code / "bootstrap"
    program.write_text("#!/usr/bin/python3\nimport os, sys, time, json\nfrom lambda_bootstrap import *\n" + source)
    program.chmod(0o755)
    return code


def lambda_config(code, binding="", function="", runtime="lambda/provided", streams="", to="to: output"):
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 20s }}
streams:
  input: {{ partitions: 1 }}
  output: {{}}
  {streams}
functions:
  work:
    runtime: {runtime}
    code: {code}
    {function}
bindings:
  job:
    from: input
    function: work
    {to}
    retry: {{ attempts: 2, backoff: {{ first: 10ms, max: 50ms }} }}
    {binding}
"""


def show(engine, letter):
    return json.loads(engine.run("dead-letters", "show", letter["id"], "-o", "json").stdout)


def last_attempt(engine, letter):
    return show(engine, letter)["history"][-1]


def results(engine, stream="output"):
    """What the function answered. Of a JSON string, `consume` shows the text as it is stored."""
    made = engine.consume(stream)
    return [json.loads(e["data"]) if isinstance(e.get("data"), str) and e["content_type"] == "application/json" else e.get("data")
            for e in made]


# ---- one event, one invocation

def test_an_answer_is_an_output_with_the_key_and_subject_of_its_event(tmp_path):
    code = bootstrap(tmp_path, "serve(lambda event, headers: None if event is None else {'seen': event})")
    with Engine(tmp_path, lambda_config(code)) as engine:
        engine.produce("input", [{"key": "a", "subject": "s", "type": "t", "data": {"n": 1}}, {"key": "b", "data": [1, None]},
                                 {"key": "c"}, {"key": "d", "data": "a text", "content_type": "text/plain"}])
        engine.wait_settled("job")
        made = engine.consume("output")
        assert [(e["key"], e["data"]) for e in made] == [("a", {"seen": {"n": 1}}), ("b", {"seen": [1, None]}), ("d", {"seen": "a text"})]
        assert (made[0]["subject"], made[0]["type"], made[0]["source"]) == ("s", "t", "function/work")
        assert made[0]["content_type"] == "application/json"


def test_environment_and_headers(tmp_path):
    source = """
def handle(event, headers):
    names = ["_HANDLER", "TZ", "TMPDIR", "LANG"] + [n for n in os.environ if n.startswith(("AWS_", "LAMBDA_", "OWN"))]
    own = os.path.join(os.environ["TMPDIR"], "x")
    open(own, "x").close()
    return {"env": {n: os.environ[n] for n in names}, "headers": dict(headers), "now": time.time() * 1000, "cwd": os.getcwd()}
serve(handle)
"""
    code = bootstrap(tmp_path, source)
    function = "timeout: 7s\n    memory: 256MiB\n    environment: { OWN: x, AWS_REGION: eu-west-1, AWS_LAMBDA_FUNCTION_NAME: mine }"
    with Engine(tmp_path, lambda_config(code, function=function)) as engine:
        engine.produce("input", [{"key": "k", "data": {}, "headers": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}])
        engine.wait_settled("job")
        found = results(engine)[0]
        env, headers = found["env"], {name.lower(): value for name, value in found["headers"].items()}
        assert env["AWS_LAMBDA_FUNCTION_NAME"] == "work" and env["OWN"] == "x" and env["_HANDLER"] == "bootstrap"
        assert env["AWS_REGION"] == env["AWS_DEFAULT_REGION"] == "eu-west-1"
        assert env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256" and env["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
        assert env["LAMBDA_TASK_ROOT"] == found["cwd"] == str(code)
        assert env["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/work" and "[$LATEST]" in env["AWS_LAMBDA_LOG_STREAM_NAME"]
        assert env["TZ"] == ":UTC" and env["AWS_LAMBDA_RUNTIME_API"].startswith("127.0.0.1:")
        assert 6000 < int(headers["lambda-runtime-deadline-ms"]) - found["now"] <= 7000
        assert headers["lambda-runtime-invoked-function-arn"] == "arn:aws:lambda:eu-west-1:000000000000:function:work"
        trace, lineage = headers["lambda-runtime-trace-id"].split(";Lineage=")
        assert trace == "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1"
        assert lineage.endswith(":0") and len(lineage) == 10
        custom = json.loads(headers["lambda-runtime-client-context"])["custom"]
        assert (custom["stream"], custom["partition"], custom["offset"], custom["attempt"], custom["key"]) == ("input", "0", "0", "1", "k")
        assert pathlib.Path(env["TMPDIR"], "x").exists()
        engine.stop()
        assert not pathlib.Path(env["TMPDIR"]).exists()


def test_an_event_that_is_no_json_is_a_dead_letter_at_once_and_harms_nothing(tmp_path):
    code = bootstrap(tmp_path, "serve(lambda event, headers: event)")
    with Engine(tmp_path, lambda_config(code)) as engine:
        bad = [{"key": str(n), "data_base64": base64.b64encode(b"\xff" + bytes([n])).decode()} for n in range(90)]
        engine.produce("input", bad + [{"key": "good", "data": 7}])
        engine.wait_settled("job")
        assert results(engine) == [7]
        letters = engine.letters()
        assert len(letters) == 90 and {letter["reason"] for letter in letters} == {"failed"}
        assert last_attempt(engine, letters[0])["type"] == "InvalidRequestContent"


def test_errors_are_attempts_with_type_message_and_stack(tmp_path):
    source = """
api = Api()
while True:
    request, event, headers = api.next()
    if event == "twice" and json.loads(headers["Lambda-Runtime-Client-Context"])["custom"]["attempt"] == "2":
        api.respond(request, "second")
    else:
        api.fail(request, "my.Error", "it is " + event, ["line 1", "line 2"])
"""
    code = bootstrap(tmp_path, source)
    with Engine(tmp_path, lambda_config(code)) as engine:
        engine.produce("input", [{"key": "a", "data": "twice"}, {"key": "b", "data": "never"}])
        engine.wait_settled("job")
        assert results(engine) == ["second"]
        [letter] = engine.letters()
        attempt = last_attempt(engine, letter)
        assert (attempt["type"], attempt["message"]) == ("my.Error", "it is never")
        assert "line 1\nline 2" in attempt["stack"]


def test_timeouts_and_deaths_blame_the_event_that_had_begun(tmp_path):
    source = """
def handle(event, headers):
    if event == "slow": time.sleep(60)
    if event == "exit": print("last words", flush=True); os._exit(7)
    return event
serve(handle)
"""
    code = bootstrap(tmp_path, source)
    with Engine(tmp_path, lambda_config(code, function="timeout: 300ms")) as engine:
        engine.produce("input", [{"key": str(n), "data": word} for n, word in enumerate(["a", "slow", "b", "exit", "c"])])
        engine.wait_settled("job")
        assert sorted(results(engine)) == ["a", "b", "c"]
        shown = {show(engine, letter)["event"]["data"]: last_attempt(engine, letter) for letter in engine.letters()}
        assert set(shown) == {"slow", "exit"}
        assert shown["slow"]["cause"] == "timeout" and shown["exit"]["type"] == "exit 7"
        assert "last words" in shown["exit"]["message"]
        wait_until(lambda: "last words" in engine.log.read_text(), "the line in the log")
        line = next(line for line in engine.log.read_text().splitlines() if "last words" in line)
        assert "input/0/3" in line


def test_a_process_that_ends_between_invocations_blames_nobody(tmp_path):
    source = """
api = Api()
request, event, headers = api.next()
api.respond(request, event)
os._exit(1)
"""
    code = bootstrap(tmp_path, source)
    with Engine(tmp_path, lambda_config(code)) as engine:
        engine.produce("input", [{"key": str(n), "data": n} for n in range(12)])
        engine.wait_settled("job")
        assert sorted(results(engine)) == list(range(12))
        assert engine.letters() == []


def test_an_init_error_is_shown_and_the_events_wait(tmp_path):
    source = """
api = Api()
print(api.call("POST", "/init/error", json.dumps({"errorType": "Runtime.Import", "errorMessage": "no such thing", "stackTrace": ["here"]})), flush=True)
sys.exit(1)
"""
    code = bootstrap(tmp_path, source)
    with Engine(tmp_path, lambda_config(code)) as engine:
        engine.produce("input", [{"key": "a", "data": 1}])
        wait_until(lambda: "Runtime.Import: no such thing" in engine.run("status").stdout, "the error in the status")
        assert engine.letters() == [] and engine.lag("job") == 1


# ---- clients that break the rules

def test_status_codes_of_what_is_out_of_order(tmp_path):
    source = """
api, other = Api(), Api()
request, event, headers = api.next()
seen = [
    api.call("GET", "/invocation/next")[0],
    api.respond("11111111-1111-1111-1111-111111111111", 1)[0],
    api.call("POST", "/init/error", "{}")[0],
    api.call("GET", "/nothing")[0],
    api.call("PUT", "/invocation/next")[0],
    api.call("POST", "/2020-01-01/extension/register", "{}")[0],
]
status, headers, body = other.respond("unknown", 1)
seen += [status, json.loads(body)["errorType"]]
status, headers, body = other.respond(request, {"seen": seen})
seen += [status, json.loads(body)["status"]]
open(os.environ["SEEN"], "w").write(json.dumps(seen + [api.respond(request, 2)[0], api.fail(request)[0]]))
serve(lambda event, headers: event)
"""
    code = bootstrap(tmp_path, source)
    seen = tmp_path / "seen.json"
    with Engine(tmp_path, lambda_config(code, function=f"environment: {{ SEEN: {seen} }}")) as engine:
        engine.produce("input", [{"key": "a", "data": 1}, {"key": "b", "data": 2}])
        engine.wait_settled("job")
        assert results(engine)[1] == 2
        assert json.loads(seen.read_text()) == [403, 400, 403, 404, 404, 404, 400, "InvalidRequestID", 202, "OK", 400, 400]


def test_chunks_trailers_and_answers_that_are_too_large(tmp_path):
    source = """
import base64, socket
api = Api()

def chunks(request, parts, trailers=""):
    host, port = HOST.split(":")
    raw = socket.create_connection((host, int(port)))
    head = f"POST {BASE}/invocation/{request}/response HTTP/1.1\\r\\nhost: x\\r\\nlambda-runtime-function-response-mode: streaming\\r\\n"
    raw.sendall((head + "transfer-encoding: chunked\\r\\ncontent-type: application/json\\r\\nTrailer: Lambda-Runtime-Function-Error-Type\\r\\n\\r\\n").encode())
    for part in parts:
        raw.sendall(b"%x\\r\\n" % len(part) + part + b"\\r\\n")
    raw.sendall(b"0\\r\\n" + trailers.encode() + b"\\r\\n")
    return int(raw.recv(4096).split()[1])

while True:
    request, event, headers = api.next()
    if event == "stream":
        status = chunks(request, [b'{"a":', b"1}"])
    elif event == "break":
        body = base64.b64encode(json.dumps({"errorType": "Half", "errorMessage": "x" * 30000}).encode()).decode()
        status = chunks(request, [b'{"a":'], f"Lambda-Runtime-Function-Error-Type: Half\\r\\nLambda-Runtime-Function-Error-Body: {body}\\r\\n")
    elif event == "large":
        status = api.respond(request, b'"' + b"x" * 6300000 + b'"')[0]
        assert status == 413, status
        os._exit(3)
    elif event == "cause":
        status = api.call("POST", f"/invocation/{request}/error", json.dumps({"errorType": "C"}),
                          {"Lambda-Runtime-Function-XRay-Error-Cause": "\\u00fc" * 400000})[0]
    else:
        status = api.respond(request, b'"' + b"x" * 6000000 + b'"')[0]
    print("status", event, status, flush=True)
"""
    code = bootstrap(tmp_path, source)
    with Engine(tmp_path, lambda_config(code)) as engine:
        words = ["stream", "break", "large", "cause", "fits"]
        engine.produce("input", [{"key": word, "data": word} for word in words])
        engine.wait_settled("job")
        made = results(engine)
        assert {"a": 1} in made and "x" * 6000000 in made and len(made) == 2
        shown = {show(engine, letter)["event"]["data"]: last_attempt(engine, letter) for letter in engine.letters()}
        assert {word: attempt["type"] for word, attempt in shown.items()} == {
            "break": "Half", "large": "Function.ResponseSizeTooLarge", "cause": "C"}
        assert "status stream 202" in engine.log.read_text() and "status break 202" in engine.log.read_text()


def test_a_poll_that_was_given_up_takes_no_event(tmp_path):
    source = """
for _ in range(3):
    given_up = Api()
    given_up.connection.timeout = 0.1
    try:
        given_up.next()
        os._exit(9)
    except TimeoutError:
        given_up.connection.close()
open(os.environ["READY"], "w").close()
serve(lambda event, headers: event)
"""
    code = bootstrap(tmp_path, source)
    ready = tmp_path / "ready"
    with Engine(tmp_path, lambda_config(code, function=f"environment: {{ READY: {ready} }}\n    scale: {{ min: 1 }}\n    timeout: 20s")) as engine:
        wait_until(ready.exists, "three polls are given up")
        engine.produce("input", [{"key": "a", "data": 1}])
        wait_until(lambda: engine.lag("job") == 0, "the event is done, by the poll that is left", 10)
        assert results(engine) == [1] and engine.letters() == []


def test_nobody_else_reaches_a_workers_port(tmp_path):
    code = bootstrap(tmp_path, "serve(lambda event, headers: HOST)")
    with Engine(tmp_path, lambda_config(code)) as engine:
        engine.produce("input", [{"key": "a", "data": 1}])
        engine.wait_settled("job")
        host, port = results(engine)[0].split(":")
        with socket.create_connection((host, int(port)), timeout=10) as outsider:
            try:
                outsider.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
                assert outsider.recv(1000) == b""
            except ConnectionError:
                pass
        engine.produce("input", [{"key": "a", "data": 2}])
        engine.wait_settled("job")
        assert len(results(engine)) == 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_bootstrap_in_shell(tmp_path):
    code = tmp_path / "code"
    code.mkdir()
    program = code / "bootstrap"
    # As in AWS's tutorial.
    program.write_text("""#!/bin/sh
set -eu
while true; do
  HEADERS="$(mktemp)"
  EVENT_DATA=$(curl -sS -LD "$HEADERS" "http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/next")
  REQUEST_ID=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
  RESPONSE="Echoing request: '$EVENT_DATA'"
  curl -sS "http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/$REQUEST_ID/response" -d "$RESPONSE" >/dev/null
done
""")
    program.chmod(0o755)
    with Engine(tmp_path, lambda_config(code)) as engine:
        engine.produce("input", [{"key": "a", "data": {"n": n}} for n in range(5)])
        engine.wait_settled("job")
        made = engine.consume("output")
        assert [event["data"] for event in made] == [f"Echoing request: '{{\"n\": {n}}}'" for n in range(5)]


def test_a_drain_lets_the_invocation_end(tmp_path):
    started = tmp_path / "started"
    code = bootstrap(tmp_path, """
def handle(event, headers):
    open(os.environ["STARTED"], "w").close()
    time.sleep(1)
    return event
serve(handle)
""")
    engine = Engine(tmp_path, lambda_config(code, function=f"environment: {{ STARTED: {started} }}"))
    with engine:
        engine.produce("input", [{"key": "a", "data": 1}])
        wait_until(started.exists, "the handler has begun")
        assert engine.stop() == 0
        started.unlink()
        engine.start()
        engine.wait_settled("job")
        assert results(engine) == [1] and not started.exists()


def test_strangers_at_a_workers_port_cost_others_no_time(tmp_path):
    """They are sent away; a look at all connections of the machine for each of them would stop the engine."""
    code = bootstrap(tmp_path, "serve(lambda event, headers: os.environ['AWS_LAMBDA_RUNTIME_API'])")
    with Engine(tmp_path, lambda_config(code)) as engine:
        engine.produce("input", [{"key": "k", "data": {}}])
        engine.wait_settled("job")
        host, port = results(engine)[0].split(":")
        ends = threading.Event()
        met = [0]

        def knock():
            while not ends.is_set():
                socket.create_connection((host, int(port))).close()
                met[0] += 1

        stranger = threading.Thread(target=knock)
        stranger.start()
        try:
            wait_until(lambda: met[0] > 2000, "there are many of them", 60)
            engine.produce("input", [{"key": "k", "data": {}}] * 60)
            engine.wait_settled("job", 10)
        finally:
            ends.set()
            stranger.join()
        assert len(results(engine)) == 61 and engine.letters() == []
