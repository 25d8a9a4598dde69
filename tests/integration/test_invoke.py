# SPDX-License-Identifier: Apache-2.0
"""pelton invoke, with an engine and without one; pelton event new, whose events functions take; pelton test."""

import json
import re
import subprocess

import pytest

from engine import BINARY, PYTHON, Engine
from test_json import fits
from test_lambda import bootstrap

NATIVE = """import logging, os, time
print("imported")
def handle(event, context):
    logging.getLogger().error(f"of {context.binding}")
    what = event.json() if event.data else {}
    if what.get("sleep"):
        time.sleep(what["sleep"])
    if what.get("exit"):
        os._exit(3)
    if what.get("bad"):
        raise ValueError("no")
    return {"key": event.text() and event.key and event.key.decode(), **what}
"""
LAMBDA = """
print("imported", flush=True)
def handler(event, headers):
    print("called", flush=True)
    if isinstance(event, dict) and event.get("bad"):
        raise ValueError("no")
    return {"request": headers["Lambda-Runtime-Aws-Request-Id"], "event": event}
serve(lambda event, headers: handler(event, headers))
"""


@pytest.fixture(name="config", scope="module")
def a_config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("invoke")
    (folder / "native").mkdir()
    (folder / "native/f.py").write_text(NATIVE)
    code = bootstrap(folder, LAMBDA)
    config = folder / "pelton.yaml"
    config.write_text(f"""version: 1
engine: {{ data: ./data, free_space: 1MiB }}
streams: {{ unused: {{ retention: {{ time: 1d }} }} }}
functions:
  native: {{ runtime: python, code: ./native, handler: "f:handle", interpreter: {PYTHON}, timeout: 1s, memory: 256MiB }}
  document: {{ runtime: lambda/provided, code: {code}, memory: 512MiB }}
""")
    return config


@pytest.fixture(name="how", scope="module", params=["engine", "alone"])
def where_functions_run(request, config):
    if request.param == "alone":
        yield ["--local", str(config)]
        return
    engine = Engine(config.parent, config.read_text())
    engine.start()
    Engine.started.remove(engine)  # it serves all tests of the module
    yield ["--config", str(config)]
    engine.kill()


def pelton(*words, data=None):
    return subprocess.run([BINARY, *words], input=data, capture_output=True, text=True, check=False)


def invoke(how, function, *words, data=None):
    ran = pelton("invoke", function, *words, *how, data=data)
    return ran.returncode, ran.stdout, ran.stderr


def test_a_native_function(how):
    code, out, err = invoke(how, "native", "--payload", '{"n": 1}', "--key", "k")
    assert code == 0, err
    assert json.loads(out)["data"] == {"key": "k", "n": 1}
    lines = err.splitlines()
    assert lines[-2] == "of invoke", err
    assert re.fullmatch(r"REPORT RequestId: [0-9a-f-]{36}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms"
                        r"\tMemory Size: 256 MB\tMax Memory Used: \d+ MB(\tInit Duration: [\d.]+ ms)?", lines[-1])
    event = '{"key": "k", "data": {"n": 2}}'
    assert json.loads(invoke(how, "native", "--event", "-", data=event)[1])["data"]["n"] == 2


def test_a_document(how):
    code, out, err = invoke(how, "document", "--event", "-", data='{"a": [1]}')
    assert code == 0, err
    answer = json.loads(out)
    assert answer["event"] == {"a": [1]}
    # The id is the one that the function knows.
    assert f"REPORT RequestId: {answer['request']}\t" in err and "called\n" in err


@pytest.mark.parametrize("function, payload, said, outcome", [
    ("native", '{"bad": 1}', "ValueError", "failed"),
    ("native", '{"exit": 1}', "exit 3", "failed"),
    ("native", '{"sleep": 9}', "timeout after 1s", "timeout"),
    ("document", '{"bad": 1}', "ValueError", "failed"),
])
def test_a_failure(how, function, payload, said, outcome):
    code, out, err = invoke(how, function, "--payload", payload)
    assert code == 1 and out == "" and said in err and "pelton: function" in err, err
    code, out, err = invoke(how, function, "--payload", payload, "-o", "json")
    answer = json.loads(out)
    assert code == 1 and answer["outcome"] == outcome and answer["report"]["line"].startswith("REPORT"), out


def test_what_is_not_there(config, tmp_path):
    assert invoke(["--local", str(config)], "nativ")[0] == 5
    assert 'did you mean "native"' in invoke(["--local", str(config)], "nativ")[2]
    code, _, err = invoke(["--socket", str(tmp_path / "none.sock")], "native")
    assert code == 4 and "--local CONFIG" in err
    (tmp_path / "bad.yaml").write_text("version: 2")
    assert invoke(["--local", str(tmp_path / "bad.yaml")], "native")[0] == 3
    assert not list(config.parent.glob("data/admin.sock.*"))


