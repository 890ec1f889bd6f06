"""Answers: every operation a person makes is stored, whatever the state of the world, and acknowledged."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tallymark import jsontext
from tallymark.errors import InputError
from tallymark.queue.deliveries import note_retracted, note_submitted
from tallymark.queue.lease import is_task_id
from tallymark.queue.seats import NO_CLIENT, Seat, called, lock_seat
from tallymark.queue.tasks import LockedTask, Tasks
from tallymark.store import DATABASE_FAILURES, Row, Statement, Transaction
from tallymark.store.documents import apply, composed, difference, has_keep, merged, resolved
from tallymark.types import (
    DECISIONS,
    OP_STATUSES,
    AckDict,
    AckResult,
    AnswerShapes,
    CurrentDict,
    Decision,
    OperationDict,
    Task,
)

log = logging.getLogger(__name__)

_KNOWN_OP = Statement(
    "What an op_id was stored as.",
    "SELECT session, task, revision, beside, NULL AS message FROM answer WHERE op_id = :op_id",
)
_QUARANTINED = Statement(
    "Why an operation is in quarantine.",
    "SELECT reason FROM quarantine WHERE op_id = :op_id AND session = :session AND task_id = :task_id",
)
_ASSIGNMENT = Statement(
    "A seat's assignment of a task.",
    """
    SELECT state, slot, standing, revision, set_aside FROM assignment
     WHERE task = :task AND session = :session
    """,
)
_KNOWN_DRAFT = Statement(
    "What a draft's op_id was kept for.",
    "SELECT o.session, o.task, o.base, o.base AS revision, 0 AS beside, f.message FROM draft_op o"
    " LEFT JOIN draft f ON f.task = o.task AND f.session = o.session AND f.op_id = o.op_id"
    " WHERE o.op_id = :op_id",
)
_DRAFT_OP = Statement(
    "Remember a draft's op_id, so that sending it again changes nothing.",
    "INSERT INTO draft_op (op_id, task, session, base) VALUES (:op_id, :task, :session, :base)",
)
_REVISION = Statement(
    "One revision of an answer.",
    "SELECT revision, status, decision, changes FROM answer"
    " WHERE task = :task AND session = :session AND revision = :revision",
)
_LAST_REVISION = Statement(
    "The highest revision number of a task and session.",
    "SELECT coalesce(max(revision), 0) FROM answer WHERE task = :task AND session = :session",
)
_DOCUMENT = Statement("A document.", "SELECT text FROM document WHERE id = :document")
_NEW_ANSWER = Statement(
    "Append a revision.",
    """
    INSERT INTO answer (op_id, dataset, task, session, revision, base, status, decision, changes,
                        form_state, fingerprint, run, client_time, server_time, shown_at, active_ms,
                        comment, reason, validated, beside)
    VALUES (:op_id, :dataset, :task, :session, :revision, :base, :status, :decision, :changes,
            :form_state, :fingerprint, :run, :client_time, :server_time, :shown_at, :active_ms,
            :comment, :reason, :validated, :beside)
    RETURNING id
    """,
)
_ANSWERED = Statement(
    "An assignment is answered.",
    """
    INSERT INTO assignment (task, session, state, slot, standing, revision, position, answered_at)
    VALUES (:task, :session, 'answered', 0, :standing, :revision, :position, :now)
    ON CONFLICT (task, session) DO UPDATE
       SET state = 'answered', slot = 0, client = NULL, standing = excluded.standing,
           revision = excluded.revision, position = excluded.position, answered_at = excluded.answered_at
    """,
)
_EDITED = Statement(
    "An answered assignment has a new revision.",
    "UPDATE assignment SET revision = :revision, standing = :standing"
    " WHERE task = :task AND session = :session",
)
_RETRACTED = Statement(
    "An answered assignment is held again.",
    """
    UPDATE assignment SET state = 'leased', slot = :slot, client = :client, standing = NULL,
           revision = :revision, leased_at = :now WHERE task = :task AND session = :session
    """,
)
_DRAFT = Statement(
    "Keep what is half done, one row per assignment.",
    """
    INSERT INTO draft (task, session, op_id, base, changes, decision, comment, message, saved_at)
    VALUES (:task, :session, :op_id, :base, :changes, :decision, :comment, :message, :now)
    ON CONFLICT (task, session) DO UPDATE
       SET op_id = excluded.op_id, base = excluded.base, changes = excluded.changes,
           decision = excluded.decision, comment = excluded.comment, message = excluded.message,
           saved_at = excluded.saved_at
    """,
)
_NO_DRAFT = Statement(
    "The draft has become an answer.", "DELETE FROM draft WHERE task = :task AND session = :session"
)
_AUTHOR = Statement(
    "The author of an answer that is still current.",
    "SELECT s.token, n.task, n.decision, n.comment FROM answer n"
    " JOIN assignment a ON a.task = n.task AND a.session = n.session AND a.revision = n.revision"
    " JOIN session s ON s.id = n.session"
    " WHERE n.op_id = :op_id AND n.dataset = :dataset AND a.state = 'answered'",
)
_QUARANTINE = Statement(
    "Keep an operation that fits nowhere.",
    "INSERT INTO quarantine (op_id, dataset, session, task_id, body, reason, received_at)"
    " VALUES (:op_id, :dataset, :session, :task_id, :body, :reason, :now) ON CONFLICT DO NOTHING",
)


@dataclass(slots=True)
class _Place:
    """Where an operation lands: the locked task, the assignment, and what is current there."""

    task: LockedTask
    state: str | None
    slot: int
    standing: str | None
    revision: int
    set_aside: bool = False


@dataclass(frozen=True, slots=True)
class _Context:
    """What holds for all operations of one call."""

    tx: Transaction
    seat: Seat
    client: str
    tasks: Tasks
    shapes: AnswerShapes | None
    validated: Mapping[str, str]

    @property
    def view_id(self) -> str:
        return self.seat.row["view_id"] or "text"

    @property
    def wants(self) -> Sequence[str]:
        wants = self.seat.row["wants"]
        return jsontext.loads(wants) if wants else ()


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
    client = client_id or NO_CLIENT
    seat = called(tx, session, client)
    seat.idle = 0
    ids = sorted({int(op["task_id"]) for op in ops if is_task_id(op.get("task_id"))})
    context = _Context(tx, seat, client, Tasks.locked(tx, seat.dataset, ids), shapes, validated or {})
    acks = [_save_one(context, op) for op in ops]
    seat.write(tx)
    return acks


def preview(tx: Transaction, *, session: str, op: OperationDict) -> Task | None:
    """The whole answered document an operation would make, or None when it would make none."""
    seat = lock_seat(tx, session)
    if op.get("status") != "submitted" or not is_task_id(op.get("task_id")):
        return None
    tasks = Tasks.locked(tx, seat.dataset, [int(op["task_id"])])
    task = tasks.get(int(op["task_id"]))
    if task is None or tx.one(_KNOWN_OP, {"op_id": op["op_id"]}) is not None:
        return None
    place = _place(tx, seat, task)
    document = _original(tx, task)
    try:
        apply(document, _cumulative(tx, seat, place, op, _base(tx, seat, place, op)))
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
    place = _place(tx, seat, tasks[row["task"]])
    context = _Context(tx, seat, NO_CLIENT, tasks, None, {})
    op: OperationDict = {"op_id": f"sent-back:{op_id}", "task_id": str(row["task"]), "status": "retracted"}
    op["decision"] = row["decision"]
    ack = _retract(context, op, place)
    draft = {
        "task": row["task"],
        "session": seat.id,
        "op_id": op["op_id"],
        "base": ack["revision"],
        "now": tx.now,
    }
    draft |= {"changes": None, "decision": row["decision"], "comment": row["comment"], "message": message}
    tx.run(_DRAFT, draft)
    seat.write(tx)
    return True


def _save_one(context: _Context, op: OperationDict) -> AckDict:
    """One operation in its savepoint. What cannot be stored as an answer goes to quarantine, never away."""
    seat = context.seat
    kept = (seat.answered, seat.ineligible, seat.held, seat.position)
    try:
        with context.tx.savepoint():
            return _carry_out(context, op)
    except DATABASE_FAILURES:
        raise
    except Exception as error:
        if not isinstance(error, InputError):
            log.exception("Operation %r could not be stored; it is kept in quarantine", op.get("op_id"))
        seat.answered, seat.ineligible, seat.held, seat.position = kept
        context.tasks.reload()
        return _quarantine(context, op, str(error) or type(error).__name__)


def _carry_out(context: _Context, op: OperationDict) -> AckDict:
    """Store an operation. Errors: `InputError` for one that fits nowhere."""
    tx, seat = context.tx, context.seat
    problem = _problem(op)
    if problem is not None:
        raise InputError(problem)
    known = tx.one(_KNOWN_OP, {"op_id": op["op_id"]}) or tx.one(_KNOWN_DRAFT, {"op_id": op["op_id"]})
    if known is not None and (known["session"], str(known["task"])) == (seat.id, op["task_id"]):
        return _again(context, op, known)
    if known is not None:
        raise InputError("This op_id was used before for another task or by another session.")
    quarantined = tx.value(_QUARANTINED, {**_names(op), "session": seat.id})
    if quarantined is not None:
        return _ack(op, "quarantined", None, quarantined)
    task = context.tasks.get(int(op["task_id"])) if is_task_id(op["task_id"]) else None
    if task is None:
        raise InputError(f"Dataset {seat.row['dataset_name']!r} has no task {op['task_id']}.")
    return _store(context, op, task)


def _again(context: _Context, op: OperationDict, known: Row) -> AckDict:
    """Sent again: nothing changes, and what the client still has to know is said again."""
    if known["beside"]:
        place = _place(context.tx, context.seat, context.tasks[known["task"]])
        return _conflict(context, op, place, known["revision"])
    if known["message"] is not None:
        return _ack(op, "invalid", known["revision"], known["message"])
    return _ack(op, "repeated", known["revision"])


def _store(context: _Context, op: OperationDict, task: LockedTask) -> AckDict:
    place = _place(context.tx, context.seat, task)
    if op["status"] == "draft":
        return _store_draft(context, op, place, None)
    base = _base(context.tx, context.seat, place, op)
    if op["status"] == "retracted":
        if base != place.revision or place.state != "answered":
            return _store_beside(context, op, place, base)
        return _retract(context, op, place)
    if base != place.revision:
        return _store_beside(context, op, place, base)
    verdict = context.validated.get(op["op_id"], "")
    if verdict.startswith("failed: "):
        return _store_draft(context, op, place, verdict.removeprefix("failed: "))
    return _submit(context, op, place)


def _submit(context: _Context, op: OperationDict, place: _Place) -> AckDict:
    tx, seat, tasks, task = context.tx, context.seat, context.tasks, place.task
    changes = _cumulative(tx, seat, place, op, place.revision)
    revision = _next_revision(tx, seat, place)
    answer = _append(context, op, place, revision, place.revision, changes)
    standing = _standing(context, op, place)
    named = {"task": task.id, "session": seat.id, "standing": standing, "revision": revision}
    if place.state == "answered":
        tx.run(_EDITED, named)
    else:
        seat.position += 1
        seat.answered += 1
        seat.held -= place.state == "leased"
        seat.ineligible -= place.state == "ineligible"
        tx.run(_ANSWERED, {**named, "position": seat.position, "now": tx.now})
    tx.run(_NO_DRAFT, {"task": task.id, "session": seat.id})
    tasks.settle()
    if seat.kind == "person":
        note_submitted(tx, seat, task.id, answer, context.wants)
    return _ack(op, "surplus" if standing == "surplus" else "stored", revision)


def _standing(context: _Context, op: OperationDict, place: _Place) -> str:
    """Move the task's counters for a submitted answer, and what standing the answer has from now on."""
    tasks, task = context.tasks, place.task
    counts = context.seat.kind == "person" and (
        op.get("decision") != "ignore" or bool(context.seat.row["ignore_counts"])
    )
    if place.set_aside:
        tasks.move(task.id, taken=-place.slot)
        return "withdrawn"
    if place.standing in ("counted", "surplus") and counts:
        return place.standing
    if place.standing == "uncounted" and not counts:
        return "uncounted"
    if not counts:
        had = place.slot or place.standing == "counted"
        tasks.move(task.id, taken=-1 if had else 0, counted=-1 if place.standing == "counted" else 0)
        return "uncounted"
    if place.slot:
        tasks.move(task.id, counted=1)
        return "counted"
    if task.has_room:
        tasks.move(task.id, taken=1, counted=1)
        return "counted"
    return "surplus"


