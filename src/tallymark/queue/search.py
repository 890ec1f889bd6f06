"""Which tasks a seat may take: those that came back, those after its cursor, those that take more answers."""

from itertools import takewhile
from operator import itemgetter

from tallymark.queue.eligibility import AVAILABLE, NOT_HAD, WANTS_MORE, audiences_of
from tallymark.queue.exclusion import bar_meanwhile
from tallymark.queue.progress import open_tasks
from tallymark.queue.seats import Seat
from tallymark.queue.tasks import Tasks
from tallymark.store import Row, Statement, Transaction

RETURNED_LOOK = 100
_START = (float("-inf"), 0)

_FROM_RETURNED = Statement(
    "Tasks that became available again: the first few, and whether this seat may take them.",
    f"""
    SELECT r.rank, r.task AS id, {WANTS_MORE} AS free, {AVAILABLE} AS mine
      FROM returned r JOIN task t ON t.id = r.task
     WHERE r.dataset = :dataset ORDER BY r.rank, r.task LIMIT {RETURNED_LOOK} {{lock_free:t}}
    """,  # noqa: S608
)
_NOT_RETURNED = Statement(
    "A task is no longer waiting to be taken again.",
    "DELETE FROM returned WHERE dataset = :dataset AND rank = :rank AND task = :id",
)
_IN_ORDER = f"""
    SELECT t.id, t.rank, 1 AS mine FROM task t
     WHERE t.dataset = :dataset AND t.audience = :audience AND (t.rank, t.id) > (:rank, :task)
       AND {WANTS_MORE} AND {NOT_HAD}
     ORDER BY t.rank, t.id LIMIT :need
"""  # noqa: S608
_NEXT = Statement(
    "The next open tasks of an audience after a cursor: of its rank, then of higher ones, along the index;"
    " those that somebody else has locked are not the seat's.",
    f"""
    SELECT t.id, t.rank, 1 AS mine FROM task t WHERE t.id IN (
        SELECT id FROM (
            SELECT t.id, t.rank FROM task t
             WHERE t.dataset = :dataset AND t.audience = :audience AND t.rank = :rank AND t.id > :task
               AND {WANTS_MORE} AND {NOT_HAD}
             UNION ALL
            SELECT t.id, t.rank FROM task t
             WHERE t.dataset = :dataset AND t.audience = :audience AND t.rank > :rank
               AND {WANTS_MORE} AND {NOT_HAD}
             ORDER BY rank, id LIMIT :need) AS next)
     ORDER BY t.rank, t.id
    """,  # noqa: S608
    postgresql=f"""
    WITH ahead AS MATERIALIZED ({_IN_ORDER}), locked AS MATERIALIZED ({_IN_ORDER} {{lock_free:t}})
    SELECT coalesce(l.id, a.id) AS id, coalesce(l.rank, a.rank) AS rank, coalesce(l.mine, 0) AS mine
      FROM ahead a FULL JOIN locked l ON l.id = a.id ORDER BY 2, 1
    """,  # noqa: S608
)
_NEXT_WAITING = Statement(
    "The next open tasks in order after a cursor; those that somebody else has locked are waited for.",
    f"{_IN_ORDER} {{lock:t}}",
)
_TAKES_MORE = f"""
    SELECT t.id, t.rank FROM task t
     WHERE t.dataset = :dataset AND t.audience = :audience AND t.taken < t.most AND t.state <> 'withdrawn'
       AND {NOT_HAD}
     ORDER BY t.rank, t.id LIMIT :need
"""  # noqa: S608
_MORE = Statement(
    "Tasks of an audience that take further answers while people ask, in order.",
    f"{_TAKES_MORE} {{lock_free:t}}",
)
_MORE_WAITING = Statement(
    "Tasks of an audience that take further answers; those that somebody else has locked are waited for.",
    f"{_TAKES_MORE} {{lock:t}}",
)


def search(tx: Transaction, seat: Seat, need: int) -> list[Row]:
    """Up to `need` tasks the seat may take."""
    found = _look(tx, seat, need)
    while _answered_elsewhere(tx, seat, found):
        found = _look(tx, seat, need)
    return found


def _look(tx: Transaction, seat: Seat, need: int) -> list[Row]:
    """Up to `need` tasks: returned ones, then from the seat's cursor on, then from the start."""
    world = _world(tx, seat)
    if seat.none_at == world:
        return []
    found = search_returned(tx, seat, need)
    if len(found) < need and open_tasks(tx, seat) > 0:
        found += _search_on(tx, seat, need - len(found), found)
    if len(found) < need and seat.cursor_rank is not None and open_tasks(tx, seat) > 0:
        found += search_from(tx, seat, need - len(found), found, after_cursor=False)
    if not found and tx.concurrent and open_tasks(tx, seat) > 0:
        found = search_from(tx, seat, need, found, after_cursor=False, statement=_NEXT_WAITING)
    if len(found) < need and not (found and tx.concurrent):  # there, some may have been locked by others
        seat.none_at = world
    return found


