"""Answers: every operation a person makes is stored, whatever the state of the world, and acknowledged."""

import logging
from collections.abc import Mapping, Sequence

from tallymark import jsontext
from tallymark.errors import InputError
from tallymark.queue.ahead import Reach
from tallymark.queue.conflicts import conflict_of, store_beside
from tallymark.queue.drafts import keep_draft, keep_refusal
from tallymark.queue.journal import journal
from tallymark.queue.numbers import is_task_id
from tallymark.queue.operations import ack, problem_of, quarantine, quarantined
from tallymark.queue.progress import seat_progress
from tallymark.queue.revisions import base_of, cumulative, known_op, original, place_of
from tallymark.queue.saving import Saving
from tallymark.queue.seats import NO_CLIENT, Seat, called, lock_seat
from tallymark.queue.submitting import retract, submit
from tallymark.queue.tasks import LockedTask, Tasks
from tallymark.store import Row, Statement, Transaction, is_database_failure
from tallymark.store.documents import apply
from tallymark.types import AckDict, AnswerShapes, OperationDict, ProgressDict, Task

log = logging.getLogger(__name__)

_AUTHOR = Statement(
    "The author of an answer that is still current.",
    "SELECT s.token, n.task, n.decision, n.comment FROM answer n"
    " JOIN assignment a ON a.task = n.task AND a.session = n.session AND a.revision = n.revision"
    " JOIN session s ON s.id = n.session"
    " WHERE n.op_id = :op_id AND n.dataset = :dataset AND a.state = 'answered'",
)


def save(
    tx: Transaction,
    *,
    session: str,
    ops: Sequence[OperationDict],
    shapes: AnswerShapes,
    client_id: str | None = None,
    validated: Mapping[str, str] | None = None,
) -> list[AckDict]:
    """Store operations in their order, each in a savepoint of its own, and say what became of each.

    `validated` maps op ids to what the recipe's validation said: `"valid"`, `"unvalidated"` or
    `"failed: message"`. Errors: `NotKnown` for the session; an operation never raises.
    """
    return _save(tx, session, ops, shapes, client_id, validated)[1]


def save_telling(
    tx: Transaction,
    *,
    session: str,
    ops: Sequence[OperationDict],
    shapes: AnswerShapes,
    client_id: str | None = None,
    validated: Mapping[str, str] | None = None,
) -> tuple[list[AckDict], ProgressDict]:
    """As `save`, and where the seat stands then."""
    seat, acks = _save(tx, session, ops, shapes, client_id, validated)
    return acks, seat_progress(tx, seat)


def _save(
    tx: Transaction,
    session: str,
    ops: Sequence[OperationDict],
    shapes: AnswerShapes,
    client_id: str | None,
    validated: Mapping[str, str] | None,
) -> tuple[Seat, list[AckDict]]:
    client = client_id or NO_CLIENT
    seat = called(tx, session, client)
    seat.idle = 0
    ids = sorted({int(op["task_id"]) for op in ops if is_task_id(op.get("task_id"))})
    tasks = Tasks.locked(tx, seat.dataset, ids)
    saving = Saving(tx, seat, client, tasks, shapes, validated or {}, _wants(seat))
    acks = [_save_one(saving, op) for op in ops]
    for op, done in zip(ops, acks, strict=True):
        if is_task_id(op.get("task_id")):
            journal(tx, seat.id, f"{op.get('status')}, {done['result']}", [int(op["task_id"])])
    seat.write(tx)
    return seat, acks


def reach_of(session: str, ops: Sequence[OperationDict]) -> Reach:
    """What `save` of these operations touches."""
    tasks = tuple(sorted({int(op["task_id"]) for op in ops if is_task_id(op.get("task_id"))}))
    return Reach(session, tasks, tuple((op["op_id"], op["task_id"]) for op in ops))


def preview(tx: Transaction, *, session: str, op: OperationDict) -> Task | None:
    """The whole answered document an operation would make, or None when it would make none."""
    seat = lock_seat(tx, session)
    if op.get("status") != "submitted" or not is_task_id(op.get("task_id")):
        return None
    tasks = Tasks.locked(tx, seat.dataset, [int(op["task_id"])])
    task = tasks.get(int(op["task_id"]))
    if task is None or known_op(tx, op["op_id"]) is not None:
        return None
    place = place_of(tx, seat, task)
    document = original(tx, task)
    try:
        apply(document, cumulative(tx, seat, place, op, base_of(tx, seat, place, op)))
    except Exception:
        return None  # `save` says what is wrong with it, and keeps it
    return document | {"answer": op.get("decision")}


