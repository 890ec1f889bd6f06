"""Hooks out: told when a state begins, once, and again when it begins anew."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import CONFIG, Served

from tallymark import queue
from tallymark.server.announcing import Announcer
from tallymark.store import Statement


class Receiver:
    """A web server that keeps what it is told, and answers with `statuses` in turn, then 200."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.told.append(json.loads(body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing: tests are quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def hooked(served: Served, **targets: str) -> dict[str, Any]:
    """A run with these hooks."""
    hooks = {"targets": targets, "stuck_minutes": 60, "agreement_bound": 0.667}
    return served.start(config={**CONFIG, "_server": {"hooks": hooks}})


def look(served: Served) -> None:
    Announcer(served.store, served.writer).look()


def events(served: Served) -> list[str]:
    statement = Statement("All events.", "SELECT kind FROM event WHERE kind LIKE 'hook%' ORDER BY id")
    with served.store.reading() as tx:
        return [row["kind"] for row in tx.all(statement)]


def answer(served: Served, session: str, task: dict[str, Any], status: str = "submitted") -> None:
    base = task["revision"] if status == "submitted" else 1
    op = {"op_id": f"{status}-{task['task_id']}", "task_id": task["task_id"], "base": base}
    served.post(session, "answers", {"ops": [{**op, "status": status, "decision": "accept"}]})


def test_each_state_is_told_once(served: Served, receiver: Receiver) -> None:
    fence = hooked(served, fed=receiver.url, done=receiver.url)
    served.enqueue(fence, ["one"], end=False)
    look(served)
    assert receiver.told == []
    served.enqueue(fence, [], end=True)
    look(served)
    look(served)
    assert [told["hook"] for told in receiver.told] == ["fed"]
    session = served.claim()
    [task] = served.post(session, "lease")["tasks"]
    answer(served, session, task)
    look(served)
    assert [told["hook"] for told in receiver.told] == ["fed", "done"]
    assert receiver.told[1].items() >= {"dataset": "news", "tasks": 1, "open": 0, "answered": 1}.items()
    answer(served, session, task, "retracted")
    look(served)
    assert events(served) == ["hook_fed", "hook_done", "hook_done_over"]
    answer(served, session, {**task, "task_id": task["task_id"], "revision": 2})
    assert len(receiver.told) == 2


def test_open_tasks_that_nobody_answers_are_stuck(served: Served, receiver: Receiver) -> None:
    served.enqueue(hooked(served, stuck=receiver.url), ["one", "two"])
    served.clock.now += 59 * 60
    look(served)
    assert receiver.told == []
    served.clock.now += 2 * 60
    look(served)
    assert [told["hook"] for told in receiver.told] == ["stuck"]
    session = served.claim()
    answer(served, session, served.post(session, "lease")["tasks"][0])
    look(served)
    assert events(served) == ["hook_stuck", "hook_stuck_over"]
    served.inner("operate.pause", dataset="news")
    served.clock.now += 120 * 60
    look(served)
    assert len(receiver.told) == 1


def test_annotators_who_disagree(served: Served, receiver: Receiver) -> None:
    fence = hooked(served, disagreement=receiver.url)
    served.writer.call(lambda tx: queue.operate.set_overlap(tx, dataset="news", overlap=2))
    served.enqueue(fence, [f"text {n}" for n in range(10)])
    announcer = Announcer(served.store, served.writer)
    for name in ("ann", "bob"):
        session = served.claim(name)
        for task in served.post(session, "lease")["tasks"]:
            decision = "accept" if name == "ann" or int(task["task_id"]) % 2 else "reject"
            op = {"op_id": f"{name}-{task['task_id']}", "task_id": task["task_id"], "base": 0}
            said = {"status": "submitted", "decision": decision}
            served.post(session, "answers", {"ops": [{**op, **said}]})
        announcer.look()  # with ann's answers alone nobody disagrees
        assert receiver.told == []
    served.clock.now += 61
    announcer.look()
    [told] = receiver.told
    assert (told["hook"], told["agreement"]["units"]) == ("disagreement", 10)
    assert told["agreement"]["percent"] == 0.5


def test_a_stream_that_failed_is_stuck(served: Served, receiver: Receiver) -> None:
    fence = hooked(served, stuck=receiver.url)
    served.writer.call(lambda tx: queue.runs.stream_state(tx, **fence, state="failed", detail="row 3"))
    look(served)
    assert receiver.told[0]["failed"] == "row 3"


def test_a_hook_that_fails_is_tried_again_and_noted(served: Served, receiver: Receiver) -> None:
    receiver.statuses = [500, 500]
    served.enqueue(hooked(served, fed=receiver.url), ["one"])
    look(served)
    assert len(receiver.told) == 3
    assert events(served) == ["hook_fed"]


def test_a_hook_that_fails_for_good_is_noted(served: Served) -> None:
    served.enqueue(hooked(served, fed="http://127.0.0.1:9/", done="exit 3"), [])
    look(served)
    assert sorted(events(served)) == ["hook_done", "hook_failed", "hook_failed", "hook_fed"]
    look(served)
    assert len(events(served)) == 4


def test_a_command_gets_the_news_as_json(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    served.enqueue(hooked(served, fed=f"cat > '{path}'"), ["one"])
    look(served)
    assert json.loads(path.read_text())["hook"] == "fed"


def test_nothing_is_looked_at_without_hooks(served: Served) -> None:
    served.enqueue(served.start(), ["one"])
    look(served)
    assert events(served) == []
