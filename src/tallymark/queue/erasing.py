"""Erase what the law demands: a record with everything said about it, or a person's name and half-done work.

Rows and counters stay, so that the books still balance; what they said is replaced by a tombstone. The
identities of an erased record stay as well: they are digests, and keep it from being queued again.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from tallymark import jsontext
from tallymark.errors import InputError, NotKnown
from tallymark.hashing import INPUT_HASH_KEYS
from tallymark.queue.datasets import find_dataset
from tallymark.queue.operate import end_leases
from tallymark.queue.runs import note
from tallymark.queue.seats import erased_token
from tallymark.queue.tasks import Tasks
from tallymark.store import Row, Statement, Transaction, json_ids

TOMBSTONE = '{"_erased":true}'
MARK = "(erased)"
SHORTEST = 4
"""Texts of a record that are shorter are not looked for in messages."""

_SECURE = Statement(
    "What is deleted from here on is overwritten; PostgreSQL does so when it cleans up (VACUUM).",
    "PRAGMA secure_delete = ON",
    postgresql="SELECT 1",
)
_INPUTS = Statement(
    "The inputs of some tasks of a dataset.",
    "SELECT DISTINCT input_identity FROM task WHERE dataset = :dataset AND id IN {ids}",
)
_SAME = Statement(
    "Every task about these inputs, in any dataset.",
    "SELECT t.id, t.dataset, t.document, d.text FROM dataset s JOIN task t ON t.dataset = s.id"
    " AND t.input_identity IN {keys} JOIN document d ON d.id = t.document ORDER BY t.dataset, t.id",
)
_DOCUMENTS = Statement(
    "The documents of tasks and of the second forms of their answers become tombstones.",
    "UPDATE document SET text = :tombstone WHERE id IN (SELECT document FROM task WHERE id IN {ids})"
    " OR id IN (SELECT stored_form FROM answer WHERE task IN {ids} AND stored_form IS NOT NULL)",
)
_ANSWERS = Statement(
    "Answers lose what they said; that they were given stays.",
    "UPDATE answer SET changes = NULL, comment = NULL, reason = NULL, fingerprint = NULL,"
    " form_state = CASE WHEN stored_form IS NULL THEN NULL ELSE form_state END, validated = NULL"
    " WHERE task IN {ids}",
)
_ASIDE = Statement(
    "Answers of erased tasks count no longer.",
    "UPDATE assignment SET set_aside = 1, standing = 'withdrawn' WHERE state = 'answered' AND task IN {ids}",
)
_COUNTED = Statement(
    "How many counted answers tasks have.",
    "SELECT task, count(*) AS n FROM assignment WHERE standing = 'counted' AND task IN {ids} GROUP BY task",
)
_GONE = tuple(
    Statement(f"Nothing is left of {table}.", f"DELETE FROM {table} WHERE {where}")  # noqa: S608
    for table, where in (
        ("draft", "task IN {ids}"),
        ("delivery", "delivered_at IS NULL AND task IN {ids}"),
    )
)
_OPS = Statement("The operations on some tasks.", "SELECT op_id FROM answer WHERE task IN {ids}")
_QUARANTINED = Statement(
    "What is in quarantine.", "SELECT id, task_id, body, reason FROM quarantine ORDER BY id"
)
_QUARANTINE = Statement(
    "An operation in quarantine loses what it said.",
    "UPDATE quarantine SET body = :tombstone, reason = :mark WHERE id = :id",
)
_MESSAGES = tuple(
    (
        Statement(f"Messages that may quote a record: {table}.{column}.", look),
        Statement(
            f"A message is replaced: {table}.{column}.",
            f"UPDATE {table} SET {column} = :new WHERE {where}",  # noqa: S608
        ),
    )
    for table, column, look, where in (
        (
            "event",
            "detail",
            "SELECT id, NULL AS key, detail AS said FROM event WHERE detail IS NOT NULL",
            "id = :id",
        ),
        (
            "run",
            "error",
            "SELECT id, NULL AS key, error AS said FROM run WHERE error IS NOT NULL",
            "id = :id",
        ),
        (
            "run",
            "stream_detail",
            "SELECT id, NULL AS key, stream_detail AS said FROM run WHERE stream_detail IS NOT NULL",
            "id = :id",
        ),
        (
            "row_fate",
            "note",
            "SELECT source AS id, first AS key, note AS said FROM row_fate"
            " WHERE note IS NOT NULL AND fate IN ('invalid', 'passed')",
            "source = :id AND first = :key",
        ),
    )
)
_PERSON = Statement("Annotators of a name.", "SELECT id, name FROM annotator WHERE name = :name ORDER BY id")
_SEATS = Statement(
    "The seats of an annotator.",
    "SELECT s.id, s.token, d.name AS dataset FROM session s JOIN dataset d ON d.id = s.dataset"
    " WHERE s.annotator = :annotator ORDER BY s.id",
)
_NEW_NAME = Statement(
    "An annotator is nobody any more.", "UPDATE annotator SET name = :new, tags = NULL WHERE id = :annotator"
)
_NEW_SEAT = Statement(
    "A seat is nobody's any more; pages that are open there are told, and do not get in again.",
    "UPDATE session SET name = :new, token = :token WHERE id = :session",
)
_WORDS = Statement(
    "What somebody wrote beside their answers.",
    "UPDATE answer SET comment = NULL, reason = NULL WHERE session = :session",
)
_HALF_DONE = Statement("Half-done work of a seat.", "DELETE FROM draft WHERE session = :session")
_CLIENTS = Statement("The browsers of a seat.", "DELETE FROM client WHERE session = :session")
_OF_SEAT = Statement(
    "What a seat has in quarantine.", "SELECT id FROM quarantine WHERE session = :session ORDER BY id"
)
_NAMED = Statement(
    "Documents that name a session.",
    "SELECT id, text FROM document WHERE text LIKE :pattern ESCAPE '!' ORDER BY id",
)
_DOCUMENT = Statement("A document is rewritten.", "UPDATE document SET text = :text WHERE id = :id")
_ACCOUNT = Statement(
    "Nobody logs in under an account any more, and it names nobody.",
    "UPDATE account SET name = :new, password_hash = NULL, epoch = epoch + 1,"
    " disabled_at = coalesce(disabled_at, CAST(:now AS REAL)) WHERE name = :name",
)
_AUDIENCES = Statement(
    "Whom routers named.", "SELECT id, people, key FROM audience WHERE people IS NOT NULL ORDER BY id"
)
_AUDIENCE = Statement(
    "Whom a router named is nobody any more.",
    "UPDATE audience SET people = :people, key = :key WHERE id = :id",
)
_RUNS = Statement("What runs were started with.", "SELECT id, command, config FROM run ORDER BY id")
_RUN = Statement(
    "What a run was started with is rewritten.",
    "UPDATE run SET command = :command, config = :config WHERE id = :id",
)


def erase_record(tx: Transaction, *, dataset: str, task_ids: list[str]) -> dict[str, Any]:
    """Erase the inputs of these tasks from every dataset, with all that was said about them, for good.

    The tasks are withdrawn, their answers count no longer. Returns `{"tasks", "datasets"}`: how many tasks
    were erased, and where. Errors: `NotKnown` when the dataset has no such task.
    """
    found = find_dataset(tx, dataset)["id"]
    ids = [int(task) for task in task_ids if task.isascii() and task.isdigit()]
    inputs = tx.all(_INPUTS, {"dataset": found, "ids": json_ids(ids)}) if ids else []
    if not inputs:
        raise NotKnown(f"Dataset {dataset!r} has no task {', '.join(task_ids)}.")
    tx.run(_SECURE)
    rows = tx.by_keys(_SAME, [row["input_identity"] for row in inputs])
    rows = list({row["id"]: row for row in rows}.values())
    datasets = sorted({row["dataset"] for row in rows})
    every = {"ids": json_ids(row["id"] for row in rows)}
    operations = {row["op_id"] for row in tx.all(_OPS, every)}
    for each in datasets:
        _erase_tasks(tx, each, [row for row in rows if row["dataset"] == each])
    documents = [jsontext.loads(row["text"]) for row in rows]
    _erase_messages(tx, operations | _quotable(map(_own, documents)))
    _erase_quarantined(tx, operations | _quotable(map(_input, documents)))
    for each in datasets:
        note(tx, each, "erased", f"{sum(row['dataset'] == each for row in rows)} tasks")
    tx.scrubs = True
    return {"tasks": len(rows), "datasets": len(datasets)}


def erase_person(tx: Transaction, *, name: str) -> dict[str, Any]:
    """Erase a person's name, comments and half-done work from the whole database, for good.

    The answers stay and are nobody's: their session becomes `erased-…`. Returns `{"name": the new one,
    "sessions": how many seats}`. Errors: `NotKnown`, `InputError` for the empty name.
    """
    if not name:
        raise InputError("The session without a name is nobody; there is nobody to erase.")
    people = tx.all(_PERSON, {"name": name})
    if not people:
        raise NotKnown(f"There is no annotator {name!r}.")
    tx.run(_SECURE)
    new = f"erased-{people[0]['id']}"
    names = {name: new}
    sessions = 0
    for person in people:
        tx.run(_NEW_NAME, {"new": new, "annotator": person["id"]})
        for seat in tx.all(_SEATS, {"annotator": person["id"]}):
            _erase_seat(tx, seat, new)
            names[f"{seat['dataset']}-{name}"] = f"{seat['dataset']}-{new}"
            sessions += 1
    for exported, other in names.items():
        if exported != name:
            _rewrite_documents(tx, exported, other)
    tx.run(_ACCOUNT, {"name": name, "new": new, "now": tx.now})
    _rewrite_audiences(tx, {name: new})
    _rewrite_runs(tx, names)
    _replace_in_messages(tx, re.compile(rf"(?<!\w){re.escape(name)}(?!\w)"), new)
    note(tx, None, "person_erased", new)
    tx.scrubs = True
    return {"name": new, "sessions": sessions}


def _erase_tasks(tx: Transaction, dataset: int, rows: list[Row]) -> None:
    """The tasks are withdrawn and say nothing any more; their answers are set aside."""
    ids = [row["id"] for row in rows]
    named = {"ids": json_ids(ids)}
    tasks = Tasks.locked(tx, dataset, ids)
    end_leases(tx, tasks)
    for row in tx.all(_COUNTED, named):
        tasks.move(row["task"], taken=-row["n"], counted=-row["n"])
    tx.run(_ASIDE, named)
    for task in ids:
        tasks.set_state(task, "withdrawn")
    tasks.settle()
    for statement in _GONE:
        tx.run(statement, named)
    tx.run(_DOCUMENTS, {**named, "tombstone": TOMBSTONE})
    tx.run(_ANSWERS, named)
    wanted = {str(task) for task in ids}
    for row in tx.all(_QUARANTINED):
        if row["task_id"] in wanted:
            tx.run(_QUARANTINE, {"id": row["id"], "tombstone": TOMBSTONE, "mark": MARK})


def _erase_messages(tx: Transaction, quoted: set[str]) -> None:
    """Messages that quote one of these texts are replaced."""
    if not quoted:
        return
    pattern = _any_of(_as_written(quoted))
    for look, change in _MESSAGES:
        for row in tx.all(look):
            if pattern.search(row["said"]):
                tx.run(change, {"id": row["id"], "key": row["key"], "new": MARK})


def _erase_quarantined(tx: Transaction, quoted: set[str]) -> None:
    """Operations in quarantine that quote one of these texts lose what they said."""
    if not quoted:
        return
    pattern = _any_of(_as_written(quoted))
    for row in tx.all(_QUARANTINED):
        if pattern.search(row["body"]) or pattern.search(row["reason"]):
            tx.run(_QUARANTINE, {"id": row["id"], "tombstone": TOMBSTONE, "mark": MARK})


def _replace_in_messages(tx: Transaction, pattern: re.Pattern[str], new: str) -> None:
    for look, change in _MESSAGES:
        for row in tx.all(look):
            said = pattern.sub(new, row["said"])
            if said != row["said"]:
                tx.run(change, {"id": row["id"], "key": row["key"], "new": said})


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True)))


def _as_written(texts: set[str]) -> set[str]:
    """Texts as they are, and as JSON or Python write them between quotation marks."""
    written = {form(text)[1:-1] for text in texts for form in (jsontext.dumps, json.dumps, repr)}
    return texts | written


def _quotable(documents: Iterable[Any]) -> set[str]:
    return {text for document in documents for text in _texts(document) if len(text) >= SHORTEST}


def _own(value: Any) -> Any:
    """A document without our keys and without labels: what those say is not the record's alone."""
    if isinstance(value, dict):
        return {key: _own(part) for key, part in value.items() if key[:1] != "_" and key != "label"}
    if isinstance(value, list):
        return [_own(part) for part in value]
    return value


def _input(document: dict[str, Any]) -> Any:
    """What a record is about. Its other keys and its single words stand in work on other records, too."""
    return {key: document[key] for key in INPUT_HASH_KEYS if key in document} or _own(document)


def _texts(value: Any) -> Iterable[str]:
    """Every text in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _erase_seat(tx: Transaction, seat: Row, new: str) -> None:
    named = {"session": seat["id"]}
    tx.run(_NEW_SEAT, {**named, "new": new, "token": erased_token(seat["token"])})
    for statement in (_WORDS, _HALF_DONE, _CLIENTS):
        tx.run(statement, named)
    for row in tx.all(_OF_SEAT, named):
        tx.run(_QUARANTINE, {"id": row["id"], "tombstone": TOMBSTONE, "mark": MARK})


def _rewrite_documents(tx: Transaction, exported: str, new: str) -> None:
    """Imported and transformed records, and tasks made of answers, name their sessions."""
    written = jsontext.dumps(exported)
    pattern = "%" + re.sub(r"([!%_])", r"!\1", written) + "%"
    for row in tx.all(_NAMED, {"pattern": pattern}):
        document = _renamed(jsontext.loads(row["text"]), {exported: new})
        tx.run(_DOCUMENT, {"id": row["id"], "text": jsontext.dumps(document)})


def _rewrite_audiences(tx: Transaction, names: dict[str, str]) -> None:
    for row in tx.all(_AUDIENCES):
        texts = {key: jsontext.dumps(_renamed(jsontext.loads(row[key]), names)) for key in ("people", "key")}
        if texts["people"] != row["people"]:
            tx.run(_AUDIENCE, {"id": row["id"], **texts})


def _rewrite_runs(tx: Transaction, names: dict[str, str]) -> None:
    """Allowed and suggested sessions stand in the settings of runs, and perhaps in their command lines."""
    word = _any_of(names)
    bounded = re.compile(rf"(?<!\w)(?:{word.pattern})(?!\w)")
    for row in tx.all(_RUNS):
        config = jsontext.dumps(_renamed(jsontext.loads(row["config"]), names))
        command = bounded.sub(lambda found: names[found.group()], row["command"])
        if (config, command) != (row["config"], row["command"]):
            tx.run(_RUN, {"id": row["id"], "config": config, "command": command})


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """A JSON value in which every text that is one of the names is replaced."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {key: _renamed(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, names) for part in value]
    return value
