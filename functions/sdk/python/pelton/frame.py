# SPDX-License-Identifier: Apache-2.0
"""One frame of events, read in place (proto/pelton/v1/worker.proto and batch.proto)."""

from __future__ import annotations

import time

from . import wire

TYPE_CHECKING = False  # see errors.py
if TYPE_CHECKING:
    from typing import Any, List, Optional, Protocol, Tuple

    class Job(Protocol):
        """What a frame knows of its worker."""

        function: str
        timeout: float  # seconds


ORDER_KEY, ORDER_PARTITION, ORDER_NONE = 0, 1, 2
_EMPTY = memoryview(b"")


class Blob:
    """Values of variable length: all bytes in one piece, and where each ends."""

    __slots__ = ("bytes", "ends")

    def __init__(self) -> None:
        self.bytes = _EMPTY
        self.ends: Optional[memoryview] = None

    def at(self, index: int) -> bytes:
        ends = self.ends
        if ends is None:
            return b""
        return bytes(self.bytes[ends[index - 1] if index else 0:ends[index]])


def _column(value: Any, code: Any = "I") -> Optional[memoryview]:
    return value.cast(code) if len(value) else None


class Frame:
    """The events of one Invoke. Columns have an entry an event, one for all, or none (see batch.proto)."""

    def __init__(self, message: memoryview, worker: Job) -> None:
        self.worker = worker
        self.received = time.time()
        self.id = self.partition = self.base = self.order = 0
        self.stream = self.binding = self.key_prefix = ""
        self.attempts: Optional[memoryview] = None
        self.keys = Blob()
        batch = _EMPTY
        for number, value in wire.fields(message):
            if number == 1:
                self.id = value
            elif number == 2:
                self.stream = bytes(value).decode()
            elif number == 3:
                self.partition = value
            elif number == 4:
                self.base = value if value < 1 << 63 else value - (1 << 64)
            elif number == 5:
                self.binding = bytes(value).decode()
            elif number == 6:
                self.attempts = _column(value)
            elif number == 7:
                self.keys.bytes = value
            elif number == 8:
                self.keys.ends = _column(value)
            elif number == 9:
                self.order = value
            elif number == 10:
                self.key_prefix = bytes(value).decode()
            elif number == 15:
                batch = value
        self._read_batch(batch)

    def _read_batch(self, batch: memoryview) -> None:
        self.count = 0
        self.data, self.key, self.subject, self.ids, self.headers = (Blob() for _ in range(5))
        self.flags = _EMPTY
        self.times: Optional[memoryview] = None
        self.types: Optional[memoryview] = None
        self.sources: Optional[memoryview] = None
        self.content_types: Optional[memoryview] = None
        self.deltas: Optional[memoryview] = None
        self.dictionary: List[str] = []
        blobs = {2: self.data, 4: self.key, 12: self.subject, 14: self.ids, 16: self.headers}
        columns = {7: ("times", "q"), 9: ("types", "I"), 10: ("sources", "I"),
                   11: ("content_types", "I"), 18: ("deltas", "I")}
        for number, value in wire.fields(batch):
            if number == 1:
                self.count = value
            elif number in blobs:
                blobs[number].bytes = value
            elif number - 1 in blobs:
                blobs[number - 1].ends = _column(value)
            elif number == 6:
                self.flags = value
            elif number == 8:
                self.dictionary.append(bytes(value).decode("utf-8", "replace"))
            elif number in columns:
                name, code = columns[number]
                setattr(self, name, _column(value, code))

    @staticmethod
    def _entry(column: Optional[memoryview], index: int, absent: int = 0) -> int:
        if column is None:
            return absent
        return column[0] if len(column) == 1 else column[index]

    def flag(self, index: int) -> int:
        return self._entry(self.flags if len(self.flags) else None, index)

    def time_us(self, index: int) -> int:
        return self._entry(self.times, index)

    def word(self, column: Optional[memoryview], index: int) -> str:
        return self.dictionary[self._entry(column, index)] if self.dictionary else ""

    def attempt(self, index: int) -> int:
        return self._entry(self.attempts, index, 1)

    def offset(self, index: int) -> int:
        return self.base + (index if self.deltas is None else self.deltas[index])

    def place(self, index: int) -> str:
        return f"{self.stream}/{self.partition}/{self.offset(index)}"

    def idempotency_key(self, index: int) -> str:
        if self.keys.ends is None:
            return f"{self.key_prefix}{self.offset(index)}"
        return self.keys.at(index).decode("utf-8", "replace")

    def header_list(self, index: int) -> List[Tuple[str, bytes]]:
        pairs = []
        for number, header in wire.fields(memoryview(self.headers.at(index))):
            if number != 1:
                continue
            name = value = b""
            for part, content in wire.fields(header):
                if part == 1:
                    name = bytes(content)
                elif part == 2:
                    value = bytes(content)
            pairs.append((name.decode("utf-8", "replace"), value))
        return pairs
