"""Put tasks into the queue and keep account of the rows they came from.

Duplicates are decided here, by the database: one task for each (dataset, dedup key, repeat).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tallymark.queue.eligibility import (
    AVAILABLE,
    NOT_HAD,
    WANTS_MORE,
    Wish,
    audiences,
    audiences_of,
    wishes,
)
from tallymark.queue.exclusion import bar_new_tasks
from tallymark.queue.fates import record_fates, rows_with_fate
from tallymark.queue.locks import adds_tasks
from tallymark.queue.runs import fenced
from tallymark.queue.tasks import Tasks, offer_behind
from tallymark.queue.wanting import Wanted
from tallymark.store import Row, Statement, Transaction
from tallymark.types import Fate

ACTIVE_SECONDS = 60.0

_VERSIONS = Statement(
    "The newest version of a source.",
    "SELECT * FROM source WHERE dataset = :dataset AND uri = :uri ORDER BY version DESC LIMIT 1",
)
_NEW_SOURCE = Statement(
    "A new source, or a new version of one.",
    "INSERT INTO source (dataset, uri, version, fingerprint, dedup, known_rows, run)"
    " VALUES (:dataset, :uri, :version, :fingerprint, :dedup, :known_rows, :run) RETURNING id",
)
_SOURCE_FINGERPRINT = Statement(
    "A source has grown: the same version goes on.",
    "UPDATE source SET fingerprint = :fingerprint, known_rows = :known_rows WHERE id = :source",
)
_SOURCE_RUN = Statement("A run reads a source.", "UPDATE source SET run = :run WHERE id = :source")
_SOURCE_READ = Statement(
    "How far a source was read.",
    "UPDATE source SET rows_read = :rows_read WHERE id = :source AND rows_read < :rows_read",
)
_SOURCE_MARK = Statement(
    "The last row of a source such that it and all before have a final fate.",
    "UPDATE source SET mark = :mark, position = :position WHERE id = :source AND mark <= :mark",
)
_SOURCE_DONE = Statement(
    "A source was read through.", "UPDATE source SET known_rows = :known_rows WHERE id = :source"
)
_RUN_READ = Statement(
    "How many rows a run has read, and how many there are.",
    "UPDATE run SET rows_read = (SELECT coalesce(sum(rows_read), 0) FROM source WHERE run = :run),"
    " rows_known = :rows_known, beat_at = :now WHERE id = :run",
)
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
_ACTIVE = Statement(
    "Seats that called lately.",
    "SELECT id, cursor_rank, cursor_task FROM session WHERE dataset = :dataset AND last_call > :since"
    " AND kind = 'person' AND retired_at IS NULL",
)
_SUPPLY = Statement(
    "How many tasks of an audience a seat could lease, from its cursor on, up to a limit.",
    f"""
    SELECT count(*) FROM (
        SELECT 1 FROM task t
         WHERE t.dataset = :dataset AND t.audience = :audience AND t.rank = :rank AND t.id > :task
           AND {WANTS_MORE} AND {NOT_HAD}
         UNION ALL
        SELECT 1 FROM task t
         WHERE t.dataset = :dataset AND t.audience = :audience AND t.rank > :rank
           AND {WANTS_MORE} AND {NOT_HAD}
         LIMIT :limit) AS few
    """,  # noqa: S608
)
_SUPPLY_ANYBODY = Statement(
    "How many tasks somebody could lease, whoever they are for, up to a limit.",
    f"""
    SELECT count(*) FROM (
        SELECT 1 FROM task t WHERE t.dataset = :dataset AND {WANTS_MORE} LIMIT :limit) AS few
    """,  # noqa: S608
)
_SUPPLY_RETURNED = Statement(
    "How many tasks before a seat's cursor are available to it again, up to a limit.",
    f"""
    SELECT count(*) FROM (
        SELECT 1 FROM returned r JOIN task t ON t.id = r.task
         WHERE r.dataset = :dataset AND (t.rank, t.id) <= (:rank, :task)
           AND {AVAILABLE}
         LIMIT :limit) AS few
    """,  # noqa: S608
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
        name = "input_identity" if self.run["exclude_by"] == "input" else "identity"
        return bytes.fromhex(task[name])


def open_source(
    tx: Transaction,
    *,
    run: int,
    generation: int,
    uri: str,
    fingerprint: str,
    known_rows: int | None = None,
    dedup: bool = True,
    same_start: bool | None = None,
) -> dict[str, Any]:
    """Start or go on reading a source.

    `fingerprint` describes the source's content. When it is the stored one, the same version goes on from
    its mark. When it differs, `same_start` decides: True = the content up to the mark is unchanged and the
    source has only grown; None = not checked yet, and the reply says what was stored; False = a new version.

    Returns `{"source", "version", "mark", "position", "changed", "grown", "stored"}`. Errors: `Fenced`.
    """
    dataset = fenced(tx, run, generation)["dataset"]
    row = tx.one(_VERSIONS, {"dataset": dataset, "uri": uri})
    if row is not None and row["fingerprint"] != fingerprint and same_start is None:
        return _opened(row, changed=True, grown=False)
    if row is not None and (row["fingerprint"] == fingerprint or same_start):
        grown = row["fingerprint"] != fingerprint
        tx.run(_SOURCE_RUN, {"source": row["id"], "run": run})
        if grown or row["known_rows"] is None:
            known = known_rows if known_rows is not None or grown else row["known_rows"]
            tx.run(
                _SOURCE_FINGERPRINT, {"source": row["id"], "fingerprint": fingerprint, "known_rows": known}
            )
        return _opened(row, changed=False, grown=grown)
    version = 1 if row is None else row["version"] + 1
    source = tx.insert(
        _NEW_SOURCE,
        {
            "dataset": dataset,
            "uri": uri,
            "version": version,
            "fingerprint": fingerprint,
            "dedup": int(dedup),
            "known_rows": known_rows,
            "run": run,
        },
    )
    return {
        "source": source,
        "version": version,
        "mark": 0,
        "position": None,
        "changed": version > 1,
        "grown": False,
        "stored": None,
    }


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
    "how"?, "repeatable"?, "rank"?, "overlap"?, "people"?, "needs"?, "fallback"?, "narrow"?}`: `people` are
    the names of those a task is for, `needs` the tags they must have, `fallback` the seconds after which
    anybody with the tags is asked; with `narrow` a task that is queued already becomes theirs, beside those
    who were named for it before. `fates`: `[source, ordinal, fate, note]` of rows that made no task. `read`
    and `marks` by source id: rows read, `[mark, position]`. Rows that made tasks get their fate here.
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
    for name, rows in (read or {}).items():
        tx.run(_SOURCE_READ, {"source": int(name), "rows_read": rows})
    for name, (mark, position) in (marks or {}).items():
        tx.run(_SOURCE_MARK, {"source": int(name), "mark": mark, "position": _json(position)})
    if read:
        tx.run(_RUN_READ, {"run": run, "rows_known": rows_known, "now": tx.now})
    return {"fates": counts, "added": len(batch.new)}


def source_done(
    tx: Transaction, *, run: int, generation: int, source: int, known_rows: int
) -> dict[str, Any]:
    """A source was read through; it has this many rows. Errors: `Fenced`."""
    fenced(tx, run, generation)
    tx.run(_SOURCE_DONE, {"source": source, "known_rows": known_rows})
    return {}


def demand(tx: Transaction, *, run: int, generation: int, batch_size: int, ahead: int = 0) -> dict[str, Any]:
    """How many more tasks are wanted, so that each active session could lease two batches. Errors: `Fenced`.

    While nobody is active one session is expected, so that whoever comes first finds tasks. `ahead` asks for
    so many tasks that anybody could take, besides.
    """
    dataset = fenced(tx, run, generation)["dataset"]
    limit = 2 * batch_size
    seats = tx.all(_ACTIVE, {"dataset": dataset, "since": tx.now - ACTIVE_SECONDS})
    supplies = [_supply(tx, dataset, seat, limit) for seat in seats]
    wanted = limit - min(supplies, default=_supply_for_anybody(tx, dataset, limit))
    if ahead:
        wanted = max(wanted, ahead - _supply_for_anybody(tx, dataset, ahead))
    return {"demand": wanted}


def _supply(tx: Transaction, dataset: int, seat: Row, limit: int) -> int:
    """How many tasks a seat could lease, up to a limit."""
    rank, task = seat["cursor_rank"], seat["cursor_task"]
    place = {"rank": float("-inf"), "task": 0} if rank is None else {"rank": rank, "task": task}
    named = {"dataset": dataset, "session": seat["id"], **place}
    found = 0
    for audience in audiences_of(tx, dataset, seat["id"]):
        found += int(tx.value(_SUPPLY, {**named, "audience": audience, "limit": limit - found}))
        if found == limit:
            return found
    return found + int(tx.value(_SUPPLY_RETURNED, {**named, "limit": limit - found}))


def _supply_for_anybody(tx: Transaction, dataset: int, limit: int) -> int:
    return int(tx.value(_SUPPLY_ANYBODY, {"dataset": dataset, "limit": limit}))


def _opened(row: Row, *, changed: bool, grown: bool) -> dict[str, Any]:
    position = row["position"]
    return {
        "source": row["id"],
        "version": row["version"],
        "mark": row["mark"],
        "position": None if position is None else orjson.loads(position),
        "changed": changed,
        "grown": grown,
        "stored": row["fingerprint"],
    }


def _look_up(tx: Transaction, batch: _Batch, tasks: Sequence[Mapping[str, Any]]) -> None:
    """Read what the database knows of the batch's keys."""
    keys = list(dict.fromkeys(batch.key(task) for task in tasks))
    for row in tx.by_keys(_EXISTING, keys, {"dataset": batch.run["dataset"]}):
        batch.known.setdefault(row["dedup_key"], {})[row["repeat"]] = row["id"]
        batch.answered[row["id"]] = row["counted"] > 0 and row["created_at"] < batch.run["started_at"]
    found = [task for repeats in batch.known.values() for task in repeats.values()]
    if found:
        for row in tx.all(_LINKS, {"ids": _json(found)}):
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
    repeat = _repeat(batch, key, row) if task.get("repeatable") else _asked_again(batch, repeats)
    known = repeats.get(repeat)
    if known is None and key in batch.excluded:
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


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
