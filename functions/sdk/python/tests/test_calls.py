# SPDX-License-Identifier: Apache-2.0
"""Batch handlers and slow events: see test_worker.py."""

import os
import pathlib
import struct
import unittest

from peer import Peer, joined


class BatchTest(unittest.TestCase):
    SOURCE = """
import pelton
@pelton.batch
def raises(events, context): raise ValueError("all of it")
@pelton.batch
def later(events, context): raise pelton.Retry(after=2)
@pelton.batch
def one_error(events, context):
    error = ValueError("x")
    return [error for _ in events]
@pelton.batch
def contexts(events, context):
    return ["%d %d %s" % (e.context.attempt, e.context.offset, e.context.idempotency_key) for e in events]
"""

    def peer(self, handler):
        peer = Peer("function:" + handler, source=self.SOURCE)
        peer.receive()
        self.addCleanup(peer.close)
        return peer

    def test_what_it_raises_for_several_events_is_nobodys_failure(self):
        peer = self.peer("raises")
        codes, failures, _, _, _ = peer.invoke(["a", "b", "c"])
        self.assertEqual((codes, failures), ([4, 4, 4], []))
        codes, failures, _, _, _ = peer.invoke(["a"])
        self.assertEqual((codes, [bytes(f[3][0]) for f in failures]), ([1], [b"all of it"]))

    def test_a_retry_that_it_raises_is_one_of_all_events(self):
        codes, failures, _, _, _ = self.peer("later").invoke(["a", "b"])
        self.assertEqual((codes, [f[5][0] for f in failures]), ([1, 1], [2000, 2000]))

    def test_one_error_for_many_events_has_one_stack(self):
        codes, failures, _, _, _ = self.peer("one_error").invoke(["x"] * 500)
        self.assertEqual(codes, [1] * 500)
        self.assertEqual(sum(4 in f for f in failures), 1)
        self.assertTrue(all(bytes(f[3][0]) == b"x" for f in failures))

    def test_each_event_has_its_context(self):
        _, _, _, outputs, _ = self.peer("contexts").invoke(["a", "b"])
        self.assertEqual(joined(outputs, 2).decode(), "1 100 b/s/7/2/1001 101 b/s/7/2/101")


class SlowEventTest(unittest.TestCase):
    """What is done is sent, and what has not begun given back, while a handler takes long."""

    SOURCE = """
import pathlib, time
gate = pathlib.Path(__file__).parent / "gate"
def handle(event, context):
    text = event.text()
    if text == "wait":
        while not gate.exists(): time.sleep(0.001)
    if text == "out": return "made"
    if text == "raise": raise ValueError("no")
    if text == "left":
        time.sleep(0.03)
        return "%.3f" % context.remaining()
"""

    def setUp(self):
        self.peer = Peer(source=self.SOURCE)
        self.peer.receive()
        self.addCleanup(self.peer.close)

    def open_gate(self):
        pathlib.Path(self.peer.folder.name, "gate").touch()

    def result(self):
        """(first, codes, gives back) of the next Result."""
        number, result = self.peer.receive()
        self.assertEqual(number, 3)
        count = result.get(3, [0])[0]
        return result.get(2, [0])[0], list(bytes(result[4][0])) if 4 in result else [0] * count, 7 in result

    def rest(self):
        """The codes of all results until the one that gives the rest back."""
        codes, gives_back = [], False
        while not gives_back:
            _, more, gives_back = self.result()
            codes += more
        return codes

    def limit(self, which, frame, index):
        os.pwrite(self.peer.progress, struct.pack("<QQ", frame, index), 2048 + 16 * which)

    def test_what_is_done_is_sent(self):
        for before in (["x", "x"], ["out", "x", "x"], ["raise", "x", "x"]):
            self.peer.start_invoke(before + ["wait", "x"])
            codes = [1 if text == "raise" else 0 for text in before]
            self.assertEqual(self.result(), (0, codes, False), before)
            self.open_gate()
            self.assertEqual(self.result(), (len(before), [0, 0], False), before)
            os.unlink(os.path.join(self.peer.folder.name, "gate"))

    def test_nothing_begins_beyond_a_limit(self):
        for before in ([], ["raise"]):
            self.peer.start_invoke(before + ["wait", "x", "x"])
            if before:
                self.result()
            else:
                self.peer.at_hand(1)
            self.limit(0, 99, 0)
            self.limit(1, self.peer.frame_id, len(before) + 1)
            self.open_gate()
            self.assertEqual(self.rest(), [0], before)
            self.limit(1, 0, 0)
            os.unlink(os.path.join(self.peer.folder.name, "gate"))

    def test_a_frame_that_is_wanted_back_ends_at_once(self):
        self.limit(0, self.peer.frame_id, 0)
        self.peer.start_invoke(["x", "x"])
        self.assertEqual(self.result(), (0, [], True))

    def test_the_time_that_is_left_is_that_of_the_event(self):
        _, _, _, outputs, _ = self.peer.invoke(["x", "left", "left"])
        text = joined(outputs, 2).decode()
        for left in (text[:6], text[6:]):
            self.assertTrue(29.5 < float(left) < 29.971, left)


if __name__ == "__main__":
    unittest.main()
