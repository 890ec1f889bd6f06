"""Judge a database that was found after a power cut by what was sent and acknowledged before."""

import contextlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash.recording import Event

from tallymark.errors import TallymarkError
from tallymark.queue import audit
from tallymark.store import Statement, Store, Transaction

DATASET = "news"

_OPERATIONS = Statement(
    "Every operation that is stored: answers, and drafts, whose content is kept while they are last.",
    "SELECT n.op_id, n.task, n.status, CASE n.status WHEN 'submitted'"
    "       THEN json_extract(n.changes, '$.set.label') END AS label, 1 AS whole"
    "  FROM answer n"
    " UNION ALL SELECT o.op_id, o.task, 'draft', json_extract(f.changes, '$.set.label'), f.op_id IS NOT NULL"
    "  FROM draft_op o LEFT JOIN draft f ON f.op_id = o.op_id",
)
_TEXTS = Statement(
    "The texts of all tasks.",
    "SELECT json_extract(d.text, '$.text') AS text FROM task t JOIN document d ON d.id = t.document",
)
_DATASETS = Statement("How many datasets there are.", "SELECT count(*) FROM dataset")


@dataclass
class Witnessed:
    """What was sent and what was acknowledged until some moment."""

    sent: dict[str, dict[str, Any]] = field(default_factory=dict)  # op_id → operation
    acked: dict[str, dict[str, Any]] = field(default_factory=dict)
    last: dict[str, str] = field(default_factory=dict)  # task → op_id that was sent last
    fed: set[str] = field(default_factory=set)
    queued: set[str] = field(default_factory=set)

    def happen(self, event: Event) -> None:
        """Learn of an event."""
        if event.kind not in ("sent", "acked"):
            return
        heard = event.kind == "acked"
        for said in event.said:
            if "text" in said:
                (self.queued if heard else self.fed).add(said["text"])
            else:
                (self.acked if heard else self.sent)[said["op_id"]] = said
                if not heard:
                    self.last[said["task_id"]] = said["op_id"]


def judge(database: Path, witnessed: Witnessed) -> list[str]:
    """What is wrong with a database: nothing, or one line for each thing."""
    try:
        with contextlib.closing(Store.open(database)) as store, store.reading() as tx:
            found = [*_operations(tx, witnessed), *_tasks(tx, witnessed), *_books(tx)]
    except TallymarkError as error:
        return [f"cannot be opened: {error}"]
    return found + _damage(database)


def _operations(tx: Transaction, witnessed: Witnessed) -> Iterable[str]:
    stored = {row["op_id"]: row for row in map(dict, tx.all(_OPERATIONS))}
    for op_id in witnessed.acked.keys() - stored.keys():
        yield f"lost: {witnessed.acked[op_id]}"
    for op_id, row in stored.items():
        sent = witnessed.sent.get(op_id)
        if sent is None:
            yield f"nobody sent {row}"
            continue
        if (str(row["task"]), row["status"]) != (sent["task_id"], sent["status"]):
            yield f"{row} was {sent}"
        elif row["whole"] and row["label"] != sent["label"]:
            yield f"the content of {row} was {sent['label']}"
        elif not row["whole"] and op_id in witnessed.acked and witnessed.last[sent["task_id"]] == op_id:
            yield f"lost: the content of {sent}"


def _tasks(tx: Transaction, witnessed: Witnessed) -> Iterable[str]:
    texts = [row["text"] for row in tx.all(_TEXTS)]
    for text in witnessed.queued - set(texts):
        yield f"lost: the task {text!r}"
    for text in set(texts) - witnessed.fed:
        yield f"nobody fed {text!r}"
    if len(texts) != len(set(texts)):
        yield "a task is there twice"


def _books(tx: Transaction) -> Iterable[str]:
    for invariant in audit.invariants(tx):
        if invariant["broken"]:
            yield f"{invariant['name']} is broken: {invariant['records']}"
    if tx.value(_DATASETS) and not audit.balances(tx, dataset=DATASET)["balanced"]:
        yield f"the books do not balance: {audit.balances(tx, dataset=DATASET)}"


def _damage(database: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        said = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        said += [f"foreign key {row}" for row in connection.execute("PRAGMA foreign_key_check")]
    return [line for line in said if line != "ok"]
