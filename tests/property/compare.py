"""Hold the tables of a store against the model."""

from collections.abc import Mapping
from typing import Any

from tests.property.model import Assignment, Queue, QueuedTask, Wish
from tests.property.observed import Observed

from tallymark.jsontext import loads


def differences(model: Queue, seen: Observed) -> list[str]:
    """What differs between the model and the tables, one line each."""
    names = {row["id"]: row["token"] for row in seen.seats.values()}
    return [
        *_tasks(model, seen),
        *_assignments(model, seen, names),
        *_answers(model, seen, names),
        *_drafts(model, seen, names),
        *_seats(model, seen),
        *_counters(model, seen),
        *_rows(model, seen),
        *_unequal("quarantine", set(model.quarantined), set(seen.quarantined)),
    ]


def _unequal(what: str, expected: object, found: object) -> list[str]:
    return [] if expected == found else [f"{what}: expected {expected}, found {found}"]


def _tasks(model: Queue, seen: Observed) -> list[str]:
    expected = {int(task.id): _task(model, task) for task in model.tasks.values()}
    found = {
        number: (row["state"], row["taken"], row["counted"], row["overlap"], _wish(seen, row["audience"]))
        for number, row in seen.tasks.items()
    }
    return _each("task (state, taken, counted, overlap, wish)", expected, found)


def _task(model: Queue, task: QueuedTask) -> tuple[str, int, int, int | None, Wish]:
    return model.state(task), model.taken(task), model.counted(task), model.wanted(task), task.wish


def _wish(seen: Observed, audience: int) -> Wish:
    row = seen.audiences.get(audience, {"people": None, "needs": None, "fallback": None, "opened": 0})
    people = None if row["people"] is None else frozenset(loads(row["people"]))
    needs = frozenset(tag for tags in loads(row["needs"] or "{}").values() for tag in tags)
    return Wish(people, needs, row["fallback"], bool(row["opened"]))


def _assignments(model: Queue, seen: Observed, names: Mapping[int, str]) -> list[str]:
    expected = {
        (int(each.task), model.seats[each.seat].name): _assignment(each)
        for each in model.assignments()
        if each.state
    }
    found = {
        (task, model.seats[names[seat]].name): (
            row["state"],
            bool(row["slot"]),
            row["client"] or None,
            row["standing"],
            row["revision"],
        )
        for (task, seat), row in seen.assignments.items()
    }
    return _each("assignment (state, slot, client, standing, revision)", expected, found)


def _assignment(each: Assignment) -> tuple[str, bool, str | None, str | None, int]:
    return each.state, each.slot, each.client, each.standing, each.revision


def _answers(model: Queue, seen: Observed, names: Mapping[int, str]) -> list[str]:
    expected = {
        (int(each.task), each.seat): [
            (r.number, r.op_id, r.status, r.decision) for r in each.revisions.values()
        ]
        for each in model.assignments()
        if each.revisions
    }
    found = {
        (task, names[seat]): [(r["revision"], r["op_id"], r["status"], r["decision"]) for r in rows]
        for (task, seat), rows in seen.answers.items()
    }
    return _each("answers (revision, op, status, decision)", expected, found)


def _drafts(model: Queue, seen: Observed, names: Mapping[int, str]) -> list[str]:
    expected = {
        (int(each.task), each.seat): each.draft["op_id"]
        for each in model.assignments()
        if each.draft is not None
    }
    found = {(task, names[seat]): row["op_id"] for (task, seat), row in seen.drafts.items()}
    return _each("draft", expected, found)


def _seats(model: Queue, seen: Observed) -> list[str]:
    expected = {seat.token: _seat(model, seat.token) for seat in model.seats.values()}
    found = {
        row["token"]: (
            row["answered"],
            row["ineligible"],
            row["held"],
            row["last_call"],
            row["retired_at"] is not None,
        )
        for row in seen.seats.values()
    }
    return _each("seat (answered, ineligible, held, last call, retired)", expected, found)


def _seat(model: Queue, token: str) -> tuple[int, int, int, float, bool]:
    mine = [each for each in model.assignments() if each.seat == token]
    states = [each.state for each in mine]
    seat = model.seats[token]
    return (
        states.count("answered"),
        states.count("ineligible"),
        states.count("leased"),
        seat.last_call,
        seat.retired,
    )


def _counters(model: Queue, seen: Observed) -> list[str]:
    states = [model.state(task) for task in model.tasks.values()]
    expected = len(states), states.count("done"), states.count("withdrawn"), model.paused
    row = seen.dataset
    found = row["queued"], row["done"], row["withdrawn"], bool(row["paused"])
    return _unequal("dataset (queued, done, withdrawn, paused)", expected, found)


def _rows(model: Queue, seen: Observed) -> list[str]:
    expected = {number: (source.read, source.fates) for number, source in model.sources.items()}
    found = {number: (row["rows_read"], seen.fates.get(number, {})) for number, row in seen.sources.items()}
    return _each("source (rows read, fates)", expected, found)


def _each(what: str, expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> list[str]:
    keys = sorted(expected.keys() | found.keys(), key=str)
    return [line for key in keys for line in _unequal(f"{what} {key}", expected.get(key), found.get(key))]
