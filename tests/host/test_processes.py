"""Hosts and servers as real processes: they find each other, survive each other, and end together."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.crash.processes import Machine, free_port, until

from tallymark.channel.find import LivingServer, living_server
from tallymark.channel.locks import held, server_lock
from tallymark.config import resolve
from tallymark.host.launch import Launch, ServerOptions
from tallymark.server.channel import open_channel

pytestmark = pytest.mark.slow


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A fresh database with a port of its own."""
    machine = Machine(tmp_path, port=free_port())
    yield machine
    machine.close()


def bound_to(port: int) -> socket.socket | None:
    """The port taken, unless somebody else has it."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return None


def other_than(old: LivingServer, found: LivingServer | None) -> LivingServer | None:
    """A server, unless it is the old one."""
    return None if found is None or found.pid == old.pid else found


def annotate(client: httpx.Client, dataset: str = "news") -> tuple[str, list[dict[str, Any]]]:
    """Sit down and lease until three tasks are held; the host feeds while people come."""
    seat = client.post("/api/v1/sessions", json={"name": "ann", "dataset": dataset}).json()

    def lease() -> list[dict[str, Any]] | None:
        reply = client.post(f"/api/v1/sessions/{seat['session']}/lease", json={"size": 3}).json()
        tasks: list[dict[str, Any]] = reply["tasks"]
        return tasks if len(tasks) == 3 else None

    return seat["session"], until(lease, "three tasks")


def test_a_killed_server_comes_back_at_its_address_with_the_same_leases(machine: Machine) -> None:
    host = machine.start()
    host.heard("Annotate at")
    before = machine.server()
    with machine.client() as client:
        session, tasks = annotate(client)
        machine.kill_server()
        after = until(lambda: other_than(before, living_server(machine.database)), "a new server")
        assert after.address.url == before.address.url
        again = client.post(f"/api/v1/sessions/{session}/lease", json={"size": 3}).json()["tasks"]
    assert [task["task_id"] for task in again] == [task["task_id"] for task in tasks]


def test_the_server_outlives_a_killed_host_and_the_next_adopts_it(machine: Machine) -> None:
    first = machine.start()
    first.heard("Annotate at")
    server = machine.server()
    with machine.client() as client:
        _, leased = annotate(client)
        first.kill()
        assert [task["task_id"] for task in annotate(client)[1]] == [task["task_id"] for task in leased]
    second = machine.start()
    second.heard("Annotate at")
    assert machine.server() == server
    assert second.interrupt() == 0
    assert not held(server_lock(machine.database))


def test_after_both_are_killed_the_next_start_takes_the_same_address(machine: Machine) -> None:
    first = machine.start()
    first.heard("Annotate at")
    before = machine.server()
    first.kill()
    machine.kill_server()
    until(lambda: not held(server_lock(machine.database)), "the lock")
    machine.start().heard("Annotate at")
    assert machine.server().address.url == before.address.url


def test_a_taken_port_makes_the_page_move_and_it_says_so(machine: Machine) -> None:
    first = machine.start()
    first.heard("Annotate at")
    url = machine.server().address.url
    assert first.interrupt() == 0
    with socket.create_server(("127.0.0.1", int(url.rpartition(":")[2]))):
        second = machine.start()
        assert url.rpartition(":")[2] in second.heard("is taken by another program")
        assert url in second.heard("It was at")
        assert machine.server().address.url != url


def test_another_port_than_before_is_told_as_a_move_and_not_as_taken(machine: Machine) -> None:
    first = machine.start()
    first.heard("Annotate at")
    url = machine.server().address.url
    assert first.interrupt() == 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    second = machine.start(settings={"port": port})
    second.heard("Annotate at")
    assert url in second.heard("It was at")
    assert machine.server().address.url.endswith(f":{port}")
    assert not [line for line in second.lines if "taken" in line]


def test_a_restarted_server_that_has_to_move_says_so(machine: Machine) -> None:
    host = machine.start()
    host.heard("Annotate at")
    url = machine.server().address.url
    machine.kill_server()
    with until(lambda: bound_to(int(url.rpartition(":")[2])), "the port"):
        assert url in host.heard("The page moved from")


def test_a_second_start_is_refused_by_name_and_take_over_replaces_the_first(machine: Machine) -> None:
    first = machine.start()
    first.heard("Annotate at")
    second = machine.start()
    assert f"process {first.process.pid}" in second.heard("error busy")
    assert second.ended() == 1
    third = machine.start(settings={"take_over": True})
    assert first.ended() == 3
    third.heard("Annotate at")
    assert third.interrupt() == 0


def test_two_datasets_share_one_server_until_the_last_host_ends(machine: Machine) -> None:
    news = machine.start("news")
    news.heard("Annotate at")
    blogs = machine.start("blogs")
    assert "?dataset=blogs" in blogs.heard("Annotate at")
    server = machine.server()
    assert news.interrupt() == 0
    news.heard("The server goes on for blogs.")
    assert living_server(machine.database) == server
    assert blogs.interrupt() == 0
    assert not held(server_lock(machine.database))


def test_ctrl_c_delivers_what_is_settled_and_keeps_the_leases(machine: Machine, tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    host = machine.start(update=str(told))
    host.heard("Annotate at")
    assert os.getsid(machine.server().pid) != os.getsid(host.process.pid)
    with machine.client() as client:
        session, tasks = annotate(client)
        answer = {"op_id": "1", "task_id": tasks[0]["task_id"], "status": "submitted", "decision": "accept"}
        client.post(f"/api/v1/sessions/{session}/answers", json={"ops": [answer]})
    assert host.interrupt() == 0
    assert told.read_text() == "text 0\n"
    again = machine.start(update=str(told))
    again.heard("Annotate at")
    with machine.client() as client:
        held_now = annotate(client)[1]
    assert [task["task"]["text"] for task in held_now] == ["text 1", "text 2", "text 3"]
    assert again.interrupt() == 0
    assert told.read_text() == "text 0\n"


def test_an_orphaned_server_can_be_stopped(machine: Machine) -> None:
    host = machine.start()
    host.heard("Annotate at")
    host.kill()
    command = [sys.executable, "-m", "tallymark.server", "--database", str(machine.database), "--stop"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "stopped\n"
    assert not held(server_lock(machine.database))
    assert "nobody serves" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_commands_write_through_the_living_server_and_by_themselves_without_one(machine: Machine) -> None:
    with open_channel(machine.database) as channel:
        channel.call("datasets.ensure_dataset", name="gold")
        assert held(server_lock(machine.database))
    host = machine.start()
    host.heard("Annotate at")
    with open_channel(machine.database) as channel:
        assert channel.call("datasets.ensure_dataset", name="gold")["created"] is False
    assert host.interrupt() == 0


def test_a_server_of_another_version_is_replaced(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = resolve(environ={}, keywords={**machine.settings, "open": False})
    old = Launch(ServerOptions.of(settings))
    address = old.address()
    assert Launch(ServerOptions.of(settings)).address() == address
    monkeypatch.setattr("tallymark.__version__", "999")
    new = Launch(ServerOptions.of(settings))
    assert new.address().url == address.url
    assert new.address().secret != address.secret
    until(lambda: not old.alive(), "the end of the older server")
    new.leave(lambda line: pytest.fail(line))
    assert not held(server_lock(machine.database))


def test_a_start_that_fails_leaves_no_server(machine: Machine) -> None:
    host = machine.start(fail="no model")
    host.heard("error recipe: The recipe's on_load failed.")
    assert host.ended() == 1
    assert not held(server_lock(machine.database))


def test_a_host_whose_recipe_saves_nothing_leaves_nothing(machine: Machine, tmp_path: Path) -> None:
    host = machine.start("")
    host.heard("Nothing is saved")
    host.heard("Annotate at")
    assert host.interrupt() == 0
    assert not (tmp_path / "tally.db").exists() or not held(server_lock(machine.database))


def test_a_second_ctrl_c_stops_at_once_and_leaves_no_server(machine: Machine) -> None:
    host = machine.start(linger=True)
    host.heard("Annotate at")
    host.signal()
    host.heard("lingering")
    assert host.interrupt() == 130
    assert not held(server_lock(machine.database))
    host = machine.start()
    host.heard("Annotate at")
    with machine.client() as client:
        assert client.get("/api/v1/project").json()["dataset"] == "news"


def test_one_database_has_one_lock_for_a_dataset_whatever_its_path(machine: Machine, tmp_path: Path) -> None:
    host = machine.start()
    host.heard("Annotate at")
    (tmp_path / "link").symlink_to(tmp_path)
    linked = str(tmp_path / "link" / "tally.db")
    second = machine.start(settings={"database": linked, "home": str(tmp_path / "elsewhere")})
    assert "is served already, by process" in second.heard("error busy")
    assert second.ended() == 1
