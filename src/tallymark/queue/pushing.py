"""Questions that follow from an answer: queued ahead of the stream, for whoever is named.

Where each came from is kept with the tasks: `trace` tells what a task follows and what it led to.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tallymark.errors import NotKnown
from tallymark.queue.eligibility import Wish, audiences, wishes
from tallymark.queue.enqueue import enqueue
from tallymark.queue.locks import adds_tasks
from tallymark.queue.runs import fenced, note
from tallymark.queue.tasks import Tasks
from tallymark.store import Row, Statement, Transaction, json_ids

FIRST_RANK = -1.0
"""Before whatever comes from the stream, whose tasks have rank 0."""

_SEAT = Statement(
    "A seat of a dataset, by its token or its name.",
    "SELECT id, name FROM session WHERE dataset = :dataset AND (token = :token"
    " OR (name = :name AND kind = 'person'))",
)
_OF_DATASET = Statement(
    "A task of a dataset.", "SELECT id FROM task WHERE id = :task AND dataset + 0 = :dataset"
)
_HELD = Statement(
    "A task with these hashes that a seat holds.",
    "SELECT t.id FROM assignment a JOIN task t ON t.id = a.task"
    " WHERE a.session = :seat AND a.state = 'leased'"
    " AND t.input_hash = :input_hash AND t.task_hash = :task_hash ORDER BY t.id DESC LIMIT 1",
)
_ANSWERED = Statement(
    "The task with these hashes that a seat answered last.",
    "SELECT t.id FROM assignment a JOIN task t ON t.id = a.task"
    " WHERE a.session = :seat AND a.position IS NOT NULL"
    " AND t.input_hash = :input_hash AND t.task_hash = :task_hash ORDER BY a.position DESC LIMIT 1",
)
_KNOWN = Statement(
    "Tasks with these dedup keys.",
    "SELECT id, dedup_key, repeat FROM task WHERE dataset = :dataset AND dedup_key IN {keys} ORDER BY id",
)
_PUSHED = Statement(
    "How some tasks were pushed.", "SELECT task, detail FROM event WHERE kind = 'pushed' AND task IN {ids}"
)

Known = dict[bytes, dict[int, int]]
"""The tasks of a dataset by dedup key and repeat."""


def push(
    tx: Transaction,
    *,
    run: int,
    generation: int,
    tasks: Sequence[Mapping[str, Any]],
    push: str,
    session: str | None = None,
    asker: str | None = None,
    after: Mapping[str, Any] | None = None,
    repeat: bool = False,
) -> dict[str, Any]:
    """Queue questions ahead of the stream: `{"added": new tasks, "known": those that were queued before}`.

    `tasks` as `enqueue` takes them; equal ones are told by the whole task, whatever the dataset goes by.
    `push` names this call, without a blank: sent again, it adds nothing. They are for the person called
    `session`, or for the one whose seat has the token `asker`; with neither, for whomever they say. `after`
    is the task they follow, as `{"task": id}` or as the `input_hash` and `task_hash` of one that this person
    has. `repeat` asks again what is queued already. Errors: `Fenced`, `NotKnown` for the asker or the task
    they follow.
    """
    dataset = fenced(tx, run, generation)["dataset"]
    adds_tasks(tx, dataset)
    seat = _seat(tx, dataset, session, asker)
    person = session if session is not None or seat is None else seat["name"]
    followed = None if after is None else _followed(tx, dataset, after, seat)
    known = _known(tx, dataset, tasks)
    before = _ids(known)
    done = _pushed(tx, before, push)
    if done:
        return {"added": len(done), "known": len(tasks) - len(done)}
    enqueue(tx, run=run, generation=generation, tasks=_ahead(tasks, person, known, repeat=repeat))
    new = sorted(_ids(_known(tx, dataset, tasks)) - before)
    _remember(tx, dataset, new, push, followed)
    if person is not None and not repeat:
        _also_for(tx, dataset, before, person)
    return {"added": len(new), "known": len(tasks) - len(new)}


def followed_by(detail: str) -> str | None:
    """The id of the task that a pushed one follows, as its event tells; what was erased tells nothing."""
    after = detail.partition(" ")[2]
    return after if after.isdigit() else None


def _seat(tx: Transaction, dataset: int, name: str | None, token: str | None) -> Row | None:
    """The seat of a name or a token; one of a name need not be there yet."""
    if name is None and token is None:
        return None
    row = tx.one(_SEAT, {"dataset": dataset, "token": None if name is not None else token, "name": name})
    if row is None and name is None:
        raise NotKnown("The session that asks is not of this dataset.")
    return row


def _followed(tx: Transaction, dataset: int, after: Mapping[str, Any], seat: Row | None) -> int:
    """The task that others follow. Errors: `NotKnown`."""
    found = None
    if after.get("task") is not None:
        found = tx.value(_OF_DATASET, {"task": int(after["task"]), "dataset": dataset})
    elif seat is not None:
        named = {"seat": seat["id"], "input_hash": after["input_hash"], "task_hash": after["task_hash"]}
        found = tx.value(_HELD, named)
        found = tx.value(_ANSWERED, named) if found is None else found
    if found is None:
        raise NotKnown(
            "The task that the questions should follow is not known here. Give `after` a task that this "
            "person holds or has answered, with its _input_hash and _task_hash, or leave it out."
        )
    return int(found)


def _known(tx: Transaction, dataset: int, tasks: Sequence[Mapping[str, Any]]) -> Known:
    keys = list(dict.fromkeys(bytes.fromhex(task["identity"]) for task in tasks))
    known: Known = {}
    for row in tx.by_keys(_KNOWN, keys, {"dataset": dataset}):
        known.setdefault(row["dedup_key"], {})[row["repeat"]] = row["id"]
    return known


def _ids(known: Known) -> set[int]:
    return {task for repeats in known.values() for task in repeats.values()}


def _pushed(tx: Transaction, ids: set[int], push: str) -> list[int]:
    """Those of the tasks that this very call has queued before."""
    rows = tx.all(_PUSHED, {"ids": json_ids(sorted(ids))}) if ids else []
    return [row["task"] for row in rows if row["detail"].partition(" ")[0] == push]


def _ahead(
    tasks: Sequence[Mapping[str, Any]], person: str | None, known: Known, *, repeat: bool
) -> list[dict[str, Any]]:
    """The tasks as `enqueue` takes them, before the others, and for one person where one is named."""
    theirs = {} if person is None else {"people": [person], "overlap": 1}
    asked = []
    for task in tasks:
        repeats = known.setdefault(bytes.fromhex(task["identity"]), {})
        number = max(repeats, default=-1) + 1 if repeat else 0
        repeats.setdefault(number, 0)
        asked.append({"rank": FIRST_RANK, **task, **theirs, "follows": True, "repeat": number})
    return asked


def _remember(tx: Transaction, dataset: int, new: Sequence[int], push: str, followed: int | None) -> None:
    """Keep where tasks came from, with both ends."""
    detail = push if followed is None else f"{push} {followed}"
    for task in new:
        note(tx, dataset, "pushed", detail, task=task)
        if followed is not None:
            note(tx, dataset, "led_to", str(task), task=followed)


def _also_for(tx: Transaction, dataset: int, ids: set[int], person: str) -> None:
    """Tasks that were queued for others alone are this person's, too. What is for all stays so."""
    tasks = Tasks.locked(tx, dataset, sorted(ids))
    before = wishes(tx, [tasks[task].audience for task in tasks.ids()])
    asked = {}
    for task in tasks.ids():
        wish = before[tasks[task].audience]
        if tasks[task].state != "withdrawn" and wish.people is not None and person not in wish.people:
            asked[task] = Wish(tuple(sorted({*wish.people, person})), wish.needs)
    found = audiences(tx, dataset, asked.values())
    for task, wish in asked.items():
        tasks.set_audience(task, found[wish])
        tasks.want(task, overlap=len(wish.people or ()), least=None, most=None)
    tasks.settle()
