# SPDX-License-Identifier: Apache-2.0
"""The runtime `http` behind routes, as a custom handler of Azure Functions, and its options."""

import concurrent.futures
import json
import subprocess

from engine import PYTHON, ROOT, Engine, wait_until
from http_api import ask, listening
from test_http_runtime import ECHO, ROUTES, config, last_attempts, server, settle


def test_route_passes_requests_on(tmp_path):
    source = """
seen = []
def handle(method, path, headers, body):
    if path.startswith("/status/"): return reply(int(path.split("/")[2]), b"says who", content_type="text/x", set_cookie=["a=1", "b=2"], x_mine="y")
    if path == "/closed": return None
    if path == "/crash": os._exit(4)
    if path == "/slow": time.sleep(100)
    seen.append(path)
    return reply(200, {"method": method, "path": path, "headers": [[k.lower(), v] for k, v in headers.items()], "body": body.decode("latin1"), "seen": len(seen)})
"""
    with Engine(tmp_path, config(server(tmp_path, source), function="timeout: 3s\n    scale: { max: 2 }", more=ROUTES)) as engine:
        address = listening(engine)
        assert engine.status()["functions"][0]["workers"] == [], "none before the first request"
        status, headers, body = ask(address, "PUT", "/a//b%20c?x=1&x=%2F&y", b"\x00\xff", {"Content-Type": "application/x", "X-Twice": "1, 2", "Host": "example.org", "Cookie": "c=d"})
        got = json.loads(body)
        fields = {name: value for name, value in got["headers"]}
        assert status == 200 and headers["Content-Type"] == "application/json"
        assert (got["method"], got["path"], got["body"]) == ("PUT", "/a//b%20c?x=1&x=%2F&y", "\x00\xff")
        assert fields["host"] == "example.org" and fields["cookie"] == "c=d" and fields["content-type"] == "application/x" and fields["content-length"] == "2"
        assert fields["x-forwarded-for"] == "127.0.0.1" and fields["x-twice"] == "1, 2" and not any(name.startswith(("ce-", "pelton-")) for name in fields)
        for code in (201, 204, 301, 404, 429, 500, 503):
            status, headers, body = ask(address, "GET", f"/status/{code}")
            assert status == code and headers["X-Mine"] == "y" and headers.get_all("Set-Cookie") == ["a=1", "b=2"]
            assert body == (b"" if code == 204 else b"says who") and (code == 204 or headers["Content-Type"] == "text/x")
        status, headers, body = ask(address, "HEAD", "/x")
        assert status == 200 and body == b""
        assert ask(address, "DELETE", "/x")[0] == 200
        assert ask(address, "POST", "/closed")[0] == 502
        assert ask(address, "GET", "/crash")[0] == 502
        assert ask(address, "GET", "/slow")[0] == 504
        assert json.loads(ask(address, "GET", "/x")[2])["seen"] == 1, "a new worker"


def test_route_and_events_beside_each_other(tmp_path):
    source = """
def handle(method, path, headers, body):
    time.sleep(0.01)
    return reply(200, {"event": "ce-id" in headers, "body": body.decode()})
"""
    with Engine(tmp_path, config(server(tmp_path, source), function="concurrency: 4", more=ROUTES)) as engine:
        address = listening(engine)
        engine.produce("input", [{"data": n} for n in range(100)])
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: json.loads(ask(address, "POST", "/x", str(n))[2]), range(100)))
        assert answers == [{"event": False, "body": str(n)} for n in range(100)]
        engine.wait_settled("job")
        assert sorted(int(one["data"]["body"]) for one in engine.consume("output")) == list(range(100))


def test_call_that_had_begun_is_not_repeated(tmp_path):
    """Of several at once, when one of them ends the worker: a client decides itself."""
    source = """
def handle(method, path, headers, body):
    with open("calls", "a") as calls: calls.write(path + "\\n")
    if path == "/crash":
        while open("calls").read().count("/wait") < 3: time.sleep(0.01)
        os._exit(1)
    time.sleep(100)
"""
    code = server(tmp_path, source)
    with Engine(tmp_path, config(code, function="concurrency: 4", more=ROUTES)) as engine:
        address = listening(engine)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            waits = [pool.submit(ask, address, "POST", "/wait") for _ in range(3)]
            wait_until(lambda: (code / "calls").exists() and (code / "calls").read_text().count("/wait") == 3, "they have begun")
            assert ask(address, "POST", "/crash")[0] == 502
            assert [one.result()[0] for one in waits] == [502] * 3
        assert (code / "calls").read_text().count("/wait") == 3


