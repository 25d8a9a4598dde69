# SPDX-License-Identifier: Apache-2.0
"""A real schema registry (Apicurio, with Confluent's API) and Confluent's own serializers, which have a process of their own."""

import base64
import http.server
import json
import os
import pathlib
import signal
import ssl
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

import pytest

from engine import PYTHON, ROOT, wait_until
from s3_servers import free_ports

TYPE = "application/vnd.schemaregistry.v1+json"


def tool(*command):
    done = subprocess.run([ROOT / "tools/schema_registry", *command], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHON": PYTHON})
    if done.returncode == 3 and not os.environ.get("CI"):
        pytest.skip("no schema registry can be had here: " + done.stderr.strip())
    assert done.returncode == 0, done.stderr


class Registry:
    def __init__(self, folder):
        tool("fetch")
        self.folder = folder
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}/apis/ccompat/v7"
        self.process = None
        self.up()

    def up(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([ROOT / "tools/schema_registry", "run", "--dir", self.folder / "data", "--port", str(self.port)],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self.answers, "the registry answers", 120)

    def answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            self.ask("/subjects")
            return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ask(self, path, body=None, method=None):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode() if body else None, {"Content-Type": TYPE}, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def register(self, subject, schema, kind="AVRO"):
        text = schema if isinstance(schema, str) else json.dumps(schema)
        return self.ask(f"/subjects/{subject}/versions", {"schema": text, "schemaType": kind})["id"]


class Guard:
    """Stands in front of a registry, asks for a client's certificate and for a login, and passes on what has both."""

    def __init__(self, registry, folder, login):
        self.folder = folder
        self._certificates()
        self.refused = 0
        guard, wanted = self, "Basic " + base64.b64encode(login.encode()).decode()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
                if self.headers.get("Authorization") != wanted:
                    guard.refused += 1
                    return self.reply(401, b"{}")
                request = urllib.request.Request(registry.url + self.path, body, {"Content-Type": TYPE}, method=self.command)
                try:
                    with urllib.request.urlopen(request, timeout=20) as answer:
                        self.reply(answer.status, answer.read())
                except urllib.error.HTTPError as error:
                    self.reply(error.code, error.read())

            def reply(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _certificates(self):
        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)
        key = ["req", "-newkey", "rsa:2048", "-nodes", "-addext", "subjectAltName=DNS:localhost"]
        openssl(*key, "-x509", "-days", "2", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")
        for name in ("server", "client"):
            openssl(*key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
            openssl("x509", "-req", "-days", "2", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                    "-copy_extensions", "copy", "-out", f"{name}.pem")

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def registry(tmp_path_factory):
    one = Registry(tmp_path_factory.mktemp("registry"))
    yield one
    one.kill()


class Clients:
    """Confluent's Python clients; PELTON_SCHEMA_CLIENTS names a folder that tools/schema_registry has filled."""

    def __init__(self, broker, registry):
        self.folder = pathlib.Path(os.environ.get("PELTON_SCHEMA_CLIENTS", ROOT / "build/schema_clients"))
        tool("clients", str(self.folder))
        self.options = {"broker": broker.address, "registry": registry.url}

    def _run(self, **request):
        with tempfile.TemporaryFile("w+") as log:
            done = subprocess.run([PYTHON, pathlib.Path(__file__).parent / "schema_clients.py"], text=True, stdout=subprocess.PIPE,
                                  stderr=log, input=json.dumps({**self.options, **request}), check=False, timeout=120,
                                  env={**os.environ, "PYTHONPATH": str(self.folder)})
            log.seek(0)
            assert done.returncode == 0, log.read()
        return json.loads(done.stdout)

    def produce(self, topic, kind, schema, records, key_schema=None):
        """Serializes and produces (key, value) pairs; the schemas are registered by the serializers."""
        self._run(do="produce", topic=topic, kind=kind, schema=schema, records=records, key_schema=key_schema)

    def consume(self, topic, kind, schema, count, key_schema=None):
        """The first `count` values of the topic, by their deserializer; with a key's schema pairs."""
        return self._run(do="consume", topic=topic, kind=kind, schema=schema, count=count, key_schema=key_schema)
