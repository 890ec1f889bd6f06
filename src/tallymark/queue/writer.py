"""The threads that write; an acknowledgement leaves only after the commit.

SQLite has one writer at a time and a commit costs a flush to disk, so there is one thread, and requests that
wait together are committed together, each in a savepoint of its own. PostgreSQL writes many at a time, but
all answers of a dataset change its counters, and so would wait for each other's flush: those that wait
together are committed together there, too, after what all of them lock was locked in one order. Whatever
fails in such a group is done again, each piece in a transaction of its own, and that again when others were
in its way. Work of sessions goes before bulk work, and one commit takes at most one piece of bulk work.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from tallymark.errors import StoreUnavailable, TallymarkError
from tallymark.queue.ahead import Reach, look_ahead
from tallymark.store import Store, Transaction

T = TypeVar("T")
Outcome = tuple["Future[Any]", Any, BaseException | None]

TOGETHER = 64
GROUPS = 2
"""How many groups are under way at once: one is worked on while another one is flushed to disk."""

log = logging.getLogger(__name__)


class WriterClosed(TallymarkError):
    """The writer was closed before the work could be done."""

    code = "closing"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of work. With a `reach` it may be done in a group, and once more by itself after that.

    A `swift` one is done by itself, but may be done once more, too. Nobody can cancel a `begun` one.
    """

    work: Callable[[Transaction], Any]
    future: "Future[Any]"
    reach: Reach | None = None
    swift: bool = False
    begun: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether it may be done with others, and by itself again if that fails."""
        return self.swift or self.reach is not None


class Writer:
    """The writer of a store. `submit` from any thread; `close` finishes what was submitted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions: deque[Piece] = deque()
        self._grouped: deque[Piece] = deque()
        self._bulk: deque[Piece] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._alone = store.writers == 1
        self._groups = 0
        self._threads = [
            threading.Thread(target=self._loop, name=f"tallymark-writer-{n}", daemon=True)
            for n in range(store.writers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self,
        work: Callable[[Transaction], T],
        *,
        bulk: bool = False,
        reach: Reach | None = None,
        swift: bool = False,
    ) -> "Future[T]":
        """Do some work in the next transaction. The future is done after COMMIT, or holds what was raised.

        Work may be done more than once until it is stored, so it changes nothing but the database. Whoever
        names its `reach`, or says that it is `swift`, says that it waits for nobody else's locks but for a
        moment, and that it may be done once more even after it was stored.
        """
        future: Future[T] = Future()
        with self._wake:
            if self._closing:
                raise WriterClosed("The writer of this database is closing.")
            queue = self._bulk if bulk else self._sessions if reach is None or self._alone else self._grouped
            queue.append(Piece(work, future, reach, swift))
            if queue is not self._grouped or self._groups < GROUPS:  # else a group that ends begins the next
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
        next_batch = self._next_batch if self._alone else self._next_beside_others
        commit = self._commit if self._alone else self._commit_beside_others
        while batch := next_batch():
            for future, result, failure in commit(batch):
                _tell(future, result, failure)

    def _next_batch(self) -> list[Piece]:
        """What the next commit does; empty when the writer is closed and nothing is left."""
        with self._wake:
            self._wake.wait_for(lambda: self._sessions or self._bulk or self._closing)
            batch = _first(self._sessions, TOGETHER)
            if self._bulk and len(batch) < TOGETHER:
                batch.append(self._bulk.popleft())
            return batch

    def _commit(self, batch: list[Piece]) -> list[Outcome]:
        begun = _begun(batch)
        swift = [piece for piece in begun if piece.repeatable]
        done = self._together(swift) if len(swift) > 1 else []
        rest = [piece for piece in begun if not (done and piece.repeatable)]
        return done + (self._carefully(rest) if rest else [])

    def _carefully(self, batch: list[Piece]) -> list[Outcome]:
        """All pieces in one transaction, each in a savepoint of its own."""
        try:
            with self._store.transaction() as tx:
                return [self._one(tx, piece) for piece in batch]
        except BaseException as error:  # the thread must live on, whatever work did
            expected = isinstance(error, StoreUnavailable)  # it says itself what to do
            log.error("A commit failed; %d requests are told so", len(batch), exc_info=not expected)
            return [(piece.future, None, error) for piece in batch]

    def _one(self, tx: Transaction, piece: Piece) -> Outcome:
        try:
            with tx.savepoint():
                return piece.future, piece.work(tx), None
        except Exception as error:
            return piece.future, None, self._store.explained(error)

    def _next_beside_others(self) -> list[Piece]:
        """One piece, or a group, of which few are under way at once; empty when nothing will come."""
        with self._wake:
            self._wake.wait_for(lambda: self._can_begin() or self._closing)
            if self._grouped and self._groups < GROUPS:
                self._groups += 1
                return _first(self._grouped, TOGETHER)
            return _first(self._sessions, 1) or _first(self._bulk, 1)

    def _can_begin(self) -> bool:
        return bool(self._sessions or self._bulk or (self._grouped and self._groups < GROUPS))

    def _commit_beside_others(self, batch: list[Piece]) -> list[Outcome]:
        begun = _begun(batch)
        if batch[0].reach is None:
            return (batch[0].swift and self._together(begun)) or [self._by_itself(piece) for piece in begun]
        done = self._together(begun)
        with self._wake:
            self._groups -= 1
            if not done:  # by whichever thread is free: one of them may have to wait for long
                again = [Piece(piece.work, piece.future, begun=True) for piece in begun]
                self._sessions.extendleft(reversed(again))
                self._wake.notify_all()
        return done

    def _together(self, batch: list[Piece]) -> list[Outcome]:
        """All pieces in one transaction; none where anything failed."""
        try:
            with self._store.swift_transaction() as tx:
                alone = [
                    piece for piece in batch if piece.reach is None
                ]  # they may touch what others foresee
                grouped = [piece for piece in batch if piece.reach is not None]
                done = [_swiftly(tx, piece) for piece in alone]
                if grouped:
                    look_ahead(tx, [piece.reach for piece in grouped if piece.reach is not None])
                return done + [_swiftly(tx, piece) for piece in grouped]
        except BaseException:  # as above; each piece tells by itself what is wrong with it
            log.debug("%d requests are done one by one", len(batch), exc_info=True)
            return []

    def _by_itself(self, piece: Piece) -> Outcome:
        try:
            return piece.future, self._store.do(piece.work), None
        except BaseException as error:  # as above
            return piece.future, None, error


def _swiftly(tx: Transaction, piece: Piece) -> Outcome:
    with tx.savepoint():
        return piece.future, piece.work(tx), None


def _first(pieces: deque[Piece], most: int) -> list[Piece]:
    return [pieces.popleft() for _ in range(min(most, len(pieces)))]


def _begun(batch: list[Piece]) -> list[Piece]:
    """Those that nobody has cancelled; nobody can from now on."""
    return [piece for piece in batch if piece.begun or piece.future.set_running_or_notify_cancel()]


def _tell(future: "Future[Any]", result: Any, failure: BaseException | None) -> None:
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)
