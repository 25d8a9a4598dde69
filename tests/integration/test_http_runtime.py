# SPDX-License-Identifier: Apache-2.0
"""The runtime `http`: functions that serve HTTP, well or badly."""

import json
import pathlib
import shutil
import socket
import threading

import pytest

from engine import PYTHON, Engine, wait_until

HERE = pathlib.Path(__file__).parent


def server(folder, source):
    """A server in Python of the tests' kind."""
    code = folder / "code"
    code.mkdir()
    shutil.copy(HERE / "http_server.py", code)
    (code / "server.py").write_text("import os, sys, time, json, threading\nfrom http_server import reply, serve\n" + source
                                    + "\nif __name__ == '__main__': serve(handle)\n")
    return code


def config(code, function="", binding="", more="", to="to: output", command=f"[{PYTHON}, server.py]", partitions=1):
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 20s }}
streams:
  input: {{ partitions: {partitions} }}
  output: {{}}
functions:
  work:
    runtime: http
    code: {code}
    command: {command}
    {function}
bindings:
  job:
    from: input
    function: work
    {to}
    retry: {{ attempts: 2, backoff: {{ first: 10ms, max: 50ms }} }}
    {binding}
{more}
"""


def show(engine, letter):
    return json.loads(engine.run("dead-letters", "show", letter["id"], "-o", "json").stdout)


def settle(engine, events, binding="job"):
    engine.produce("input", events)
    engine.wait_settled(binding)


def last_attempts(engine):
    """Of each dead letter: the data of its event -> its attempts."""
    return {one["event"]["data"]: one["history"] for one in map(lambda letter: show(engine, letter), engine.letters())}


ROUTES = """listeners:
  web: { address: "127.0.0.1:0" }
routes:
  web: { path: "/{rest+}", function: work, timeout: 5s }
"""


ECHO = """
def handle(method, path, headers, body):
    return reply(200, {"method": method, "path": path, "headers": {k.lower(): v for k, v in headers.items()}, "body": body.decode()})
"""


def test_binary_cloud_events(tmp_path):
    with Engine(tmp_path, config(server(tmp_path, ECHO))) as engine:
        settle(engine, [{"id": "e1", "key": "k", "type": "order.placed", "source": "/shop", "subject": "größe \"1\"", "time": "2026-01-02T03:04:05Z",
                         "data": {"n": 1}, "headers": {"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01", "tenant": "a b", "X-Other": "ü"}},
                        {"data": None}])
        first, second = (one["data"] for one in engine.consume("output"))
        assert (first["method"], first["path"], json.loads(first["body"])) == ("POST", "/", {"n": 1})
        headers = first["headers"]
        assert headers["ce-specversion"] == "1.0" and headers["ce-id"] == "e1" and headers["ce-type"] == "order.placed"
        assert headers["ce-source"] == "/shop" and headers["ce-time"] == "2026-01-02T03:04:05Z"
        assert headers["ce-subject"] == "gr%C3%B6%C3%9Fe%20%221%22"
        assert headers["ce-partitionkey"] == "k" and headers["ce-tenant"] == "a%20b" and headers["pelton-header-x-other"] == "%C3%BC"
        assert headers["traceparent"] == headers["ce-traceparent"] == "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
        assert headers["content-type"] == "application/json" and "ce-datacontenttype" not in headers
        assert headers["pelton-attempt"] == "1" and headers["pelton-stream"] == "input" and headers["pelton-offset"] == "0"
        assert headers["pelton-idempotency-key"].startswith("job/input/") and int(headers["pelton-deadline"]) > 1_700_000_000_000
        assert second["headers"]["ce-id"] == "input/0/1" and second["body"] == ""


def test_outputs(tmp_path):
    source = """
def handle(method, path, headers, body):
    n = json.loads(body)["n"]
    if n == 0: return reply(204)
    if n == 1: return reply(200, b"text", content_type="text/plain")
    if n == 2: return reply(200, b"\\x00\\xff", ce_specversion="1.0", ce_id="o2", ce_source="/s", ce_type="t", ce_subject="a%20b",
                            ce_partitionkey="other", ce_extra="x", content_type="application/octet-stream")
    if n == 3: return reply(200, json.dumps({"specversion": "1.0", "id": "o3", "source": "/s", "type": "t", "data": {"big": 12345678901234567890}}).encode(),
                            content_type="application/cloudevents+json; charset=utf-8")
    if n == 4: return reply(202)
    if n == 5: return reply(200, b"{}", ce_specversion="1.0", ce_id="x")
    return reply(200, b"[", content_type="application/cloudevents+json")
