"""What only PostgreSQL does: a server that may be away, text it refuses, plans of its own."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from tests.postgresql import PostgreSQL
from tests.queue.team import SHAPES, START, Clock, Team

from tallymark import jsontext
from tallymark.databases import shown, without_password
from tallymark.errors import StoreConflict, StoreError, StoreUnavailable
from tallymark.queue import answers, history, lease
from tallymark.store import Statement, Store, Transaction, is_database_failure
from tallymark.store.postgresql import PostgreSQLDatabase
from tallymark.store.transaction import json_ids

ADD = Statement("Add a document.", "INSERT INTO document (text) VALUES (:text) RETURNING id")
PUT = Statement("Put documents.", "INSERT INTO document (text) VALUES (:text)")
TEXTS = Statement("All documents.", "SELECT text FROM document ORDER BY id")
SLEEPER = Statement("The connection.", "SELECT pg_backend_pid()")
PASSWORD = "s3cr3t"


@pytest.fixture
def store(postgresql_store: Store) -> Store:
    return postgresql_store


def texts(store: Store) -> list[str]:
    with store.reading() as tx:
        return [row["text"] for row in tx.all(TEXTS)]


# -- opening ------------------------------------------------------------------------------------------


def test_a_database_keeps_its_id_and_is_made_once(postgresql: PostgreSQL) -> None:
    url = postgresql.new()
    with pytest.raises(StoreError, match=r"There is no database at .*db-in runs"):
        Store.open(url, read_only=True)
    opened = [
        Store.open(url),
        Store.open(url),
        Store.open(url.replace("postgresql:", "postgres:"), read_only=True),
    ]
    assert len({each.database_id for each in opened}) == 1
    assert opened[0].path is None
    for each in opened:
        each.close()


def test_other_tables_of_the_database_are_left_alone(postgresql: PostgreSQL) -> None:
    url = postgresql.new()
    with psycopg.connect(url, autocommit=True) as mine:
        mine.execute("CREATE TABLE task (mine int)")
        Store.open(url).close()
        row = mine.execute("SELECT count(*) FROM task").fetchone()
        assert row == (0,)


def test_a_schema_that_is_there_is_used(postgresql: PostgreSQL) -> None:
    url = postgresql.new()
    with psycopg.connect(url, autocommit=True) as mine:
        mine.execute("CREATE SCHEMA tallymark")
    Store.open(url).close()
    Store.open(url, read_only=True).close()


def test_a_newer_database_is_refused(postgresql: PostgreSQL) -> None:
    url = postgresql.new()
    Store.open(url).close()
    with psycopg.connect(url, autocommit=True) as mine:
        mine.execute("UPDATE tallymark.database SET schema_version = 99")
    with pytest.raises(StoreError, match="newer Tallymark"):
        Store.open(url)


def test_a_store_opened_for_reading_does_not_write(store: Store, postgresql: PostgreSQL) -> None:
    with store.reading() as tx, pytest.raises(StoreError, match="may only be read"):
        tx.insert(ADD, {"text": "a"})
    assert texts(store) == []


def test_nobody_at_the_address_is_said_without_the_password(postgresql: PostgreSQL) -> None:
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        Store.open(f"postgresql://ann:{PASSWORD}@127.0.0.1:1/none?connect_timeout=2")
    error: BaseException | None = caught.value
    while error is not None:
        assert PASSWORD not in str(error)
        error = error.__cause__
    assert "ann:***@127.0.0.1:1/none" in str(caught.value)


def test_a_database_that_does_not_exist_is_named(postgresql: PostgreSQL) -> None:
    with pytest.raises(StoreError, match='database "nowhere" does not exist'):
        Store.open(postgresql.url("nowhere"))


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("postgresql://ann:s3cr3t@host/name", "postgresql://ann:***@host/name"),
        ("postgresql://ann:s3@cr3t@host/name", "postgresql://ann:***@host/name"),
        ("postgresql://host/name?user=ann&password=s3cr3t", "postgresql://host/name?user=ann&password=***"),
        ("postgresql://ann@host/name", "postgresql://ann@host/name"),
        ("/some/where.db", "/some/where.db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, seen: str) -> None:
    assert shown(url) == seen


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ann:s3@cr3t@host/n", 'no host "cr3t@host"'),
        ("postgresql://ann:s%33cr3t@host/n", "no s3cr3t"),
        ("postgresql://host/n?password=s3cr3t", "no s3cr3t"),
    ],
)
def test_a_message_is_said_without_what_may_be_the_password(url: str, said: str) -> None:
    assert "cr3t" not in without_password(said, url)


# -- transactions -------------------------------------------------------------------------------------


def test_writers_read_what_is_committed_and_readers_a_snapshot(store: Store) -> None:
    level = Statement("The level.", "SHOW transaction_isolation")
    with store.transaction() as tx:
        assert (tx.value(level), tx.concurrent) == ("read committed", True)
    with store.reading() as tx:
        assert (tx.value(level), tx.concurrent) == ("repeatable read", False)


def test_the_time_is_the_databases_unless_a_clock_is_given(store: Store, postgresql: PostgreSQL) -> None:
    with store.transaction() as tx:
        assert (tx.now, store.now) == (START, START)
    own = Store.open(postgresql.emptied())
    clock = Statement("The time.", "SELECT extract(epoch FROM clock_timestamp())::float8")
    with own.reading() as tx:
        assert 0 <= tx.value(clock) - tx.now < 60
        assert abs(own.now - tx.now) < 60
    own.close()


def test_a_reader_locks_nothing(store: Store) -> None:
    with store.reading() as tx:
        tx.lock(Statement("What only who writes may do.", "DELETE FROM document"))
        assert tx.all(Statement("Locked.", "SELECT id FROM document d {lock:d}")) == []


def test_a_lost_connection_is_replaced(store: Store, postgresql: PostgreSQL) -> None:
    with store.reading() as tx:
        process = tx.value(SLEEPER)
    end(postgresql, process)
    assert texts(store) == []


def test_a_connection_lost_in_the_middle_stores_nothing_and_the_next_one_works(
    store: Store, postgresql: PostgreSQL
) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be used just now"), store.transaction() as tx:
        break_off(tx, postgresql)
    assert texts(store) == []


def test_a_connection_lost_before_a_savepoint_is_a_failure_of_the_database(
    store: Store, postgresql: PostgreSQL
) -> None:
    with pytest.raises(StoreUnavailable), store.transaction() as tx:  # noqa: PT012
        end(postgresql, tx.value(SLEEPER))
        with pytest.raises(StoreUnavailable, match="cannot be used just now") as caught, tx.savepoint():
            raise AssertionError("a savepoint was begun")
        assert is_database_failure(caught.value)
        tx.new_ids("task", 1)


def test_a_server_that_ends_every_connection_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PostgreSQLDatabase, "_taken", lambda *_: (None, 0.0))
    with pytest.raises(StoreUnavailable, match="ends every connection"):
        texts(store)


def test_a_transaction_that_cannot_begin_is_explained(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> float:
        raise psycopg.errors.OutOfMemory

    monkeypatch.setattr(PostgreSQLDatabase, "_timed", fail)
    with pytest.raises(StoreUnavailable):
        texts(store)


def break_off(tx: Transaction, postgresql: PostgreSQL) -> None:
    with tx.savepoint():
        tx.insert(ADD, {"text": "lost"})
        end(postgresql, tx.value(SLEEPER))
        tx.insert(ADD, {"text": "lost"})


def end(postgresql: PostgreSQL, process: int) -> None:
    with psycopg.connect(postgresql.url(), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 10000)", [process])


def test_an_error_that_is_swallowed_does_not_pass_for_a_commit(store: Store) -> None:
    with pytest.raises(StoreError, match="undid the transaction"), store.transaction() as tx:  # noqa: PT012
        tx.insert(ADD, {"text": "a"})
        with pytest.raises(psycopg.errors.UniqueViolation):
            tx.run(Statement("Twice.", "INSERT INTO document (id, text) VALUES (7, 'a'), (7, 'b')"))
    assert texts(store) == []


def test_a_savepoint_outlives_an_error(store: Store) -> None:
    with store.transaction() as tx:
        tx.insert(ADD, {"text": "a"})
        with pytest.raises(psycopg.errors.UniqueViolation) as caught, tx.savepoint():
            tx.many(Statement("Twice.", "INSERT INTO document (id, text) VALUES (7, :t)"), [{"t": "a"}] * 2)
        tx.insert(ADD, {"text": "b"})
    assert not is_database_failure(caught.value)
    assert texts(store) == ["a", "b"]


def test_ids_are_never_given_twice(store: Store) -> None:
    with pytest.raises(ValueError, match="undo"), store.transaction() as tx:  # noqa: PT012
        given = tx.new_ids("task", 3)
        raise ValueError("undo")
    with store.transaction() as tx:
        assert list(tx.new_ids("task", 2)) == [given[-1] + 1, given[-1] + 2]


def test_rows_are_streamed_and_read_by_name_or_number(store: Store) -> None:
    with store.transaction() as tx:
        tx.many(PUT, [{"text": str(n)} for n in range(2500)])
    with store.reading() as tx:
        found = [(row["text"], row[0], row.keys()) for row in tx.stream(TEXTS)]
    assert found == [(str(n), str(n), ["text"]) for n in range(2500)]


def test_numbers_keep_their_kind(store: Store) -> None:
    kinds = Statement(
        "Numbers.", "SELECT sum(CAST(:whole AS bigint)) AS n, CAST(:part AS float8) AS f, :flag AS b"
    )
    with store.reading() as tx:
        row = tx.all(kinds, {"whole": 2**60, "part": 0.1, "flag": True})[0]
    assert [(type(value), value) for value in (row["n"], row["f"], row["b"])] == [
        (int, 2**60),
        (float, 0.1),
        (int, 1),
    ]


def test_quoted_text_and_per_cent_signs_are_no_parameters(store: Store) -> None:
    with store.reading() as tx:
        assert tx.value(Statement("Signs.", "SELECT 'a:b %' || :c"), {"c": "%s"}) == "a:b %%s"


EXACT = ("\x00", "a\x00b", "\ud83d", "\ud83d\ude00", "ä\udc00", 2**80, 0.1 + 0.2, 5e-324, -0.0, "\u2028")


@pytest.mark.parametrize("value", EXACT, ids=ascii)
def test_documents_are_exact_whatever_is_in_them(store: Store, value: Any) -> None:
    written = jsontext.dumps({"text": value})
    with store.transaction() as tx:
        tx.insert(ADD, {"text": written})
    [read] = texts(store)
    assert read == written
    assert repr(jsontext.loads(read)) == repr(jsontext.loads(written))


def test_what_cannot_be_stored_in_other_text_is_kept_readable(store: Store) -> None:
    with store.transaction() as tx:
        tx.many(PUT, [{"text": "a\x00"}, {"text": "b\ud83d"}])
        tx.insert(ADD, {"text": "c\x00"})
    assert texts(store) == ["a\\x00", "b\\ud83d", "c\\x00"]


@pytest.mark.parametrize(
    ("state", "kind", "message"),
    [
        ("40001", StoreConflict, "in the way"),
        ("40P01", StoreConflict, "in the way"),
        ("53100", StoreUnavailable, "disk of .* is full"),
        ("53300", StoreUnavailable, "cannot be used just now"),
        ("55P03", StoreUnavailable, "cannot be used just now"),
        ("42501", StoreError, "may only be read"),
        ("XX001", StoreError, "is damaged"),
    ],
)
def test_failures_of_the_database_are_explained(
    store: Store, state: str, kind: type[StoreError], message: str
) -> None:
    error = psycopg.errors.lookup(state)("what the driver says")
    with pytest.raises(StoreError, match=message) as caught, store.transaction():
        raise error
    assert type(caught.value) is kind
    assert is_database_failure(caught.value)
    assert type(store.explained(error)) is kind


def test_what_a_failed_pipeline_was_to_prepare_is_prepared_by_who_comes_next(store: Store) -> None:
    more = Statement("One more.", "SELECT CAST(:n AS BIGINT) + 1")

    def fail(n: int) -> None:
        with store.swift_transaction() as tx:
            tx.run(Statement("Divide.", "SELECT 1 / CAST(:n AS BIGINT)"), {"n": 0})
            tx.value(more, {"n": n})

    for n in range(20):  # psycopg prepares what a connection is given the sixth time
        with pytest.raises(psycopg.Error):
            fail(n)
        with store.transaction() as tx:
            assert tx.value(more, {"n": n}) == n + 1


def test_mistakes_of_the_program_are_not_failures_of_the_database(store: Store) -> None:
    mistake = psycopg.errors.SyntaxError("mine")
    assert store.explained(mistake) is mistake
    assert isinstance(store.explained(ValueError("mine")), ValueError)
    with pytest.raises(psycopg.errors.SyntaxError), store.transaction():
        raise mistake


# -- plans --------------------------------------------------------------------------------------------

MANY = 3_000
Call = Callable[[Transaction], object]


def plans(team: Team, call: Call, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How PostgreSQL goes about the statements of a call."""
    asked: list[tuple[str, Any]] = []
    with team.store.transaction() as tx:
        real = type(tx)._execute

        def noting(self: Any, statement: Statement, parameters: Any, *, keys: int = 0) -> Any:
            asked.append((self._rendered(statement, keys), dict(parameters)))
            return real(self, statement, parameters, keys=keys)

        with monkeypatch.context() as patched:
            patched.setattr(type(tx), "_execute", noting)
            call(tx)
        explain = [(sql, given) for sql, given in asked if re.match(r"\s*(WITH|SELECT|UPDATE|DELETE)", sql)]
        return [
            "\n".join(row[0] for row in tx._connection.execute("EXPLAIN " + sql, given))
            for sql, given in explain
        ]


