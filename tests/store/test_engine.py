"""Opening a database, and transactions: all of it or nothing."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.queue.team import START, Clock, Team

from tallymark.databases import place_of
from tallymark.errors import InputError, StoreError, StoreUnavailable
from tallymark.store import Row, Statement, Store, Transaction, is_database_failure
from tallymark.store import sqlite as sqlite_files
from tallymark.store.sqlite import SQLiteDatabase
from tallymark.store.transaction import KEY_STEPS

ADD = Statement("Add a document.", "INSERT INTO document (text) VALUES (:text) RETURNING id")
PUT = Statement("Put documents.", "INSERT INTO document (text) VALUES (:text)")
TEXTS = Statement("All documents.", "SELECT text FROM document ORDER BY id")
CHOSEN = Statement("Some documents.", "SELECT text FROM document WHERE text IN {keys} ORDER BY id")
COUNTERS = Statement("The counters.", "SELECT queued, done, withdrawn FROM dataset")


def texts(store: Store) -> list[str]:
    with store.reading() as tx:
        return [row["text"] for row in tx.all(TEXTS)]


def counters(team: Team) -> tuple[int, ...]:
    return tuple(team.sql("SELECT queued, done, withdrawn FROM dataset")[0])  # type: ignore[arg-type]


def sqlite(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


# -- leaving nothing behind ---------------------------------------------------------------------------


def files_with(path: Path, words: str) -> set[str]:
    """Which files of a database hold some words."""
    return {file.name for file in path.parent.glob(f"{path.name}*") if words.encode() in file.read_bytes()}


def scrubbed(store: Store) -> None:
    with store.transaction() as tx:
        tx.run(Statement("Nothing is left.", "DELETE FROM document"))
        tx.scrubs = True


@pytest.fixture
def written(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """A database of one file with a document."""
    opened = Store.open(tmp_path / "t.db", clock=clock)
    with opened.transaction() as tx:
        tx.insert(ADD, {"text": "a secret"})
    yield opened
    opened.close()


def test_what_is_scrubbed_is_in_no_file(tmp_path: Path, written: Store) -> None:
    assert files_with(tmp_path / "t.db", "a secret") != set()
    scrubbed(written)
    assert files_with(tmp_path / "t.db", "a secret") == set()
    assert texts(written) == []


def test_a_reader_holds_up_nobody_and_the_rest_is_done_later(
    tmp_path: Path,
    written: Store,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sqlite_files, "SCRUB_SECONDS", 0.01)
    with written.reading() as tx:
        assert len(tx.all(TEXTS)) == 1
        scrubbed(written)
        assert len(tx.all(TEXTS)) == 1
    assert "something reads the database. This is tried again" in caplog.text
    assert files_with(tmp_path / "t.db", "a secret") != set()
    put(written, "soon")
    assert files_with(tmp_path / "t.db", "a secret") != set()
    clock.forward(sqlite_files.SCRUB_AGAIN_SECONDS)
    put(written, "later")
    assert files_with(tmp_path / "t.db", "a secret") == set()
    assert texts(written) == ["soon", "later"]


def test_a_scrub_that_fails_is_told_and_done_later(
    tmp_path: Path,
    written: Store,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sqlite_files, "SCRUB_SECONDS", 0.01)
    other = sqlite3.connect(tmp_path / "t.db", isolation_level=None)
    beside = SQLiteDatabase._beside

    def locked(database: SQLiteDatabase) -> sqlite3.Connection:
        other.execute("BEGIN IMMEDIATE")
        return beside(database)

    with monkeypatch.context() as hindered:
        hindered.setattr(SQLiteDatabase, "_beside", locked)
        scrubbed(written)
    other.close()
    assert "database is locked. This is tried again" in caplog.text
    clock.forward(sqlite_files.SCRUB_AGAIN_SECONDS)
    put(written, "later")
    assert files_with(tmp_path / "t.db", "a secret") == set()


def put(store: Store, text: str) -> None:
    with store.transaction() as tx:
        tx.insert(ADD, {"text": text})


# -- opening ------------------------------------------------------------------------------------------


def test_a_database_is_made_with_its_folders_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "some" / "folder" / "new.db"
    Store.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("address", ["mysql://ann:s3cret@db/x", "https://db/x"])
def test_a_url_of_another_database_is_no_path(address: str) -> None:
    with pytest.raises(InputError, match="is not supported") as refused:
        place_of(address)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("address", ["{}/t.db", "sqlite:///{}/t.db"])
def test_a_path_and_its_url_are_the_same_database(tmp_path: Path, address: str) -> None:
    Store.open(tmp_path / "t.db").close()
    opened = Store.open(address.format(tmp_path))
    assert opened.path == tmp_path / "t.db"
    opened.close()


@pytest.mark.parametrize("name", ["a?b.db", "a#b.db", "100%.db", "ä b.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    opened = Store.open(tmp_path / name)
    opened.close()
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".db"] == [name]


def test_a_database_keeps_its_id(tmp_path: Path) -> None:
    first, other = Store.open(tmp_path / "1.db"), Store.open(tmp_path / "2.db")
    again = Store.open(tmp_path / "1.db", read_only=True)
    assert first.database_id == again.database_id != other.database_id
    for opened in (first, again, other):
        opened.close()


def test_a_store_opened_for_reading_reads_and_does_not_write(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "t.db"
    writing, reading = Store.open(path), Store.open(path, clock=clock, read_only=True)
    with writing.transaction() as tx:
        tx.insert(ADD, {"text": "a"})
    assert (texts(reading), reading.now) == (["a"], START)
    with pytest.raises(StoreError, match="may only be read"), reading.transaction() as tx:
        tx.insert(ADD, {"text": "b"})
    assert texts(writing) == ["a"]
    writing.close()
    reading.close()


def foreign(path: Path) -> None:
    sqlite(path, "CREATE TABLE mine (a)")


def newer(path: Path) -> None:
    Store.open(path).close()
    sqlite(path, "UPDATE database SET schema_version = 99")


def headless(path: Path) -> None:
    Store.open(path).close()
    sqlite(path, "DELETE FROM database")


def text_file(path: Path) -> None:
    path.write_text("This is not a database, but it is long enough to look like one. " * 100)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (foreign, "not one of Tallymark"),
        (newer, "newer Tallymark"),
        (headless, "newer Tallymark"),
        (text_file, "is no SQLite database"),
        (Path.mkdir, "cannot be opened"),
    ],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_not_ours_is_refused_and_left_as_it_is(
    tmp_path: Path, make: Callable[[Path], None], message: str, read_only: bool
) -> None:
    path = tmp_path / "t.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError, match=message):
        Store.open(path, read_only=read_only)
    if make in (foreign, text_file):
        assert (path.read_bytes(), list(tmp_path.iterdir())) == (before, [path])


def test_a_missing_database_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no database at"):
        Store.open(tmp_path / "none.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_no_database_to_read(tmp_path: Path) -> None:
    (tmp_path / "t.db").touch()
    with pytest.raises(StoreError, match="not one of Tallymark"):
        Store.open(tmp_path / "t.db", read_only=True)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/t\.db cannot be opened"):
        Store.open(tmp_path / "file" / "t.db")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("mysql://host/name", "not supported"),
        ("sqlite://", "not supported"),
        ("://", "not a database address"),
    ],
)
def test_an_address_that_names_no_database_is_refused(address: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        Store.open(address)


# -- transactions -------------------------------------------------------------------------------------


def test_a_transaction_that_raises_stores_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.transaction() as tx:  # noqa: PT012
        tx.insert(ADD, {"text": "a"})
        raise RuntimeError
    assert texts(store) == []


def test_a_commit_that_fails_stores_nothing_and_the_next_one_works(sqlite_store: Store) -> None:
    defer = Statement("Look at foreign keys at the commit.", "PRAGMA defer_foreign_keys = ON")
    lost = Statement("A source of nothing.", "INSERT INTO media (dataset, mount, folder) VALUES (99, '', '')")
    with pytest.raises(sqlite3.IntegrityError), sqlite_store.transaction() as tx:  # noqa: PT012
        tx.run(defer)
        tx.run(lost)
        tx.insert(ADD, {"text": "a"})
    with sqlite_store.transaction() as tx:
        tx.insert(ADD, {"text": "b"})
    assert texts(sqlite_store) == ["b"]


def test_a_reader_sees_one_snapshot(store: Store) -> None:
    with store.reading() as reader:
        assert reader.all(TEXTS) == []
        with store.transaction() as tx:
            tx.insert(ADD, {"text": "a"})
        assert reader.all(TEXTS) == []
    assert texts(store) == ["a"]


def test_the_time_of_a_transaction_stands_still(store: Store, clock: Clock) -> None:
    with store.transaction() as tx:
        clock.forward(5)
        assert (tx.now, store.now) == (START, START + 5)


def test_rows_come_one_at_a_time_or_all_or_first(store: Store) -> None:
    with store.transaction() as tx:
        assert (tx.one(TEXTS), tx.value(TEXTS), list(tx.new_ids("document", 2))) == (None, None, [1, 2])
        tx.many(Statement("Add.", "INSERT INTO document (text) VALUES (:t)"), [{"t": "a"}, {"t": "b"}])
        assert tx.value(TEXTS) == "a"
        assert [row["text"] for row in tx.stream(TEXTS)] == ["a", "b"]
        assert tx.touched(Statement("Drop all.", "DELETE FROM document")) == 2


@pytest.mark.parametrize("count", [0, *(step + more for step in KEY_STEPS for more in (0, 1)), 1500])
def test_any_number_of_keys_finds_each_row_once(store: Store, count: int) -> None:
    keys = [str(number) for number in range(count)]
    with store.transaction() as tx:
        tx.many(
            Statement("Add.", "INSERT INTO document (text) VALUES (:text)"),
            [{"text": key} for key in [*keys, "other"]],
        )
        assert [row["text"] for row in tx.by_keys(CHOSEN, keys)] == keys


# -- savepoints ---------------------------------------------------------------------------------------


def add_and_fail(tx: Transaction) -> None:
    tx.insert(ADD, {"text": "lost"})
    raise ValueError


def test_a_savepoint_undoes_what_is_inside_and_no_more(store: Store) -> None:
    with store.transaction() as tx:
        tx.insert(ADD, {"text": "before"})
        with pytest.raises(ValueError), tx.savepoint():  # noqa: PT011
            add_and_fail(tx)
        with tx.savepoint():
            tx.insert(ADD, {"text": "kept"})
            with pytest.raises(ValueError), tx.savepoint():  # noqa: PT011
                add_and_fail(tx)
            tx.insert(ADD, {"text": "after"})
    assert texts(store) == ["before", "kept", "after"]


def tally_and_fail(tx: Transaction, datasets: Sequence[int]) -> None:
    for dataset in datasets:
        tx.tally(dataset, queued=10, done=10, withdrawn=10)
    raise ValueError


def test_a_savepoint_undoes_the_tallies_inside_it(store: Store, clock: Clock) -> None:
    team = Team(store, clock).begin()
    dataset = team.sql("SELECT id FROM dataset")[0]["id"]
    with store.transaction() as tx:
        with pytest.raises(ValueError), tx.savepoint():  # noqa: PT011
            tally_and_fail(tx, [dataset])
        assert not any(tx.pending(dataset).values())
        tx.tally(dataset, queued=3, done=1)
        with pytest.raises(ValueError), tx.savepoint():  # noqa: PT011
            tally_and_fail(tx, [dataset, dataset + 1])
        tx.tally(dataset, withdrawn=1)
        assert dict(tx.pending(dataset)) == {"queued": 3, "done": 1, "withdrawn": 1, "freed": 0}
        assert tuple(row_values(tx.one(COUNTERS))) == (0, 0, 0)
    assert counters(team) == (3, 1, 1)


def row_values(row: Row | None) -> list[int]:
    assert row is not None
    return [row[name] for name in ("queued", "done", "withdrawn")]


def test_tallies_are_lost_with_their_transaction(store: Store, clock: Clock) -> None:
    team = Team(store, clock).begin()
    dataset = team.sql("SELECT id FROM dataset")[0]["id"]
    with pytest.raises(ValueError), store.transaction() as tx:  # noqa: PT011
        tally_and_fail(tx, [dataset])
    assert counters(team) == (0, 0, 0)


def test_nothing_is_written_to_a_database_that_was_removed_or_replaced(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    store = Store.open(path)
    path.rename(tmp_path / "moved.db")
    for _ in range(2):
        with pytest.raises(StoreError, match="removed or replaced"), store.transaction():
            raise AssertionError("never begun")
        path.touch()
    store.close()


def undo_everything(tx: Transaction) -> None:
    """What SQLite does by itself when a write fails half-way."""
    with tx.savepoint():
        tx.tally(1, queued=1)
        tx._connection.execute("ROLLBACK")
        raise ValueError("disk")


def go_on(tx: Transaction) -> None:
    with tx.savepoint():
        raise AssertionError("never begun")


def work_on_a_failing_disk(store: Store) -> None:
    with store.transaction() as tx:
        with pytest.raises(ValueError, match="disk"):
            undo_everything(tx)
        with pytest.raises(ValueError, match="disk"):  # why, again
            go_on(tx)


def test_a_transaction_that_the_database_undid_stores_nothing_more(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "t.db")
    with pytest.raises(ValueError, match="disk"):
        work_on_a_failing_disk(store)
    with pytest.raises(sqlite3.OperationalError, match="undid"), store.transaction() as tx:
        tx._connection.execute("ROLLBACK")
    store.close()


def test_an_empty_file_beside_a_log_with_writes_is_not_taken_for_new(tmp_path: Path) -> None:
    (tmp_path / "t.db").touch()
    (tmp_path / "t.db-wal").write_bytes(b"writes")
    for read_only in (True, False):
        with pytest.raises(StoreError, match=r"is empty, but t\.db-wal beside it is not"):
            Store.open(tmp_path / "t.db", read_only=read_only)
    assert (tmp_path / "t.db-wal").read_bytes() == b"writes"


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (sqlite3.SQLITE_FULL, StoreUnavailable, "The disk is full"),
        (sqlite3.SQLITE_IOERR_WRITE, StoreUnavailable, "a quota, a limit on the size of files"),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreUnavailable, "cannot be used just now"),
        (sqlite3.SQLITE_BUSY, StoreUnavailable, "cannot be used just now"),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreError, "is damaged"),
        (sqlite3.SQLITE_READONLY, StoreError, "may only be read"),
        (sqlite3.SQLITE_NOTADB, StoreError, "is no SQLite database"),
    ],
)
def test_failures_of_the_database_are_explained(
    sqlite_store: Store, code: int, kind: type[StoreError], message: str
) -> None:
    error = sqlite3.DatabaseError("what the driver says")
    error.sqlite_errorcode = code
    with pytest.raises(StoreError, match=message) as caught, sqlite_store.transaction():
        raise error
    assert type(caught.value) is kind
    assert is_database_failure(error)
    assert is_database_failure(caught.value)


def test_mistakes_of_the_program_are_not_failures_of_the_database(sqlite_store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError) as caught, sqlite_store.transaction() as tx:
        tx.run(Statement("Twice the same.", "INSERT INTO document (id, text) VALUES (1, 'a'), (1, 'b')"))
    assert not is_database_failure(caught.value)
    assert not is_database_failure(ValueError())


def test_damaged_pages_are_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    store = Store.open(path)
    with store.transaction() as tx:
        tx.many(PUT, [{"text": "x" * 3000} for _ in range(50)])
    store.close()
    whole = path.read_bytes()
    kept = len(whole) - 40 * 4096  # the documents are the last pages
    path.write_bytes(whole[:kept] + b"\xff" * (len(whole) - kept))
    damaged = Store.open(path, read_only=True)
    with pytest.raises(StoreError, match=r"is damaged .* restore a copy"):
        texts(damaged)
    damaged.close()


def test_halves_of_characters_in_many_rows_are_kept_readable(store: Store) -> None:
    with store.transaction() as tx:
        tx.many(PUT, [{"text": "a"}, {"text": "b\ud83d"}])
    assert texts(store) == ["a", "b\\ud83d"]
