# SPDX-License-Identifier: Apache-2.0
"""Makes plain handlers of what functions are: coroutines and generators are run, what cannot be called is refused."""

from __future__ import annotations

import functools
import inspect

from .outputs import Many

TYPE_CHECKING = False  # see errors.py
if TYPE_CHECKING:
    from typing import Any, Callable


def adapt(target: Any, name: str) -> Callable[..., Any]:
    """``target`` as a callable (event, context) that returns a value. TypeError: it cannot be a handler."""
    if not callable(target):
        raise TypeError(f"{name} is not callable")
    _check_arguments(target, name)
    run = _runner_of(target if inspect.isroutine(target) or isinstance(target, functools.partial) else target.__call__)
    if run is None:
        return target

    def handler(event, context):
        return run(target(event, context))

    if getattr(target, "pelton_batch", False):
        handler.pelton_batch = True
    return handler


def _check_arguments(target, name):
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError):  # some built-in functions tell none
        return
    try:
        signature.bind(None, None)
    except TypeError as error:
        raise TypeError(f"{name}{signature} cannot be called with (event, context): {error}") from None


def _runner_of(function):
    """What makes a value of what the function returns; None where that is one."""
    if inspect.isgeneratorfunction(function):
        return Many
    if not inspect.iscoroutinefunction(function) and not inspect.isasyncgenfunction(function):
        return None
    import asyncio  # here, since it takes longer than everything else together

    run = asyncio.new_event_loop().run_until_complete
    return run if inspect.iscoroutinefunction(function) else lambda made: run(_gather(made))


async def _gather(made):
    return Many([value async for value in made])
