"""Where a dataset and one of its sessions stand."""

from tallymark.queue.seats import Seat, lock_seat
from tallymark.store import Transaction
from tallymark.types import ProgressDict


def progress(tx: Transaction, *, session: str) -> ProgressDict:
    """The progress of a session by its token. Errors: `NotKnown`."""
    return seat_progress(tx, lock_seat(tx, session))


def open_tasks(tx: Transaction, seat: Seat) -> int:
    """How many tasks of the seat's dataset are open, from the counters."""
    row, pending = seat.row, tx.pending(seat.dataset)
    closed = row["done"] + pending["done"] + row["withdrawn"] + pending["withdrawn"]
    return int(row["queued"] + pending["queued"] - closed)


def seat_progress(tx: Transaction, seat: Seat) -> ProgressDict:
    """The progress of a locked seat, from counters alone."""
    row, pending = seat.row, tx.pending(seat.dataset)
    tasks = row["queued"] + pending["queued"]
    withdrawn = row["withdrawn"] + pending["withdrawn"]
    remaining = max(0, min(tasks - seat.answered - seat.ineligible, open_tasks(tx, seat)))
    feeding = row["stream"] == "open"
    known, read = row["rows_known"], row["rows_read"] or 0
    unread = max(0, known - read) if known is not None and feeding else 0
    fraction = row["run_progress"] if row["progress"] is None else row["progress"]
    return {
        "tasks": tasks,
        "done": row["done"] + pending["done"],
        "withdrawn": withdrawn,
        "mine": seat.answered,
        "remaining": None if feeding and known is None else remaining + unread,
        "estimate": feeding,
        "rows_read": read,
        "rows_known": known,
        "fraction": fraction,
    }
