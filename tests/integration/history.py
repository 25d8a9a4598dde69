# SPDX-License-Identifier: Apache-2.0
"""Checks from outside: every input exactly once in the output, in the order of its key."""

import collections


def numbered(count, keys, first=0):
    """Events n = first.. with a key and their number within it."""
    for n in range(first, first + count):
        yield {"key": f"k{n % keys}", "data": {"n": n}}


def check_exactly_once(outputs, expected):
    """`outputs` as consumed; `expected` the numbers that were acknowledged."""
    seen = collections.Counter(event["data"]["n"] for event in outputs)
    twice = [n for n, times in seen.items() if times > 1]
    lost = [n for n in expected if n not in seen]
    assert not twice, f"{len(twice)} events twice in the output, such as {twice[:5]}"
    assert not lost, f"{len(lost)} acknowledged events lost, such as {lost[:5]}"


def check_key_order(outputs):
    """Within each key (it stays in its partition) numbers ascend."""
    last = {}
    for event in outputs:
        n = event["data"]["n"]
        assert last.get(event["key"], -1) < n, f"key {event['key']}: {n} after {last[event['key']]}"
        last[event["key"]] = n
