"""Answers: every operation a person makes is stored, whatever the state of the world, and acknowledged."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tallymark import jsontext
from tallymark.errors import InputError
from tallymark.queue.ahead import Reach
from tallymark.queue.deliveries import note_retracted, note_submitted
from tallymark.queue.journal import journal
from tallymark.queue.lease import is_task_id
from tallymark.queue.operations import (
    ack,
    milliseconds,
    problem_of,
    quarantine,
    quarantined,
    time_or_none,
    whole_or_none,
)
from tallymark.queue.progress import seat_progress
from tallymark.queue.revisions import (
    SETTINGS,
    Place,
    base_of,
    cumulative,
    known_op,
    next_revision,
    op_changes,
    original,
    place_of,
    revision_row,
)
from tallymark.queue.seats import NO_CLIENT, Seat, called, lock_seat
from tallymark.queue.tasks import LockedTask, Tasks
from tallymark.store import Row, Statement, Transaction, is_database_failure
from tallymark.store.documents import apply
from tallymark.types import (
    AckDict,
    AnswerShapes,
    CurrentDict,
    Decision,
    OperationDict,
    ProgressDict,
    Task,
)

log = logging.getLogger(__name__)

_DRAFT_OP = Statement(
    "Remember a draft's op_id, so that sending it again changes nothing.",
    "INSERT INTO draft_op (op_id, task, session, base) VALUES (:op_id, :task, :session, :base)",
)

_NEW_ANSWER = Statement(
    "Append a revision.",
    """
    INSERT INTO answer (op_id, dataset, task, session, revision, base, status, decision, changes,
                        form_state, fingerprint, run, client_time, server_time, shown_at, active_ms,
                        comment, reason, validated, beside, label_version)
    VALUES (:op_id, :dataset, :task, :session, :revision, :base, :status, :decision, :changes,
            :form_state, :fingerprint, :run, :client_time, :server_time, :shown_at, :active_ms,
            :comment, :reason, :validated, :beside, :label_version)
    RETURNING id
    """,
)
_NEW_ANSWER_UNNAMED = Statement(_NEW_ANSWER.purpose, _NEW_ANSWER.sql.replace("RETURNING id", ""))

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

_KEEP_LEASE = Statement(
    "Remember the lease that an answer ended, before the next one takes its place.",
    "INSERT INTO past_lease (task, session, leased_at, ended_at, how)"
    " SELECT task, session, leased_at, answered_at, 'answered' FROM assignment"
    " WHERE task = :task AND session = :session AND leased_at IS NOT NULL",
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

_REFUSED = Statement(
    "Say why an answer came back; what its author has begun since stays.",
    """
    INSERT INTO draft (task, session, op_id, base, changes, decision, comment, message, saved_at)
    VALUES (:task, :session, :op_id, :base, :changes, :decision, :comment, :message, :now)
    ON CONFLICT (task, session) DO UPDATE SET base = excluded.base, message = excluded.message
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


