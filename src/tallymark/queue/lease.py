"""Lease tasks to a session: who sees what is decided here, at the moment of asking, and nowhere else."""

from collections.abc import Collection, Iterable
from typing import Any

import orjson

from tallymark import jsontext
from tallymark.queue.eligibility import (
    NOT_HAD,
    WANTS_MORE,
    Wish,
    belongs,
    had,
    missed_audiences,
)
from tallymark.queue.journal import journal
from tallymark.queue.numbers import is_task_id, within_64_bits
from tallymark.queue.progress import seat_progress
from tallymark.queue.search import RETURNED_LOOK, beyond, search, search_from, search_returned
from tallymark.queue.seats import CLIENT_SECONDS, NO_CLIENT, Seat, also_open, called
from tallymark.queue.servers import is_awake
from tallymark.queue.standstill import can_lease, lease_state
from tallymark.queue.tasks import Tasks, hold_fewer
from tallymark.queue.waiting import open_tasks_to_all
from tallymark.store import Row, Statement, Transaction, json_ids
from tallymark.store.documents import merged
from tallymark.types import DetailDict, LeaseState, ProgressDict

SILENT_SECONDS = 60.0

_REBIND = Statement(
    "Leases of a seat's dead clients go to the calling one.",
    """
    UPDATE assignment SET client = :client
     WHERE session = :session AND state = 'leased' AND client <> :client
       AND NOT EXISTS (SELECT 1 FROM client c WHERE c.session = assignment.session
                          AND c.id = assignment.client AND c.last_call > :since)
    """,
)
_MINE = Statement(
    "How many leases this client of a seat holds.",
    "SELECT count(*) FROM assignment WHERE session = :session AND state = 'leased' AND client = :client",
)
_OVERDUE = Statement(
    "Leases of other seats that called too long ago.",
    """
    SELECT s.id AS session, a.task FROM session s JOIN assignment a ON a.session = s.id AND a.state = 'leased'
     WHERE s.dataset = :dataset AND s.held > 0 AND s.last_call < :before AND s.id <> :session
     ORDER BY a.task {lock_free:s}
    """,
)
_SILENT = Statement(
    "Leases of other seats that have been silent for a while, of tasks this seat could take.",
    f"""
    SELECT s.id AS session, l.task FROM session s
      JOIN assignment l ON l.session = s.id AND l.state = 'leased' AND l.slot = 1
      JOIN task t ON t.id = l.task AND t.state = 'open'
     WHERE s.dataset = :dataset AND s.held > 0 AND s.last_call < :before AND s.id <> :session
       AND {belongs(":session")} AND {NOT_HAD} AND (t.most IS NULL OR t.taken <= t.least)
       AND NOT EXISTS (SELECT 1 FROM assignment u WHERE u.task = l.task AND u.standing = 'surplus')
     ORDER BY s.last_call, t.rank, t.id LIMIT :need {{lock_free:s}}
    """,  # noqa: S608
)
_PRESENT = Statement(
    "People who called lately.",
    "SELECT name FROM session WHERE dataset = :dataset AND kind = 'person' AND retired_at IS NULL"
    " AND last_call >= :since",
)
_AWAITED = Statement(
    "Tasks of an audience that wait for people who do not come: fewer of those are here than slots are free.",
    f"""
    SELECT t.id FROM task t
     WHERE t.dataset = :dataset AND t.audience = :audience AND {WANTS_MORE} AND t.created_at < :since
       AND {NOT_HAD}
       AND (SELECT count(*) FROM member m JOIN session s ON s.id = m.session
             WHERE m.audience = :audience AND s.retired_at IS NULL AND s.last_call >= :since
               AND NOT {had("s.id", "leased", "answered", "ineligible")}) < t.overlap - t.taken
     ORDER BY t.rank, t.id LIMIT :need
    """,  # noqa: S608
)
_TAKE = Statement("Leases take a slot each.", "UPDATE task SET taken = taken + 1 WHERE id IN {ids}")
_LEASE = Statement(
    "Lease a task to a session.",
    """
    INSERT INTO assignment (task, session, state, slot, client, leased_at)
    VALUES (:task, :session, 'leased', 1, :client, :now)
    ON CONFLICT (task, session) DO UPDATE
       SET state = 'leased', slot = 1, client = excluded.client, leased_at = excluded.leased_at
    """,
    types={"task": "bigint", "session": "bigint", "client": "text", "now": "float8"},
)
_HELD = Statement(
    "What a client of a seat holds, with documents, in the order of the tasks.",
    """
    SELECT a.task AS id, a.revision, t.rank < 0 AS ahead, d.text, n.changes,
           (SELECT min(r.ordinal) FROM task_row r WHERE r.task = a.task) AS row,
           f.base AS draft_base, f.changes AS draft_changes, f.decision AS draft_decision,
           f.comment AS draft_comment, f.message AS draft_message
      FROM assignment a JOIN task t ON t.id = a.task JOIN document d ON d.id = t.document
      LEFT JOIN answer n ON n.task = a.task AND n.session = a.session AND n.revision = a.revision
      LEFT JOIN draft f ON f.task = a.task AND f.session = a.session
     WHERE a.session = :session AND a.state = 'leased' AND a.client = :client
     ORDER BY a.revision = 0, t.rank, t.id
    """,
)
_RETURNED_COUNT = Statement(
    "How many tasks are available again.",
    f"SELECT count(*) FROM (SELECT 1 FROM returned WHERE dataset = :dataset LIMIT {RETURNED_LOOK}) AS few",  # noqa: S608
)
_LEASED = Statement(
    "The tasks a client of a seat holds.",
    "SELECT task FROM assignment WHERE session = :session AND state = 'leased' AND client = :client"
    " ORDER BY task",
)
_GONE = Statement(
    "A client of a seat goes away.",
    "UPDATE client SET last_call = 0 WHERE session = :session AND id = :client",
)
_CHANGED = Statement(
    "Revisions of a seat's answers since a cursor.",
    "SELECT id, task, revision FROM answer WHERE session = :session AND id > :cursor AND beside = 0"
    " ORDER BY id LIMIT 500",
)
_LAST_ANSWER = Statement(
    "The newest answer of a seat.", "SELECT coalesce(max(id), 0) FROM answer WHERE session = :session"
)


