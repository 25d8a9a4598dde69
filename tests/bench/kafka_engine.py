# SPDX-License-Identifier: Apache-2.0
"""A whole engine for benchmarks: started on a config, watched through its admin socket and /proc."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PELTON_BINARY", ROOT / "build/release/bin/pelton")
TICK = os.sysconf("SC_CLK_TCK")


class EngineEnded(Exception):
    """The engine ended; says what it said last."""


class _Socket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("pelton", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def admin_socket(folder):
    return _Socket(folder / "data/admin.sock")


def _stat(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu(pid):
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICK


def _descendants(pid):
    children = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            children.setdefault(int(_stat(entry.name)[1]), []).append(int(entry.name))
    found, left = [], list(children.get(pid, []))
    while left:
        found.append(left.pop())
        left.extend(children.get(found[-1], []))
    return found


class Engine:
    """`with Engine(folder, config) as engine:` on an empty data folder."""

    def __init__(self, folder, config, environment=None):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder, self.config = folder, folder / "pelton.yaml"
        self.config.write_text(config)
        self.environment = {**os.environ, **(environment or {})}
        self.process = None

    def __enter__(self):
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([BINARY, "run", self.config], stdout=log, stderr=log, env=self.environment)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def alive(self):
        if self.process.poll() is not None:
            raise EngineEnded((self.folder / "log").read_text()[-2000:])

    def status(self):
        """None while the engine starts."""
        self.alive()
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = admin_socket(self.folder)
            connection.request("GET", "/v1/status")
            return json.loads(connection.getresponse().read())
        return None

    def binding(self):
        """The status of the only binding; None while the engine starts."""
        status = self.status()
        return status["bindings"][0] if status else None

    def wait_idle(self, workers, seconds=60):
        """Until the binding has its partitions and so many workers wait for events."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = self.status()
            if status and status["bindings"][0]["partitions"] and \
                    sum(worker["state"] == "idle" for worker in status["functions"][0]["workers"]) == workers:
                return
            time.sleep(0.1)
        raise EngineEnded("the workers are not ready:\n" + (self.folder / "log").read_text()[-2000:])

    def ended(self):
        """Events that are done or dead letters."""
        binding = self.binding()
        return binding["done"] + binding["dead_lettered"] if binding else 0

    def wait_ended(self, count, seconds=600, pause=0.005):
        """Answers when `count` events have ended: (events ended, time). Asks after each pause."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended = self.ended()
            if ended >= count:
                return ended, time.monotonic()
            time.sleep(pause)
        raise EngineEnded(f"{ended} of {count} events had ended after {seconds} s:\n" + (self.folder / "log").read_text()[-2000:])

    def cpu(self):
        """CPU seconds of the engine and of its workers."""
        return _cpu(self.process.pid), sum(map(_cpu, _descendants(self.process.pid)))

    def peak_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
