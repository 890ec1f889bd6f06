"""The tables `Dataset`, `Example` and `Link`, as far as recipes query them, over the answers of our database.

A query is run over the answers as they are at that moment: `select`, `where`, `join`, `order_by`, `limit`,
`count`, `get` and iteration. An example is an answered document, its id the one of the answer; every example
has one link to its dataset. Nothing is written here: `Database.add_examples`, `link` and `unlink` do that.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

from tallymark.errors import InputError, NotKnown
from tallymark.types import Task

__all__ = ["Dataset", "Example", "Link"]

Record = TypeVar("Record", bound="Table")

Row = dict[str, Any]
"""The three records that belong together, by the names of their tables."""

_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda value, other: bool(value == other),
    "!=": lambda value, other: bool(value != other),
    "<": lambda value, other: bool(value < other),
    "<=": lambda value, other: bool(value <= other),
    ">": lambda value, other: bool(value > other),
    ">=": lambda value, other: bool(value >= other),
    "in": lambda value, other: value in {_plain(each) for each in other},
}


@dataclass(frozen=True)
class Condition:
    """What rows must be like."""

    holds: Callable[[Row], bool]

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(lambda row: self.holds(row) and other.holds(row))

    def __or__(self, other: "Condition") -> "Condition":
        return Condition(lambda row: self.holds(row) or other.holds(row))

    def __invert__(self) -> "Condition":
        return Condition(lambda row: not self.holds(row))


class Field:
    """A column. Of a record it is a value, of its table something to compare with."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.table, self.name = owner.__name__, name

    def __get__(self, record: Any, owner: type) -> Any:
        return self if record is None else record.__dict__[self.name]

    def value_in(self, row: Row) -> Any:
        """Its value in a row; of another record that it names, the id."""
        if self.table not in row:
            raise InputError(
                f"Datasets are not compared by columns of {self.table}; select {self.table} instead."
            )
        return _plain(getattr(row[self.table], self.name))

    def _compared(self, how: str, other: Any) -> Condition:
        compare = _COMPARISONS[how]
        if isinstance(other, Field):
            return Condition(lambda row: compare(self.value_in(row), other.value_in(row)))
        return Condition(lambda row: compare(self.value_in(row), _plain(other)))

    def __eq__(self, other: object) -> Any:
        return self._compared("=", other)

    def __ne__(self, other: object) -> Any:
        return self._compared("!=", other)

    def __lt__(self, other: Any) -> Condition:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Condition:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Condition:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Condition:
        return self._compared(">=", other)

    def in_(self, others: Any) -> Condition:
        """One of these values, or of what a query gives."""
        return self._compared("in", others)

    __lshift__ = in_
    __hash__ = object.__hash__

    def desc(self) -> "Descending":
        """The largest first, in `order_by`."""
        return Descending(self)

    def asc(self) -> "Field":
        """The smallest first, in `order_by`."""
        return self


@dataclass(frozen=True)
class Descending:
    """A column, the largest first."""

    field: Field


class Table:
    """A record of one of the tables, and the queries over it."""

    DoesNotExist: ClassVar[type[NotKnown]] = NotKnown
    id = Field()

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    @classmethod
    def select(cls, *_columns: Any) -> "Query[Self]":
        """All records; whichever columns are named, records have all of them."""
        return Query(cls)

    @classmethod
    def get(cls, *conditions: Condition) -> Self:
        """The first record that fits. Errors: `NotKnown`."""
        found = cls.get_or_none(*conditions)
        if found is None:
            raise NotKnown(f"There is no {cls.__name__} that fits.")
        return found

    @classmethod
    def get_or_none(cls, *conditions: Condition) -> Self | None:
        """The first record that fits, or None."""
        return next(iter(cls.select().where(*conditions)), None)

    @classmethod
    def get_by_id(cls, identifier: int) -> Self:
        """The record with this id. Errors: `NotKnown`."""
        return cls.get(cls.id == identifier)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.id == other.id

    def __hash__(self) -> int:
        return hash((type(self), self.id))


class Dataset(Table):
    """A dataset; `created` is in seconds since 1970, and `session` is always false."""

    id = Field()
    name = Field()
    created = Field()
    meta = Field()
    session = Field()


class Example(Table):
    """An answered document; `content` is its JSON."""

    id = Field()
    input_hash = Field()
    task_hash = Field()
    content = Field()

    def load(self) -> Task:
        """The document."""
        document: Task = json.loads(self.content)
        return document


class Link(Table):
    """Which dataset an example is in; both are records."""

    id = Field()
    example = Field()
    dataset = Field()


class Query(Generic[Record]):
    """Records of a table, chosen when they are read."""

    def __init__(self, table: type[Record]) -> None:
        self._table = table
        self._conditions: list[Condition] = []
        self._order: list[Field | Descending] = []
        self._limit: int | None = None

    def where(self, *conditions: Any) -> "Query[Record]":
        """Those that fit all of these, too."""
        for condition in conditions:
            if not isinstance(condition, Condition):
                raise InputError(f"where() takes comparisons of columns of these tables, not {condition!r}.")
        self._conditions += conditions
        return self

    def join(self, *_tables: Any, **_how: Any) -> "Query[Record]":
        """As it is: the tables are joined in any case."""
        return self

    switch = join

    def order_by(self, *fields: Any) -> "Query[Record]":
        """In the order of these columns; else they come by id."""
        self._order = list(fields)
        return self

    def limit(self, number: int) -> "Query[Record]":
        """No more than so many."""
        self._limit = number
        return self

    def count(self) -> int:
        """How many there are."""
        return sum(1 for _ in self)

    def exists(self) -> bool:
        """Whether there is one."""
        return next(iter(self), None) is not None

    def first(self) -> Record | None:
        """The first one, or None."""
        return next(iter(self), None)

    def get(self) -> Record:
        """The first one. Errors: `NotKnown`."""
        found = self.first()
        if found is None:
            raise NotKnown(f"There is no {self._table.__name__} that fits.")
        return found

    def __len__(self) -> int:
        return self.count()

    def __iter__(self) -> Iterator[Record]:
        rows = (row for row in _rows(self._table) if all(each.holds(row) for each in self._conditions))
        found = self._ordered(rows) if self._order else rows
        name, seen = self._table.__name__, set[int]()
        for row in found:
            record: Record = row[name]
            if self._limit is not None and len(seen) >= self._limit:
                return
            if record.id not in seen:
                seen.add(record.id)
                yield record

    def _ordered(self, rows: Iterator[Row]) -> list[Row]:
        ordered = list(rows)
        for field in reversed(self._order):
            column = field.field if isinstance(field, Descending) else field
            ordered.sort(key=column.value_in, reverse=isinstance(field, Descending))
        return ordered


def _rows(table: type[Table]) -> Iterator[Row]:
    """All records that belong together; for datasets, empty ones, too."""
    from tallymark.compat.prodigy.components.db import Database

    database = Database()
    for found in database.stored_datasets():
        meta = json.dumps({"created": found["created"]})
        dataset = Dataset(
            id=found["id"], name=found["name"], created=int(found["created"]), meta=meta, session=False
        )
        if table is Dataset:
            yield {"Dataset": dataset}
            continue
        for identifier, answer in database.numbered(found["name"]):
            example = Example(
                id=identifier,
                input_hash=answer["_input_hash"],
                task_hash=answer["_task_hash"],
                content=json.dumps(answer),
            )
            link = Link(id=identifier, example=example, dataset=dataset)
            yield {"Dataset": dataset, "Example": example, "Link": link}


def _plain(value: Any) -> Any:
    return value.id if isinstance(value, Table) else value
