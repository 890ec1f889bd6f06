"""How many answers a task wants: a number, everyone's, an average, or from so many to so many."""

from dataclasses import dataclass
from typing import Any

from tallymark.queue.datasets import check_wanted
from tallymark.queue.runs import fenced, note
from tallymark.queue.tasks import Tasks
from tallymark.store import Row, Statement, Transaction

_DATASET = Statement(
    "How many answers new tasks of a dataset want.",
    "SELECT overlap, overlap_share, overlap_most FROM dataset WHERE id = :dataset",
)
_WANT = Statement(
    "Change how many answers new tasks of a dataset want.",
    "UPDATE dataset SET overlap = :least, overlap_share = :share, overlap_most = :most WHERE id = :dataset",
)
_TASKS_AFTER = Statement(
    "The next tasks of a dataset.",
    "SELECT id, identity FROM task WHERE dataset = :dataset AND id > :after ORDER BY id LIMIT :limit",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many answers tasks of a dataset want; `least` None is everyone's."""

    least: int | None
    share: float
    most: int | None

    @classmethod
    def of(cls, tx: Transaction, dataset: int) -> "Wanted":
        """What new tasks of a dataset want."""
        row: Row | None = tx.one(_DATASET, {"dataset": dataset})
        assert row is not None  # noqa: S101  (the caller has the dataset)
        return cls(row["overlap"], row["overlap_share"], row["overlap_most"])

    def by(self, identity: bytes) -> dict[str, int | None]:
        """The `overlap`, `least` and `most` of a task. The share is decided by the task's identity alone."""
        if self.least is None:
            return {"overlap": None, "least": None, "most": None}
        one_more = int.from_bytes(identity[:8], "big") < self.share * 2.0**64
        overlap = self.least + one_more
        bounded = self.most is not None
        return {
            "overlap": overlap,
            "least": overlap if bounded else None,
            "most": self.most if bounded else None,
        }


def want(
    tx: Transaction,
    *,
    run: int,
    generation: int,
    least: int | None,
    share: float = 0.0,
    most: int | None = None,
) -> dict[str, Any]:
    """New tasks of the dataset want so many answers; `want_part` tells the others. Returns `{"changed"}`.

    Errors: `InputError`, `Fenced`.
    """
    check_wanted(least, share, most)
    dataset = fenced(tx, run, generation)["dataset"]
    if Wanted.of(tx, dataset) == Wanted(least, share, most):
        return {"changed": False}
    tx.run(_WANT, {"dataset": dataset, "least": least, "share": share, "most": most})
    note(tx, dataset, "overlap", f"{'everyone' if least is None else least + share} to {most or least}")
    return {"changed": True}


def want_part(
    tx: Transaction, *, run: int, generation: int, after: int = 0, limit: int = 1000
) -> dict[str, Any]:
    """Let the next tasks want what new ones do, but never fewer answers than they have and are held for.

    Returns `{"after"}`: where to go on, None at the end. Errors: `Fenced`.
    """
    dataset = fenced(tx, run, generation)["dataset"]
    wanted = Wanted.of(tx, dataset)
    rows = tx.all(_TASKS_AFTER, {"dataset": dataset, "after": after, "limit": limit})
    tasks = Tasks.locked(tx, dataset, [row["id"] for row in rows])
    for row in rows:
        tasks.want(row["id"], **wanted.by(row["identity"]))
    tasks.settle()
    return {"after": rows[-1]["id"] if rows else None}
