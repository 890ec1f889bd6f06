"""Import answered records: each is a counted answer of its session, kept to the letter for export."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, cast

from tallymark import jsontext
from tallymark.errors import InputError
from tallymark.hashing import INPUT_HASH_KEY, TASK_HASH_KEY, identities_of, set_hashes, without_private
from tallymark.queue.datasets import find_dataset
from tallymark.queue.locks import adds_tasks
from tallymark.queue.seats import new_seat, seat_row
from tallymark.queue.tasks import Tasks, offer_behind
from tallymark.store import Row, Statement, Transaction, json_ids
from tallymark.store.documents import difference
from tallymark.store.records import without_answer
from tallymark.types import DECISIONS, AnswerShapes, Identities, Task

_KNOWN = Statement("Which records were imported before.", "SELECT op_id FROM answer WHERE op_id IN {keys}")
_TASKS = Statement(
    "Tasks with these dedup keys, in the order of their repeats.",
    "SELECT id, dedup_key, repeat FROM task WHERE dataset = :dataset AND dedup_key IN {keys} ORDER BY repeat",
)
_DOCUMENTS = Statement(
    "The documents of these tasks.",
    "SELECT t.id, d.text FROM task t JOIN document d ON d.id = t.document WHERE t.id IN {ids}",
)
_ASSIGNMENTS = Statement(
    "Who had these tasks.", "SELECT task, session, state, slot FROM assignment WHERE task IN {ids}"
)
_REVISIONS = Statement(
    "How often these tasks were answered by whom.",
    "SELECT task, session, max(revision) AS revision FROM answer WHERE task IN {ids} GROUP BY task, session",
)
_NEW_DOCUMENT = Statement("Keep a document.", "INSERT INTO document (id, text) VALUES (:id, :text)")
_NEW_TASK = Statement(
    "A task made by an import; its answers are counted afterwards.",
    """
    INSERT INTO task (id, dataset, document, dedup_key, repeat, identity, input_identity, input_hash,
                      task_hash, state, overlap, created_at)
    VALUES (:id, :dataset, :document, :dedup_key, :repeat, :identity, :input_identity, :input_hash,
            :task_hash, 'open', :overlap, :now)
    """,
)
_NEW_ANSWER = Statement(
    "An imported answer.",
    """
    INSERT INTO answer (op_id, dataset, task, session, revision, base, status, decision, changes,
                        stored_form, form_state, fingerprint, client_time, server_time)
    VALUES (:op_id, :dataset, :task, :session, :revision, :revision - 1, 'submitted', :decision, :changes,
            :form, 'made', :fingerprint, :client_time, :now)
    """,
)
_ANSWERED = Statement(
    "An imported answer is a counted one.",
    """
    INSERT INTO assignment (task, session, state, standing, revision, position, answered_at)
    VALUES (:task, :session, 'answered', 'counted', :revision, :position, :now)
    ON CONFLICT (task, session) DO UPDATE
       SET state = 'answered', slot = 0, client = NULL, standing = 'counted', set_aside = 0,
           revision = excluded.revision, position = excluded.position, answered_at = excluded.answered_at
    """,
)
_SEAT = Statement(
    "A seat has answered more.",
    "UPDATE session SET answered = answered + :answered, position = position + :answered,"
    " held = held - :held, ineligible = ineligible - :barred WHERE id = :session",
)


@dataclass(slots=True)
class _Seat:
    """A seat that imported answers go to, and how it changes."""

    id: int
    position: int
    changes: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Place:
    """A task, and what seats have of it: state and slot, and the newest revision."""

    task: int
    repeat: int
    document: Task
    had: dict[int, tuple[str, int]] = field(default_factory=dict)
    revisions: dict[int, int] = field(default_factory=dict)
    counted: int = 0
    taken: int = 0


@dataclass(slots=True)
class _Batch:
    """One call: what is known of its keys, and what it adds."""

    dataset: Row
    now: float
    task_ids: Iterator[int]
    document_ids: Iterator[int]
    known: set[str] = field(default_factory=set)
    places: dict[bytes, list[_Place]] = field(default_factory=dict)
    seats: dict[str, _Seat] = field(default_factory=dict)
    documents: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    assignments: list[dict[str, Any]] = field(default_factory=list)

    def document(self, text: str) -> int:
        """Keep a document, and its id."""
        identifier = next(self.document_ids)
        self.documents.append({"id": identifier, "text": text})
        return identifier


@dataclass(frozen=True, slots=True)
class _Record:
    """One record with what identifies it."""

    record: Task
    hashed: Task
    session: str | None
    joined_at: float | None
    text: str
    op_id: str
    identities: Identities

    def key(self, dataset: Row) -> bytes:
        """What makes it a duplicate in a dataset."""
        return self.identities.input if dataset["exclude_by"] == "input" else self.identities.task


def import_answers(
    tx: Transaction,
    *,
    dataset: str,
    records: Sequence[Task],
    shapes: AnswerShapes,
    occurrences: Sequence[int] | None = None,
    sessions: Sequence[Mapping[str, Any] | None] | None = None,
    view_id: str | None = None,
) -> dict[str, int]:
    """Store answered records, each with its `answer`; returns `{"added", "repeats", "known"}`.

    `added` counts all new answers, `repeats` those of them that ask the same session the same thing again
    (legal duplicates), `known` records that an earlier import of the same rows has stored. `occurrences`
    numbers equal records of one file from 0, so that a second import knows them. `sessions` says whose each
    record is that has no `_session_id`: `{"name", "joined_at"}`, the time for a seat that is new. Errors:
    `NotKnown` for the dataset, `InputError` for a record that is not an answer.
    """
    found = find_dataset(tx, dataset)
    numbers = occurrences if occurrences is not None else [0] * len(records)
    whose = sessions if sessions is not None else [None] * len(records)
    read = [_read(found["name"], *one) for one in zip(records, numbers, whose, strict=True)]
    adds_tasks(tx, found["id"])
    task_ids, document_ids = tx.new_ids("task", len(read)), tx.new_ids("document", 2 * len(read))
    batch = _Batch(found, tx.now, iter(task_ids), iter(document_ids))
    _look_up(tx, batch, read)
    counts = Counter(added=0, repeats=0, known=0)
    for record in read:
        counts.update(_add(tx, batch, record, shapes, view_id))
    _write(tx, batch)
    return dict(counts)


def _read(dataset: str, record: Task, occurrence: int, session: Mapping[str, Any] | None) -> _Record:
    if record.get("answer") not in DECISIONS:
        raise InputError(f"The answer {record.get('answer')!r} is not one of {', '.join(DECISIONS)}.")
    text = jsontext.dumps(without_private(record))
    hashed = set_hashes(dict(record))
    said = session or {}
    own = record.get("_session_id")
    name = said.get("name") if own is None else str(own)
    op_id = _op_id(dataset, text, occurrence)
    return _Record(record, hashed, name, said.get("joined_at"), text, op_id, identities_of(hashed))


def _look_up(tx: Transaction, batch: _Batch, records: Sequence[_Record]) -> None:
    """Read what the database knows of the batch's records."""
    batch.known = {row["op_id"] for row in tx.by_keys(_KNOWN, [record.op_id for record in records])}
    keys = list({record.key(batch.dataset) for record in records})
    found = tx.by_keys(_TASKS, keys, {"dataset": batch.dataset["id"]})
    named = {"ids": json_ids(row["id"] for row in found)}
    documents = {row["id"]: row["text"] for row in (tx.all(_DOCUMENTS, named) if found else ())}
    by_id: dict[int, _Place] = {}
    for row in found:
        place = by_id[row["id"]] = _Place(row["id"], row["repeat"], jsontext.loads(documents[row["id"]]))
        batch.places.setdefault(row["dedup_key"], []).append(place)
    for row in tx.all(_ASSIGNMENTS, named) if by_id else ():
        by_id[row["task"]].had[row["session"]] = (row["state"], row["slot"])
    for row in tx.all(_REVISIONS, named) if by_id else ():
        by_id[row["task"]].revisions[row["session"]] = row["revision"]


