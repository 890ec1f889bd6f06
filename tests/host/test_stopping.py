"""A stop that is asked for at any moment breaks user code off, and nothing else."""

import itertools
import signal
import sys
from types import FrameType
from typing import Any

import pytest

from tallymark.host.stopping import Interrupted, Stopper


class Signalled:
    """Traces code and has a signal come in before one of its steps."""

    def __init__(self, stopper: Stopper, moment: int) -> None:
        self._stopper = stopper
        self._left = moment

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> Any:
        """Take part in what Python does: every step of every function that is called from here on."""
        frame.f_trace_opcodes = True
        if event == "opcode":
            self._left -= 1
            if self._left == 0:
                self._stopper._on_signal(signal.SIGINT, None)
        return self


def test_a_signal_at_any_moment_of_a_pull_never_gets_out_of_it() -> None:
    def pull() -> str:
        return "task".upper()

    tracing = sys.gettrace()
    for moment in itertools.count(1):
        stopper = Stopper()
        sys.settrace(Signalled(stopper, moment))
        try:
            found = stopper.interruptibly(pull)
        finally:
            sys.settrace(tracing)
        assert found in ("TASK", None), moment
        if not stopper.requested:
            break
        stopper._signals = 0
    assert found == "TASK"
    assert moment > 10, "there are so many steps"


def test_a_stop_that_came_before_keeps_user_code_from_beginning() -> None:
    stopper = Stopper()
    stopper.request()
    assert stopper.interruptibly(lambda: pytest.fail("it began")) is None


def test_what_user_code_raises_gets_out() -> None:
    stopper = Stopper()
    with pytest.raises(StopIteration):
        stopper.interruptibly(iter([]).__next__)
    stopper._on_signal(signal.SIGINT, None)  # outside of user code: nothing is raised
    with pytest.raises(KeyboardInterrupt):
        stopper._on_signal(signal.SIGINT, None)
    assert not issubclass(Interrupted, Exception)
