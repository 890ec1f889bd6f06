"""`prodigy.components.decorators`."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from tallymark.stream import Stream
from tallymark.types import Task

__all__ = ["support_both_streams"]

Step = Callable[..., Any]


def support_both_streams(stream_arg: str = "stream") -> Callable[[Step], Step]:
    """Let a generator over tasks be called with a `Stream`, too, which it then becomes a step of."""

    def decorate(function: Step) -> Step:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Iterable[Task]:
            bound = signature.bind(*args, **kwargs)
            stream = bound.arguments[stream_arg]
            if not isinstance(stream, Stream):
                tasks: Iterable[Task] = function(*bound.args, **bound.kwargs)
                return tasks
            return stream.apply(function, *bound.args, **bound.kwargs)

        return call

    return decorate
