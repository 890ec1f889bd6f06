"""`connect()`: annotated data as recipes read and write it, in our database."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tallymark.cli.main import main
from tallymark.compat.prodigy.components.db import Dataset, Example, Link, connect, get_prodigy_path
from tallymark.errors import InputError, NotKnown

ANSWERS = [
    {"text": "one", "answer": "accept", "_session_id": "news-ann", "_annotator_id": "news-ann"},
    {"text": "two", "answer": "reject", "_session_id": "news-bob", "_annotator_id": "news-bob"},
    {"text": "three", "label": "X"},
]


@pytest.fixture(params=["sqlite", "postgresql"])
def db(home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The database of the settings, with answers in one dataset; closed at the end."""
    if request.param == "postgresql":
        monkeypatch.setenv("TALLYMARK_DATABASE", request.getfixturevalue("postgresql").new())
    found = connect()
    found.add_dataset("news")
    found.add_examples(ANSWERS, datasets=["news"])
    yield found
    found.close()


def texts(examples: list[dict[str, Any]]) -> list[str]:
    return [example["text"] for example in examples]


def test_a_database_that_is_not_there_has_no_datasets(home: Path) -> None:
    db = connect()
    assert (len(db), db.datasets, "news" in db, db.get_dataset("news"), db.sessions) == (0, [], False, [], [])
    assert (db.get_input_hashes("news"), db.get_task_hashes("news"), db.get_meta("news")) == (
        set(),
        set(),
        None,
    )
    assert db.get_dataset_sessions("news") == []
    assert not home.exists(), "nothing is made by looking"


def test_what_is_added_is_read(db: Any) -> None:
    assert "news" in db
    assert (len(db), db.datasets) == (1, ["news"])
    assert (db.db_id, db.db_name) in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL"))
    assert texts(db.get_dataset("news")) == texts(db.get_dataset_examples("news")) == ["one", "two", "three"]
    assert db.get_dataset("news")[2]["answer"] == "accept", "an example without an answer counts as accepted"
    assert db.count_dataset("news") == 3
    assert db.get_dataset_page("news", 2, 2) == (3, db.get_dataset("news")[2:])


def test_hashes_are_those_of_the_examples(db: Any) -> None:
    examples = db.get_dataset("news")
    assert db.get_input_hashes("news") == {example["_input_hash"] for example in examples}
    assert db.get_task_hashes("news") == {example["_task_hash"] for example in examples}
    wanted = examples[1]
    assert db.get_examples([wanted["_task_hash"]]) == [wanted]
    assert db.get_examples([wanted["_input_hash"]], by="input_hash") == [wanted]


def test_sessions_are_named_in_their_full_form(db: Any) -> None:
    assert db.sessions == db.get_dataset_sessions("news") == ["news-ann", "news-bob"]
    assert texts(db.get_dataset("news-bob")) == ["two"]
    assert texts(db.get_sessions_examples(["news-bob", "news-ann"])) == ["two", "one"]
    assert db.count_dataset("news-ann", session=True) == 1


def test_equal_examples_of_one_call_are_kept_and_those_of_a_second_are_known(db: Any) -> None:
    db.add_dataset("twice")
    twice = [{"text": "same"}, {"text": "same"}]
    assert db.add_examples(twice, datasets=["twice"])["twice"] == {"added": 2, "repeats": 1, "known": 0}
    assert db.add_examples(twice, datasets=["twice"])["twice"] == {"added": 0, "repeats": 0, "known": 2}


