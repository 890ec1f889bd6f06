"""Servers: where a database is served, and time in which nobody could call."""

from typing import Any

import pytest
from tests.queue.team import START, Team

from tallymark.queue import servers


def register(team: Team, address: str = "127.0.0.1:8080") -> dict[str, Any]:
    return team.do(servers.register_server, address=address, secret="s", pid=7, version="0.1")


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
    team.clock.forward(890)
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
    team.clock.forward(100)
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
