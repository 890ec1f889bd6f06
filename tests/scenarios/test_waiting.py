"""Nobody waits for a model, a pattern or a huge document; each test is named after a complaint."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark
from tests.host.conftest import Desk, until

from tallymark.types import Task


def texts(number: int) -> list[Task]:
    return [{"text": f"text {n}"} for n in range(number)]


def answer_in_batches(desk: Desk, session: str, number: int) -> None:
    """Answer so many tasks, ten at a time, each batch at once."""
    for _ in range(0, number, 10):
        tasks = desk.lease(session, 10)["tasks"]
        assert len(tasks) == 10
        assert {ack["result"] for ack in desk.answer(session, *tasks)} == {"stored"}


# -- the page stands still every ten answers -----------------------------------------------------------


def test_nobody_waits_while_a_model_learns_from_the_last_answers(desk: Desk) -> None:
    """The page stood still whenever a batch of answers was saved, because the model was updated meanwhile.

    Here the model learns in the recipe's process and answers are stored by the server: while `update` goes
    on and on, people are given tasks and their answers are stored.
    """
    learning, go_on = threading.Event(), threading.Event()

    def update(_answers: list[Task]) -> None:
        learning.set()
        assert go_on.wait(60)

    host = desk.start(lambda: {"stream": texts(100), "update": update})
    host.heard("Read through")
    ann = desk.claim()
    answer_in_batches(desk, ann, 20)
    assert learning.wait(15)
    answer_in_batches(desk, ann, 80)
    assert not go_on.is_set()
    assert desk.lease(ann)["state"] == "exhausted"
    go_on.set()


def test_nobody_waits_while_the_next_tasks_are_looked_for(desk: Desk) -> None:
    """With patterns to match, every batch was made while people waited for it.

    Here tasks are made ahead of those who annotate; and when nothing is ready, the page is told so at once.
    """
    searching, go_on = threading.Event(), threading.Event()

    def matched() -> Iterator[Task]:
        yield from texts(20)
        searching.set()
        assert go_on.wait(60)
        yield {"text": "found"}

    desk.start(lambda: {"stream": matched()}, batch_size=10)
    ann = desk.claim()
    desk.leased(ann, 10, at_least=10)
    answer_in_batches(desk, ann, 10)
    assert searching.wait(15)
    desk.leased(ann, 10, at_least=10)
    answer_in_batches(desk, ann, 10)
    reply = desk.lease(ann)
    assert (reply["tasks"], reply["state"], reply["detail"]["code"]) == ([], "searching", "rows_read")
    go_on.set()
    [found] = desk.leased(ann)
    assert found["task"]["text"] == "found"


# -- huge documents are loaded for minutes, and again after a crash ------------------------------------


@pytest.mark.browser
def test_a_document_of_megabytes_is_shown_answered_and_stored_whole(
    tallymark: Tallymark, ann: Annotator
) -> None:
    """A huge document took minutes to load, and then the program crashed."""
    text = f"{'The quick brown fox. ' * 150_000}The end."
    tasks: list[dict[str, Any]] = [{"text": text}, {"text": "A short one."}]
    tallymark.start("mark", "news", tallymark.file("source.jsonl", tasks), "--view-id", "text")
    ann.sit()
    ann.sees("The end.")
    ann.press("a")
    ann.sees("A short one.")
    ann.everything_is_saved()
    assert tallymark.export()[0]["text"] == text


def test_what_a_model_has_worked_out_ahead_is_served_before_the_next_start_has_loaded_it(desk: Desk) -> None:
    """What a model had worked out was lost with the process, and people waited for it again.

    Here what was made ahead is in the database: it is annotated while the next start's model still loads.
    """
    go_on = threading.Event()

    def predicted(loaded: threading.Event) -> Iterator[Task]:
        assert loaded.wait(60)
        for n in range(40):
            yield {"text": f"text {n}", "spans": [{"start": 0, "end": 4, "label": f"PREDICTED {n}"}]}

    ready = threading.Event()
    ready.set()
    first = desk.start(lambda: {"stream": predicted(ready)}, batch_size=5)
    ann = desk.claim()
    desk.leased(ann, 5, at_least=5)
    until(lambda: desk.audit()["balances"]["tasks"]["queued"] >= 15, "two batches ahead")
    first.stop()
    second = desk.start(lambda: {"stream": predicted(go_on)}, batch_size=5)
    tasks = desk.leased(ann, 15, at_least=15)
    assert [task["task"]["spans"][0]["label"] for task in tasks] == [f"PREDICTED {n}" for n in range(15)]
    assert {ack["result"] for ack in desk.answer(ann, *tasks)} == {"stored"}
    go_on.set()
    rest = desk.leased(ann, 5, at_least=5)
    assert [task["task"]["text"] for task in rest] == [f"text {n}" for n in range(15, 20)]
    assert second.stop() == 0
