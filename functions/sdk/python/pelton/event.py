# SPDX-License-Identifier: Apache-2.0
"""What a handler sees: events and their context."""

from __future__ import annotations

import io as _io
import json as _json
import logging as _logging
import os as _os
import time as _time

TYPE_CHECKING = False  # see errors.py
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Callable, Iterable, List, Mapping, Optional, Tuple, TypeVar, Union

    from .frame import Frame

    Headers = Union[Mapping[str, Union[bytes, str]], Iterable[Tuple[str, Union[bytes, str]]]]
    Handler = TypeVar("Handler", bound=Callable[..., Any])

    class Record:
        _frame: Frame
        _index: int
        _begun: int

else:
    try:
        from ._loop import Record
    except ImportError:

        class Record:
            """An event of a frame: the frame, an index into it, and when it began (:func:`time.monotonic_ns`). The
            C loop has one of its own."""

            __slots__ = ("_frame", "_index", "_begun")


class Event:
    """An event that a handler makes. What is ``None`` is taken from the event that it was made from.

    :param data: ``bytes``; ``str`` is encoded as UTF-8, anything else as JSON; ``None`` makes a tombstone, an event
        without a value.
    :param key: ``bytes`` or ``str``: events of one key keep their order.
    :param subject, type, source, content_type, id: CloudEvents attributes, ``str``.
    :param headers: a dict, or a list of (name, value) pairs; values ``bytes`` or ``str``.
    :param time: Unix time in seconds.
    :param stream: one of the streams in the binding's ``to``, ``str``; ``None`` is the first of them. Any other fails the
        event that it was made from.

    A value of another kind fails the event that it was made from, when it is returned.
    """

    __slots__ = ("data", "key", "subject", "type", "source", "content_type", "id", "headers", "time",
                 "stream")

    def __init__(self, data: Any = b"", *, key: Union[bytes, str, None] = None, subject: Optional[str] = None,
                 type: Optional[str] = None, source: Optional[str] = None, content_type: Optional[str] = None,
                 id: str = "", headers: Optional[Headers] = None, time: Optional[float] = None,
                 stream: Optional[str] = None) -> None:
        self.data = data
        self.key = key
        self.subject = subject
        self.type = type
        self.source = source
        self.content_type = content_type
        self.id = id
        self.headers = headers
        self.time = time
        self.stream = stream


class IncomingEvent(Record):
    """An event given to a handler. Its attributes are read from the frame when they are asked for.

    Do not keep it beyond the call with the whole frame behind it; keep what you need of it.
    """

    __slots__ = ()

    @property
    def data(self) -> bytes:
        """``bytes``; empty for a tombstone (see :attr:`has_data`)."""
        return self._frame.data.at(self._index)

    @property
    def has_data(self) -> bool:
        """False for a tombstone: an event without a value, as Kafka has them."""
        return not self._frame.flag(self._index) & 2

    @property
    def key(self) -> Optional[bytes]:
        """``bytes``, or ``None`` for an event without a key."""
        frame, index = self._frame, self._index
        return frame.key.at(index) if frame.flag(index) & 1 else None

    @property
    def id(self) -> str:
        """CloudEvents id; an event without one is named by its place."""
        given = self._frame.ids.at(self._index)
        return given.decode("utf-8", "replace") if given else self._frame.place(self._index)

    @property
    def subject(self) -> str:
        return self._frame.subject.at(self._index).decode("utf-8", "replace")

    @property
    def type(self) -> str:
        return self._frame.word(self._frame.types, self._index)

    @property
    def source(self) -> str:
        return self._frame.word(self._frame.sources, self._index)

    @property
    def content_type(self) -> str:
        return self._frame.word(self._frame.content_types, self._index)

    @property
    def time(self) -> float:
        """Unix time in seconds, a float."""
        return self._frame.time_us(self._index) / 1e6

    @property
    def headers(self) -> List[Tuple[str, bytes]]:
        """A list of (name, value) pairs, ``str`` and ``bytes``, in their order; names may repeat."""
        return self._frame.header_list(self._index)

    def header(self, name: str, default: Optional[str] = None) -> Optional[str]:
        """The first header of that name as ``str``."""
        for known, value in self.headers:
            if known == name:
                return value.decode("utf-8", "replace")
        return default

    @property
    def path(self) -> Optional[str]:
        """The path of the event's file, or ``None``; bytes that are not UTF-8 survive, see :func:`os.fsdecode`."""
        for known, value in self.headers:
            if known == "path":
                return _os.fsdecode(value)
        return None

    def open(self) -> BinaryIO:
        """The data as a binary file; that of an event without data is the file at :attr:`path`.

        A connector sends only the path of a file above its ``inline_limit``. The path comes from a header: whoever may
        write to the stream chooses which file is opened.
        """
        if self.has_data or self.path is None:
            return _io.BytesIO(self.data)
        return open(self.path, "rb")

    @property
    def context(self) -> Context:
        """What surrounds this event; a batch handler finds each event's attempt and idempotency key there."""
        made = Context()
        made._frame, made._index, made._begun = self._frame, self._index, self._begun
        return made

    def text(self) -> str:
        """The data as UTF-8 text."""
        return self.data.decode("utf-8")

    def json(self) -> Any:
        """The data as JSON."""
        return _json.loads(self.data)

    def __repr__(self) -> str:
        return f"<event {self._frame.place(self._index)} {self.type}>"


class Context(Record):
    """What surrounds the event at hand."""

    __slots__ = ()

    @property
    def attempt(self) -> int:
        """Number of this delivery, from 1."""
        return self._frame.attempt(self._index)

    @property
    def idempotency_key(self) -> str:
        """The same in every delivery of this event: attempts, restarts and replays."""
        return self._frame.idempotency_key(self._index)

    @property
    def deadline(self) -> float:
        """Unix time in seconds when this call's time is over."""
        return _time.time() + self._left()

    def remaining(self) -> float:
        """Seconds until this call's time is over; 0 when it is."""
        return max(0.0, self._left())

    def _left(self) -> float:
        return self._frame.worker.timeout - (_time.monotonic_ns() - self._begun) / 1e9

    @property
    def stream(self) -> str:
        return self._frame.stream

    @property
    def partition(self) -> int:
        return self._frame.partition

    @property
    def offset(self) -> int:
        return self._frame.offset(self._index)

    @property
    def binding(self) -> str:
        return self._frame.binding

    @property
    def function(self) -> str:
        return self._frame.worker.function

    @property
    def logger(self) -> _logging.Logger:
        """A standard logger; what it writes stands in the engine's log with this event's place."""
        return _logging.getLogger(self._frame.worker.function)


def batch(handler: Handler) -> Handler:
    """Marks a handler that takes all events of a frame at once: ``handle(events, context)``.

    It returns ``None`` (all done) or a list with one entry an event, in order: what a plain handler would return,
    or an exception (not raised) for an event that failed. When it raises for several events, they come again in
    halves until the one that makes it raise is alone; only that is a failed attempt. A raised :class:`Retry` is one of
    all events. The context is that of the first event; each event has its own as ``event.context``.
    """
    handler.pelton_batch = True  # type: ignore[attr-defined]
    return handler
