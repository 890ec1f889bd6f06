"""Account for every row of a file: its task, its answer, or why there is none; in constant memory."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from tallymark.errors import InputError
from tallymark.hashing import identities_of
from tallymark.types import Task

if TYPE_CHECKING:
    from tallymark.queue.rows import Holders
    from tallymark.source import Source
    from tallymark.store import Transaction

__all__ = ["SHOWN", "Account", "account"]

SHOWN = 20
BATCH = 500
UNKNOWN = "unknown"
"""A row that a dataset which never read this file has no task for."""

Note = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Account:
    """The rows of one file by state, and the first of each state that is not `done`.

    `how`: rows are known by their number (`rows`), or only by what they ask (`content`), where the dataset
    read them under another name. `problem`: why the numbers cannot be trusted.
    """

    uri: str
    how: str
    rows: int
    states: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    problem: str | None = None

    @property
    def sound(self) -> bool:
        """Whether every row is accounted for."""
        lost = self.states["lost"] + self.states[UNKNOWN]
        return self.problem is None and not lost and sum(self.states.values()) == self.rows

    def add(self, row: dict[str, Any]) -> None:
        """Count a row, and keep the first ones that have no answer."""
        self.states[row["state"]] += 1
        examples = self.examples.setdefault(row["state"], [])
        if row["state"] != "done" and len(examples) < SHOWN:
            examples.append(row)


def account(
    tx: "Transaction",
    source: "Source",
    *,
    dataset: str,
    advance: Callable[[int], None],
    note: Note = lambda _row: None,
) -> Account:
    """Where every row of a file is. `advance` is told how many were looked at, `note` gets each of them."""
    from tallymark.queue.rows import holders, source_of

    held = holders(tx, dataset=dataset)
    stored = source_of(tx, dataset=dataset, uri=source.uri)
    if stored is None:
        return _by_content(tx, source, dataset, held, advance, note)
    found = Account(source.uri, "rows", 0)
    found.problem = _difference(source, stored)
    found.rows = _count(source, stored, changed=found.problem is not None)
    _by_number(tx, found, stored, held, advance, note)
    return found


def _difference(source: "Source", stored: dict[str, Any]) -> str | None:
    """Why the file is not the one that was read, or None."""
    if stored["fingerprint"] == source.fingerprint() or source.same_start(stored["fingerprint"]):
        return None
    return "The file has changed since it was read; these are the rows that were read."


def _count(source: "Source", stored: dict[str, Any], *, changed: bool) -> int:
    """How many rows the file has; it is read through where that is not known."""
    known = stored["known_rows"]
    if changed:
        return int(known if known is not None else stored["rows_read"])
    if known is not None and stored["fingerprint"] == source.fingerprint():
        return int(known)
    for _ in source.tasks():
        source.drain_fates()
        source.drain_notes()
    return source.rows_read


def _by_number(
    tx: "Transaction",
    found: Account,
    stored: dict[str, Any],
    held: "Holders",
    advance: Callable[[int], None],
    note: Note,
) -> None:
    from tallymark.queue.rows import rows_of

    for row in rows_of(tx, stored, found.rows, held):
        found.add(row)
        note(row)
        if row["row"] % BATCH == 0:
            advance(BATCH)


def _by_content(
    tx: "Transaction",
    source: "Source",
    dataset: str,
    held: "Holders",
    advance: Callable[[int], None],
    note: Note,
) -> Account:
    """Rows of a file that the dataset did not read under this name, by what makes tasks the same in it."""
    from tallymark.queue.datasets import find_dataset
    from tallymark.queue.rows import states_of_keys

    by_input = find_dataset(tx, dataset)["exclude_by"] == "input"
    found = Account(source.uri, "content", 0)
    rows = _keyed(source, by_input=by_input)
    with closing(_Seen()) as seen:
        while batch := list(islice(rows, BATCH)):
            keys = list({key for _, key, _ in batch if key is not None})
            states = states_of_keys(tx, dataset=dataset, keys=keys, held=held) if keys else {}
            for ordinal, key, reason in batch:
                row = {"row": ordinal, **_state_of(key, reason, states, seen, ordinal)}
                found.add(row)
                note(row)
            advance(len(batch))
    found.rows = source.rows_read
    if found.states[UNKNOWN] == found.rows - found.states["invalid"] and found.rows:
        _refuse_foreign(tx, source, dataset)
    return found


def _refuse_foreign(tx: "Transaction", source: "Source", dataset: str) -> None:
    from tallymark.queue.rows import source_names

    names = ", ".join(source_names(tx, dataset=dataset)) or "none"
    raise InputError(
        f"Dataset {dataset!r} never read {source.uri}, and no row of it is a task there.\n"
        f"Name one of its sources: {names}."
    )


def _state_of(
    key: bytes | None, reason: str | None, states: dict[bytes, dict[str, Any]], seen: "_Seen", ordinal: int
) -> dict[str, Any]:
    nothing: dict[str, Any] = {"tasks": [], "sessions": []}
    if key is None:
        return {"state": "invalid", **nothing, "note": reason}
    first = seen.first(key, ordinal)
    if first != ordinal:
        return {"state": "duplicate", **nothing, "note": f"of row {first}"}
    return states.get(key) or {"state": UNKNOWN, **nothing, "note": None}


def _keyed(source: "Source", *, by_input: bool) -> Iterator[tuple[int, bytes | None, str | None]]:
    """Every row with its dedup key, or the reason why it is none, in order."""
    for task in source.tasks():
        yield from _invalid(source)
        identities = identities_of(_plain(task))
        yield task["_row"][1], identities.input if by_input else identities.task, None
    yield from _invalid(source)


def _invalid(source: "Source") -> Iterator[tuple[int, None, str | None]]:
    source.drain_notes()
    for fate in source.drain_fates():
        if fate.fate == "invalid":
            yield fate.ordinal, None, fate.note


def _plain(task: Task) -> Task:
    """A row as a recipe without steps of its own would ask it: what was answered is no part of the task."""
    from tallymark.store.records import without_answer

    return without_answer(task) if "answer" in task else task


class _Seen:
    """The first row of each key. It is kept in a temporary file, so memory does not grow."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None)
        self._rows.execute("CREATE TABLE seen (key BLOB PRIMARY KEY, row INTEGER) WITHOUT ROWID")
        self._rows.execute("BEGIN")

    def first(self, key: bytes, row: int) -> int:
        """The first row with this key, which may be this one."""
        sql = "INSERT INTO seen VALUES (?, ?) ON CONFLICT DO UPDATE SET row = row RETURNING row"
        (first,) = self._rows.execute(sql, (key, row)).fetchone()
        return int(first)

    def close(self) -> None:
        """Give the file back."""
        self._rows.close()