"""
    with Engine(tmp_path, config(server(tmp_path, source))) as engine:
        settle(engine, [{"key": f"k{n}", "data": {"n": n}} for n in range(7)])
        text, binary, structured = sorted(engine.consume("output"), key=lambda one: one["id"])
        if binary["id"] != "o2":
            text, binary, structured = structured, text, binary
        assert text["data"] == "text" and text["key"] == "k1" and text["content_type"] == "text/plain"
        assert binary["data_base64"] == "AP8=" and binary["subject"] == "a b" and binary["key"] == "other" and ["extra", "x"] in binary["headers"]
        assert structured["data"] == {"big": 12345678901234567890} and structured["key"] == "k3" and structured["id"] == "o3"
        histories = [show(engine, letter)["history"] for letter in engine.letters()]
        assert [[one["type"] for one in history] for history in histories] == [["MalformedAnswer"] * 2] * 2


def test_only_cloud_events_are_outputs(tmp_path):
    source = """
def handle(method, path, headers, body):
    return reply(200, b"OK") if body == b"1" else reply(200, b"yes", ce_specversion="1.0", ce_id="1", ce_source="s", ce_type="t", content_type="text/plain")
"""
    with Engine(tmp_path, config(server(tmp_path, source), function="outputs: cloudevents")) as engine:
        settle(engine, [{"data": 1}, {"data": 2}])
        assert [one["data"] for one in engine.consume("output")] == ["yes"]


def test_structured_and_raw(tmp_path):
    streams = """
  raw:
    runtime: http
    code: CODE
    command: [PYTHON, server.py]
    event: raw
    path: "/f/{function}/{binding}/{stream}?x=1"
"""
    code = server(tmp_path, ECHO)
    text = config(code, function="event: cloudevents/structured" + streams.replace("CODE", str(code)).replace("PYTHON", PYTHON))
    text += "  second: { from: input, function: raw, to: output }\n"
    with Engine(tmp_path, text) as engine:
        engine.produce("input", [{"id": "e", "key": "k", "type": "t", "data": {"n": 1}, "headers": {"tenant": "a"}}])
        engine.wait_settled("job")
        engine.wait_settled("second")
        structured, raw = sorted((one["data"] for one in engine.consume("output")), key=lambda one: "pelton-header-tenant" in one["headers"])
        assert structured["headers"]["content-type"].startswith("application/cloudevents+json")
        event = json.loads(structured["body"])
        assert event["data"] == {"n": 1} and event["id"] == "e" and event["partitionkey"] == "k" and event["tenant"] == "a"
        assert raw["path"] == "/f/raw/second/input?x=1" and json.loads(raw["body"]) == {"n": 1}
        assert raw["headers"]["pelton-header-tenant"] == "a" and raw["headers"]["pelton-key"] == "k" and raw["headers"]["pelton-type"] == "t"
        assert not any(name.startswith("ce-") for name in raw["headers"])


def test_status_classes(tmp_path):
    source = """
def handle(method, path, headers, body):
    status = int(body)
    return reply(status, b"because", **({"location": "/elsewhere"} if status == 302 else {}))
"""
    statuses = [302, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503, 504]
    with Engine(tmp_path, config(server(tmp_path, source))) as engine:
        settle(engine, [{"data": status} for status in statuses])
        tried = {status: len(history) for status, history in last_attempts(engine).items()}
        assert tried == {status: 2 if status in (404, 408, 409, 429) or status >= 500 else 1 for status in statuses}
        history = last_attempts(engine)
        assert history[500][-1]["type"] == "HTTP 500" and history[500][-1]["message"] == "because"
        assert history[302][-1]["message"] == "redirected to /elsewhere"


def test_retry_after(tmp_path):
    source = """
import email.utils
seen = {}
def handle(method, path, headers, body):
    before = seen.setdefault(body, time.time())
    if time.time() == before or headers["pelton-attempt"] == "1":
        later = "1" if body == b"1" else email.utils.formatdate(time.time() + 2, usegmt=True)
        return reply(429 if body == b"1" else 503, b"", retry_after=later)
    return reply(200, {"n": int(body), "after": time.time() - before})
"""
    with Engine(tmp_path, config(server(tmp_path, source))) as engine:
        settle(engine, [{"data": 1}, {"data": 2}])
        after = {one["data"]["n"]: one["data"]["after"] for one in engine.consume("output")}
        assert 0.9 <= after[1] and 0.9 <= after[2], after


def test_bad_answers(tmp_path):
    source = """
