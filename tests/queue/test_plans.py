"""What must stay flat stays flat: indexes are used, and answered tasks cost the next lease nothing."""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.queue.team import SHAPES, Clock, Person, Team

from tallymark.queue import answers, demand, history, lease, seats
from tallymark.store import Statement, Store, Transaction

MANY = 20_000
Call = Callable[[Transaction], object]
COUNTED = ("SELECT", "UPDATE", "INSERT", "DELETE")


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """The plans and steps of SQLite; those of PostgreSQL are in test_postgresql.py."""
    return sqlite_store


def statements(team: Team, call: Call) -> list[str]:
    """The statements that a call runs, with their values."""
    with team.store.transaction() as tx:
        seen: list[str] = []
        tx._connection.set_trace_callback(seen.append)
        try:
            call(tx)
        finally:
            tx._connection.set_trace_callback(None)
    return [text for text in seen if text.lstrip().upper().startswith(COUNTED)]


def plan(team: Team, sql: str) -> list[str]:
    """How the database goes about a statement."""
    with team.store.reading() as tx:
        return [
            str(row["detail"])
            for row in tx.all(Statement("A plan.", f"EXPLAIN QUERY PLAN {sql.replace('-Inf', '-9e999')}"))
        ]


def steps(team: Team, call: Call) -> int:
    """How many steps of its virtual machine the database takes for a call, to the nearest ten."""
    taken = 0

    def ten_more() -> int:
        nonlocal taken
        taken += 10
        return 0

    with team.store.transaction() as tx:
        tx._connection.set_progress_handler(ten_more, 10)
        try:
            call(tx)
        finally:
            tx._connection.set_progress_handler(None, 0)
    return taken


def scans(team: Team, sqls: list[str]) -> Iterator[str]:
    """Steps of plans that read a whole table of tasks, assignments, answers or rows."""
    aliases = {
        "t",
        "a",
        "n",
        "r",
        "m",
        "task",
        "assignment",
        "answer",
        "task_row",
        "document",
        "d",
        "returned",
    }
    for sql in sqls:
        for detail in plan(team, sql):
            scanned = re.match(r"SCAN (\w+)(?! VIRTUAL)", detail)
            if scanned and scanned.group(1) in aliases and "USING" not in detail:
                yield f"{detail}: {sql}"


def a_lease(person: Person, size: int = 10) -> Call:
    return lambda tx: lease.lease(tx, session=person.token, size=size)


def saving(person: Person, tasks: Sequence[str]) -> Call:
    """The call that answers some tasks for the first time."""
    ops = [
        {"op_id": person.team.new_op(), "task_id": task, "status": "submitted", "decision": "accept"}
        for task in tasks
    ]
    return lambda tx: answers.save(tx, session=person.token, ops=ops, shapes=SHAPES)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def filled(memory: Path) -> Path:
    """A database with twenty thousand tasks that want two answers each."""
    path = memory / "filled.db"
    store = Store.open(path, clock=Clock())
    Team(store, Clock()).begin(overlap=2).tasks(*[f"t{number}" for number in range(MANY)])
    store.close()
    return path


@pytest.fixture
def big(filled: Path, tmp_path: Path) -> Iterator[Team]:
    """A team on a copy of it."""
    clock = Clock()
    store = Store.open(shutil.copyfile(filled, tmp_path / "big.db"), clock=clock)
    yield Team(store, clock, fence={"run": 1, "generation": 1})
    store.close()


def test_a_lease_reads_no_whole_table(big: Team) -> None:
    ann, bob = big.people("ann", "bob")
    bob.lease(10)
    big.clock.forward(1000)
    run = statements(big, a_lease(ann))
    assert len(run) > 8
    assert list(scans(big, run)) == []


def test_a_lease_that_finds_nothing_reads_no_whole_table(team: Team) -> None:
    team.tasks("a")
    ann, bob = team.people("ann", "bob")
    bob.lease()
    team.clock.forward(30)
    run = statements(team, a_lease(ann))
    assert list(scans(team, run)) == []


@pytest.mark.parametrize("what", ["heartbeat", "release", "history", "answers"])
def test_the_other_calls_of_a_page_read_no_whole_table(big: Team, what: str) -> None:
    ann = big.seat("ann")
    ann.submit(ann.lease(1)[0])
    calls: dict[str, Call] = {
        "heartbeat": lambda tx: lease.heartbeat(tx, session=ann.token, cursor=0),
        "release": lambda tx: lease.release(tx, session=ann.token),
        "history": lambda tx: history.history(tx, session=ann.token),
        "answers": saving(ann, ann.lease(1)),
    }
    run = statements(big, calls[what])
    assert run
    assert list(scans(big, run)) == []


def test_the_search_for_the_next_task_uses_its_index(big: Team) -> None:
    run = statements(big, a_lease(big.seat("ann")))
    [search] = [sql for sql in run if "FROM task t" in sql and "t.rank" in sql and "LIMIT" in sql]
    details = [detail for detail in plan(big, search) if " t" in detail]
    assert details
    along = ("SEARCH t USING INDEX task_open", "SEARCH t USING INTEGER PRIMARY KEY")
    assert all(any(way in detail for way in along) for detail in details)


def test_the_search_for_overdue_leases_uses_its_indexes(big: Team) -> None:
    run = statements(big, a_lease(big.seat("ann")))
    [search] = [sql for sql in run if "s.held > 0 AND s.last_call <" in sql]
    details = " | ".join(plan(big, search))
    assert "SEARCH s USING INDEX session_holding (dataset=? AND last_call<?)" in details
    assert "SEARCH a USING INDEX assignment_leased (session=?)" in details


