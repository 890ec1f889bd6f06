"""How many tasks are wanted: a stream that is costly is read as people come, and not ahead of them."""

from typing import Any

from tallymark.queue.eligibility import AVAILABLE, NOT_HAD, WANTS_MORE, audiences_of
from tallymark.queue.runs import fenced
from tallymark.store import Row, Statement, Transaction

ACTIVE_SECONDS = 60.0

_ACTIVE = Statement(
    "Seats that called lately.",
    "SELECT id, cursor_rank, cursor_task FROM session WHERE dataset = :dataset AND last_call > :since"
    " AND kind = 'person' AND retired_at IS NULL",
)
_SUPPLY = Statement(
    "How many tasks of an audience a seat could lease, from its cursor on, up to a limit.",
    f"""
    SELECT count(*) FROM (
        SELECT 1 FROM task t
         WHERE t.dataset = :dataset AND t.audience = :audience AND t.rank = :rank AND t.id > :task
           AND {WANTS_MORE} AND {NOT_HAD}
         UNION ALL
        SELECT 1 FROM task t
         WHERE t.dataset = :dataset AND t.audience = :audience AND t.rank > :rank
           AND {WANTS_MORE} AND {NOT_HAD}
         LIMIT :limit) AS few
    """,  # noqa: S608
)
_SUPPLY_ANYBODY = Statement(
    "How many tasks somebody could lease, whoever they are for, up to a limit.",
    f"""
    SELECT count(*) FROM (
        SELECT 1 FROM task t WHERE t.dataset = :dataset AND {WANTS_MORE} LIMIT :limit) AS few
    """,  # noqa: S608
)
_SUPPLY_RETURNED = Statement(
    "How many tasks before a seat's cursor are available to it again, up to a limit.",
    f"""
    SELECT count(*) FROM (
        SELECT 1 FROM returned r JOIN task t ON t.id = r.task
         WHERE r.dataset = :dataset AND (t.rank, t.id) <= (:rank, :task)
           AND {AVAILABLE}
         LIMIT :limit) AS few
    """,  # noqa: S608
)


def demand(tx: Transaction, *, run: int, generation: int, batch_size: int, ahead: int = 0) -> dict[str, Any]:
    """How many more tasks are wanted, so that each active session could lease two batches. Errors: `Fenced`.

    While nobody is active one session is expected, so that whoever comes first finds tasks. `ahead` asks for
    so many tasks that anybody could take, besides.
    """
    dataset = fenced(tx, run, generation)["dataset"]
    limit = 2 * batch_size
    seats = tx.all(_ACTIVE, {"dataset": dataset, "since": tx.now - ACTIVE_SECONDS})
    supplies = [_supply(tx, dataset, seat, limit) for seat in seats]
    wanted = limit - min(supplies, default=_supply_for_anybody(tx, dataset, limit))
    if ahead:
        wanted = max(wanted, ahead - _supply_for_anybody(tx, dataset, ahead))
    return {"demand": wanted}


def _supply(tx: Transaction, dataset: int, seat: Row, limit: int) -> int:
    """How many tasks a seat could lease, up to a limit."""
    rank, task = seat["cursor_rank"], seat["cursor_task"]
    place = {"rank": float("-inf"), "task": 0} if rank is None else {"rank": rank, "task": task}
    named = {"dataset": dataset, "session": seat["id"], **place}
    found = 0
    for audience in audiences_of(tx, dataset, seat["id"]):
        found += int(tx.value(_SUPPLY, {**named, "audience": audience, "limit": limit - found}))
        if found == limit:
            return found
    return found + int(tx.value(_SUPPLY_RETURNED, {**named, "limit": limit - found}))


def _supply_for_anybody(tx: Transaction, dataset: int, limit: int) -> int:
    return int(tx.value(_SUPPLY_ANYBODY, {"dataset": dataset, "limit": limit}))
