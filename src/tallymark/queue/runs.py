"""Runs: one start of a recipe on a dataset. The newest run of a dataset is the one whose host may write."""

from collections.abc import Mapping, Sequence
from typing import Any

from tallymark import jsontext
from tallymark.errors import DatasetRequired, Fenced, NotKnown
from tallymark.queue.datasets import find_dataset
from tallymark.queue.exclusion import bar_seats, lift_bars
from tallymark.queue.label_changes import apply_changes, changes_for_page, changes_of, labels_of_run
from tallymark.queue.locks import fences_run, makes_dataset, writes_for_run
from tallymark.store import Row, Statement, Transaction
from tallymark.types import StreamState

_NEW = Statement(
    "Start a run.",
    """
    INSERT INTO run (dataset, generation, recipe, command, view_id, config, labels, instructions, wants,
                     excluded, exclude_own, again, host_pid, address, secret, started_at, beat_at, stream)
    VALUES (:dataset, (SELECT coalesce(max(generation), 0) + 1 FROM run WHERE dataset = :dataset), :recipe,
            :command, :view_id, :config, :labels, :instructions, :wants,
            :excluded, :exclude_own, :again, :host_pid, :address, :secret, :now, :now, 'open') RETURNING id
    """,
)
_CURRENT = Statement("This run is its dataset's newest.", "UPDATE dataset SET run = :run WHERE id = :dataset")
_NEWEST_OF = Statement("The newest run of a dataset.", "SELECT run FROM dataset WHERE id = :dataset")
_RUN = Statement("A run.", "SELECT * FROM run WHERE id = :run")
_FENCE = Statement(
    "A run, if it is still its dataset's newest.",
    "SELECT r.*, d.name AS dataset_name, d.exclude_by FROM run r JOIN dataset d ON d.run = r.id"
    " WHERE r.id = :run AND r.generation = :generation",
)
_BEAT = Statement("The host is alive.", "UPDATE run SET beat_at = :now WHERE id = :run")
_END = Statement("The run has ended.", "UPDATE run SET ended_at = :now, error = :error WHERE id = :run")
_STREAM = Statement(
    "What the stream of a run is doing.",
    "UPDATE run SET stream = :state, stream_detail = :detail, stream_row = :row, beat_at = :now,"
    " rows_read = coalesce(:rows_read, rows_read), rows_known = coalesce(:rows_known, rows_known)"
    " WHERE id = :run",
)
_EVENT = Statement(
    "Note what no other table tells.",
    "INSERT INTO event (at, dataset, kind, detail, task) VALUES (:now, :dataset, :kind, :detail, :task)",
)
_LIVE = Statement(
    "Datasets with a newest run that has not ended.",
    "SELECT d.id, d.name, d.run FROM dataset d JOIN run r ON r.id = d.run WHERE r.ended_at IS NULL"
    " ORDER BY d.name",
)
_NEWEST = Statement(
    "The dataset whose run started last.",
    "SELECT d.name FROM dataset d JOIN run r ON r.id = d.run ORDER BY r.id DESC LIMIT 1",
)
_PROJECT = Statement(
    "The newest run of a dataset.",
    "SELECT r.*, d.name AS dataset_name, d.overlap, d.paused, d.label_version FROM dataset d"
    " JOIN run r ON r.id = d.run WHERE d.name = :name",
)
_CONFIG = Statement("What the page of a run is sent.", "SELECT config FROM run WHERE id = :run")
_DATABASE = Statement("The id of the database.", "SELECT uuid FROM database WHERE id = 1")

_ABANDONED = "its process ended without a word"


def start_run(
    tx: Transaction,
    *,
    dataset: str,
    recipe: str,
    command: str,
    view_id: str,
    config: Mapping[str, Any] | None = None,
    labels: Sequence[str] = (),
    instructions: str | None = None,
    wants: Sequence[str] = (),
    exclude: Sequence[str] = (),
    exclude_own: bool = False,
    again: bool = False,
    host_pid: int | None = None,
    address: str | None = None,
    secret: str | None = None,
) -> dict[str, Any]:
    """Start a run; every older run of the dataset is fenced from now on.

    `wants` names the callbacks the recipe has, `exclude` datasets whose answered tasks are not asked again
    (with `exclude_own` only those who answered are not), `again` asks anew what the dataset has answers to
    from before the run, `address` and `secret` say where the host listens. Errors: `NotKnown` for a dataset.
    """
    found = find_dataset(tx, dataset)
    excluded = [find_dataset(tx, name)["id"] for name in exclude if name != dataset]
    _fence_newest(tx, found["id"])
    run = tx.insert(
        _NEW,
        {
            "dataset": found["id"],
            "recipe": recipe,
            "command": command,
            "view_id": view_id,
            "config": jsontext.dumps(dict(config or {})),
            "labels": jsontext.dumps(list(labels)),
            "instructions": instructions,
            "wants": jsontext.dumps(list(wants)),
            "excluded": jsontext.dumps(excluded),
            "exclude_own": int(exclude_own),
            "again": int(again),
            "host_pid": host_pid,
            "address": address,
            "secret": secret,
            "now": tx.now,
        },
    )
    tx.run(_CURRENT, {"run": run, "dataset": found["id"]})
    note(tx, found["id"], "run_started", command)
    started = tx.one(_RUN, {"run": run})
    assert started is not None  # noqa: S101  (inserted above)
    current = fenced(tx, run, started["generation"])
    lift_bars(tx, current)
    bar_seats(tx, current)
    return {"run": run, "generation": started["generation"], "dataset_id": found["id"]}


