"""The data commands on a real database: db-in, db-out, stats, audit; and the texts of the demo."""

import csv
import gzip
import io
import json
import re
import resource
import signal
import sqlite3
import sys
from hashlib import blake2b
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tallymark.cli import run
from tallymark.cli.commands.demo import HEADLINES, LABELS
from tallymark.cli.main import main
from tallymark.components import RecipeComponents

RECORDS: list[dict[str, Any]] = [
    {
        "text": "a",
        "answer": "accept",
        "_session_id": "news-ann",
        "_view_id": "text",
        "n": 12345678901234567890123,
    },
    {"text": "b", "answer": "reject", "_session_id": "news-ann", "_view_id": "text", "flagged": True},
    {"text": "c", "answer": "ignore", "_session_id": "news-bob", "_view_id": "text", "é": "ü"},
    {"text": "d", "_session_id": None, "_view_id": "text"},
]


@pytest.fixture(autouse=True)
def _database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYMARK_HOME", str(tmp_path / "home"))


@pytest.fixture
def tallymark(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: str, code: int = 0) -> tuple[str, str]:
        assert main(list(words)) == code, capsys.readouterr().err
        printed = capsys.readouterr()
        return printed.out, printed.err

    return call


@pytest.fixture
def news(tmp_path: Path) -> str:
    return write(tmp_path / "news.jsonl", RECORDS)


def write(path: Path, records: list[Any]) -> str:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def figure(out: str, name: str) -> int:
    line = next(line for line in out.splitlines() if line.split()[:1] == [name])
    return int(line.split()[1].replace(",", ""))


def test_what_goes_in_comes_out(tallymark: Any, news: str) -> None:
    out, _ = tallymark("db-in", "news", news)
    assert (figure(out, "read"), figure(out, "added"), figure(out, "invalid")) == (4, 4, 0)
    exported = rows(tallymark("db-out", "news")[0])
    for before, after in zip([*RECORDS[:3], {**RECORDS[3], "answer": "accept"}], exported, strict=True):
        assert {key: after[key] for key in before} == before
    assert not any(key in after for after in exported for key in ("_row", "_identity"))


def test_importing_again_adds_nothing_and_equal_records_are_kept(
    tallymark: Any, news: str, tmp_path: Path
) -> None:
    twice = write(tmp_path / "twice.jsonl", [*RECORDS, *RECORDS])
    out, _ = tallymark("db-in", "news", news)
    out, _ = tallymark("db-in", "news", twice)
    assert (figure(out, "added"), figure(out, "known")) == (4, 4)
    assert "4 of them repeat" in out
    assert len(rows(tallymark("db-out", "news")[0])) == 8
    tallymark("audit", "news")


def test_bad_rows_are_listed_with_their_line(tallymark: Any, tmp_path: Path) -> None:
    path = write(
        tmp_path / "bad.jsonl", [RECORDS[0], "{not json", "", '{"text": "x", "answer": "yes"}', RECORDS[1]]
    )
    out, err = tallymark("db-in", "news", path)
    assert (figure(out, "added"), figure(out, "invalid")) == (2, 2)
    assert "bad.jsonl:2" in err
    assert "'yes' is not one of accept, reject, ignore" in err
    only_bad = write(tmp_path / "worse.jsonl", ["{"])
    tallymark("db-in", "news", only_bad, code=1)


def test_answers_given_on_the_command_line(tallymark: Any, news: str) -> None:
    tallymark("db-in", "one", news, "--answer", "reject")
    assert [row["answer"] for row in rows(tallymark("db-out", "one")[0])] == [
        "accept",
        "reject",
        "ignore",
        "reject",
    ]
    tallymark("db-in", "two", news, "--answer", "reject", "--overwrite")
    assert {row["answer"] for row in rows(tallymark("db-out", "two")[0])} == {"reject"}


def test_a_dry_run_makes_nothing(tallymark: Any, news: str, tmp_path: Path) -> None:
    out, _ = tallymark("db-in", "news", news, "--dry")
    assert "Would import into news" in out
    assert not (tmp_path / "home" / "tallymark.db").exists()


def test_hashes_are_kept_unless_they_are_made_anew(tallymark: Any, tmp_path: Path) -> None:
    path = write(
        tmp_path / "hashed.jsonl", [{"text": "a", "_input_hash": 1, "_task_hash": 2, "answer": "accept"}]
    )
    tallymark("db-in", "kept", path)
    assert [(r["_input_hash"], r["_task_hash"]) for r in rows(tallymark("db-out", "kept")[0])] == [(1, 2)]
    tallymark("db-in", "anew", path, "--rehash")
    assert rows(tallymark("db-out", "anew")[0])[0]["_input_hash"] not in (1, None)


