# SPDX-License-Identifier: Apache-2.0
"""Functions for Pelton, in Python.

A function is one callable::

    import pelton

    def handle(event, context):
        if not event.data:
            raise pelton.Fail("empty reading")      # a dead letter now
        return {"celsius": float(event.text())}     # one output event

Returning ends the event as done. ``None`` makes no output; ``bytes``, ``str``, a JSON-able value, an
:class:`Event` or a list of events make some. An exception is a failed attempt: the event is tried again as the
binding's ``retry`` says, and becomes a dead letter after that. :class:`Retry` asks for a delay, :class:`Fail`
ends the event at once.

No third-party package is needed, and nothing here is to be called but what this page names.
"""

from .errors import Fail, Retry
from .event import Context, Event, IncomingEvent, batch

__version__ = "0.1.0"
__all__ = ["Context", "Event", "Fail", "IncomingEvent", "Retry", "batch"]
