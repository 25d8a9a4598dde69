# SPDX-License-Identifier: Apache-2.0
"""Turns what handlers return into the output batch of a Result."""

import json
import struct

from . import wire
from .event import Event, IncomingEvent


def _bytes(value):
    return value.encode() if isinstance(value, str) else bytes(value)


def _content(value):
    """(bytes, content type or None) of the data that a function gave."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value), None
    if isinstance(value, str):
        return value.encode(), None
    return json.dumps(value, separators=(",", ":")).encode(), "application/json"


class _Column:
    """A blob and its ends."""

    def __init__(self):
        self.parts = []
        self.ends = []
        self.size = 0

    def add(self, value):
        self.parts.append(value)
        self.size += len(value)
        self.ends.append(self.size)

    def write(self, out, number):
        if self.size:
            wire.put_bytes(out, number, b"".join(self.parts))
            wire.put_bytes(out, number + 1, struct.pack(f"<{len(self.ends)}I", *self.ends))


class Outputs:
    """Collects the outputs of a frame, with the event that each belongs to."""

    def __init__(self, frame):
        self.frame = frame
        self.clear()

    def clear(self):
        self.parents = []
        self.data, self.key, self.subject, self.ids, self.headers = (_Column() for _ in range(5))
        self.flags = bytearray()
        self.times = []
        self.words = {"": 0}
        self.types, self.sources, self.content_types = [], [], []

    def add_value(self, value, index):
        """Adds what the handler returned for event ``index``."""
        if value is None:
            return
        if isinstance(value, (Event, IncomingEvent)):
            events = [value]
        elif isinstance(value, (list, tuple)) and value and all(
                isinstance(one, (Event, IncomingEvent)) for one in value):
            events = value
        elif isinstance(value, (list, tuple)) and not value:
            return
        else:
            events = [Event(value)]
        # Encoded before added, so that a value that is not JSON leaves nothing half done.
        ready = [(one, *_content(one.data)) for one in events]
        for event, data, content_type in ready:
            self._add(event, data, content_type, index)

    def _add(self, event, data, content_type, index):
        frame = self.frame
        self.parents.append(index)
        self.data.add(data)
        key = event.key
        if key is None and frame.flag(index) & 1:
            key = frame.key.at(index)
        self.key.add(b"" if key is None else _bytes(key))
        self.flags.append(0 if key is None else 1)
        subject = event.subject
        self.subject.add(frame.subject.at(index) if subject is None else _bytes(subject))
        incoming = isinstance(event, IncomingEvent)
        self.ids.add(b"" if incoming else _bytes(event.id or ""))
        self.headers.add(self._headers(event.headers))
        at = None if incoming else event.time
        self.times.append(int((frame.received if at is None else at) * 1e6))
        self.types.append(self._word(event.type, frame.word(frame.types, index)))
        self.sources.append(self._word(None if incoming else event.source,
                                       "function/" + frame.worker.function))
        self.content_types.append(self._word(event.content_type or content_type,
                                             frame.word(frame.content_types, index)))

    def _word(self, given, default):
        return self.words.setdefault(default if given is None else given, len(self.words))

    @staticmethod
    def _headers(headers):
        if not headers:
            return b""
        out = bytearray()
        for name, value in headers.items() if isinstance(headers, dict) else headers:
            one = bytearray()
            wire.put_bytes(one, 1, _bytes(name))
            wire.put_bytes(one, 2, _bytes(value))
            wire.put_bytes(out, 1, one)
        return bytes(out)

    def encode(self):
        """The EventBatch of all that was added (something was)."""
        count = len(self.parents)
        out = bytearray()
        wire.put_varint(out, 1, count)
        self.data.write(out, 2)
        self.key.write(out, 4)
        if any(self.flags):
            wire.put_bytes(out, 6, bytes(self.flags))
        wire.put_bytes(out, 7, struct.pack(f"<{count}q", *self.times))
        for word in self.words:
            wire.put_bytes(out, 8, word.encode())
        for number, column in ((9, self.types), (10, self.sources), (11, self.content_types)):
            wire.put_bytes(out, number, struct.pack(f"<{count}I", *column))
        self.subject.write(out, 12)
        self.ids.write(out, 14)
        self.headers.write(out, 16)
        return bytes(out)
