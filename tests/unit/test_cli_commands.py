"""The commands on whole datasets: db-merge, drop, progress, backup, restore, export, db-out --history."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Corpus

from tallymark.channel.locks import dataset_lock, take
from tallymark.cli.main import main
from tallymark.export import spacy_docs
from tallymark.tokens import add_tokens

Call = Callable[..., tuple[str, str]]

RECORDS: list[dict[str, Any]] = [
    {"text": "Ada met Grace", "answer": "accept", "_session_id": "news-ann", "_timestamp": 1_700_000_000},
    {"text": "Grace", "answer": "reject", "_session_id": "news-bob", "_timestamp": 1_700_000_100},
    {"text": "=1+1", "answer": "ignore", "_session_id": "news-bob", "_timestamp": 1_710_000_000},
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TALLYMARK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TZ", "UTC")
    return tmp_path / "home"


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*words: object, code: int = 0) -> tuple[str, str]:
        assert main([str(word) for word in words]) == code, capsys.readouterr().err
        printed = capsys.readouterr()
        return printed.out, printed.err

    return run


@pytest.fixture
def fill(call: Call, tmp_path: Path) -> Callable[..., None]:
    def put(name: str, records: list[dict[str, Any]]) -> None:
        path = tmp_path / f"{name}.in.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        call("db-in", name, path)

    return put


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# -- db-merge -----------------------------------------------------------------------------------------


def test_datasets_are_merged_and_their_annotators_stay_the_same(call: Call, fill: Any) -> None:
    fill("news", RECORDS)
    fill("sport", [{"text": "Goal", "answer": "accept", "_session_id": "sport-ann"}])
    assert "to add" in call("db-merge", "news,sport", "all", "--dry")[0]
    assert "added      4" in call("db-merge", "news,sport", "all")[0]
    merged = rows(call("db-out", "all")[0])
    assert [(one["text"], one["_session_id"]) for one in merged] == [
        ("Ada met Grace", "all-ann"),
        ("Grace", "all-bob"),
        ("=1+1", "all-bob"),
        ("Goal", "all-ann"),
    ]
    assert "imported before" in call("db-merge", "news,sport", "all")[0]
    assert len(rows(call("db-out", "all")[0])) == 4
    assert len(rows(call("db-out", "news")[0])) == 3
    call("audit", "all")


def test_a_dataset_is_not_merged_into_itself_and_has_to_be_there(call: Call, fill: Any) -> None:
    fill("news", RECORDS)
    assert "cannot be merged into itself" in call("db-merge", "news", "news", code=2)[1]
    assert "There is no dataset 'nwes'" in call("db-merge", "news,nwes", "all", code=2)[1]


# -- drop ---------------------------------------------------------------------------------------------


def test_a_dataset_is_dropped_when_somebody_says_yes(
    call: Call, fill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill("news", RECORDS)
    fill("sport", RECORDS)
    assert "There is nobody to ask; say so with --yes" in call("drop", "news", code=2)[1]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdin.readline", lambda: "n\n")
    assert "Nothing was deleted" in call("drop", "news", code=1)[0]
    monkeypatch.setattr("sys.stdin.readline", lambda: "yes\n")
    asked = call("drop", "news")[1]
    assert "Delete dataset 'news' with 3 tasks and 3 answers for good? [y/N]" in asked
    assert "There is no dataset 'news'. There are: sport." in call("drop", "news", "--yes", code=2)[1]
    call("audit", "sport")


def test_a_dataset_that_is_served_is_not_dropped(call: Call, fill: Any, home: Path) -> None:
    fill("news", RECORDS)
    with take(dataset_lock(home / "tallymark.db", "news")):
        assert "is being served by process" in call("drop", "news", "--yes", code=2)[1]
    assert len(rows(call("db-out", "news")[0])) == 3


# -- progress -----------------------------------------------------------------------------------------


def test_progress_over_time(call: Call, fill: Any) -> None:
    fill("news", RECORDS)
    lines = json.loads(call("progress", "news", "--interval", "month", "--no-format")[0])
    assert lines == [
        {"interval": "2023-11", "new": 2, "accept": 1, "reject": 1, "ignore": 0}
        | {"annotators": 2, "new_inputs": 2, "total": 2, "total_inputs": 2},
        {"interval": "2024-03", "new": 1, "accept": 0, "reject": 0, "ignore": 1}
        | {"annotators": 1, "new_inputs": 1, "total": 3, "total_inputs": 3},
    ]
    assert "2023-W46" in call("progress", "news", "-i", "week")[0]
    assert "There is no dataset" in call("progress", "nwes", code=2)[1]


# -- backup and restore -------------------------------------------------------------------------------


def test_a_backup_is_restored_and_what_was_there_is_kept(call: Call, fill: Any, tmp_path: Path) -> None:
    fill("news", RECORDS)
    copy = tmp_path / "copy.db"
    assert "checked" in call("backup", copy)[1]
    assert "is there already" in call("backup", copy, code=2)[1]
    fill("sport", RECORDS)
    assert "say so with --yes" in call("restore", copy, code=2)[1]
    call("restore", copy, "--yes")
    assert "There is no dataset 'sport'" in call("db-out", "sport", code=2)[1]
    assert len(rows(call("db-out", "news")[0])) == 3
    [kept] = (tmp_path / "home").glob("tallymark.db.before-*")
    assert len(rows(call("db-out", "sport", "--database", kept)[0])) == 3


def test_a_backup_into_a_folder_is_named_by_the_time(call: Call, fill: Any, tmp_path: Path) -> None:
    fill("news", RECORDS)
    call("backup", tmp_path)
    assert len(list(tmp_path.glob("tallymark-*.db"))) == 1


def test_what_is_not_sound_is_not_restored(call: Call, fill: Any, tmp_path: Path, home: Path) -> None:
    fill("news", RECORDS)
    before = (home / "tallymark.db").read_bytes()
    copy = tmp_path / "copy.db"
    call("backup", copy)
    wrong = tmp_path / "wrong.db"
    wrong.write_bytes(copy.read_bytes())
    with sqlite3.connect(wrong) as connection:
        connection.execute("UPDATE task SET counted = 0")
    connection.close()
    assert "its books are wrong in" in call("restore", wrong, "--yes", code=1)[1]
    half = copy.read_bytes()
    wrong.write_bytes(half[: len(half) // 2])
    call("restore", wrong, "--yes", code=1)
    assert "There is no file" in call("restore", tmp_path / "none.db", "--yes", code=2)[1]
    with take(home / "tallymark.db.lock"):
        assert "is in use by process" in call("restore", copy, "--yes", code=1)[1]
    assert (home / "tallymark.db").read_bytes() == before


# -- export -------------------------------------------------------------------------------------------


def spans(*places: tuple[int, int, str]) -> list[dict[str, Any]]:
    return [{"start": start, "end": end, "label": label} for start, end, label in places]


@pytest.fixture
def marked(fill: Any) -> None:
    nlp = spacy.blank("en")
    texts: list[dict[str, Any]] = [
        {"text": "Ada met Grace", "spans": spans((0, 3, "PERSON"), (8, 13, "PERSON"), (4, 13, "LONG"))},
        {"text": "no  names", "answer": "reject"},
        {"text": "two\nlines", "options": [{"id": "A"}, {"id": "B"}], "accept": ["B"]},
    ]
    records = [
        {key: value for key, value in task.items() if key[0] != "_"} for task in add_tokens(nlp, texts)
    ]
    fill("news", [{"answer": "accept", **record} for record in records])


@pytest.mark.usefixtures("marked")
def test_token_tags(call: Call, tmp_path: Path) -> None:
    told = call("export", "news", tmp_path / "news.iob")[1]
    assert "2 records in" in told
    assert "1 × left out records that were rejected or ignored" in told
    assert "1 × left out spans that overlap a longer one" in told
    assert (tmp_path / "news.iob").read_text() == (
        "Ada\tB-PERSON\nmet\tB-LONG\nGrace\tI-LONG\n\ntwo\tO\n_\tO\nlines\tO\n\n"
    )


@pytest.mark.usefixtures("marked")
def test_documents_of_spacy(call: Call, tmp_path: Path) -> None:
    call("export", "news", tmp_path, "--format", "spacy")
    first, second = DocBin().from_disk(tmp_path / "news.spacy").get_docs(spacy.blank("xx").vocab)
    assert [(span.text, span.label_) for span in first.spans["sc"]] == [
        ("Ada", "PERSON"),
        ("met Grace", "LONG"),
        ("Grace", "PERSON"),
    ]
    assert (first.ents, second.cats) == ((), {"A": 0.0, "B": 1.0})


def test_many_documents_of_spacy_are_a_folder_of_files(
    call: Call, fill: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spacy_docs, "FILE_DOCUMENTS", 2)
    fill("news", [{"text": f"Text {n}", "answer": "accept"} for n in range(5)])
    whole = tmp_path / "news.spacy"
    whole.write_bytes(b"from before")
    assert f"5 records in the files of {whole}" in call("export", "news", whole)[1]
    nlp = spacy.blank("xx")
    read = [
        doc.text for path in sorted(whole.iterdir()) for doc in DocBin().from_disk(path).get_docs(nlp.vocab)
    ]
    assert read == [f"Text {n}" for n in range(5)]
    assert [len(list(Corpus(path)(nlp))) for path in (whole, whole / "0003.spacy")] == [5, 1]
    assert "is a folder already" in call("export", "news", whole, code=2)[1]
    assert not list(tmp_path.glob("*.part*"))


def test_a_table(call: Call, fill: Any, tmp_path: Path) -> None:
    fill("news", RECORDS)
    told = call("export", "news", tmp_path / "out" / "news.csv")[1]
    assert "1 × a cell that a spreadsheet may take for a formula" in told
    lines = (tmp_path / "out" / "news.csv").read_text().splitlines()
    assert lines[0].startswith("text,answer,")
    assert [line.split(",")[0] for line in lines[1:]] == ["Ada met Grace", "Grace", "=1+1"]


def test_an_unknown_format_names_those_there_are(call: Call, fill: Any, tmp_path: Path) -> None:
    fill("news", RECORDS)
    assert "(csv, iob, jsonl, spacy)" in call("export", "news", tmp_path / "x.dat", code=2)[1]
    assert 'no export format "cvs"' in call("export", "news", tmp_path / "x", "-f", "cvs", code=2)[1]


# -- db-out -------------------------------------------------------------------------------------------


def test_names_of_datasets_make_different_files(call: Call, fill: Any, tmp_path: Path) -> None:
    for name, text in (("a/b", "one"), ("a_b", "two"), ("..", "three")):
        fill("tmp", [{"text": text, "answer": "accept"}])
        call("db-merge", "tmp", name)
        call("drop", "tmp", "--yes")
        call("db-out", name, f"{tmp_path}/out/")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "%2E..jsonl",
        "a%2Fb.jsonl",
        "a_b.jsonl",
    ]


def test_every_revision(call: Call, fill: Any) -> None:
    fill("news", RECORDS)
    [first, *_] = found = rows(call("db-out", "news", "--history")[0])
    assert len(found) == 3
    assert (first["_revision"], first["_status"], first["_current"], first["_standing"]) == (
        1,
        "submitted",
        True,
        "counted",
    )
    assert len(rows(call("db-out", "news", "--history", "-a", "reject")[0])) == 1


# -- add ----------------------------------------------------------------------------------------------


def test_a_source_is_added_for_the_next_start(call: Call, fill: Any, tmp_path: Path) -> None:
    fill("news", RECORDS)
    path = tmp_path / "more.jsonl"
    path.write_text('{"text": "more"}\n')
    assert "it is read when a recipe is started on it" in call("add", "news", path)[0]
    assert "There is no file" in call("add", "news", tmp_path / "none.jsonl", code=2)[1]
    assert "There is no dataset 'nwes'" in call("add", "nwes", path, code=2)[1]
    assert "save it to a file" in call("add", "news", "-", code=2)[1]
