"""Datasets: named collections of tasks and answers."""

from typing import Any

from tallymark.errors import InputError, NotKnown
from tallymark.names import canonical, listed
from tallymark.queue.locks import makes_dataset
from tallymark.store import Row, Statement, Transaction

LEASE_SECONDS = 900.0

_FIND = Statement("A dataset by name.", "SELECT * FROM dataset WHERE name = :name")
_NAMES = Statement("All datasets by name.", "SELECT name FROM dataset ORDER BY name")
_NEW = Statement(
    "Create a dataset.",
    "INSERT INTO dataset (name, created_at, exclude_by, overlap, overlap_share, overlap_most, ignore_counts,"
    " lease_seconds) VALUES (:name, :created_at, :exclude_by, :overlap, :share, :most, :ignore_counts,"
    " :lease_seconds) RETURNING id",
)
_SETTINGS = Statement(
    "What may change between runs of a dataset.",
    "UPDATE dataset SET ignore_counts = :ignore_counts, lease_seconds = :lease_seconds,"
    " exclude_by = :exclude_by WHERE id = :dataset",
)


def check_wanted(least: int | None, share: float, most: int | None) -> None:
    """Errors: `InputError` for numbers of answers that make no sense."""
    if least is not None and least < 1:
        raise InputError(f"An overlap is 1 or more, or none for everyone, not {least}.")
    if not 0 <= share < 1 or (most is not None and (least is None or most < least)):
        raise InputError(f"No task can want {least} answers, {share} of all tasks one more, at most {most}.")


def find_dataset(tx: Transaction, name: str) -> Row:
    """The dataset's row. Errors: `NotKnown`, naming what there is."""
    row = tx.one(_FIND, {"name": canonical(name)})
    if row is None:
        known = [str(found["name"]) for found in tx.all(_NAMES)]
        raise NotKnown(f"There is no dataset {name!r}. There are: {listed(known)}.")
    return row


def ensure_dataset(
    tx: Transaction,
    *,
    name: str,
    exclude_by: str = "task",
    overlap: int | None = 1,
    share: float = 0.0,
    most: int | None = None,
    ignore_counts: bool = True,
    lease_seconds: float | None = LEASE_SECONDS,
    created_at: float | None = None,
) -> dict[str, Any]:
    """Create a dataset, or find it and bring its settings up to date.

    `overlap` None wants an answer from everyone, `share` of all tasks want one answer more, and a task gets
    up to `most` while people ask; these three are for a new dataset only (`want` changes them). `exclude_by`
    decides what a duplicate is and is fixed once there are tasks. `created_at` is for a dataset that was made
    elsewhere before. Errors: `InputError` when `exclude_by` differs.
    """
    if exclude_by not in ("task", "input"):
        raise InputError(f"exclude_by is 'task' or 'input', not {exclude_by!r}.")
    check_wanted(overlap, share, most)
    name = canonical(name)
    if not 0 < len(name) <= 200 or not name.isprintable() or name != name.strip():
        raise InputError(
            f"A dataset's name has 1 to 200 printable characters and no space at its ends, not {name[:40]!r}."
        )
    makes_dataset(tx)
    row = tx.one(_FIND, {"name": name})
    settings = {"ignore_counts": int(ignore_counts), "lease_seconds": lease_seconds}
    if row is None:
        wanted = {"overlap": overlap, "share": share, "most": most}
        made = {"name": name, "created_at": tx.now if created_at is None else created_at}
        identifier = tx.insert(_NEW, {**made, "exclude_by": exclude_by, **wanted, **settings})
        return {"id": identifier, "name": name, "created": True, "exclude_by": exclude_by, "overlap": overlap}
    if row["exclude_by"] != exclude_by and row["queued"]:
        raise InputError(
            f"Dataset {name!r} tells tasks apart by {row['exclude_by']!r}, this recipe by {exclude_by!r}. "
            "Use another dataset, or set exclude_by to what the dataset has."
        )
    tx.run(_SETTINGS, {"dataset": row["id"], "exclude_by": exclude_by, **settings})
    return {
        "id": row["id"],
        "name": name,
        "created": False,
        "exclude_by": exclude_by,
        "overlap": row["overlap"],
    }