@dataclass(frozen=True, slots=True)
class _Context:
    """What holds for all operations of one call."""

    tx: Transaction
    seat: Seat
    client: str
    tasks: Tasks
    shapes: AnswerShapes | None
    validated: Mapping[str, str]
    wants: Sequence[str]
    """The callbacks that the run has."""

    @property
    def view_id(self) -> str:
        return self.seat.row["view_id"] or "text"

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the run, as the page has them."""
        row = self.tx.one(SETTINGS, {"run": self.seat.row["run"]})
        settings: Mapping[str, Any] = {} if row is None else jsontext.loads(row["config"])
        return settings


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
    context = _Context(tx, seat, client, tasks, shapes, validated or {}, _wants(seat))
    acks = [_save_one(context, op) for op in ops]
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
    context = _Context(tx, seat, NO_CLIENT, tasks, None, {}, _wants(seat))
    op: OperationDict = {"op_id": f"sent-back:{op_id}", "task_id": str(row["task"]), "status": "retracted"}
    op["decision"] = row["decision"]
    retracted = _retract(context, op, place)
    draft = {
        "task": row["task"],
        "session": seat.id,
        "op_id": op["op_id"],
        "base": retracted["revision"],
        "now": tx.now,
    }
    draft |= {"changes": None, "decision": row["decision"], "comment": row["comment"], "message": message}
    tx.run(_REFUSED, draft)
    seat.write(tx)
    return True


def _wants(seat: Seat) -> Sequence[str]:
    wants: Sequence[str] = jsontext.loads(seat.row["wants"]) if seat.row["wants"] else ()
    return wants


def _save_one(context: _Context, op: OperationDict) -> AckDict:
    """One operation in its savepoint. What cannot be stored as an answer goes to quarantine, never away."""
    seat = context.seat
    kept = (seat.answered, seat.ineligible, seat.held, seat.position)
    try:
        with context.tx.savepoint():
            return _carry_out(context, op)
    except Exception as error:
        if is_database_failure(error):
            raise
        if not isinstance(error, InputError):
            log.exception("Operation %r could not be stored; it is kept in quarantine", op.get("op_id"))
        seat.answered, seat.ineligible, seat.held, seat.position = kept
        context.tasks.reload()
        return quarantine(context.tx, seat, op, str(error) or type(error).__name__)


def _carry_out(context: _Context, op: OperationDict) -> AckDict:
    """Store an operation. Errors: `InputError` for one that fits nowhere."""
    tx, seat = context.tx, context.seat
    problem = problem_of(op)
    if problem is not None:
        raise InputError(problem)
    known = known_op(tx, op["op_id"])
    if known is not None and (known["session"], str(known["task"])) == (seat.id, op["task_id"]):
        return _again(context, op, known)
    if known is not None:
        raise InputError("This op_id was used before for another task or by another session.")
    reason = quarantined(tx, seat, op)
    if reason is not None:
        return ack(op, "quarantined", None, reason)
    task = context.tasks.get(int(op["task_id"])) if is_task_id(op["task_id"]) else None
    if task is None:
        raise InputError(f"Dataset {seat.row['dataset_name']!r} has no task {op['task_id']}.")
    return _store(context, op, task)


def _again(context: _Context, op: OperationDict, known: Row) -> AckDict:
    """Sent again: nothing changes, and what the client still has to know is said again."""
    if known["beside"]:
        place = place_of(context.tx, context.seat, context.tasks[known["task"]])
        return _conflict(context, op, place, known["revision"])
    if known["message"] is not None:
        return ack(op, "invalid", known["revision"], known["message"])
    return ack(op, "repeated", known["revision"])


def _store(context: _Context, op: OperationDict, task: LockedTask) -> AckDict:
    place = place_of(context.tx, context.seat, task)
    if op["status"] == "draft":
        return _store_draft(context, op, place, None)
    base = base_of(context.tx, context.seat, place, op)
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


def _submit(context: _Context, op: OperationDict, place: Place) -> AckDict:
    tx, seat, tasks, task = context.tx, context.seat, context.tasks, place.task
    changes = cumulative(tx, seat, place, op, place.revision)
    revision = next_revision(tx, seat, place)
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
    if place.drafted:
        tx.run(_NO_DRAFT, {"task": task.id, "session": seat.id})
    tasks.settle()
    if answer is not None and seat.kind == "person":
        note_submitted(tx, seat, task.id, answer)
    return ack(op, "surplus" if standing == "surplus" else "stored", revision)


def _standing(context: _Context, op: OperationDict, place: Place) -> str:
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


def _retract(context: _Context, op: OperationDict, place: Place) -> AckDict:
    tx, seat, task = context.tx, context.seat, place.task
    current = revision_row(tx, seat, task, place.revision)
    changes = jsontext.loads(current["changes"]) if current["changes"] else {}
    revision = next_revision(tx, seat, place)
    answer = _append(context, op, place, revision, place.revision, changes)
    counted = place.standing == "counted"
    slot = counted and task.state != "withdrawn"
    tx.run(_KEEP_LEASE, {"task": task.id, "session": seat.id})
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
    if seat.retired:  # it holds nothing any more; its author may still answer anew
        seat.held -= context.tasks.end_leases([task.id], seat.id, "released")
    context.tasks.settle()
    if answer is not None:
        note_retracted(tx, seat, task.id, answer)
    return ack(op, "stored", revision)


def _store_draft(context: _Context, op: OperationDict, place: Place, message: str | None) -> AckDict:
    """Keep half-done or refused work. A draft against an older revision is kept too, and says so."""
    tx, seat, task = context.tx, context.seat, place.task
    base = base_of(tx, seat, place, op)
    changes = op_changes(tx, seat, place, op, base)
    kept = {"task": task.id, "session": seat.id, "op_id": op["op_id"]}
    kept["base"] = base if base is not None else place.revision
    tx.run(_DRAFT_OP, kept)
    tx.run(
        _DRAFT,
        {
            **kept,
            "changes": jsontext.dumps(changes) if any(changes.values()) else None,
            "decision": op.get("decision"),
            "comment": whole_or_none(op.get("comment")),
            "message": whole_or_none(message),
            "now": tx.now,
        },
    )
    if message is not None:
        return ack(op, "invalid", place.revision, message)
    if base != place.revision:
        return _conflict(context, op, place, place.revision)
    return ack(op, "stored", place.revision)


def _store_beside(context: _Context, op: OperationDict, place: Place, base: int | None) -> AckDict:
    """A stale base: stored as a revision that is not current, and handed back with the current one."""
    changes = cumulative(context.tx, context.seat, place, op, base)
    revision = next_revision(context.tx, context.seat, place)
    _append(context, op, place, revision, base, changes, current=False)
    return _conflict(context, op, place, revision)


def _conflict(context: _Context, op: OperationDict, place: Place, revision: int) -> AckDict:
    conflict = ack(op, "conflict", revision, "This task has a newer revision than the one this was based on.")
    conflict["current"] = _current(context, place)
    return conflict


def _current(context: _Context, place: Place) -> CurrentDict:
    tx = context.tx
    document = original(tx, place.task)
    status, decision = place.state or "leased", None
    if place.revision:
        row = revision_row(tx, context.seat, place.task, place.revision)
        apply(document, jsontext.loads(row["changes"]) if row["changes"] else {})
        status, decision = row["status"], row["decision"]
    return {"revision": place.revision, "status": status, "decision": decision, "task": document}


def _append(
    context: _Context,
    op: OperationDict,
    place: Place,
    revision: int,
    base: int | None,
    changes: dict[str, Any],
    *,
    current: bool = True,
) -> int | None:
    """Append a revision; its id where a model will be told of it."""
    tx, seat = context.tx, context.seat
    submitted = op["status"] == "submitted"
    validated = context.validated.get(op["op_id"])
    told = {
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
        "client_time": time_or_none(op.get("client_time")),
        "server_time": tx.now,
        "shown_at": time_or_none(op.get("shown_at")),
        "active_ms": milliseconds(op.get("active_ms")),
        "comment": whole_or_none(op.get("comment")),
        "reason": whole_or_none(op.get("reason")),
        "beside": int(not current),
        "label_version": seat.row["label_version"],
        "validated": validated if current and submitted and validated in ("valid", "unvalidated") else None,
    }
    if "update" in context.wants:
        return tx.insert(_NEW_ANSWER, told)
    tx.run(_NEW_ANSWER_UNNAMED, told)  # nobody waits for an id
    return None


def _fingerprint(
    context: _Context, op: OperationDict, task: LockedTask, changes: dict[str, Any]
) -> bytes | None:
    if context.shapes is None or op["status"] != "submitted":
        return None
    keys = context.shapes.fingerprint_keys(context.view_id)
    decision = cast(Decision, op.get("decision"))
    if keys is None:
        document = original(context.tx, task)
        apply(document, changes)
        return context.shapes.fingerprint(context.view_id, decision, document, settings=context.settings)
    new, gone = changes.get("set", {}), changes.get("unset", ())
    values = {key: new[key] for key in keys if key in new}
    missing = [key for key in keys if key not in new and key not in gone]
    if missing:
        document = original(context.tx, task)
        values |= {key: document[key] for key in missing if key in document}
    return context.shapes.fingerprint(context.view_id, decision, values)
