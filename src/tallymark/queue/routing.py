"""Routes of open tasks: who may have them, decided anew by a recipe's router when people come and go."""

from collections.abc import Mapping, Sequence
from typing import Any

from tallymark.queue.eligibility import Wish, audiences, wishes
from tallymark.queue.runs import fenced
from tallymark.queue.tasks import Tasks
from tallymark.store import Statement, Transaction

_OPEN = Statement(
    "The next open tasks with their documents.",
    """
    SELECT t.id, d.text FROM task t JOIN document d ON d.id = t.document
     WHERE t.dataset = :dataset AND t.state = 'open' AND t.id > :after ORDER BY t.id LIMIT :limit
    """,
)
_ROUTED = Statement(
    "The router has been asked about everybody up to this seat.",
    "UPDATE run SET routed = :seat WHERE id = :run",
)


def to_route(tx: Transaction, *, run: int, generation: int, after: int, limit: int) -> list[dict[str, Any]]:
    """The next open tasks as `{"id", "text"}`. Errors: `Fenced`."""
    dataset = fenced(tx, run, generation)["dataset"]
    rows = tx.all(_OPEN, {"dataset": dataset, "after": after, "limit": limit})
    return [{"id": row["id"], "text": row["text"]} for row in rows]


def route(
    tx: Transaction, *, run: int, generation: int, tasks: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Say for whom tasks are: `{"id", "people", "fallback"?, "overlap"?}`, with `people` None for anybody.

    The tags they ask for stay, and what was opened to all stays so. Who holds or has answered one keeps it,
    and no task wants fewer answers than that. Returns `{"changed": tasks}`. Errors: `Fenced`.
    """
    dataset = fenced(tx, run, generation)["dataset"]
    locked = Tasks.locked(tx, dataset, sorted(task["id"] for task in tasks))
    known = wishes(tx, [locked[task].audience for task in locked.ids()])
    named = {task["id"]: task for task in tasks if locked.get(task["id"]) is not None}
    asked = {
        task: _rerouted(known[locked[task].audience], told)
        for task, told in named.items()
        if not known[locked[task].audience].opened
    }
    found = audiences(tx, dataset, asked.values())
    changed = 0
    for task, wish in asked.items():
        if named[task].get("overlap") is not None:
            locked.want(task, overlap=named[task]["overlap"], least=None, most=None)
        if locked[task].audience != found[wish]:
            locked.set_audience(task, found[wish])
            changed += 1
    locked.settle()
    return {"changed": changed}


def _rerouted(wish: Wish, told: Mapping[str, Any]) -> Wish:
    """The wish with the people a router named, and the tags as they were."""
    people = Wish.of(told["people"], None, None).people
    return Wish(people, wish.needs, None if people is None else told.get("fallback"))


def routed(tx: Transaction, *, run: int, generation: int, seat: int) -> dict[str, Any]:
    """All open tasks are routed to the seats there are; this is the newest of them. Errors: `Fenced`."""
    fenced(tx, run, generation)
    tx.run(_ROUTED, {"run": run, "seat": seat})
    return {}
