"""Answers that wait together on PostgreSQL: one transaction for all, each its own where anything fails."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from tests.postgresql import PostgreSQL
from tests.queue.team import SHAPES, Person, Team

from tallymark.errors import NotKnown, StoreConflict, StoreUnavailable
from tallymark.queue import answers, lease
from tallymark.queue.ahead import Reach
from tallymark.queue.writer import GROUPS, Writer
from tallymark.store import Statement, Store, Transaction
from tallymark.types import AckDict

PATIENCE = 60.0
PLACE = Statement("Which transaction this is.", "SELECT pg_current_xact_id()::text")
LOCK_TASK = Statement("Lock a task.", "SELECT id FROM task t WHERE t.id = :id {lock:t}")
PROCESS = Statement("The connection.", "SELECT pg_backend_pid()")
BAD = Statement("No number.", "SELECT 1 / (SELECT count(*) FROM quarantine WHERE op_id = 'no')")
NOBODY = Reach("nobody", (), ())


@pytest.fixture
def store(postgresql_store: Store) -> Store:
    """SQLite commits everything together, so this is about PostgreSQL alone."""
    return postgresql_store


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    made = Writer(store)
    yield made
    made.close()


@pytest.fixture
def gate(writer: Writer) -> Iterator[Callable[[], None]]:
    """As many groups as can be are under way until this is called, so that work piles up."""
    free, busy = threading.Event(), threading.Semaphore(0)

    def wait(_: Transaction) -> None:
        busy.release()
        assert free.wait(PATIENCE)

    for _ in range(GROUPS):
        writer.submit(wait, reach=NOBODY)
        assert busy.acquire(timeout=PATIENCE)
    yield free.set
    free.set()


Saved = tuple[str, list[AckDict]]


def saving(writer: Writer, person: Person, *ops: dict[str, Any]) -> "Future[Saved]":
    """The transaction that some operations are stored in, and what became of them."""

    def work(tx: Transaction) -> Saved:
        acks = answers.save(tx, session=person.token, ops=list(ops), shapes=SHAPES)  # type: ignore[arg-type]
        return tx.value(PLACE), acks

    return writer.submit(work, reach=answers.reach_of(person.token, list(ops)))  # type: ignore[arg-type]


def results(futures: "list[Future[Saved]]") -> list[str]:
    return [future.result(PATIENCE)[1][0]["result"] for future in futures]


def test_what_waits_together_is_stored_together(team: Team, writer: Writer, gate: Callable[[], None]) -> None:
    team.tasks("a", "b", "c", "d")
    people = team.people("ann", "bob", "cem")
    futures = [saving(writer, person, person.op(person.lease()[0])) for person in people]
    gate()
    assert len({future.result(PATIENCE)[0] for future in futures}) == 1
    assert results(futures) == ["stored"] * 3
    assert team.books()["tasks"]["done"] == 3


def test_a_seat_and_a_task_may_be_in_a_group_more_than_once(
    make_team: Callable[..., Team], writer: Writer, gate: Callable[[], None]
) -> None:
    team = make_team(overlap=2)
    first, second = team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease(2)
    bob.lease(2)
    mine = ann.op(first)
    edit = ann.op(first, base=1, decision="reject")
    said = [
        (ann, mine),
        (bob, bob.op(first)),
        (ann, mine),
        (ann, edit),
        (ann, ann.op(second, decision="ignore")),
    ]
    futures = [saving(writer, person, op) for person, op in said]
    gate()
    assert results(futures) == ["stored", "stored", "repeated", "stored", "stored"]
    assert len({future.result(PATIENCE)[0] for future in futures}) == 1
    assert (team.counters(first), team.counters(second)) == ((2, 2), (2, 1))
    assert ann.revision(first) == 2


def test_a_slot_that_one_frees_promotes_what_another_edits(
    make_team: Callable[..., Team], writer: Writer, gate: Callable[[], None]
) -> None:
    """What the second call asks changes with the first one, so that it must not be foreseen."""
    team = make_team(ignore_counts=False)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    ann.submit(task)
    assert bob.submit(task) == "surplus"
    futures = [
        saving(writer, ann, ann.op(task, base=1, decision="ignore")),
        saving(writer, bob, bob.op(task, base=1, decision="reject")),
    ]
    gate()
    assert results(futures) == ["stored", "stored"]
    assert (bob.assignment(task)["standing"], team.counters(task)) == ("counted", (1, 1))


def test_an_error_is_its_own_and_hurts_nobody_else(
    team: Team, writer: Writer, gate: Callable[[], None]
) -> None:
    team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    stored = [saving(writer, person, person.op(person.lease()[0])) for person in (ann, bob)]
    unknown = writer.submit(
        lambda tx: answers.save(tx, session="nobody", ops=[], shapes=SHAPES), reach=NOBODY
    )
    gate()
    assert results(stored) == ["stored", "stored"]
    with pytest.raises(NotKnown):
        unknown.result(PATIENCE)


def test_what_fits_nowhere_is_kept_and_the_others_are_stored(
    team: Team, writer: Writer, gate: Callable[[], None]
) -> None:
    team.tasks("a", "b")
    ann, bob, cem = team.people("ann", "bob", "cem")
    [mine], [yours] = ann.lease(), bob.lease()
    op = ann.op(mine)
    futures = [
        saving(writer, ann, op),
        saving(writer, bob, {**bob.op(yours), "op_id": op["op_id"]}),
        saving(writer, cem, cem.op("999")),
    ]
    gate()
    assert sorted(results(futures)) == ["quarantined", "quarantined", "stored"]
    [again] = results([saving(writer, cem, cem.op("999"))])
    assert again == "quarantined"


def test_an_operation_in_quarantine_stays_there(team: Team, writer: Writer, gate: Callable[[], None]) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    op = {**ann.op(task), "status": "nonsense"}
    assert ann.send(op)["result"] == "quarantined"
    futures = [saving(writer, ann, {**op, "status": "submitted"})]
    gate()
    assert results(futures) == ["quarantined"]


def test_who_has_to_wait_for_a_lock_holds_nobody_else_up(team: Team, writer: Writer, store: Store) -> None:
    mine, yours = team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    bob.lease()
    with store.transaction() as tx:
        tx.lock(LOCK_TASK, {"id": int(mine)})
        waits = saving(writer, ann, ann.op(mine))
        assert results([saving(writer, bob, bob.op(yours))]) == ["stored"]
        assert not waits.done()
    assert results([waits]) == ["stored"]


def test_cancelled_work_is_not_done(team: Team, writer: Writer, gate: Callable[[], None]) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    future = saving(writer, ann, ann.op(task))
    assert future.cancel()
    gate()
    writer.close()
    with pytest.raises(CancelledError):
        future.result(PATIENCE)
    assert team.counters(task) == (0, 0)


def test_closing_does_what_was_submitted(team: Team, writer: Writer, gate: Callable[[], None]) -> None:
    tasks = team.tasks("a", "b", "c")
    people = team.people("ann", "bob", "cem")
    futures = [saving(writer, person, person.op(task)) for person, task in zip(people, tasks, strict=True)]
    gate()
    writer.close()
    assert results(futures) == ["stored"] * 3


def test_a_lost_connection_is_replaced(team: Team, writer: Writer, postgresql: PostgreSQL) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    with team.store.reading() as tx:
        process = tx.value(PROCESS)
    with psycopg.connect(postgresql.url(), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 10000)", [process])
    assert results([saving(writer, ann, ann.op(task))]) == ["stored"]


def test_a_lease_goes_out_swiftly_and_comes_back_as_ever(team: Team, writer: Writer) -> None:
    tasks = team.tasks("a", "b", "c")
    ann = team.seat("ann")
    reply = writer.submit(lambda tx: lease.lease(tx, session=ann.token, size=2), swift=True).result(PATIENCE)
    assert [entry["task_id"] for entry in reply["tasks"]] == tasks[:2]
    unknown = writer.submit(lambda tx: lease.lease(tx, session="nobody"), swift=True)
    with pytest.raises(NotKnown):
        unknown.result(PATIENCE)


# -- swift transactions -------------------------------------------------------------------------------


def test_the_time_is_the_databases(postgresql: PostgreSQL) -> None:
    own = Store.open(postgresql.emptied())
    clock = Statement("The time.", "SELECT extract(epoch FROM clock_timestamp())::float8")
    with own.swift_transaction() as tx:
        assert 0 <= tx.value(clock) - tx.now < 60
        assert tx.now == tx.now
    own.close()


def test_how_many_rows_were_touched_is_not_known(store: Store) -> None:
    with pytest.raises(NotImplementedError), store.swift_transaction() as tx:
        tx.touched(PLACE)


def test_a_savepoint_that_is_needed_undoes_everything(store: Store) -> None:
    with pytest.raises(StoreConflict, match="by itself"), store.swift_transaction() as tx, tx.savepoint():
        raise ValueError("mine")


def test_an_error_comes_out_at_the_latest_with_the_commit(store: Store) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), store.swift_transaction() as tx:
        tx.run(BAD)


def test_an_error_that_is_swallowed_does_not_pass_for_a_commit(store: Store) -> None:
    with pytest.raises(StoreConflict, match="undid"), store.swift_transaction() as tx:  # noqa: PT012
        tx.run(BAD)
        with suppress(psycopg.Error), tx._connection.pipeline():
            pass  # leaving it waits for all answers


def test_a_connection_lost_in_the_middle_is_said(store: Store, postgresql: PostgreSQL) -> None:
    with pytest.raises(StoreUnavailable), store.swift_transaction() as tx:  # noqa: PT012
        with psycopg.connect(postgresql.url(), autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 10000)", [tx.value(PROCESS)])
        tx.value(PLACE)
    with store.swift_transaction() as tx:
        assert tx.value(PLACE)


def test_sqlite_has_no_messages_to_save(sqlite_store: Store) -> None:
    with sqlite_store.swift_transaction() as tx:
        tx.foresee(PLACE, {}, None)
        tx.run(Statement("A document.", "INSERT INTO document (text) VALUES ('a')"))
    with sqlite_store.reading() as tx:
        assert tx.value(Statement("All.", "SELECT count(*) FROM document")) == 1
