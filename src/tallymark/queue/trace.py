"""The whole life of one record: where it came from, who held it, what was said of it, where it went."""

from typing import Any

from tallymark import jsontext
from tallymark.errors import InputError
from tallymark.queue.datasets import find_dataset
from tallymark.queue.lease import is_task_id, within_64_bits
from tallymark.store import Row, Statement, Transaction

FOUND = 50

_TASKS = Statement(
    "Tasks by id, 32-bit hash or row.",
    """
    SELECT t.*, d.text FROM task t JOIN document d ON d.id = t.document
     WHERE t.dataset = :dataset AND (t.id = :task OR t.input_hash = :hash OR t.task_hash = :hash
        OR t.id IN (SELECT r.task FROM task_row r JOIN source o ON o.id = r.source
                     WHERE o.dataset = :dataset AND r.ordinal = :row))
     ORDER BY t.id LIMIT :limit
    """,
)
_ROWS = Statement(
    "The rows a task came from.",
    "SELECT o.uri, o.version, r.ordinal, r.how FROM task_row r JOIN source o ON o.id = r.source"
    " WHERE r.task = :task ORDER BY o.uri, o.version, r.ordinal",
)
_FATES = Statement(
    "What became of a row of any source of a dataset.",
    "SELECT o.uri, o.version, f.fate, f.note FROM row_fate f JOIN source o ON o.id = f.source"
    " WHERE o.dataset = :dataset AND f.first <= :row AND f.last >= :row ORDER BY o.uri, o.version",
)
_ASSIGNMENTS = Statement(
    "Who had a task.",
    "SELECT s.name AS session, a.state, a.slot, a.standing, a.revision, a.leased_at, a.answered_at"
    " FROM assignment a JOIN session s ON s.id = a.session WHERE a.task = :task ORDER BY a.session",
)
_ANSWERS = Statement(
    "What was said of a task, in order.",
    "SELECT s.name AS session, n.op_id, n.revision, n.base, n.status, n.decision, n.changes, n.client_time,"
    " n.server_time, n.shown_at, n.active_ms, n.comment, n.reason, n.validated, n.form_state, n.run"
    " FROM answer n JOIN session s ON s.id = n.session WHERE n.task = :task ORDER BY n.id",
)
_DELIVERIES = Statement(
    "What the model was told of a task.",
    "SELECT s.name AS session, y.kind, y.run, y.delivered_at, y.unseen FROM delivery y"
    " JOIN session s ON s.id = y.session WHERE y.task = :task ORDER BY y.answer",
)


def trace(
    tx: Transaction,
    *,
    dataset: str,
    task_id: str | None = None,
    row: int | None = None,
    hash: int | None = None,
) -> dict[str, Any]:
    """The life of the tasks with this id, 32-bit hash or 1-based row, and the fate of the row.

    Errors: `NotKnown` for the dataset, `InputError` when nothing is asked for.
    """
    if task_id is None and row is None and hash is None:
        raise InputError("Say which record to trace: a task id, a row number or a hash.")
    found = find_dataset(tx, dataset)["id"]
    row, hash = (None if number is None else within_64_bits(number) for number in (row, hash))
    task = int(task_id) if task_id is not None and is_task_id(task_id) else None
    named = {"dataset": found, "task": task, "hash": hash, "row": row, "limit": FOUND}
    tasks = [_life(tx, record) for record in tx.all(_TASKS, named)]
    fates = [] if row is None else [_plain(fate) for fate in tx.all(_FATES, {"dataset": found, "row": row})]
    return {"tasks": tasks, "row_fates": fates}


def _life(tx: Transaction, task: Row) -> dict[str, Any]:
    named = {"task": task["id"]}
    answers = [_plain(row) for row in tx.all(_ANSWERS, named)]
    for answer in answers:
        answer["changes"] = jsontext.loads(answer["changes"]) if answer["changes"] else {}
    return {
        "task_id": str(task["id"]),
        "state": task["state"],
        "overlap": task["overlap"],
        "taken": task["taken"],
        "counted": task["counted"],
        "repeat": task["repeat"],
        "input_hash": task["input_hash"],
        "task_hash": task["task_hash"],
        "created_at": task["created_at"],
        "task": jsontext.loads(task["text"]),
        "rows": [_plain(row) for row in tx.all(_ROWS, named)],
        "assignments": [_plain(row) for row in tx.all(_ASSIGNMENTS, named)],
        "answers": answers,
        "deliveries": [_plain(row) for row in tx.all(_DELIVERIES, named)],
    }


def _plain(row: Row) -> dict[str, Any]:
    return {key: row[key] for key in row.keys()}  # noqa: SIM118
