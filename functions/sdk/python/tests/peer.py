# SPDX-License-Identifier: Apache-2.0
"""The engine's side of a worker's socket, played by hand."""

import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time

import pelton
from pelton import wire

HANDLER = '''
import pelton, time
def handle(event, context):
    text = event.text()
    if text == "raise": raise ValueError("bad " + event.key.decode())
    if text == "fail": raise pelton.Fail("never")
    if text == "later": raise pelton.Retry(after=1.5)
    if text == "json": return {"attempt": context.attempt, "key": context.idempotency_key}
    if text == "echo": return event
    if text == "two": return [pelton.Event("a", key="k1"), pelton.Event(b"b", subject="s")]
    if text == "object": return object()
    if text == "slow": time.sleep(0.03)

def opened(event, context):
    with event.open() as file:
        return file.read() + b" of " + repr(event.path).encode()

@pelton.batch
def whole(events, context):
    return [ValueError("x") if e.text() == "raise" else None for e in events]
'''


def batch(data, keys=None, flags=b"", content_type=b"", path=None):
    out = bytearray()
    wire.put_varint(out, 1, len(data))
    for number, values in ((2, data), (4, keys or [])):
        if values:
            ends, total = [], 0
            for value in values:
                total += len(value)
                ends.append(total)
            wire.put_bytes(out, number, "".join(values).encode())
            wire.put_bytes(out, number + 1, struct.pack(f"<{len(ends)}I", *ends))
    if keys:
        wire.put_bytes(out, 6, flags or b"\x01")
    if content_type:
        for word in (b"", content_type):
            wire.put_bytes(out, 8, word)
        wire.put_bytes(out, 11, struct.pack("<I", 1))
    if path:  # one event for all: without data, with the header `path`
        header, headers = bytearray(), bytearray()
        wire.put_bytes(header, 1, b"path")
        wire.put_bytes(header, 2, path)
        wire.put_bytes(headers, 1, header)
        wire.put_bytes(out, 6, b"\x02")
        wire.put_bytes(out, 16, headers)
        wire.put_bytes(out, 17, struct.pack("<I", len(headers)))
    return bytes(out)


def start_message(handler, code):
    start, message = bytearray(), bytearray()
    for number, text in ((2, "f"), (3, handler), (4, code)):
        wire.put_bytes(start, number, text.encode())
    wire.put_varint(start, 6, 30000)
    wire.put_bytes(message, 1, start)
    return struct.pack("<I", len(message)) + message


class Zygote:
    """A zygote, and the engine's side of its socket. The copies are children of this process."""

    START = "import sys; sys.path[0] = sys.argv.pop(1); from pelton.zygote import main; sys.exit(main()())"
    made = 0

    def __init__(self, code, handler="function:handle", state="", environment=None, kind="native"):
        self.environment = {**os.environ, "PELTON_WORKER": self.name(), **(environment or {})}
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(20)
        package = str(pathlib.Path(pelton.__file__).parent.parent)
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-B", "-c", self.START, package, kind, code, handler, state], env=self.environment, cwd=code,
            pass_fds=[3], preexec_fn=lambda: os.dup2(theirs.fileno(), 3))
        theirs.close()

    @classmethod
    def name(cls):
        cls.made += 1
        return f"{os.getpid()}-{cls.made:016}"

    def copy(self, out=1, err=2, descriptors=(), environment=None):
        """The number of the process."""
        name = self.name()
        changed = {"PELTON_WORKER": name, **(environment or {})}
        words = ["fork", name, *(key if value is None else f"{key}={value}" for key, value in changed.items())]
        socket.send_fds(self.socket, ["\0".join(words).encode()], [out, err, *descriptors])
        answer = self.socket.recv(4096).decode()
        assert answer.startswith("forked "), answer
        return int(answer.split()[1])

    def close(self):
        self.socket.close()
        return self.process.wait(20)


