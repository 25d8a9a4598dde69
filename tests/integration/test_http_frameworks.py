# SPDX-License-Identifier: Apache-2.0
"""Functions for other platforms, unmodified, in the runtime `http`. PELTON_HTTP_FRAMEWORKS names a folder that
tools/http_frameworks has filled; without it they are installed into a temporary one, and the tests are skipped where that
cannot be done."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from engine import PYTHON, ROOT, Engine
from http_api import ask, listening
from test_http_runtime import ROUTES, config, last_attempts, settle

# One that has pip.
PIP = next((python for python in (PYTHON, shutil.which("python3")) if python and subprocess.run(
    [python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0), PYTHON)


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The folder of a language's frameworks."""
    folder = pathlib.Path(os.environ.get("PELTON_HTTP_FRAMEWORKS") or tmp_path_factory.mktemp("frameworks"))

    def get(language):
        if not (folder / language).exists():
            if language == "node" and shutil.which("npm") is None:
                pytest.skip("npm is not installed")
            done = subprocess.run([ROOT / "tools/http_frameworks", str(folder), language], capture_output=True, text=True, check=False,
                                  env={**os.environ, "PYTHON": PIP})
            if done.returncode != 0:
                pytest.skip(f"{language} cannot be made ready here: {done.stderr.strip()[-300:]}")
        return folder / language

    return get


def module(folder, name, source):
    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / name).write_text(source)
    return code


def google_python(tmp_path, installed, source, signature, **more):
    packages = installed("python")
    return config(module(tmp_path, "main.py", source), command=f"[{PIP}, -m, functions_framework, --target, hello, --signature-type, {signature}]",
                  function=f"environment: {{ PYTHONPATH: {packages}, PYTHONDONTWRITEBYTECODE: '1' }}\n    outputs: cloudevents", **more)


def test_google_python_cloud_event(tmp_path, installed):
    """Its answer says OK whatever the function returns: `outputs: cloudevents` leaves that out."""
    source = """
import functions_framework

@functions_framework.cloud_event
def hello(event):
    if event.data["n"] == 3: raise ValueError("unlucky")
    print(f"got {event['id']} {event['type']} {event['source']} {event.get('partitionkey')} {event.data}")
"""
    with Engine(tmp_path, google_python(tmp_path, installed, source, "cloudevent")) as engine:
        settle(engine, [{"id": f"e{n}", "type": "t", "source": "/s", "key": f"k{n}", "data": {"n": n}} for n in range(5)])
        lines = engine.run("logs", "work").stdout
        assert all(f"got e{n} t /s k{n} {{'n': {n}}}" in lines for n in (0, 1, 2, 4)), lines
        assert engine.consume("output") == []
        [(data, history)] = [(letter["event"]["data"], letter["history"]) for letter in map(lambda one: json.loads(
            engine.run("dead-letters", "show", one["id"], "-o", "json").stdout), engine.letters())]
        assert data == {"n": 3} and [one["type"] for one in history] == ["HTTP 500"] * 2


def test_google_python_http(tmp_path, installed):
    source = """
import functions_framework

@functions_framework.http
def hello(request):
    return {"hello": request.args["name"], "method": request.method, "path": request.path, "json": request.get_json(silent=True)}, 201, {"X-Own": "1"}
"""
    with Engine(tmp_path, google_python(tmp_path, installed, source, "http", more=ROUTES)) as engine:
        status, headers, body = ask(listening(engine), "POST", "/a/b?name=Zo%C3%AB", b'{"n": 1}', {"Content-Type": "application/json"})
        assert status == 201 and headers["X-Own"] == "1"
        assert json.loads(body) == {"hello": "Zoë", "method": "POST", "path": "/a/b", "json": {"n": 1}}


def google_node(tmp_path, installed, source, signature, **more):
    modules = installed("node") / "node_modules"
    code = module(tmp_path, "index.js", source)
    (code / "package.json").write_text('{"main": "index.js"}')
    (code / "node_modules").symlink_to(modules)
    return config(code, command=f"[node_modules/.bin/functions-framework, --target=hello, --signature-type={signature}]", **more)


def test_google_node_cloud_event(tmp_path, installed):
    source = """
const functions = require('@google-cloud/functions-framework');
functions.cloudEvent('hello', async event => {
  if (event.data.n === 3) throw new Error('unlucky');
  console.log(`got ${event.id} ${event.type} ${event.partitionkey} ${JSON.stringify(event.data)}`);
});
"""
    with Engine(tmp_path, google_node(tmp_path, installed, source, "cloudevent", function="concurrency: 4")) as engine:
        settle(engine, [{"id": f"e{n}", "type": "t", "source": "/s", "key": f"k{n}", "data": {"n": n}} for n in range(5)])
        lines = engine.run("logs", "work").stdout
        assert all(f'got e{n} t k{n} {{"n":{n}}}' in lines for n in (0, 1, 2, 4)), lines
        assert len(engine.letters()) == 1


