# SPDX-License-Identifier: Apache-2.0
"""How a function says that an event is not done."""

import datetime
import math


def _seconds(after):
    if isinstance(after, datetime.timedelta):
        after = after.total_seconds()
    if after is None:
        return None
    if isinstance(after, bool) or not isinstance(after, (int, float)):
        raise TypeError(f"Retry: after must be seconds or a timedelta, not {type(after).__name__}")
    if not math.isfinite(after) or after < 0:
        raise ValueError(f"Retry: after must be a finite number of seconds, not {after}")
    return after


class Retry(Exception):
    """Try this event again. Counts as an attempt.

    :param after: seconds until then, or a ``timedelta``; ``None`` leaves it to the binding's backoff. The engine
        waits at most a year.
    :param reason: for the attempt's history.
    """

    def __init__(self, after=None, reason="the function asked for a retry"):
        super().__init__(reason)
        self.after = _seconds(after)


class Fail(Exception):
    """This event can never be done: it becomes a dead letter now, with ``reason``."""

    def __init__(self, reason="the function gave up"):
        super().__init__(reason)
