# SPDX-License-Identifier: Apache-2.0
"""An engine with HTTP routes, and clients of it: http.client and raw sockets."""

import http.client
import socket

from engine import Engine, wait_until

CONFIG = """version: 1
engine: {{ data: ./data }}
streams: {{ in: {{ partitions: 2, retention: {{ time: 1d }} }} }}
listeners: {{ web: {{ address: "127.0.0.1:0"{listener} }} }}
functions:
  f: {{ runtime: python, code: ./code, handler: "f:handle", {function} }}
routes:
  in: {{ method: POST, path: /in, to: in, max_body: 1MiB, headers: [x-tenant] }}
  keyed: {{ method: POST, path: "/in/{{id}}", to: in, key: path.id }}
  {routes}
"""
CODE = """
import json
import os
import pathlib
import time

import pelton

HERE = pathlib.Path(__file__).parent


def handle(event, context):
    headers = {name: value.decode() for name, value in event.headers}
    path = headers.get(":path", "")
    if path == "/fail":
        raise ValueError("secret")
    if path == "/crash":
        os._exit(3)
    if path.startswith("/wait"):
        (HERE / ("begun" + path.replace("/", "-"))).touch()
        while not (HERE / "go").exists():
            time.sleep(0.01)
    if path == "/none":
        return None
    if path == "/status":
        return pelton.Event("short", content_type="text/plain", headers={":status": "418", "x-pot": "1"})
    return {"headers": headers, "body": event.text(), "id": event.id}
"""
GATEWAY = """
import json


def handle(event, context):
    request = event.json()
    query = request.get("queryStringParameters") or {}
    if "answer" in query:
        return json.loads(query["answer"])
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(request)}
"""


def ask(address, method, path, body=None, headers=None, timeout=60):
    """Status, headers and body of the answer to one request on a connection of its own."""
    connection = http.client.HTTPConnection(*address, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def listening(engine):
    """Host and port of the first listener of an engine that is ready."""
    wait_until(engine.ready, "it is ready")
    host, port = engine.status()["listeners"][0]["address"].split(":")
    return host, int(port)


class Served:
    """An engine that is ready, and whose listener is known, within a `with`."""

    def __enter__(self):
        self.engine.start()
        self.find()
        return self

    def __exit__(self, *_):
        self.engine.__exit__()


class Api(Served):
    """An engine with routes, and clients of it."""

    def __init__(self, folder, routes="", function="timeout: 20s", listener="", config=CONFIG):
        (folder / "code").mkdir(exist_ok=True)
        (folder / "code/f.py").write_text(CODE)
        (folder / "code/g.py").write_text(GATEWAY)
        self.code = folder / "code"
        self.engine = Engine(folder, config.format(routes=routes, function=function, listener=listener))

    def find(self):
        self.address = listening(self.engine)
        self.port = str(self.address[1])

    def ask(self, method, path, body=None, headers=None, timeout=60):
        return ask(self.address, method, path, body, headers, timeout)

    def post(self, path, body=b"", **headers):
        return self.ask("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def raw(self, data, read=True):
        """What comes back on a connection of its own until the engine closes it."""
        with socket.create_connection(self.address, timeout=60) as connection:
            connection.sendall(data)
            got = b""
            while read and (more := connection.recv(65536)):
                got += more
            return got

    def route(self, name):
        return next(route for route in self.engine.status()["routes"] if route["name"] == name)


FUNCTION = 'f: { path: "/{rest+}", function: f, timeout: 20s }'
