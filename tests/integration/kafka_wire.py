# SPDX-License-Identifier: Apache-2.0
"""Committed offsets with their metadata, which the Python client of Debian 12 does not show: requests of the protocol as they are."""

import socket
import struct

OFFSET_COMMIT, OFFSET_FETCH = 8, 9
UNKNOWN_MEMBER = 25
OPEN = struct.pack(">i", -1)  # generation: no member


def _text(value):
    encoded = value.encode()
    return struct.pack(">h", len(encoded)) + encoded


def _ask(broker, key, version, body):
    host, port = broker.address.split(":")
    request = struct.pack(">hhi", key, version, 7) + _text("test") + body
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = connection.makefile("rb")
        return answer.read(struct.unpack(">i", answer.read(4))[0])[4:]


def commit(broker, group, topic, partition, offset, metadata):
    """As a tool does that copies the offsets of a group; False: it has members."""
    body = (_text(group) + OPEN + _text("") + struct.pack(">qi", -1, 1) + _text(topic)
            + struct.pack(">iiq", 1, partition, offset) + _text(metadata))
    answer = _ask(broker, OFFSET_COMMIT, 2, body)
    error = struct.unpack(">h", answer[-2:])[0]
    assert error in {0, UNKNOWN_MEMBER}, f"the broker refuses the commit with error {error}"
    return error == 0


def committed(broker, group, topic, partition):
    """(offset, metadata); offset -1: none."""
    answer = _ask(broker, OFFSET_FETCH, 1, _text(group) + struct.pack(">i", 1) + _text(topic) + struct.pack(">ii", 1, partition))
    at = 4 + 2 + len(topic) + 4 + 4
    offset, length = struct.unpack(">qh", answer[at:at + 10])
    return offset, answer[at + 10:at + 10 + max(length, 0)].decode()
