"""Put tasks into the queue and keep account of the rows they came from.

Duplicates are decided here, by the database: one task for each (dataset, dedup key, repeat).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tallymark.queue.eligibility import Wish, audiences, wishes
from tallymark.queue.exclusion import bar_new_tasks
from tallymark.queue.fates import record_fates, rows_with_fate
from tallymark.queue.locks import adds_tasks
from tallymark.queue.runs import fenced
from tallymark.queue.sources import note_read
from tallymark.queue.tasks import Tasks, offer_behind
from tallymark.queue.wanting import Wanted
from tallymark.store import Row, Statement, Transaction, json_ids
from tallymark.types import Fate

_EXISTING = Statement(
    "Tasks with these dedup keys.",
    "SELECT id, dedup_key, repeat, counted, created_at FROM task"
    " WHERE dataset = :dataset AND dedup_key IN {keys} ORDER BY id",
)
_LINKS = Statement(
    "Rows these tasks came from.", "SELECT task, source, ordinal, run FROM task_row WHERE task IN {ids}"
)
_EXCLUDED = Statement(
    "Which inputs were answered in other datasets, and as which tasks.",
    "SELECT input_identity, identity, d.name FROM task t JOIN dataset d ON d.id = t.dataset"
    " WHERE t.dataset IN {ids} AND t.counted > 0 AND t.input_identity IN {keys}",
)
_NEW_DOCUMENT = Statement("Keep a document.", "INSERT INTO document (id, text) VALUES (:id, :text)")
_NEW_TASK = Statement(
    "Put a task into the queue.",
    """
    INSERT INTO task (id, dataset, document, dedup_key, repeat, identity, input_identity, input_hash,
                      task_hash, rank, state, overlap, least, most, audience, created_at)
    VALUES (:id, :dataset, :document, :dedup_key, :repeat, :identity, :input_identity, :input_hash,
            :task_hash, :rank, 'open', :overlap, :least, :most, :audience, :now)
    """,
)
_NEW_LINK = Statement(
    "A task came from a row.",
    "INSERT INTO task_row (source, ordinal, task, how, run) VALUES (:source, :ordinal, :task, :how, :run)"
    " ON CONFLICT DO NOTHING",
)


@dataclass(slots=True)
class _Batch:
    """One call of `enqueue`: what is known of its keys, and what it adds."""

    run: Row
    wanted: Wanted
    known: dict[bytes, dict[int, int]] = field(default_factory=dict)  # dedup key → repeat → task
    answered: dict[int, bool] = field(default_factory=dict)  # task → answered before the run started
    audiences: dict[Wish, int] = field(default_factory=dict)
    links: dict[int, dict[tuple[int, int], int]] = field(default_factory=dict)  # task → (source, row) → run
    settled: set[tuple[int, int]] = field(default_factory=set)  # rows of the batch that have a fate already
    excluded: dict[bytes, str] = field(default_factory=dict)
    narrowed: dict[int, set[str]] = field(default_factory=dict)  # task → the people who alone are to have it
    new: list[dict[str, Any]] = field(default_factory=list)
    new_links: list[dict[str, Any]] = field(default_factory=list)
    fates: dict[tuple[int, int], tuple[Fate, str | None]] = field(default_factory=dict)
    occurred: Counter[tuple[bytes, tuple[int, int]]] = field(default_factory=Counter)

    def key(self, task: Mapping[str, Any]) -> bytes:
        """What makes the task a duplicate of another, in this dataset."""
        by_input = self.run["exclude_by"] == "input" and not task.get("follows")
        name = "input_identity" if by_input else "identity"
        return bytes.fromhex(task[name])


def enqueue(
    tx: Transaction,
    *,
    run: int,
    generation: int,
    tasks: Sequence[Mapping[str, Any]] = (),
    fates: Iterable[Sequence[Any]] = (),
    read: Mapping[str, int] | None = None,
    marks: Mapping[str, Sequence[Any]] | None = None,
    rows_known: int | None = None,
) -> dict[str, Any]:
    """Store a batch in one transaction: tasks, final fates of rows, how far each source was read.

    `tasks`: `{"text", "identity", "input_identity" (hex), "input_hash", "task_hash", "source"?, "ordinal"?,
    "how"?, "repeatable"?, "rank"?, "overlap"?, "people"?, "needs"?, "fallback"?, "narrow"?, "follows"?,
    "repeat"?}`: `people` are the names of those a task is for, `needs` the tags they must have, `fallback`
    the seconds after which anybody with the tags is asked; with `narrow` a task that is queued already
    becomes theirs, beside those who were named for it before; one that `follows` from an answer is told from
    others by the whole task, and has the `repeat` it says. `fates`: `[source, ordinal, fate, note]` of rows
    that made no task. `read` and `marks` by source id: rows read, `[mark, position]`. Rows that made tasks
    get their fate here.
    Returns `{"fates": {fate: rows}, "added": tasks}`. Errors: `Fenced`.
    """
    current = fenced(tx, run, generation)
    batch = _Batch(current, Wanted.of(tx, current["dataset"]))
    adds_tasks(tx, current["dataset"])
    _look_up(tx, batch, tasks)
    fresh = tx.new_ids("task", len(tasks))
    for task in tasks:
        _place(batch, task, fresh[len(batch.new)])
    _insert(tx, batch)
    _narrow(tx, batch)
    for source, ordinal, fate, why in fates:
        batch.fates.setdefault((source, ordinal), (fate, why))
    counts = record_fates(tx, batch.fates)
    note_read(tx, run, read=read or {}, marks=marks or {}, rows_known=rows_known)
    return {"fates": counts, "added": len(batch.new)}


def _look_up(tx: Transaction, batch: _Batch, tasks: Sequence[Mapping[str, Any]]) -> None:
    """Read what the database knows of the batch's keys."""
    keys = list(dict.fromkeys(batch.key(task) for task in tasks))
    for row in tx.by_keys(_EXISTING, keys, {"dataset": batch.run["dataset"]}):
        batch.known.setdefault(row["dedup_key"], {})[row["repeat"]] = row["id"]
        batch.answered[row["id"]] = row["counted"] > 0 and row["created_at"] < batch.run["started_at"]
    found = [task for repeats in batch.known.values() for task in repeats.values()]
    if found:
        for row in tx.all(_LINKS, {"ids": json_ids(found)}):
            batch.links.setdefault(row["task"], {})[row["source"], row["ordinal"]] = row["run"]
    batch.settled = rows_with_fate(tx, {place for task in tasks if (place := _row_of(task)) is not None})
    if batch.run["excluded"] != "[]" and not batch.run["exclude_own"]:
        by_input = batch.run["exclude_by"] == "input"
        inputs = list({bytes.fromhex(task["input_identity"]) for task in tasks})
        for row in tx.by_keys(_EXCLUDED, inputs, {"ids": batch.run["excluded"]}):
            batch.excluded[row["input_identity"] if by_input else row["identity"]] = row["name"]


