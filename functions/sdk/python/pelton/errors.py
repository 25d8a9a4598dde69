# SPDX-License-Identifier: Apache-2.0
"""How a function says that an event is not done."""


class Retry(Exception):
    """Try this event again. Counts as an attempt.

    :param after: seconds until then; ``None`` leaves it to the binding's backoff.
    :param reason: for the attempt's history.
    """

    def __init__(self, after=None, reason="the function asked for a retry"):
        super().__init__(reason)
        self.after = after


class Fail(Exception):
    """This event can never be done: it becomes a dead letter now, with ``reason``."""

    def __init__(self, reason="the function gave up"):
        super().__init__(reason)
