# SPDX-License-Identifier: Apache-2.0
"""Turns what handlers return into the output batch of a Result."""

from __future__ import annotations

import json
from array import array
from itertools import accumulate

from . import wire
from .event import Event, IncomingEvent

TYPE_CHECKING = False  # see errors.py
if TYPE_CHECKING:
    from typing import Any


# What the events that one event makes may have together: the engine takes messages of up to 64 MiB.
MAX_EVENT_BYTES = 60 << 20
# Names of streams that the outputs of a frame may have, and bytes of each.
_MAX_STREAMS, _MAX_STREAM = 1000, 255
# Of 0001-01-01 and 9999-12-31, as RFC 3339 can write them.
_FIRST_TIME, _LAST_TIME = -62135596800, 253402300799


def _bytes(value, what):
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"{what} must be bytes or str, not {type(value).__name__}")


def _text(value, what):
    """A str that UTF-8 can hold, or None."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{what} must be str, not {type(value).__name__}")
    value.encode()
    return value


def _stream(value):
    name = _text(value, "stream")
    if name is not None and not 0 < len(name.encode()) <= _MAX_STREAM:
        raise ValueError(f"stream must be the name of a stream, not {name[:100]!r}")
    return name


def _time_us(value):
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"time must be Unix time in seconds, not {type(value).__name__}")
    if not _FIRST_TIME <= value <= _LAST_TIME:
        raise ValueError(f"time must be Unix time in seconds, between the years 1 and 9999, not {value}")
    return int(value * 1e6)


def _content(value):
    """(bytes, content type or None) of the data that a function gave."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value), None
    if isinstance(value, str):
        return value.encode(), None
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode(), "application/json"


def _headers(headers):
    if not headers:
        return b""
    out = bytearray()
    for name, value in headers.items() if isinstance(headers, dict) else headers:
        one = bytearray()
        wire.put_bytes(one, 1, _text(name, "the name of a header").encode())
        wire.put_bytes(one, 2, _bytes(value, f"the header {name}"))
        wire.put_bytes(out, 1, one)
    return bytes(out)


class Said:
    """What an event says of itself, encoded; None where it says nothing."""

    __slots__ = ("key", "subject", "type", "source", "id", "headers", "time_us", "tombstone", "stream")

    def __init__(self, event):
        incoming = isinstance(event, IncomingEvent)
        self.key = None if event.key is None else _bytes(event.key, "key")
        subject = _text(event.subject, "subject")
        self.subject = None if subject is None else subject.encode()
        self.type = _text(event.type, "type")
        self.source = None if incoming else _text(event.source, "source")
        self.id = b"" if incoming else (_text(event.id, "id") or "").encode()
        self.headers = _headers(event.headers)
        self.time_us = None if incoming else _time_us(event.time)
        self.stream = None if incoming else _stream(event.stream)
        self.tombstone = not event.has_data if incoming else event.data is None

    def size(self):
        return len(self.key or b"") + len(self.subject or b"") + len(self.id) + len(self.headers)


class Many(list):
    """The values that a generator made: an output each, whatever they are."""


def _put_blob(out, number, values):
    """Values of variable length and their ends; nothing where all are empty."""
    joined = b"".join(values)
    if joined:
        wire.put_bytes(out, number, joined)
        wire.put_bytes(out, number + 1, array("I", accumulate(map(len, values))).tobytes())


def _put_column(out, number, values, code):
    """An entry an event, one where all agree, none where that is the default."""
    if values.count(values[0]) == len(values):
        values = values[:1] if values[0] else []
    if values:
        wire.put_bytes(out, number, array(code, values).tobytes())