def test_bad_requests_of_operators(tmp_path):
    """What pretends to be a client's request, and cannot be one, is refused before anything is sent."""
    with Engine(tmp_path, config(server(tmp_path, ECHO))) as engine:
        settle(engine, [{"data": "a", "headers": {":method": "GET", ":path": "/ok", "x": "1"}},
                        {"data": "b", "headers": {":method": "GET", ":path": "/x HTTP/1.1\r\nEvil: 1"}},
                        {"data": "c", "headers": {":method": "GET", ":path": "/x", "evil": "1\r\n\r\nGET / HTTP/1.1"}},
                        {"data": "d", "headers": {":method": "G T", ":path": "/x"}}])
        [out] = engine.consume("output")
        assert out["data"]["path"] == "/ok" and [":status", "200"] in out["headers"]
        assert {data: [one["type"] for one in history] for data, history in last_attempts(engine).items()} == {data: ["InvalidRequest"] for data in "bcd"}


# ---- Azure

def test_azure_custom_handler(tmp_path):
    """As the documentation of custom handlers has it."""
    source = """
def handle(method, path, headers, body):
    request = json.loads(body)
    item = request["Data"]["myQueueItem"]
    if item == "fail": return reply(500, b"broken")
    if item == "none": return reply(200, {"Outputs": None, "Logs": None, "ReturnValue": None})
    if item == "text": return reply(200, b"it is done", content_type="text/plain")
    if item == "empty": return reply(200)
    assert path == "/work" and headers["content-type"] == "application/json"
    return reply(200, {"Outputs": {"queue": {"order": json.loads(item)["n"]}, "table": "row"}, "Logs": ["one line", "another"],
                       "ReturnValue": {"metadata": request["Metadata"]}})
serve(handle, port=int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"]))
"""
    with Engine(tmp_path, config(server(tmp_path, source), function="event: azure\n    trigger: myQueueItem")) as engine:
        settle(engine, [{"id": "i", "key": "k", "data": {"n": 7}, "headers": {"h": "v"}}, {"data": "none"}, {"data": "empty"}, {"data": "fail"}, {"data": "text"}])
        out = {dict(map(tuple, one["headers"])).get("azure-output") if one.get("headers") else None: one["data"] for one in engine.consume("output")}
        assert out["queue"] == {"order": 7} and out["table"] == "row"
        metadata = out[None]["metadata"]
        assert metadata["Id"] == "i" and metadata["Key"] == "k" and metadata["DequeueCount"] == 1 and metadata["sys"]["MethodName"] == "work"
        assert metadata["Headers"]["h"] == "v" and metadata["Topic"] == "input" and metadata["Offset"] == 0
        kinds = {data: history[-1]["type"] for data, history in last_attempts(engine).items()}
        assert kinds == {"fail": "HTTP 500", "text": "MalformedAnswer"}
        lines = engine.run("logs", "work").stdout
        assert "one line" in lines and "another" in lines


def test_options(tmp_path):
    code = server(tmp_path, ECHO)
    (code / "tool").write_text("#!/bin/sh\nexec true\n")

    def refused(**changes):
        engine = Engine(tmp_path / "x", config(code, **changes))
        done = subprocess.run([engine.binary, "validate", str(engine.config)], capture_output=True, text=True, check=False)
        return done.stderr + done.stdout

    assert "is not there or not executable; a program and its arguments are a list" in refused(command='"node server.js"')
    assert "tool is not there or not executable" in refused(command="[./tool]")
    assert "path: " in refused(function="path: events")
    assert "ready.path: " in refused(function='ready: { path: "/a b" }')
    assert "concurrency" in refused(function="concurrency: 0")
    assert "E1031" in refused(function="handler: x")


def test_the_example(tmp_path):
    text = (ROOT / "configs/http_function.yaml").read_text().replace("../functions", str(ROOT / "functions")).replace("127.0.0.1:8080", "127.0.0.1:0")
    with Engine(tmp_path, text.replace("python3", PYTHON)) as engine:
        engine.produce("visits", [{"key": page, "data": {"page": page}} for page in ("/a", "/b", "/a")] + [{"data": {}}])
        engine.wait_settled("count")
        assert sorted((one["key"], one["data"]["hits"]) for one in engine.consume("hits")) == [("/a", 1), ("/a", 2), ("/b", 1)]
        assert json.loads(ask(listening(engine), "GET", "/hits")[2]) == {"/a": 2, "/b": 1}
        assert len(engine.letters()) == 1