class Copy:
    """A worker that is one: as a subprocess.Popen."""

    def __init__(self, folder, handler, descriptors):
        self.zygote = Zygote(folder, handler)
        with open(os.devnull, "wb") as null:
            self.pid = self.zygote.copy(1, null.fileno(), descriptors,
                                        {"PELTON_FD": 3, "PELTON_PROGRESS_FD": 4, "PELTON_TEST_ZYGOTE": None})

    def wait(self, _):
        status = os.waitpid(self.pid, 0)[1]
        assert self.zygote.close() == 0
        return os.waitstatus_to_exitcode(status)


class Peer:
    """The engine's side of the socket. With PELTON_TEST_ZYGOTE the worker is a copy of a zygote."""

    def __init__(self, handler="function:handle", source=HANDLER):
        self.folder = tempfile.TemporaryDirectory()
        pathlib.Path(self.folder.name, "function.py").write_text(source)
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(20)
        environment = dict(os.environ, PELTON_FD=str(theirs.fileno()))
        progress = os.memfd_create("progress", 0)
        os.ftruncate(progress, 4096)
        environment["PELTON_PROGRESS_FD"] = str(progress)
        if os.environ.get("PELTON_TEST_ZYGOTE"):
            self.process = Copy(self.folder.name, handler, [theirs.fileno(), progress])
        else:
            self.process = subprocess.Popen([sys.executable, "-m", "pelton.worker"], env=environment,
                                            pass_fds=[theirs.fileno(), progress], stderr=subprocess.DEVNULL)
        theirs.close()
        self.progress = progress
        self.socket.sendall(start_message(handler, self.folder.name))

    def send(self, number, body):
        message = bytearray()
        wire.put_bytes(message, number, body)
        self.socket.sendall(struct.pack("<I", len(message)) + message)

    def receive(self):
        def exactly(count):
            data = b""
            while len(data) < count:
                part = self.socket.recv(count - len(data))
                if not part:
                    raise EOFError
                data += part
            return data
        (length,) = struct.unpack("<I", exactly(4))
        ((number, body),) = list(wire.fields(memoryview(exactly(length))))
        return number, dict_of(body)

    frame_id = 77

    def start_invoke(self, data, keys=None, order=0, **more):
        body = bytearray()
        wire.put_fixed64(body, 1, self.frame_id)
        wire.put_bytes(body, 2, b"s")
        wire.put_varint(body, 3, 2)
        wire.put_fixed64(body, 4, 100)
        wire.put_varint(body, 9, order)
        wire.put_bytes(body, 10, b"b/s/7/2/")
        wire.put_bytes(body, 15, batch(data, keys, **more))
        self.send(2, body)

    def invoke(self, data, *args, **more):
        self.start_invoke(data, *args, **more)
        codes, failures, parents, outputs, parts = b"", [], [], [], 0
        while len(codes) < len(data):
            number, result = self.receive()
            assert number == 3 and result[1][0] == self.frame_id, result
            assert result[2][0] == len(codes), "results follow each other"
            count = result[3][0]
            codes += bytes(result.get(4, [bytes(count)])[0])
            failures += [dict_of(f) for f in result.get(5, [])]
            if 15 in result:
                raw = bytes(result[6][0])
                parents += struct.unpack(f"<{len(raw) // 4}I", raw)
                outputs.append(dict_of(result[15][0]))
            parts += 1
        return list(codes), failures, parents, outputs, parts

    def at_hand(self, count):
        """Waits until the worker has begun so many events."""
        while struct.unpack("<Q", os.pread(self.progress, 8, 8))[0] != count:
            time.sleep(0.001)

    def close(self):
        self.socket.close()
        code = self.process.wait(20)
        os.close(self.progress)
        self.folder.cleanup()
        return code


def dict_of(body):
    out = {}
    for number, value in wire.fields(memoryview(body)):
        out.setdefault(number, []).append(value)
    return out


def joined(outputs, number):
    """A column of all outputs, in however many results they came."""
    return b"".join(bytes(one[number][0]) for one in outputs if number in one)