def _retract(context: _Context, op: OperationDict, place: _Place) -> AckDict:
    tx, seat, task = context.tx, context.seat, place.task
    current = _revision(tx, seat, task, place.revision)
    changes = jsontext.loads(current["changes"]) if current["changes"] else {}
    revision = _next_revision(tx, seat, place)
    answer = _append(context, op, place, revision, place.revision, changes)
    counted = place.standing == "counted"
    slot = counted and task.state != "withdrawn"
    tx.run(
        _RETRACTED,
        {
            "task": task.id,
            "session": seat.id,
            "slot": int(slot),
            "client": context.client,
            "revision": revision,
            "now": tx.now,
        },
    )
    seat.answered -= 1
    seat.held += 1
    context.tasks.move(task.id, taken=slot - counted, counted=-counted)
    context.tasks.settle()
    note_retracted(tx, seat, task.id, answer, context.wants)
    return _ack(op, "stored", revision)


def _store_draft(context: _Context, op: OperationDict, place: _Place, message: str | None) -> AckDict:
    """Keep half-done or refused work. A draft against an older revision is kept too, and says so."""
    tx, seat, task = context.tx, context.seat, place.task
    base = _base(tx, seat, place, op)
    changes = _op_changes(tx, seat, place, op, base)
    kept = {"task": task.id, "session": seat.id, "op_id": op["op_id"]}
    kept["base"] = base if base is not None else place.revision
    tx.run(_DRAFT_OP, kept)
    tx.run(
        _DRAFT,
        {
            **kept,
            "changes": jsontext.dumps(changes) if any(changes.values()) else None,
            "decision": op.get("decision"),
            "comment": _text(op.get("comment")),
            "message": _text(message),
            "now": tx.now,
        },
    )
    if message is not None:
        return _ack(op, "invalid", place.revision, message)
    if base != place.revision:
        return _conflict(context, op, place, place.revision)
    return _ack(op, "stored", place.revision)


