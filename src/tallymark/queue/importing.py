"""Import answered records: each is a counted answer of its session, kept to the letter for export."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, cast

from tallymark import jsontext
from tallymark.errors import InputError
from tallymark.hashing import INPUT_HASH_KEY, TASK_HASH_KEY, identities_of, set_hashes, without_private
from tallymark.queue.datasets import find_dataset
from tallymark.queue.seats import new_seat, seat_row
from tallymark.queue.tasks import Tasks, offer_behind
from tallymark.store import Row, Statement, Transaction
from tallymark.store.records import without_answer
from tallymark.types import DECISIONS, AnswerShapes, Task

_KNOWN = Statement("Was this record imported before?", "SELECT 1 FROM answer WHERE op_id = :op_id")
_REPEATS = Statement(
    "Tasks with a dedup key, and whether a seat has them.",
    """
    SELECT t.id, t.repeat, a.state, a.slot, coalesce(a.state, '') = 'answered' AS had,
           (SELECT coalesce(max(n.revision), 0) FROM answer n
             WHERE n.task = t.id AND n.session = :session) AS revision FROM task t
      LEFT JOIN assignment a ON a.task = t.id AND a.session = :session
     WHERE t.dataset = :dataset AND t.dedup_key = :key ORDER BY t.repeat
    """,
)
_NEW_DOCUMENT = Statement("Keep a document.", "INSERT INTO document (text) VALUES (:text) RETURNING id")
_NEW_TASK = Statement(
    "A task made by an import.",
    """
    INSERT INTO task (dataset, document, dedup_key, repeat, identity, input_identity, input_hash,
                      task_hash, state, overlap, created_at)
    VALUES (:dataset, :document, :dedup_key, :repeat, :identity, :input_identity, :input_hash,
            :task_hash, 'open', :overlap, :now) RETURNING id
    """,
)
_NEW_ANSWER = Statement(
    "An imported answer.",
    """
    INSERT INTO answer (op_id, dataset, task, session, revision, base, status, decision, stored_form,
                        form_state, fingerprint, client_time, server_time)
    VALUES (:op_id, :dataset, :task, :session, :revision, :revision - 1, 'submitted', :decision, :form,
            'made', :fingerprint, :client_time, :now)
    """,
)
_NEW_ASSIGNMENT = Statement(
    "An imported answer is a counted one.",
    """
    INSERT INTO assignment (task, session, state, standing, revision, position, answered_at)
    VALUES (:task, :session, 'answered', 'counted', :revision, :position, :now)
    ON CONFLICT (task, session) DO UPDATE
       SET state = 'answered', slot = 0, client = NULL, standing = 'counted', revision = excluded.revision,
           position = excluded.position, answered_at = excluded.answered_at
    """,
)
_SEAT = Statement(
    "A seat has answered more.",
    "UPDATE session SET answered = answered + 1, position = position + 1, held = held - :held,"
    " ineligible = ineligible - :barred WHERE id = :session"
    " RETURNING position",
)


def import_answers(
    tx: Transaction,
    *,
    dataset: str,
    records: Sequence[Task],
    shapes: AnswerShapes,
    occurrences: Sequence[int] | None = None,
    view_id: str | None = None,
) -> dict[str, int]:
    """Store answered records, each with its `answer`; returns `{"added", "repeats", "known"}`.

    `added` counts all new answers, `repeats` those of them that ask the same session the same thing again
    (legal duplicates), `known` records that an earlier import of the same rows has stored. `occurrences`
    numbers equal records of one file from 0, so that a second import knows them. Errors: `NotKnown` for
    the dataset, `InputError` for a record that is not an answer.
    """
    found = find_dataset(tx, dataset)
    counts = {"added": 0, "repeats": 0, "known": 0}
    seats: dict[str, Row] = {}
    for number, record in enumerate(records):
        occurrence = 0 if occurrences is None else occurrences[number]
        outcome = _import(tx, found, record, seats, occurrence, shapes, view_id)
        for name in outcome:
            counts[name] += 1
    return counts


def _import(
    tx: Transaction,
    dataset: Row,
    record: Task,
    seats: dict[str, Row],
    occurrence: int,
    shapes: AnswerShapes,
    view_id: str | None,
) -> tuple[str, ...]:
    decision = record.get("answer")
    if decision not in DECISIONS:
        raise InputError(f"The answer {decision!r} is not one of {', '.join(DECISIONS)}.")
    text = jsontext.dumps(without_private(record))
    op_id = _op_id(dataset["name"], text, occurrence)
    if tx.value(_KNOWN, {"op_id": op_id}) is not None:
        return ("known",)
    seat = _seat(tx, dataset, record.get("_session_id"), seats)
    place = _task(tx, dataset, record, seat["id"])
    named = {"task": place.task, "session": seat["id"], "revision": place.revision, "now": tx.now}
    held, barred = int(place.state == "leased"), int(place.state == "ineligible")
    position = tx.value(_SEAT, {"session": seat["id"], "held": held, "barred": barred})
    answer = {
        **named,
        "op_id": op_id,
        "dataset": dataset["id"],
        "decision": decision,
        "form": tx.insert(_NEW_DOCUMENT, {"text": text}),
        "fingerprint": _fingerprint(shapes, view_id or record.get("_view_id"), record),
        "client_time": _time(record.get("_timestamp")),
    }
    tx.run(_NEW_ANSWER, answer)
    tx.run(_NEW_ASSIGNMENT, {**named, "position": position})
    _count(tx, dataset["id"], place)
    return ("added", "repeats") if place.repeated else ("added",)


@dataclass(frozen=True, slots=True)
class _Place:
    """The task an imported answer belongs to, and what its session had of it."""

    task: int
    revision: int
    repeated: bool = False
    state: str | None = None
    slot: int = 0


def _task(tx: Transaction, dataset: Row, record: Task, seat: int) -> _Place:
    """The task of a record: one this seat has not answered, or a new one."""
    hashed = set_hashes(dict(record))
    identities = identities_of(hashed)
    key = identities.input if dataset["exclude_by"] == "input" else identities.task
    known = tx.all(_REPEATS, {"dataset": dataset["id"], "key": key, "session": seat})
    for row in known:
        if not row["had"]:
            return _Place(row["id"], row["revision"] + 1, state=row["state"], slot=row["slot"] or 0)
    task = tx.insert(
        _NEW_TASK,
        {
            "dataset": dataset["id"],
            "document": tx.insert(_NEW_DOCUMENT, {"text": jsontext.dumps(without_answer(hashed))}),
            "dedup_key": key,
            "repeat": known[-1]["repeat"] + 1 if known else 0,
            "identity": identities.task,
            "input_identity": identities.input,
            "input_hash": hashed[INPUT_HASH_KEY],
            "task_hash": hashed[TASK_HASH_KEY],
            "overlap": 1 if dataset["overlap"] is not None else None,
            "now": tx.now,
        },
    )
    tx.tally(dataset["id"], queued=1)
    offer_behind(tx, dataset["id"], [(0.0, task)])
    return _Place(task, 1, repeated=bool(known))


def _count(tx: Transaction, dataset: int, place: _Place) -> None:
    """The answer is counted; the task wants at least as many answers as it has now."""
    tasks = Tasks.locked(tx, dataset, [place.task])
    tasks.move(place.task, taken=1 - place.slot, counted=1)
    locked = tasks[place.task]
    if locked.overlap is not None and locked.taken > locked.overlap:
        locked.overlap = locked.taken
    tasks.settle()


def _seat(tx: Transaction, dataset: Row, session: object, seats: dict[str, Row]) -> Row:
    """The seat of an exported `_session_id`; null stays null. Nobody sits there until the name is claimed."""
    name = "" if session is None else str(session).removeprefix(f"{dataset['name']}-")
    if name not in seats:
        row = seat_row(tx, dataset["id"], name)
        seats[name] = row if row is not None else new_seat(tx, dataset["id"], name, "person", retired=True)
    return seats[name]


def _fingerprint(shapes: AnswerShapes, view_id: object, record: Mapping[str, Any]) -> bytes | None:
    if not isinstance(view_id, str):
        return None
    values = {key: record[key] for key in shapes.fingerprint_keys(view_id) if key in record}
    return shapes.fingerprint(view_id, record["answer"], values)


def _time(value: object) -> float | None:
    """A timestamp, or None for what is none."""
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15
    return float(cast(float, value)) if usable else None


def _op_id(dataset: str, text: str, occurrence: int) -> str:
    digest = blake2b(f"{dataset}\0{text}".encode(), digest_size=16).hexdigest()
    return f"import:{digest}:{occurrence}"