def lease(
    tx: Transaction,
    *,
    session: str,
    client_id: str | None = None,
    size: int = 10,
    holding: Collection[str] = (),
) -> dict[str, Any]:
    """Make the client hold `size` unanswered tasks, and say what it holds besides `holding`.

    Errors: `NotKnown` for the session.
    """
    seat, entries, state, detail = _lease(tx, session, client_id, size, holding)
    for entry in entries:
        entry["task"] = jsontext.loads(entry["task"])
    progress = _progress(tx, seat, state)
    return {"tasks": entries, "state": state, "detail": detail, "progress": progress}


def lease_json(
    tx: Transaction,
    *,
    session: str,
    client_id: str | None = None,
    size: int = 10,
    holding: Collection[str] = (),
) -> bytes:
    """The reply of `lease` as JSON; documents are spliced in as they are stored, so every value is exact."""
    seat, entries, state, detail = _lease(tx, session, client_id, size, holding)
    for entry in entries:
        entry["task"] = orjson.Fragment(entry["task"])
        entry["draft"] = orjson.Fragment(jsontext.dumps(entry["draft"]))
    progress = _progress(tx, seat, state)
    return orjson.dumps({"tasks": entries, "state": state, "detail": detail, "progress": progress})


def release(
    tx: Transaction, *, session: str, task_ids: Iterable[str] | None = None, client_id: str | None = None
) -> dict[str, Any]:
    """Give leases back: those of `task_ids`, or all of this client."""
    client = client_id or NO_CLIENT
    seat = called(tx, session, client)
    if task_ids is None:
        ids = [row["task"] for row in tx.all(_LEASED, {"session": seat.id, "client": client})]
        seat.idle = 1
    else:
        ids = sorted({int(task) for task in task_ids if is_task_id(task)})
    tasks = Tasks.locked(tx, seat.dataset, ids)
    ended = tasks.end_leases(tasks.ids(), seat.id, "released")
    tasks.settle()
    seat.held -= ended
    seat.write(tx)
    return {"released": ended}


