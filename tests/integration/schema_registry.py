# SPDX-License-Identifier: Apache-2.0
"""A real schema registry (Apicurio, with Confluent's API) and Confluent's own serializers, which have a process of their own."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
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

    def ask(self, path, body=None):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode() if body else None, {"Content-Type": TYPE})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def register(self, subject, schema, kind="AVRO"):
        text = schema if isinstance(schema, str) else json.dumps(schema)
        return self.ask(f"/subjects/{subject}/versions", {"schema": text, "schemaType": kind})["id"]


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

    def produce(self, topic, kind, schema, records):
        """Serializes and produces (key, value) pairs; the schema is registered by the serializer."""
        self._run(do="produce", topic=topic, kind=kind, schema=schema, records=records)

    def consume(self, topic, kind, schema, count):
        """The first `count` values of the topic, by their deserializer."""
        return self._run(do="consume", topic=topic, kind=kind, schema=schema, count=count)
