"""What an operator sees at a glance: datasets, seats, who holds what, how fast it goes. It only reads."""

from typing import Any

from tallymark.queue.datasets import find_dataset
from tallymark.store import Row, Statement, Transaction

RECENT_SECONDS = 3600.0
DAY_SECONDS = 86_400.0
SHOWN = 50
HOST_SECONDS = 15.0

_DATASETS = Statement(
    "Every dataset with its counters and its newest run.",
    """
    SELECT d.id, d.name, d.created_at, d.overlap, d.paused, d.queued AS tasks, d.done, d.withdrawn,
           r.recipe, r.view_id, r.started_at, r.ended_at, r.beat_at, r.error, r.stream, r.stream_detail,
           r.stream_row, r.rows_read, r.rows_known
      FROM dataset d LEFT JOIN run r ON r.id = d.run ORDER BY d.name
    """,
)
_SEATS = Statement(
    "The seats of a dataset.",
    "SELECT name, kind, answered, held, ineligible, joined_at, last_call, retired_at, idle FROM session"
    " WHERE dataset = :dataset ORDER BY name, kind",
)
_PACE = Statement(
    "What each session answered in the last hour, and since when; how long it was at work in a day.",
    """
    SELECT s.name, s.kind, sum(n.active_ms) AS active_ms, max(n.server_time) AS last_answer,
           count(CASE WHEN n.server_time > :since AND n.status = 'submitted' AND n.base = 0 AND n.beside = 0
                      THEN 1 END) AS answers,
           min(CASE WHEN n.server_time > :since THEN n.server_time END) AS first
      FROM answer n JOIN session s ON s.id = n.session
     WHERE n.dataset = :dataset AND n.id > :after AND n.server_time > :day GROUP BY s.name, s.kind
    """,
)
_NEWEST = Statement("The newest answer.", "SELECT coalesce(max(id), 0) FROM answer")
_HELD = Statement(
    "Who holds what since when, the longest first.",
    """
    SELECT a.task, s.name AS session, a.leased_at, s.last_call, s.last_call + d.lease_seconds AS lease_until
      FROM session s CROSS JOIN assignment a JOIN dataset d ON d.id = s.dataset
     WHERE s.dataset = :dataset AND a.session = s.id AND a.state = 'leased'
     ORDER BY a.leased_at, a.task LIMIT :limit
    """,
)
_EVENTS = Statement(
    "The last events of a dataset.",
    "SELECT at, kind, detail, task FROM event WHERE dataset = :dataset ORDER BY id DESC LIMIT :limit",
)
_QUARANTINE = Statement(
    "What is in quarantine, and why.",
    "SELECT s.name AS session, q.task_id, q.reason, q.received_at FROM quarantine q"
    " JOIN session s ON s.id = q.session WHERE q.dataset = :dataset ORDER BY q.id DESC LIMIT :limit",
)
LOOK_BACK = 20_000
"""So many answers back the pace is measured at most."""


def datasets(tx: Transaction) -> list[dict[str, Any]]:
    """Every dataset with its counters, its newest run and whether its host lives."""
    return [_dataset(tx, row) for row in tx.all(_DATASETS)]


def seats_of(tx: Transaction, *, dataset: str) -> list[dict[str, Any]]:
    """The seats of a dataset, with what they answered and hold. Errors: `NotKnown`."""
    rows = tx.all(_SEATS, {"dataset": find_dataset(tx, dataset)["id"]})
    return [{**_plain(row), "retired": row["retired_at"] is not None} for row in rows]


def overview(tx: Transaction, *, dataset: str) -> dict[str, Any]:
    """One dataset at a glance. Errors: `NotKnown`.

    `seats` have `pace` (answers an hour, over the last hour), `active_ms` and `last_answer` (of a day);
    `eta_seconds` is how long the open tasks take at the pace of all, None while nobody works or everybody's
    answer is wanted.
    """
    found = find_dataset(tx, dataset)["id"]
    [about] = [each for each in datasets(tx) if each["id"] == found]
    named = {"dataset": found, "limit": SHOWN}
    seats = _with_pace(tx, found, seats_of(tx, dataset=dataset))
    return {
        **about,
        "seats": seats,
        "pace": sum(seat["pace"] for seat in seats),
        "eta_seconds": _eta(about, sum(seat["pace"] for seat in seats)),
        "held": [{**_plain(row), "task": str(row["task"])} for row in tx.all(_HELD, named)],
        "events": [_event(row) for row in tx.all(_EVENTS, named)],
        "quarantine": [_plain(row) for row in tx.all(_QUARANTINE, named)],
    }


def _dataset(tx: Transaction, row: Row) -> dict[str, Any]:
    alive = row["beat_at"] is not None and row["ended_at"] is None
    return {
        **_plain(row),
        "paused": bool(row["paused"]),
        "open": row["tasks"] - row["done"] - row["withdrawn"],
        "host": "up" if alive and tx.now - row["beat_at"] <= HOST_SECONDS else "down",
    }


def _with_pace(tx: Transaction, dataset: int, seats: list[dict[str, Any]]) -> list[dict[str, Any]]:
    named = {"dataset": dataset, "since": tx.now - RECENT_SECONDS, "day": tx.now - DAY_SECONDS}
    rows = tx.all(_PACE, {**named, "after": tx.value(_NEWEST) - LOOK_BACK})
    paces = {(row["name"], row["kind"]): row for row in rows}
    return [{**seat, **_pace(tx.now, paces.get((seat["name"], seat["kind"])))} for seat in seats]


def _pace(now: float, row: Row | None) -> dict[str, Any]:
    """Answers an hour; somebody who began ten minutes ago is not measured by the whole hour."""
    if row is None:
        return {"pace": 0.0, "active_ms": 0, "last_answer": None}
    hours = max(60.0, now - (row["first"] or now)) / 3600.0
    pace = round(row["answers"] / hours, 1)
    return {"pace": pace, "active_ms": row["active_ms"] or 0, "last_answer": row["last_answer"]}


def _eta(about: dict[str, Any], pace: float) -> float | None:
    if not pace or about["overlap"] is None:
        return None
    return float(round(about["open"] * about["overlap"] / pace * 3600.0))


def _event(row: Row) -> dict[str, Any]:
    return {**_plain(row), "task": None if row["task"] is None else str(row["task"])}


def _plain(row: Row) -> dict[str, Any]:
    return {key: row[key] for key in row.keys()}  # noqa: SIM118
