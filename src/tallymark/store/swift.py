"""Transactions for many calls at once: what they ask was looked up, and what they write goes out together."""

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from tallymark.errors import StoreConflict
from tallymark.store.statements import Dialect, Statement
from tallymark.store.transaction import Transaction


class SwiftTransaction(Transaction):
    """What is written waits, so that statements of one kind go to the database together.

    A call is what happens in a savepoint that lies in no other one. The writes of each stay in their order;
    those of different calls may change places, as long as nobody reads what was not foreseen. An error may
    be raised by a later statement than its own; all of the transaction is undone then.
    """

    def __init__(self, connection: Any, dialect: Dialect, now: float, **more: Any) -> None:
        super().__init__(connection, dialect, now, **more)
        self._foreseen: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(list)
        self._waiting: defaultdict[tuple[int, Statement], list[Mapping[str, Any]]] = defaultdict(list)
        self._step = 0  # of the call that is at work

    def one(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first row, or None."""
        rows = self._known(statement, parameters)
        return rows.pop() if rows else super().one(statement, parameters)

    def foresee(self, statement: Statement, parameters: Mapping[str, Any], row: Any) -> None:
        """The next `one` of a statement with these parameters, named in this order, gives this row."""
        self._foreseen[statement, *parameters.values()].append(row)

    def lock(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> None:
        """Execute a statement that does nothing but lock, unless that was done ahead."""
        rows = self._known(statement, parameters)
        if rows:
            rows.pop()
        else:
            super().lock(statement, parameters)

    def run(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> None:
        """Execute with others of its kind."""
        self.many(statement, (parameters or {},))

    def many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute with others of its kind, once for each row of parameters."""
        self._step += 1
        self._waiting[self._step, statement] += rows

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo everything when something inside raises: it has to be done again in another transaction."""
        if not self._depth:
            self._step = 0
        self._depth += 1
        try:
            yield
        except Exception as error:
            raise StoreConflict("Work has to be done again by itself.") from error
        self._depth -= 1

    def flush(self) -> None:
        """Write the collected counters, and what waits."""
        super().flush()
        self._write()

    def _known(self, statement: Statement, parameters: Mapping[str, Any] | None) -> list[Any] | None:
        """What was foreseen of a statement and not given yet."""
        return self._foreseen.get((statement, *(parameters or {}).values()))

    def _write(self) -> None:
        """Send what waits; what is read next depends on it."""
        waiting, self._waiting = self._waiting, defaultdict(list)
        for (_, statement), rows in sorted(waiting.items(), key=itemgetter(0, 0)):
            if rows:
                self._send(statement, rows)

    @abstractmethod
    def _send(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute once for each row of parameters."""
