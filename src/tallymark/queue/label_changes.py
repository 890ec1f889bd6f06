"""What operators changed of labels and instructions, applied to what a run was started with."""

from collections.abc import Mapping, Sequence
from typing import Any

from tallymark.store import Row, Statement, Transaction

_CHANGES = Statement(
    "The changes of a dataset's labels, in order.",
    "SELECT id, at, kind, label, new FROM label_change WHERE dataset = :dataset ORDER BY id",
)


def apply_changes(
    labels: Sequence[str], instructions: str | None, changes: Sequence[Row | Mapping[str, Any]]
) -> tuple[list[str], str | None]:
    """Labels and instructions of a run with the operators' changes applied in their order."""
    now = list(labels)
    for change in changes:
        if change["kind"] == "instructions":
            instructions = change["new"]
        elif change["kind"] == "add":
            now.append(change["label"])
        elif change["kind"] == "retire":
            now = [label for label in now if label != change["label"]]
        else:
            now = [change["new"] if label == change["label"] else label for label in now]
        now = list(dict.fromkeys(now))
    return now, instructions


def changes_of(tx: Transaction, dataset: int) -> list[Row]:
    """The changes of a dataset's labels and instructions, in order."""
    return tx.all(_CHANGES, {"dataset": dataset})
