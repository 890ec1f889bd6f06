"""What the host's callbacks are given: settled answers, answers to transform, answers to validate."""

from collections.abc import Mapping, Sequence
from typing import Any

from tallymark import jsontext
from tallymark.queue.answers import send_back
from tallymark.queue.runs import fenced, note
from tallymark.store import Row, Statement, Transaction, json_ids
from tallymark.store.records import RECORD_COLUMNS, RECORD_TABLES, record

UNDO_WINDOW = 10
SETTLE_SECONDS = 60.0

_DUE = Statement(
    "Deliveries that are due and settled, in the order of the answers.",
    f"""
    SELECT y.kind, y.answer, y.task, {RECORD_COLUMNS}
      FROM delivery y JOIN answer n ON n.id = y.answer {RECORD_TABLES}
     WHERE y.dataset = :dataset AND y.delivered_at IS NULL AND (y.run IS NULL OR y.run <> :run)
       AND (:at_once = 1 OR s.idle = 1 OR n.server_time <= :settled
            OR s.position - y.position >= :undo_window)
     ORDER BY y.answer LIMIT :limit
    """,  # noqa: S608
)
_HANDED = Statement(
    "These are on their way to the model; what is said of them from now on comes after.",
    "UPDATE delivery SET handed_at = :now WHERE answer IN {ids}",
)
_DELIVERED = Statement(
    "The host has given these to the model.",
    "UPDATE delivery SET delivered_at = :now, run = :run, unseen = :unseen WHERE delivered_at IS NULL"
    " AND answer IN (SELECT id FROM answer WHERE op_id IN {texts:op_ids})",
)
_UNDELIVERED = Statement(
    "Deliveries that the host could not make.",
    "SELECT answer, task, session, kind FROM delivery WHERE delivered_at IS NULL"
    " AND answer IN (SELECT id FROM answer WHERE op_id IN {texts:op_ids}) ORDER BY answer",
)
_OVERTAKEN_BY = Statement(
    "What became due for the same answer meanwhile.",
    "SELECT answer, kind FROM delivery WHERE task = :task AND session = :session AND answer > :answer"
    " AND handed_at IS NULL",
)
_AGAIN = Statement(
    "A delivery is due again, though not in this run.",
    "UPDATE delivery SET handed_at = NULL, run = :run WHERE answer = :answer",
)
_FORGET = Statement("Nothing is due for an answer any more.", "DELETE FROM delivery WHERE answer = :answer")
_KIND = Statement(
    "What is due is of another kind.", "UPDATE delivery SET kind = :kind WHERE answer = :answer"
)
_FORMS_DUE = Statement(
    "Answers that before_db has not seen.",
    f"""
    SELECT {RECORD_COLUMNS} FROM answer n {RECORD_TABLES}
     WHERE n.dataset = :dataset AND n.form_state = 'due' ORDER BY n.id LIMIT :limit
    """,  # noqa: S608
)
_NEW_DOCUMENT = Statement("Keep a document.", "INSERT INTO document (id, text) VALUES (:id, :text)")
_FORM = Statement(
    "An answer has its second form, or has none.",
    "UPDATE answer SET stored_form = :document, form_state = :state"
    " WHERE op_id = :op_id AND dataset = :dataset",
)
_UNVALIDATED = Statement(
    "Answers that were stored while nobody could validate them.",
    f"""
    SELECT {RECORD_COLUMNS} FROM answer n {RECORD_TABLES}
     WHERE n.dataset = :dataset AND n.validated = 'unvalidated' ORDER BY n.id LIMIT :limit
    """,  # noqa: S608
)
_VALIDATED = Statement(
    "The recipe has looked at an answer.",
    "UPDATE answer SET validated = :verdict WHERE op_id = :op_id AND dataset = :dataset",
)
_RUN_PROGRESS = Statement("The recipe's own progress.", "UPDATE run SET progress = :value WHERE id = :run")
_PROGRESS = Statement(
    "The recipe's own progress for a seat.",
    "UPDATE session SET progress = :value WHERE dataset = :dataset AND name = :name",
)


def due(
    tx: Transaction,
    *,
    run: int,
    generation: int,
    limit: int = 100,
    stopping: bool = False,
    undo_window: int = UNDO_WINDOW,
    settle_seconds: float = SETTLE_SECONDS,
    at_once: bool = False,
) -> list[dict[str, Any]]:
    """Settled answers the model has not been told, oldest first; what this run failed at is for the next one.

    Each is `{"op_id", "kind", "session", "task_id", "task"}`. `at_once` gives every answer as soon as it is
    stored (`update_on="submit"`). Errors: `Fenced`.
    """
    current = fenced(tx, run, generation)
    rows = tx.all(
        _DUE,
        {
            "dataset": current["dataset"],
            "run": run,
            "at_once": int(stopping or at_once),
            "settled": tx.now - settle_seconds,
            "undo_window": undo_window,
            "limit": limit,
        },
    )
    tx.run(_HANDED, {"now": tx.now, "ids": json_ids(row["answer"] for row in rows)})
    return [
        {
            "op_id": row["op_id"],
            "kind": row["kind"],
            "session": row["session_name"],
            "task_id": row["task"],
            "task": record(row, raw=True),
        }
        for row in rows
    ]


