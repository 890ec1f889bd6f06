"""Tasks get into the queue in time, every row is accounted for, and a restart goes on where it was."""

import json
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from tests.host.conftest import Desk, until

from tallymark.hashing import set_hashes
from tallymark.host.left_out import LeftOut
from tallymark.recipes import mark
from tallymark.stream import get_stream
from tallymark.types import RowFate, Task


def texts(count: int) -> list[Task]:
    return [{"text": f"text {n}"} for n in range(count)]


def write_rows(path: Path, count: int, start: int = 0) -> None:
    with path.open("a") as file:
        file.writelines(json.dumps({"text": f"row {n}"}) + "\n" for n in range(start, start + count))


def test_the_first_tasks_are_there_before_the_source_is_read_through(desk: Desk) -> None:
    go_on = threading.Event()

    def slow() -> Iterator[Task]:
        yield from texts(25)
        go_on.wait(10)
        yield {"text": "last"}

    host = desk.start(lambda: {"stream": slow()})
    assert len(desk.leased(desk.claim(), 10, at_least=10)) == 10
    go_on.set()
    assert host.stop() == 0


def test_a_list_is_fed_eagerly_and_balanced(desk: Desk) -> None:
    host = desk.start(lambda: {"stream": [*texts(700), {"text": "text 5"}]})
    assert "701 rows: 700 made into tasks, 1 duplicate. 700 new tasks." in host.heard("Read through")
    assert desk.audit()["balances"]["tasks"]["queued"] == 700


def test_a_generator_is_fed_by_demand(desk: Desk) -> None:
    pulled: list[int] = []

    def endless() -> Iterator[Task]:
        for n in range(100_000):
            pulled.append(n)
            yield {"text": f"text {n}"}

    desk.start(lambda: {"stream": endless()}, batch_size=5)
    session = desk.claim()
    first = desk.leased(session, 5, at_least=5)
    until(lambda: len(pulled) >= 15, "two batches ahead")
    assert len(pulled) <= 20
    desk.answer(session, *first)
    desk.leased(session, 5, at_least=5)
    until(lambda: len(pulled) >= 20, "more after the first were leased")
    assert len(pulled) <= 20


def test_a_stream_that_raises_says_where_and_keeps_what_it_gave(desk: Desk) -> None:
    def broken() -> Iterator[Task]:
        yield from texts(3)
        raise ValueError("no such model")

    host = desk.start(lambda: {"stream": broken()})
    assert "ValueError: no such model" in host.heard("stream failed at row 3")
    session = desk.claim()
    desk.answer(session, *desk.leased(session))
    reply = desk.lease(session)
    assert (reply["state"], reply["detail"]["row"]) == ("failed", 3)
    assert "no such model" in reply["detail"]["message"]


def test_a_task_that_is_no_json_is_left_out_with_its_row(desk: Desk) -> None:
    host = desk.start(lambda: {"stream": [{"text": "good"}, {"text": "bad", "score": float("nan")}]})
    assert "1 made into tasks, 1 invalid" in host.heard("Read through")


def test_sets_paths_and_times_of_a_task_are_put_in_terms_of_json(desk: Desk) -> None:
    suggested = {"a": {"y", "x"}, "b": set()}
    stream = [
        {"text": "one", "field_suggestions": suggested, "path": Path("a/b"), "at": date(2026, 1, 2)},
        {"text": "two", "score": np.float32(0.5), "vector": np.array([1, 2])},
        {"text": "three", "model": object()},
    ]
    host = desk.start(lambda: {"stream": stream})
    assert "2 made into tasks, 1 invalid" in host.heard("Read through")
    assert "row 3: model is a object" in host.heard("Left out")
    one, two = (task["task"] for task in desk.leased(desk.claim(), at_least=2))
    assert (one["field_suggestions"], one["path"], one["at"]) == (
        {"a": ["x", "y"], "b": []},
        "a/b",
        "2026-01-02",
    )
    assert (two["score"], two["vector"]) == (0.5, [1, 2])


