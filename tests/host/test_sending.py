"""Calls beside the main thread."""

import pytest

from tallymark.host.sending import Sender


def test_calls_are_made_one_after_the_other() -> None:
    sender, made = Sender(), list[int]()
    futures = [sender.submit(lambda n=n: made.append(n)) for n in range(5)]  # type: ignore[misc]
    for future in futures:
        future.result(10)
    assert made == [0, 1, 2, 3, 4]


def test_what_a_call_raised_comes_with_its_future_and_the_next_is_made() -> None:
    sender = Sender()

    def fail() -> None:
        raise ValueError("no")

    failed, fine = sender.submit(fail), sender.submit(lambda: "yes")
    with pytest.raises(ValueError, match="no"):
        failed.result(10)
    assert fine.result(10) == "yes"