def handle(method, path, headers, body):
    what = body.decode()
    if what == "closed": return None
    if what == "cut": return b"HTTP/1.1 200 OK\\r\\nContent-Length: 10\\r\\n\\r\\nhalf"
    if what == "garbage": return b"220 mail.example ESMTP\\r\\n\\r\\n"
    if what == "body": return b"HTTP/1.1 200 OK\\r\\nContent-Length: 999999999\\r\\n\\r\\n"
    if what == "head": return b"HTTP/1.1 200 OK\\r\\n" + b"X: " + b"y" * 100000 + b"\\r\\n\\r\\n"
    if what == "both": return b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nhello"
    if what == "switch": return b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: x\\r\\n\\r\\n"
    if what == "interim": return b"HTTP/1.1 100 Continue\\r\\n\\r\\n" * 100
    if what == "continue": return b"HTTP/1.1 100 Continue\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"
    return b"HTTP/1.0 200 OK\\r\\n\\r\\nuntil the end"
"""
    bad = {"closed": "ConnectionClosed", "cut": "AnswerCutOff", "garbage": "MalformedAnswer", "body": "AnswerTooLarge", "head": "AnswerTooLarge",
           "both": "MalformedAnswer", "interim": "MalformedAnswer", "switch": "MalformedAnswer"}
    with Engine(tmp_path, config(server(tmp_path, source), function="concurrency: 4")) as engine:
        settle(engine, [{"data": what} for what in [*bad, "continue", "old"]])
        assert {what: [one["type"] for one in history] for what, history in last_attempts(engine).items()} == {what: [kind] * 2 for what, kind in bad.items()}
        assert sorted(one["data"] for one in engine.consume("output")) == ["ok", "until the end"]
        assert engine.status()["functions"][0]["workers"][0]["events"] >= 16, "one worker did all"


def test_time_out_and_crash(tmp_path):
    source = """
def handle(method, path, headers, body):
    what = body.decode()
    if what == "hang": time.sleep(1000)
    if what == "crash": os._exit(3)
    return reply(200, {"what": what})
"""
    with Engine(tmp_path, config(server(tmp_path, source), function="timeout: 500ms")) as engine:
        settle(engine, [{"data": "a"}, {"data": "hang"}, {"data": "b"}, {"data": "crash"}, {"data": "c"}])
        assert sorted(one["data"]["what"] for one in engine.consume("output")) == ["a", "b", "c"]
        history = last_attempts(engine)
        assert [one["cause"] for one in history["hang"]] == ["timeout"] * 2 and [one["cause"] for one in history["crash"]] == ["crash"] * 2
        assert history["crash"][-1]["type"] == "exit 3"
        assert {one["reason"] for one in engine.letters()} == {"attempts", "worker_killer"}


def test_concurrency_and_key_order(tmp_path):
    source = """
lock = threading.Lock()
now = most = 0
def handle(method, path, headers, body):
    global now, most
    with lock:
        now += 1
        most = max(most, now)
    time.sleep(0.005)
    with lock: now -= 1
    return reply(200, {"n": int(body), "most": most, "at": time.monotonic()})
"""
    with Engine(tmp_path, config(server(tmp_path, source), function="concurrency: 8")) as engine:
        settle(engine, [{"key": str(n % 20), "data": n} for n in range(400)])
        out = [one["data"] for one in engine.consume("output")]
        assert sorted(one["n"] for one in out) == list(range(400))
        assert max(one["most"] for one in out) == 8
        times = {one["n"]: one["at"] for one in out}
        assert all(times[n] < times[n + 20] for n in range(380)), "the order of a key"


def test_poison_among_many_at_once(tmp_path):
    """The event that ends the worker is found out, and no other is blamed."""
    source = """
def handle(method, path, headers, body):
    if int(body) == 77:
        os._exit(9)
    time.sleep(0.02)
    return reply(200, {"n": int(body)})
"""
    with Engine(tmp_path, config(server(tmp_path, source), function="concurrency: 16", binding="order: none")) as engine:
        settle(engine, [{"data": n} for n in range(200)])
        assert sorted(one["data"]["n"] for one in engine.consume("output")) == [n for n in range(200) if n != 77]
        [letter] = engine.letters()
        assert letter["reason"] == "worker_killer" and list(last_attempts(engine)) == [77]


def test_slow_start_and_ready_path(tmp_path):
    source = """