def send_back(tx: Transaction, *, dataset: int, op_id: str, message: str) -> bool:
    """Return a current answer to its author as a draft with a message: it is held again, nothing is lost.

    False when the answer is no longer current.
    """
    row = tx.one(_AUTHOR, {"op_id": op_id, "dataset": dataset})
    if row is None:
        return False
    seat = lock_seat(tx, row["token"])
    tasks = Tasks.locked(tx, dataset, [row["task"]])
    place = place_of(tx, seat, tasks[row["task"]])
    saving = Saving(tx, seat, NO_CLIENT, tasks, None, {}, _wants(seat))
    op: OperationDict = {"op_id": f"sent-back:{op_id}", "task_id": str(row["task"]), "status": "retracted"}
    op["decision"] = row["decision"]
    base = retract(saving, op, place)["revision"]
    keep_refusal(saving, op, place, base=base, comment=row["comment"], message=message)
    seat.write(tx)
    return True


def _wants(seat: Seat) -> Sequence[str]:
    wants: Sequence[str] = jsontext.loads(seat.row["wants"]) if seat.row["wants"] else ()
    return wants


def _save_one(saving: Saving, op: OperationDict) -> AckDict:
    """One operation in its savepoint. What cannot be stored as an answer goes to quarantine, never away."""
    seat = saving.seat
    kept = (seat.answered, seat.ineligible, seat.held, seat.position)
    try:
        with saving.tx.savepoint():
            return _carry_out(saving, op)
    except Exception as error:
        if is_database_failure(error):
            raise
        if not isinstance(error, InputError):
            log.exception("Operation %r could not be stored; it is kept in quarantine", op.get("op_id"))
        seat.answered, seat.ineligible, seat.held, seat.position = kept
        saving.tasks.reload()
        return quarantine(saving.tx, seat, op, str(error) or type(error).__name__)


def _carry_out(saving: Saving, op: OperationDict) -> AckDict:
    """Store an operation. Errors: `InputError` for one that fits nowhere."""
    tx, seat = saving.tx, saving.seat
    problem = problem_of(op)
    if problem is not None:
        raise InputError(problem)
    known = known_op(tx, op["op_id"])
    if known is not None and (known["session"], str(known["task"])) == (seat.id, op["task_id"]):
        return _again(saving, op, known)
    if known is not None:
        raise InputError("This op_id was used before for another task or by another session.")
    reason = quarantined(tx, seat, op)
    if reason is not None:
        return ack(op, "quarantined", None, reason)
    task = saving.tasks.get(int(op["task_id"])) if is_task_id(op["task_id"]) else None
    if task is None:
        raise InputError(f"Dataset {seat.row['dataset_name']!r} has no task {op['task_id']}.")
    return _store(saving, op, task)


def _again(saving: Saving, op: OperationDict, known: Row) -> AckDict:
    """Sent again: nothing changes, and what the client still has to know is said again."""
    if known["beside"]:
        place = place_of(saving.tx, saving.seat, saving.tasks[known["task"]])
        return conflict_of(saving, op, place, known["revision"])
    if known["message"] is not None:
        return ack(op, "invalid", known["revision"], known["message"])
    return ack(op, "repeated", known["revision"])


def _store(saving: Saving, op: OperationDict, task: LockedTask) -> AckDict:
    place = place_of(saving.tx, saving.seat, task)
    if op["status"] == "draft":
        return keep_draft(saving, op, place, None)
    base = base_of(saving.tx, saving.seat, place, op)
    if op["status"] == "retracted":
        if base != place.revision or place.state != "answered":
            return store_beside(saving, op, place, base)
        return retract(saving, op, place)
    if base != place.revision:
        return store_beside(saving, op, place, base)
    verdict = saving.validated.get(op["op_id"], "")
    if verdict.startswith("failed: "):
        return keep_draft(saving, op, place, verdict.removeprefix("failed: "))
    return submit(saving, op, place)
