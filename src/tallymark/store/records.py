"""The exported form of an answer: the task's document with what was answered and who did."""

from typing import Any

from tallymark import jsontext
from tallymark.store.documents import merged
from tallymark.store.transaction import Row
from tallymark.types import Task

RECORD_COLUMNS = """
    n.op_id, n.status, n.decision, n.changes, n.client_time, n.server_time, n.comment, n.reason,
    a.standing, s.name AS session_name, d.name AS dataset_name, u.view_id, o.text, f.text AS form_text
"""
RECORD_TABLES = """
    JOIN assignment a ON a.task = n.task AND a.session = n.session
    JOIN session s ON s.id = n.session JOIN dataset d ON d.id = n.dataset
    JOIN task t ON t.id = n.task JOIN document o ON o.id = t.document
    LEFT JOIN document f ON f.id = n.stored_form LEFT JOIN run u ON u.id = n.run
"""


def record(row: Row, *, raw: bool = False) -> Task:
    """An answer as it is exported, from a row of `RECORD_COLUMNS`.

    The second form of an answer (what `before_db` made of it, or the row it was imported from) is the
    whole record; `raw` asks for what the annotator gave instead.
    """
    if row["form_text"] is not None and not raw:
        document: Task = jsontext.loads(row["form_text"])
        return document
    document = merged(row["text"], row["changes"])
    if row["view_id"] is not None:
        document["_view_id"] = row["view_id"]
    document["answer"] = row["decision"]
    document["_timestamp"] = int(row["client_time"] or row["server_time"])
    session = session_id(row["dataset_name"], row["session_name"])
    document["_annotator_id"] = session
    document["_session_id"] = session
    for key in ("comment", "reason"):
        if row[key]:
            document[f"_{key}"] = row[key]
    return document


def revision_record(row: Row) -> Task:
    """One revision of an answer with its place in the history, from a row of `RECORD_COLUMNS` and more."""
    document = record(row, raw=True)
    current = row["revision"] == row["current_revision"] and not row["beside"]
    document["_op_id"] = row["op_id"]
    document["_revision"] = row["revision"]
    document["_base"] = row["base"]
    document["_status"] = row["status"]
    document["_current"] = current
    document["_standing"] = row["standing"] if current else None
    document["_annotator_kind"] = row["annotator_kind"]
    document["_stored_at"] = row["server_time"]
    for key in ("shown_at", "active_ms"):
        if row[key] is not None:
            document[f"_{key}"] = row[key]
    return document


def session_id(dataset: str, name: str) -> str | None:
    """`<dataset>-<session>`, or None for imported answers without a session."""
    return f"{dataset}-{name}" if name else None


def without_answer(document: Task) -> dict[str, Any]:
    """A record as a task to be asked again: what the answer added under reserved keys is left out."""
    kept = ("_input_hash", "_task_hash")
    return {
        key: value
        for key, value in document.items()
        if key in kept or (key not in ("answer", "flagged") and not key.startswith("_"))
    }