def test_a_lease_costs_no_more_after_thousands_of_answers_by_everybody(
    make_team: Callable[..., Team],
) -> None:
    team = make_team(overlap=None)
    tasks = team.tasks(*[f"t{number}" for number in range(2_500)])
    ann, _bob = team.people("ann", "bob")
    first = steps(team, a_lease(ann))
    assert ann.lease(2_000) == tasks[:2_000]
    team.do(saving(ann, tasks[:2_000]))
    assert steps(team, a_lease(ann)) <= first * 1.5


def test_a_lease_costs_no_more_after_thousands_of_done_tasks(team: Team) -> None:
    tasks = team.tasks(*[f"t{number}" for number in range(2_500)])
    ann, bob = team.people("ann", "bob")
    first = steps(team, a_lease(ann))
    team.do(saving(ann, tasks[:2_000]))
    assert steps(team, a_lease(ann)) <= first * 1.5
    assert steps(team, a_lease(bob)) <= first * 1.5


def test_an_answer_costs_no_more_after_thousands_of_answers(team: Team) -> None:
    tasks = team.tasks(*[f"t{number}" for number in range(2_500)])
    ann = team.seat("ann")
    first = steps(team, saving(ann, tasks[:1]))
    team.do(saving(ann, tasks[1:2_000]))
    assert steps(team, saving(ann, tasks[-1:])) <= first * 1.5


# -- who may have a task ------------------------------------------------------------------------------


def mixed(team: Team, others: int) -> list[str]:
    """Twenty German tasks behind so many others; ann knows German alone."""
    team.do(seats.set_tags, annotators={"ann": {"languages": ["de"]}, "bob": {"languages": ["en"]}})
    team.tasks(*[f"t{number}" for number in range(others)], needs={"languages": ["en"]})
    return team.tasks(*[f"d{number}" for number in range(20)], needs={"languages": ["de"]})


def cost(team: Team, others: int, call: Callable[[Person], Call], *, through: bool = False) -> int:
    """The steps of a call of ann's, behind so many tasks of others; `through`: with hers all answered."""
    german = mixed(team, others)
    ann = team.seat("ann")
    if through:
        team.do(saving(ann, german))
        assert ann.idle() == "exhausted"
    return steps(team, call(ann))


@pytest.mark.parametrize("through", [False, True])
@pytest.mark.parametrize("call", [a_lease, lambda ann: lambda tx: lease.heartbeat(tx, session=ann.token)])
def test_tasks_for_others_cost_nothing(
    make_team: Callable[..., Team], call: Callable[[Person], Call], through: bool
) -> None:
    team = make_team()
    few = cost(team, 20, call, through=through)
    assert cost(team.other("many"), 2_500, call, through=through) <= few * 1.5


def test_feeding_looks_at_the_tasks_of_those_who_are_there(make_team: Callable[..., Team]) -> None:
    def wanted(team: Team, others: int) -> int:
        mixed(team, others)
        team.people("ann", "bob")
        return steps(team, lambda tx: demand.demand(tx, **team.fence, batch_size=10, ahead=20))

    team = make_team()
    few = wanted(team, 50)
    assert wanted(team.other("many"), 2_500) <= few * 1.5


def test_no_search_for_an_audience_reads_a_whole_table(team: Team) -> None:
    mixed(team, 100)
    team.tasks("named", people=["zoe"], fallback=60.0)
    ann, bob = team.people("ann", "bob")
    bob.lease(5)
    for number in range(3):
        team.clock.forward(30.0 * number)
        run = [*statements(team, a_lease(ann)), *statements(team, a_lease(team.seat(f"eve{number}")))]
        assert list(scans(team, run)) == []


def test_a_further_answer_is_found_along_its_index(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=1, most=2)
    tasks = team.tasks(*[f"t{number}" for number in range(50)])
    ann, bob = team.people("ann", "bob")
    team.do(saving(ann, tasks))
    run = statements(team, a_lease(bob))
    [search] = [sql for sql in run if "t.taken < t.most" in sql and "SELECT t.id, t.rank" in sql]
    assert any("SEARCH t USING INDEX task_more" in detail for detail in plan(team, search))
    assert list(scans(team, run)) == []


def answered_all(team: Team, number: int) -> Person:
    """Somebody who has answered so many tasks, which all want more people, and found nothing else."""
    tasks = team.tasks(*[f"t{n}" for n in range(number)])
    ann = team.seat("ann")
    team.do(saving(ann, tasks))
    assert ann.idle() in ("exhausted", "waiting")
    return ann


@pytest.mark.parametrize("settings", [{"overlap": 1, "most": 3}, {"overlap": 2}, {"overlap": None}])
def test_whoever_has_answered_everything_looks_past_it_once(
    make_team: Callable[..., Team], settings: dict[str, int | None]
) -> None:
    team = make_team(**settings)
    team.people("bob", "cyd")
    few = steps(team, a_lease(answered_all(team, 20)))
    many = team.other("many", **settings)
    many.people("bob", "cyd")
    ann = answered_all(many, 800)
    assert steps(many, a_lease(ann)) <= few * 1.5
    bob = many.seat("bob")
    taken = bob.lease(5)
    assert len(taken) == 5
    [new] = many.tasks("new")
    assert ann.lease(1) == [new]
    ann.release()
    bob.release()
    assert ann.lease(5) == [new]