def test_google_node_http(tmp_path, installed):
    source = """
const functions = require('@google-cloud/functions-framework');
functions.http('hello', (req, res) => res.status(201).set('X-Own', '1').json({hello: req.query.name, path: req.path, body: req.body}));
"""
    with Engine(tmp_path, google_node(tmp_path, installed, source, "http", more=ROUTES)) as engine:
        status, headers, body = ask(listening(engine), "POST", "/a/b?name=Zo%C3%AB", b'{"n": 1}', {"Content-Type": "application/json"})
        assert status == 201 and headers["X-Own"] == "1" and json.loads(body) == {"hello": "Zoë", "path": "/a/b", "body": {"n": 1}}


def test_flask(tmp_path, installed):
    source = """
from flask import Flask, redirect, request, session
app = Flask(__name__)
app.secret_key = "x"

@app.get("/count")
def count():
    session["n"] = session.get("n", 0) + 1
    return {"n": session["n"]}

@app.post("/form")
def form(): return redirect("/thanks/" + request.form["name"])

@app.post("/upload")
def upload(): return {"name": request.files["f"].filename, "bytes": len(request.files["f"].read())}
"""
    packages = installed("python")
    text = config(module(tmp_path, "app.py", source), command=f"[{PIP}, -m, flask, run, --port, '{{port}}']",
                  function=f"environment: {{ PYTHONPATH: {packages} }}\n    concurrency: 8", more=ROUTES)
    with Engine(tmp_path, text) as engine:
        address = listening(engine)
        status, headers, body = ask(address, "GET", "/count")
        assert json.loads(body) == {"n": 1}
        cookie = headers["Set-Cookie"].split(";")[0]
        assert json.loads(ask(address, "GET", "/count", headers={"Cookie": cookie})[2]) == {"n": 2}
        status, headers, _ = ask(address, "POST", "/form", b"name=zoe", {"Content-Type": "application/x-www-form-urlencoded"})
        assert status == 302 and headers["Location"] == "/thanks/zoe"
        data = b"\xff" * 300_000
        body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.bin"\r\n\r\n' + data + b"\r\n--b--\r\n"
        assert json.loads(ask(address, "POST", "/upload", body, {"Content-Type": "multipart/form-data; boundary=b"})[2]) == {"name": "x.bin", "bytes": 300_000}
        assert ask(address, "GET", "/missing")[0] == 404


def test_express(tmp_path, installed):
    source = """
const express = require('express');
const app = express();
app.use(express.json());
app.get('/users/:id', (req, res) => res.json({id: req.params.id, q: req.query.q}));
app.post('/echo', (req, res) => res.send(req.body));
app.get('/large', (req, res) => res.send('x'.repeat(3000000)));
app.listen(process.env.PORT);
"""
    modules = installed("node") / "node_modules"
    code = module(tmp_path, "server.js", source)
    (code / "node_modules").symlink_to(modules)
    with Engine(tmp_path, config(code, command="[node, server.js]", function="concurrency: 16", more=ROUTES)) as engine:
        address = listening(engine)
        assert json.loads(ask(address, "GET", "/users/a%2Fb?q=1")[2]) == {"id": "a/b", "q": "1"}
        assert json.loads(ask(address, "POST", "/echo", b'{"a": [1]}', {"Content-Type": "application/json"})[2]) == {"a": [1]}
        assert len(ask(address, "GET", "/large")[2]) == 3_000_000
        assert ask(address, "GET", "/missing")[0] == 404


def test_vercel_style_handler(tmp_path):
    """A default export that takes (req, res), behind node:http."""
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    code = module(tmp_path, "server.mjs", """
import { createServer } from 'node:http';
import handler from './api/hello.mjs';
createServer(handler).listen(process.env.PORT);
""")
    (code / "api").mkdir()
    (code / "api/hello.mjs").write_text("""
export default function handler(req, res) {
  const url = new URL(req.url, `http://${req.headers.host}`);
  res.statusCode = 200;
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify({hello: url.searchParams.get('name'), event: req.headers['ce-id'] ?? null}));
}
""")
    with Engine(tmp_path, config(code, command="[node, server.mjs]", more=ROUTES)) as engine:
        assert json.loads(ask(listening(engine), "GET", "/api/hello?name=Zoe")[2]) == {"hello": "Zoe", "event": None}
        settle(engine, [{"id": "e1", "data": 1}])
        assert [one["data"] for one in engine.consume("output")] == [{"hello": None, "event": "e1"}]
        assert last_attempts(engine) == {}
