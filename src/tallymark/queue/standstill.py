"""What a page is told when a seat has nothing to do, and whether it may have anything."""

from tallymark.queue.eligibility import eligible
from tallymark.queue.runs import allowed_names
from tallymark.queue.seats import Seat
from tallymark.store import Row, Statement, Transaction
from tallymark.types import DetailDict, LeaseState

HOST_SECONDS = 15.0

_WITH_OTHERS = Statement(
    "Open tasks this seat could still get, were they not leased.",
    f"""
    SELECT count(DISTINCT l.task) FROM session s
      JOIN assignment l ON l.session = s.id AND l.state = 'leased' AND l.slot = 1
      JOIN task t ON t.id = l.task AND t.state = 'open'
     WHERE s.dataset = :dataset AND s.held > 0 AND {eligible(":session")}
    """,  # noqa: S608
)


def can_lease(seat: Seat) -> bool:
    """Whether the seat may get further tasks at all."""
    return not seat.row["paused"] and not seat.retired and not _stopped(seat)


def _stopped(seat: Seat) -> bool:
    return seat.row["ended_at"] is not None and seat.row["error"] is None


def lease_state(tx: Transaction, seat: Seat, *, holds: bool) -> tuple[LeaseState, DetailDict | None]:
    """What a seat is told that holds tasks or finds none; the detail says why there are none."""
    row = seat.row
    if row["paused"] or seat.retired or _stopped(seat):
        return "paused", {"code": "paused", "message": _pause_message(tx, seat)}
    if holds:
        return "ready", None
    if row["stream"] == "failed":
        detail: DetailDict = {
            "code": "stream_failed",
            "message": row["stream_detail"] or "The stream failed.",
        }
        if row["stream_row"] is not None:
            detail["row"] = row["stream_row"]
        return "failed", detail
    if row["stream"] == "open" or _unrouted(seat):
        return "searching", _searching(tx, row)
    others = tx.value(_WITH_OTHERS, {"dataset": seat.dataset, "session": seat.id})
    if others:
        message = f"{others} tasks are with others." if others > 1 else "1 task is with others."
        return "waiting", {"code": "with_others", "message": message, "with_others": others}
    return "exhausted", {"code": "done", "message": "Every task that is yours to answer is answered."}


def _unrouted(seat: Seat) -> bool:
    """Whether the recipe's router has yet to be asked about this seat."""
    return (
        seat.kind == "person" and "task_router" in (seat.row["wants"] or "") and seat.id > seat.row["routed"]
    )


def _searching(tx: Transaction, row: Row) -> DetailDict:
    read = row["rows_read"]
    if row["ended_at"] is not None or tx.now - row["host_beat"] > HOST_SECONDS:
        message = "The recipe's process is not running. Answers are still saved."
        return {"code": "host_down", "message": message, "rows_read": read}
    return {"code": "rows_read", "message": f"Searching: {read:,} rows read.", "rows_read": read}


def _pause_message(tx: Transaction, seat: Seat) -> str:
    if seat.row["paused"]:
        return "An operator paused this dataset."
    if seat.retired:
        name, allowed = seat.row["name"], allowed_names(tx, seat.row["run"])
        if allowed is not None and name not in allowed:
            return (
                f"{name!r} is not among those who may annotate now ({', '.join(allowed)}). Ask whoever runs "
                "this project to add the name to allowed_sessions, then open this page anew."
            )
        return "This session was retired by an operator."
    return "This dataset was stopped by whoever started it. Answers are still saved."
