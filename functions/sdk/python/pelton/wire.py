# SPDX-License-Identifier: Apache-2.0
"""Protobuf's wire format, as much as frames need. Own code, since the SDK imports no third-party package."""

from __future__ import annotations

TYPE_CHECKING = False  # see errors.py
if TYPE_CHECKING:
    from typing import Any, Iterator, Tuple, Union

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5


def get_varint(data: memoryview, at: int) -> Tuple[int, int]:
    shift = value = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data: memoryview) -> Iterator[Tuple[int, Any]]:
    """Yields (number, value) of each field: ints, and slices of ``data`` (a memoryview)."""
    at, end = 0, len(data)
    while at < end:
        tag, at = get_varint(data, at)
        kind = tag & 7
        value: Any
        if kind == VARINT:
            value, at = get_varint(data, at)
        elif kind == DELIMITED:
            length, at = get_varint(data, at)
            value = data[at:at + length]
            at += length
        elif kind == FIXED64:
            value = int.from_bytes(data[at:at + 8], "little")
            at += 8
        elif kind == FIXED32:
            value = int.from_bytes(data[at:at + 4], "little")
            at += 4
        else:
            raise ValueError(f"wire type {kind}")
        yield tag >> 3, value


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def put_varint(out: bytearray, number: int, value: int) -> None:
    out += varint(number << 3)
    out += varint(value)


def put_fixed64(out: bytearray, number: int, value: int) -> None:
    out += varint(number << 3 | FIXED64)
    out += value.to_bytes(8, "little")


def put_bytes(out: bytearray, number: int, value: Union[bytes, bytearray, memoryview]) -> None:
    out += varint(number << 3 | DELIMITED)
    out += varint(len(value))
    out += value