def search_returned(tx: Transaction, seat: Seat, need: int) -> list[Row]:
    """Up to `need` of the first tasks that became available again; what others took is forgotten."""
    rows = tx.all(_FROM_RETURNED, {"dataset": seat.dataset, "session": seat.id})
    tx.many(
        _NOT_RETURNED,
        [{"dataset": seat.dataset, "rank": row["rank"], "id": row["id"]} for row in rows if not row["free"]],
    )
    return [row for row in rows if row["mine"]][:need]


def _search_on(tx: Transaction, seat: Seat, need: int, found: list[Row]) -> list[Row]:
    """As `search_from`; the cursor moves on, but not past what somebody else may yet give back."""
    rows = _rows_from(tx, seat, need, found, _after_cursor(seat), _NEXT)
    mine = [row for row in rows if row["mine"]][:need]
    for row in takewhile(itemgetter("mine"), rows[: rows.index(mine[-1]) + 1] if mine else ()):
        seat.cursor_rank, seat.cursor_task = row["rank"], row["id"]
    return mine


def search_from(
    tx: Transaction,
    seat: Seat,
    need: int,
    found: list[Row],
    *,
    after_cursor: bool,
    statement: Statement = _NEXT,
) -> list[Row]:
    """Up to `need` open tasks that were not `found` yet, in order, from the seat's cursor or the start on."""
    start = _after_cursor(seat) if after_cursor else _START
    return [row for row in _rows_from(tx, seat, need, found, start, statement) if row["mine"]][:need]


def _after_cursor(seat: Seat) -> tuple[float, int | None]:
    return _START if seat.cursor_rank is None else (seat.cursor_rank, seat.cursor_task)


def _rows_from(
    tx: Transaction,
    seat: Seat,
    need: int,
    found: list[Row],
    start: tuple[float, int | None],
    statement: Statement,
) -> list[Row]:
    """The next tasks in order, `mine` or locked by somebody else, besides those found already."""
    known = {row["id"] for row in found}
    named = {"dataset": seat.dataset, "session": seat.id, "rank": start[0], "task": start[1]}
    named["need"] = need + len(known)
    rows = [
        row
        for audience in audiences_of(tx, seat.dataset, seat.id)
        for row in tx.all(statement, {**named, "audience": audience})
        if row["id"] not in known
    ]
    return sorted(rows, key=_in_order)


def beyond(tx: Transaction, seat: Seat, need: int) -> list[Row]:
    """Tasks that have what they need and take more, for somebody who has nothing else to do."""
    world = _world(tx, seat)
    if seat.none_more_at == world:
        return []
    found = _more(tx, seat, need)
    while _answered_elsewhere(tx, seat, found):
        found = _more(tx, seat, need)
    if not found:
        seat.none_more_at = world
    tasks = Tasks.locked(tx, seat.dataset, sorted(row["id"] for row in found))
    for task in tasks.ids():
        tasks.move(task, taken=1)
    tasks.settle()
    return found


def _more(tx: Transaction, seat: Seat, need: int) -> list[Row]:
    found = _more_by(tx, seat, need, _MORE)
    return _more_by(tx, seat, need, _MORE_WAITING) if not found and tx.concurrent else found


def _more_by(tx: Transaction, seat: Seat, need: int, statement: Statement) -> list[Row]:
    named = {"dataset": seat.dataset, "session": seat.id, "need": need}
    rows = [
        row
        for audience in audiences_of(tx, seat.dataset, seat.id, state="any")
        for row in tx.all(statement, {**named, "audience": audience})
    ]
    return sorted(rows, key=_in_order)[:need]


def _world(tx: Transaction, seat: Seat) -> int:
    """A number that grows whenever tasks are added or become available again.

    A seat that looked for tasks in vain need not look past all it has answered until this has changed.
    """
    pending = tx.pending(seat.dataset)
    return int(seat.row["queued"] + seat.row["freed"] + pending["queued"] + pending["freed"])


def _in_order(row: Row) -> tuple[float, int]:
    return row["rank"], row["id"]


def _answered_elsewhere(tx: Transaction, seat: Seat, found: list[Row]) -> bool:
    """Whether some of these were answered in an excluded dataset meanwhile; the seat is barred from them."""
    barred = bar_meanwhile(tx, seat.row, seat.id, [row["id"] for row in found])
    if barred:
        seat.ineligible += barred
        seat.none_at = seat.none_more_at = None
    return barred > 0
