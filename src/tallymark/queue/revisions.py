"""Revisions of answers: where an operation lands, what it builds on, and the changes it makes."""

from dataclasses import dataclass
from typing import Any

from tallymark import jsontext
from tallymark.queue.seats import Seat
from tallymark.queue.tasks import LockedTask
from tallymark.store import Row, Statement, Transaction
from tallymark.store.documents import apply, composed, difference, has_keep, merged, resolved
from tallymark.types import OperationDict, Task

_OPS = """
    SELECT op_id, session, task, revision, beside, NULL AS message FROM answer WHERE op_id {0}
     UNION ALL
    SELECT o.op_id, o.session, o.task, o.base, 0, f.message FROM draft_op o
      LEFT JOIN draft f ON f.task = o.task AND f.session = o.session AND f.op_id = o.op_id
     WHERE o.op_id {0}
"""
KNOWN_OP = Statement("What an op_id was stored as: an answer or a draft.", _OPS.format("= :op_id"))
KNOWN_OPS = Statement("The same of several op_ids.", _OPS.format("IN {texts:op_ids}"))

_ASSIGNMENTS = """
    SELECT a.task, a.session, a.state, a.slot, a.standing, a.revision, a.set_aside,
           (SELECT coalesce(max(n.revision), 0) FROM answer n
             WHERE n.task = a.task AND n.session = a.session) AS last,
           (SELECT count(*) FROM draft f WHERE f.task = a.task AND f.session = a.session) AS drafts
      FROM assignment a
"""
ASSIGNMENT = Statement(
    "A seat's assignment of a task, the number of its last revision, and whether work on it is half done.",
    f"{_ASSIGNMENTS} WHERE a.task = :task AND a.session = :session",
)
ASSIGNMENTS = Statement(
    "The same of several seats and tasks.",
    f"{_ASSIGNMENTS} JOIN session s ON s.id = a.session"
    " WHERE a.task IN {ids} AND s.token IN {texts:tokens}",
)

_REVISION = Statement(
    "One revision of an answer.",
    "SELECT revision, status, decision, changes, comment, reason FROM answer"
    " WHERE task = :task AND session = :session AND revision = :revision",
)

_LAST_REVISION = Statement(
    "The highest revision number of a task and session.",
    "SELECT coalesce(max(revision), 0) FROM answer WHERE task = :task AND session = :session",
)

DOCUMENT = Statement("A document.", "SELECT text FROM document WHERE id = :document")
SETTINGS = Statement("The settings of a run.", "SELECT config FROM run WHERE id = :run")
DOCUMENTS = Statement("Several documents.", "SELECT text, id FROM document WHERE id IN {ids}")


@dataclass(slots=True)
class Place:
    """Where an operation lands: the locked task, the assignment, and what is current there."""

    task: LockedTask
    state: str | None
    slot: int
    standing: str | None
    revision: int
    set_aside: bool = False
    last: int | None = None
    """The highest number of a revision; None where that was not looked up."""
    drafted: bool = True
    """Whether there may be a draft."""


def known_op(tx: Transaction, op_id: str) -> Row | None:
    """What an op_id was stored as: an answer, a draft, or None."""
    return tx.one(KNOWN_OP, {"op_id": op_id})


def place_of(tx: Transaction, seat: Seat, task: LockedTask) -> Place:
    """Where an operation on this task lands for this seat."""
    row = tx.one(ASSIGNMENT, {"task": task.id, "session": seat.id})
    if row is None:
        return Place(task, None, 0, None, 0)
    return Place(
        task,
        row["state"],
        row["slot"],
        row["standing"],
        row["revision"],
        bool(row["set_aside"]),
        row["last"],
        bool(row["drafts"]),
    )


def base_of(tx: Transaction, seat: Seat, place: Place, op: OperationDict) -> int | None:
    """The revision an operation is based on; None when it names one that does not exist.

    Where nothing was answered yet there is nothing to conflict with, and the base is the task itself.
    """
    base = op.get("base")
    if base is None or not place.revision:
        return 0
    if isinstance(base, int):
        named = {"task": place.task.id, "session": seat.id, "revision": base}
        return base if base == 0 or tx.one(_REVISION, named) is not None else None
    row = known_op(tx, base)
    if row is not None and (row["session"], row["task"]) == (seat.id, place.task.id):
        return int(row["revision"])
    return None


def cumulative(
    tx: Transaction, seat: Seat, place: Place, op: OperationDict, base: int | None
) -> dict[str, Any]:
    """An operation's changes against the original document of its task."""
    return composed(changes_at(tx, seat, place, base), op_changes(tx, seat, place, op, base))


def op_changes(
    tx: Transaction, seat: Seat, place: Place, op: OperationDict, base: int | None
) -> dict[str, Any]:
    """An operation's changes against the document at its base, with nothing left to resolve."""
    if op.get("task") is not None:
        document = original(tx, place.task)
        apply(document, changes_at(tx, seat, place, base))
        return difference(document, op["task"])
    new = op.get("set") or {}
    if has_keep(new):
        document = original(tx, place.task)
        apply(document, changes_at(tx, seat, place, base))
        new = resolved(new, document)
    return {"set": new, "unset": list(op.get("unset") or ())}


def changes_at(tx: Transaction, seat: Seat, place: Place, revision: int | None) -> dict[str, Any]:
    """The changes of a revision against the original document; none for revision 0."""
    if not revision:
        return {}
    row = revision_row(tx, seat, place.task, revision)
    changes: dict[str, Any] = jsontext.loads(row["changes"]) if row["changes"] else {}
    return changes


def revision_row(tx: Transaction, seat: Seat, task: LockedTask, revision: int) -> Row:
    """A revision that is known to exist."""
    row = tx.one(_REVISION, {"task": task.id, "session": seat.id, "revision": revision})
    if row is None:
        raise LookupError(f"Revision {revision} of task {task.id} is missing.")
    return row


def next_revision(tx: Transaction, seat: Seat, place: Place) -> int:
    """The number of the next revision."""
    last = place.last
    if last is None:
        last = int(tx.value(_LAST_REVISION, {"task": place.task.id, "session": seat.id}))
    return last + 1


def original(tx: Transaction, task: LockedTask) -> Task:
    """The document of a task as it was queued."""
    return merged(tx.value(DOCUMENT, {"document": task.document}), None)
