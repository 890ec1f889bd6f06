"""A session's own answers, newest first."""

from collections.abc import Iterator
from typing import Any

from tallymark.queue.lease import draft_of
from tallymark.queue.numbers import within_64_bits
from tallymark.queue.seats import lock_seat
from tallymark.store import Row, Statement, Transaction
from tallymark.store.documents import merged
from tallymark.types import Decision

LIMIT = 200
PAGE = 200
LOOK = 5_000

_ANSWERS = Statement(
    "Answers of a seat from a position downwards, with their documents.",
    """
    SELECT a.task, a.position, a.revision, a.standing, n.status, n.decision, n.server_time, n.comment,
           n.reason, n.changes, d.text, f.base AS draft_base, f.changes AS draft_changes,
           f.decision AS draft_decision, f.comment AS draft_comment, f.message AS draft_message,
           (SELECT min(r.ordinal) FROM task_row r WHERE r.task = a.task) AS row
      FROM assignment a JOIN answer n ON n.task = a.task AND n.session = a.session AND n.revision = a.revision
      JOIN task t ON t.id = a.task JOIN document d ON d.id = t.document
      LEFT JOIN draft f ON f.task = a.task AND f.session = a.session
     WHERE a.session = :session AND a.position IS NOT NULL AND a.position < :before AND a.state = 'answered'
     ORDER BY a.position DESC LIMIT :limit
    """,
)


def history(
    tx: Transaction,
    *,
    session: str,
    before: int | None = None,
    limit: int = 50,
    q: str | None = None,
    label: str | None = None,
    decision: Decision | None = None,
    flagged: bool | None = None,
) -> dict[str, Any]:
    """Answers of a session below position `before`, newest first, with `next` to go on from, or None.

    `q` looks for text in the whole answered document, case-insensitively; `label` for a label of a span,
    an accepted option or the task. A search looks at up to 5,000 answers a call and then says where to go on.
    """
    seat = lock_seat(tx, session)
    limit = max(1, min(limit, LIMIT))
    position = within_64_bits(before) if before is not None else seat.position + 1
    page = max(limit, PAGE) if any(given is not None for given in (q, label, decision, flagged)) else limit
    found: list[dict[str, Any]] = []
    looked = 0
    while len(found) < limit and looked < LOOK:
        rows = tx.all(_ANSWERS, {"session": seat.id, "before": position, "limit": page})
        for row in rows:
            position = row["position"]
            entry = _entry(row)
            if _matches(entry, q=q, label=label, decision=decision, flagged=flagged):
                found.append(entry)
            if len(found) == limit:
                break
        looked += len(rows)
        if len(rows) < page:
            return {"answers": found, "next": None if len(found) < limit else position}
    return {"answers": found, "next": position}


def _entry(row: Row) -> dict[str, Any]:
    document = merged(row["text"], row["changes"])
    return {
        "task_id": str(row["task"]),
        "revision": row["revision"],
        "status": row["status"],
        "decision": row["decision"],
        "standing": row["standing"],
        "answered_at": row["server_time"],
        "position": row["position"],
        "comment": row["comment"],
        "reason": row["reason"],
        "flagged": bool(document.get("flagged")),
        "row": row["row"],
        "draft": draft_of(row),
        "task": document,
    }


def _matches(
    entry: dict[str, Any],
    *,
    q: str | None,
    label: str | None,
    decision: Decision | None,
    flagged: bool | None,
) -> bool:
    if decision is not None and entry["decision"] != decision:
        return False
    if flagged is not None and entry["flagged"] != flagged:
        return False
    if label is not None and label not in labels_of(entry["task"]):
        return False
    return q is None or any(q.casefold() in text.casefold() for text in _strings(entry["task"]))


def _strings(value: Any) -> Iterator[str]:
    """Every string of a document, keys apart."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def labels_of(document: dict[str, Any]) -> set[str]:
    """Every label an answered document carries: of spans, accepted options and pages, and its own."""
    spans = document.get("spans")
    labels = (
        [span.get("label") for span in spans if isinstance(span, dict)] if isinstance(spans, list) else []
    )
    accepted = document.get("accept")
    labels += map(str, accepted) if isinstance(accepted, list) else []
    pages = document.get("pages")
    for page in pages if isinstance(pages, list) else []:
        labels += labels_of(page) if isinstance(page, dict) else []
    return {label for label in [*labels, document.get("label")] if isinstance(label, str)}