def test_standard_input_and_output(tallymark: Any, news: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Piped:
        buffer = io.BytesIO(Path(news).read_bytes())

    monkeypatch.setattr(sys, "stdin", Piped())
    out, _ = tallymark("db-in", "piped", "-")
    assert figure(out, "added") == 4


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        (["--answer", "reject"], ["b"]),
        (["--flagged-only"], ["b"]),
        (["-F"], ["b"]),
        (["--include-surplus"], ["a", "b", "c", "d"]),
    ],
)
def test_exports_of_a_part(tallymark: Any, news: str, options: list[str], texts: list[str]) -> None:
    tallymark("db-in", "news", news)
    assert [row["text"] for row in rows(tallymark("db-out", "news", *options)[0])] == texts


def test_export_to_a_folder_or_a_file(tallymark: Any, news: str, tmp_path: Path) -> None:
    tallymark("db-in", "news", news)
    _, err = tallymark("db-out", "news", str(tmp_path / "out"))
    assert "4 records" in err
    assert len(rows((tmp_path / "out" / "news.jsonl").read_text())) == 4
    tallymark("db-out", "news", str(tmp_path / "deep" / "mine.jsonl"))
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["mine.jsonl"]
    out, err = tallymark("db-out", "news", "--dry")
    assert (out, err) == ("", "4 records\n")


def test_datasets_that_are_not_there(tallymark: Any, news: str, tmp_path: Path) -> None:
    _, err = tallymark("db-out", "news", code=1)
    assert "There is no database" in err
    tallymark("db-in", "news", news)
    for words in (["db-out", "mews", str(tmp_path / "x.jsonl")], ["audit", "mews"], ["stats", "mews"]):
        _, err = tallymark(*words, code=2)
        assert "mews" in err
    assert not (tmp_path / "x.jsonl").exists()


def test_stats(tallymark: Any, news: str) -> None:
    out, _ = tallymark("stats")
    for name in ("Version", "Location", "Home", "Platform", "Python Version", "spaCy Version", "Database"):
        assert name in out
    assert "Total Datasets" not in out
    assert "No datasets yet" in tallymark("stats", "-l")[0]
    tallymark("db-in", "news", news)
    out, _ = tallymark("stats", "-l")
    assert "Total Datasets" in out
    assert "news" in out
    shown = json.loads(tallymark("stats", "news", "-NF")[0])
    (dataset,) = shown["datasets"]
    assert (dataset["name"], dataset["tasks"], dataset["done"]) == ("news", 4, 4)
    assert sum(sum(counts.values()) for counts in dataset["answers"].values()) == 4
    table, _ = tallymark("stats", "news")
    assert figure(table.partition("Answers in news")[2], "all") == 2


def test_audit_tells_sound_from_broken(tallymark: Any, news: str, tmp_path: Path) -> None:
    tallymark("db-in", "news", news)
    out, _ = tallymark("audit", "news")
    assert "The books balance" in out
    shown = json.loads(tallymark("audit", "news", "--json")[0])
    assert shown["sound"] is True
    assert shown["balances"]["answers"]["counted"] == 4
    with sqlite3.connect(tmp_path / "home" / "tallymark.db") as connection:
        connection.execute("UPDATE task SET taken = taken + 1 WHERE id = (SELECT min(id) FROM task)")
    out, _ = tallymark("audit", "news", code=1)
    assert "broken: taken (1)" in out
    assert "do not balance" in out
    shown = json.loads(tallymark("audit", "news", "--json", code=1)[0])
    assert shown["sound"] is False


def test_a_dataset_of_imported_manual_answers_goes_on_by_input(tallymark: Any, tmp_path: Path) -> None:
    record = {"text": "a", "spans": [], "tokens": [], "answer": "accept", "_view_id": "ner_manual"}
    tallymark("db-in", "ner", write(tmp_path / "ner.jsonl", [record]))
    tallymark("db-in", "bin", write(tmp_path / "bin.jsonl", [RECORDS[0]]))
    with sqlite3.connect(tmp_path / "home" / "tallymark.db") as connection:
        kinds = dict(connection.execute("SELECT name, exclude_by FROM dataset"))
    assert kinds == {"ner": "input", "bin": "task"}


