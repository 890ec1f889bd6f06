"""What is where can be told, and looking changes nothing; each test is named after a complaint."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from tests.crash.processes import until
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark
from tests.host.conftest import Desk

from tallymark.stream import get_stream
from tallymark.types import Task


def texts(number: int) -> list[Task]:
    return [{"text": f"text {n}"} for n in range(number)]


def told(desk: Desk, path: str, **query: str | int) -> dict[str, Any]:
    """What a read-only call says."""
    reply = desk.client.get(f"/api/v1/{path}", params=query)
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = reply.json()
    return document


# -- records are missing or doubled, and nobody knows where ----------------------------------------------


def test_every_row_of_a_file_is_in_one_place_and_that_is_told(desk: Desk, tmp_path: Path) -> None:
    """Exports had more or fewer records than the file, and people counted by hand where they had gone.

    Here each row has one fate, the books add up, and any row can be asked what became of it.
    """
    before = desk.start(lambda: {"dataset": "before", "stream": [{"text": "seen"}]})
    seat = desk.claim()
    desk.answer(seat, *desk.leased(seat, 1))
    before.stop()
    rows = [json.dumps({"text": text}) for text in ("one", "two", "one", "seen", "", "three", "four")]
    rows[4] = '{"text": "broken'
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(rows) + "\n")
    host = desk.start(lambda: {"stream": get_stream(str(path)), "exclude": ["before"]})
    host.heard("Read through")
    ann = desk.claim()
    first, second, _ = desk.leased(ann, 3, at_least=3)
    desk.answer(ann, first)
    desk.answer(ann, second, decision="ignore")
    books = desk.audit()["balances"]
    [source] = books["sources"]
    assert (source["read"], source["pending"]) == (7, 0)
    assert source["fates"] == {"task": 4, "duplicate": 1, "excluded": 1, "invalid": 1}
    states = {key: books["tasks"][key] for key in ("queued", "done", "leased", "open")}
    assert states == {"queued": 4, "done": 2, "leased": 1, "open": 1}
    assert books["balanced"]
    notes = {}
    for row in range(1, 8):
        life = told(desk, "trace", dataset="news", row=row)
        [fate] = life["row_fates"]
        notes[row] = fate["fate"], fate["note"]
    assert notes[1] == notes[2] == notes[6] == notes[7] == ("task", None)
    assert notes[3] == ("duplicate", "of row 1")
    assert notes[4] == ("excluded", "answered in before")
    assert notes[5][0] == "invalid"
    assert notes[5][1]


# -- nobody can look at the queue without taking from it -------------------------------------------------


def test_looking_at_a_queue_takes_nothing_from_it(desk: Desk) -> None:
    """Whoever wanted to know whether people had tasks left had to open their pages, which took tasks.

    Here there are calls and pages that only read: who holds what since when, and what is left.
    """
    host = desk.start(lambda: {"stream": texts(20)})
    host.heard("Read through")
    ann, bob = desk.claim("ann"), desk.claim("bob")
    held = desk.leased(ann, 4, at_least=4)
    before = desk.audit()
    for _ in range(3):
        for path in ("overview", "waiting", "agreement", "labels"):
            told(desk, f"admin/{path}", dataset="news")
        for path in ("admin/datasets", "project", "audit", f"sessions/{ann}/history"):
            told(desk, path)
        told(desk, "progress", session=bob)
        told(desk, "trace", dataset="news", row=1)
    glance = told(desk, "admin/overview", dataset="news")
    assert [(each["task"], each["session"]) for each in glance["held"]] == [
        (task["task_id"], "ann") for task in held
    ]
    assert all(each["leased_at"] for each in glance["held"])
    assert {each["name"]: each["held"] for each in glance["seats"]} == {"ann": 4, "bob": 0}
    assert (glance["tasks"], glance["open"]) == (20, 20)
    assert desk.audit() == before
    assert [task["task"]["text"] for task in desk.lease(bob, 2)["tasks"]] == ["text 4", "text 5"]


# -- progress is an infinity sign ------------------------------------------------------------------------


def test_progress_says_what_is_known_and_where_it_guesses(desk: Desk) -> None:
    """Where a stream had no length there was no progress at all.

    Here answers, tasks and rows are counted; what is left is exact when everything was read, a guess that is
    called one while a file is read, and not known where nobody can know.
    """
    go_on = threading.Event()

    def generated() -> Iterator[Task]:
        yield from texts(10)
        assert go_on.wait(60)
        yield from texts(15)

    host = desk.start(lambda: {"stream": generated()}, batch_size=5)
    ann = desk.claim()
    desk.answer(ann, *desk.leased(ann, 5, at_least=5))
    progress = until(
        lambda: (seen := told(desk, "progress", session=ann))["tasks"] == 10 == seen["rows_read"] and seen,
        "ten tasks of ten rows",
    )
    assert (progress["mine"], progress["done"]) == (5, 5)
    assert (progress["remaining"], progress["estimate"]) == (None, True)
    go_on.set()
    for _ in range(2):
        desk.answer(ann, *desk.leased(ann, 5, at_least=5))
    host.heard("Read through")
    progress = told(desk, "progress", session=ann)
    assert (progress["mine"], progress["done"], progress["tasks"]) == (15, 15, 15)
    assert (progress["remaining"], progress["estimate"]) == (0, False)


@pytest.mark.browser
def test_the_page_has_words_where_there_is_no_number(
    tallymark: Tallymark, ann: Annotator, tmp_path: Path
) -> None:
    """The page showed an infinity sign."""
    path = tmp_path / "own.py"
    path.write_text(
        """