def _add(
    tx: Transaction, batch: _Batch, record: _Record, shapes: AnswerShapes, view_id: str | None
) -> tuple[str, ...]:
    if record.op_id in batch.known:
        return ("known",)
    batch.known.add(record.op_id)
    seat = _seat(tx, batch, record)
    places = batch.places.setdefault(record.key(batch.dataset), [])
    free = next((place for place in places if place.had.get(seat.id, ("", 0))[0] != "answered"), None)
    place = free or _new_task(batch, record, places)
    _answer(batch, record, seat, place, _fingerprint(shapes, view_id, record.record))
    return ("added", "repeats") if free is None and place.repeat else ("added",)


def _answer(batch: _Batch, record: _Record, seat: _Seat, place: _Place, fingerprint: bytes | None) -> None:
    state, slot = place.had.get(seat.id, ("", 0))
    revision = place.revisions.get(seat.id, 0) + 1
    place.had[seat.id], place.revisions[seat.id] = ("answered", 0), revision
    place.counted += 1
    place.taken += 1 - slot
    seat.position += 1
    seat.changes.update(answered=1, held=int(state == "leased"), barred=int(state == "ineligible"))
    named = {"task": place.task, "session": seat.id, "revision": revision, "now": batch.now}
    batch.assignments.append({**named, "position": seat.position})
    batch.answers.append(
        {
            **named,
            "op_id": record.op_id,
            "dataset": batch.dataset["id"],
            "decision": record.record["answer"],
            "changes": _changes(place.document, record),
            "form": batch.document(record.text),
            "fingerprint": fingerprint,
            "client_time": _time(record.record.get("_timestamp")),
        }
    )


