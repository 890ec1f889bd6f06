"""How far the annotators of a dataset agree, on the decision and on everything they said."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any

from tallymark.metrics import agreement as measured
from tallymark.queue.datasets import find_dataset
from tallymark.store import Row, Statement, Transaction

_ANSWERS = Statement(
    "The counted answers to tasks that have several, task by task.",
    """
    SELECT t.id, n.decision, n.fingerprint FROM task t
      JOIN assignment a ON a.task = t.id AND a.standing = 'counted'
      JOIN answer n ON n.task = a.task AND n.session = a.session AND n.revision = a.revision
     WHERE t.dataset + 0 = :dataset AND t.counted > 1 ORDER BY t.id
    """,
)


def agreement(tx: Transaction, *, dataset: str) -> dict[str, Any]:
    """`{"decision", "answer"}`, each with units, values, percent and alpha (see `tallymark.metrics`).

    An answer is the same as another where their fingerprints are: spans, label and whatever else matters to
    the interface. Answers with `ignore` say nothing about the answer and are left out there. Errors:
    `NotKnown`.
    """
    named = {"dataset": find_dataset(tx, dataset)["id"]}
    decisions = ([row["decision"] for row in rows] for rows in _tasks(tx.stream(_ANSWERS, named)))
    answers = (
        [row["fingerprint"] for row in rows if row["decision"] != "ignore" and row["fingerprint"] is not None]
        for rows in _tasks(tx.stream(_ANSWERS, named))
    )
    return {"decision": asdict(measured(decisions)), "answer": asdict(measured(answers))}


def _tasks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    for _, of_task in groupby(rows, key=lambda row: row["id"]):
        yield list(of_task)
