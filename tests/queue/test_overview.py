"""What an operator sees at a glance."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import START, Team

from tallymark.errors import NotKnown
from tallymark.queue import datasets, operate, overview, runs


def look(team: Team) -> dict[str, Any]:
    with team.store.reading() as tx:
        return overview.overview(tx, dataset=team.dataset)


def test_a_dataset_at_a_glance(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    tasks = team.tasks("a", "b", "c", "d")
    ann, bob, _ = team.people("ann", "bob", "newcomer")
    ann.lease(2)
    team.clock.forward(1800)
    ann.submit(tasks[0], active_ms=4000)
    ann.submit(tasks[0], "reject", active_ms=1000)
    bob.submit(tasks[0])
    bob.send(bob.op("99"))
    team.withdraw(tasks[3])
    team.operator(operate.pause)
    found = look(team)
    assert (found["tasks"], found["done"], found["withdrawn"], found["open"]) == (4, 1, 1, 2)
    assert (found["paused"], found["overlap"], found["host"], found["recipe"]) == (True, 2, "down", "mark")
    seats = {seat["name"]: seat for seat in found["seats"]}
    assert (seats["ann"]["answered"], seats["ann"]["held"], seats["ann"]["active_ms"]) == (1, 1, 5000)
    assert seats["bob"]["retired"] is False
    assert (seats["newcomer"]["pace"], seats["newcomer"]["last_answer"]) == (0.0, None)
    assert seats["ann"]["pace"] == seats["bob"]["pace"] == 60.0
    assert found["eta_seconds"] == 2 * 2 / 120 * 3600
    [held] = found["held"]
    assert (held["task"], held["session"], held["leased_at"]) == (tasks[1], "ann", START)
    assert held["lease_until"] == START + 1800 + 900
    assert [(event["kind"], event["task"]) for event in found["events"][:2]] == [
        ("paused", None),
        ("task_withdrawn", tasks[3]),
    ]
    assert [(each["session"], each["task_id"]) for each in found["quarantine"]] == [("bob", "99")]
    team.clock.forward(7200)
    later = look(team)
    assert (later["pace"], later["eta_seconds"]) == (0.0, None)
    assert later["seats"][0]["active_ms"] == 5000


def test_a_dataset_for_everybody_has_no_eta(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=None)
    [task, _] = team.tasks("a", "b")
    team.seat("ann").submit(task)
    assert look(team)["eta_seconds"] is None


def test_every_dataset_is_listed(team: Team) -> None:
    team.do(datasets.ensure_dataset, name="empty")
    with team.store.reading() as tx:
        found = {each["name"]: each for each in overview.datasets(tx)}
    assert (found["empty"]["host"], found["empty"]["recipe"]) == ("down", None)
    assert found["news"]["host"] == "up"
    team.hosted(runs.end_run)
    with team.store.reading() as tx:
        assert [each["host"] for each in overview.datasets(tx)] == ["down", "down"]
        with pytest.raises(NotKnown):
            overview.seats_of(tx, dataset="nowhere")