def _changes(document: Task, record: _Record) -> str | None:
    """What the record's annotator said, as changes of the task's document."""
    said = without_answer(record.hashed)
    if "flagged" in record.record:
        said["flagged"] = record.record["flagged"]
    changes = difference(document, said)
    return jsontext.dumps(changes) if any(changes.values()) else None


def _new_task(batch: _Batch, record: _Record, places: list[_Place]) -> _Place:
    document = without_answer(record.hashed)
    place = _Place(next(batch.task_ids), places[-1].repeat + 1 if places else 0, document)
    places.append(place)
    batch.tasks.append(
        {
            "id": place.task,
            "dataset": batch.dataset["id"],
            "document": batch.document(jsontext.dumps(document)),
            "dedup_key": record.key(batch.dataset),
            "repeat": place.repeat,
            "identity": record.identities.task,
            "input_identity": record.identities.input,
            "input_hash": record.hashed[INPUT_HASH_KEY],
            "task_hash": record.hashed[TASK_HASH_KEY],
            "overlap": 1 if batch.dataset["overlap"] is not None else None,
            "now": batch.now,
        }
    )
    return place


def _write(tx: Transaction, batch: _Batch) -> None:
    """Store the batch; every task wants at least as many answers as it has now."""
    dataset = batch.dataset["id"]
    tx.many(_NEW_DOCUMENT, batch.documents)
    tx.many(_NEW_TASK, batch.tasks)
    tx.tally(dataset, queued=len(batch.tasks))
    offer_behind(tx, dataset, [(0.0, task["id"]) for task in batch.tasks])
    tx.many(_NEW_ANSWER, batch.answers)
    tx.many(_ANSWERED, batch.assignments)
    for seat in batch.seats.values():
        changes = {name: seat.changes[name] for name in ("answered", "held", "barred")}
        tx.run(_SEAT, {"session": seat.id, **changes})
    answered = {place.task: place for places in batch.places.values() for place in places if place.counted}
    tasks = Tasks.locked(tx, dataset, sorted(answered))
    for place in answered.values():
        tasks.move(place.task, taken=place.taken, counted=place.counted)
        tasks.widen(place.task)
    tasks.settle()


def _seat(tx: Transaction, batch: _Batch, record: _Record) -> _Seat:
    """The seat of a record's session, or the one without a name. Nobody sits there until it is claimed."""
    prefix = f"{batch.dataset['name']}-"
    name = (record.session or "").removeprefix(prefix).encode("utf-8", "replace").decode()
    if name not in batch.seats:
        dataset = batch.dataset["id"]
        row = seat_row(tx, dataset, name) or new_seat(
            tx, dataset, name, "person", retired=True, joined_at=record.joined_at
        )
        batch.seats[name] = _Seat(row["id"], row["position"])
    return batch.seats[name]


def _fingerprint(shapes: AnswerShapes, view_id: str | None, record: Mapping[str, Any]) -> bytes | None:
    view = view_id or record.get("_view_id")
    if not isinstance(view, str):
        return None
    keys = shapes.fingerprint_keys(view)
    values = record if keys is None else {key: record[key] for key in keys if key in record}
    return shapes.fingerprint(view, record["answer"], values)


def _time(value: object) -> float | None:
    """A timestamp, or None for what is none."""
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15
    return float(cast(float, value)) if usable else None


def _op_id(dataset: str, text: str, occurrence: int) -> str:
    digest = blake2b(f"{dataset}\0{text}".encode(), digest_size=16).hexdigest()
    return f"import:{digest}:{occurrence}"
