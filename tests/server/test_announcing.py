"""Hooks out: told when a state begins, once, and again when it begins anew."""

import asyncio
import contextlib
import json
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from anyio.to_thread import run_sync
from tests.asynchronous import finish
from tests.server.conftest import CONFIG, Served

from tallymark import queue
from tallymark.server.announcing import Announcer
from tallymark.store import Statement


class Receiver:
    """A web server that keeps what it is told, and answers with `statuses` in turn, then 200."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        self.location: str | None = None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.told.append(json.loads(body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                if receiver.location is not None:
                    self.send_header("location", receiver.location)
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


def failures(served: Served) -> list[str]:
    statement = Statement("Failures.", "SELECT detail FROM event WHERE kind = 'hook_failed' ORDER BY id")
    with served.store.reading() as tx:
        return [row["detail"] for row in tx.all(statement)]


def test_a_redirect_is_a_failure(served: Served, receiver: Receiver) -> None:
    receiver.statuses = [302] * 3
    receiver.location = receiver.url
    served.enqueue(hooked(served, fed=receiver.url), ["one"])
    look(served)
    assert len(receiver.told) == 3
    [failure] = failures(served)
    assert "answered 302, a redirect" in failure


@pytest.mark.parametrize(
    "target",
    [
        "http://team:s3cret@localhost/",
        "http://localhost:9/s3cret here",
        "http://localhost:9/s3cret/\u00fc",
        "{url}?key=s3cret",
        "exit 3 # s3cret",
    ],
)
def test_a_failure_is_noted_without_the_secrets_of_its_target(
    served: Served, receiver: Receiver, caplog: pytest.LogCaptureFixture, target: str
) -> None:
    receiver.statuses = [500] * 3
    served.enqueue(hooked(served, fed=target.format(url=receiver.url), stuck=receiver.url), ["one"])
    look(served)
    look(served)
    [failure] = failures(served)
    assert "s3cret" not in failure + caplog.text


def test_a_receiver_that_speaks_something_else_is_a_failure(served: Served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread = threading.Thread(target=speak_something_else, args=(listening,))
        thread.start()
        served.enqueue(hooked(served, fed=url), ["one"])
        look(served)
        thread.join()
    [failure] = failures(served)
    assert "no answer that is HTTP" in failure


def speak_something_else(listening: socket.socket) -> None:
    for _ in range(3):
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"220 mail.example ESMTP\r\n")
            while connection.recv(65536):
                pass


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallymark.server.announcing.TIMEOUT", 1.0)
    held = tmp_path / "held"
    os.mkfifo(held)
    reading = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    try:
        served.enqueue(hooked(served, fed=f"sleep 600 > '{held}' & wait"), [])
        look(served)
        os.set_blocking(reading, True)
        assert select.select([reading], [], [], 60)[0]  # nobody holds the other end any more
    finally:
        os.close(reading)
    [failure] = failures(served)
    assert "took longer than 1 seconds" in failure


async def ended_while_it_tells(announcer: Announcer, begun: Callable[[], object]) -> None:
    """A server that ends, without patience, while its hook is called."""
    running = asyncio.create_task(announcer.run())
    await run_sync(begun)
    running.cancel()
    await announcer.end(0)


def test_a_server_that_ends_takes_the_command_of_a_hook_along(served: Served, tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    served.enqueue(hooked(served, fed=f"exec > '{held}'; echo begun; sleep 600; true"), [])
    announcer = Announcer(served.store, served.writer)
    with contextlib.ExitStack() as open_files:

        def begun() -> None:
            reading = open_files.enter_context(held.open())
            assert reading.readline() == "begun\n"
            open_files.callback(lambda: ended.append(reading.read()))

        ended: list[str] = []
        finish(ended_while_it_tells(announcer, begun))
    assert ended == [""]  # nobody holds the other end any more
    assert events(served) == []


def test_a_server_that_ends_does_not_wait_for_a_receiver_that_hangs(served: Served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        served.enqueue(hooked(served, fed=url), [])
        before = set(threading.enumerate())
        calls: list[socket.socket] = []
        begun = lambda: calls.append(listening.accept()[0])  # noqa: E731
        finish(ended_while_it_tells(Announcer(served.store, served.writer), begun))
        [left] = [one for one in threading.enumerate() if one not in before and "AnyIO" not in one.name]
        assert left.daemon
        calls[0].close()
        left.join()
    assert events(served) == []


def test_a_command_gets_the_news_as_json(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    served.enqueue(hooked(served, fed=f"cat > '{path}'"), ["one"])
    look(served)
    assert json.loads(path.read_text())["hook"] == "fed"


def test_nothing_is_looked_at_without_hooks(served: Served) -> None:
    served.enqueue(served.start(), ["one"])
    look(served)
    assert events(served) == []
