"""Agreement of a dataset, from its counted answers."""

from collections.abc import Callable
from typing import Any

from tests.queue.team import Team

from tallymark.queue import agreement


def look(team: Team) -> dict[str, Any]:
    with team.store.reading() as tx:
        return agreement.agreement(tx, dataset=team.dataset)


def test_agreement_on_the_decision_and_on_the_answer(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    same, other, ignored, alone = team.tasks("a", "b", "c", "d")
    ann, bob, cem = team.people("ann", "bob", "cem")
    for person in (ann, bob):
        person.submit(same, set={"label": "A"})
        person.submit(ignored, "ignore")
    ann.submit(other, set={"label": "A"})
    bob.submit(other, set={"label": "B"})
    cem.submit(other, set={"label": "C"})  # surplus
    ann.submit(alone)
    found = look(team)
    assert (found["decision"]["units"], found["decision"]["percent"]) == (3, 1.0)
    assert (found["answer"]["units"], found["answer"]["percent"]) == (2, 0.5)
    assert found["answer"]["alpha"] == 0.0


def test_where_nobody_shares_a_task_nothing_is_said(team: Team) -> None:
    [task] = team.tasks("a")
    team.seat("ann").submit(task)
    assert look(team)["decision"] == {"units": 0, "values": 0, "percent": None, "alpha": None}
