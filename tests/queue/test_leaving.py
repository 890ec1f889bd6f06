"""A tab that says it goes away hands what it held to the next one at once."""

from tests.queue.team import Team

from tallymark.queue import lease


def leave(team: Team, name: str, client: str) -> None:
    team.do(lease.heartbeat, session=team.seat(name).token, client_id=client, leaving=True)


def test_the_next_tab_gets_what_the_closed_one_held(team: Team) -> None:
    team.tasks("a", "b", "c")
    ann = team.seat("ann")
    held = ann.tab("first").lease(2)
    assert ann.tab("second").lease(1) == ["3"]
    leave(team, "ann", "first")
    assert ann.tab("second").reply(3)["tasks"][0]["task_id"] in held
    assert sorted(task["task_id"] for task in ann.tab("second").reply(3)["tasks"]) == ["1", "2", "3"]


def test_a_tab_that_comes_back_after_all_keeps_what_it_held(team: Team) -> None:
    team.tasks("a", "b")
    ann = team.seat("ann")
    held = ann.tab("first").lease(1)
    leave(team, "ann", "first")
    assert ann.tab("first").lease(1) == held


def test_who_leaves_with_the_last_tab_has_left(team: Team) -> None:
    team.tasks("a", "b")
    ann = team.seat("ann")
    ann.tab("first").lease(1)
    ann.tab("second").lease(1)
    leave(team, "ann", "first")
    assert ann.row["idle"] == 0
    leave(team, "ann", "second")
    assert ann.row["idle"] == 1
