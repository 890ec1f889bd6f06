"""Ctrl-C and SIGTERM: the first asks to stop in good order, the second stops at once, a fourth ends all."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

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

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """A stretch of user code that a stop may break off: it only reads, nothing is lost.

        The block ends early, without an error, when a stop is asked for.
        """
        try:
            self._interruptible = True
            try:
                yield
            finally:
                self._interruptible = False
        except Interrupted:
            return

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
