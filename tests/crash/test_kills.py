"""Annotators at work while processes are killed at random: nothing is lost, asked twice or stuck."""

import contextlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from tests.asynchronous import finish
from tests.crash.annotators import Person
from tests.crash.books import check_answers
from tests.crash.clocks import ProgramsClock, PythonsClock
from tests.crash.disks import Disk, SizeLimit, may_mount, tiny_disk
from tests.crash.processes import Machine, free_port
from tests.crash.trial import LEASE_SECONDS, Trial
from tests.postgresql import PostgreSQL, running

from tallymark.store import Statement, Store

SOAK_KILLS = "TALLYMARK_SOAK_KILLS"


@pytest.fixture
def postgresql_of_ours() -> Iterator[PostgreSQL]:
    """A server that may be killed, and that keeps what it has committed."""
    with running(keeps=True) as served:
        yield served


@contextlib.contextmanager
def a_machine(folder: Path, url: str | None = None, **settings: Any) -> Iterator[Machine]:
    """A fresh database with short leases, and nothing that still runs at the end."""
    settings |= {"port": free_port(), "lease_minutes": LEASE_SECONDS / 60, "update_on": "submit"}
    machine = Machine(folder, url, **settings)
    machine.environment["TALLYMARK_HOME"] = str(folder)
    try:
        yield machine
    finally:
        machine.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    """A machine with a database of each kind; several processes serve on PostgreSQL."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_of_ours").new()
        with a_machine(tmp_path, url, workers=2) as machine:
            yield machine
    else:
        with a_machine(tmp_path) as machine:
            yield machine


@pytest.fixture
def postgresql(machine: Machine, request: pytest.FixtureRequest) -> PostgreSQL | None:
    """The server of the machine's database, or none where that is a file."""
    if isinstance(machine.database, Path):
        return None
    served: PostgreSQL = request.getfixturevalue("postgresql_of_ours")
    return served


def given_source(kind: str, folder: Path, *, overlap: int, rows: int = 0) -> dict[str, Any]:
    """A generator fed by demand until it is enough, or a file fed eagerly with every tenth row double."""
    given = {"update": str(folder / "told.txt"), "settings": {"annotations_per_task": overlap}}
    if kind == "generator":
        return {**given, "count": 10**9, "enough": str(folder / "enough.txt")}
    path = folder / "rows.jsonl"
    texts = [f"text {n}" for n in range(rows)] + [f"text {n}" for n in range(0, rows, 10)]
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return {**given, "source": str(path)}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "overlap"), [("generator", 1), ("file", 2)])
def test_nothing_is_lost_under_kills(
    machine: Machine, postgresql: PostgreSQL | None, tmp_path: Path, kind: str, overlap: int
) -> None:
    given = given_source(kind, tmp_path, overlap=overlap, rows=300)
    kills = 6 if postgresql is not None and kind == "file" else 3
    trial = Trial(machine, given, 8, kills=kills, seed=1, overlap=overlap, postgresql=postgresql)
    trial.check(finish(trial.run()))


@pytest.mark.slow
@pytest.mark.parametrize("machine", ["sqlite"], indirect=True)
def test_nothing_is_lost_or_stuck_while_the_clock_jumps(machine: Machine, tmp_path: Path) -> None:
    clock = PythonsClock(tmp_path)
    machine.environment |= clock.environment
    given = given_source("generator", tmp_path, overlap=1)
    trial = Trial(machine, given, 6, kills=7, seed=2, clock=clock)
    trial.check(finish(trial.run()))
    assert trial.killed["clock"] + trial.killed["clock again"] > 1


@pytest.mark.slow
@pytest.mark.skipif(not ProgramsClock.installed, reason="libfaketime is not installed")
def test_nothing_is_lost_or_stuck_while_the_clock_of_the_database_jumps(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="clock") as folder:
        Path(folder).chmod(0o755)
        clock = ProgramsClock(Path(folder))
        with running(keeps=True, environment=clock.environment) as served:
            url = served.new()
            check_that_it_is_set(url, clock)
            with a_machine(tmp_path, url, workers=2) as machine:
                given = given_source("generator", tmp_path, overlap=1)
                trial = Trial(machine, given, 6, kills=8, seed=3, postgresql=served, clock=clock)
                trial.check(finish(trial.run()))
    assert trial.killed["clock"] + trial.killed["clock again"] > 1


