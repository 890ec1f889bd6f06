"""Servers: where a database is served, and time in which nobody could call."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import START, Team

from tallymark.queue import runs, servers

HOURS = 3 * 3600.0


def register(team: Team, address: str = "127.0.0.1:8080") -> dict[str, Any]:
    return team.do(servers.register_server, address=address, secret="s", pid=7, version="0.1")


def beating(team: Team, server: int, seconds: float) -> None:
    """Let time pass while a server beats every five seconds."""
    for _ in range(int(seconds / 5)):
        team.clock.forward(5)
        team.do(servers.beat_server, server=server)


def test_the_newest_server_that_did_not_stop_is_found(team: Team) -> None:
    assert team.do(servers.newest_server) is None
    first, second = register(team)["server"], register(team, "127.0.0.1:8081")["server"]
    newest = team.do(servers.newest_server)
    assert newest is not None
    assert {key: newest[key] for key in ("id", "address", "secret", "pid", "version", "beat_at")} == {
        "id": second,
        "address": "127.0.0.1:8081",
        "secret": "s",
        "pid": 7,
        "version": "0.1",
        "beat_at": START,
    }
    team.do(servers.stop_server, server=second)
    assert (team.do(servers.newest_server) or {})["id"] == first
    team.do(servers.stop_server, server=first)
    assert team.do(servers.newest_server) is None


def test_an_address_is_remembered_after_its_server_stopped(team: Team) -> None:
    assert team.do(servers.remembered_address) is None
    server = register(team)["server"]
    team.do(servers.stop_server, server=server)
    assert team.do(servers.remembered_address) == "127.0.0.1:8080"


def test_a_server_that_only_helps_is_not_where_the_database_is(team: Team) -> None:
    register(team)
    team.do(
        servers.register_server,
        address="127.0.0.1:9",
        secret="h",
        pid=8,
        version="0.1",
        machine="a",
        lead=False,
    )
    assert team.do(servers.remembered_address) == "127.0.0.1:8080"


def test_the_newest_server_that_hosts_of_a_machine_find_is_known(team: Team) -> None:
    assert team.do(servers.newest_on, machine="a") is None
    named: dict[str, Any] = {"secret": "s", "pid": 7, "version": "0.1"}
    for number, (machine, lead) in enumerate([("a", True), ("b", True), ("a", False)]):
        made = team.do(
            servers.register_server, address=f"127.0.0.1:{number}", machine=machine, lead=lead, **named
        )
        assert team.do(servers.newest_on, machine=machine) == made["server"] or not lead
    newest = team.do(servers.newest_on, machine="a")
    assert team.sql("SELECT address FROM server WHERE id = :id", id=newest)[0]["address"] == "127.0.0.1:0"
    team.do(servers.stop_server, server=newest or 0)
    assert team.do(servers.newest_on, machine="a") is None


def test_a_server_that_beats_says_when(team: Team) -> None:
    server = register(team)["server"]
    team.clock.forward(5)
    team.do(servers.beat_server, server=server)
    newest = team.do(servers.newest_server)
    assert newest is not None
    assert newest["beat_at"] == START + 5


@pytest.mark.parametrize("stopped", [True, False])
def test_time_without_a_server_does_not_count_against_leases(team: Team, stopped: bool) -> None:
    server = register(team)["server"]
    held, _ = team.tasks("a", "b")
    ann, bob = team.seat("ann", client="tab"), team.seat("bob")
    ann.lease()
    beating(team, server, 890)
    team.do(servers.stop_server if stopped else servers.beat_server, server=server)
    team.clock.forward(100_000)
    assert register(team)["gap"] == 100_000
    team.clock.forward(9)
    bob.lease()
    assert (ann.place(held), ann.row["last_call"]) == ("leased slot", START + 100_000)
    team.clock.forward(2)
    bob.lease(2)
    assert ann.place(held) == "expired"


def test_tabs_that_were_alive_stay_alive_and_dead_ones_dead(team: Team) -> None:
    server = register(team)["server"]
    team.seat("ann", client="dead")
    beating(team, server, 100)
    ann = team.seat("ann", client="alive")
    team.do(servers.beat_server, server=server)
    team.clock.forward(5000)
    register(team)
    assert ann.tab("other").heartbeat()["also_open"]
    calls = {row["id"]: row["last_call"] for row in team.sql("SELECT id, last_call FROM client")}
    assert (calls["alive"], calls["dead"]) == (START + 5100, START)


def test_seats_that_hold_nothing_are_not_moved_in_time(team: Team) -> None:
    register(team)
    ann = team.seat("ann")
    team.clock.forward(5000)
    register(team)
    assert ann.row["last_call"] == START


def test_a_first_start_or_a_clock_that_went_back_is_no_gap(team: Team) -> None:
    assert register(team)["gap"] == 0
    team.clock.forward(-50)
    assert register(team)["gap"] == 0


def test_before_the_first_beat_after_a_jump_no_lease_ends(team: Team) -> None:
    server = register(team)["server"]
    held, other = team.tasks("a", "b")
    ann, bob = team.seat("ann"), team.seat("bob")
    ann.lease()
    beating(team, server, 600)
    team.clock.forward(HOURS)
    assert bob.lease(2) == [other]
    assert ann.place(held) == "leased slot"


def test_leases_are_as_old_after_a_jump_ahead_as_before(team: Team) -> None:
    server = register(team)["server"]
    held, other = team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    beating(team, server, 600)
    team.clock.forward(HOURS)
    team.do(servers.beat_server, server=server)
    assert bob.lease(2) == [other]
    beating(team, server, 295)
    assert bob.lease(2) == [other]
    beating(team, server, 10)
    assert bob.lease(2) == [held, other]
    assert ann.place(held) == "expired"


def test_who_has_called_since_a_jump_ahead_has_called_just_now(team: Team) -> None:
    server = register(team)["server"]
    team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    bob.lease()
    team.clock.forward(HOURS)
    bob.heartbeat()
    called = team.clock.now
    team.clock.forward(3)
    team.do(servers.beat_server, server=server)
    assert bob.row["last_call"] == called
    assert ann.row["last_call"] == team.clock.now


def test_a_clock_that_is_set_back_lets_leases_end_all_the_same(team: Team) -> None:
    server = register(team)["server"]
    _, other = team.tasks("a", "b")
    ann, bob = team.seat("ann", client="tab"), team.seat("bob")
    ann.lease()
    team.do(servers.beat_server, server=server)
    team.clock.forward(-HOURS)
    assert bob.lease(2) == [other]
    team.do(servers.beat_server, server=server)
    assert ann.row["last_call"] == team.clock.now
    beating(team, server, 890)
    assert bob.lease(2) == [other]
    assert ann.tab("new").heartbeat()["also_open"] is False


def test_a_lease_ends_a_quarter_of_an_hour_after_a_clock_was_set_back(team: Team) -> None:
    server = register(team)["server"]
    held, other = team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    team.do(servers.beat_server, server=server)
    team.clock.forward(-HOURS)
    team.do(servers.beat_server, server=server)
    beating(team, server, 905)
    assert bob.lease(2) == [held, other]
    assert ann.submit(held) == "surplus"


def test_a_clock_that_was_set_back_while_all_were_down_is_no_time_ahead(team: Team) -> None:
    register(team)
    [held] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    team.hosted(runs.beat)
    team.clock.forward(-HOURS)
    server = register(team)
    assert server["gap"] == 0
    assert ann.row["last_call"] == team.clock.now
    assert team.sql("SELECT beat_at FROM run")[0]["beat_at"] == team.clock.now
    beating(team, server["server"], 905)
    assert bob.lease() == [held]


def test_clocks_that_jump_to_and_fro_count_nothing_twice(
    make_team: Callable[..., Team],
) -> None:
    team = make_team(overlap=2)
    server = register(team)["server"]
    tasks = team.tasks(*[f"t{number}" for number in range(40)])
    people = team.people("ann", "bob", "cleo", "dan")
    chance = random.Random(7)  # noqa: S311
    said = {person.name: set[str]() for person in people}
    for number in range(400):
        if number % 10 == 0:
            team.clock.forward(chance.choice([HOURS, -HOURS, 24 * HOURS, -100.0, 1000.0]))
        beating(team, server, chance.choice([5, 5, 5, 60]))
        person = chance.choice(people)
        for task in person.lease(3)[: chance.randint(0, 3)]:
            assert task not in said[person.name]
            assert person.submit(task) in ("stored", "surplus")
            said[person.name].add(task)
        assert team.broken() == []
    assert {team.state(task) for task in tasks} == {"done"}
    assert {team.counters(task) for task in tasks} == {(2, 2)}
