"""Ctrl-C and SIGTERM: the first asks to stop in good order, the second stops at once, a fourth ends all."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

MOST_SIGNALS = 3


class Interrupted(BaseException):
    """Raised inside the recipe's stream when a stop is asked for; never leaves the feeder."""


class Stopper:
    """Whether to stop, and how a signal becomes that."""

    def __init__(self) -> None:
        self._requested = threading.Event()
        self._signals = 0
        self._wakes: list[Callable[[], None]] = []
        self._interruptible = False

    @property
    def requested(self) -> bool:
        """Whether a stop was asked for."""
        return self._requested.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, at most so long; whether a stop was asked for."""
        return self._requested.wait(seconds)

    def on_request(self, wake: Callable[[], None]) -> None:
        """Call this when a stop is asked for."""
        self._wakes.append(wake)

    def request(self) -> None:
        """Stop after what is being done; from any thread."""
        self._requested.set()
        for wake in self._wakes:
            wake()

    def interruptibly(self, pull: Callable[[], T]) -> T | None:
        """What a stretch of user code gives that a stop may break off: it only reads, nothing is lost.

        None when it was broken off, or a stop was asked for before.
        """
        try:  # around one call alone: a signal may come between any two steps, also of a context manager
            return self._interruptible_pull(pull)
        except Interrupted:
            return None

    def _interruptible_pull(self, pull: Callable[[], T]) -> T | None:
        self._interruptible = True
        try:
            return None if self.requested else pull()
        finally:
            self._interruptible = False

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Listen to the terminal and to `kill` for the length of the block; only in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[int, Any] = {}
        for caught in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(caught) is not signal.SIG_IGN:
                before[caught] = signal.signal(caught, self._on_signal)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals > MOST_SIGNALS:
            os._exit(130)  # code that catches everything holds the main thread
        if self.requested:
            raise KeyboardInterrupt
        self.request()
        if self._interruptible:
            raise Interrupted
