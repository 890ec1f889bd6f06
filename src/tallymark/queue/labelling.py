"""The label set and the instructions of a dataset while it is annotated: changes, and what they affect.

A recipe is started with labels; operators' changes are kept apart and applied to those of every later run, so
that a restart does not undo them. Each answer carries the number of the last change before it.
"""

from collections.abc import Iterator
from typing import Any

from tallymark.errors import InputError, NotKnown
from tallymark.queue.datasets import find_dataset
from tallymark.queue.history import labels_of
from tallymark.queue.label_changes import apply_changes, changes_of, labels_of_run
from tallymark.queue.numbers import within_64_bits
from tallymark.queue.people import send_answer_back
from tallymark.queue.runs import note
from tallymark.store import Row, Statement, Transaction
from tallymark.store.documents import merged

PAGE = 500
LIMIT = 200

_CHANGE = Statement(
    "A change of labels or instructions.",
    "INSERT INTO label_change (dataset, at, kind, label, new)"
    " VALUES (:dataset, :now, :kind, :label, :new) RETURNING id",
)
_VERSION = Statement(
    "The last change of a dataset's labels.",
    "UPDATE dataset SET label_version = :version WHERE id = :dataset",
)
_RUN = Statement(
    "The labels of a dataset's newest run.",
    "SELECT r.labels, r.instructions, r.view_id FROM dataset d JOIN run r ON r.id = d.run"
    " WHERE d.id = :dataset",
)
_ANSWERS = Statement(
    "Current answers of a dataset after one, given before a change of its labels.",
    """
    SELECT n.id, n.task, n.changes, n.label_version, s.name AS session, d.text FROM answer n
      JOIN assignment a ON a.task = n.task AND a.session = n.session AND a.revision = n.revision
                       AND a.state = 'answered'
      JOIN session s ON s.id = n.session AND s.kind = 'person'
      JOIN task t ON t.id = n.task AND t.state <> 'withdrawn' JOIN document d ON d.id = t.document
     WHERE n.dataset = :dataset AND n.id > :after AND n.label_version < :version
     ORDER BY n.id LIMIT :limit
    """,
)


def labels(tx: Transaction, *, dataset: str) -> dict[str, Any]:
    """`{"labels", "instructions", "version", "changes"}`. Errors: `NotKnown` before a dataset's first run."""
    found = find_dataset(tx, dataset)
    run = _run(tx, found)
    changes = changes_of(tx, found["id"])
    now, instructions = apply_changes(labels_of_run(tx, found["id"], run), run["instructions"], changes)
    return {
        "labels": now,
        "instructions": instructions,
        "version": found["label_version"],
        "changes": [{key: row[key] for key in ("id", "at", "kind", "label", "new")} for row in changes],
    }


def add_label(tx: Transaction, *, dataset: str, label: str) -> dict[str, Any]:
    """Offer one more label from now on. Errors: `InputError` when there is such a label."""
    now = _labels(tx, dataset)
    if not label.strip() or label != label.strip():
        raise InputError(f"A label is a text without spaces around it, not {label!r}.")
    if label in now:
        raise InputError(f"Dataset {dataset!r} has a label {label!r} already.")
    return _change(tx, dataset, "add", label, None)


def rename_label(tx: Transaction, *, dataset: str, label: str, new: str) -> dict[str, Any]:
    """Offer a label under another name. Errors: `InputError` for a name that is taken."""
    now = _known(tx, dataset, label)
    if not new.strip() or new != new.strip():
        raise InputError(f"A label is a text without spaces around it, not {new!r}.")
    if new in now:
        raise InputError(f"Dataset {dataset!r} has a label {new!r} already. Merge {label!r} into it instead.")
    return _change(tx, dataset, "rename", label, new)


def merge_labels(tx: Transaction, *, dataset: str, label: str, into: str) -> dict[str, Any]:
    """Offer one label instead of two. Errors: `InputError` when they are one, `NotKnown`."""
    _known(tx, dataset, label)
    _known(tx, dataset, into)
    if label == into:
        raise InputError(f"{label!r} cannot be merged into itself.")
    return _change(tx, dataset, "merge", label, into)


