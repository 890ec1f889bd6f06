"""`import-prodigy` on databases as Prodigy makes them: everything arrives, and the counts say so."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.postgresql import PostgreSQL

from tallymark.cli.main import main
from tallymark.hashing import set_hashes
from tallymark.store import Statement, Store

_TABLES = (
    "CREATE TABLE dataset (id {key}, name VARCHAR(255) NOT NULL, created INTEGER NOT NULL,"
    " meta {blob} NOT NULL, session {flag} NOT NULL)",
    "CREATE UNIQUE INDEX dataset_name ON dataset (name)",
    "CREATE TABLE example (id {key}, input_hash BIGINT NOT NULL, task_hash BIGINT NOT NULL, content {blob})",
    "CREATE TABLE link (id {key}, example_id INTEGER NOT NULL, dataset_id INTEGER NOT NULL)",
    "CREATE INDEX link_example_id ON link (example_id)",
    "CREATE INDEX link_dataset_id ON link (dataset_id)",
)
_ON = {
    "sqlite": {"key": "INTEGER NOT NULL PRIMARY KEY", "blob": "BLOB", "flag": "INTEGER"},
    "postgresql": {"key": "SERIAL PRIMARY KEY", "blob": "BYTEA", "flag": "BOOLEAN"},
}
_SEATS = Statement(
    "Who answered how much, since when.",
    "SELECT d.name AS dataset, s.name, s.answered, s.joined_at FROM session s"
    " JOIN dataset d ON d.id = s.dataset ORDER BY d.name, s.name",
)
_CREATED = Statement("When datasets were made.", "SELECT name, created_at FROM dataset ORDER BY name")
_AT = 1_600_000_000


class Made:
    """A Prodigy database in the making."""

    def __init__(self, connection: Any, kind: str, where: str) -> None:
        self.connection = connection
        self.where = where
        self._mark = "?" if kind == "sqlite" else "%s"
        self._keys: dict[str, int] = {}
        for statement in _TABLES:
            connection.execute(statement.format(**_ON[kind]))

    def run(self, statement: str, *values: Any) -> int:
        """Insert a row; its key."""
        returning = statement.replace("?", self._mark) + " RETURNING id"
        key: int = self.connection.execute(returning, values).fetchone()[0]
        return key

    def dataset(self, name: str, *, session: bool = False) -> None:
        """Make a dataset or a session; each is a minute younger."""
        columns = "INSERT INTO dataset (name, created, meta, session) VALUES (?, ?, ?, ?)"
        self._keys[name] = self.run(columns, name, _AT + 60 * len(self._keys), b"{}", session)

    def example(self, content: dict[str, Any] | bytes, *datasets: str, stored: int | None = None) -> None:
        """Store an example in datasets; `stored` is put in both columns of hashes."""
        given = content if isinstance(content, dict) else {}
        raw = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        hashes = [
            stored if stored is not None else given.get(key, 0) for key in ("_input_hash", "_task_hash")
        ]
        key = self.run("INSERT INTO example (input_hash, task_hash, content) VALUES (?, ?, ?)", *hashes, raw)
        for name in datasets:
            self.run("INSERT INTO link (example_id, dataset_id) VALUES (?, ?)", key, self._keys[name])
        self.connection.commit()


def answered(text: str, session: str | None = "news-ann", **more: Any) -> dict[str, Any]:
    """An example as Prodigy stores it."""
    asked = set_hashes({"text": text, "meta": {"n": 10**20}})
    del asked["_identity"]
    said = {"spans": [{"start": 0, "end": 1, "label": "A"}], "answer": "accept", **more}
    return {**asked, "_view_id": "ner_manual", **said, "_session_id": session, "_timestamp": _AT + 5}


NEWS = [
    answered("one"),
    answered("zwei ü 😀", "news-bob", answer="reject"),
    answered("one"),
    answered("three", None),
    {"text": "four", "_input_hash": 5, "_task_hash": 6, "answer": "ignore"},
]


@pytest.fixture(params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Made]:
    """An empty Prodigy database, on both kinds."""
    if request.param == "sqlite":
        with closing(sqlite3.connect(tmp_path / "prodigy.db")) as connection:
            yield Made(connection, "sqlite", str(tmp_path))
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        url = server.new()
        with psycopg.connect(url) as connection:
            yield Made(connection, "postgresql", url)


@pytest.fixture
def full(made: Made) -> Made:
    """One with two datasets, named and unnamed sessions, and a question answered twice."""
    made.dataset("news")
    made.dataset("empty")
    for session in ("news-ann", "news-bob", "2020-09-13_12-26-40"):
        made.dataset(session, session=True)
    for record, session in zip(NEWS, ("ann", "bob", "ann"), strict=False):
        made.example(record, "news", f"news-{session}")
    made.example(NEWS[3], "news", "2020-09-13_12-26-40")
    made.example(NEWS[4], "news")
    return made


@pytest.fixture
def tallymark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("TALLYMARK_HOME", str(tmp_path / "home"))

    def call(*words: str, code: int = 0) -> tuple[str, str]:
        assert main(list(words)) == code, capsys.readouterr().err
        printed = capsys.readouterr()
        return printed.out, printed.err

    return call


def line(out: str, name: str) -> list[str]:
    """The figures of a dataset in the table."""
    return next(row.split() for row in out.splitlines() if row.split()[:1] == [name])


def exported(tallymark: Any, name: str) -> list[dict[str, Any]]:
    return [json.loads(row) for row in tallymark("db-out", name)[0].splitlines()]


def test_everything_arrives_as_it_was(full: Made, tallymark: Any) -> None:
    out, _ = tallymark("import-prodigy", full.where)
    assert line(out, "news") == ["news", "4", "5", "0", "0", "0", "5", "1", "5", "adds", "up"]
    assert line(out, "empty") == ["empty", "0", "0", "0", "0", "0", "0", "0", "0", "adds", "up"]
    assert exported(tallymark, "news") == NEWS
    tallymark("audit", "news")


def test_sessions_and_times_are_those_of_then(full: Made, tallymark: Any, tmp_path: Path) -> None:
    tallymark("import-prodigy", full.where)
    with (
        closing(Store.open(tmp_path / "home" / "tallymark.db", read_only=True)) as store,
        store.reading() as tx,
    ):
        seats = [(row["dataset"], row["name"], row["answered"], row["joined_at"]) for row in tx.all(_SEATS)]
        made = [(row["name"], row["created_at"]) for row in tx.all(_CREATED)]
    assert made == [("empty", _AT + 60), ("news", _AT)]
    assert [seat[:3] for seat in seats] == [
        ("news", "", 1),
        ("news", "2020-09-13_12-26-40", 1),
        ("news", "ann", 2),
        ("news", "bob", 1),
    ]
    assert [seat[3] for seat in seats[1:]] == [_AT + 240, _AT + 120, _AT + 180]


def test_importing_again_adds_what_is_new(full: Made, tallymark: Any) -> None:
    tallymark("import-prodigy", full.where)
    full.example(answered("five"), "news", "news-ann")
    out, _ = tallymark("import-prodigy", full.where)
    assert line(out, "news") == ["news", "4", "6", "0", "0", "5", "1", "0", "6", "adds", "up"]
    assert exported(tallymark, "news") == [*NEWS, answered("five")]


def test_an_example_without_content_is_named_and_the_others_are_taken(full: Made, tallymark: Any) -> None:
    full.run("INSERT INTO example (input_hash, task_hash, content) VALUES (?, ?, ?)", 1, 1, None)
    full.run("INSERT INTO link (example_id, dataset_id) VALUES (?, ?)", 6, 1)
    full.connection.commit()
    out, err = tallymark("import-prodigy", full.where, code=1)
    assert "news, example 6: " in err
    assert line(out, "news")[1:9] == ["4", "6", "0", "1", "0", "5", "1", "5"]
    assert " ".join(line(out, "news")[9:]) == "adds up, but for 1"


def test_what_cannot_be_imported_is_named_and_counted(full: Made, tallymark: Any) -> None:
    full.example(b'{"text": "broken', "news")
    full.example(b"[1]", "news")
    full.example(answered("x", answer="maybe"), "news")
    full.example({"text": "no answer"}, "news", stored=77)
    full.example(answered("y"), "news", stored=78)
    full.example(answered("apart"), "news-ann")
    full.run("INSERT INTO link (example_id, dataset_id) VALUES (?, ?)", 999, 1)
    full.connection.commit()
    out, err = tallymark("import-prodigy", full.where, code=1)
    assert line(out, "news")[1:9] == ["4", "11", "1", "3", "0", "7", "1", "7"]
    assert "news, example 6: " in err
    assert "news, example 7: it is list, not an object" in err
    assert "news, example 8: the answer 'maybe' is not one of accept, reject, ignore" in err
    assert "1 examples had no answer" in err
    assert "2 hashes differ" in err
    assert "1 links lead to examples that are not there" in err
    assert "1 examples are in no dataset" in err
    assert exported(tallymark, "news")[5] == {
        "text": "no answer",
        "answer": "accept",
        "_input_hash": 77,
        "_task_hash": 77,
    }


def test_some_datasets_or_a_session_alone(full: Made, tallymark: Any) -> None:
    out, _ = tallymark("import-prodigy", full.where, "--dataset", "news-ann")
    assert line(out, "news-ann")[1:] == ["1", "2", "0", "0", "0", "2", "1", "2", "adds", "up"]
    assert "news " not in tallymark("stats")[0].replace("news-ann", "")
    _, err = tallymark("import-prodigy", full.where, "--dataset", "nws", code=2)
    assert "has no dataset nws. It has: news, empty." in err


def test_a_dry_run_makes_nothing(full: Made, tallymark: Any, tmp_path: Path) -> None:
    out, _ = tallymark("import-prodigy", full.where, "--dry")
    assert line(out, "news") == ["news", "4", "5", "0", "0", "0", "5", "0", "-", "adds", "up"]
    assert not (tmp_path / "home" / "tallymark.db").exists()


def make_old(path: str) -> None:
    """Tables without a column that is read."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE dataset (id, name, created)")
        for table in ("example", "link"):
            connection.execute(f"CREATE TABLE {table} (id, dataset_id, example_id)")


