# SPDX-License-Identifier: Apache-2.0
"""Runs a handler as a worker would, without an engine::

    import pelton
    from pelton import testing

    def test_hot_reading():
        outcome = testing.invoke(handle, pelton.Event({"celsius": 91}, key="boiler-1"))
        assert outcome.done
        assert outcome.outputs[0].json() == {"alert": "too hot"}
        assert outcome.outputs[0].key == b"boiler-1"

The events pass through the worker's own code: a value that could not be stored, a handler with the wrong arguments or a
failed event that holds back its key behave as they do in production. Time-outs and memory limits are the engine's and do
not apply.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Iterable, List, Optional

from . import wire
from .event import Context, Event, IncomingEvent
from .frame import ORDER_KEY, ORDER_NONE, ORDER_PARTITION, Frame
from .handlers import adapt
from .outputs import Outputs
from .runner import DONE, FAIL, RETRY, SKIPPED, UNBLAMED, Runner

__all__ = ["Outcome", "Output", "invoke", "invoke_all"]

_RESULTS = {DONE: "done", RETRY: "retry", FAIL: "fail", SKIPPED: "skipped", UNBLAMED: "halved"}
_ORDERS = {"key": ORDER_KEY, "partition": ORDER_PARTITION, "none": ORDER_NONE}


class Output(IncomingEvent):
    """An event that the function made."""

    __slots__ = ("stream",)

    stream: Optional[str]
    """The stream that it names; ``None`` for the first of the binding's ``to``."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one event."""

    result: str
    """``done``; ``retry``, a failed attempt; ``fail``, a dead letter at once; ``skipped``, not tried because an earlier
    event of its key failed; ``halved``, a batch handler raised: its events come again in halves."""
    outputs: List[Output] = dataclasses.field(default_factory=list)
    """The events that the function made, with the attributes that the engine stores."""
    error_type: str = ""
    """Name of the exception's class, such as ``ValueError``; empty for ``done`` and ``skipped``."""
    message: str = ""
    """The exception's message, cut as it is in an attempt's history."""
    stack: str = ""
    """The traceback."""
    retry_after: Optional[float] = None
    """Seconds that a :class:`pelton.Retry` asked for; ``None`` leaves the delay to the binding."""

    @property
    def done(self) -> bool:
        """The event is done."""
        return self.result == "done"


def invoke(handler: Callable[..., Any], event: Any = b"", *, attempt: int = 1, offset: int = 0,
           idempotency_key: Optional[str] = None, **place: Any) -> Outcome:
    """The outcome of one event.

    :param handler: what the config's ``handler`` names: a plain, async, generator or batch handler.
    :param event: a :class:`pelton.Event`, or the data of one (``bytes``, ``str`` or what JSON can hold).
    :param attempt: number of this delivery, from 1.
    :param idempotency_key: by default one that names the event's place.
    :param place: ``stream``, ``partition``, ``binding``, ``function`` (names for the context) and ``timeout`` (seconds).
    :raises TypeError: the handler cannot be called with ``(event, context)``, or the event cannot be one.
    """
    return _run(handler, [event], "key", offset, [attempt], None if idempotency_key is None else [idempotency_key],
                **place)[0]


def invoke_all(handler: Callable[..., Any], events: Iterable[Any], *, order: str = "key", offset: int = 0,
               **place: Any) -> List[Outcome]:
    """The outcomes of several events of one partition, given to the handler as one frame.

    :param order: ``key``, ``partition`` or ``none``: what a failed event holds back, as the binding's ``order``.
    :param offset: of the first event.
    """
    listed = list(events)
    return _run(handler, listed, order, offset, [1] * len(listed), None, **place) if listed else []


@dataclasses.dataclass
class _Worker:
    function: str
    timeout: float


def _run(handler: Callable[..., Any], events: List[Any], order: str, offset: int, attempts: List[int],
         keys: Optional[List[str]], *, stream: str = "test", partition: int = 0, binding: str = "test",
         function: str = "test", timeout: float = 30.0) -> List[Outcome]:
    if order not in _ORDERS:
        raise ValueError(f"order must be one of {', '.join(_ORDERS)}, not {order!r}")
    target = adapt(handler, getattr(handler, "__qualname__", repr(handler)))
    worker = _Worker(function, timeout)
    results: List[bytes] = []
    runner = Runner(target, None, lambda _, message: results.append(bytes(message)))
    head = bytearray()
    wire.put_fixed64(head, 1, 1)
    wire.put_bytes(head, 2, stream.encode())
    wire.put_varint(head, 3, partition)
    wire.put_fixed64(head, 4, offset)
    wire.put_bytes(head, 5, binding.encode())
    wire.put_bytes(head, 6, b"".join(attempt.to_bytes(4, "little") for attempt in attempts))
    if keys is not None:
        wire.put_bytes(head, 7, keys[0].encode())
        wire.put_bytes(head, 8, len(keys[0].encode()).to_bytes(4, "little"))
    wire.put_varint(head, 9, _ORDERS[order])
    wire.put_bytes(head, 10, f"{binding}/{stream}/1/{partition}/".encode())
    wire.put_bytes(head, 15, _encoded(events, worker))
    runner.run(Frame(memoryview(head), worker))
    return _outcomes(results, worker)


def _encoded(events: List[Any], worker: _Worker) -> bytes:
    """An EventBatch of the events that a test gave."""
    one = memoryview(b"\x7a\x02\x08\x01")  # an Invoke with one empty event, from which the events take their defaults
    outputs = Outputs(Frame(one, worker))
    for event in events:
        outputs.add_value(event if isinstance(event, (Event, IncomingEvent)) else Event(event), 0)
    return outputs.encode()


def _outcomes(results: List[bytes], worker: _Worker) -> List[Outcome]:
    outcomes: List[Outcome] = []
    for result in results:
        first = len(outcomes)
        count, codes, parents, batch = 0, b"", memoryview(b""), memoryview(b"")
        streams: List[Optional[str]] = [None]
        numbers: Any = None
        failures = {}
        for number, value in wire.fields(memoryview(result)):
            if number == 3:
                count = value
            elif number == 4:
                codes = bytes(value)
            elif number == 5:
                failure = dict(wire.fields(value))
                failures[failure.get(1, 0)] = failure
            elif number == 6:
                parents = value.cast("I")
            elif number == 8:
                streams.append(bytes(value).decode())
            elif number == 9:
                numbers = value.cast("I")
            elif number == 15:
                batch = value
        outcomes += [_outcome(code, failures.get(first + place)) for place, code in enumerate(codes or bytes(count))]
        for position, (event, parent) in enumerate(zip(_decoded(batch, worker), parents)):
            event.stream = streams[numbers[position]] if numbers else None
            outcomes[parent].outputs.append(event)
    return outcomes


def _outcome(code: int, failure: Any) -> Outcome:
    if failure is None:
        return Outcome(_RESULTS[code])
    type_, message, stack = (bytes(failure.get(number, b"")).decode("utf-8", "replace") for number in (2, 3, 4))
    return Outcome(_RESULTS[code], [], type_, message, stack, failure[5] / 1000 if 5 in failure else None)


def _decoded(batch: memoryview, worker: _Worker) -> List[Output]:
    head = bytearray()
    wire.put_bytes(head, 2, b"outputs")
    wire.put_bytes(head, 15, batch)
    frame = Frame(memoryview(head), worker)
    events = []
    for index in range(frame.count):
        event = Output()
        event._frame, event._index = frame, index
        events.append(event)
    return events