def test_a_task_without_an_end_is_left_out_with_its_row_and_the_stream_goes_on(desk: Desk) -> None:
    endless: Task = {"text": "one"}
    endless["meta"] = {"task": endless}
    host = desk.start(lambda: {"stream": [endless, {"text": "two", "counts": {1: "a", 2: "b"}}]})
    assert "row 1: Circular reference detected" in host.heard("Left out")
    [two] = desk.leased(desk.claim(), at_least=1)
    assert two["task"]["counts"] == {"1": "a", "2": "b"}


def test_a_task_that_its_interface_cannot_show_is_asked_and_told_of_once(desk: Desk) -> None:
    options = [{"id": 1, "text": "yes"}, {"id": 1, "text": "no"}]
    stream = [{"text": "a", "options": options}, {"text": "b"}, {"text": "c", "options": [options[0]]}]
    host = desk.start(lambda: {"stream": (task for task in stream), "view_id": "choice"})
    assert "row 1: Two options have the id 1." in host.heard("Two options")
    assert 'row 2: The task has no list of "options".' in host.heard("no list")
    assert "3 made into tasks" in host.heard("Read through")
    assert len([line for line in host.said if "asked all the same" in line.lower()]) == 2


def test_a_task_of_a_list_is_looked_at_as_one_of_a_generator(desk: Desk) -> None:
    host = desk.start(lambda: {"stream": [{"text": "a", "options": []}, {"txt": "b"}]})
    host.heard('Asked all the same, though faulty: row 2: The task has no "text".')
    assert len(desk.leased(desk.claim(), 2, at_least=2)) == 2
    assert not any("row 1:" in line for line in host.said)


def test_what_is_no_hash_is_replaced_by_one(desk: Desk) -> None:
    stream = [
        {"text": "a", "_input_hash": 2**127, "_task_hash": 2**100},
        {"text": "b", "_input_hash": "5d41402abc4b2a76", "_task_hash": 7},
        {"text": "c", "_input_hash": 5, "_task_hash": 6},
    ]
    desk.start(lambda: {"stream": stream})
    a, b, c = (task["task"] for task in desk.leased(desk.claim(), at_least=3))
    of_a, of_b = set_hashes({"text": "a"}), set_hashes({"text": "b"})
    assert (a["_input_hash"], a["_task_hash"]) == (of_a["_input_hash"], of_a["_task_hash"])
    assert (b["_input_hash"], b["_task_hash"]) == (of_b["_input_hash"], 7)
    assert (c["_input_hash"], c["_task_hash"]) == (5, 6)


def test_a_restart_of_a_file_goes_on_after_the_mark(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, 300)
    first = desk.start(lambda: {"stream": get_stream(str(path))})
    first.heard("300 rows")
    first.stop()
    write_rows(path, 50, start=300)
    second = desk.start(lambda: {"stream": get_stream(str(path))})
    second.heard("has grown")
    second.heard("going on after row 300")
    assert "50 new tasks" in second.heard("Read through")


def test_a_changed_file_is_read_from_the_top_and_asks_nothing_twice(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, 20)
    first = desk.start(lambda: {"stream": get_stream(str(path))})
    first.heard("20 rows")
    first.stop()
    path.write_text(json.dumps({"text": "new first row"}) + "\n" + path.read_text())
    second = desk.start(lambda: {"stream": get_stream(str(path))})
    second.heard("has changed")
    assert "1 made into tasks, 20 queued before. 1 new task" in second.heard("Read through")


def test_a_recipes_generator_runs_again_and_nothing_is_asked_twice(desk: Desk) -> None:
    def stream() -> Iterator[Task]:
        yield from texts(8)

    first = desk.start(lambda: {"stream": stream()}, batch_size=5)
    first.heard("Read through")
    first.stop()
    second = desk.start(lambda: {"stream": stream()}, batch_size=5)
    assert "0 new tasks" in second.heard("Read through")
    assert desk.audit()["balances"]["tasks"]["queued"] == 8


