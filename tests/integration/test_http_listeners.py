# SPDX-License-Identifier: Apache-2.0
"""HTTP listeners: hostile and unusual clients, and reloads of listeners and routes."""

import json
import re
import socket
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

from engine import Engine, wait_until
from http_api import FUNCTION, Api


# ---- the listener


def test_requests_that_nobody_serves(tmp_path):
    with Api(tmp_path) as api:
        assert api.ask("GET", "/nothing")[0] == 404
        status, headers, _ = api.ask("GET", "/in")
        assert status == 405 and headers["allow"] == "OPTIONS, POST"
        status, headers, _ = api.ask("OPTIONS", "/in")
        assert status == 204 and headers["allow"] == "OPTIONS, POST"
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{api.port}/nothing")


@pytest.mark.parametrize("target", ["/a/../in", "/%2e%2e/in", "/a/./b", "/a%00b", "/%zz", "/%", "*", "in", "//%2e", "/a%2F..%2Fb", "/..%2fb", "/a%2f."])
def test_hostile_targets(tmp_path, target):
    with Api(tmp_path, FUNCTION) as api:
        answer = api.raw(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 400 "), answer


def test_hostile_clients(tmp_path):
    with Api(tmp_path, FUNCTION, listener=", header_time: 500ms, body_time: 500ms, connections: 20") as api:
        head = b"POST /in HTTP/1.1\r\nHost: x\r\n"
        assert api.raw(b"GET /a HTTP/1.1\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431 ")
        assert api.raw(b"GET /" + b"y" * 20_000 + b" HTTP/1.1\r\n\r\n").startswith((b"HTTP/1.1 414 ", b"HTTP/1.1 431 "))
        assert api.raw(head + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        assert api.raw(head + b"Content-Length: 99999999999\r\n\r\n").startswith(b"HTTP/1.1 413 ")
        assert api.raw(head + b"Content-Length: 10\r\n\r\nabc") == b"", "a body that does not come: the connection ends"
        assert api.raw(b"GET /a HT") == b"", "a header that does not come"
        api.raw(head + b"Content-Length: 10\r\n\r\nabc", read=False)
        idle = [socket.create_connection(api.address) for _ in range(40)]
        assert api.ask("GET", "/a")[0] == 200
        for connection in idle:
            connection.close()
        assert api.engine.consume("in") == []
        wait_until(lambda: api.route("in")["under_way"] == 0, "requests that never came whole are forgotten")


def test_pipelined_requests_are_answered_in_order(tmp_path):
    with Api(tmp_path, FUNCTION) as api:
        one = b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1"
        two = b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET /nothing/../x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = api.raw(one + two + one + last)
        assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"202", b"418", b"202", b"400"], answer


def test_curl(tmp_path):
    with Api(tmp_path) as api:
        line = next(json.loads(line) for line in api.engine.log.read_text().splitlines() if '"name":"in"' in line)["try"]
        done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["ids"]
        done = subprocess.run(["curl", "-sS", "-H", "Expect: 100-continue", "-T", "-", "-X", "POST", f"http://127.0.0.1:{api.port}/in"],
                              input="chunked" * 1000, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["ids"]
        assert {"chunked" * 1000} < {event["data"] if isinstance(event["data"], str) else "" for event in api.engine.consume("in")}


def test_an_address_in_use(tmp_path):
    with Api(tmp_path) as api:
        other = Engine(tmp_path / "other", f"version: 1\nlisteners: {{ web: {{ address: \"127.0.0.1:{api.port}\" }} }}\n")
        other.start(wait=False)
        assert other.process.wait(60) != 0
        assert "E5005" in other.log.read_text()


# ---- reload


def test_routes_and_listeners_come_and_go(tmp_path):
    with Api(tmp_path, FUNCTION) as api:
        assert api.ask("GET", "/a")[0] == 200
        text = api.engine.config.read_text()
        api.engine.config.write_text(text.replace('f: { path: "/{rest+}", function: f, timeout: 20s }', 'x: { method: POST, path: /x, to: in }'))
        api.engine.run("reload")
        assert api.ask("GET", "/a")[0] == 404 and api.post("/x", b"x")[0] == 202
        assert [f["name"] for f in api.engine.status()["functions"]] == ["f"], "still there for pelton invoke"
        api.engine.config.write_text(text.replace("listeners: {", 'listeners: { more: { address: "127.0.0.1:0" },').replace(
            "path: /in,", "path: /in, on: more,").replace('"/in/{id}",', '"/in/{id}", on: web,').replace('"/{rest+}",', '"/{rest+}", on: web,'))
        api.engine.run("reload")
        assert api.ask("GET", "/a")[0] == 200
        more = next(l["address"] for l in api.engine.status()["listeners"] if l["name"] == "more")
        assert urllib.request.urlopen(f"http://{more}/in", b"x").status == 202
        assert api.route("keyed")["listener"] == "web"
        api.engine.config.write_text(text)
        api.engine.run("reload")
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(f"http://{more}/in", b"x", timeout=5)
        assert api.ask("GET", "/a")[0] == 200


def test_requests_wait_while_their_function_is_replaced(tmp_path):
    with Api(tmp_path, FUNCTION) as api:
        answers = []
        done = threading.Event()

        def client():
            while not done.is_set():
                answers.append(api.ask("GET", "/a")[0])

        threads = [threading.Thread(target=client) for _ in range(4)]
        for thread in threads:
            thread.start()
        for n in range(3):
            wait_until(lambda: len(answers) > 20 * (n + 1), "requests are answered")
            api.engine.config.write_text(api.engine.config.read_text().replace("timeout: 20s,", f"timeout: 2{n}s,") .replace(
                "timeout: 20s }", f"timeout: 2{n + 1}s }}"))
            api.engine.run("reload")
        done.set()
        for thread in threads:
            thread.join()
        assert set(answers) == {200}