def _store_beside(context: _Context, op: OperationDict, place: _Place, base: int | None) -> AckDict:
    """A stale base: stored as a revision that is not current, and handed back with the current one."""
    changes = _cumulative(context.tx, context.seat, place, op, base)
    revision = _next_revision(context.tx, context.seat, place)
    _append(context, op, place, revision, base, changes, current=False)
    return _conflict(context, op, place, revision)


def _conflict(context: _Context, op: OperationDict, place: _Place, revision: int) -> AckDict:
    ack = _ack(op, "conflict", revision, "This task has a newer revision than the one this was based on.")
    ack["current"] = _current(context, place)
    return ack


def _current(context: _Context, place: _Place) -> CurrentDict:
    tx = context.tx
    document = _original(tx, place.task)
    status, decision = place.state or "leased", None
    if place.revision:
        row = _revision(tx, context.seat, place.task, place.revision)
        apply(document, jsontext.loads(row["changes"]) if row["changes"] else {})
        status, decision = row["status"], row["decision"]
    return {"revision": place.revision, "status": status, "decision": decision, "task": document}


def _append(
    context: _Context,
    op: OperationDict,
    place: _Place,
    revision: int,
    base: int | None,
    changes: dict[str, Any],
    *,
    current: bool = True,
) -> int:
    tx, seat = context.tx, context.seat
    submitted = op["status"] == "submitted"
    validated = context.validated.get(op["op_id"])
    return tx.insert(
        _NEW_ANSWER,
        {
            "op_id": op["op_id"],
            "dataset": seat.dataset,
            "task": place.task.id,
            "session": seat.id,
            "revision": revision,
            "base": base,
            "status": op["status"],
            "decision": op.get("decision"),
            "changes": jsontext.dumps(changes) if changes else None,
            "form_state": "due" if current and submitted and "before_db" in context.wants else None,
            "fingerprint": _fingerprint(context, op, place.task, changes),
            "run": seat.row["run"],
            "client_time": _time(op.get("client_time")),
            "server_time": tx.now,
            "shown_at": _time(op.get("shown_at")),
            "active_ms": _milliseconds(op.get("active_ms")),
            "comment": _text(op.get("comment")),
            "reason": _text(op.get("reason")),
            "beside": int(not current),
            "validated": validated
            if current and submitted and validated in ("valid", "unvalidated")
            else None,
        },
    )


