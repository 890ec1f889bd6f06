"""A real app on a real SQLite database, called over HTTP in this process."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from tallymark import jsontext, queue
from tallymark.hashing import identities_of, set_hashes
from tallymark.queue.writer import Writer
from tallymark.server.app import create_app
from tallymark.server.settings import ServerSettings
from tallymark.store import Store
from tallymark.types import Decision, Task

SECRET = "inner-door"
CONFIG = {"batch_size": 10, "_server": {"allowed_sessions": None, "overlap": 1}}


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Shapes:
    """Every answer has a good shape, but a `label` has to be a text."""

    def fingerprint_keys(self, _: str) -> tuple[str, ...]:
        return ("label",)

    def fingerprint(
        self,
        _: str,
        decision: Decision,
        values: Mapping[str, Any],
        *,
        settings: object = None,  # noqa: ARG002
    ) -> bytes:
        return jsontext.dumps([decision, dict(values)]).encode()[:16].ljust(16, b".")

    def problem(self, _view_id: str, document: Task, *, settings: object = None) -> str | None:  # noqa: ARG002
        return None if isinstance(document.get("label", ""), str) else '"label" is not a text'


@dataclass
class Served:
    """One database behind its app."""

    store: Store
    writer: Writer
    client: httpx.Client
    clock: Clock
    stopped: list[bool]

    def start(self, dataset: str = "news", **more: Any) -> dict[str, Any]:
        """Start a run on a dataset; gives what every call of it needs."""

        def begin(tx: Any) -> dict[str, Any]:
            queue.datasets.ensure_dataset(tx, name=dataset)
            given = {
                "recipe": "mark",
                "command": "mark news x.jsonl",
                "view_id": "text",
                "config": CONFIG,
                "labels": ["A", "B"],
            }
            run = queue.runs.start_run(tx, dataset=dataset, **{**given, **more})
            return {"run": run["run"], "generation": run["generation"]}

        return self.writer.call(begin)

    def enqueue(self, fence: dict[str, Any], texts: list[str | Task], *, end: bool = True) -> None:
        """Put tasks into the queue, and end the stream."""
        tasks = [new_task({"text": text} if isinstance(text, str) else text) for text in texts]
        self.writer.call(lambda tx: queue.enqueue.enqueue(tx, **fence, tasks=tasks))
        if end:
            self.writer.call(lambda tx: queue.runs.stream_state(tx, **fence, state="ended"))

    def claim(self, name: str = "ann", dataset: str | None = None, client: str | None = None) -> str:
        """The token of a seat."""
        body = {"name": name, "dataset": dataset, "client_id": client}
        reply = self.client.post("/api/v1/sessions", json=body)
        assert reply.status_code == 200, reply.text
        token: str = reply.json()["session"]
        return token

    def post(self, session: str, what: str, body: Any = None) -> dict[str, Any]:
        """A call of a session that has to succeed."""
        reply = self.client.post(f"/api/v1/sessions/{session}/{what}", json=body or {})
        assert reply.status_code == 200, reply.text
        document: dict[str, Any] = jsontext.loads(reply.content)
        return document

    def inner(self, call: str, /, *, secret: str = SECRET, **arguments: Any) -> Any:
        """A call through the inner door, which no browser's cookies pass."""
        headers = {"x-tallymark-secret": secret, "host": self.client.headers["host"]}
        return httpx.post(self.client.base_url.join(f"/internal/{call}"), json=arguments, headers=headers)


def new_task(document: Task) -> dict[str, Any]:
    """A task as a feeder sends it."""
    hashed = set_hashes(dict(document))
    identities = identities_of(hashed)
    return {
        "text": jsontext.dumps(document),
        "identity": identities.task.hex(),
        "input_identity": identities.input.hex(),
        "input_hash": hashed["_input_hash"],
        "task_hash": hashed["_task_hash"],
    }


class _Server(uvicorn.Server):
    def __init__(self, app: FastAPI) -> None:
        super().__init__(uvicorn.Config(app, log_config=None, access_log=False))
        self.answers = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.answers.set()


@contextmanager
def listening(app: FastAPI) -> Iterator[httpx.Client]:
    """The app on a free port of this machine, and a client of it."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = _Server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        assert server.answers.wait(10)
        port = bound.getsockname()[1]
        headers = {"host": f"localhost:{port}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=20) as client:
            yield client
        server.should_exit = True
        thread.join()


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve a fresh database with these settings."""

    def start(settings: ServerSettings | None = None, static: Path | None = None) -> Served:
        clock = Clock()
        store = Store.open(tmp_path / "test.db", clock=clock)
        writer = Writer(store)
        stopped: list[bool] = []
        app = create_app(
            store,
            writer,
            settings or ServerSettings(),
            shapes=Shapes(),
            secret=SECRET,
            stop=lambda: stopped.append(True),
            static=static or tmp_path / "static",
        )
        client = stack.enter_context(listening(app))
        stack.callback(store.close)
        stack.callback(writer.close)
        return Served(store, writer, client, clock, stopped)

    with ExitStack() as stack:
        yield start


@pytest.fixture
def served(serve: Serve) -> Served:
    """A fresh database behind its app, with default settings."""
    return serve()
