"""What happened to one task, in order: its leases and the revisions of its answers."""

from typing import Any

from tallymark import jsontext
from tallymark.store import Row, Statement, Transaction
from tallymark.store.documents import apply
from tallymark.store.records import RECORD_COLUMNS, RECORD_TABLES, record
from tallymark.types import Task

_LEASES = Statement(
    "Every lease of a task: those that ended, and the last one of each assignment.",
    """
    SELECT session, leased_at, ended_at, how, NULL AS lease_until FROM (
        SELECT s.name AS session, p.leased_at, p.ended_at, p.how, p.id FROM past_lease p
          JOIN session s ON s.id = p.session WHERE p.task = :task) AS past
     UNION ALL
    SELECT s.name, a.leased_at, CASE WHEN a.state = 'leased' THEN NULL ELSE a.answered_at END,
           CASE WHEN a.state = 'leased' THEN 'held' ELSE 'answered' END,
           CASE WHEN a.state = 'leased' THEN s.last_call + d.lease_seconds END
      FROM assignment a JOIN session s ON s.id = a.session JOIN dataset d ON d.id = s.dataset
     WHERE a.task = :task AND a.leased_at IS NOT NULL
     ORDER BY 2, 1
    """,
)
_REVISIONS = Statement(
    "What was said of a task, in order.",
    f"""
    SELECT n.session AS seat, n.revision, n.base, n.beside, n.shown_at, n.active_ms, n.validated,
           n.form_state, n.run, a.revision AS current_revision, a.state, {RECORD_COLUMNS}
      FROM answer n {RECORD_TABLES} WHERE n.task = :task ORDER BY n.id
    """,  # noqa: S608
)
_TOLD = (
    "op_id",
    "revision",
    "base",
    "status",
    "decision",
    "client_time",
    "server_time",
    "shown_at",
    "active_ms",
    "comment",
    "reason",
    "validated",
    "form_state",
    "run",
)


def leases_of(tx: Transaction, task: int) -> list[dict[str, Any]]:
    """Every lease of a task, oldest first: when it began and ended, and how (held: it has not ended)."""
    return [
        {key: row[key] for key in ("session", "leased_at", "ended_at", "how", "lease_until")}
        for row in tx.all(_LEASES, {"task": task})
    ]


def revisions_of(tx: Transaction, task: int, document: Task) -> list[dict[str, Any]]:
    """Every revision of a task's answers, oldest first, with what it changed of the one it was based on."""
    said: dict[tuple[int, int], Task] = {}
    return [_revision(row, document, said) for row in tx.all(_REVISIONS, {"task": task})]


def _revision(row: Row, original: Task, said: dict[tuple[int, int], Task]) -> dict[str, Any]:
    changes = jsontext.loads(row["changes"]) if row["changes"] else {}
    document = dict(original)
    apply(document, changes)
    said[row["seat"], row["revision"]] = document
    current = row["revision"] == row["current_revision"] and not row["beside"]
    answered = current and row["state"] == "answered"
    return {
        "session": row["session_name"],
        **{key: row[key] for key in _TOLD},
        "changes": changes,
        "difference": difference_of(said.get((row["seat"], row["base"] or 0), original), document),
        "current": current,
        "conflict": bool(row["beside"]),
        "standing": row["standing"] if answered else None,
        "stored_form": None if row["form_text"] is None else jsontext.loads(row["form_text"]),
        "exported": record(row) if answered and row["standing"] == "counted" else None,
    }


def difference_of(before: Task, after: Task) -> list[dict[str, Any]]:
    """What changed between two documents, by top-level key.

    Each is `{"key", "added", "removed"}` of a list whose elements changed, else `{"key", "from", "to"}`; the
    side where the key is missing is left out.
    """
    keys = list(dict.fromkeys([*before, *after]))
    return [_change(key, before, after) for key in keys if _text(before, key) != _text(after, key)]


def _change(key: str, before: Task, after: Task) -> dict[str, Any]:
    old, new = before.get(key, []), after.get(key, [])
    if isinstance(old, list) and isinstance(new, list):
        added, removed = _only_in(new, old), _only_in(old, new)
        if added or removed:
            return {"key": key, "added": added, "removed": removed}
    change: dict[str, Any] = {"key": key}
    if key in before:
        change["from"] = before[key]
    if key in after:
        change["to"] = after[key]
    return change


def _only_in(some: list[Any], others: list[Any]) -> list[Any]:
    """The elements of one list that have no equal left in another."""
    left = [jsontext.dumps(other) for other in others]
    only = []
    for element in some:
        text = jsontext.dumps(element)
        if text in left:
            left.remove(text)
        else:
            only.append(element)
    return only


def _text(document: Task, key: str) -> str | None:
    return jsontext.dumps(document[key]) if key in document else None