def _place(batch: _Batch, task: Mapping[str, Any], new_id: int) -> None:
    """Decide what one task of a batch is: new, known already, a duplicate, or excluded."""
    key = batch.key(task)
    repeats = batch.known.setdefault(key, {})
    row = _row_of(task)
    repeat = _repeat_of(batch, task, key, row)
    known = repeats.get(repeat)
    if known is None and key in batch.excluded and not task.get("follows"):
        _fate(batch, row, "excluded", f"answered in {batch.excluded[key]}")
        return
    if known is None:
        repeats[repeat] = new_id
        batch.new.append({**task, "id": new_id, "dedup_key": key, "repeat": repeat})
        _link(batch, task, new_id, row)
        _fate(batch, row, "task", None)
        return
    if task.get("narrow"):
        batch.narrowed.setdefault(known, set()).update(task["people"])
    links = batch.links.get(known, {})
    if row is None or row in links or row in batch.settled:
        return
    same = [link for link, run in links.items() if link[0] == row[0] or run == batch.run["id"]]
    if same:
        source, ordinal = min(same)
        other = f" of source {source}" if source != row[0] else ""
        _fate(batch, row, "duplicate", f"of row {ordinal}{other}")
        if task.get("repeatable"):
            _link(batch, task, known, row)  # it is an occurrence of its pass all the same
        return
    _link(batch, task, known, row)
    _fate(batch, row, "carried", None)


def _repeat_of(batch: _Batch, task: Mapping[str, Any], key: bytes, row: tuple[int, int] | None) -> int:
    """Which of the equal tasks this is."""
    if task.get("follows"):
        return int(task["repeat"])
    return _repeat(batch, key, row) if task.get("repeatable") else _asked_again(batch, batch.known[key])


def _repeat(batch: _Batch, key: bytes, row: tuple[int, int] | None) -> int:
    """The 0-based number of this key's occurrence in the pass of a source, within its row included."""
    if row is None:
        return 0
    links = (link for task in batch.known[key].values() for link in batch.links.get(task, ()))
    before = sum(1 for source, ordinal in links if source == row[0] and ordinal < row[1])
    batch.occurred[key, row] += 1
    return before + batch.occurred[key, row] - 1


