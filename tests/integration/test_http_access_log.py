# SPDX-License-Identifier: Apache-2.0
"""The access log of a listener, and for whom trusted proxies have sent a request."""

import json
import os
import re
import socket
import struct
import subprocess

import pytest

from engine import BINARY, wait_until
from http_api import Api

ROUTES = 'g: { path: "/g/{rest+}", function: f, event: apigateway/v2 }\n  kept: { method: POST, path: /kept, to: in, headers: ["*"] }'


def lines(folder, name="access.log"):
    file = folder / name
    return file.read_text().splitlines() if file.exists() else []


def logged(folder, count):
    wait_until(lambda: len(lines(folder)) >= count, f"{count} lines")
    return [json.loads(line) for line in lines(folder)]


def test_every_request_is_a_line(tmp_path):
    with Api(tmp_path, ROUTES, listener=", header_time: 1s, access_log: access.log") as api:
        assert api.ask("POST", "/in?secret=1", b"x", {"User-Agent": "me\t1", "Referer": "http://a"})[0] == 202
        assert api.ask("GET", "/nothing")[0] == 404
        assert api.raw(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        pipelined = api.raw(b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1" * 2 + b"HEAD /no HTTP/1.0\r\n\r\n")
        assert len(re.findall(rb"HTTP/1\.\d ", pipelined)) == 3
        with socket.create_connection(api.address) as left:
            left.sendall(b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            left.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with socket.create_connection(api.address) as silent:
            assert silent.recv(1) == b"", "an idle connection ends"
        first, missing, odd, *more, head, gone = logged(tmp_path, 7)
        assert len(lines(tmp_path)) == 7, "a connection without a request is none"
        assert first["method"] == "POST" and first["target"] == "/in?secret=1" and first["status"] == 202 and first["client"] == "127.0.0.1"
        assert first["user_agent"] == "me\t1" and first["referer"] == "http://a" and first["bytes"] == len('{"ids":["12345678-1234-1234-1234-123456789012"]}\n')
        assert not first["https"] and 0 < first["seconds"] < 60 and "proxy" not in first
        assert missing["status"] == 404 and odd["status"] == 400 and "method" not in odd
        assert [line["status"] for line in more] == [202, 202]
        assert head["method"] == "HEAD" and head["bytes"] == 0
        assert gone["status"] == 499 and gone["bytes"] == 0


def test_the_log_follows_logrotate_and_a_reload(tmp_path):
    with Api(tmp_path, ROUTES, listener=", access_log: { file: access.log, format: combined }") as api:
        assert api.post("/in", b"1")[0] == 202
        wait_until(lambda: lines(tmp_path), "it is there")
        os.rename(tmp_path / "access.log", tmp_path / "access.log.1")

        def anew():
            api.post("/in", b"2")
            return lines(tmp_path)

        wait_until(anew, "it is made anew")
        assert re.fullmatch(r'127\.0\.0\.1 - - \[../.../....:..:..:.. \+0000\] "POST /in HTTP/1\.1" 202 \d+ "-" "-"', lines(tmp_path)[-1])
        api.engine.config.write_text(api.engine.config.read_text().replace("access.log", "other.log"))
        api.engine.run("reload")
        api.find()
        assert api.post("/in", b"3")[0] == 202
        wait_until(lambda: lines(tmp_path, "other.log"), "the other one")
        (tmp_path / "folder").mkdir()
        api.engine.config.write_text(api.engine.config.read_text().replace("other.log", "folder"))
        assert "E5032" in api.engine.run("reload", check=False).stderr
        assert api.post("/in", b"4")[0] == 202, "a reload that fails changes nothing"


def test_the_log_on_standard_error(tmp_path):
    with Api(tmp_path, ROUTES, listener=", access_log: { file: /dev/stderr, format: common }") as api:
        assert api.post("/in", b"1")[0] == 202
        wait_until(lambda: '"POST /in HTTP/1.1" 202' in api.engine.log.read_text(), "it is there")


FORGED = {"X-Forwarded-For": "6.6.6.6, 203.0.113.5", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example.com", "Forwarded": "for=6.6.6.6"}


@pytest.mark.parametrize("options,client,proto,host", [
    ("", "127.0.0.1", "http", "127.0.0.1"),
    (", trusted_proxies: [10.0.0.0/8]", "127.0.0.1", "http", "127.0.0.1"),
    (", trusted_proxies: [10.0.0.0/8, 127.0.0.1]", "203.0.113.5", "https", "api.example.com"),
    (", trusted_proxies: 127.0.0.0/8, proxy_headers: forwarded", "6.6.6.6", "http", "127.0.0.1")])
def test_only_trusted_proxies_are_believed(tmp_path, options, client, proto, host):
    with Api(tmp_path, ROUTES, listener=f", access_log: access.log{options}") as api:
        api.engine.config.write_text(api.engine.config.read_text().replace("f:handle", "g:handle"))
        api.engine.run("reload")
        answer = json.loads(api.ask("GET", "/g/x", headers=FORGED)[2])
        assert answer["requestContext"]["http"]["sourceIp"] == client
        assert answer["requestContext"]["domainName"] == host
        assert answer["headers"]["x-forwarded-proto"] == proto
        assert answer["headers"]["x-forwarded-for"] == (client if client == "127.0.0.1" else client + ", 127.0.0.1")
        assert "forwarded" not in answer["headers"]
        assert api.ask("POST", "/kept", b"1", FORGED)[0] == 202
        [event] = api.engine.consume("in")
        kept = dict(event["headers"])
        assert kept.get("x-forwarded-for") == (None if client == "127.0.0.1" else client + ", 127.0.0.1")
        assert "forwarded" not in kept and "x-forwarded-host" not in kept
        line = logged(tmp_path, 2)[-1]
        assert line["client"] == client and line.get("proxy") == (None if client == "127.0.0.1" else "127.0.0.1")


def test_what_cannot_be_a_proxy_or_a_log_is_refused(tmp_path):
    for options, code in (("trusted_proxies: [proxy.example.com]", "E1008"), ("trusted_proxies: 10.0.0.1/8", "E1008"), ("proxy_headers: x", "E1010"),
                          ("access_log: missing/access.log", "E1008"), ("access_log: {}", "E1006"), ("access_log: { file: a, format: xml }", "E1010")):
        engine = Api(tmp_path, ROUTES, listener=f", {options}").engine
        said = subprocess.run([BINARY, "validate", engine.config], capture_output=True, text=True, check=False)
        assert said.returncode == 3 and code in said.stderr, (options, said)
