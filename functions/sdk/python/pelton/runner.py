# SPDX-License-Identifier: Apache-2.0
"""Runs a handler over frames and answers with Results (proto/pelton/v1/worker.proto)."""

from __future__ import annotations

import mmap
import struct
import threading
import time
import traceback

from . import wire
from .errors import Fail, Retry
from .event import Context, IncomingEvent
from .frame import ORDER_KEY, ORDER_NONE, ORDER_PARTITION
from .outputs import Outputs

TYPE_CHECKING = False  # see errors.py
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

DONE, RETRY, FAIL, SKIPPED, UNBLAMED = 0, 1, 2, 3, 4
# Finished events are answered at least so often (seconds), so that they do not wait for slow ones behind them.
FLUSH_AFTER = 0.010
FLUSH_AFTER_NS = 10_000_000
# ... and at least after so many bytes of outputs and stacks, so that no message of many events is too large to send.
FLUSH_BYTES = 1 << 20
_MAX_MESSAGE = 4096
_MAX_DELAY_MS = 24 * 3600 * 1000  # the engine takes no more
_MAX_STACK = 16384

try:
    from . import _loop
except ImportError:
    _loop = None


class Progress:
    """The shared page (worker.proto, "Progress page"): which event is at hand, and which are not to begin."""

    _LIMITS = 2048

    def __init__(self, fd):
        self.page = mmap.mmap(fd, 4096) if fd is not None else bytearray(4096)

    def begin(self, frame, index, events=1):
        """Returns when: :func:`time.monotonic_ns`."""
        now = time.monotonic_ns()
        struct.pack_into("<Q", self.page, 8, 0)
        struct.pack_into("<Q", self.page, 0, frame)
        struct.pack_into("<QQ", self.page, 16, now, events)
        struct.pack_into("<Q", self.page, 8, index + 1)
        return now

    def at_hand(self):
        """(index of the event at hand + 1, when it began)."""
        return struct.unpack_from("<QQ", self.page, 8)

    def end(self):
        struct.pack_into("<Q", self.page, 8, 0)

    def limited(self, frame, index):
        """The event is not to begin. To be asked after begin()."""
        limits = struct.unpack_from("<QQQQ", self.page, self._LIMITS)
        return any(limits[i] == frame and index >= limits[i + 1] for i in (0, 2))


def message_of(error):
    try:
        return str(error)
    except BaseException as worse:  # noqa: BLE001 whatever its __str__ does
        return f"(no message: its __str__ raised {type(worse).__name__})"


def stack_of(error):
    try:
        return "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except BaseException:  # noqa: BLE001 see message_of
        return "".join(traceback.format_tb(error.__traceback__))


def _delay_ms(error):
    """What a Retry asks for, in whole milliseconds; 0: nothing."""
    if not isinstance(error, Retry) or not isinstance(error.after, (int, float)):
        return 0
    return max(1, int(min(error.after * 1000, _MAX_DELAY_MS))) if error.after >= 0 else 0