def _fingerprint(
    context: _Context, op: OperationDict, task: LockedTask, changes: dict[str, Any]
) -> bytes | None:
    if context.shapes is None or op["status"] != "submitted":
        return None
    keys = context.shapes.fingerprint_keys(context.view_id)
    new, gone = changes.get("set", {}), changes.get("unset", ())
    values = {key: new[key] for key in keys if key in new}
    missing = [key for key in keys if key not in new and key not in gone]
    if missing:
        document = _original(context.tx, task)
        values |= {key: document[key] for key in missing if key in document}
    return context.shapes.fingerprint(context.view_id, cast(Decision, op.get("decision")), values)


def _place(tx: Transaction, seat: Seat, task: LockedTask) -> _Place:
    row = tx.one(_ASSIGNMENT, {"task": task.id, "session": seat.id})
    if row is None:
        return _Place(task, None, 0, None, 0)
    return _Place(task, row["state"], row["slot"], row["standing"], row["revision"], bool(row["set_aside"]))


def _base(tx: Transaction, seat: Seat, place: _Place, op: OperationDict) -> int | None:
    """The revision an operation is based on; None when it names one that does not exist.

    Where nothing was answered yet there is nothing to conflict with, and the base is the task itself.
    """
    base = op.get("base")
    if base is None or not place.revision:
        return 0
    if isinstance(base, int):
        named = {"task": place.task.id, "session": seat.id, "revision": base}
        return base if base == 0 or tx.one(_REVISION, named) is not None else None
    for statement, column in ((_KNOWN_OP, "revision"), (_KNOWN_DRAFT, "base")):
        row = tx.one(statement, {"op_id": base})
        if row is not None and (row["session"], row["task"]) == (seat.id, place.task.id):
            return int(row[column])
    return None