def retire_label(tx: Transaction, *, dataset: str, label: str) -> dict[str, Any]:
    """Offer a label no longer. Errors: `InputError` for the last one, `NotKnown`."""
    if _known(tx, dataset, label) == [label]:
        raise InputError(f"{label!r} is the only label of dataset {dataset!r}. Add another one first.")
    return _change(tx, dataset, "retire", label, None)


def set_instructions(tx: Transaction, *, dataset: str, text: str) -> dict[str, Any]:
    """Show other instructions from now on."""
    _run(tx, find_dataset(tx, dataset))
    return _change(tx, dataset, "instructions", None, text)


def affected(
    tx: Transaction, *, dataset: str, label: str | None = None, version: int | None = None, after: int = 0
) -> dict[str, Any]:
    """Current answers that were given before a change and, with `label`, carry that label.

    `version` is the number of the change, the last one when it is left out. Returns `{"answers":
    [{"task_id", "session"}], "after"}`; go on with `after` until it is None.
    """
    found = find_dataset(tx, dataset)
    before = found["label_version"] if version is None else within_64_bits(version)
    answers: list[dict[str, Any]] = []
    for row in _given_before(tx, found["id"], before, within_64_bits(after)):
        if label is None or label in labels_of(merged(row["text"], row["changes"])):
            answers.append({"task_id": str(row["task"]), "session": row["session"]})
        if len(answers) == LIMIT:
            return {"answers": answers, "after": row["id"]}
    return {"answers": answers, "after": None}


def reopen_affected(
    tx: Transaction,
    *,
    dataset: str,
    comment: str,
    label: str | None = None,
    version: int | None = None,
    after: int = 0,
) -> dict[str, Any]:
    """Send those answers back to their authors with a comment; returns `{"answers": number, "after"}`."""
    found = affected(tx, dataset=dataset, label=label, version=version, after=after)
    for answer in found["answers"]:
        named = {"task_id": answer["task_id"], "session": answer["session"], "comment": comment}
        send_answer_back(tx, dataset=dataset, **named)
    return {"answers": len(found["answers"]), "after": found["after"]}


def _given_before(tx: Transaction, dataset: int, version: int, after: int) -> Iterator[Row]:
    while True:
        named = {"dataset": dataset, "version": version, "after": after, "limit": PAGE}
        rows = tx.all(_ANSWERS, named)
        yield from rows
        if len(rows) < PAGE:
            return
        after = rows[-1]["id"]


def _change(tx: Transaction, dataset: str, kind: str, label: str | None, new: str | None) -> dict[str, Any]:
    found = find_dataset(tx, dataset)
    named = {"dataset": found["id"], "now": tx.now, "kind": kind, "label": label, "new": new}
    version = tx.insert(_CHANGE, named)
    tx.run(_VERSION, {"version": version, "dataset": found["id"]})
    said = None if kind == "instructions" else " → ".join(filter(None, (label, new)))
    note(tx, found["id"], "instructions_changed" if kind == "instructions" else f"label_{kind}", said)
    return labels(tx, dataset=dataset)


def _labels(tx: Transaction, dataset: str) -> list[str]:
    run = _run(tx, find_dataset(tx, dataset))
    if run["view_id"] == "classification":
        raise InputError(
            f"Each task of dataset {dataset!r} asks about a label of its own (classification). Start its"
            " recipe with other labels on a new dataset, and bring over what stays with db-merge."
        )
    now: list[str] = labels(tx, dataset=dataset)["labels"]
    if run["view_id"] == "choice" and not now:
        raise InputError(
            f"The options of dataset {dataset!r} have no ids that are texts, so they are no labels."
            " Give the recipe's config the labels that its options stand for."
        )
    return now


def _known(tx: Transaction, dataset: str, label: str) -> list[str]:
    now = _labels(tx, dataset)
    if label not in now:
        raise NotKnown(f"Dataset {dataset!r} has no label {label!r}. It has: {', '.join(now) or 'none'}.")
    return now


def _run(tx: Transaction, found: Row) -> Row:
    run = tx.one(_RUN, {"dataset": found["id"]})
    if run is None:
        raise NotKnown(f"No recipe was started on dataset {found['name']!r} yet.")
    return run