def test_what_is_not_there(db: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert db.get_dataset("old") == []
    assert "no dataset or session 'old'" in caplog.text
    assert db.get_dataset("old", default=["x"]) == ["x"]
    assert db.get_meta("old") is None
    assert db.get_input_hashes("old") == db.get_task_hashes("old") == set()
    with pytest.raises(NotKnown, match="news"):
        db.get_dataset_examples("old")
    with pytest.raises(NotKnown, match="There is no dataset 'old'"):
        db.add_examples([{"text": "x"}], datasets=["old"])
    assert db.drop_dataset("old") is False


def test_meta_and_dropping(db: Any) -> None:
    assert db.get_meta("news")["created"] > 0
    assert db.drop_dataset("news") is True
    db.reconnect()
    assert "news" not in db
    db.save()
    db.close()


def test_examples_are_put_into_other_datasets_and_taken_out(db: Any) -> None:
    numbers = [number for number, _ in db.numbered("news")]
    db.add_dataset("best")
    assert db.link(numbers[:2], ["best"])["best"]["added"] == 2
    assert texts(db.get_dataset("best")) == ["one", "two"]
    assert db.unlink([numbers[0]]) == 1
    assert texts(db.get_dataset("news")) == ["two", "three"]
    assert texts(db.get_dataset("best")) == ["one", "two"], "a copy of its own"
    two = db.get_dataset("best")[1]
    assert db.drop_examples([two["_task_hash"]]) == 2, "wherever it is"
    assert (texts(db.get_dataset("best")), texts(db.get_dataset("news"))) == (["one"], ["three"])
    assert db.drop_examples([db.get_dataset("best")[0]["_input_hash"]], by="input_hash") == 1
    assert db.drop_examples([1]) == db.unlink([]) == 0
    with pytest.raises(InputError, match="drop_examples"):
        db.drop_examples([1], by="name")


def test_the_tables_are_queried(home: Path, db: Any) -> None:
    db.add_dataset("best")
    db.link([number for number, _ in db.numbered("news")][:1], ["best"])
    news = Dataset.get(Dataset.name == "news")
    assert (news.name, news.session, news.created > 0) == ("news", False, True)
    links = Link.select(Link.example).where(Link.dataset == news.id)
    assert [link.example.load()["text"] for link in links] == ["one", "two", "three"]
    assert links.count() == len(links) == 3
    joined = Example.select().join(Link).join(Dataset).where(Dataset.name == "best")
    assert [example.load()["text"] for example in joined] == ["one"]
    some = Example.select().where((Example.task_hash.in_(db.get_task_hashes("best"))) | (Example.id < 0))
    assert {example.input_hash for example in some} == db.get_input_hashes("best")
    newest = (
        Dataset.select().where(~(Dataset.name != "best") | (Dataset.id << [news])).order_by(Dataset.id.desc())
    )
    assert [dataset.name for dataset in newest.limit(1)] == ["best"]
    assert Dataset.get_by_id(news.id) == news
    assert Dataset.get_or_none((Dataset.name == "old") & (Dataset.id >= 0)) is None
    assert Dataset.select().where(Dataset.name == "old").first() is None
    assert not Dataset.select().where(Dataset.name == "old").exists()
    with pytest.raises(NotKnown, match="no Dataset that fits"):
        Dataset.get(Dataset.name == "old")
    with pytest.raises(NotKnown, match="no Dataset that fits"):
        Dataset.select().where(Dataset.name > "x").get()
    with pytest.raises(InputError, match="takes comparisons"):
        Dataset.select().where(True)
    with pytest.raises(InputError, match="select Example instead"):
        list(Dataset.select().where(Example.id == 1))


def test_recipes_keep_their_files_in_the_home(home: Path) -> None:
    assert get_prodigy_path() == str(home)
    assert home.is_dir()


def test_another_file_and_another_kind(home: Path, tmp_path: Path) -> None:
    other = connect("sqlite", {"path": str(tmp_path), "name": "other.db"})
    other.add_dataset("elsewhere")
    assert (tmp_path / "other.db").is_file()
    assert connect().datasets == []
    assert connect("sqlite", {}).datasets == []
    assert connect(db_settings={"sqlite": {"path": str(tmp_path), "name": "other.db"}}).datasets == [
        "elsewhere"
    ]
    server = connect("postgresql", {"host": "db.example", "dbname": "x", "user": "me", "password": "s/t"})
    assert str(server.place) == "postgresql://me:***@/?host=db.example&dbname=x"
    assert (server.db_id, server.db_name) == ("postgresql", "PostgreSQL")
    with pytest.raises(InputError, match='no database "mysql"'):
        connect("mysql")


COMMAND = """
import prodigy
from prodigy.components.db import connect, get_prodigy_path

DB = connect()

@prodigy.recipe("copy.accepted", source=("From", "positional"), target=("To", "positional"))
def copy(source, target):
    if target not in DB:
        DB.add_dataset(target)
    accepted = [eg for eg in DB.get_dataset(source) if eg["answer"] == "accept"]
    DB.add_examples(accepted, datasets=[target])
    return len(accepted)
"""


def test_a_recipe_without_a_stream_is_a_command(
    db: Any,
    home: Path,
    tmp_path: Path,
    load: Callable[[str], ModuleType],
    exported: Callable[[str], list[dict[str, Any]]],
) -> None:
    other = home / "other.db"
    file = tmp_path / "in.jsonl"
    file.write_text(json.dumps(ANSWERS[0]) + "\n")
    assert main(["db-in", "src", str(file), "--database", str(other)]) == 0
    load(COMMAND)
    words = ["-F", str(tmp_path / "recipe.py")]
    assert main(["copy.accepted", "news", "best", *words]) == 0
    assert texts(exported("best")) == ["one", "three"]
    assert main(["copy.accepted", "src", "best", "--database", str(other), *words]) == 0
    assert "best" in connect("sqlite", {"path": str(home), "name": "other.db"}).datasets