def fenced(tx: Transaction, run: int, generation: int) -> Row:
    """The run, when it is still the newest of its dataset. Errors: `Fenced`."""
    writes_for_run(tx, run)
    row = tx.one(_FENCE, {"run": run, "generation": generation})
    if row is None:
        raise Fenced("Another start of a recipe on this dataset has taken over; this one must stop.")
    return row


def _fence_newest(tx: Transaction, dataset: int) -> None:
    """Wait for what is being written for the newest run of a dataset; nothing more is, from now on."""
    makes_dataset(tx, dataset)
    newest = tx.value(_NEWEST_OF, {"dataset": dataset})
    if newest is not None:
        fences_run(tx, newest)


def beat(tx: Transaction, *, run: int, generation: int) -> dict[str, Any]:
    """The host is alive. Errors: `Fenced`."""
    fenced(tx, run, generation)
    tx.run(_BEAT, {"run": run, "now": tx.now})
    return {}


def end_run(tx: Transaction, *, run: int, generation: int, error: str | None = None) -> dict[str, Any]:
    """The host stops: in good order, so that no more is leased, or with an error. Errors: `Fenced`."""
    row = fenced(tx, run, generation)
    tx.run(_END, {"run": run, "now": tx.now, "error": error})
    note(tx, row["dataset"], "run_failed" if error else "run_ended", error)
    return {}


def end_abandoned(tx: Transaction) -> list[str]:
    """End all runs whose hosts died without a word; the caller knows that none lives. Their datasets."""
    live = tx.all(_LIVE)
    for row in live:
        tx.run(_END, {"run": row["run"], "now": tx.now, "error": _ABANDONED})
        note(tx, row["id"], "run_failed", _ABANDONED)
    return [row["name"] for row in live]


def stream_state(
    tx: Transaction,
    *,
    run: int,
    generation: int,
    state: StreamState,
    detail: str | None = None,
    row: int | None = None,
    rows_read: int | None = None,
    rows_known: int | None = None,
) -> dict[str, Any]:
    """What the stream is doing; `detail` and `row` say where it failed. Errors: `Fenced`."""
    current = fenced(tx, run, generation)
    tx.run(
        _STREAM,
        {
            "run": run,
            "state": state,
            "detail": detail,
            "row": row,
            "rows_read": rows_read,
            "rows_known": rows_known,
            "now": tx.now,
        },
    )
    if state == "failed" and current["stream"] != "failed":
        note(tx, current["dataset"], "stream_failed", detail)
    return {}


def project(tx: Transaction, *, dataset: str | None = None) -> dict[str, Any]:
    """The newest run of a dataset, as the page needs it.

    Without a name: the only dataset with a live run, else the one that ran last. Errors: `NotKnown` when
    nothing ran yet, `InputError` with code `dataset_required` and the names when several are live.
    """
    name = dataset if dataset is not None else _only_dataset(tx)
    row = tx.one(_PROJECT, {"name": name})
    if row is None:
        find_dataset(tx, name)
        raise NotKnown(f"No recipe was started on dataset {name!r} yet.")
    config = jsontext.loads(row["config"])
    changes = changes_of(tx, row["dataset"])
    given = labels_of_run(tx, row["dataset"], row) if changes else jsontext.loads(row["labels"])
    labels, instructions = apply_changes(given, row["instructions"], changes)
    if config.get("labels"):
        config["labels"] = labels
    return {
        "database_id": tx.value(_DATABASE),
        "dataset": row["dataset_name"],
        "recipe": row["recipe"],
        "view_id": row["view_id"],
        "project_version": row["id"] + row["label_version"],
        "labels": labels,
        "instructions": instructions,
        "config": config | changes_for_page(given, changes),
        "wants": jsontext.loads(row["wants"]),
        "validates": "validate_answer" in jsontext.loads(row["wants"]),
        "overlap": row["overlap"],
        "run": row["id"],
        "host_address": row["address"],
        "host_secret": row["secret"],
        "host_beat": row["beat_at"],
        "ended": row["ended_at"] is not None,
    }


def allowed_names(tx: Transaction, run: int | None) -> list[str] | None:
    """The only names that may sit down under a run, or None for any."""
    config = tx.value(_CONFIG, {"run": run})
    names = jsontext.loads(config).get("_server", {}).get("allowed_sessions") if config else None
    return names or None


def note(
    tx: Transaction, dataset: int | None, kind: str, detail: str | None = None, *, task: int | None = None
) -> None:
    """Write an event, of one task or of the whole dataset."""
    tx.run(_EVENT, {"now": tx.now, "dataset": dataset, "kind": kind, "detail": detail, "task": task})


def _only_dataset(tx: Transaction) -> str:
    live = [str(row["name"]) for row in tx.all(_LIVE)]
    if len(live) > 1:
        raise DatasetRequired(live)
    name = live[0] if live else tx.value(_NEWEST)
    if name is None:
        raise NotKnown("No recipe was started on this database yet.")
    return str(name)
