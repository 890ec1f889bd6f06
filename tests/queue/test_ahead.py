"""Answers that wait together: one transaction for all, each its own where anything fails."""

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
from tallymark.store.statements import render_many
from tallymark.types import AckDict

PATIENCE = 60.0
PLACE = Statement("Where this is.", "SELECT 'here'")
LOCK_TASK = Statement("Lock a task.", "SELECT id FROM task t WHERE t.id = :id {lock:t}")
PROCESS = Statement("The connection.", "SELECT pg_backend_pid()")
BAD = Statement("No number.", "SELECT 1 / (SELECT count(*) FROM quarantine WHERE op_id = 'no')")
NOBODY = Reach("nobody", (), ())


ON_POSTGRESQL = pytest.mark.parametrize("store", ["postgresql"], indirect=True)


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    made = Writer(store)
    yield made
    made.close()


Free = Callable[[], None]


@pytest.fixture
def gate(writer: Writer, store: Store) -> Iterator[Callable[[], Free]]:
    """As many groups as can be are under way from its call until what it gives is called: work piles up."""
    free, busy = threading.Event(), threading.Semaphore(0)

    def wait(_: Transaction) -> None:
        busy.release()
        assert free.wait(PATIENCE)

    def close() -> Free:
        for _ in range(min(GROUPS, store.writers)):
            writer.submit(wait, reach=NOBODY)
            assert busy.acquire(timeout=PATIENCE)
        return free.set

    yield close
    free.set()


Saved = tuple[Transaction, list[AckDict]]


def saving(writer: Writer, person: Person, *ops: dict[str, Any]) -> "Future[Saved]":
    """The transaction that some operations are stored in, and what became of them."""

    def work(tx: Transaction) -> Saved:
        acks = answers.save(tx, session=person.token, ops=list(ops), shapes=SHAPES)  # type: ignore[arg-type]
        return tx, acks

    return writer.submit(work, reach=answers.reach_of(person.token, list(ops)))  # type: ignore[arg-type]


def results(futures: "list[Future[Saved]]") -> list[str]:
    return [future.result(PATIENCE)[1][0]["result"] for future in futures]


def test_what_waits_together_is_stored_together(team: Team, writer: Writer, gate: Callable[[], Free]) -> None:
    team.tasks("a", "b", "c", "d")
    people = team.people("ann", "bob", "cem")
    ops = [person.op(person.lease()[0]) for person in people]
    free = gate()
    futures = [saving(writer, person, op) for person, op in zip(people, ops, strict=True)]
    free()
    assert len({id(future.result(PATIENCE)[0]) for future in futures}) == 1
    assert results(futures) == ["stored"] * 3
    assert team.books()["tasks"]["done"] == 3


def test_a_seat_and_a_task_may_be_in_a_group_more_than_once(
    make_team: Callable[..., Team], writer: Writer, gate: Callable[[], Free]
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
    free = gate()
    futures = [saving(writer, person, op) for person, op in said]
    free()
    assert results(futures) == ["stored", "stored", "repeated", "stored", "stored"]
    assert len({id(future.result(PATIENCE)[0]) for future in futures}) == 1
    assert (team.counters(first), team.counters(second)) == ((2, 2), (2, 1))
    assert ann.revision(first) == 2


def test_a_slot_that_one_frees_promotes_what_another_edits(
    make_team: Callable[..., Team], writer: Writer, gate: Callable[[], Free]
) -> None:
    """What the second call asks changes with the first one, so that it must not be foreseen."""
    team = make_team(ignore_counts=False)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    ann.submit(task)
    assert bob.submit(task) == "surplus"
    mine, yours = ann.op(task, base=1, decision="ignore"), bob.op(task, base=1, decision="reject")
    free = gate()
    futures = [saving(writer, ann, mine), saving(writer, bob, yours)]
    free()
    assert results(futures) == ["stored", "stored"]
    assert (bob.assignment(task)["standing"], team.counters(task)) == ("counted", (1, 1))


def test_an_error_is_its_own_and_hurts_nobody_else(
    team: Team, writer: Writer, gate: Callable[[], Free]
) -> None:
    team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    mine, yours = ann.op(ann.lease()[0]), bob.op(bob.lease()[0])
    free = gate()
    stored = [saving(writer, ann, mine), saving(writer, bob, yours)]
    unknown = writer.submit(
        lambda tx: answers.save(tx, session="nobody", ops=[], shapes=SHAPES), reach=NOBODY
    )
    free()
    assert results(stored) == ["stored", "stored"]
    with pytest.raises(NotKnown):
        unknown.result(PATIENCE)


def test_what_fits_nowhere_is_kept_and_the_others_are_stored(
    team: Team, writer: Writer, gate: Callable[[], Free]
) -> None:
    team.tasks("a", "b")
    ann, bob, cem = team.people("ann", "bob", "cem")
    [mine], [yours] = ann.lease(), bob.lease()
    op, same, lost = ann.op(mine), bob.op(yours), cem.op("999")
    free = gate()
    said = [(ann, op), (bob, {**same, "op_id": op["op_id"]}), (cem, lost)]
    futures = [saving(writer, person, told) for person, told in said]
    free()
    assert sorted(results(futures)) == ["quarantined", "quarantined", "stored"]
    [again] = results([saving(writer, cem, cem.op("999"))])
    assert again == "quarantined"


def test_an_operation_in_quarantine_stays_there(team: Team, writer: Writer, gate: Callable[[], Free]) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    op = {**ann.op(task), "status": "nonsense"}
    assert ann.send(op)["result"] == "quarantined"
    free = gate()
    futures = [saving(writer, ann, {**op, "status": "submitted"})]
    free()
    assert results(futures) == ["quarantined"]


@ON_POSTGRESQL
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


def test_cancelled_work_is_not_done(team: Team, writer: Writer, gate: Callable[[], Free]) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    op = ann.op(task)
    free = gate()
    future = saving(writer, ann, op)
    assert future.cancel()
    free()
    writer.close()
    with pytest.raises(CancelledError):
        future.result(PATIENCE)
    assert team.counters(task) == (0, 0)


def test_closing_does_what_was_submitted(team: Team, writer: Writer, gate: Callable[[], Free]) -> None:
    tasks = team.tasks("a", "b", "c")
    people = team.people("ann", "bob", "cem")
    ops = [person.op(task) for person, task in zip(people, tasks, strict=True)]
    free = gate()
    futures = [saving(writer, person, op) for person, op in zip(people, ops, strict=True)]
    free()
    writer.close()
    assert results(futures) == ["stored"] * 3


@ON_POSTGRESQL
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


@ON_POSTGRESQL
def test_how_many_rows_were_touched_is_not_known(store: Store) -> None:
    with pytest.raises(NotImplementedError), store.swift_transaction() as tx:
        tx.touched(PLACE)


def test_a_savepoint_that_is_needed_undoes_everything(store: Store) -> None:
    with pytest.raises(StoreConflict, match="by itself"), store.swift_transaction() as tx, tx.savepoint():
        raise ValueError("mine")


@ON_POSTGRESQL
def test_an_error_comes_out_at_the_latest_with_the_commit(store: Store) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), store.swift_transaction() as tx:
        tx.run(BAD)


