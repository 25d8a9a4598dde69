# SPDX-License-Identifier: Apache-2.0
"""Turns what handlers return into the output batch of a Result."""

import json
from array import array
from itertools import accumulate

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

    def __init__(self, frame):
        self.frame = frame
        self.clear()

    def clear(self):
        self.parents = []  # of each output: the index of its event in the frame,
        self.data = []  # its bytes,
        self.content_types = []  # and its content type, None for that of its event
        self.events = {}  # those that a function made as events, by their position

    def add_value(self, value, index):
        """Adds what the handler returned for event ``index``."""
        if value is None:
            return
        if isinstance(value, (Event, IncomingEvent)):
            return self._add_events((value,), index)
        if isinstance(value, (list, tuple)):
            if not value:
                return
            if all(isinstance(one, (Event, IncomingEvent)) for one in value):
                return self._add_events(value, index)
        self._add(*_content(value), index)

    def _add(self, data, content_type, index):
        self.parents.append(index)
        self.data.append(data)
        self.content_types.append(content_type)

    def _add_events(self, events, index):
        # Encoded before added, so that a value that is not JSON leaves nothing half done.
        ready = [(event, self._said_by(event), *_content(event.data)) for event in events]
        for event, said, data, content_type in ready:
            self.events[len(self.parents)] = said
            self._add(data, event.content_type or content_type, index)

    @staticmethod
    def _said_by(event):
        """What the event says of itself, None where it says nothing: key, subject, type, source, id, headers, time."""
        incoming = isinstance(event, IncomingEvent)
        return (None if event.key is None else _bytes(event.key),
                None if event.subject is None else _bytes(event.subject),
                event.type,
                None if incoming else event.source,
                b"" if incoming else _bytes(event.id or ""),
                _headers(event.headers),
                None if incoming or event.time is None else int(event.time * 1e6))

    def _said(self, which, default):
        """One attribute of all outputs, ``default(parent)`` where they do not say."""
        values = [default(parent) for parent in self.parents]
        for position, said in self.events.items():
            if said[which] is not None:
                values[position] = said[which]
        return values

    def encode(self):
        """The EventBatch of all that was added (something was)."""
        frame, parents = self.frame, self.parents
        flags = [frame.flag(parent) & 1 for parent in parents] if len(frame.flags) else [0] * len(parents)
        keys = self._said(0, frame.key.at)
        for position, said in self.events.items():
            if said[0] is not None:
                flags[position] = 1
        words = {"": 0}

        def column(values):
            return [words.setdefault(value, len(words)) for value in values]

        types = column(self._said(2, lambda parent: frame.word(frame.types, parent)))
        own = "function/" + frame.worker.function
        sources = column(self._said(3, lambda _: own))
        content_types = column(frame.word(frame.content_types, parent) if given is None else given
                               for parent, given in zip(parents, self.content_types))
        now = int(frame.received * 1e6)
        times = self._said(6, lambda _: now)
        out = bytearray()
        wire.put_varint(out, 1, len(parents))
        _put_blob(out, 2, self.data)
        _put_blob(out, 4, keys)
        if any(flags):
            wire.put_bytes(out, 6, b"\1" if all(flags) else bytes(flags))
        _put_column(out, 7, times, "q")
        for word in words:
            wire.put_bytes(out, 8, word.encode())
        for number, indices in ((9, types), (10, sources), (11, content_types)):
            _put_column(out, number, indices, "I")
        if frame.subject.ends is not None or self.events:
            _put_blob(out, 12, self._said(1, frame.subject.at))
        if self.events:
            _put_blob(out, 14, self._said(4, lambda _: b""))
            _put_blob(out, 16, self._said(5, lambda _: b""))
        return bytes(out)
