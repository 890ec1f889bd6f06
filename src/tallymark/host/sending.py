"""Calls that go out while the main thread works on."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

_Work = tuple["Future[Any]", Callable[[], Any]]


class Sender:
    """One thread that makes one call after the other. It keeps no process from ending."""

    def __init__(self) -> None:
        self._work: SimpleQueue[_Work] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, call: Callable[[], Any]) -> "Future[Any]":
        """Make this call after those before it; its result, or what it raised, comes with the future."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="host-sender", daemon=True)
            self._thread.start()
        future: Future[Any] = Future()
        self._work.put((future, call))
        return future

    def _run(self) -> None:
        while True:
            future, call = self._work.get()
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)
