"""Tasks that wait for people are listed, and an operator opens them to all."""

from collections.abc import Callable

from tests.queue.team import START, Team

from tallymark.queue import seats, waiting

HOUR = 3600.0


def test_whoever_is_awaited_is_named(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    mine, free, never = (
        team.tasks(text, **more)[0]
        for text, more in (
            ("a", {"people": ["ann", "bob"], "fallback": HOUR}),
            ("b", {}),
            ("c", {"people": ["zoe"]}),
        )
    )
    ann, _bob = team.people("ann", "bob")
    team.clock.forward(HOUR)
    ann.submit(mine)
    found = team.operator(waiting.awaiting)
    assert found == [
        {
            "task_id": mine,
            "since": START,
            "opens_at": START + HOUR,
            "people": [{"name": "bob", "last_call": START}],
        },
        {
            "task_id": never,
            "since": START,
            "opens_at": None,
            "people": [{"name": "zoe", "last_call": None}],
        },
    ]
    assert team.operator(waiting.awaiting, after=int(mine), limit=1) == found[1:]
    assert free not in {each["task_id"] for each in found}


def test_people_who_are_here_are_not_awaited(team: Team) -> None:
    team.tasks("a", people=["ann", "bob"])
    team.seat("bob")
    team.clock.forward(HOUR)
    assert team.seat("ann").heartbeat()["state"] == "ready"
    assert team.operator(waiting.awaiting) == [], "one answer is wanted, and ann is here"


def test_an_operator_opens_tasks_to_all(team: Team) -> None:
    team.do(seats.set_tags, annotators={"ann": {"languages": ["de"]}})
    first, second, third = team.tasks("a", "b", "c", people=["zoe"], needs={"languages": ["de"]})
    ann, bob = team.people("ann", "bob")
    assert team.operator(waiting.open_to_all, task_ids=[second, "nonsense"]) == {"opened": 1}
    assert ann.lease(5) == [second]
    assert team.operator(waiting.open_to_all) == {"opened": 2}
    assert ann.lease(5) == [first, second, third]
    assert bob.idle() == "exhausted", "the tags are asked for still"


def test_tasks_that_want_more_people_than_there_are_are_listed(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    team.do(seats.set_tags, annotators={"ann": {"languages": ["de"]}})
    plain = team.tasks("a")[0]
    [german] = team.tasks("b", needs={"languages": ["de"]})
    ann, bob = team.people("ann", "bob")
    assert team.operator(waiting.unfillable) == [{"task_id": german, "free": 2, "people": 1}]
    ann.submit(german)
    assert team.operator(waiting.unfillable) == [{"task_id": german, "free": 1, "people": 0}]
    bob.submit(plain)
    assert team.operator(waiting.unfillable, after=int(german)) == []


def test_a_task_for_everyone_that_nobody_may_have_is_listed(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=None)
    [task] = team.tasks("a", people=[])
    team.seat("ann")
    assert team.operator(waiting.unfillable) == [{"task_id": task, "free": 1, "people": 0}]
