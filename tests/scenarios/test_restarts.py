"""Who goes away comes back to where they were, and the program does; named after what people complain of."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.crash.processes import Machine, until
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark
from tests.host.conftest import Desk

from tallymark.channel.locks import held, server_lock
from tallymark.stream import get_stream


def mark(tallymark: Tallymark, count: int = 25, **settings: str) -> None:
    tasks: list[dict[str, Any]] = [{"text": f"Text {n} of Ada"} for n in range(1, count + 1)]
    tallymark.start("mark", "news", tallymark.file("source.jsonl", tasks), "--view-id", "text", **settings)


def every_text_once(tallymark: Tallymark, count: int) -> None:
    given = Counter(task["text"] for task in tallymark.export())
    assert given == {f"Text {n} of Ada": 1 for n in range(1, count + 1)}


def answer(client: httpx.Client, session: str, most: int = 1_000) -> list[str]:
    """Accept up to so many tasks of a seat one by one, to the end; their texts."""
    said: list[str] = []

    def one_more() -> bool:
        reply = client.post(f"/api/v1/sessions/{session}/lease", json={"size": 1}).json()
        for task in reply["tasks"]:
            op = {"op_id": f"{session} {task['task_id']}", "task_id": task["task_id"], "decision": "accept"}
            given = {"ops": [{**op, "status": "submitted"}]}
            acks = client.post(f"/api/v1/sessions/{session}/answers", json=given).json()["acks"]
            assert [ack["result"] for ack in acks] == ["stored"]
            said.append(task["task"]["text"])
        return len(said) >= most or reply["state"] == "exhausted"

    until(one_more, "the answers")
    return said


# -- after a crash some see the same again, and some miss tasks ----------------------------------------


@pytest.mark.slow
def test_after_a_crash_everybody_goes_on_exactly_where_they_were(machine: Machine) -> None:
    """After a crash people who had come to different places were served the same again, or missed some.

    Here what each has answered and holds is in the database, so that a restart goes on for each of them.
    """
    everyone = {"feed_overlap": True}
    host = machine.start(count=12, settings=everyone)
    host.heard("Annotate at")
    with machine.client() as client:
        seats = [client.post("/api/v1/sessions", json={"name": name}).json() for name in ("ann", "bob")]
        ann, bob = (seat["session"] for seat in seats)
        said = {ann: answer(client, ann, 7), bob: answer(client, bob, 2)}
    host.kill()
    machine.kill_server()
    until(lambda: not held(server_lock(machine.database)), "the end of the server")
    machine.start(count=12, settings=everyone).heard("Annotate at")
    with machine.client() as client:
        for session, before in said.items():
            after = answer(client, session)
            assert before + after == [f"text {n}" for n in range(12)]


# -- who closes the browser loses the open batch -------------------------------------------------------


@pytest.mark.browser
def test_who_closes_the_browser_finds_the_same_tasks_on_another_machine(
    tallymark: Tallymark, ann: Annotator, browser: Browser
) -> None:
    """Tasks that were open in a browser were gone when it was closed.

    Here they are the seat's, not the browser's, and come back in their order.
    """
    mark(tallymark, batch_size="5")
    ann.sit().press("a", "a")
    ann.everything_is_saved()
    ann.page.close()
    with browser.new_context() as elsewhere:
        again = Annotator(elsewhere.new_page(), tallymark.url).sit()
        for number in range(3, 9):
            again.sees(f"Text {number} ")
            again.press("a")
        again.everything_is_saved()


# -- people without names of their own lose batches at every reload ------------------------------------


@pytest.mark.browser
def test_where_several_are_wanted_everybody_is_asked_for_a_name(tallymark: Tallymark, ann: Annotator) -> None:
    """Everybody shared one nameless session, whose batch went to whoever asked next.

    Here a page that others may open, too, asks for a name before it shows a task.
    """
    mark(tallymark, annotations_per_task="2")
    ann.page.goto(tallymark.url)
    name = ann.page.get_by_role("textbox", name="Name")
    expect(name).to_be_visible()
    expect(ann.card).to_have_count(0)
    name.fill("ann")
    ann.page.get_by_role("button", name="Start").click()
    ann.sees("Text 1 ")
    expect(ann.page.get_by_test_id("seat")).to_have_text("ann")


@pytest.mark.browser
def test_people_who_share_a_name_lose_nothing_at_a_reload(
    tallymark: Tallymark, ann: Annotator, browser: Browser
) -> None:
    """People who shared a session took each other's tasks away at every reload.

    Here each page of a seat has tasks of its own and keeps them over a reload.
    """
    mark(tallymark, batch_size="4")
    ann.sit()
    with browser.new_context() as elsewhere:
        other = Annotator(elsewhere.new_page(), tallymark.url).sit()
        for person in (ann, other, ann, other):
            person.press("a")
            person.everything_is_saved()
            before = person.task
            person.reload()
            assert person.task == before
        ann.answer_all()
        other.answer_all()
        ann.everything_is_saved()
        other.everything_is_saved()
    every_text_once(tallymark, 25)


# -- every start reads the whole file again ------------------------------------------------------------


def test_a_restart_goes_on_after_the_last_row_and_reads_none_before_it(desk: Desk, tmp_path: Path) -> None:
    """Every start went through a long file from its beginning before anybody saw a task.

    Here it goes on after the last row. A row in the middle is broken behind its back: were it read again,
    it would be left out with its reason.
    """
    path = tmp_path / "rows.jsonl"
    rows = [json.dumps({"text": f"row {n:05} {'x' * 80}"}) for n in range(5_000)]
    path.write_text("\n".join(rows) + "\n")
    first = desk.start(lambda: {"stream": get_stream(str(path))})
    first.heard("5,000 rows: 5,000 made into tasks")
    first.stop()
    rows[2_500] = "?" * len(rows[2_500])
    path.write_text("\n".join([*rows, json.dumps({"text": "one more"})]) + "\n")
    second = desk.start(lambda: {"stream": get_stream(str(path))})
    second.heard("going on after row 5,000")
    assert "1 new task" in second.heard("Read through")
    assert not any("Left out" in line for line in second.said)