EVENTS = {
    "s3:put": ["--bucket", "b", "--key", "a b.jpg", "--size", "7"],
    "s3:delete": ["--key", "x"],
    "kafka": ["--topic", "t", "--key", "k", "--data", "x", "--header", "a=b", "--count", "3"],
    "sqs": ["--queue", "q", "--data", "x", "--header", "a=b"],
    "kinesis": ["--stream", "s"],
    "dynamodb": ["--table", "t", "--data", '{"id": 1}'],
    "schedule": ["--name", "n"],
    "http": ["--method", "POST", "--path", "/users/7", "--query", "a=1&a=2", "--route", "/users/{id}", "--data", "x"],
    "http:v1": ["--path", "/x"],
    "cloudevents": ["--type", "t"],
}


@pytest.mark.parametrize("kind, options", EVENTS.items())
def test_functions_take_example_events(kind, options, config):
    event = pelton("event", "new", kind, *options).stdout
    answer = json.loads(invoke(["--local", str(config)], "document", "--event", "-", data=event)[1])
    assert answer["event"] == json.loads(event)


def test_example_events_are_as_asked_for():
    def new(*words):
        ran = pelton("event", "new", *words)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)
    s3 = new("s3:put", *EVENTS["s3:put"])["Records"][0]["s3"]
    assert (s3["bucket"]["name"], s3["object"]["key"], s3["object"]["size"]) == ("b", "a+b.jpg", 7)
    records = new("kafka", *EVENTS["kafka"])["records"]["t-0"]
    assert [r["offset"] for r in records] == [0, 1, 2] and records[0]["headers"] == [{"a": [98]}]
    assert new("sqs", *EVENTS["sqs"])["Records"][0]["messageAttributes"]["a"]["stringValue"] == "b"
    assert new("dynamodb")["Records"][0]["dynamodb"]["Keys"] == {"id": {"S": "1"}}
    request = new("http", *EVENTS["http"])
    assert request["version"] == "2.0" and request["pathParameters"] == {"id": "7"} and request["body"] == "x"
    assert request["routeKey"] == "POST /users/{id}" and request["queryStringParameters"] == {"a": "1,2"}
    assert new("http:v1")["httpMethod"] == "GET"
    assert new("schedule")["detail-type"] == "Scheduled Event"
    assert new("event", "--key", "k", "--data", '{"a":1}')["data"] == {"a": 1}
    assert "\n" not in pelton("event", "new", "sqs", "--compact").stdout.strip()


CASES = """function: native
cases:
  - name: passes
    event: {{ key: k, data: {{ n: 1 }} }}
    outputs: [ {{ key: k, data: {{ key: k, n: {n} }} }} ]
  - {{ name: fails, event: {{ data: {{ bad: 1 }} }}, error: {{ type: ValueError, message: "no" }} }}
  - {{ name: takes long, event: {{ data: {{ sleep: 9 }} }}, outcome: timeout }}
  - {{ name: a document, function: document, event_file: put.json, outcome: done }}
"""


def run_cases(folder, text):
    (folder / "tests.yaml").write_text(text)
    ran = pelton("test", str(folder / "tests.yaml"))
    return ran.returncode, ran.stdout, ran.stderr


def test_cases(config):
    (config.parent / "put.json").write_text(pelton("event", "new", "s3:put").stdout)
    code, out, err = run_cases(config.parent, CASES.format(n=1))
    assert code == 0 and "4 passed, 0 failed" in out, out + err
    code, out, err = run_cases(config.parent, CASES.format(n=2))
    assert code == 1 and "outputs[0].data.n: expected 2, got 1" in out and "3 passed, 1 failed" in out, out + err
    fits("test", pelton("test", str(config.parent / "tests.yaml"), "-o", "json").stdout)


@pytest.mark.parametrize("text, code, said", [
    ("cases: [", 3, "tests.yaml:1:"),
    ("cases: []", 3, "E5063"),
    ("function: native\ncases: [ { name: a, event: {}, output: [] } ]", 3, "did you mean \"outputs\"?"),
    ("function: nativ\ncases: [ { name: a, event: {} } ]", 5, "nativ"),
    ("config: none.yaml\nfunction: native\ncases: [ { name: a, event: {} } ]", 3, "none.yaml"),
    ("function: native\ncases: [ { name: a, event: 5 } ]", 1, "case \"a\""),
])
def test_files_that_are_no_cases(config, text, code, said):
    ran = run_cases(config.parent, text)
    assert ran[0] == code and said in ran[2], ran