def heartbeat(
    tx: Transaction,
    *,
    session: str,
    client_id: str | None = None,
    cursor: int | None = None,
    leaving: bool = False,
) -> dict[str, Any]:
    """Keep the leases, and learn what changed since `cursor` (the `cursor` of the last reply).

    `leaving` says that this client goes away: the seat keeps its leases, and its next client gets them at
    once. A client that calls again after all is as before.
    """
    client = client_id or NO_CLIENT
    seat = called(tx, session, client)
    _rebind(tx, seat, client)
    if leaving:
        tx.run(_GONE, {"session": seat.id, "client": client})
        seat.idle = int(not also_open(tx, seat.id, client))
    seat.write(tx)
    leases = [row["task"] for row in tx.all(_LEASED, {"session": seat.id, "client": client})]
    state, detail = lease_state(tx, seat, holds=bool(leases) or _available(tx, seat))
    cursor = None if cursor is None else within_64_bits(cursor)
    changed = [] if cursor is None else tx.all(_CHANGED, {"session": seat.id, "cursor": cursor})
    newest = tx.value(_LAST_ANSWER, {"session": seat.id}) if cursor is None else cursor
    return {
        "state": state,
        "detail": detail,
        "progress": _progress(tx, seat, state),
        "leases": {str(task): seat.lease_until for task in leases},
        "changed": [{"task_id": str(row["task"]), "revision": row["revision"]} for row in changed],
        "cursor": changed[-1]["id"] if changed else newest,
        "returned": tx.value(_RETURNED_COUNT, {"dataset": seat.dataset}),
        "project_version": (seat.row["run"] or 0) + seat.row["label_version"],
        "also_open": also_open(tx, seat.id, client),
    }


def _lease(
    tx: Transaction, session: str, client_id: str | None, size: int, holding: Collection[str]
) -> tuple[Seat, list[dict[str, Any]], LeaseState, DetailDict | None]:
    client = client_id or NO_CLIENT
    seat = called(tx, session, client)
    _rebind(tx, seat, client)
    mine = tx.value(_MINE, {"session": seat.id, "client": client})
    if mine < size and can_lease(seat):
        _top_up(tx, seat, client, size - mine, idle=not mine)
    held = tx.all(_HELD, {"session": seat.id, "client": client})
    state, detail = lease_state(tx, seat, holds=bool(held) or (size == 0 and _available(tx, seat)))
    seat.idle = int(size > 0 and state in ("waiting", "exhausted"))
    seat.write(tx)
    known = set(holding)
    return seat, [_entry(seat, row) for row in held if str(row["id"]) not in known], state, detail


def _progress(tx: Transaction, seat: Seat, state: LeaseState) -> ProgressDict:
    """The seat's progress; where a search has shown that nothing is left, it says so."""
    progress = seat_progress(tx, seat)
    if state == "exhausted":
        progress["remaining"], progress["at_most"] = 0, False
    return progress


def _available(tx: Transaction, seat: Seat) -> bool:
    """Whether there is something to lease, as far as is seen without a full search."""
    if not can_lease(seat):
        return False
    return bool(search_returned(tx, seat, 1) or search_from(tx, seat, 1, [], after_cursor=True))


def _rebind(tx: Transaction, seat: Seat, client: str) -> None:
    if seat.held:
        tx.run(_REBIND, {"session": seat.id, "client": client, "since": tx.now - CLIENT_SECONDS})


