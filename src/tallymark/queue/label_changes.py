"""What operators changed of labels and instructions, applied to what a run was started with."""

from collections.abc import Mapping, Sequence
from typing import Any

from tallymark import jsontext
from tallymark.store import Row, Statement, Transaction

_CHANGES = Statement(
    "The changes of a dataset's labels, in order.",
    "SELECT id, at, kind, label, new FROM label_change WHERE dataset = :dataset ORDER BY id",
)

_FIRST_TASK = Statement(
    "The document of a dataset's first task.",
    "SELECT d.text FROM document d"
    " WHERE d.id = (SELECT t.document FROM task t WHERE t.dataset = :dataset ORDER BY t.rank, t.id LIMIT 1)",
)


def labels_of_run(tx: Transaction, dataset: int, run: Row) -> list[str]:
    """The labels a run was started with; of a choice without any, the options of the first task."""
    labels: list[str] = jsontext.loads(run["labels"])
    if labels or run["view_id"] != "choice":
        return labels
    text = tx.value(_FIRST_TASK, {"dataset": dataset})
    options = [] if text is None else jsontext.loads(text).get("options")
    ids = [option.get("id") for option in options or () if isinstance(option, dict)]
    texts = [each for each in ids if isinstance(each, str)]
    return texts if len(texts) == len(ids) else []


def changes_for_page(labels: Sequence[str], changes: Sequence[Row]) -> dict[str, Any]:
    """What options that are labels have to follow, as settings; nothing where no label changed."""
    of_labels = [change for change in changes if change["kind"] != "instructions"]
    known = [name for change in of_labels for name in (change["label"], change["new"]) if name is not None]
    told = [{key: change[key] for key in ("kind", "label", "new")} for change in of_labels]
    return {"label_changes": {"known": [*dict.fromkeys([*labels, *known])], "changes": told}} if told else {}


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