def make_damaged(path: str) -> None:
    """A database with pages full of zeros behind the tables' names."""
    with closing(sqlite3.connect(path)) as connection:
        made = Made(connection, "sqlite", path)
        made.dataset("news")
        for number in range(2_000):
            made.example(answered(f"text {number}"), "news")
    with Path(path).open("r+b") as file:
        file.seek(4096)
        file.write(bytes(Path(path).stat().st_size - 4096))


def test_a_database_that_another_program_has_locked_is_told_as_such(made: Made, tallymark: Any) -> None:
    if not isinstance(made.connection, sqlite3.Connection):
        return  # readers of PostgreSQL wait for nobody
    made.connection.execute("BEGIN EXCLUSIVE")
    _, err = tallymark("import-prodigy", made.where, code=2)
    assert "another program is writing to it (database is locked). End Prodigy, or import a copy" in err


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("nowhere.db", "there is no such file"),
        ("text.db", "this is no SQLite database. It is called prodigy.db"),
        ("damaged.db", "the file is damaged (database disk image is malformed)"),
        ("old.db", "no such column: d.session. Its tables are not those of Prodigy"),
        ("other.db", "no database of Prodigy; it has no table dataset and no table example"),
        ("mysql://ann:secret@host/db", "mysql://ann:***@host/db: an SQLite file or a postgresql:// URL"),
        ("postgresql://ann:secret@127.0.0.1:1/db", "postgresql://ann:***@127.0.0.1:1/db: "),
    ],
)
def test_what_is_no_such_database(
    where: str, words: str, tallymark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.db").write_text("no database at all, but long enough to be looked at" * 10)
    sqlite3.connect("other.db").execute("CREATE TABLE link (id)").connection.close()
    make_old("old.db")
    make_damaged("damaged.db")
    _, err = tallymark("import-prodigy", where, code=2)
    assert words in err
    assert "secret" not in err