@ON_POSTGRESQL
def test_an_error_that_is_swallowed_does_not_pass_for_a_commit(store: Store) -> None:
    with pytest.raises(StoreConflict, match="undid"), store.swift_transaction() as tx:  # noqa: SIM117
        with suppress(psycopg.Error), tx._connection.pipeline():
            tx._connection.execute(BAD.sql)  # leaving it waits for all answers


@ON_POSTGRESQL
def test_a_connection_lost_in_the_middle_is_said(store: Store, postgresql: PostgreSQL) -> None:
    with pytest.raises(StoreUnavailable), store.swift_transaction() as tx:  # noqa: PT012
        with psycopg.connect(postgresql.url(), autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 10000)", [tx.value(PROCESS)])
        tx.value(PLACE)
    with store.swift_transaction() as tx:
        assert tx.value(PLACE)


ADD = Statement("A document.", "INSERT INTO document (text) VALUES (:text)", types={"text": "text"})
RENAME = Statement("Another text.", "UPDATE document SET text = :new WHERE text = :old")
DOCUMENTS = Statement("All.", "SELECT text FROM document ORDER BY id")


def documents(tx: Transaction) -> list[str]:
    return [row["text"] for row in tx.all(DOCUMENTS)]


def test_writes_keep_their_order_within_a_call(store: Store) -> None:
    with store.swift_transaction() as tx:
        for n in range(3):
            with tx.savepoint():
                tx.run(ADD, {"text": f"a{n}"})
                tx.run(RENAME, {"new": f"b{n}", "old": f"a{n}"})
                tx.run(ADD, {"text": f"a{n}"})
        assert sorted(documents(tx)) == ["a0", "a1", "a2", "b0", "b1", "b2"]
        tx.many(ADD, [])
        tx.run(ADD, {"text": "last"})
    with store.reading() as tx:
        assert documents(tx)[-1] == "last"


def test_ids_are_new_behind_what_waits(sqlite_store: Store) -> None:
    with sqlite_store.swift_transaction() as tx:
        tx.run(ADD, {"text": "a"})
        assert min(tx.new_ids("document", 2)) > 1


def test_a_statement_for_many_rows_needs_the_types_of_its_parameters() -> None:
    with pytest.raises(ValueError, match="Another text"):
        render_many(RENAME)
    assert "SELECT given_text FROM unnest(CAST(%(text)s AS text[])) AS given(given_text)" in render_many(ADD)


def test_what_was_foreseen_is_not_asked(store: Store) -> None:
    with store.swift_transaction() as tx:
        tx.foresee(DOCUMENTS, {}, None)
        tx.run(ADD, {"text": "a"})
        assert tx.one(DOCUMENTS) is None
        assert tx.value(DOCUMENTS) == "a"