@pytest.fixture(scope="module")
def many(postgresql: PostgreSQL) -> Iterator[Team]:
    """Three thousand tasks of which a thousand are answered, and statistics about them."""
    clock = Clock()
    store = Store.open(postgresql.new(), clock=clock)
    team = Team(store, clock).begin()
    tasks = team.tasks(*[f"t{number}" for number in range(MANY)])
    ann = team.seat("ann")
    for start in range(0, 1000, 100):
        ops = [ann.op(task, op_id=f"op {task}", base=0) for task in tasks[start : start + 100]]
        ann.save(*ops)
    team.sql("ANALYZE task, assignment, answer, document, session, returned, draft, draft_op, task_row")
    yield team
    store.close()


@pytest.mark.parametrize("what", ["lease", "heartbeat", "release", "history", "answers"])
def test_no_call_of_a_page_reads_a_whole_table(
    many: Team, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = many.people("ann", "bob")
    bob.lease(5)
    many.clock.forward(2000)
    held = ann.lease(1)
    op = {"op_id": f"new {what}", "task_id": held[0], "status": "submitted", "decision": "accept"}
    calls: dict[str, Call] = {
        "lease": lambda tx: lease.lease(tx, session=ann.token, size=10),
        "heartbeat": lambda tx: lease.heartbeat(tx, session=ann.token, cursor=0),
        "release": lambda tx: lease.release(tx, session=ann.token),
        "history": lambda tx: history.history(tx, session=ann.token),
        "answers": lambda tx: answers.save(tx, session=ann.token, ops=[op], shapes=SHAPES),  # type: ignore[list-item]
    }
    found = plans(many, calls[what], monkeypatch)
    assert len(found) > 2
    whole = re.compile(r"Seq Scan on (task|assignment|answer|document)\b")
    assert [plan for plan in found if whole.search(plan)] == []


def test_the_search_for_the_next_task_walks_along_its_index(
    many: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = many.seat("ann")
    many.sql("DELETE FROM returned")
    found = plans(many, lambda tx: lease.lease(tx, session=ann.token, size=10), monkeypatch)
    [search] = [plan for plan in found if "LockRows" in plan and "Limit" in plan and "task_open" in plan]
    assert search.count("task_open") == 2
    assert "->  Sort" not in search  # but of the few that were found


def test_ids_are_looked_up_one_by_one(many: Team) -> None:
    some = Statement("Some tasks.", "SELECT id FROM task t WHERE t.id IN {ids} ORDER BY t.id {lock:t}")
    with many.store.transaction() as tx:
        assert [row["id"] for row in tx.all(some, {"ids": json_ids([3, 1, 2])})] == [1, 2, 3]