def delivered(
    tx: Transaction,
    *,
    run: int,
    generation: int,
    op_ids: Sequence[str],
    unseen: Sequence[str] = (),
    failed: Sequence[str] = (),
) -> dict[str, Any]:
    """The model was told these; `unseen` ones it has no way to be told, at `failed` ones it failed.

    What failed is due again in the next run. Errors: `Fenced`.
    """
    fenced(tx, run, generation)
    for names, flag in ((op_ids, 0), (unseen, 1)):
        if names:
            tx.run(
                _DELIVERED, {"now": tx.now, "run": run, "unseen": flag, "op_ids": jsontext.dumps(list(names))}
            )
    if failed:
        for row in tx.all(_UNDELIVERED, {"op_ids": jsontext.dumps(list(failed))}):
            _again(tx, run, row)
    return {}


def _again(tx: Transaction, run: int, row: Row) -> None:
    """A delivery that failed is due in the next run, or what has overtaken it is in its place."""
    newer = tx.one(_OVERTAKEN_BY, {"task": row["task"], "session": row["session"], "answer": row["answer"]})
    if newer is None:
        tx.run(_AGAIN, {"run": run, "answer": row["answer"]})
        return
    tx.run(_FORGET, {"answer": row["answer"]})
    told, wanted = row["kind"] != "update", newer["kind"] != "remove"
    if not told and not wanted:
        tx.run(_FORGET, {"answer": newer["answer"]})
    elif wanted:
        tx.run(_KIND, {"kind": "replace" if told else "update", "answer": newer["answer"]})


def forms_due(tx: Transaction, *, run: int, generation: int, limit: int = 100) -> list[dict[str, Any]]:
    """Answers for `before_db`, oldest first, as `{"op_id", "task"}`. Errors: `Fenced`."""
    current = fenced(tx, run, generation)
    rows = tx.all(_FORMS_DUE, {"dataset": current["dataset"], "limit": limit})
    return [{"op_id": row["op_id"], "task": record(row, raw=True)} for row in rows]


def store_forms(
    tx: Transaction,
    *,
    run: int,
    generation: int,
    forms: Mapping[str, Any],
    failed: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Keep what `before_db` made of answers; where it failed the raw answer stays and the reason is noted."""
    current = fenced(tx, run, generation)
    ids = tx.new_ids("document", len(forms))
    dataset = current["dataset"]
    texts = [jsontext.dumps(form) for form in forms.values()]
    tx.many(_NEW_DOCUMENT, [{"id": n, "text": text} for n, text in zip(ids, texts, strict=True)])
    made = [
        {"op_id": op_id, "document": n, "state": "made", "dataset": dataset}
        for n, op_id in zip(ids, forms, strict=True)
    ]
    tx.many(_FORM, made)
    for op_id, message in (failed or {}).items():
        tx.run(_FORM, {"op_id": op_id, "document": None, "state": "failed", "dataset": dataset})
        note(tx, dataset, "before_db_failed", f"{op_id}: {message}")
    return {}


def unvalidated(tx: Transaction, *, run: int, generation: int, limit: int = 100) -> list[dict[str, Any]]:
    """Answers stored while the host was away, as `{"op_id", "task"}`. Errors: `Fenced`."""
    current = fenced(tx, run, generation)
    rows = tx.all(_UNVALIDATED, {"dataset": current["dataset"], "limit": limit})
    return [{"op_id": row["op_id"], "task": record(row, raw=True)} for row in rows]


def validated(
    tx: Transaction,
    *,
    run: int,
    generation: int,
    valid: Sequence[str] = (),
    failed: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The recipe looked at late ones; what failed goes back to its author. Errors: `Fenced`."""
    dataset = fenced(tx, run, generation)["dataset"]
    for op_id in valid:
        tx.run(_VALIDATED, {"op_id": op_id, "verdict": "valid", "dataset": dataset})
    for op_id, message in (failed or {}).items():
        tx.run(_VALIDATED, {"op_id": op_id, "verdict": "failed", "dataset": dataset})
        send_back(tx, dataset=dataset, op_id=op_id, message=message)
    return {}


def set_progress(
    tx: Transaction, *, run: int, generation: int, values: Mapping[str, float]
) -> dict[str, Any]:
    """The recipe's own progress (0..1) by session name; the empty name is the whole dataset's."""
    dataset = fenced(tx, run, generation)["dataset"]
    for name, value in values.items():
        if name:
            tx.run(_PROGRESS, {"value": value, "name": name, "dataset": dataset})
        else:
            tx.run(_RUN_PROGRESS, {"value": value, "run": run})
    return {}
