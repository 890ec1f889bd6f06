"""The whole life of one record: where it came from, who held it, what was said of it, where it went."""

import re
from typing import Any

from tallymark import jsontext
from tallymark.errors import InputError
from tallymark.hashing import (
    INPUT_HASH_KEY,
    INPUT_HASH_KEYS,
    TASK_HASH_KEY,
    TASK_HASH_KEYS,
    identities,
    set_hashes,
    without_private,
)
from tallymark.queue.datasets import find_dataset
from tallymark.queue.lives import leases_of, revisions_of
from tallymark.queue.numbers import is_task_id, within_64_bits
from tallymark.queue.pushing import followed_by
from tallymark.store import Row, Statement, Transaction

FOUND = 50

# `t.dataset + 0` keeps SQLite from walking through an index of the dataset's inputs: it reads tasks in order.
_ALL = "SELECT t.*, d.text FROM task t JOIN document d ON d.id = t.document WHERE "
_FOUND = f"{_ALL}t.dataset + 0 = :dataset AND "
_IN_ORDER = f" ORDER BY t.id LIMIT {FOUND}"
_BY_ID = Statement("A task by its id.", f"{_FOUND}t.id = :task")
_BY_HASH = Statement(
    "Tasks by either 32-bit hash.", f"{_FOUND}(t.input_hash = :hash OR t.task_hash = :hash){_IN_ORDER}"
)
_BY_IDENTITY = Statement(
    "Tasks by either identity.",
    f"{_FOUND}(t.input_identity = :identity OR t.identity = :identity){_IN_ORDER}",
)
_BY_INPUT = Statement(
    "Tasks about one input, along the index.",
    f"{_ALL}t.dataset = :dataset AND t.input_identity = :identity{_IN_ORDER}",
)
_BY_ROW = Statement(
    "Tasks that came from a row of this number, of the sources whose name ends so.",
    f"""
    {_FOUND} t.id IN (
        SELECT r.task FROM source o JOIN task_row r ON r.source = o.id AND r.ordinal = :row
         WHERE o.dataset = :dataset AND (o.uri = :uri OR o.uri LIKE :ending OR :uri IS NULL)){_IN_ORDER}
    """,  # noqa: S608
)
_BY_SCAN = Statement(
    "Tasks whose document holds a text, by reading every document.",
    f"{_FOUND}d.text LIKE :pattern ESCAPE '!'{_IN_ORDER}",
)
_SAME_INPUT = Statement(
    "Other tasks of a dataset about the same input.",
    "SELECT id FROM task WHERE dataset = :dataset AND input_identity = :identity AND id <> :task"
    " ORDER BY id LIMIT 50",
)
_ROWS = Statement(
    "The rows a task came from.",
    "SELECT o.uri, o.version, r.ordinal, r.how, r.source, f.fate, f.note FROM task_row r"
    " JOIN source o ON o.id = r.source LEFT JOIN row_fate f ON f.source = r.source AND f.first ="
    " (SELECT max(g.first) FROM row_fate g WHERE g.source = r.source AND g.first <= r.ordinal)"
    " WHERE r.task = :task ORDER BY o.uri, o.version, r.ordinal",
)
_DUPLICATES = Statement(
    "Rows that were duplicates of a row, of its own source or of another one.",
    f"""
    SELECT o.uri, o.version, f.first, f.last FROM row_fate f JOIN source o ON o.id = f.source
     WHERE o.dataset = :dataset AND f.fate = 'duplicate'
       AND ((f.source = :source AND f.note = :own) OR f.note = :other)
     ORDER BY o.uri, o.version, f.first LIMIT {FOUND}
    """,  # noqa: S608
)
_FATES = Statement(
    "What became of a row of any source of a dataset.",
    "SELECT o.id AS source, o.uri, o.version, f.fate, f.note FROM source o"
    " JOIN row_fate f ON f.source = o.id AND f.first ="
    " (SELECT max(g.first) FROM row_fate g WHERE g.source = o.id AND g.first <= :row)"
    " WHERE o.dataset = :dataset AND f.last >= :row"
    " AND (o.uri = :uri OR o.uri LIKE :ending OR :uri IS NULL) ORDER BY o.uri, o.version",
)
_UNREAD = Statement(
    "Sources in which this row was not read yet, or has no fate yet.",
    "SELECT o.uri, o.version, o.rows_read >= :row AS was_read FROM source o"
    " WHERE o.dataset = :dataset AND (o.known_rows IS NULL OR o.known_rows >= :row) AND :row >= 1"
    " AND (o.uri = :uri OR o.uri LIKE :ending OR :uri IS NULL) AND NOT EXISTS"
    " (SELECT 1 FROM row_fate f WHERE f.source = o.id AND f.first <= :row AND f.last >= :row)"
    " AND NOT EXISTS (SELECT 1 FROM source p WHERE p.dataset = o.dataset AND p.uri = o.uri"
    " AND p.version > o.version) ORDER BY o.uri",
)
_ROW_TASKS = Statement(
    "The tasks of a row.", "SELECT task FROM task_row WHERE source = :source AND ordinal = :row ORDER BY task"
)
_ASSIGNMENTS = Statement(
    "Who had a task.",
    "SELECT s.name AS session, a.state, a.slot, a.standing, a.revision, a.leased_at, a.answered_at"
    " FROM assignment a JOIN session s ON s.id = a.session WHERE a.task = :task ORDER BY a.session",
)
_DRAFTS = Statement(
    "Half-done work on a task.",
    "SELECT s.name AS session, f.base, f.changes, f.decision, f.comment, f.message, f.saved_at FROM draft f"
    " JOIN session s ON s.id = f.session WHERE f.task = :task ORDER BY f.saved_at, f.session",
)
_DELIVERIES = Statement(
    "What the model was told of a task.",
    "SELECT s.name AS session, y.kind, y.run, y.handed_at, y.delivered_at, y.unseen FROM delivery y"
    " JOIN session s ON s.id = y.session WHERE y.task = :task ORDER BY y.answer",
)
_EVENTS = Statement(
    "What operators did with a task, and which questions led to it or followed from it.",
    "SELECT at, kind, detail FROM event WHERE task = :task ORDER BY id",
)
_OF_ROW = re.compile(r"of row (\d+)(?: of source (\d+))?$")


