"""What the model in the loop has been told: one row per answer on its way to `update`.

A row is due until the host marks it delivered. An answer that changes before it was handed to the host
replaces what was due; one that changes afterwards is due again as `replace` or `remove`.
"""

from tallymark.queue.seats import Seat
from tallymark.store import Row, Statement, Transaction

_NEWEST = Statement(
    "The newest delivery of a task and session.",
    "SELECT answer, kind, handed_at FROM delivery WHERE task = :task AND session = :session"
    " ORDER BY answer DESC",
)
_FORGET = Statement("What was due is overtaken.", "DELETE FROM delivery WHERE answer = :answer")
_DUE = Statement(
    "Something is due to the model.",
    "INSERT INTO delivery (answer, dataset, task, session, kind, position)"
    " VALUES (:answer, :dataset, :task, :session, :kind, :position)",
)


def note_submitted(tx: Transaction, seat: Seat, task: int, answer: int) -> None:
    """A submitted answer is due as `update`, or as `replace` when an earlier one was handed out."""
    told = _overtake(tx, seat, task)
    kind = "replace" if told is not None and told["kind"] != "remove" else "update"
    _due(tx, seat, task, answer, kind)


def note_retracted(tx: Transaction, seat: Seat, task: int, answer: int) -> None:
    """A retracted answer is due as `remove` when it was handed out."""
    told = _overtake(tx, seat, task)
    if told is not None and told["kind"] != "remove":
        _due(tx, seat, task, answer, "remove")


def _overtake(tx: Transaction, seat: Seat, task: int) -> Row | None:
    """Forget what is due for this answer; the newest that was handed to a host, or None."""
    for row in tx.all(_NEWEST, {"task": task, "session": seat.id}):
        if row["handed_at"] is not None:
            return row
        tx.run(_FORGET, {"answer": row["answer"]})
    return None


def _due(tx: Transaction, seat: Seat, task: int, answer: int, kind: str) -> None:
    named = {"answer": answer, "dataset": seat.dataset, "task": task, "session": seat.id, "kind": kind}
    tx.run(_DUE, {**named, "position": seat.position})