def _cumulative(
    tx: Transaction, seat: Seat, place: _Place, op: OperationDict, base: int | None
) -> dict[str, Any]:
    """An operation's changes against the original document of its task."""
    return composed(_changes_at(tx, seat, place, base), _op_changes(tx, seat, place, op, base))


def _op_changes(
    tx: Transaction, seat: Seat, place: _Place, op: OperationDict, base: int | None
) -> dict[str, Any]:
    """An operation's changes against the document at its base, with nothing left to resolve."""
    if op.get("task") is not None:
        document = _original(tx, place.task)
        apply(document, _changes_at(tx, seat, place, base))
        return difference(document, op["task"])
    new = op.get("set") or {}
    if has_keep(new):
        document = _original(tx, place.task)
        apply(document, _changes_at(tx, seat, place, base))
        new = resolved(new, document)
    return {"set": new, "unset": list(op.get("unset") or ())}


def _changes_at(tx: Transaction, seat: Seat, place: _Place, revision: int | None) -> dict[str, Any]:
    if not revision:
        return {}
    row = _revision(tx, seat, place.task, revision)
    changes: dict[str, Any] = jsontext.loads(row["changes"]) if row["changes"] else {}
    return changes


def _revision(tx: Transaction, seat: Seat, task: LockedTask, revision: int) -> Row:
    row = tx.one(_REVISION, {"task": task.id, "session": seat.id, "revision": revision})
    if row is None:
        raise LookupError(f"Revision {revision} of task {task.id} is missing.")
    return row


def _next_revision(tx: Transaction, seat: Seat, place: _Place) -> int:
    last: int = tx.value(_LAST_REVISION, {"task": place.task.id, "session": seat.id})
    return last + 1


def _original(tx: Transaction, task: LockedTask) -> Task:
    return merged(tx.value(_DOCUMENT, {"document": task.document}), None)


_KINDS: dict[str, tuple[type, ...]] = {
    "base": (int, str),
    "set": (dict,),
    "unset": (list,),
    "task": (dict,),
    "client_time": (int, float),
    "shown_at": (int, float),
    "active_ms": (int, float),
    "comment": (str,),
    "reason": (str,),
}


def _problem(op: OperationDict) -> str | None:
    """Why an operation cannot be understood, or None."""
    if op.get("status") not in OP_STATUSES:
        return f"The status {op.get('status')!r} is not one of {', '.join(OP_STATUSES)}."
    if op.get("decision") not in (DECISIONS if op["status"] == "submitted" else (None, *DECISIONS)):
        return f"The decision {op.get('decision')!r} is not one of {', '.join(DECISIONS)}."
    for key, kinds in _KINDS.items():
        value = op.get(key)
        if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            return f"{key!r} is {type(value).__name__}, not {' or '.join(kind.__name__ for kind in kinds)}."
    if not all(isinstance(key, str) for key in op.get("unset") or ()):
        return "'unset' is a list of keys."
    return None


def _quarantine(context: _Context, op: OperationDict, reason: str) -> AckDict:
    try:
        body = jsontext.dumps(dict(op))
    except (ValueError, TypeError):
        body = _whole(repr(op))
    named = {
        **_names(op),
        "dataset": context.seat.dataset,
        "session": context.seat.id,
        "body": body,
        "reason": _whole(reason),
        "now": context.tx.now,
    }
    context.tx.run(_QUARANTINE, named)
    return _ack(op, "quarantined", None, reason)


def _names(op: OperationDict) -> dict[str, str]:
    """What an operation calls itself and its task, in a form that can be stored."""
    return {"op_id": _whole(str(op.get("op_id"))), "task_id": _whole(str(op.get("task_id")))}


def _whole(text: str) -> str:
    """Text with halves of characters joined, or replaced where the other half is missing."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _text(value: str | None) -> str | None:
    return None if value is None else _whole(value)


def _milliseconds(value: float | None) -> int | None:
    return round(value) if value is not None and abs(value) < 2**53 else None


def _time(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


def _ack(op: OperationDict, result: AckResult, revision: int | None, detail: str | None = None) -> AckDict:
    return {"op_id": op["op_id"], "revision": revision, "result": result, "detail": detail}
