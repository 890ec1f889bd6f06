"""Where each row of a source is now: the state of the tasks it became, or why there is none."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tallymark.queue.datasets import find_dataset
from tallymark.store import Row, Statement, Transaction

PART = 2000
STATES = (
    "done",
    "answered",
    "leased",
    "open",
    "withdrawn",
    "duplicate",
    "excluded",
    "invalid",
    "passed",
    "pending",
    "not read yet",
    "lost",
)
"""Of a row with several tasks, the one that is furthest down from `done` to `withdrawn` counts. `lost` is a
row that should have a task and has none: the books are broken."""

_SOURCE = Statement(
    "The newest version of a source of a dataset.",
    "SELECT * FROM source WHERE dataset = :dataset AND uri = :uri ORDER BY version DESC LIMIT 1",
)
_NAMES = Statement(
    "The sources of a dataset.", "SELECT DISTINCT uri FROM source WHERE dataset = :dataset ORDER BY uri"
)
_READ_BY = Statement(
    "A dataset that has a file among its sources.",
    "SELECT d.name FROM source s JOIN dataset d ON d.id = s.dataset WHERE s.uri IN (:path, :real)"
    " ORDER BY d.name LIMIT 1",
)
_TASKS = Statement(
    "Tasks of some rows of a source.",
    "SELECT r.ordinal, t.id, t.state, t.counted FROM task_row r JOIN task t ON t.id = r.task"
    " WHERE r.source = :source AND r.ordinal BETWEEN :first AND :last ORDER BY r.ordinal, t.id",
)
_FATES = Statement(
    "What became of some rows of a source.",
    "SELECT first, last, fate, note FROM row_fate"
    " WHERE source = :source AND first <= :last AND last >= :first ORDER BY first",
)
_FIRST_FATE = Statement(
    "The range that a row is in, if any.",
    "SELECT max(first) FROM row_fate WHERE source = :source AND first <= :first",
)
_HOLDERS = Statement(
    "Who holds which task of a dataset.",
    "SELECT a.task, s.name, a.leased_at FROM session s CROSS JOIN assignment a"
    " WHERE s.dataset = :dataset AND a.session = s.id AND a.state = 'leased' ORDER BY a.task, s.id",
)
_BY_KEYS = Statement(
    "Tasks with these dedup keys.",
    "SELECT id, dedup_key, state, counted FROM task WHERE dataset = :dataset AND dedup_key IN {keys}"
    " ORDER BY id",
)

Holders = dict[int, list[str]]


def source_of(tx: Transaction, *, dataset: str, uri: str) -> dict[str, Any] | None:
    """The newest version of a source by its name, or None when the dataset never read it."""
    row = tx.one(_SOURCE, {"dataset": find_dataset(tx, dataset)["id"], "uri": uri})
    return None if row is None else {key: row[key] for key in row.keys()}  # noqa: SIM118


def source_names(tx: Transaction, *, dataset: str) -> list[str]:
    """The names of all sources that a dataset read."""
    return [row["uri"] for row in tx.all(_NAMES, {"dataset": find_dataset(tx, dataset)["id"]})]


def read_by(tx: Transaction, *, path: Path) -> str | None:
    """The name of a dataset that reads its rows from this file, or None."""
    named = {"path": str(path.absolute()), "real": str(path.resolve())}
    dataset: str | None = tx.value(_READ_BY, named)
    return dataset


def holders(tx: Transaction, *, dataset: str) -> Holders:
    """The sessions that hold each task which somebody holds."""
    found: Holders = {}
    for row in tx.all(_HOLDERS, {"dataset": find_dataset(tx, dataset)["id"]}):
        found.setdefault(row["task"], []).append(row["name"])
    return found


def rows_of(tx: Transaction, source: dict[str, Any], rows: int, held: Holders) -> Iterator[dict[str, Any]]:
    """The state of every row of a source from 1 to `rows`, in order and in constant memory.

    Each is `{"row", "state", "tasks": [id], "sessions": who holds them, "note"}`.
    """
    for first in range(1, rows + 1, PART):
        last = min(first + PART - 1, rows)
        yield from _part(tx, source, first, last, held)


def states_of_keys(
    tx: Transaction, *, dataset: str, keys: Sequence[bytes], held: Holders
) -> dict[bytes, dict[str, Any]]:
    """The state of the tasks with these dedup keys, as in `rows_of`; keys without a task are left out."""
    tasks: dict[bytes, list[Row]] = {}
    named = {"dataset": find_dataset(tx, dataset)["id"]}
    for row in tx.by_keys(_BY_KEYS, list(dict.fromkeys(keys)), named):
        tasks.setdefault(row["dedup_key"], []).append(row)
    return {key: _state(found, held) for key, found in tasks.items()}


def _part(
    tx: Transaction, source: dict[str, Any], first: int, last: int, held: Holders
) -> Iterator[dict[str, Any]]:
    named = {"source": source["id"], "first": first, "last": last}
    start = tx.value(_FIRST_FATE, named)
    fates = iter(tx.all(_FATES, {**named, "first": first if start is None else start}))
    tasks: dict[int, list[Row]] = {}
    for row in tx.all(_TASKS, named):
        tasks.setdefault(row["ordinal"], []).append(row)
    fate = next(fates, None)
    for ordinal in range(first, last + 1):
        while fate is not None and fate["last"] < ordinal:
            fate = next(fates, None)
        here = fate if fate is not None and fate["first"] <= ordinal else None
        yield {"row": ordinal, **_row(source, ordinal, here, tasks.get(ordinal, []), held)}


def _row(
    source: dict[str, Any], ordinal: int, fate: Row | None, tasks: list[Row], held: Holders
) -> dict[str, Any]:
    if tasks and (fate is None or fate["fate"] in ("task", "carried")):
        return _state(tasks, held)
    if fate is None:
        state = "pending" if ordinal <= source["rows_read"] else "not read yet"
    else:
        state = "lost" if fate["fate"] in ("task", "carried") else fate["fate"]
    note = None if fate is None else fate["note"]
    return {"state": state, "tasks": [], "sessions": [], "note": note}


def _state(tasks: list[Row], held: Holders) -> dict[str, Any]:
    states = [_of_task(task, held) for task in tasks]
    sessions = list(dict.fromkeys(name for task in tasks for name in held.get(task["id"], ())))
    return {
        "state": max(states, key=STATES.index),
        "tasks": [str(task["id"]) for task in tasks],
        "sessions": sessions,
        "note": None,
    }


def _of_task(task: Row, held: Holders) -> str:
    if task["state"] != "open":
        return str(task["state"])
    if task["id"] in held:
        return "leased"
    return "answered" if task["counted"] else "open"
