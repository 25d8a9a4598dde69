# SPDX-License-Identifier: Apache-2.0
"""Runs a handler over frames and answers with Results (proto/pelton/v1/worker.proto)."""

from __future__ import annotations

import mmap
import struct
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

DONE, RETRY, FAIL, SKIPPED = 0, 1, 2, 3
# Finished events are answered at least so often (seconds), so that they do not wait for slow ones behind them.
FLUSH_AFTER = 0.010
# ... and at least after so many bytes of outputs and stacks, so that no message of many events is too large to send.
FLUSH_BYTES = 1 << 20
_MAX_MESSAGE = 4096
_MAX_DELAY_MS = 365 * 24 * 3600 * 1000  # the engine takes no more
_MAX_STACK = 16384

try:
    from . import _loop
except ImportError:
    _loop = None


class Progress:
    """The shared page that tells the engine which event is at hand."""

    def __init__(self, fd):
        self.page = mmap.mmap(fd, 4096) if fd is not None else bytearray(4096)

    def begin(self, frame, index):
        struct.pack_into("<QQ", self.page, 0, frame, index + 1)

    def end(self):
        struct.pack_into("<Q", self.page, 8, 0)


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

    def add(self, code):
        self.codes.append(code)

    def add_done(self, count):
        self.codes += bytes(count)

    def add_failure(self, index, error):
        entry = bytearray()
        wire.put_varint(entry, 1, index)
        wire.put_bytes(entry, 2, type(error).__name__.encode("utf-8", "replace"))
        wire.put_bytes(entry, 3, message_of(error).encode("utf-8", "replace")[:_MAX_MESSAGE])
        wire.put_bytes(entry, 4, stack_of(error).encode("utf-8", "replace")[-_MAX_STACK:])
        after = _delay_ms(error)
        if after:
            wire.put_varint(entry, 5, after)
        self.failures.append(entry)
        self.failure_bytes += len(entry)
        self.codes.append(FAIL if isinstance(error, Fail) else RETRY)
        self.failed = True

    def flush(self):
        if not self.codes:
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
            wire.put_bytes(result, 15, self.outputs.encode())
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


def _record(kind, frame, index):
    record = kind()
    record._frame = frame
    record._index = index
    return record


class Runner:
    """Gives each event of a frame to the handler, in order, and keeps the order of keys after a failure."""

    def __init__(self, handler: Callable[..., Any], progress_fd: Optional[int],
                 send: Callable[[int, bytearray], None]) -> None:
        self.handler = handler
        self.batch = getattr(handler, "pelton_batch", False)
        self.send = send
        self.progress = Progress(progress_fd)
        self.fast = _loop is not None and not self.batch and progress_fd is not None
        if self.fast:
            _loop.open_progress(progress_fd)

    def run(self, frame: Any) -> None:
        answer = Answer(frame, self.send)
        if self.batch:
            self._run_batch(frame, answer)
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
                done, value, error = _loop.run(self.handler, IncomingEvent, Context, frame, frame.id,
                                               index, frame.count, int(FLUSH_AFTER * 1e9))
                answer.add_done(done)
                index += done
                if value is None and error is None:
                    answer.flush_if_due()
                    continue
                if error is None:
                    error = self._output(answer, value, index)
            elif failed_keys is not None and self._held_back(frame, index, failed_keys):
                answer.add(SKIPPED)
                index += 1
                continue
            else:
                error = self._one(frame, index, answer)
            if error is not None:
                answer.add_failure(index, error)
                failed_keys = self._hold_back(frame, index, failed_keys)
            index += 1
            answer.flush_if_due()

    def _one(self, frame, index, answer):
        self.progress.begin(frame.id, index)
        try:
            value = self.handler(_record(IncomingEvent, frame, index), _record(Context, frame, index))
        except BaseException as error:  # noqa: BLE001 whatever the function raises is a failed attempt
            return error
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
        self.progress.begin(frame.id, 0)
        events = [_record(IncomingEvent, frame, index) for index in range(frame.count)]
        try:
            values = self.handler(events, _record(Context, frame, 0))
            if values is None:
                values = [None] * frame.count
            if len(values) != frame.count:
                raise ValueError(f"the batch handler returned {len(values)} outcomes for {frame.count} events")
        except BaseException as error:  # noqa: BLE001 fails the frame
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
