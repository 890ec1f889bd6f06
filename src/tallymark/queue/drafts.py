"""Drafts: what is half done, and why an answer was refused, one row for each assignment."""

from tallymark import jsontext
from tallymark.queue.conflicts import conflict_of
from tallymark.queue.operations import ack, whole_or_none
from tallymark.queue.revisions import Place, base_of, op_changes
from tallymark.queue.saving import Saving
from tallymark.queue.tasks import LockedTask
from tallymark.store import Statement
from tallymark.types import AckDict, OperationDict

_DRAFT_OP = Statement(
    "Remember a draft's op_id, so that sending it again changes nothing.",
    "INSERT INTO draft_op (op_id, task, session, base) VALUES (:op_id, :task, :session, :base)",
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


def keep_draft(saving: Saving, op: OperationDict, place: Place, message: str | None) -> AckDict:
    """Keep half-done or refused work. A draft against an older revision is kept too, and says so."""
    tx, seat, task = saving.tx, saving.seat, place.task
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
        return conflict_of(saving, op, place, place.revision)
    return ack(op, "stored", place.revision)


def keep_refusal(
    saving: Saving, op: OperationDict, place: Place, *, base: int | None, comment: str | None, message: str
) -> None:
    """Tell the author of an answer that was sent back why."""
    refused = {
        "task": place.task.id,
        "session": saving.seat.id,
        "op_id": op["op_id"],
        "base": base,
        "changes": None,
        "decision": op["decision"],
        "comment": comment,
        "message": message,
        "now": saving.tx.now,
    }
    saving.tx.run(_REFUSED, refused)


def forget_draft(saving: Saving, task: LockedTask) -> None:
    """The draft has become an answer."""
    saving.tx.run(_NO_DRAFT, {"task": task.id, "session": saving.seat.id})
