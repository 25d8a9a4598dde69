# SPDX-License-Identifier: Apache-2.0
"""How a function says that an event is not done."""

from __future__ import annotations

import datetime
import math

TYPE_CHECKING = False  # that of typing, whose import a cold start does without
if TYPE_CHECKING:
    from typing import Optional, Union


def _seconds(after: Union[float, datetime.timedelta, None]) -> Optional[float]:
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
        waits at most a day.
    :param reason: for the attempt's history.
    """

    def __init__(self, after: Union[float, datetime.timedelta, None] = None,
                 reason: str = "the function asked for a retry") -> None:
        super().__init__(reason)
        self.after = _seconds(after)


class Fail(Exception):
    """This event can never be done: it becomes a dead letter now, with ``reason``."""

    def __init__(self, reason: str = "the function gave up") -> None:
        super().__init__(reason)
