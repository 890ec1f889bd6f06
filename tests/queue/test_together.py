"""Many at once, where the database lets them: nobody gets too much, nothing is stored twice or lost."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.queue.team import SHAPES, Clock, Person, Team, new_task

from tallymark.errors import Fenced, StoreConflict
from tallymark.queue import answers, audit, datasets, enqueue, lease, operate, people, runs, seats
from tallymark.queue.writer import Writer
from tallymark.store import Statement, Store, Transaction
from tallymark.store.engine import TRIES

PATIENCE = 60.0
LOCK_TASK = Statement("Lock a task.", "SELECT id FROM task t WHERE t.id = :id {lock:t}")
RANK = Statement("Touch a task.", "UPDATE task SET rank = rank WHERE id = :id")


@pytest.fixture
def store(postgresql_store: Store) -> Store:
    """SQLite has one writer, so this is about PostgreSQL alone."""
    return postgresql_store


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=8) as threads:
        yield threads


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    made = Writer(store)
    yield made
    made.close()


def work_until_nothing_is_left(writer: Writer, person: Person) -> list[str]:
    """Lease and answer a few at a time, as a page does; the tasks that were answered."""
    done: list[str] = []
    while True:
        reply = writer.call(
            lambda tx: lease.lease(tx, session=person.token, client_id="c", size=3), timeout=PATIENCE
        )
        held = [entry["task_id"] for entry in reply["tasks"]]
        if not held:
            return done
        ops = [
            {"op_id": f"{person.name}:{task}", "task_id": task, "status": "submitted", "decision": "accept"}
            for task in held
        ]
        acks = writer.call(
            lambda tx, ops=ops: answers.save(  # type: ignore[misc]
                tx, session=person.token, ops=ops, shapes=SHAPES, client_id="c"
            ),
            timeout=PATIENCE,
        )
        assert {ack["result"] for ack in acks} == {"stored"}
        done += held


def test_eight_people_at_once_never_get_more_of_a_task_than_it_wants(
    make_team: Callable[..., Team], writer: Writer, pool: ThreadPoolExecutor
) -> None:
    team = make_team(overlap=2)
    tasks = team.tasks(*[f"t{number}" for number in range(60)])
    team.stream("ended")
    people = team.people(*[f"p{number}" for number in range(8)])
    done = list(pool.map(lambda person: work_until_nothing_is_left(writer, person), people))
    assert Counter(task for each in done for task in each) == dict.fromkeys(tasks, 2)
    assert {team.counters(task) for task in tasks} == {(2, 2)}


def test_who_finds_everything_locked_waits_instead_of_being_told_that_nothing_is_left(
    team: Team, pool: ThreadPoolExecutor
) -> None:
    [task] = team.tasks("a")
    team.stream("ended")
    ann = team.seat("ann")
    with team.store.transaction() as tx:
        tx.lock(LOCK_TASK, {"id": int(task)})
        waiting = pool.submit(ann.lease)
        wait_for_a_waiter(tx)
    assert waiting.result(PATIENCE) == [task]


def test_what_somebody_else_had_locked_in_vain_comes_next(team: Team) -> None:
    first, *others = team.tasks("a", "b", "c", "d")
    ann = team.seat("ann")
    with team.store.transaction() as tx:
        tx.lock(LOCK_TASK, {"id": int(first)})
        assert ann.lease(2) == others[:2]
    assert team.broken() == []
    assert ann.lease(3) == [first, *others[:2]]


def test_many_requests_of_one_seat_at_once_are_one_after_the_other(
    team: Team, writer: Writer, pool: ThreadPoolExecutor
) -> None:
    team.tasks(*[f"t{number}" for number in range(20)])
    ann = team.seat("ann")

    def ask(number: int) -> int:
        client = f"c{number % 4}"
        reply = writer.call(
            lambda tx: lease.lease(tx, session=ann.token, client_id=client, size=2), timeout=PATIENCE
        )
        return len(reply["tasks"])

    assert list(pool.map(ask, range(40))) == [2] * 40
    assert ann.row["held"] == 8


def test_the_same_operation_sent_many_times_at_once_is_stored_once(
    team: Team, writer: Writer, pool: ThreadPoolExecutor
) -> None:
    team.tasks("a")
    ann = team.seat("ann")
    op = ann.op(ann.lease()[0])

    def send(_: int) -> str:
        acks = writer.call(
            lambda tx: answers.save(tx, session=ann.token, ops=[op], shapes=SHAPES),  # type: ignore[list-item]
            timeout=PATIENCE,
        )
        return acks[0]["result"]

    assert Counter(pool.map(send, range(16))) == {"stored": 1, "repeated": 15}


def test_a_seat_that_many_claim_at_once_is_one_seat(
    team: Team, writer: Writer, pool: ThreadPoolExecutor
) -> None:
    def claim(_: int) -> str:
        claimed: dict[str, Any] = writer.call(
            lambda tx: seats.claim_seat(tx, dataset=team.dataset, name="ann"), timeout=PATIENCE
        )
        return str(claimed["session"])

    assert len(set(pool.map(claim, range(16)))) == 1


def test_a_seat_that_somebody_else_is_just_making_is_waited_for(team: Team, pool: ThreadPoolExecutor) -> None:
    with team.store.transaction() as tx:
        made = seats.claim_seat(tx, dataset=team.dataset, name="ann")
        waiting = pool.submit(team.seat, "ann")
        wait_for_a_waiter(tx)
    assert waiting.result(PATIENCE).token == made["session"]


def test_a_dataset_that_many_make_at_once_is_made_once(writer: Writer, pool: ThreadPoolExecutor) -> None:
    def make(_: int) -> bool:
        made: dict[str, Any] = writer.call(
            lambda tx: datasets.ensure_dataset(tx, name="news"), timeout=PATIENCE
        )
        return bool(made["created"])

    assert Counter(pool.map(make, range(16))) == {True: 1, False: 15}


def test_hosts_and_imports_that_add_the_same_at_once_make_it_once(
    team: Team, writer: Writer, pool: ThreadPoolExecutor
) -> None:
    batch = [new_task({"text": f"t{number}"}) for number in range(30)]
    added = pool.map(
        lambda _: writer.call(
            lambda tx: enqueue.enqueue(tx, **team.fence, tasks=batch), timeout=PATIENCE, bulk=True
        )["added"],
        range(8),
    )
    assert sorted(added) == [0] * 7 + [30]


def test_a_new_seat_and_the_last_answer_at_once_leave_no_task_done_too_early(
    make_team: Callable[..., Team], writer: Writer, pool: ThreadPoolExecutor
) -> None:
    team = make_team(overlap=None)
    tasks = team.tasks(*[f"t{number}" for number in range(24)])
    team.stream("ended")
    ann = team.seat("ann")
    answering = pool.submit(work_until_nothing_is_left, writer, ann)
    joined = [
        pool.submit(
            writer.call,
            lambda tx, name=name: seats.claim_seat(tx, dataset=team.dataset, name=name),
            timeout=PATIENCE,
        )
        for name in ("bob", "cleo", "dan")
    ]
    assert sorted(answering.result(PATIENCE), key=int) == tasks
    assert all(future.result(PATIENCE) for future in joined)
    assert {team.state(task) for task in tasks} == {"open"}


def test_overdue_leases_expire_once_however_many_come_by(
    team: Team, clock: Clock, writer: Writer, pool: ThreadPoolExecutor
) -> None:
    tasks = team.tasks(*[f"t{number}" for number in range(24)])
    team.stream("ended")
    gone = team.people("g1", "g2", "g3")
    assert sum(len(person.lease(8)) for person in gone) == 24
    clock.forward(2000)
    people = team.people(*[f"p{number}" for number in range(6)])
    found = pool.map(lambda person: work_until_nothing_is_left(writer, person), people)
    assert sorted((task for each in found for task in each), key=int) == tasks
    assert [person.row["held"] for person in gone] == [0, 0, 0]


def test_operators_and_people_in_each_others_way_both_get_their_way(
    make_team: Callable[..., Team], writer: Writer, pool: ThreadPoolExecutor
) -> None:
    team = make_team(overlap=2)
    team.tasks(*[f"t{number}" for number in range(30)])
    team.stream("ended")
    people = team.people("ann", "bob", "cleo")

    def meddle(number: int) -> None:
        writer.call(lambda tx: operate.release_all(tx, dataset=team.dataset), timeout=PATIENCE)
        wanted = 2 + number % 2
        writer.call(
            lambda tx: operate.set_overlap(tx, dataset=team.dataset, overlap=wanted), timeout=PATIENCE
        )

    def answer(person: Person) -> None:
        for _ in range(12):
            reply = writer.call(lambda tx: lease.lease(tx, session=person.token, size=3), timeout=PATIENCE)
            ops = [person.op(entry["task_id"]) for entry in reply["tasks"]]
            writer.call(
                lambda tx, ops=ops: answers.save(  # type: ignore[misc]
                    tx, session=person.token, ops=ops, shapes=SHAPES
                ),
                timeout=PATIENCE,
            )

    waiting = [pool.submit(answer, person) for person in people]
    waiting += [pool.submit(meddle, number) for number in range(4)]
    for future in waiting:
        future.result(PATIENCE)
    with team.store.reading() as tx:
        assert audit.balances(tx, dataset=team.dataset)["balanced"]


def wait_for_a_waiter(tx: Transaction) -> None:
    """Until another connection of this database waits for a lock."""
    waiters = Statement(
        "Who waits for a lock.",
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    again = Statement("Look anew at who does what.", "SELECT pg_stat_clear_snapshot()")
    for _ in range(20_000):
        tx.all(again)
        if tx.value(waiters):
            return
    raise AssertionError("nobody waits")


Operation = Callable[[Team, str], object]
OPERATIONS: dict[str, Operation] = {
    "release": lambda team, _: team.operator(operate.release_all),
    "withdraw": lambda team, task: team.operator(operate.withdraw_task, task_id=task),
    "bar": lambda team, task: team.operator(operate.set_ineligible, session="ann", task_ids=[task]),
    "retire": lambda team, _: team.operator(seats.retire_seat, name="ann"),
    "send back": lambda team, task: team.operator(
        people.send_answer_back, task_id=task, session="ann", comment="Look again."
    ),
}


@pytest.mark.parametrize("what", OPERATIONS)
def test_an_operator_waits_for_a_seat_before_any_task_is_locked(
    team: Team, pool: ThreadPoolExecutor, what: str
) -> None:
    task, other = team.tasks("a", "b")
    ann = team.seat("ann")
    assert ann.lease(2) == [task, other]
    if what == "send back":
        ann.submit(task)
    with team.store.transaction() as tx:
        seats.lock_seat(tx, ann.token)
        waiting = pool.submit(OPERATIONS[what], team, task)
        wait_for_a_waiter(tx)
        tx.lock(LOCK_TASK, {"id": int(task)})  # as the seat's own calls do; the operator has it not
    waiting.result(PATIENCE)
    assert team.broken() == []


def test_what_two_wait_for_of_each_other_is_done_again(team: Team, pool: ThreadPoolExecutor) -> None:
    first, second = (int(task) for task in team.tasks("a", "b"))
    meet = threading.Barrier(2)
    tries = Counter[str]()

    def work(name: str, mine: int, other: int) -> Callable[[Transaction], None]:
        def change(tx: Transaction) -> None:
            tries[name] += 1
            tx.run(RANK, {"id": mine})
            if tries.total() <= 2:
                meet.wait(PATIENCE)
            tx.run(RANK, {"id": other})

        return change

    one = pool.submit(team.store.do, work("one", first, second))
    two = pool.submit(team.store.do, work("two", second, first))
    one.result(PATIENCE)
    two.result(PATIENCE)
    assert tries.total() == 3


def test_what_is_always_in_the_way_is_given_up_and_said(store: Store, writer: Writer) -> None:
    tried = Counter[str]()

    def never(_: Transaction) -> None:
        tried["never"] += 1
        raise StoreConflict("in the way")

    with pytest.raises(StoreConflict):
        writer.call(never, timeout=PATIENCE)
    assert tried["never"] == TRIES


def test_a_host_that_is_being_replaced_stores_all_of_a_batch_or_nothing(
    team: Team, pool: ThreadPoolExecutor
) -> None:
    with team.store.transaction() as tx:
        runs.fenced(tx, **team.fence)
        replacing = pool.submit(
            team.store.do,
            lambda other: runs.start_run(
                other, dataset=team.dataset, recipe="mark", command="mark", view_id="text"
            ),
        )
        wait_for_a_waiter(tx)
        added = enqueue.enqueue(tx, **team.fence, tasks=[new_task({"text": "a"})])
    assert added["added"] == 1
    assert replacing.result(PATIENCE)["generation"] == 2
    with pytest.raises(Fenced):
        team.tasks("b")