def _asked_again(batch: _Batch, repeats: Mapping[int, int]) -> int:
    """0, or, when a run asks anew what was answered before it, the repeat that it has or gets."""
    if not batch.run["again"] or not repeats:
        return 0
    newest = max(repeats)
    return newest + 1 if batch.answered.get(repeats[newest]) else newest


def _row_of(task: Mapping[str, Any]) -> tuple[int, int] | None:
    source, ordinal = task.get("source"), task.get("ordinal")
    return None if source is None or ordinal is None else (source, ordinal)


def _link(batch: _Batch, task: Mapping[str, Any], identifier: int, row: tuple[int, int] | None) -> None:
    links = batch.links.setdefault(identifier, {})
    if row is not None:
        run, how = batch.run["id"], task.get("how", "exact")
        links[row] = run
        batch.new_links.append(
            {"source": row[0], "ordinal": row[1], "task": identifier, "how": how, "run": run}
        )


_ORDER: tuple[Fate, ...] = ("task", "carried", "excluded", "duplicate", "invalid", "passed")


def _fate(batch: _Batch, row: tuple[int, int] | None, fate: Fate, why: str | None) -> None:
    """The first fate that applies is the row's, when it made several tasks."""
    if row is not None:
        current = batch.fates.get(row)
        if current is None or _ORDER.index(fate) < _ORDER.index(current[0]):
            batch.fates[row] = (fate, why)


def _insert(tx: Transaction, batch: _Batch) -> None:
    if batch.new:
        documents = tx.new_ids("document", len(batch.new))
        dataset = batch.run["dataset"]
        batch.audiences = audiences(tx, dataset, map(_wish, batch.new))
        tx.many(
            _NEW_DOCUMENT,
            [{"id": n, "text": task["text"]} for n, task in zip(documents, batch.new, strict=True)],
        )
        tx.many(
            _NEW_TASK,
            [_task_values(tx, batch, task, n) for n, task in zip(documents, batch.new, strict=True)],
        )
        bar_new_tasks(tx, batch.run, [task["id"] for task in batch.new])
        offer_behind(tx, dataset, [(_rank(task), task["id"]) for task in batch.new])
        tx.tally(dataset, queued=len(batch.new))
    tx.many(_NEW_LINK, batch.new_links)


def _narrow(tx: Transaction, batch: _Batch) -> None:
    """Tasks that were queued before are for the people named now and those named before, and for no others.

    Each of them is asked. What is done or was opened to all stays as it is.
    """
    dataset = batch.run["dataset"]
    tasks = Tasks.locked(tx, dataset, sorted(batch.narrowed))
    before = wishes(tx, [tasks[task].audience for task in tasks.ids()])
    asked = {}
    for task in tasks.ids():
        wish = before[tasks[task].audience]
        people = {*(wish.people or ()), *batch.narrowed[task]}
        if tasks[task].state == "open" and not wish.opened and people != set(wish.people or ()):
            asked[task] = Wish(tuple(sorted(people)), wish.needs)
    found = audiences(tx, dataset, asked.values())
    for task, wish in asked.items():
        tasks.set_audience(task, found[wish])
        tasks.want(task, overlap=len(wish.people or ()), least=None, most=None)
    tasks.settle()


def _wish(task: Mapping[str, Any]) -> Wish:
    return Wish.of(task.get("people"), task.get("needs"), task.get("fallback"))


def _task_values(tx: Transaction, batch: _Batch, task: Mapping[str, Any], document: int) -> dict[str, Any]:
    wanted = batch.wanted.by(bytes.fromhex(task["identity"]))
    if task.get("overlap") is not None:
        wanted = {"overlap": task["overlap"], "least": None, "most": None}
    return {
        "id": task["id"],
        "dataset": batch.run["dataset"],
        "document": document,
        "dedup_key": task["dedup_key"],
        "repeat": task["repeat"],
        "identity": bytes.fromhex(task["identity"]),
        "input_identity": bytes.fromhex(task["input_identity"]),
        "input_hash": task["input_hash"],
        "task_hash": task["task_hash"],
        "rank": _rank(task),
        "audience": batch.audiences[_wish(task)],
        **wanted,
        "now": tx.now,
    }


def _rank(task: Mapping[str, Any]) -> float:
    rank = task.get("rank")
    return 0.0 if rank is None else float(rank)