def trace(
    tx: Transaction,
    *,
    dataset: str,
    task_id: str | None = None,
    row: int | None = None,
    source: str | None = None,
    hash: int | str | None = None,
    text: str | None = None,
) -> dict[str, Any]:
    """The life of the tasks with this id, row, hash or text, and the fate of the row.

    `row` is 1-based and counts in every source, or in those whose name is or ends with `source`; `hash` is
    a 32-bit hash or, as 32 hexadecimal digits, an identity; `text` is the whole text of an input, else a
    part of a document. `note` says how a text was found. Errors: `NotKnown` for the dataset, `InputError`
    when nothing is asked for.
    """
    if sum(given is not None for given in (task_id, row, hash, text)) != 1 or text == "":
        raise InputError("Say which record to trace: a task id, a row number, a hash or a text, one of them.")
    found = find_dataset(tx, dataset)
    row = None if row is None else within_64_bits(row)
    named = {"dataset": found["id"], "row": row, "uri": source}
    named["ending"] = None if source is None else f"%/{source}"
    tasks: dict[int, Row] = {}
    if task_id is not None and is_task_id(task_id):
        _collect(tasks, tx.all(_BY_ID, {"dataset": found["id"], "task": int(task_id)}))
    if hash is not None:
        _collect(tasks, _by_hash(tx, found["id"], hash))
    if row is not None:
        _collect(tasks, tx.all(_BY_ROW, named))
    fates = [] if row is None else _fates(tx, named)
    for fate in fates:
        _collect(tasks, _original(tx, found["id"], fate))
    found_by_text, note = ([], None) if text is None else _by_text(tx, found["id"], text)
    _collect(tasks, found_by_text)
    lives = [_life(tx, found, tasks[task]) for task in sorted(tasks)[:FOUND]]
    return {"tasks": lives, "row_fates": fates, "note": note}


def tasks_of_text(tx: Transaction, *, dataset: str, text: str) -> list[str]:
    """The tasks whose input is exactly this text."""
    named = {"dataset": find_dataset(tx, dataset)["id"], "identity": identities({"text": text}).input}
    return [str(row["id"]) for row in tx.all(_BY_INPUT, named)]


def _collect(tasks: dict[int, Row], rows: list[Row]) -> None:
    tasks.update({row["id"]: row for row in rows})


def _by_hash(tx: Transaction, dataset: int, hash: int | str) -> list[Row]:
    """Tasks by a 32-bit hash, as a number or as text, or by an identity in hexadecimal."""
    if isinstance(hash, str) and re.fullmatch(r"[0-9a-fA-F]{32}", hash):
        return tx.all(_BY_IDENTITY, {"dataset": dataset, "identity": bytes.fromhex(hash)})
    try:
        number = within_64_bits(int(hash))
    except ValueError as error:
        raise InputError(
            f"{hash!r} is no hash: write an _input_hash or _task_hash (an integer) or 32 hexadecimal digits."
        ) from error
    return tx.all(_BY_HASH, {"dataset": dataset, "hash": number})


def _by_text(tx: Transaction, dataset: int, text: str) -> tuple[list[Row], str]:
    """Tasks of exactly this input; where there is none, those whose document holds the text."""
    identity = identities({"text": text}).input
    exact = tx.all(_BY_INPUT, {"dataset": dataset, "identity": identity})
    if exact:
        return exact, "Found as an input of exactly this text."
    written = jsontext.dumps(text)[1:-1]
    pattern = "%" + re.sub(r"([!%_])", r"!\1", written) + "%"
    return tx.all(_BY_SCAN, {"dataset": dataset, "pattern": pattern}), (
        "No input is exactly this text; every document was searched for it."
    )


