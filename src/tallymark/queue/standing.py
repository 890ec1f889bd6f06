"""How far a dataset is, for whoever waits for it: fed, done, stuck. Cheap enough to be asked every second."""

from typing import Any

from tallymark.queue.datasets import find_dataset
from tallymark.store import Statement, Transaction

_STANDING = Statement(
    "A dataset with what its newest run's stream is doing.",
    """
    SELECT d.queued, d.done, d.withdrawn, d.paused, r.stream, r.stream_detail, r.started_at,
           (SELECT coalesce(sum(s.answered), 0) FROM session s WHERE s.dataset = d.id AND s.kind = 'person')
               AS answered,
           (SELECT count(*) FROM added_source a WHERE a.dataset = d.id AND a.state IN ('waiting', 'reading'))
               AS to_read
      FROM dataset d LEFT JOIN run r ON r.id = d.run WHERE d.id = :dataset
    """,
)
_LAST_ANSWER = Statement(
    "When the newest answer of a dataset was stored.",
    "SELECT server_time FROM answer WHERE dataset = :dataset ORDER BY id DESC LIMIT 1",
)


def standing(tx: Transaction, *, dataset: str) -> dict[str, Any]:
    """`{"tasks", "done", "withdrawn", "open", "answered", "fed", "complete", "failed", "quiet", "paused"}`.

    Fed: everything was read. Complete: fed, and no task is open. Failed: why the stream failed, or None.
    Quiet: seconds since anybody answered or the run started; None before any run. Errors: `NotKnown`.
    """
    found = find_dataset(tx, dataset)["id"]
    row = tx.one(_STANDING, {"dataset": found})
    assert row is not None  # noqa: S101  (found above)
    still_open = row["queued"] - row["done"] - row["withdrawn"]
    fed = row["stream"] == "ended" and row["to_read"] == 0
    since = max(row["started_at"] or 0.0, tx.value(_LAST_ANSWER, {"dataset": found}) or 0.0)
    return {
        "tasks": row["queued"],
        "done": row["done"],
        "withdrawn": row["withdrawn"],
        "open": still_open,
        "answered": row["answered"],
        "fed": fed,
        "complete": fed and still_open == 0,
        "failed": (row["stream_detail"] or "the stream failed") if row["stream"] == "failed" else None,
        "quiet": tx.now - since if since else None,
        "paused": bool(row["paused"]),
    }