def check_that_it_is_set(url: str, clock: ProgramsClock) -> None:
    """The database's clock follows, or the test would show nothing."""
    seconds = "SELECT extract(epoch FROM clock_timestamp())::float8"
    with psycopg.connect(url) as connection:
        for off in (7200, 0):
            clock.set_off(off)
            row = connection.execute(seconds).fetchone()
            assert row is not None
            assert abs(row[0] - time.time() - off) < 600


@pytest.mark.slow
@pytest.mark.skipif(not may_mount(), reason="only root may mount a file system")
def test_a_disk_that_is_full_loses_nothing_and_work_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk") as disk:
        if disk is None:
            pytest.skip("this machine lets nobody mount a file system")
        with a_machine(disk.folder) as machine:
            trial = full_trial(machine, tmp_path, disk)
            trial.check(finish(trial.run()))
    assert all("The disk is full" in said and "Free some space" in said for said in trial.full)


@pytest.mark.slow
def test_a_limit_on_files_loses_nothing_and_work_goes_on_when_it_is_lifted(tmp_path: Path) -> None:
    with a_machine(tmp_path) as machine:
        trial = full_trial(machine, tmp_path, SizeLimit(lambda: machine.server().pid))
        trial.check(finish(trial.run()))
    assert all("quota" in said for said in trial.full)


def full_trial(machine: Machine, folder: Path, disk: Disk) -> Trial:
    """A trial in which the disk is full now and then."""
    given = given_source("generator", folder, overlap=1)
    return Trial(machine, given, 6, kills=5, seed=1, disk=disk)


NEWEST = "(SELECT max(id) FROM answer)"
BREAKS = {
    "lost": (f"DELETE FROM delivery WHERE answer = {NEWEST}", f"DELETE FROM answer WHERE id = {NEWEST}"),
    "invented": (
        "INSERT INTO answer (op_id, dataset, task, session, revision, status, changes, server_time, beside)"
        " SELECT 'nobody', dataset, task, session, revision + 100, status, changes, server_time, 1"
        f" FROM answer WHERE id = {NEWEST}",
    ),
    "changed": ("UPDATE answer SET changes = replace(changes, 'tab', 'tap')",),
    "not counted": ("UPDATE task SET counted = counted - 1, taken = taken - 1",),
}


@pytest.mark.slow
@pytest.mark.parametrize("machine", ["sqlite"], indirect=True)
def test_what_is_lost_or_invented_is_noticed(machine: Machine, tmp_path: Path) -> None:
    trial = Trial(machine, given_source("file", tmp_path, overlap=1, rows=40), 3, kills=0, seed=1)
    people = finish(trial.run())
    for statements in BREAKS.values():
        with contextlib.closing(Store.open(tmp_path / "tally.db")) as store, pytest.raises(AssertionError):
            break_and_look(store, statements, people)
    trial.check(people)


def break_and_look(store: Store, statements: Sequence[str], people: list[Person]) -> None:
    """Break the database, look whether that is noticed, and undo it: noticing raises."""
    with store.transaction() as tx:
        for statement in statements:
            tx.run(Statement("Break something.", statement))
        check_answers(tx, people, overlap=1)
        raise LookupError("nothing was noticed")


@pytest.mark.soak
def test_nothing_is_lost_under_many_kills(
    machine: Machine, postgresql: PostgreSQL | None, tmp_path: Path
) -> None:
    seed = time.time_ns()
    print(f"seed {seed}")  # noqa: T201 (to repeat a failure)
    kills = int(os.environ.get(SOAK_KILLS, "100"))
    given = given_source("generator", tmp_path, overlap=2)
    trial = Trial(machine, given, 16, kills=kills, seed=seed, overlap=2, postgresql=postgresql)
    trial.check(finish(trial.run()))
