"""One operation as it comes in: its form, what it calls itself, and quarantine for what fits nowhere."""

from tallymark import jsontext
from tallymark.queue.seats import Seat
from tallymark.store import Statement, Transaction
from tallymark.types import DECISIONS, OP_STATUSES, AckDict, AckResult, OperationDict

LAST_SECOND = 253_402_300_800.0

QUARANTINED = Statement(
    "Why an operation is in quarantine.",
    "SELECT reason FROM quarantine WHERE op_id = :op_id AND task_id = :task_id AND session = :session",
)
QUARANTINED_OPS = Statement(
    "Which of these op_ids are in quarantine.", "SELECT op_id FROM quarantine WHERE op_id IN {texts:op_ids}"
)

_QUARANTINE = Statement(
    "Keep an operation that fits nowhere.",
    "INSERT INTO quarantine (op_id, dataset, session, task_id, body, reason, received_at)"
    " VALUES (:op_id, :dataset, :session, :task_id, :body, :reason, :now) ON CONFLICT DO NOTHING",
)

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


def problem_of(op: OperationDict) -> str | None:
    """Why an operation cannot be understood, or None."""
    if op.get("status") not in OP_STATUSES:
        return f"The status {op.get('status')!r} is not one of {', '.join(OP_STATUSES)}."
    if op.get("decision") not in (DECISIONS if op["status"] == "submitted" else (None, *DECISIONS)):
        return f"The decision {op.get('decision')!r} is not one of {', '.join(DECISIONS)}."
    for key, kinds in _KINDS.items():
        value = op.get(key)
        if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            return f"{key!r} is {type(value).__name__}, not {' or '.join(kind.__name__ for kind in kinds)}."
    base = op.get("base")
    if isinstance(base, int) and not 0 <= base < 2**63:
        return f"'base' is {base}, which is no number of a revision."
    if not all(isinstance(key, str) for key in op.get("unset") or ()):
        return "'unset' is a list of keys."
    return None


def quarantined(tx: Transaction, seat: Seat, op: OperationDict) -> str | None:
    """Why this operation is in quarantine already, or None."""
    reason: str | None = tx.value(QUARANTINED, {**names_of(op), "session": seat.id})
    return reason


def quarantine(tx: Transaction, seat: Seat, op: OperationDict, reason: str) -> AckDict:
    """Keep an operation whole, with the reason why it fits nowhere."""
    try:
        body = jsontext.dumps(dict(op))
    except (ValueError, TypeError):
        body = whole(repr(op))
    named = {
        **names_of(op),
        "dataset": seat.dataset,
        "session": seat.id,
        "body": body,
        "reason": whole(reason),
        "now": tx.now,
    }
    tx.run(_QUARANTINE, named)
    return ack(op, "quarantined", None, reason)


def names_of(op: OperationDict) -> dict[str, str]:
    """What an operation calls itself and its task, in a form that can be stored."""
    return {"op_id": whole(str(op.get("op_id"))), "task_id": whole(str(op.get("task_id")))}


def whole(text: str) -> str:
    """Text with halves of characters joined, or replaced where the other half is missing."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def whole_or_none(value: str | None) -> str | None:
    """`whole` of a text, if there is one."""
    return None if value is None else whole(value)


def milliseconds(value: float | None) -> int | None:
    """Whole milliseconds, or None for what is no usable number."""
    return round(value) if value is not None and 0 <= value < 2**53 else None


def time_or_none(value: float | None) -> float | None:
    """A time in seconds since 1970, or None for what lies before that or after the year 9999."""
    return value if value is not None and 0 <= value < LAST_SECOND else None


def ack(op: OperationDict, result: AckResult, revision: int | None, detail: str | None = None) -> AckDict:
    """What became of an operation."""
    return {"op_id": str(op.get("op_id")), "revision": revision, "result": result, "detail": detail}