def _fates(tx: Transaction, named: dict[str, Any]) -> list[dict[str, Any]]:
    """What became of the row in each source, what it is a duplicate of, and where it is yet to be read."""
    fates = [_fate(row) for row in tx.all(_FATES, named)]
    for row in tx.all(_UNREAD, named):
        fate = "pending" if row["was_read"] else "not read yet"
        fates.append({"uri": row["uri"], "version": row["version"], "fate": fate, "note": None, "of": None})
    return fates


def _fate(row: Row) -> dict[str, Any]:
    found = _OF_ROW.match(row["note"] or "") if row["fate"] == "duplicate" else None
    of = None
    if found is not None:
        of = {"source": int(found.group(2) or row["source"]), "row": int(found.group(1))}
    return {"uri": row["uri"], "version": row["version"], "fate": row["fate"], "note": row["note"], "of": of}


def _original(tx: Transaction, dataset: int, fate: dict[str, Any]) -> list[Row]:
    """The tasks that a duplicate row is a duplicate of."""
    if fate["of"] is None:
        return []
    ids = [row["task"] for row in tx.all(_ROW_TASKS, fate["of"])]
    return [row for task in ids for row in tx.all(_BY_ID, {"dataset": dataset, "task": task})]


def _life(tx: Transaction, dataset: Row, task: Row) -> dict[str, Any]:
    named = {"task": task["id"]}
    document = jsontext.loads(task["text"])
    same = {"dataset": dataset["id"], "identity": task["input_identity"], "task": task["id"]}
    events = [_plain(row) for row in tx.all(_EVENTS, named)]
    pushed = [event["detail"] for event in events if event["kind"] == "pushed"]
    return {
        "task_id": str(task["id"]),
        "state": task["state"],
        "overlap": task["overlap"],
        "taken": task["taken"],
        "counted": task["counted"],
        "repeat": task["repeat"],
        "rank": task["rank"],
        "input_hash": task["input_hash"],
        "task_hash": task["task_hash"],
        "input_identity": task["input_identity"].hex(),
        "identity": task["identity"].hex(),
        "exclude_by": dataset["exclude_by"],
        "made_of": _made_of(task, document),
        "created_at": task["created_at"],
        "task": document,
        "rows": _rows(tx, dataset["id"], task["id"]),
        "same_input": [str(row["id"]) for row in tx.all(_SAME_INPUT, same)],
        "pushed": bool(pushed),
        "follows": followed_by(pushed[0]) if pushed else None,
        "led_to": [
            event["detail"] for event in events if event["kind"] == "led_to" and event["detail"].isdigit()
        ],
        "assignments": [_plain(row) for row in tx.all(_ASSIGNMENTS, named)],
        "leases": leases_of(tx, task["id"]),
        "drafts": [_draft(row) for row in tx.all(_DRAFTS, named)],
        "answers": revisions_of(tx, task["id"], document),
        "deliveries": [_plain(row) for row in tx.all(_DELIVERIES, named)],
        "events": [event for event in events if event["kind"] not in ("pushed", "led_to")],
    }


def _made_of(task: Row, document: dict[str, Any]) -> dict[str, list[str] | None]:
    """The keys of the document that its hashes are made of; None where they came with the row.

    An empty list says that none of the usual keys is there, and the whole document was taken.
    """
    plain = {
        key: value
        for key, value in without_private(document).items()
        if not key.endswith("_hash") or key[0] != "_"
    }
    made = set_hashes(dict(plain))
    input_keys = [key for key in INPUT_HASH_KEYS if key in plain]
    task_keys = [key for key in TASK_HASH_KEYS if key in plain]
    return {
        "input_hash": input_keys if made[INPUT_HASH_KEY] == task["input_hash"] else None,
        "task_hash": task_keys if made[TASK_HASH_KEY] == task["task_hash"] else None,
    }


def _rows(tx: Transaction, dataset: int, task: int) -> list[dict[str, Any]]:
    """The rows a task came from, each with the rows that were duplicates of it."""
    rows = []
    for row in tx.all(_ROWS, {"task": task}):
        own = f"of row {row['ordinal']}"
        named = {"dataset": dataset, "source": row["source"], "own": own}
        named["other"] = f"{own} of source {row['source']}"
        found = {key: row[key] for key in ("uri", "version", "ordinal", "how", "fate", "note")}
        rows.append({**found, "duplicates": [_plain(each) for each in tx.all(_DUPLICATES, named)]})
    return rows


def _draft(row: Row) -> dict[str, Any]:
    return {**_plain(row), "changes": jsontext.loads(row["changes"]) if row["changes"] else {}}


def _plain(row: Row) -> dict[str, Any]:
    return {key: row[key] for key in row.keys()}  # noqa: SIM118