time.sleep(0.5)
begun = time.monotonic()
asked = 0
def handle(method, path, headers, body):
    global asked
    if path == "/healthz":
        asked += 1
        return reply(200 if time.monotonic() > begun + 0.5 else 503)
    return reply(200, {"asked": asked, "after": time.monotonic() - begun})
"""
    with Engine(tmp_path, config(server(tmp_path, source), function="ready: { path: /healthz }")) as engine:
        settle(engine, [{"data": 1}])
        [out] = [one["data"] for one in engine.consume("output")]
        assert out["after"] > 0.5 and out["asked"] > 1


def test_never_ready(tmp_path):
    source = """
def handle(method, path, headers, body): return reply(500)
print("listening, somehow", file=sys.stderr)
"""
    with Engine(tmp_path, config(server(tmp_path, source), function="ready: { path: / }\n    start_timeout: 300ms")) as engine:
        engine.produce("input", [{"data": 1}])
        error = wait_until(lambda: engine.status()["functions"][0].get("start_error"), "the start fails")
        assert "not ready after 300ms" in json.dumps(error) and "listening, somehow" in json.dumps(error)
        assert engine.letters() == []


def test_port_is_taken(tmp_path):
    """By another process, in the moment between its choice and the start of the worker."""
    source = """
mark = os.path.join(os.path.dirname(__file__), "taken")
if not os.path.exists(mark):
    # In a session of its own and with no parent of ours: a stranger, as the first worker sees it.
    open(mark, "w").write(os.environ["PORT"])
    while True: time.sleep(1)
def handle(method, path, headers, body): return reply(200, {"port": int(os.environ["PORT"])})
"""
    code = server(tmp_path, source)
    with Engine(tmp_path, config(code)) as engine:
        engine.produce("input", [{"data": 1}])
        wait_until((code / "taken").exists, "the first worker runs")
        port = int(wait_until((code / "taken").read_text, "its port"))
        heard = []
        with socket.create_server(("127.0.0.1", port)) as stranger:
            stranger.settimeout(30)

            def listen():
                while True:
                    try:
                        connection, _ = stranger.accept()
                        heard.append(connection.recv(1000))
                    except OSError:
                        return

            thread = threading.Thread(target=listen, daemon=True)
            thread.start()
            engine.wait_settled("job")
        assert [one["data"]["port"] != port for one in engine.consume("output")] == [True]
        assert not any(heard), "nothing was sent to the stranger"
        assert "has been taken by another process" in engine.log.read_text()


def test_closes_idle_connections(tmp_path):
    source = """
def handle(method, path, headers, body): return reply(200, {"n": int(body)}, connection="close")
"""
    with Engine(tmp_path, config(server(tmp_path, source))) as engine:
        settle(engine, [{"data": n} for n in range(50)])
        assert len(engine.consume("output")) == 50 and engine.letters() == []


def test_ipv6_localhost(tmp_path):
    if not pathlib.Path("/proc/net/if_inet6").read_text():
        pytest.skip("this machine has no ::1")
    source = """
import http.server, socket
http.server.ThreadingHTTPServer.address_family = socket.AF_INET6
def handle(method, path, headers, body): return reply(200, {"n": int(body)})
serve(handle, host="::1")
"""
    with Engine(tmp_path, config(server(tmp_path, source))) as engine:
        settle(engine, [{"data": 1}])
        assert len(engine.consume("output")) == 1


def test_stops_listening(tmp_path):
    """A worker that runs on without its port is replaced, and no event pays for it."""
    source = """
import http.server
def handle(method, path, headers, body):
    if int(body) == 5 and not os.path.exists("once"):
        open("once", "w").close()
        Server.one.shutdown()  # a server that still polls keeps its port open after close()
        Server.one.socket.close()
    return reply(200, {"n": int(body), "pid": os.getpid()}, connection="close")

class Server(http.server.ThreadingHTTPServer):
    def serve_forever(self):
        Server.one = self
        try:
            super().serve_forever()
        except (OSError, ValueError):
            pass
        time.sleep(1000)
http.server.ThreadingHTTPServer = Server
"""
    with Engine(tmp_path, config(server(tmp_path, source))) as engine:
        settle(engine, [{"key": "k", "data": n} for n in range(10)])
        out = [one["data"] for one in engine.consume("output")]
        assert [one["n"] for one in out] == list(range(10)) and len({one["pid"] for one in out}) == 2
        assert engine.letters() == [] and engine.binding("job")["failed_attempts"] == 0
