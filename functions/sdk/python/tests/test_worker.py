# SPDX-License-Identifier: Apache-2.0
"""The worker process against an engine played by hand, with the C loop and without: both must answer the same.

CMake runs this twice: PYTHONPATH names the source folder (Python loop) or the build folder (C loop).
"""

import os
import struct
import subprocess
import sys
import tempfile
import unittest

from peer import HANDLER, Peer, joined
from pelton import wire
from pelton.runner import _loop


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
        self.assertEqual(joined(outputs, 2), b'{"attempt":1,"key":"b/s/7/2/100"}echoab')
        self.assertEqual(joined(outputs, 4), b"ack1d")

    def test_a_value_that_is_not_json_fails_its_event_alone(self):
        codes, failures, parents, _, _ = self.peer.invoke(["echo", "object", "echo"], ["a", "b", "c"])
        self.assertEqual((codes, parents), ([0, 1, 0], [0, 2]))
        self.assertEqual(bytes(failures[0][2][0]), b"TypeError")

    def test_finished_events_do_not_wait_for_slow_ones(self):
        self.assertGreater(self.peer.invoke(["slow"] * 4)[4], 1)


# Each line is a handler's body for an event that carries its number.
BAD = """
return pelton.Event({"ok": 1}, type=5)
return pelton.Event({"ok": 1}, content_type=b"application/json")
return pelton.Event({"ok": 1}, source=7)
return pelton.Event({"ok": 1}, subject=b"s")
return pelton.Event({"ok": 1}, key=42)
return pelton.Event({"ok": 1}, headers={"count": 3})
return pelton.Event({"ok": 1}, headers={3: "x"})
return pelton.Event({"ok": 1}, headers=[("only a name",)])
return pelton.Event({"ok": 1}, time=time.time_ns())
return pelton.Event({"ok": 1}, time=float("nan"))
return pelton.Event({"ok": 1}, time="now")
return pelton.Event({"ok": 1}, type="\\udc80")
return {"mean": float("nan")}
return [float("inf")]
return b"x" * (61 << 20)
raise pelton.Retry(after="5")
raise pelton.Retry(after=float("inf"))
raise pelton.Retry(after=-1)
raise Odd()
raise SystemExit(3)
sys.exit()
raise KeyboardInterrupt
raise asyncio.CancelledError
raise GeneratorExit
raise ValueError("\\udc80")
os.closerange(3, 64) or 1 / 0
""".strip().splitlines()
BAD_HANDLER = """
import asyncio, os, sys, time
import pelton
class Odd(Exception):
    def __str__(self): return None
""" + "".join(f"def bad{i}(event):\n    {line}\n" for i, line in enumerate(BAD)) + """
def handle(event, context):
    return event if event.text() == "good" else globals()["bad" + event.text()](event)
@pelton.batch
def whole(events, context):
    return [event if event.text() == "good" else None for event in events]
"""


class BadValuesTest(unittest.TestCase):
    def test_each_fails_its_own_event_and_no_other(self):
        peer = Peer(source=BAD_HANDLER)
        self.assertEqual(peer.receive()[0], 1)
        for number, line in enumerate(BAD):
            with self.subTest(line):
                codes, failures, parents, _, _ = peer.invoke(["good", str(number), "good"], ["a", "b", "c"])
                self.assertEqual((codes, parents), ([0, 1, 0], [0, 2]))
                self.assertTrue(failures[0][2] and failures[0][3] and failures[0][4])
        self.assertEqual(peer.close(), 0)

    def test_delays_become_milliseconds(self):
        peer = Peer(source="""
import datetime, pelton
def handle(event, context): raise pelton.Retry(after=eval(event.text(), {"datetime": datetime}))
""")
        peer.receive()
        delays = ["1.5", "1e30", "datetime.timedelta(milliseconds=50)", "0", "None"]
        codes, failures, _, _, _ = peer.invoke(delays)
        self.assertEqual(codes, [1] * 5)
        self.assertEqual([f.get(5, [0])[0] for f in failures], [1500, 24 * 3600 * 1000, 50, 1, 0])
        peer.close()

    def test_many_large_outputs_come_in_several_results(self):
        for handler in ("handle", "whole"):
            peer = Peer("function:" + handler, source="""
import pelton
kept = b"x" * (1 << 20)
def handle(event, context): return kept
@pelton.batch
def whole(events, context): return [kept for _ in events]
""")
            peer.receive()
            codes, _, parents, outputs, parts = peer.invoke(["x"] * 70)
            self.assertEqual((codes, parents), ([0] * 70, list(range(70))), handler)
            self.assertGreaterEqual(parts, 15)
            self.assertLess(max(len(one[2][0]) for one in outputs), 5 << 20)
            peer.close()

    def test_the_stacks_of_many_failures_come_in_several_results(self):
        peer = Peer(source="def handle(event, context): raise ValueError('x' * 20000)")
        peer.receive()
        codes, failures, _, _, parts = peer.invoke(["x"] * 300)
        self.assertEqual((codes, len(failures), parts >= 3), ([1] * 300, 300, True))
        peer.close()

    def test_a_word_that_is_not_utf8_stops_nobody(self):
        peer = Peer(source="def handle(event, context): return event.content_type")
        peer.receive()
        codes, _, _, outputs, _ = peer.invoke(["x"], content_type=b"text/caf\xe9")
        self.assertEqual(codes, [0])
        self.assertEqual(joined(outputs, 2).decode(), "text/caf\ufffd")
        peer.close()


