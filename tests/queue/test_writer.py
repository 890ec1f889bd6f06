"""One thread writes for all: many pieces of work share a commit, and each learns what became of its own."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tallymark.errors import StoreUnavailable
from tallymark.queue.writer import TOGETHER, Writer, WriterClosed
from tallymark.store import Statement, Store, Transaction

ADD = Statement("Add a document.", "INSERT INTO document (text) VALUES (:text) RETURNING id")
TEXTS = Statement("All documents.", "SELECT text FROM document ORDER BY id")
AT_COMMIT = Statement("Look at foreign keys at the commit.", "PRAGMA defer_foreign_keys = ON")
ORPHAN = Statement("A source of nothing.", "INSERT INTO media (dataset, mount, folder) VALUES (99, '', '')")
PATIENCE = 20.0


@pytest.fixture
def numbered(memory: Path, tmp_path: Path) -> Iterator[Store]:
    """A store whose clock counts: the number of a transaction is its `now`."""
    numbers = count()
    opened = Store.open(memory / f"{tmp_path.name}.db", clock=lambda: next(numbers))
    yield opened
    opened.close()


@pytest.fixture
def writer(numbered: Store) -> Iterator[Writer]:
    made = Writer(numbered)
    yield made
    made.close()


@pytest.fixture
def gate(writer: Writer) -> Iterator[Callable[[], None]]:
    """The writer is busy until this is called, so that work piles up."""
    busy, free = Event(), Event()

    def wait(_: Transaction) -> None:
        busy.set()
        assert free.wait(PATIENCE)

    writer.submit(wait)
    assert busy.wait(PATIENCE)
    yield free.set
    free.set()


def add(text: str) -> Callable[[Transaction], float]:
    """Work that adds a document and says in which transaction."""

    def work(tx: Transaction) -> float:
        tx.insert(ADD, {"text": text})
        return tx.now

    return work


def add_and_fail(tx: Transaction) -> None:
    tx.insert(ADD, {"text": "lost"})
    raise ValueError("mine")


def break_commit(tx: Transaction) -> None:
    tx.run(AT_COMMIT)
    tx.run(ORPHAN)


def fill_the_disk(tx: Transaction) -> None:
    tx.insert(ADD, {"text": "lost"})
    tx._connection.execute("ROLLBACK")  # as SQLite does by itself
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    raise error


def texts(store: Store) -> list[str]:
    with store.reading() as tx:
        return [row["text"] for row in tx.all(TEXTS)]


def results(futures: "list[Future[float]]") -> list[float]:
    return [future.result(PATIENCE) for future in futures]


def test_work_that_waits_together_is_committed_together(writer: Writer, gate: Callable[[], None]) -> None:
    futures = [writer.submit(add(str(n))) for n in range(10)]
    gate()
    assert len(set(results(futures))) == 1


def test_one_commit_takes_so_much_and_no_more(writer: Writer, gate: Callable[[], None]) -> None:
    futures = [writer.submit(add(str(n))) for n in range(TOGETHER + 1)]
    gate()
    commits = results(futures)
    assert len(set(commits[:TOGETHER])) == 1
    assert commits[TOGETHER] == commits[0] + 1


def test_a_result_is_given_after_the_commit(writer: Writer, numbered: Store) -> None:
    assert writer.call(lambda tx: tx.insert(ADD, {"text": "a"})) == 1
    assert texts(numbered) == ["a"]


def test_an_error_is_its_own_and_hurts_nobody_else(
    writer: Writer, gate: Callable[[], None], numbered: Store
) -> None:
    before, failing, after = writer.submit(add("a")), writer.submit(add_and_fail), writer.submit(add("b"))
    gate()
    assert before.result(PATIENCE) == after.result(PATIENCE)
    with pytest.raises(ValueError, match="mine"):
        failing.result(PATIENCE)
    assert texts(numbered) == ["a", "b"]


def test_a_commit_that_fails_is_told_to_all_and_nothing_is_stored(
    writer: Writer, gate: Callable[[], None], numbered: Store, caplog: pytest.LogCaptureFixture
) -> None:
    together: list[Future[Any]] = [writer.submit(work) for work in (add("a"), break_commit, add("b"))]
    gate()
    for future in together:
        with pytest.raises(sqlite3.IntegrityError):
            future.result(PATIENCE)
    assert texts(numbered) == []
    assert "A commit failed; 3 requests are told so" in caplog.text
    assert writer.call(add("c"), timeout=PATIENCE)
    assert texts(numbered) == ["c"]


def test_a_disk_that_fails_is_told_to_all(
    writer: Writer, gate: Callable[[], None], numbered: Store, caplog: pytest.LogCaptureFixture
) -> None:
    together: list[Future[Any]] = [writer.submit(work) for work in (add("a"), fill_the_disk, add("b"))]
    gate()
    for future in together:
        with pytest.raises(StoreUnavailable, match="quota"):
            future.result(PATIENCE)
    assert texts(numbered) == []
    assert "Traceback" not in caplog.text


def test_bulk_work_gives_way_to_sessions_and_comes_one_a_commit(
    writer: Writer, gate: Callable[[], None], numbered: Store
) -> None:
    bulk = [writer.submit(add(f"bulk {n}"), bulk=True) for n in range(2)]
    sessions = [writer.submit(add(f"session {n}")) for n in range(TOGETHER + 1)]
    gate()
    first = sessions[0].result(PATIENCE)
    assert results([sessions[TOGETHER], *bulk]) == [first + 1, first + 1, first + 2]
    assert texts(numbered)[TOGETHER:] == [f"session {TOGETHER}", "bulk 0", "bulk 1"]


def test_bulk_work_goes_alone_when_nobody_else_waits(writer: Writer) -> None:
    assert writer.call(add("a"), bulk=True, timeout=PATIENCE)


def test_closing_does_what_was_submitted(writer: Writer, gate: Callable[[], None], numbered: Store) -> None:
    futures = [writer.submit(add(str(n)), bulk=n % 2 == 0) for n in range(2 * TOGETHER)]
    gate()
    writer.close()
    assert all(future.done() for future in futures)
    assert sorted(texts(numbered), key=int) == [str(n) for n in range(2 * TOGETHER)]


def test_a_closed_writer_takes_no_work(writer: Writer) -> None:
    writer.close()
    with pytest.raises(WriterClosed) as raised:
        writer.submit(add("a"))
    assert raised.value.code == "closing"


@pytest.mark.parametrize("others", [True, False])
def test_cancelled_work_is_not_done(
    writer: Writer, gate: Callable[[], None], numbered: Store, others: bool
) -> None:
    cancelled = writer.submit(add("cancelled"))
    other = [writer.submit(add("a"))] if others else []
    assert cancelled.cancel()
    gate()
    results(other)
    writer.close()
    with pytest.raises(CancelledError):
        cancelled.result(PATIENCE)
    assert texts(numbered) == ["a"] * others


def test_work_that_has_begun_is_not_cancelled(writer: Writer, numbered: Store) -> None:
    begun, go_on = Event(), Event()

    def work(tx: Transaction) -> int:
        begun.set()
        assert go_on.wait(PATIENCE)
        return tx.insert(ADD, {"text": "a"})

    future = writer.submit(work)
    assert begun.wait(PATIENCE)
    assert not future.cancel()
    go_on.set()
    assert future.result(PATIENCE) == 1


def test_who_waits_too_long_is_told_and_the_work_is_done_all_the_same(
    writer: Writer, gate: Callable[[], None], numbered: Store
) -> None:
    with pytest.raises(TimeoutError):
        writer.call(add("a"), timeout=0)
    gate()
    writer.close()
    assert texts(numbered) == ["a"]
