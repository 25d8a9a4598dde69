# SPDX-License-Identifier: Apache-2.0
"""The worker process against an engine played by hand, with the C loop and without: both must answer the same.

CMake runs this twice: PYTHONPATH names the source folder (Python loop) or the build folder (C loop).
"""

import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

from pelton import wire
from pelton.runner import _loop

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

@pelton.batch
def whole(events, context):
    return [ValueError("x") if e.text() == "raise" else None for e in events]
'''


def batch(data, keys=None):
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
        wire.put_bytes(out, 6, b"\x01")
    return bytes(out)


class Peer:
    """The engine's side of the socket."""

    def __init__(self, handler="function:handle", source=HANDLER):
        self.folder = tempfile.TemporaryDirectory()
        pathlib.Path(self.folder.name, "function.py").write_text(source)
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(20)
        environment = dict(os.environ, PELTON_FD=str(theirs.fileno()))
        progress = os.memfd_create("progress", 0)
        os.ftruncate(progress, 4096)
        environment["PELTON_PROGRESS_FD"] = str(progress)
        self.process = subprocess.Popen([sys.executable, "-m", "pelton.worker"], env=environment,
                                        pass_fds=[theirs.fileno(), progress], stderr=subprocess.DEVNULL)
        theirs.close()
        self.progress = progress
        start = bytearray()
        for number, text in ((2, "f"), (3, handler), (4, self.folder.name)):
            wire.put_bytes(start, number, text.encode())
        self.send(1, start)

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

    def invoke(self, data, keys=None, order=0):
        body = bytearray()
        wire.put_fixed64(body, 1, 77)
        wire.put_bytes(body, 2, b"s")
        wire.put_varint(body, 3, 2)
        wire.put_fixed64(body, 4, 100)
        wire.put_varint(body, 9, order)
        wire.put_bytes(body, 15, batch(data, keys))
        self.send(2, body)
        codes, failures, parents, outputs, parts = b"", [], [], [], 0
        while len(codes) < len(data):
            number, result = self.receive()
            assert number == 3 and result[1][0] == 77, result
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


class WorkerTest(unittest.TestCase):
    def setUp(self):
        self.peer = Peer()
        number, ready = self.peer.receive()
        self.assertEqual(number, 1)
        self.loop = bytes(ready[3][0]).decode()

    def tearDown(self):
        self.assertEqual(self.peer.close(), 0)

    def test_says_which_loop_it_has(self):
        self.assertIn("C loop" if _loop else "Python loop", self.loop)

    def test_all_done(self):
        codes, failures, parents, _, parts = self.peer.invoke(["x"] * 500)
        self.assertEqual((codes, failures, parents), ([0] * 500, [], []))
        self.assertLess(parts, 50)

    def test_outcomes(self):
        codes, failures, _, _, _ = self.peer.invoke(["x", "raise", "fail", "later", "x"], ["a", "b", "c", "d", "e"])
        self.assertEqual(codes, [0, 1, 2, 1, 0])
        self.assertEqual([f[1][0] for f in failures], [1, 2, 3])
        self.assertEqual(bytes(failures[0][2][0]), b"ValueError")
        self.assertEqual(bytes(failures[0][3][0]), b"bad b")
        self.assertIn(b"function.py", bytes(failures[0][4][0]))
        self.assertEqual(failures[2][5][0], 1500)

    def test_a_failure_holds_back_its_key(self):
        self.assertEqual(self.peer.invoke(["raise", "x", "x", "x"], ["a", "b", "a", "a"])[0], [1, 0, 3, 3])
        self.assertEqual(self.peer.invoke(["raise", "x", "x"], ["a", "b", "a"], order=1)[0], [1, 3, 3])
        self.assertEqual(self.peer.invoke(["raise", "x", "x"], ["a", "b", "a"], order=2)[0], [1, 0, 0])
        self.assertEqual(self.peer.invoke(["x", "x"], ["a", "a"])[0], [0, 0])  # forgotten in the next frame

    def test_outputs(self):
        codes, _, parents, outputs, _ = self.peer.invoke(["json", "x", "echo", "two"], ["a", "b", "c", "d"])
        self.assertEqual((codes, parents), ([0] * 4, [0, 2, 3, 3]))
        (made,) = outputs
        self.assertEqual(bytes(made[2][0]), b'{"attempt":1,"key":"s/2/100"}echoab')
        self.assertEqual(bytes(made[4][0]), b"ack1d")

    def test_a_value_that_is_not_json_fails_its_event_alone(self):
        codes, failures, parents, _, _ = self.peer.invoke(["echo", "object", "echo"], ["a", "b", "c"])
        self.assertEqual((codes, parents), ([0, 1, 0], [0, 2]))
        self.assertEqual(bytes(failures[0][2][0]), b"TypeError")

    def test_finished_events_do_not_wait_for_slow_ones(self):
        self.assertGreater(self.peer.invoke(["slow"] * 4)[4], 1)


class OtherHandlersTest(unittest.TestCase):
    def test_a_batch_handler(self):
        peer = Peer("function:whole")
        self.assertEqual(peer.receive()[1][2][0], 1)
        self.assertEqual(peer.invoke(["x", "raise", "x"], ["a", "b", "b"])[0], [0, 1, 3])
        self.assertEqual(peer.close(), 0)

    def test_what_cannot_start_is_named(self):
        for handler, source, words in (("nowhere:handle", HANDLER, "nowhere"), ("function:handel", HANDLER, "handel"),
                                       ("function:handle", "import no_such_module", "no_such_module"),
                                       ("function:handle", "def handle(", "function.py")):
            peer = Peer(handler, source)
            number, failed = peer.receive()
            self.assertEqual(number, 2)
            self.assertIn(words, bytes(failed[2][0]).decode() + bytes(failed[3][0]).decode())
            self.assertEqual(peer.close(), 1)

    def test_started_by_hand_it_says_what_it_is(self):
        done = subprocess.run([sys.executable, "-m", "pelton.worker"], capture_output=True, text=True, check=False,
                              env={k: v for k, v in os.environ.items() if k != "PELTON_FD"})
        self.assertIn("started by the engine", done.stderr)


if __name__ == "__main__":
    unittest.main()