class Answer:
    """The outcomes of a frame that have not been sent yet."""

    def __init__(self, frame, send):
        self.frame = frame
        self.send = send
        self.first = 0
        self.codes = bytearray()
        self.failed = False
        self.failures = []
        self.failure_bytes = 0
        self.outputs = Outputs(frame)
        self.since = time.monotonic()
        self.error = None
        self.run_first = 0  # where the C loop began
        self.run_sent = 0  # how many of what it has done are sent

    def add(self, code):
        self.codes.append(code)

    def add_done(self, count):
        self.codes += bytes(count)

    def add_failure(self, index, error):
        entry = bytearray()
        wire.put_varint(entry, 1, index)
        wire.put_bytes(entry, 2, type(error).__name__.encode("utf-8", "replace"))
        wire.put_bytes(entry, 3, message_of(error).encode("utf-8", "replace")[:_MAX_MESSAGE])
        # One stack of an error that a batch handler has for many events.
        if error is not self.error:
            wire.put_bytes(entry, 4, stack_of(error).encode("utf-8", "replace")[-_MAX_STACK:])
        self.error = error
        after = _delay_ms(error)
        if after:
            wire.put_varint(entry, 5, after)
        self.failures.append(entry)
        self.failure_bytes += len(entry)
        self.codes.append(FAIL if isinstance(error, Fail) else RETRY)
        self.failed = True

    def add_unblamed(self, count):
        self.codes += bytes([UNBLAMED]) * count

    def add_run(self, done):
        """The C loop is back, having done so many events."""
        self.add_done(done - self.run_sent)
        self.run_sent = 0

    def flush_run(self, index):
        """The same while it is at the event ``index``, which takes long."""
        done = max(self.run_sent, index - self.run_first)
        self.add_done(done - self.run_sent)
        self.run_sent = done
        self.flush()

    def flush(self, gives_back=False):
        if not self.codes and not gives_back:
            return
        result = bytearray()
        wire.put_fixed64(result, 1, self.frame.id)
        wire.put_varint(result, 2, self.first)
        wire.put_varint(result, 3, len(self.codes))
        if any(self.codes):
            wire.put_bytes(result, 4, self.codes)
        for entry in self.failures:
            wire.put_bytes(result, 5, entry)
        if self.outputs.parents:
            parents = self.outputs.parents
            wire.put_bytes(result, 6, struct.pack(f"<{len(parents)}I", *parents))
            if self.outputs.streams:
                for name in self.outputs.streams:
                    wire.put_bytes(result, 8, name.encode())
                wire.put_bytes(result, 9, self.outputs.stream_numbers())
            wire.put_bytes(result, 15, self.outputs.encode())
        if gives_back:
            wire.put_varint(result, 7, 1)
        self.send(3, result)
        self.first += len(self.codes)
        self.codes = bytearray()
        self.failures = []
        self.failure_bytes = 0
        self.outputs.clear()
        self.since = time.monotonic()

    def large(self):
        return self.outputs.size + self.failure_bytes >= FLUSH_BYTES

    def flush_if_due(self):
        if self.large() or time.monotonic() - self.since >= FLUSH_AFTER:
            self.flush()


def _record(kind, frame, index, begun):
    record = kind()
    record._frame = frame
    record._index = index
    record._begun = begun
    return record


class Watch:
    """Sends what is done of a frame while its handler takes long with the next event, from a thread of its own.

    What is done is the main thread's as long as it is not in the handler. So it says when it is, and waits when it
    comes back while something is being sent.
    """

    def __init__(self, progress):
        self.progress = progress
        self.answer = None  # while the handler is called
        self.lock = threading.Lock()
        self.busy = threading.Event()  # a frame of several events is at hand
        self.started = False

    def start(self):
        if not self.started:
            self.started = True
            before = threading.stack_size(256 << 10)  # it counts as the function's memory
            threading.Thread(target=self._run, name="pelton-watch", daemon=True).start()
            threading.stack_size(before)
        self.busy.set()

    def stop(self):
        self.busy.clear()

    def enter(self, answer):
        self.answer = answer

    def leave(self):
        self.answer = None
        if self.lock.locked():
            with self.lock:
                pass

    def _run(self):
        while True:
            self.busy.wait()
            time.sleep(FLUSH_AFTER)
            with self.lock:
                self._look()

    def _look(self):
        answer = self.answer
        index, begun = self.progress.at_hand()
        if answer is not None and index > 0 and time.monotonic_ns() - begun >= FLUSH_AFTER_NS:
            answer.flush_run(index - 1)