class TombstonesTest(unittest.TestCase):
    def test_are_made_and_passed_on(self):
        peer = Peer(source="""
import pelton
def handle(event, context):
    return event if not event.has_data else [pelton.Event(None, key="gone"), pelton.Event(b"", key="empty")]
""")
        peer.receive()
        _, _, _, outputs, _ = peer.invoke([""], ["k"], flags=b"\x03")
        self.assertEqual(joined(outputs, 6), b"\x03", "has a key, has no data")
        _, _, _, outputs, _ = peer.invoke(["x"], ["k"])
        self.assertEqual(joined(outputs, 6), b"\x03\x01")
        peer.close()


class OtherHandlersTest(unittest.TestCase):
    def test_coroutines_and_generators_are_run(self):
        for source in ("async def handle(event, context):\n    return [event.text(), 1]",
                       "class C:\n    async def __call__(self, event, context): return [event.text(), 1]\nhandle = C()"):
            peer = Peer(source=source)
            peer.receive()
            codes, _, parents, outputs, _ = peer.invoke(["a", "b"])
            self.assertEqual((codes, parents), ([0, 0], [0, 1]))
            self.assertEqual(joined(outputs, 2), b'["a",1]["b",1]')
            peer.close()
        for word in ("def", "async def"):
            peer = Peer(source=word + " handle(event, context):\n    yield event.text()\n    yield [1]\n    yield None\n")
            peer.receive()
            codes, _, parents, outputs, _ = peer.invoke(["a", "b"])
            self.assertEqual((codes, parents), ([0, 0], [0, 0, 1, 1]))
            self.assertEqual(joined(outputs, 2), b"a[1]b[1]")
            peer.close()

    def test_an_error_within_a_coroutine_fails_its_event(self):
        peer = Peer(source="async def handle(event, context):\n    raise ValueError('x')")
        peer.receive()
        codes, failures, _, _, _ = peer.invoke(["a"])
        self.assertEqual((codes, bytes(failures[0][2][0])), ([1], b"ValueError"))
        peer.close()

    def test_the_wrong_arguments_are_refused_at_the_start(self):
        for source in ("def handle(event): pass", "def handle(a, b, c): pass", "def handle(*, event, context): pass",
                       "handle = 5"):
            peer = Peer(source=source)
            number, failed = peer.receive()
            self.assertEqual(number, 2, source)
            self.assertEqual(bytes(failed[1][0]), b"TypeError")
            self.assertIn("function:handle", bytes(failed[2][0]).decode())
            self.assertEqual(peer.close(), 1)
        for source in ("def handle(*args): pass", "def handle(e, c, more=1): pass", "handle = print"):
            peer = Peer(source=source)
            self.assertEqual(peer.receive()[0], 1, source)
            peer.close()

    def test_what_a_function_starts_gets_neither_descriptors_nor_variables(self):
        peer = Peer(source="""
import os, subprocess
def handle(event, context):
    return subprocess.run("ls /proc/self/fd | wc -l; env | grep PELTON_ | grep -vc PELTON_WORKER=", shell=True, close_fds=False,
                          stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, capture_output=False,
                          stdout=subprocess.PIPE).stdout
""")
        peer.receive()
        codes, failures, _, outputs, _ = peer.invoke(["x"])
        self.assertEqual(codes, [0], failures)
        self.assertEqual(joined(outputs, 2).split(), [b"4", b"0"], "0 to 2, and the folder that is listed")
        peer.close()

    def test_a_batch_handler(self):
        peer = Peer("function:whole")
        self.assertEqual(peer.receive()[1][2][0], 1)
        self.assertEqual(peer.invoke(["x", "raise", "x"], ["a", "b", "b"])[0], [0, 1, 3])
        self.assertEqual(peer.close(), 0)

    def test_an_event_without_data_opens_its_file_whatever_its_name(self):
        peer = Peer("function:opened")
        peer.receive()
        path = os.fsencode(peer.folder.name) + b"/a\xff"
        with open(path, "wb") as file:
            file.write(b"large")
        codes, failures, _, outputs, _ = peer.invoke([""], path=path)
        self.assertEqual((codes, failures), ([0], []))
        self.assertEqual(joined(outputs, 2), b"large of " + repr(os.fsdecode(path)).encode())
        codes, _, _, outputs, _ = peer.invoke(["inline"])
        self.assertEqual(joined(outputs, 2), b"inline of None")
        peer.close()

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
