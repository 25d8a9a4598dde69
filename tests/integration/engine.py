# SPDX-License-Identifier: Apache-2.0
"""Drives a Pelton engine in a folder of its own: start, produce, consume, kill, wait for a state."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PELTON_BINARY", str(ROOT / "build/release/bin/pelton"))
FUNCTIONS = pathlib.Path(os.environ.get("PELTON_FUNCTIONS", str(ROOT / "build/release/functions")))
PYTHON = "/usr/bin/python3"
# A sanitized binary takes its time: every wait is so many times as long.
PATIENCE = float(os.environ.get("PELTON_PATIENCE", "1"))


def wait_until(condition, what, seconds=60):
    """Polls until the condition holds; fails with `what` when it does not in time."""
    deadline = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class Engine:
    """One config in one folder; the process comes and goes."""

    started = []  # all of the test at hand, see conftest.py

    def __init__(self, folder, config, name="pelton.yaml", binary=BINARY, arguments=()):
        self.binary = binary
        self.arguments = arguments  # of `run`
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / name
        self.config.write_text(config)
        self.log = self.folder / "engine.log"
        self.process = None

    def start(self, wait=True):
        assert self.process is None or self.process.poll() is not None, "the one before would outlive its test"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.binary, "run", str(self.config), *self.arguments], stderr=log, stdout=log,
                                            stdin=subprocess.DEVNULL)
        Engine.started.append(self)
        if wait:
            wait_until(lambda: self.process.poll() is not None or self.runs(), "the engine runs")
            assert self.process.poll() is None, self.log.read_text()
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=40):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds * PATIENCE)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()

    @classmethod
    def kill_all(cls):
        for engine in cls.started:
            if engine.process.poll() is None:
                engine.process.send_signal(signal.SIGCONT)
                engine.kill()
        cls.started.clear()

    def run(self, *command, data=None, check=True):
        done = subprocess.run([self.binary, *command, "--config", str(self.config)], input=data,
                              capture_output=True, text=True, check=False)
        if check:
            assert done.returncode == 0, (command, done.returncode, done.stdout, done.stderr)
        return done

    def runs(self):
        """Also while brokers are away, when it is not ready."""
        done = self.run("status", "-o", "json", check=False)
        return done.returncode == 0 and json.loads(done.stdout)["state"] == "running"

    def ready(self):
        done = self.run("status", "-o", "json", check=False)
        return done.returncode == 0 and json.loads(done.stdout)["ready"]

    def status(self):
        return json.loads(self.run("status", "-o", "json").stdout)

    def binding(self, name):
        return next(b for b in self.status()["bindings"] if b["name"] == name)

    def metrics(self):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(next((self.folder / "data").glob("*.sock"))))
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()

    def post(self, path, body):
        """Of the admin API: status, headers and what was answered."""
        connection = http.client.HTTPConnection("pelton")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.folder / "data/admin.sock"))
        connection.request("POST", path, json.dumps(body))
        response = connection.getresponse()
        return response.status, response.headers, json.loads(response.read())

    def lag(self, name):
        return sum(p["lag_events"] for p in self.binding(name)["partitions"])

    def peak_bytes(self):
        """The most memory that the engine's own process has had."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))

    def wait_settled(self, name, seconds=120):
        wait_until(lambda: self.lag(name) == 0, f"binding {name} has settled everything", seconds)

    def produce(self, stream, events, check=True):
        return self.run("produce", stream, "--ndjson", *([] if check else ["--no-wait"]), data="".join(json.dumps(e) + "\n" for e in events), check=check)

    def consume(self, stream, *options):
        return [json.loads(line) for line in self.run("consume", stream, *options).stdout.splitlines()]

    def letters(self, *options):
        return [json.loads(line) for line in self.run("dead-letters", "list", "-o", "json", *options).stdout.splitlines()]


def library_version(name):
    """Of the library that the engine runs with, as a tuple of numbers."""
    out = subprocess.run([BINARY, "version", "-o", "json"], check=True, capture_output=True, text=True).stdout
    return tuple(int(part) for part in json.loads(out)["libraries"][name].split("."))


def function_folder(folder, source, module="function"):
    """Writes a Python function and answers its folder."""
    code = pathlib.Path(folder) / "code"
    code.mkdir(parents=True, exist_ok=True)
    (code / f"{module}.py").write_text(source)
    return code


def pipeline_config(code, more="", binding="", handler="function:handle", function=""):
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 20s {more} }}
streams:
  input: {{ partitions: 4 }}
  output: {{ partitions: 2 }}
functions:
  work:
    runtime: python
    code: {code}
    interpreter: {PYTHON}
    handler: "{handler}"
    {function}
bindings:
  job:
    from: input
    function: work
    to: output
    retry: {{ attempts: 3, backoff: {{ first: 10ms, max: 50ms }} }}
    {binding}
"""
