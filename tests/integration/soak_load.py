# SPDX-License-Identifier: Apache-2.0
"""The threads of the soak that load an engine, read what it made and watch its memory and disk."""

import http.client
import json
import pathlib
import socket
import threading
import time

MIB = 1 << 20
KEYS = 97


class Admin:
    """The engine's admin socket; a connection for each request, since engines come and go."""

    def __init__(self, socket_path):
        self.path = str(socket_path)

    def request(self, method, path, body=None):
        """Status and text. OSError and HTTPException: no answer; nothing is known of the request."""
        connection = http.client.HTTPConnection("pelton", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(60)
        try:
            connection.sock.connect(self.path)
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


class Producer(threading.Thread):
    """Appends numbered events at a steady rate. A chunk without an answer may be stored: it is allowed, not expected."""

    def __init__(self, admin, rate):
        super().__init__(daemon=True)
        self.admin, self.rate, self.ending = admin, rate, threading.Event()
        self.expected, self.unknown, self.files, self.failure = [], set(), set(), None

    @staticmethod
    def event(n):
        return {"key": f"k{n % KEYS}", "data": {"n": n, "kind": "rare" if n % 100 == 0 else "common", "once": n // 2,
                                                "fill": "x" * (n * 7919 % 400)}}

    def append(self, stream, events):
        """True: durable; False: refused; nothing: unknown."""
        body = "".join(json.dumps(e) + "\n" for e in events)
        try:
            status, text = self.admin.request("POST", f"/v1/streams/{stream}/events", body)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except (OSError, http.client.HTTPException):
            return None
        if status not in (200, 503):
            raise RuntimeError(f"{status} {text}")
        return status == 200

    def run(self):
        try:
            n = 0
            while not self.ending.is_set():
                begun = time.monotonic()
                chunk = list(range(n, n + 100))
                taken = self.append("input", [self.event(i) for i in chunk])
                if taken is not False:
                    n += 100
                    self.expected.extend(chunk) if taken else self.unknown.update(chunk)
                if taken and n % 1000 == 0:
                    self.append_file(f"f{n}")
                self.ending.wait(max(0.0, 100 / self.rate - (time.monotonic() - begun)))
        except Exception as error:  # told at the end
            self.failure = error

    def append_file(self, name):
        if self.append("files", [{"key": name, "data": "y" * MIB}]):
            self.files.add(name)


class Reader(threading.Thread):
    """Reads a stream as it grows: what it keeps of each event is its number and key, in order."""

    def __init__(self, admin, stream, partitions):
        super().__init__(daemon=True)
        self.admin, self.stream = admin, stream
        self.next = [0] * partitions
        self.events, self.failure, self.ending = [], None, threading.Event()

    def page(self, partition):
        status, text = self.admin.request(
            "GET", f"/v1/streams/{self.stream}/events?partition={partition}&from=offset:{self.next[partition]}&limit=5000")
        if status != 200:
            return 0
        lines = text.splitlines()
        for line in lines:
            event = json.loads(line)
            if event["offset"] != self.next[partition]:
                raise RuntimeError(f"{self.stream}/{partition}: offset {event['offset']} instead of {self.next[partition]}")
            self.next[partition] += 1
            self.events.append({"key": event.get("key"), "data": {"n": event["data"]["n"], "once": event["data"]["once"]}})
        return len(lines)

    def run(self):
        try:
            while True:
                ending = self.ending.is_set()
                found = 0
                for partition in range(len(self.next)):
                    try:
                        found += self.page(partition)
                    except (OSError, http.client.HTTPException, json.JSONDecodeError):
                        found = 0  # the engine went away, perhaps in the middle of a line
                if found == 0 and ending:
                    return
                if found == 0:
                    self.ending.wait(0.2)
        except Exception as error:
            self.failure = error


class Watch(threading.Thread):
    """Memory of the engine's process and bytes on its disk, twice a second."""

    def __init__(self, engine, disk):
        super().__init__(daemon=True)
        self.engine, self.disk, self.ending = engine, disk, threading.Event()
        self.samples = []  # (seconds, resident, on disk)

    def run(self):
        begun = time.monotonic()
        while not self.ending.wait(0.5):
            try:
                text = pathlib.Path(f"/proc/{self.engine.process.pid}/status").read_text()
                resident = 1024 * int(text.split("VmRSS:")[1].split()[0])
            except (OSError, IndexError):
                continue  # between two lives
            self.samples.append((time.monotonic() - begun, resident, folder_bytes(self.disk / "data")))


def folder_bytes(folder):
    total = 0
    for name in folder.rglob("*"):
        try:
            total += name.stat().st_blocks * 512
        except OSError:
            pass
    return total
