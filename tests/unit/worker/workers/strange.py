#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A worker that misbehaves as MODE says; it speaks the protocol by hand."""

import os
import signal
import socket
import struct
import subprocess
import sys
import time

MODE = os.environ["MODE"]
sock = socket.socket(fileno=int(os.environ["PELTON_FD"]))


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    return varint(number << 3 | 2) + varint(len(value)) + value


def send(number, body):
    message = field(number, body)
    data = struct.pack("<I", len(message)) + message
    if MODE == "byte-by-byte":
        for i in range(len(data)):
            sock.sendall(data[i:i + 1])
    else:
        sock.sendall(data)


def receive():
    data = b""
    while len(data) < 4:
        part = sock.recv(4 - len(data))
        if not part:
            sys.exit(0)
        data += part
    (length,) = struct.unpack("<I", data)
    body = b""
    while len(body) < length:
        body += sock.recv(length - len(body))
    return body


def frame_of(body):
    """The frame id: the first field of Invoke, which is fixed64."""
    at = body.index(b"\x09") + 1
    return struct.unpack("<Q", body[at:at + 8])[0]


def result(frame, first=0, count=1):
    return b"\x09" + struct.pack("<Q", frame) + varint(2 << 3) + varint(first) + varint(3 << 3) + varint(count)


def progress(frame, index):
    fd = int(os.environ["PELTON_PROGRESS_FD"])
    os.pwrite(fd, struct.pack("<QQ", frame, index), 0)


receive()  # Start
if MODE == "exit-early":
    print("not today", flush=True)
    sys.exit(0)
if MODE == "never-ready":
    print("reading a large model", flush=True)
    time.sleep(60)
send(1, varint(1 << 3) + varint(1))
if MODE == "ignore-sigterm":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    message = receive()
    frame = frame_of(message)
    progress(frame, 0 if MODE == "ends-unseen" else 1)
    if MODE in ("exit-0-with-event", "ends-unseen"):
        sys.exit(0)
    if MODE == "close-socket":
        sock.close()
        time.sleep(60)
    if MODE in ("hang", "ignore-sigterm"):
        time.sleep(60)
    if MODE == "children":
        child = subprocess.Popen(["sleep", "1000"])
        print("child", child.pid, flush=True)
        sys.exit(1)
    if MODE == "hang-with-children":
        child = subprocess.Popen(["sleep", "1000"])
        print("child", child.pid, flush=True)
        time.sleep(60)
    if MODE in ("hang-with-session", "session", "answer-with-session"):
        child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
        print("child", child.pid, flush=True)
    if MODE == "session":
        os._exit(1)
    if MODE == "hang-with-session":
        time.sleep(60)
    if MODE == "hang-with-orphan":
        # A daemon: its parent ends, and it leaves the session.
        subprocess.run(["sh", "-c", "setsid sleep 1000 & echo child $!"], check=True)
        time.sleep(60)
    if MODE == "flood":
        for i in range(200000):
            print("x" * 100, i)
        sys.stdout.flush()
    if MODE == "long-line":
        print("y" * 1000000, flush=True)
    if MODE == "garbage":
        sock.sendall(struct.pack("<I", 20) + b"\xff" * 20)
        time.sleep(60)
    if MODE == "huge":
        sock.sendall(struct.pack("<I", 2 << 30) + b"x" * 1000)
        time.sleep(60)
    if MODE == "unknown-frame":
        send(3, result(999999))
    if MODE == "contradiction":
        send(3, result(frame, 0, 77))
        time.sleep(60)
    if MODE == "environment":
        for name in sorted(os.environ):
            print("env", name, flush=True)
        for fd in sorted(os.listdir("/proc/self/fd"), key=int):
            try:
                print("fd", fd, os.readlink(f"/proc/self/fd/{fd}").split(":")[0], flush=True)
            except OSError:
                pass
    send(3, result(frame))
    if MODE == "answers-twice":
        send(3, result(frame))
    progress(frame, 0)