from itertools import count
from tallymark import recipe

@recipe("own")
def own(dataset: str):
    return {"dataset": dataset, "view_id": "text", "stream": ({"text": f"Text {n}"} for n in count())}
"""
    )
    tallymark.start("own", "news", "-F", path)
    ann.sit().press("a", "a", "a")
    ann.everything_is_saved()
    panel = ann.page.get_by_role("complementary", name="Progress and answers")
    expect(panel.get_by_test_id("mine")).to_have_text("3")
    expect(panel).to_contain_text("not known yet")
    expect(panel).to_contain_text("Read so far")
    for sign in ("∞", "NaN", "Infinity", "null", "undefined", "%"):
        assert sign not in panel.inner_text()


# -- reviewing shows 114 % and the same question twice ---------------------------------------------------


@pytest.mark.slow
def test_no_progress_is_above_100_percent_and_each_question_is_there_once(tallymark: Tallymark) -> None:
    """Reviewing went on to 114 %, and asked the same question once for each version of its answer.

    Here a task counts once however many have answered it, and a dataset that is the source of another gives
    each question once. (There is no recipe that reviews yet.)
    """
    source = tallymark.file("source.jsonl", texts(4))
    tallymark.start("mark", "news", source, "--view-id", "text", annotations_per_task="2")
    with httpx.Client(base_url=f"{tallymark.url}/api/v1", timeout=20) as client:
        for name, decision in (("ann", "accept"), ("bob", "reject"), ("cyd", "accept")):
            progress = answer_everything(client, name, decision)
            assert progress["done"] <= progress["tasks"] == 4
        assert (progress["done"], progress["remaining"]) == (4, 0)
        agreed = client.get("/admin/agreement", params={"dataset": "news"}).json()["decision"]
        assert (agreed["units"], agreed["values"]) == (4, 8), "the third answer to each is beside them"
    tallymark.stop()
    tallymark.running.clear()
    tallymark.start("mark", "second", "dataset:news", "--view-id", "text")
    with httpx.Client(base_url=f"{tallymark.url}/api/v1", timeout=20) as client:
        progress = answer_everything(client, "eve", "accept", dataset="second")
        assert (progress["done"], progress["tasks"], progress["mine"]) == (4, 4, 4)
        [of_source] = client.get("/audit", params={"dataset": "second"}).json()["balances"]["sources"]
        assert of_source["fates"] == {"task": 4, "duplicate": 4}
    assert sorted(task["text"] for task in tallymark.export("second")) == [t["text"] for t in texts(4)]


def answer_everything(
    client: httpx.Client, name: str, decision: str, dataset: str = "news"
) -> dict[str, Any]:
    """Answer the four tasks, handed out or not, as a page does that was offline meanwhile; the progress."""
    session = client.post("/sessions", json={"name": name, "dataset": dataset}).json()["session"]
    tasks = until(lambda: four_tasks(client, dataset), "four tasks")
    ops = [
        {"op_id": f"{name} {task}", "task_id": task, "status": "submitted", "decision": decision}
        for task in tasks
    ]
    reply = client.post(f"/sessions/{session}/answers", json={"ops": ops}).json()
    assert {ack["result"] for ack in reply["acks"]} <= {"stored", "surplus"}
    progress: dict[str, Any] = reply["progress"]
    return progress


def four_tasks(client: httpx.Client, dataset: str) -> list[str] | None:
    """The ids of a dataset's tasks, once there are four."""
    found = [
        task["task_id"]
        for n in range(4)
        for task in client.get("/trace", params={"dataset": dataset, "text": f"text {n}"}).json()["tasks"]
    ]
    return found if len(found) == 4 else None
