# SPDX-License-Identifier: Apache-2.0
"""Functions that are slow or fail. What they did stands in the file HISTORY, a line an event: key n start end."""

import os
import time

_history = os.open(os.environ["HISTORY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT) if "HISTORY" in os.environ else None


def pause_of(n):
    """0 to 5 ms, spread evenly, the same in each run."""
    return n * 7919 % 5001 / 1e6


def work(key, n):
    begin = time.monotonic_ns()
    time.sleep(pause_of(n))
    if _history is not None:
        os.write(_history, f"{key} {n} {begin} {time.monotonic_ns()}\n".encode())


def slow(event, context):
    work(event.key.decode(), int(event.data))


def crawl(event, context):
    time.sleep(0.001)


def poison(event, context):
    if int(event.data) % 100 == 7:
        raise ValueError("poison")