def test_the_demo_is_worth_looking_at() -> None:
    texts = [record["text"] for record in rows(HEADLINES.read_text(encoding="utf-8"))]
    assert len(texts) == len(set(texts))
    assert 150 < len(texts) < 300
    assert any("🚀" in text for text in texts)
    assert any("\u0627" <= text[0] <= "\u064a" for text in texts), "right-to-left text"
    assert max(map(len, texts)) > 700
    assert sorted(map(len, texts))[len(texts) // 2] < 120


def test_the_demo_starts_ner_manual(tallymark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[RecipeComponents] = []

    def pretend(components: RecipeComponents, **_more: Any) -> int:
        started.append(components)
        return 0

    monkeypatch.setattr(run, "run_recipe", pretend)
    monkeypatch.setattr(run, "begin_server", lambda _settings: SimpleNamespace(cancel=lambda: None))
    tallymark("demo")
    (components,) = started
    assert (components.dataset, components.view_id) == ("demo", "ner_manual")
    assert components.config["labels"] == list(LABELS)
    assert next(iter(components.stream))["tokens"]


def test_stop_says_whether_there_was_a_server(tallymark: Any, tmp_path: Path) -> None:
    from tallymark.channel.find import living_server
    from tallymark.config import resolve
    from tallymark.host.host import begin_server

    assert "No server was running" in tallymark("stop")[0]
    launch = begin_server(resolve(keywords={"home": tmp_path / "home"}))
    launch.address()
    assert "has ended" in tallymark("stop")[0]
    launch.cancel()
    assert living_server(launch.database) is None


def test_stop_closes_what_a_recipe_that_died_left_open(tallymark: Any, tmp_path: Path) -> None:
    from tallymark.config import resolve
    from tallymark.server.channel import open_channel

    with open_channel(resolve(keywords={"home": tmp_path / "home"}).database_url) as channel:
        channel.call("datasets.ensure_dataset", name="news")
        named: Any = {"recipe": "mark", "command": "tallymark mark news", "view_id": "text"}
        channel.call("runs.start_run", dataset="news", **named)
        assert channel.call("runs.project")["ended"] is False
    assert "Closed, as the recipe had ended without a word: news." in tallymark("stop")[0]
    with open_channel(resolve(keywords={"home": tmp_path / "home"}).database_url) as channel:
        assert channel.call("runs.project")["ended"] is True
    assert "Closed" not in tallymark("stop")[0]


def test_what_stands_before_the_break_of_a_file_is_imported(tallymark: Any, tmp_path: Path) -> None:
    texts = [blake2b(bytes([number % 256, number // 256])).hexdigest() for number in range(900)]
    packed = gzip.compress("".join(f'{{"text": "{text}"}}\n' for text in texts).encode())
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(packed[: len(packed) // 2])
    out, err = tallymark("db-in", "news", str(path), code=2)
    found = re.search(r"cut off. Row (\d+) is the last one read", err)
    assert found is not None
    read = int(found[1])
    assert read > 200
    assert read % 200
    assert (figure(out, "read"), figure(out, "added")) == (read, read)
    assert [row["text"] for row in rows(tallymark("db-out", "news")[0])] == texts[:read]
    out, _ = tallymark("db-in", "--dry", "other", str(path), code=2)
    assert "to add" in out


def test_many_datasets_are_not_all_named(tallymark: Any, news: str) -> None:
    for number in range(15):
        tallymark("db-in", f"set{number:02}", news)
    err = tallymark("db-out", "other", code=2)[1]
    assert "set00" in err
    assert "set14" not in err
    assert "and 3 more (`tallymark stats` lists them)" in err


def test_stats_of_a_name_that_looks_the_same(tallymark: Any, news: str) -> None:
    tallymark("db-in", "Z\u00fcrich", news)
    assert "Z\u00fcrich" in tallymark("stats", "Zu\u0308rich")[0]


def test_a_table_has_a_column_for_every_key(tallymark: Any, tmp_path: Path) -> None:
    records = [
        {"text": "a", "n": 1},
        {"text": "b", "label": "X", "meta": {"k": [1]}},
        {"text": 'c,\n"', "n": 2},
    ]
    tallymark("db-in", "news", write(tmp_path / "mixed.jsonl", records))
    err = tallymark("export", "news", str(tmp_path / "news.csv"))[1]
    assert "left out" not in err
    with (tmp_path / "news.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert list(found[0])[:3] == ["text", "label", "answer"]
    wanted = [("a", "", "1", ""), ("b", "X", "", '{"k":[1]}'), ('c,\n"', "", "2", "")]
    assert [(row["text"], row["label"], row["n"], row["meta"]) for row in found] == wanted


@pytest.mark.parametrize("name", ["news.csv", "news.iob", "news.spacy"])
def test_halves_of_characters_are_noted_where_a_format_cannot_hold_them(
    tallymark: Any, tmp_path: Path, name: str
) -> None:
    half = "a\ud800"
    tokens = [{"text": half, "start": 0, "end": 2, "id": 0, "ws": False}]
    records = [{"text": half, "tokens": tokens}, {"text": "\\ud800"}]
    tallymark("db-in", "news", write(tmp_path / "odd.jsonl", records))
    err = tallymark("export", "news", str(tmp_path / name))[1]
    assert "1 × a record with halves of characters" in err
    if name == "news.csv":
        with (tmp_path / name).open(newline="") as file:
            assert [row["text"] for row in csv.DictReader(file)] == ["a\ufffd", "\\ud800"]


@pytest.mark.parametrize("command", [["db-out", "news"], ["export", "news"]])
def test_a_file_that_cannot_be_finished_is_told_and_taken_away(
    tallymark: Any, tmp_path: Path, command: list[str]
) -> None:
    tallymark("db-in", "news", write(tmp_path / "long.jsonl", [{"text": "long" * 100_000}]))
    out = tmp_path / "out" / "other.jsonl"
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limit[1]))
    try:
        err = tallymark(*command, str(out), code=1)[1]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert f"{out} was not written: File too large. Free some space there" in err
    assert list(out.parent.iterdir()) == []
