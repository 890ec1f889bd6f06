"""Tasks that wait for people: who is awaited, what nobody can fill, and what an operator may open to all."""

from collections.abc import Mapping, Sequence
from typing import Any

from tallymark import jsontext
from tallymark.queue.datasets import find_dataset
from tallymark.queue.eligibility import WANTS_MORE, audiences, eligible, had, wishes
from tallymark.queue.runs import note
from tallymark.queue.tasks import Tasks
from tallymark.store import Row, Statement, Transaction, json_ids

ABSENT_SECONDS = 1800.0
PART = 1000

_HERE = f"""
    SELECT count(*) FROM session s
     WHERE s.dataset = t.dataset AND s.kind = 'person' AND s.retired_at IS NULL AND s.last_call >= :since
       AND {eligible("s.id")} AND NOT {had("s.id", "leased")}
"""  # noqa: S608
_FREE = "CASE WHEN t.overlap IS NULL THEN 1 ELSE t.overlap - t.taken END"

_AWAITING = Statement(
    "Open tasks for certain people, of whom fewer are here than slots are free.",
    f"""
    SELECT t.id, t.created_at, u.people, u.fallback FROM task t JOIN audience u ON u.id = t.audience
     WHERE t.dataset = :dataset AND u.people IS NOT NULL AND {WANTS_MORE} AND t.id > :after
       AND ({_HERE}) < {_FREE}
     ORDER BY t.id LIMIT :limit
    """,  # noqa: S608
)
_HAD_BY = Statement(
    "Who has or had these tasks, by name.",
    "SELECT a.task, s.name FROM assignment a JOIN session s ON s.id = a.session"
    " WHERE a.task IN {ids} AND a.state IN ('leased', 'answered', 'ineligible')",
)
_CALLED = Statement(
    "When the people of a dataset called last.",
    "SELECT name, last_call FROM session WHERE dataset = :dataset AND kind = 'person' AND retired_at IS NULL",
)
_UNFILLABLE = Statement(
    "Open tasks that want more people than there are for them.",
    f"""
    SELECT t.id, {_FREE} AS free, ({_HERE}) AS people FROM task t
     WHERE t.dataset = :dataset AND {WANTS_MORE} AND t.id > :after AND ({_HERE}) < {_FREE}
     ORDER BY t.id LIMIT :limit
    """,  # noqa: S608
)
_NAMED = Statement(
    "The next open tasks that are for certain people.",
    """
    SELECT t.id FROM task t JOIN audience u ON u.id = t.audience
     WHERE t.dataset = :dataset AND u.people IS NOT NULL AND t.state = 'open' AND t.id > :after
     ORDER BY t.id LIMIT :limit
    """,
)


def awaiting(
    tx: Transaction,
    *,
    dataset: str,
    seconds: float = ABSENT_SECONDS,
    after: int = 0,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Tasks a router gave to people who do not come, by id: too few of them called within `seconds`.

    `{"task_id", "since", "opens_at", "people": [{"name", "last_call"}]}`: `people` are those awaited, with
    None for who was never here; `opens_at` is the earliest time at which others get it, None: never.
    Errors: `NotKnown`.
    """
    found = find_dataset(tx, dataset)
    named = {"dataset": found["id"], "since": tx.now - seconds, "after": after, "limit": limit}
    rows = tx.all(_AWAITING, named)
    calls = {row["name"]: row["last_call"] for row in tx.all(_CALLED, {"dataset": found["id"]})}
    had_by = {(row["task"], row["name"]) for row in tx.all(_HAD_BY, {"ids": json_ids(r["id"] for r in rows)})}
    return [_awaited(row, calls, had_by, tx.now - seconds) for row in rows]


def _awaited(
    row: Row, calls: Mapping[str, float], had_by: set[tuple[int, str]], since: float
) -> dict[str, Any]:
    names = [name for name in jsontext.loads(row["people"]) if (row["id"], name) not in had_by]
    absent = [name for name in names if calls.get(name, float("-inf")) < since]
    return {
        "task_id": str(row["id"]),
        "since": row["created_at"],
        "opens_at": None if row["fallback"] is None else row["created_at"] + row["fallback"],
        "people": [{"name": name, "last_call": calls.get(name)} for name in absent],
    }


def unfillable(tx: Transaction, *, dataset: str, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """Open tasks with fewer people who may have them than slots that are free, by id.

    `{"task_id", "free", "people"}`: it takes more people, other tags, or fewer answers.
    Errors: `NotKnown`.
    """
    found = find_dataset(tx, dataset)
    named = {"dataset": found["id"], "since": float("-inf"), "after": after, "limit": limit}
    return [
        {"task_id": str(row["id"]), "free": row["free"], "people": row["people"]}
        for row in tx.all(_UNFILLABLE, named)
    ]


def open_to_all(tx: Transaction, *, dataset: str, task_ids: Sequence[str] | None = None) -> dict[str, Any]:
    """Let whoever has the tags take tasks that a router gave to certain people: these, or all of them.

    No router closes them again. Returns `{"opened"}`. Errors: `NotKnown`.
    """
    found = find_dataset(tx, dataset)
    chosen = None if task_ids is None else {int(task) for task in task_ids if task.isdecimal()}
    opened = after = 0
    while part := [
        row["id"] for row in tx.all(_NAMED, {"dataset": found["id"], "after": after, "limit": PART})
    ]:
        opened += open_tasks_to_all(
            tx, found["id"], [task for task in part if chosen is None or task in chosen]
        )
        after = part[-1]
    note(tx, found["id"], "opened_to_all", f"{opened} tasks")
    return {"opened": opened}


def open_tasks_to_all(tx: Transaction, dataset: int, ids: Sequence[int]) -> int:
    """Let whoever has the tags take these tasks, given in the order of their ids; how many."""
    tasks = Tasks.locked(tx, dataset, ids)
    known = wishes(tx, [tasks[task].audience for task in tasks.ids()])
    wider = {task: known[tasks[task].audience].opened_to_all() for task in tasks.ids()}
    made = audiences(tx, dataset, wider.values())
    for task, wish in wider.items():
        tasks.set_audience(task, made[wish])
    tasks.settle()
    return len(wider)
