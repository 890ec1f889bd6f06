"""From the writer's thread to the event loop: one wake-up for all requests of a commit.

`asyncio.wrap_future` wakes the loop once for each future, which costs a system call and a change of thread
each time; the writer finishes up to 64 in a row.
"""

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")


class Bridge:
    """Awaits futures of other threads in one event loop."""

    def __init__(self) -> None:
        self._done: deque[tuple[Future[Any], asyncio.Future[Any]]] = deque()
        self._woken = False

    async def wait(self, future: "Future[Result]") -> Result:
        """The future's result, or what it raised."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Result] = loop.create_future()

        def finished(done: "Future[Result]") -> None:
            self._done.append((done, waiting))
            if not self._woken:
                self._woken = True
                loop.call_soon_threadsafe(self._deliver)

        future.add_done_callback(finished)
        return await waiting

    def _deliver(self) -> None:
        """Hand over everything that is done; runs in the loop."""
        self._woken = False  # before looking: what comes later wakes again
        while self._done:
            done, waiting = self._done.popleft()
            if waiting.done():  # the request was given up
                continue
            error = done.exception()
            if error is not None:
                waiting.set_exception(error)
            else:
                waiting.set_result(done.result())