def test_a_long_generator_is_gone_through_again_up_to_what_is_new(desk: Desk) -> None:
    length = 1500

    def stream() -> Iterator[Task]:
        yield from texts(length)

    first = desk.start(lambda: {"stream": stream()}, batch_size=1000)
    first.heard("Read through")
    first.stop()
    length = 1501
    second = desk.start(lambda: {"stream": stream()}, batch_size=1000)
    assert "1 new task." in second.heard("Read through")


def test_an_endless_generator_without_news_ends(desk: Desk) -> None:
    def again_and_again() -> Iterator[Task]:
        while True:
            yield from texts(10)

    host = desk.start(lambda: {"stream": again_and_again()}, batch_size=20)
    host.heard("Read through")


def test_a_page_sees_how_far_a_long_search_got(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, 500)
    found = threading.Event()

    def hard_to_find(tasks: Any) -> Iterator[Task]:
        for n, _ in enumerate(tasks):
            if n == 399:
                found.wait(20)
        yield {"text": "found"}

    desk.start(lambda: {"stream": get_stream(str(path)).apply(hard_to_find)})
    session = desk.claim()

    def searched() -> bool:
        reply = desk.lease(session)
        return bool(reply["state"] == "searching" and reply["detail"].get("rows_read") == 400)

    until(searched, "400 rows read")
    found.set()
    desk.leased(session)


def test_a_stop_breaks_off_a_stream_that_searches(desk: Desk) -> None:
    read = threading.Event()

    def searching() -> Iterator[Task]:
        read.set()
        yield {"text": "one"}

    host = desk.start(lambda: {"stream": searching()})
    assert read.wait(10)
    assert host.stop() == 0
    assert desk.client.get("/api/v1/project").json()["host"] == "down"


def test_allowed_sessions_have_their_seats_from_the_start(desk: Desk) -> None:
    seen: dict[str, Any] = {}

    def on_load(ctrl: Any) -> None:
        seen["ids"] = ctrl.session_ids

    host = desk.start(
        lambda: {"stream": texts(1), "on_load": on_load}, allowed_sessions=["ann", "bob"], feed_overlap=True
    )
    host.heard("Read through")
    assert seen["ids"] == ["news-ann", "news-bob"]


def test_a_reason_for_leaving_rows_out_is_told_once_with_its_rows(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    rows = [{"title": f"number {n}"} for n in range(40)] + [{"text": "good"}, {"text": 7}]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def recipe() -> dict[str, Any]:
        return {"stream": mark.mark("news", path)["stream"]}

    host = desk.start(recipe)
    host.heard("Read through")
    assert [line for line in host.said if line.startswith("Left out")] == [
        "Left out 40 rows (news.jsonl:1, news.jsonl:2, news.jsonl:3 and others): "
        'The task has no "text". It has title; name the one that is the text with --text-key.',
        'Left out news.jsonl:42: The "text" of the task is not text. '
        "Mend such rows, or name the interface they are for with --view-id.",
    ]


def test_rows_left_out_later_for_a_reason_that_was_told_are_counted_at_the_end() -> None:
    said: list[str] = []
    left = LeftOut(said.append)
    source = get_stream([{"text": "a"}]).sources[0]
    for start in (1, 3):
        left.tell(source, [RowFate(n, "invalid", f"span {n} is empty") for n in (start, start + 1)])
    left.sum_up()
    assert said == [
        "Left out 2 rows (row 1, row 2): span 1 is empty",
        "Left out 4 rows in all: span 1 is empty",
    ]


def test_many_reasons_are_left_to_the_audit() -> None:
    said: list[str] = []
    left = LeftOut(said.append)
    source = get_stream([{"text": "a"}]).sources[0]
    left.tell(source, [RowFate(n, "invalid", reason) for n, reason in enumerate("abcdefgh", start=1)])
    left.sum_up()
    assert len(said) == 6
    assert "for more reasons; `tallymark audit`" in said[-1]
