"""Drop a dataset: in parts, so that others are answered meanwhile, and so that it can be gone on with.

The dataset first loses its name, so that nobody can work on it and the name is free; its new name says what
is going on. Whoever finds one that was left half-way drops it by that name.
"""

from typing import Any

from tallymark.queue.datasets import find_dataset
from tallymark.queue.runs import note
from tallymark.store import Statement, Transaction, json_ids

PART = 500
MARK = " (being dropped"

_TAKE_NAME = Statement(
    "A dataset gets another name, and no run is its newest any more.",
    "UPDATE dataset SET name = :name, run = NULL WHERE id = :dataset",
)
_END_RUNS = Statement(
    "No host feeds the dataset any more.",
    "UPDATE run SET ended_at = :now WHERE dataset = :dataset AND ended_at IS NULL",
)
_TASKS = Statement(
    "Some tasks of a dataset.",
    "SELECT id, document FROM task WHERE dataset = :dataset ORDER BY id LIMIT :limit",
)
_FORMS = Statement(
    "The second forms of answers to these tasks.",
    "SELECT stored_form FROM answer WHERE task IN {ids} AND stored_form IS NOT NULL",
)
_OF_TASKS = tuple(
    Statement(f"What belongs to tasks: {table}.", f"DELETE FROM {table} WHERE {column} IN {{ids}}")  # noqa: S608
    for table, column in (
        ("delivery", "task"),
        ("draft", "task"),
        ("past_lease", "task"),
        ("assignment", "task"),
        ("answer", "task"),
        ("task_row", "task"),
        ("task", "id"),
    )
)
_DOCUMENTS = Statement("Documents.", "DELETE FROM document WHERE id IN {ids}")
_OF_SESSIONS = tuple(
    Statement(
        f"What belongs to the sessions of a dataset: {table}.",
        f"DELETE FROM {table} WHERE session IN (SELECT id FROM session WHERE dataset = :dataset)",  # noqa: S608
    )
    for table in ("client", "draft_op", "member")
)
_ROW_FATES = Statement(
    "What became of the rows of a dataset's sources.",
    "DELETE FROM row_fate WHERE source IN (SELECT id FROM source WHERE dataset = :dataset)",
)
_OF_DATASET = tuple(
    Statement(f"What belongs to a dataset: {table}.", f"DELETE FROM {table} WHERE dataset = :dataset")  # noqa: S608
    for table in (
        "returned",
        "quarantine",
        "media",
        "added_source",
        "audience",
        "label_change",
        "source",
        "run",
        "session",
    )
)
_ANNOTATORS = Statement(
    "Annotators without any session or tags.",
    "DELETE FROM annotator WHERE tags IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM session s WHERE s.annotator = annotator.id)",
)
_DATASET = Statement("The dataset.", "DELETE FROM dataset WHERE id = :dataset")


def begin_drop(tx: Transaction, *, dataset: str) -> dict[str, Any]:
    """Take a dataset's name away and fence its hosts.

    Returns `{"dataset": its name while it is dropped, "tasks": how many it has}`. Errors: `NotKnown`.
    """
    found = find_dataset(tx, dataset)
    name = dataset if MARK in dataset else f"{dataset}{MARK}, {found['id']})"
    tx.run(_TAKE_NAME, {"dataset": found["id"], "name": name})
    tx.run(_END_RUNS, {"dataset": found["id"], "now": tx.now})
    note(tx, found["id"], "drop_begun", dataset)
    return {"dataset": name, "tasks": found["queued"]}


def drop_part(tx: Transaction, *, dataset: str) -> dict[str, Any]:
    """Delete some tasks with all that belongs to them; when none are left, the dataset itself.

    Returns `{"tasks": how many were deleted, "gone": whether nothing is left}`. Errors: `NotKnown`.
    """
    found = find_dataset(tx, dataset)
    rows = tx.all(_TASKS, {"dataset": found["id"], "limit": PART})
    if not rows:
        _drop_rest(tx, found["id"], dataset)
        return {"tasks": 0, "gone": True}
    ids = {"ids": json_ids(row["id"] for row in rows)}
    documents = [row["document"] for row in rows]
    documents += [row["stored_form"] for row in tx.all(_FORMS, ids)]
    for statement in _OF_TASKS:
        tx.run(statement, ids)
    tx.run(_DOCUMENTS, {"ids": json_ids(documents)})
    return {"tasks": len(rows), "gone": False}


def _drop_rest(tx: Transaction, dataset: int, name: str) -> None:
    """What is left when no task is; the event that says so stays."""
    named = {"dataset": dataset}
    for statement in (*_OF_SESSIONS, _ROW_FATES, *_OF_DATASET, _ANNOTATORS, _DATASET):
        tx.run(statement, named)
    note(tx, dataset, "dropped", name)
