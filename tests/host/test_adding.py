"""Sources that are added to a dataset while its recipe runs, and while it does not."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.host.conftest import Desk, until

from tallymark.queue import adding
from tallymark.stream import Stream, get_stream
from tallymark.types import Task


def write(path: Path, *texts: str) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def shouted(tasks: Iterable[Task], mark: str) -> Iterator[Task]:
    for task in tasks:
        yield {**task, "label": mark}


def stream(path: Path) -> Stream:
    made = get_stream(str(path), rehash=True, input_key="text")
    return made.apply(shouted, mark="LOUD")


def add(desk: Desk, path: str, **more: str) -> int:
    return int(desk.writer.call(lambda tx: adding.add_source(tx, dataset="news", uri=path, **more))["id"])


def state(desk: Desk, added: int) -> tuple[str, str | None]:
    found = desk.writer.call(lambda tx: adding.look_up_added(tx, added=added))
    return found["state"], found["detail"]


def test_added_rows_go_through_the_recipes_steps(desk: Desk, tmp_path: Path) -> None:
    desk.start(lambda: {"stream": stream(write(tmp_path / "a.jsonl", "a"))})
    session = desk.claim()
    desk.leased(session)
    added = add(desk, str(write(tmp_path / "b.jsonl", "b", "a", "c")))
    tasks = [entry["task"] for entry in desk.leased(session, at_least=3)]
    assert [(task["text"], task["label"]) for task in tasks] == [("a", "LOUD"), ("b", "LOUD"), ("c", "LOUD")]
    until(lambda: state(desk, added) == ("done", None), "the end of what was added")
    audit = desk.audit()["balances"]
    assert [source["fates"]["task"] for source in audit["sources"]] == [1, 2]


def test_what_is_added_while_nothing_runs_waits_for_the_next_start(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", "a")
    first = desk.start(lambda: {"stream": stream(path)})
    first.heard("Read through")
    first.stop()
    other = tmp_path / "b.csv"
    other.write_text("words\nb\n")
    added = add(desk, str(other), text_key="words")
    second = desk.start(lambda: {"stream": stream(path)})
    session = desk.claim()
    assert [entry["task"]["text"] for entry in desk.leased(session, at_least=2)] == ["a", "b"]
    until(lambda: state(desk, added)[0] == "done", "the end of what was added")
    second.stop()
    third = desk.start(lambda: {"stream": stream(path)})
    third.heard("Read through")
    assert not [line for line in third.said if "b.csv" in line]


def test_a_host_that_stops_meanwhile_goes_on_at_its_next_start(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", "a")
    first = desk.start(lambda: {"stream": stream(path)}, batch_size=1)
    desk.claim()
    added = add(desk, str(write(tmp_path / "b.jsonl", *map(str, range(50)))))
    until(lambda: state(desk, added)[0] == "reading", "the reading")
    first.stop()
    desk.start(lambda: {"stream": stream(path)}, batch_size=30)
    session = desk.claim()
    desk.leased(session, 51, at_least=51)
    until(lambda: state(desk, added)[0] == "done", "the end of what was added")
    assert desk.audit()["balances"]["tasks"]["queued"] == 51


def test_what_cannot_be_added_says_why(desk: Desk, tmp_path: Path) -> None:
    host = desk.start(lambda: {"stream": stream(write(tmp_path / "a.jsonl", "a"))})
    desk.claim()
    added = add(desk, str(tmp_path / "none.jsonl"))
    assert "There is no file" in host.heard("was added and cannot be read")
    assert state(desk, added)[0] == "refused"
    host.stop()
    host = desk.start(lambda: {"stream": iter([{"text": "x"}])})
    added = add(desk, str(tmp_path / "a.jsonl"))
    assert "makes its stream itself" in host.heard("was added and cannot be read")
    until(lambda: state(desk, added)[0] == "refused", "the refusal")