class Outputs:
    """Collects the outputs of a frame, with the event that each belongs to. What an output does not say itself is taken
    from its event when all of them are encoded."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self.clear()

    def clear(self):
        self.parents = []  # of each output: the index of its event in the frame,
        self.data = []  # its bytes,
        self.content_types = []  # and its content type, None for that of its event
        self.streams = {}  # streams that are named, and their numbers, from 1
        self.events = {}  # what those say that a function made as events, by their position
        self.size = 0  # bytes, about

    def add_value(self, value: Any, index: int) -> None:
        """Adds what the handler returned for event ``index``: all of it, or nothing and an exception."""
        if value is None:
            return
        if isinstance(value, Many):
            values = [one for one in value if one is not None]
        elif isinstance(value, (list, tuple)) and all(isinstance(one, (Event, IncomingEvent)) for one in value):
            values = value
        else:
            values = (value,)
        # Encoded before any is added, so that a value that cannot be leaves nothing half done.
        ready = [self._encoded(one) for one in values]
        size = sum(len(data) + (said.size() if said else 0) for data, _, said in ready)
        if size > MAX_EVENT_BYTES:
            raise ValueError(f"the outputs of one event are {size} bytes; the most is {MAX_EVENT_BYTES}")
        names = {said.stream for _, _, said in ready if said and said.stream is not None}
        if len(names.union(self.streams)) > _MAX_STREAMS:
            raise ValueError(f"the outputs of a frame name more than {_MAX_STREAMS} streams")
        for name in names:
            self.streams.setdefault(name, len(self.streams) + 1)
        self.size += size
        for data, content_type, said in ready:
            if said is not None:
                self.events[len(self.parents)] = said
            self.parents.append(index)
            self.data.append(data)
            self.content_types.append(content_type)

    @staticmethod
    def _encoded(value):
        """(data, content type, what it says of itself) of one output."""
        if not isinstance(value, (Event, IncomingEvent)):
            return (*_content(value), None)
        said = Said(value)
        data, content_type = (b"", None) if said.tombstone else _content(value.data)
        return data, _text(value.content_type, "content_type") or content_type, said

    def stream_numbers(self):
        """Of each output, the number of the stream that it names; 0: none."""
        numbers = array("I", bytes(4 * len(self.parents)))
        for position, said in self.events.items():
            if said.stream is not None:
                numbers[position] = self.streams[said.stream]
        return numbers.tobytes()

    def _said(self, which, default):
        """One attribute of all outputs, ``default(parent)`` where they do not say."""
        values = [default(parent) for parent in self.parents]
        for position, said in self.events.items():
            own = getattr(said, which)
            if own is not None:
                values[position] = own
        return values

    def encode(self) -> bytes:
        """The EventBatch of all that was added (something was)."""
        frame, parents = self.frame, self.parents
        flags = [frame.flag(parent) & 1 for parent in parents] if len(frame.flags) else [0] * len(parents)
        keys = self._said("key", frame.key.at)
        for position, said in self.events.items():
            if said.key is not None:
                flags[position] = 1
            if said.tombstone:
                flags[position] |= 2
        words = {"": 0}

        def column(values):
            return [words.setdefault(value, len(words)) for value in values]

        types = column(self._said("type", lambda parent: frame.word(frame.types, parent)))
        own = "function/" + frame.worker.function
        sources = column(self._said("source", lambda _: own))
        content_types = column(frame.word(frame.content_types, parent) if given is None else given
                               for parent, given in zip(parents, self.content_types))
        now = int(frame.received * 1e6)
        times = self._said("time_us", lambda _: now)
        out = bytearray()
        wire.put_varint(out, 1, len(parents))
        _put_blob(out, 2, self.data)
        _put_blob(out, 4, keys)
        if any(flags):
            wire.put_bytes(out, 6, bytes(flags[:1] if flags.count(flags[0]) == len(flags) else flags))
        _put_column(out, 7, times, "q")
        for word in words:
            wire.put_bytes(out, 8, word.encode())
        for number, indices in ((9, types), (10, sources), (11, content_types)):
            _put_column(out, number, indices, "I")
        if frame.subject.ends is not None or self.events:
            _put_blob(out, 12, self._said("subject", frame.subject.at))
        if self.events:
            _put_blob(out, 14, self._said("id", lambda _: b""))
            _put_blob(out, 16, self._said("headers", lambda _: b""))
        return bytes(out)
