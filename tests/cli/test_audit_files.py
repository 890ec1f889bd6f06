"""`tallymark audit --compare` and `--source`: a file against the books."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call, words
from tests.queue.team import Team

from tallymark.hashing import set_hashes, without_private
from tallymark.loaders import open_source
from tallymark.queue import enqueue

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(records: list[Any], name: str = "out.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    return put


def record(text: str, session: str | None = "news-ann", answer: str = "accept", time: int = 5) -> Any:
    hashed = without_private(set_hashes({"text": text}))
    return {**hashed, "answer": answer, "_session_id": session, "_timestamp": time}


# -- an export ----------------------------------------------------------------------------------------


RECORDS = [record("a"), record("b"), record("c", "news-bob"), record("big", answer="reject")]


@pytest.fixture
def news(call: Call, write: Write) -> Path:
    """A dataset of imported answers, one of them given twice, and its export."""
    repeated = [*RECORDS, record("a", time=9), {**record("n"), "big": 10**30}]
    call("db-in", "news", write(repeated, "in.jsonl"))
    call("db-out", "news", "exported.jsonl")
    return Path("exported.jsonl").absolute()


def compared(call: Call, path: Path, code: int = 0) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(call("audit", "news", "--compare", path, "--json", code=code)[0])
    assert told["sound"] == (code == 0)
    return told


def test_an_export_of_ours_holds_exactly_the_answers(call: Call, news: Path) -> None:
    told = compared(call, news)
    counts = [told[key] for key in ("file", "dataset", "same", "other_time", "missing", "extra", "changed")]
    assert counts == [6, 6, 6, 0, 0, 0, 0]
    assert told["repeats"] == [{"session": "news-ann", "file": 1, "dataset": 1}]
    shown = words(call("audit", "news", "--compare", news)[0])
    assert "The file holds exactly the counted answers." in shown
    assert "the same answer to the same question again, by session" in shown


def test_keys_in_another_order_and_other_times_are_the_same_answers(
    call: Call, news: Path, write: Write
) -> None:
    records = [json.loads(line) for line in news.read_text().splitlines()]
    turned = [dict(reversed(list(each.items()))) for each in records]
    turned[1]["_timestamp"] = 77
    assert compared(call, write(turned))["other_time"] == 1
    turned[1]["_timestamp"] = "never"
    path = write(turned)
    assert compared(call, path)["other_time"] == 1
    assert "of them at another time" in call("audit", "news", "--compare", path)[0]


def test_what_is_missing_extra_changed_or_doubled_is_told(call: Call, news: Path, write: Write) -> None:
    records = [json.loads(line) for line in news.read_text().splitlines()]
    by_text = {each["text"]: each for each in records}
    changed = {**by_text["b"], "answer": "reject"}
    doubled = {**by_text["c"], "_timestamp": 6}
    twice = {**record("new"), "_session_id": None}
    kept = [each for each in records if each["text"] not in ("b", "big")]
    path = write([*kept, changed, doubled, twice, {**twice, "_timestamp": 1}, [], {"text": "unhashed"}])
    told = compared(call, path, code=1)
    counts = {key: told[key] for key in ("same", "missing", "extra", "changed", "doubled")}
    assert counts == {"same": 4, "missing": 1, "extra": 2, "changed": 1, "doubled": 2}
    assert told["invalid"]["count"] == 1
    [missing] = told["examples"]["missing"]
    assert missing == {"session": "news-ann", "task_hash": by_text["big"]["_task_hash"], "row": None}
    assert [each["row"] for each in told["examples"]["changed"]] == [5]
    assert [each["row"] for each in told["examples"]["doubled"]] == [6, 8]
    shown = words(call("audit", "news", "--compare", path, code=1)[0])
    assert f"missing: not in the file, session news-ann, _task_hash {missing['task_hash']}" in shown
    assert f"changed: {path}:5, session news-ann" in shown
    assert "no record: out.jsonl:9: a row is a JSON object" in shown
    assert "does not hold exactly the counted answers" in shown


def test_the_file_must_be_there_and_one_thing_be_asked(call: Call, news: Path) -> None:
    assert "nowhere.jsonl" in call("audit", "news", "--compare", "nowhere.jsonl", code=2)[1]
    assert "one at a time" in call("audit", "news", "--compare", news, "--source", news, code=2)[1]


# -- a source -----------------------------------------------------------------------------------------


@pytest.fixture
def rows(team: Team, write: Write) -> Path:
    """A file of seven rows, of which six were read."""
    texts = ["done", "held", "open", "done"]
    path = write([*({"text": text} for text in texts), {}, {"text": "six"}, {"text": "seven"}], "rows.jsonl")
    source = team.source(str(path), open_source(path).fingerprint())
    team.rows(source, *texts, None, None)
    team.hosted(enqueue.enqueue, fates=[[source, 5, "invalid", "no text"]])
    ann, bob = team.people("ann", "bob")
    ann.submit("1")
    bob.lease()
    return path


def accounted(call: Call, path: Path, *more: str, code: int = 0) -> dict[str, Any]:
    told = json.loads(call("audit", "news", "--source", path, "--json", *more, code=code)[0])
    assert told["sound"] == (code == 0)
    [source] = told["sources"]
    return dict(source)


def test_every_row_of_a_source_is_accounted_for(call: Call, rows: Path, tmp_path: Path) -> None:
    told = accounted(call, rows, "--out", str(tmp_path / "states.jsonl"))
    assert (told["how"], told["rows"], told["problem"]) == ("rows", 7, None)
    assert told["states"] == {
        "done": 1,
        "leased": 1,
        "open": 1,
        "duplicate": 1,
        "invalid": 1,
        "pending": 1,
        "not read yet": 1,
    }
    written = [json.loads(line) for line in (tmp_path / "states.jsonl").read_text().splitlines()]
    assert [each["state"] for each in written][:2] == ["done", "leased"]
    assert {each["source"] for each in written} == {str(rows)}
    shown = words(call("audit", "news", "--source", rows)[0])
    for part in (
        f"{rows}:2: leased by bob, task 2",
        f"{rows}:4: duplicate (of row 1)",
        f"{rows}:5: invalid (no text)",
        "have their answers 1",
        "Every row is accounted for.",
    ):
        assert part in shown


@pytest.mark.parametrize(
    "command",
    [
        ["audit", "news", "--source", "rows.jsonl", "--out", "rows.jsonl"],
        ["audit", "news", "--source", "copy.jsonl", "--out", "rows.jsonl"],
        ["audit", "news", "--source", "copy.jsonl", "--out", "./copy.jsonl"],
        ["audit", "news", "--source", "copy.jsonl", "--out", "link.jsonl"],
        ["db-out", "news", "rows.jsonl"],
        ["export", "news", "link.jsonl"],
    ],
)
def test_the_file_that_rows_come_from_is_never_written_to(
    call: Call, rows: Path, tmp_path: Path, command: list[str]
) -> None:
    content = rows.read_bytes()
    (tmp_path / "copy.jsonl").write_bytes(content)
    (tmp_path / "link.jsonl").symlink_to(rows)
    said = words(call(*command, code=2)[1])
    assert "is a source of dataset 'news'" in said or "is the file that is looked at" in said
    assert rows.read_bytes() == (tmp_path / "copy.jsonl").read_bytes() == content


def test_rows_are_written_out_of_a_source_alone(call: Call, rows: Path) -> None:
    assert "--out goes with --source" in call("audit", "news", "--out", "x.jsonl", code=2)[1]


def test_a_source_that_was_counted_is_not_read_again(
    call: Call, team: Team, rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.sql("UPDATE source SET known_rows = 7")
    monkeypatch.setattr("tallymark.source.Source.tasks", lambda _: pytest.fail("it was read"))
    assert accounted(call, rows)["rows"] == 7


def test_a_source_that_has_grown_is_counted_and_one_that_changed_is_told(
    call: Call, team: Team, rows: Path
) -> None:
    team.sql("UPDATE source SET known_rows = 7")
    with rows.open("a") as file:
        file.write('{"text": "eight"}\n')
    assert accounted(call, rows)["states"]["not read yet"] == 2
    rows.write_text('{"text": "other"}\n')
    told = accounted(call, rows, code=1)
    assert (told["rows"], told["sound"]) == (7, False)
    assert "has changed since it was read" in told["problem"]
    team.sql("UPDATE source SET known_rows = NULL")
    assert accounted(call, rows, code=1)["rows"] == 6
    assert "Not every row is accounted for." in call("audit", "news", "--source", rows, code=1)[0]


def test_a_row_that_lost_its_task_is_not_accounted_for(call: Call, team: Team, rows: Path) -> None:
    team.sql("DELETE FROM task_row WHERE ordinal = 3")
    assert accounted(call, rows, code=1)["states"]["lost"] == 1


def test_a_copy_is_told_by_what_its_rows_ask(call: Call, team: Team, write: Write) -> None:
    hashed = [without_private(set_hashes({"text": text})) for text in ("a", "b")]
    team.tasks(*hashed)
    team.seat("ann").submit("1")
    copy = write([{"text": "a"}, {"text": "b", "answer": "accept"}, [], {"text": "a"}], "copy.jsonl")
    told = accounted(call, copy)
    assert (told["how"], told["states"]) == ("content", {"done": 1, "open": 1, "invalid": 1, "duplicate": 1})
    shown = words(call("audit", "news", "--source", copy)[0])
    assert "did not read this file under this name" in shown
    assert "duplicate (of row 1)" in shown
    more = write([{"text": "a"}, {"text": "z"}], "more.jsonl")
    assert accounted(call, more, code=1)["states"]["unknown"] == 1


def test_a_file_of_another_dataset_is_refused(call: Call, rows: Path, write: Write) -> None:
    foreign = write([{"text": "never seen"}], "foreign.jsonl")
    said = call("audit", "news", "--source", foreign, code=2)[1]
    assert "never read" in said
    assert str(rows) in words(said).replace(" ", "") or "rows.jsonl" in said


def test_tasks_told_apart_by_their_input(call: Call, team: Team, write: Write) -> None:
    team.other("inputs", exclude_by="input").tasks(without_private(set_hashes({"text": "a", "spans": [1]})))
    copy = write([{"text": "a"}], "copy.jsonl")
    told = json.loads(call("audit", "inputs", "--source", copy, "--json")[0])
    assert told["sources"][0]["states"] == {"open": 1}


def test_many_rows_in_one_state_are_shown_in_part(call: Call, team: Team, write: Write) -> None:
    texts = [f"text {number}" for number in range(600)]
    path = write([{"text": text} for text in texts], "many.jsonl")
    source = team.source(str(path), open_source(path).fingerprint())
    team.rows(source, *texts)
    shown = words(call("audit", "news", "--source", path)[0])
    assert "… and 580 more; --out FILE writes them all" in shown