class Runner:
    """Gives each event of a frame to the handler, in order, and keeps the order of keys after a failure."""

    def __init__(self, handler: Callable[..., Any], progress_fd: Optional[int],
                 send: Callable[[int, bytearray], None]) -> None:
        self.handler = handler
        self.batch = getattr(handler, "pelton_batch", False)
        self.send = send
        self.progress = Progress(progress_fd)
        self.watch = Watch(self.progress)
        self.watched = progress_fd is not None and not self.batch
        self.fast = _loop is not None and self.watched
        if self.fast:
            _loop.open_progress(progress_fd)

    def run(self, frame: Any) -> None:
        answer = Answer(frame, self.send)
        if self.batch:
            self._run_batch(frame, answer)
        elif frame.count > 1 and self.watched:
            self.watch.start()
            self._run_events(frame, answer)
            self.watch.stop()
        else:
            self._run_events(frame, answer)
        answer.flush()
        # Only now: should the answer not get through, the last event is the one to look at.
        self.progress.end()

    def _run_events(self, frame, answer):
        index, failed_keys = 0, None
        while index < frame.count:
            if self.fast and failed_keys is None:
                # The C loop goes on while the handler returns None, then hands back what it could not do.
                done, value, error = self._run_fast(frame, index, answer)
                index += done
                if value is None and error is None:
                    if index < frame.count and self.progress.limited(frame.id, index):
                        return answer.flush(gives_back=True)
                    answer.flush_if_due()
                    continue
                if error is None:
                    error = self._output(answer, value, index)
            else:
                begun = self.progress.begin(frame.id, index)
                if self.progress.limited(frame.id, index):
                    return answer.flush(gives_back=True)
                if failed_keys is not None and self._held_back(frame, index, failed_keys):
                    answer.add(SKIPPED)
                    index += 1
                    continue
                error = self._one(frame, index, answer, begun)
            if error is not None:
                answer.add_failure(index, error)
                failed_keys = self._hold_back(frame, index, failed_keys)
            index += 1
            answer.flush_if_due()

    def _run_fast(self, frame, index, answer):
        watch = self.watch
        answer.run_first = index
        watch.answer = answer  # enter() and leave() without calls: this is done for each event that makes another
        done, value, error = _loop.run(self.handler, IncomingEvent, Context, frame, frame.id, index, frame.count,
                                       FLUSH_AFTER_NS)
        watch.answer = None
        if watch.lock.locked():
            watch.leave()
        if done:
            answer.add_run(done)
        return done, value, error

    def _one(self, frame, index, answer, begun):
        answer.run_first = index
        self.watch.enter(answer)
        try:
            value = self.handler(_record(IncomingEvent, frame, index, begun), _record(Context, frame, index, begun))
        except BaseException as error:  # noqa: BLE001 whatever the function raises is a failed attempt
            return error
        finally:
            self.watch.leave()
        return self._output(answer, value, index)

    @staticmethod
    def _output(answer, value, index):
        try:
            answer.outputs.add_value(value, index)
        except BaseException as error:  # noqa: BLE001 a value that cannot be encoded fails its event
            return error
        answer.add(DONE)
        return None

    @staticmethod
    def _hold_back(frame, index, failed_keys):
        if frame.order == ORDER_NONE:
            return failed_keys
        failed_keys = set() if failed_keys is None else failed_keys
        if frame.order == ORDER_KEY and frame.flag(index) & 1:
            failed_keys.add(frame.key.at(index))
        return failed_keys

    @staticmethod
    def _held_back(frame, index, failed_keys):
        if frame.order == ORDER_PARTITION:
            return True
        return bool(frame.flag(index) & 1) and frame.key.at(index) in failed_keys

    def _run_batch(self, frame, answer):
        begun = self.progress.begin(frame.id, 0, frame.count)
        if self.progress.limited(frame.id, 0):
            return answer.flush(gives_back=True)
        try:
            values = self._call_batch(frame, begun)
        except BaseException as error:  # noqa: BLE001 fails the frame
            if frame.count > 1 and not isinstance(error, Retry):
                return answer.add_unblamed(frame.count)
            values = [error] * frame.count
        failed_keys = None
        for index, value in enumerate(values):
            error = value if isinstance(value, BaseException) else None
            if failed_keys is not None and self._held_back(frame, index, failed_keys):
                answer.add(SKIPPED)
                continue
            if error is None:
                error = self._output(answer, value, index)
            if error is not None:
                answer.add_failure(index, error)
                failed_keys = self._hold_back(frame, index, failed_keys)
            if answer.large():
                answer.flush()

    def _call_batch(self, frame, begun):
        events = [_record(IncomingEvent, frame, index, begun) for index in range(frame.count)]
        values = self.handler(events, _record(Context, frame, 0, begun))
        if values is None:
            return [None] * frame.count
        if len(values) != frame.count:
            raise ValueError(f"the batch handler returned {len(values)} outcomes for {frame.count} events")
        return values
