"""What a host does while the database, another host, or its own recipe will not do."""

import errno
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.host.conftest import Desk, until

from tallymark.channel.locks import dataset_lock, held, holder, take
from tallymark.errors import StoreError, StoreUnavailable
from tallymark.host import dataset_lock as locking
from tallymark.host import outage as outages
from tallymark.host.dataset_lock import DatasetLock
from tallymark.host.outage import Outage
from tallymark.host.run_channel import RunChannel
from tallymark.host.stopping import Stopper
from tallymark.types import Task


class Full:
    """A channel whose disk is full for some calls."""

    def __init__(self, times: int) -> None:
        self.times = times

    def call(self, name: str, /, *, timeout: float = 30.0, **arguments: Any) -> Any:
        assert timeout
        if self.times:
            self.times -= 1
            raise StoreUnavailable("The disk is full.")
        return {"name": name, **arguments}

    def close(self) -> None:
        """Nothing."""


def test_a_call_waits_for_space_and_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "TRY_SECONDS", 0.001)
    said: list[str] = []
    channel = RunChannel(Full(3), run=1, generation=2)
    channel.wait = Outage(Stopper(), said.append).wait
    assert channel.call("runs.beat") == {"name": "runs.beat", "run": 1, "generation": 2}
    assert said == ["The disk is full. This goes on by itself when it can."]


def test_a_stop_ends_the_wait_for_space() -> None:
    stopper = Stopper()
    stopper.request()
    channel = RunChannel(Full(1), run=1, generation=2)
    channel.wait = Outage(stopper, list[str]().append).wait
    with pytest.raises(StoreUnavailable):
        channel.call("runs.beat")


def test_a_hanging_hosts_lock_is_taken_as_soon_as_it_lets_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "TAKE_OVER_SECONDS", 0.01)
    path = dataset_lock(tmp_path / "t.db", "news")
    hanging = take(path)
    lock = DatasetLock(tmp_path / "t.db", "news", take_over=True)
    lock.wait()
    assert lock.held is False
    hanging.release()
    until(lambda: lock.held, "the lock")
    assert holder(path) is not None
    lock.release()


def test_a_lock_on_a_full_disk_says_what_to_do_and_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = dataset_lock(tmp_path / "t.db", "news")
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(StoreUnavailable, match=r"cannot be written\. Free some space"):
            take(path)
    assert not held(path)


def test_a_lock_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "t.db.hosts").write_text("a file where a folder is to be")
    with pytest.raises(StoreError, match="Check the path and its permissions"):
        take(dataset_lock(tmp_path / "t.db", "news"))


def test_what_a_waiting_generator_has_yielded_is_asked(desk: Desk) -> None:
    go = threading.Event()

    def stream() -> Iterator[Task]:
        yield from ({"text": str(n)} for n in range(5))
        go.wait(60)
        yield {"text": "last"}

    desk.start(lambda: {"stream": stream()})
    session = desk.claim()
    try:
        desk.leased(session, at_least=5)
    finally:
        go.set()
    desk.leased(session, at_least=6)
    desk.audit()


def test_a_stream_that_exits_is_a_stream_that_fails(desk: Desk) -> None:
    def stream() -> Iterator[Task]:
        yield {"text": "one"}
        sys.exit(7)

    host = desk.start(lambda: {"stream": stream()})
    assert "SystemExit: 7" in host.heard("The stream failed")
    assert host.stop() == 0


def test_an_update_that_exits_is_an_update_that_fails_and_is_told_a_few_times(desk: Desk) -> None:
    def update(_answers: list[Task]) -> None:
        sys.exit("no model")

    stream = [{"text": str(n)} for n in range(6)]
    host = desk.start(lambda: {"stream": stream, "update": update}, update_on="submit")
    session = desk.claim()
    for task in desk.leased(session, at_least=6):
        before = len(host.said)
        desk.answer(session, task)
        if sum("update failed" in line for line in host.said) < 3:
            until(lambda before=before: len(host.said) > before, "the message")  # type: ignore[misc]
    assert host.stop() == 0
    told = [line for line in host.said if "update failed: no model" in line]
    assert (len(told), told[-1][-23:]) == (3, "(this is not said again)"[-23:])
