"""Sources that are added to a dataset beside those its recipe was started with.

They stay part of the dataset until they are read through: the host that lives takes them, or the next one.
"""

from typing import Any, Literal

from tallymark.queue.datasets import find_dataset
from tallymark.queue.runs import fenced, note
from tallymark.store import Statement, Transaction

_ADD = Statement(
    "Add a source to a dataset.",
    "INSERT INTO added_source (dataset, uri, loader, text_key, state, added_at)"
    " VALUES (:dataset, :uri, :loader, :text_key, 'waiting', :now) RETURNING id",
)
_DUE = Statement(
    "Sources that a host has to read, in the order they were added.",
    "SELECT id, uri, loader, text_key, state FROM added_source"
    " WHERE dataset = :dataset AND state IN ('waiting', 'reading') AND id > :after ORDER BY id",
)
_STATE = Statement(
    "What became of an added source.",
    "UPDATE added_source SET state = :state, detail = :detail WHERE id = :id AND dataset = :dataset",
)
_LOOK = Statement("An added source.", "SELECT state, detail FROM added_source WHERE id = :id")


def add_source(
    tx: Transaction, *, dataset: str, uri: str, loader: str | None = None, text_key: str | None = None
) -> dict[str, Any]:
    """Add a source (an absolute path, a pattern, `dataset:NAME`). Returns `{"id"}`. Errors: `NotKnown`."""
    found = find_dataset(tx, dataset)
    named = {"dataset": found["id"], "uri": uri, "loader": loader, "text_key": text_key, "now": tx.now}
    identifier = tx.insert(_ADD, named)
    note(tx, found["id"], "source_added", uri)
    return {"id": identifier}


def added_sources(tx: Transaction, *, run: int, generation: int, after: int = 0) -> list[dict[str, Any]]:
    """Added sources that are not read through, those after an id.

    Each is `{"id", "uri", "loader", "text_key", "state"}`. Errors: `Fenced`.
    """
    dataset = fenced(tx, run, generation)["dataset"]
    return [dict(row) for row in tx.all(_DUE, {"dataset": dataset, "after": after})]


def added_source_state(
    tx: Transaction,
    *,
    run: int,
    generation: int,
    added: int,
    state: Literal["reading", "done", "refused"],
    detail: str | None = None,
) -> dict[str, Any]:
    """Say what became of an added source. Errors: `Fenced`."""
    dataset = fenced(tx, run, generation)["dataset"]
    tx.run(_STATE, {"id": added, "dataset": dataset, "state": state, "detail": detail})
    return {}


def look_up_added(tx: Transaction, *, added: int) -> dict[str, Any]:
    """`{"state", "detail"}` of an added source; the state is None where there is none."""
    row = tx.one(_LOOK, {"id": added})
    return {"state": None, "detail": None} if row is None else dict(row)
