"""Where a dataset and one of its sessions stand."""

from tallymark.queue.eligibility import audiences_of, had
from tallymark.queue.seats import Seat, lock_seat
from tallymark.store import Statement, Transaction
from tallymark.types import ProgressDict

LOOKED_THROUGH = 200
"""So many open tasks are looked through to say exactly what is left for a session."""
COUNTED = 1_000
"""So many open tasks of an audience are counted at most."""

_OPEN_OF = Statement(
    "How many open tasks an audience has, up to a limit.",
    """
    SELECT count(*) FROM (SELECT 1 FROM task t WHERE t.dataset = :dataset AND t.audience = :audience
                             AND t.state = 'open' LIMIT :limit) AS few
    """,
)
_LEFT_OF = Statement(
    "How many open tasks of an audience a seat may still be asked about, or is.",
    f"""
    SELECT count(*) FROM task t WHERE t.dataset = :dataset AND t.audience = :audience AND t.state = 'open'
       AND NOT {had(":session", "answered", "ineligible")}
    """,  # noqa: S608
)


def progress(tx: Transaction, *, session: str) -> ProgressDict:
    """The progress of a session by its token. Errors: `NotKnown`."""
    return seat_progress(tx, lock_seat(tx, session))


def open_tasks(tx: Transaction, seat: Seat) -> int:
    """How many tasks of the seat's dataset are open, from the counters."""
    row, pending = seat.row, tx.pending(seat.dataset)
    closed = row["done"] + pending["done"] + row["withdrawn"] + pending["withdrawn"]
    return int(row["queued"] + pending["queued"] - closed)


def seat_progress(tx: Transaction, seat: Seat) -> ProgressDict:
    """The progress of a locked seat, from counters but for what is left for it."""
    row, pending = seat.row, tx.pending(seat.dataset)
    remaining, at_most = _remaining(tx, seat)
    feeding = row["stream"] == "open"
    known, read = row["rows_known"], row["rows_read"] or 0
    unread = max(0, known - read) if known is not None and feeding else 0
    fraction = row["run_progress"] if row["progress"] is None else row["progress"]
    return {
        "tasks": row["queued"] + pending["queued"],
        "done": row["done"] + pending["done"],
        "withdrawn": row["withdrawn"] + pending["withdrawn"],
        "mine": seat.answered,
        "remaining": None if feeding and known is None else remaining + unread,
        "at_most": at_most,
        "estimate": feeding,
        "rows_read": read,
        "rows_known": known,
        "fraction": fraction,
    }


def _remaining(tx: Transaction, seat: Seat) -> tuple[int, bool]:
    """How many open tasks a seat may still be asked about, and whether that is only an upper bound."""
    found = open_tasks(tx, seat)
    if found <= LOOKED_THROUGH:
        return _left(tx, seat), False
    row, pending = seat.row, tx.pending(seat.dataset)
    tasks = row["queued"] + pending["queued"]
    bound = max(0, min(tasks - seat.answered - seat.ineligible, found))
    if row["narrowed"]:
        its = _open_for(tx, seat)
        if its <= LOOKED_THROUGH:
            return _left(tx, seat), False
        return (bound if its >= COUNTED else min(bound, its)), True
    alone = not (row["shared"] or seat.ineligible or row["withdrawn"] + pending["withdrawn"])
    return bound, not alone


def _open_for(tx: Transaction, seat: Seat) -> int:
    """How many open tasks the seat's audiences have, up to `COUNTED`."""
    found = 0
    for audience in audiences_of(tx, seat.dataset, seat.id):
        named = {"dataset": seat.dataset, "audience": audience, "limit": COUNTED - found}
        found += int(tx.value(_OPEN_OF, named))
        if found == COUNTED:
            break
    return found


def _left(tx: Transaction, seat: Seat) -> int:
    named = {"dataset": seat.dataset, "session": seat.id}
    return sum(
        int(tx.value(_LEFT_OF, {**named, "audience": audience}))
        for audience in audiences_of(tx, seat.dataset, seat.id)
    )