def _top_up(tx: Transaction, seat: Seat, client: str, need: int, *, idle: bool) -> None:
    seconds = seat.row["lease_seconds"]
    if seconds is not None:
        overdue = {"dataset": seat.dataset, "session": seat.id, "before": tx.now - seconds}
        leases = tx.all(_OVERDUE, overdue)
        if leases and is_awake(tx):
            _expire(tx, seat, leases)
    found = search(tx, seat, need)
    waits = not found and idle and is_awake(tx)
    if waits and seconds is not None:
        found = _from_silent(tx, seat, need)
    if waits and not found:
        found = _from_absent(tx, seat, need)
    if not found and idle and seat.row["stream"] != "open":
        found = beyond(tx, seat, need)
    elif found:
        tx.run(_TAKE, {"ids": json_ids(row["id"] for row in found)})
    _hold(tx, seat, client, found)


def _from_silent(tx: Transaction, seat: Seat, need: int) -> list[Row]:
    """Tasks that silent people hold, before their time."""
    before = tx.now - SILENT_SECONDS
    silent = {"dataset": seat.dataset, "session": seat.id, "before": before, "need": need}
    _expire(tx, seat, tx.all(_SILENT, silent))
    return search(tx, seat, need)


def _from_absent(tx: Transaction, seat: Seat, need: int) -> list[Row]:
    """Tasks whose people do not come are opened to all who have the tags."""
    opened = 0
    for audience, wish in missed_audiences(tx, seat.dataset, seat.id):
        opened += _open(tx, seat, audience, wish, need - opened)
        if opened == need:
            break
    return search(tx, seat, need) if opened else []


def _open(tx: Transaction, seat: Seat, audience: int, wish: Wish, need: int) -> int:
    """Open up to `need` tasks of an audience whose people do not come; how many there were."""
    assert wish.people is not None and wish.fallback is not None  # noqa: S101, PT018  (a missed audience)
    since = tx.now - wish.fallback
    present = {row["name"] for row in tx.all(_PRESENT, {"dataset": seat.dataset, "since": since})}
    if present.issuperset(wish.people):
        return 0
    named = {"dataset": seat.dataset, "session": seat.id, "audience": audience, "since": since, "need": need}
    return open_tasks_to_all(tx, seat.dataset, sorted(row["id"] for row in tx.all(_AWAITED, named)))


def _expire(tx: Transaction, seat: Seat, leases: list[Row]) -> None:
    """Leases of other seats expire; their slots go to surplus answers first, then back to everyone."""
    if not leases:
        return
    tasks = Tasks.locked(tx, seat.dataset, sorted({row["task"] for row in leases}))
    for session in sorted({row["session"] for row in leases}):
        ended = tasks.end_leases(
            [row["task"] for row in leases if row["session"] == session], session, "expired"
        )
        hold_fewer(tx, session, ended)
    tasks.settle()


def _hold(tx: Transaction, seat: Seat, client: str, found: list[Row]) -> None:
    """Lease tasks whose slots are taken to a seat."""
    named = {"session": seat.id, "client": client, "now": tx.now}
    tx.many(_LEASE, [{"task": row["id"], **named} for row in found])
    seat.held += len(found)
    journal(tx, seat.id, "leased", [row["id"] for row in found])


def _entry(seat: Seat, row: Row) -> dict[str, Any]:
    text = row["text"] if row["changes"] is None else jsontext.dumps(merged(row["text"], row["changes"]))
    return {
        "task_id": str(row["id"]),
        "lease_until": seat.lease_until,
        "revision": row["revision"],
        "row": row["row"],
        "ahead": bool(row["ahead"]),
        "draft": draft_of(row),
        "task": text,
    }


def draft_of(row: Row) -> dict[str, Any] | None:
    """The draft of an assignment, from a row with `draft_…` columns."""
    if row["draft_base"] is None:
        return None
    changes = jsontext.loads(row["draft_changes"]) if row["draft_changes"] else {}
    return {
        "set": changes.get("set", {}),
        "unset": changes.get("unset", []),
        "decision": row["draft_decision"],
        "comment": row["draft_comment"],
        "message": row["draft_message"],
        "base": row["draft_base"],
    }
