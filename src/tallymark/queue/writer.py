"""The threads that write; an acknowledgement leaves only after the commit.

SQLite has one writer at a time and a commit costs a flush to disk, so there is one thread, and requests that
wait together are committed together, each in a savepoint of its own. PostgreSQL writes many at a time and
joins their flushes itself: several threads, each request in a transaction of its own, done again when others
were in its way. Work of sessions goes before bulk work, and one commit takes at most one piece of bulk work.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from tallymark.errors import StoreUnavailable, TallymarkError
from tallymark.store import Store, Transaction

T = TypeVar("T")
Work = tuple[Callable[[Transaction], Any], "Future[Any]"]
Outcome = tuple["Future[Any]", Any, BaseException | None]

TOGETHER = 64

log = logging.getLogger(__name__)


class WriterClosed(TallymarkError):
    """The writer was closed before the work could be done."""

    code = "closing"


class Writer:
    """The writer of a store. `submit` from any thread; `close` finishes what was submitted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions: deque[Work] = deque()
        self._bulk: deque[Work] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._together = TOGETHER if store.writers == 1 else 1
        self._threads = [
            threading.Thread(target=self._loop, name=f"tallymark-writer-{n}", daemon=True)
            for n in range(store.writers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[[Transaction], T], *, bulk: bool = False) -> "Future[T]":
        """Do some work in the next transaction. The future is done after COMMIT, or holds what was raised.

        Work may be done more than once until it is stored, so it changes nothing but the database.
        """
        future: Future[T] = Future()
        with self._wake:
            if self._closing:
                raise WriterClosed("The writer of this database is closing.")
            (self._bulk if bulk else self._sessions).append((work, future))
            self._wake.notify()
        return future

    def call(
        self, work: Callable[[Transaction], T], *, bulk: bool = False, timeout: float | None = None
    ) -> T:
        """Do some work and wait for it."""
        return self.submit(work, bulk=bulk).result(timeout)

    def close(self) -> None:
        """Do what was submitted, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join()

    def _loop(self) -> None:
        while batch := self._next_batch():
            batch = [piece for piece in batch if piece[1].set_running_or_notify_cancel()]
            outcomes = self._commit(batch) if self._together > 1 else map(self._alone, batch)
            for future, result, failure in outcomes:
                _tell(future, result, failure)

    def _commit(self, batch: list[Work]) -> list[Outcome]:
        try:
            with self._store.transaction() as tx:
                return [self._one(tx, work, future) for work, future in batch]
        except BaseException as error:  # the thread must live on, whatever work did
            expected = isinstance(error, StoreUnavailable)  # it says itself what to do
            log.error("A commit failed; %d requests are told so", len(batch), exc_info=not expected)
            return [(future, None, error) for _, future in batch]

    def _alone(self, piece: Work) -> Outcome:
        work, future = piece
        try:
            return future, self._store.do(work), None
        except BaseException as error:  # as above
            return future, None, error

    def _next_batch(self) -> list[Work]:
        """What the next commit does; empty when the writer is closed and nothing is left."""
        with self._wake:
            self._wake.wait_for(lambda: self._sessions or self._bulk or self._closing)
            batch = [self._sessions.popleft() for _ in range(min(self._together, len(self._sessions)))]
            if self._bulk and len(batch) < self._together:
                batch.append(self._bulk.popleft())
            return batch

    def _one(self, tx: Transaction, work: Callable[[Transaction], Any], future: "Future[Any]") -> Outcome:
        try:
            with tx.savepoint():
                return future, work(tx), None
        except Exception as error:
            return future, None, self._store.explained(error)


def _tell(future: "Future[Any]", result: Any, failure: BaseException | None) -> None:
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)
