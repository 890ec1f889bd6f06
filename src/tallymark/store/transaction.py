"""One transaction, whatever the database: statements, the clock, savepoints, counters written at the end."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import orjson

from tallymark.store.statements import Dialect, Statement, render

KEY_STEPS = (1, 8, 64, 512)

_TALLY = Statement(
    "Bring a dataset's counters up to date.",
    "UPDATE dataset SET queued = queued + :queued, done = done + :done, withdrawn = withdrawn + :withdrawn,"
    " freed = freed + :freed WHERE id = :dataset",
)


class Row(Protocol):
    """One row of a result, by column name or number."""

    def __getitem__(self, key: str | int, /) -> Any: ...
    def keys(self) -> list[str]: ...


class _Tally(dict[str, int]):
    """Changes of one dataset's counters that the transaction has not written yet."""

    def __init__(self) -> None:
        super().__init__(queued=0, done=0, withdrawn=0, freed=0)


class Transaction(ABC):
    """One transaction: statements, the clock, savepoints, and counters that are written once at the end.

    The counters of a dataset would be the hottest row of the database, so their changes are collected and
    written by one statement just before the commit. What a driver does in its own way, its subclass says.
    """

    concurrent = False
    """Whether other transactions may write at the same time."""

    def __init__(self, connection: Any, dialect: Dialect, now: float) -> None:
        self._connection = connection
        self._dialect = dialect
        self._now = now
        self.scrubs = False
        """What was deleted has to be gone from the database's files, too, once this is stored."""
        self._tallies: defaultdict[int, _Tally] = defaultdict(_Tally)
        self._depth = 0
        self._undone_by: BaseException | None = None

    @property
    def now(self) -> float:
        """Seconds since 1970 by the database's clock, the same for the whole transaction."""
        return self._now

    def all(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Every row."""
        rows: list[Row] = self._execute(statement, parameters or {}).fetchall()
        return rows

    def one(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._execute(statement, parameters or {}).fetchone()
        return row

    def value(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        row = self.one(statement, parameters)
        return None if row is None else row[0]

    @abstractmethod
    def foresee(self, statement: Statement, parameters: Mapping[str, Any], row: Row | None) -> None:
        """The next `one` of a statement with these parameters, named in this order, would give this row.

        A `lock` that was foreseen is held already.

        A hint, which only a transaction that waits for each answer of its database heeds.
        """

    def stream(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Rows one at a time; constant memory."""
        yield from self._execute(statement, parameters or {})

    def run(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> None:
        """Execute."""
        self._execute(statement, parameters or {})

    def touched(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> int:
        """Execute, and how many rows were touched."""
        rows: int = self._execute(statement, parameters or {}).rowcount
        return rows

    def lock(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> None:  # noqa: B027
        """Execute a statement that does nothing but lock, where several transactions write at once."""

    @abstractmethod
    def many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute once for each row of parameters."""

    def by_keys(
        self, statement: Statement, keys: Sequence[Any], parameters: Mapping[str, Any] | None = None
    ) -> list[Row]:
        """Every row of a statement with `{keys}`, for any number of keys."""
        rows: list[Row] = []
        for start in range(0, len(keys), KEY_STEPS[-1]):
            part = list(keys[start : start + KEY_STEPS[-1]])
            room = next(step for step in KEY_STEPS if step >= len(part))
            part += [part[-1]] * (room - len(part))
            named = {f"key{n}": key for n, key in enumerate(part)} | dict(parameters or {})
            rows += self._execute(statement, named, keys=room).fetchall()
        return rows

    @abstractmethod
    def new_ids(self, table: str, count: int) -> Sequence[int]:
        """`count` fresh ids of a table, in order; ids of rows that were deleted are not given again."""

    def insert(self, statement: Statement, parameters: Mapping[str, Any]) -> int:
        """Execute an INSERT … RETURNING id, and the id."""
        identifier: int = self._execute(statement, parameters).fetchone()[0]
        return identifier

    def tally(
        self, dataset: int, *, queued: int = 0, done: int = 0, withdrawn: int = 0, freed: int = 0
    ) -> None:
        """Change a dataset's counters; written at the end of the transaction.

        `freed` counts how often a task became available to somebody again.
        """
        tally = self._tallies[dataset]
        tally["queued"] += queued
        tally["done"] += done
        tally["withdrawn"] += withdrawn
        tally["freed"] += freed

    def pending(self, dataset: int) -> Mapping[str, int]:
        """What this transaction has yet to add to a dataset's stored counters."""
        return self._tallies[dataset]

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what happens inside when it raises, and let the error pass on."""
        self._check()
        kept = {dataset: dict(tally) for dataset, tally in self._tallies.items()}
        self._depth += 1
        name = f"s{self._depth}"
        self._command(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException as error:
            if self._lives():
                self._command(f"ROLLBACK TO {name}")
            else:
                self._undone_by = self._undone_by or error
            self._restore(kept)
            raise
        finally:
            if self._lives():
                self._command(f"RELEASE {name}")
            self._depth -= 1

    def flush(self) -> None:
        """Write the collected counters."""
        self._check()
        changed = [
            {"dataset": dataset, **tally}
            for dataset, tally in sorted(self._tallies.items())
            if any(tally.values())
        ]
        self.many(_TALLY, changed)
        self._tallies.clear()

    @abstractmethod
    def _lives(self) -> bool:
        """Whether the database still knows of the transaction."""

    @abstractmethod
    def _check(self) -> None:
        """A database undoes a whole transaction by itself when it fails; nothing may follow then."""

    @abstractmethod
    def _execute(self, statement: Statement, parameters: Mapping[str, Any], *, keys: int = 0) -> Any:
        """The driver's cursor."""

    def _command(self, sql: str) -> None:
        """Execute what gives no rows and has no parameters."""
        self._connection.execute(sql)

    def _rendered(self, statement: Statement, keys: int = 0) -> str:
        return render(statement, self._dialect, keys)

    def _restore(self, kept: dict[int, dict[str, int]]) -> None:
        self._tallies.clear()
        for dataset, tally in kept.items():
            self._tallies[dataset].update(tally)


def json_ids(ids: Iterable[int]) -> str:
    """Integers for a statement with `{ids}`."""
    return orjson.dumps(list(ids)).decode()
