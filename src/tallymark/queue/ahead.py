"""Look up for many calls at once what each of them will ask: one answer of the database instead of many.

All that the calls lock is locked first, in one order, so that two groups never wait for each other. What is
foreseen is as new as the locks. A call in the group may change what another one asks only about a seat or a
task of both, so these are left to ask for themselves.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tallymark import jsontext
from tallymark.queue.operations import QUARANTINED, QUARANTINED_OPS
from tallymark.queue.revisions import (
    ASSIGNMENT,
    ASSIGNMENTS,
    DOCUMENT,
    DOCUMENTS,
    KNOWN_OP,
    KNOWN_OPS,
    SETTINGS,
)
from tallymark.queue.seats import LOCK_SEAT, SEAT, SEATS
from tallymark.queue.tasks import LOCK
from tallymark.store import Row, Statement, Transaction, json_ids

_LOCK_SEATS = Statement(
    "Lock seats in one order.",
    "SELECT id FROM session s WHERE s.token IN {texts:tokens} ORDER BY s.id {lock:s}",
)


@dataclass(frozen=True, slots=True)
class Reach:
    """All that a call touches: the seat of a token, tasks, and operations by (op_id, task id)."""

    session: str
    tasks: tuple[int, ...]
    ops: tuple[tuple[str, str], ...]


def look_ahead(tx: Transaction, calls: Sequence[Reach]) -> None:
    """Lock what several calls will lock, and foresee what each of them asks."""
    tokens = jsontext.dumps(sorted({call.session for call in calls}))
    ids = json_ids(sorted({task for call in calls for task in call.tasks}))
    tx.lock(_LOCK_SEATS, {"tokens": tokens})
    tasks = {row["id"]: row for row in tx.all(LOCK, {"ids": ids})}
    seats = {row["token"]: row for row in tx.all(SEATS, {"tokens": tokens})}
    had = {(row["task"], row["session"]): row for row in tx.all(ASSIGNMENTS, {"ids": ids, "tokens": tokens})}
    alone = [call for call in _independent(calls) if call.session in seats]
    for call in alone:
        seat = seats[call.session]
        tx.foresee(LOCK_SEAT, {"token": call.session}, None)
        tx.foresee(SEAT, {"token": call.session}, seat)
        for task in call.tasks:
            tx.foresee(LOCK, {"ids": json_ids([task])}, tasks.get(task))
            tx.foresee(ASSIGNMENT, {"task": task, "session": seat["id"]}, had.get((task, seat["id"])))
    _foresee_ops(tx, alone, seats)
    _foresee_settings(tx, [seats[call.session] for call in alone])
    _foresee_documents(tx, [tasks[task] for call in alone for task in call.tasks if task in tasks])


def _independent(calls: Sequence[Reach]) -> list[Reach]:
    """Those of one operation whose seat and task no other call touches."""
    seats = Counter(call.session for call in calls)
    tasks = Counter(task for call in calls for task in set(call.tasks))
    return [
        call
        for call in calls
        if seats[call.session] == 1 and len(call.ops) == 1 and all(tasks[task] == 1 for task in call.tasks)
    ]


def _foresee_ops(tx: Transaction, calls: Iterable[Reach], seats: dict[str, Row]) -> None:
    ops = {op_id: (call.session, task_id) for call in calls for op_id, task_id in call.ops}
    named = {"op_ids": jsontext.dumps(sorted(ops))}
    known = {row["op_id"]: row for row in tx.all(KNOWN_OPS, named)}
    aside = {row["op_id"] for row in tx.all(QUARANTINED_OPS, named)}
    for op_id, (session, task_id) in ops.items():
        tx.foresee(KNOWN_OP, {"op_id": op_id}, known.get(op_id))
        if op_id not in aside:
            asked = {"op_id": op_id, "task_id": task_id, "session": seats[session]["id"]}
            tx.foresee(QUARANTINED, asked, None)


def _foresee_settings(tx: Transaction, seats: Sequence[Row]) -> None:
    found = {run: tx.one(SETTINGS, {"run": run}) for run in {seat["run"] for seat in seats}}
    for seat in seats:
        tx.foresee(SETTINGS, {"run": seat["run"]}, found[seat["run"]])


def _foresee_documents(tx: Transaction, tasks: Sequence[Row]) -> None:
    for row in tx.all(DOCUMENTS, {"ids": json_ids(task["document"] for task in tasks)}):
        tx.foresee(DOCUMENT, {"document": row["id"]}, row)
