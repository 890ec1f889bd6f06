"""A host in a thread of this process, on a real database, with the app that a page calls."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import Shapes, listening

from tallymark.components import RecipeComponents, read_components
from tallymark.config import Settings, resolve
from tallymark.host.host import Recipe, serve_recipe
from tallymark.host.stopping import Stopper
from tallymark.queue.writer import Writer
from tallymark.server.app import create_app
from tallymark.server.channel import LocalChannel
from tallymark.server.settings import ServerSettings
from tallymark.store import Store
from tallymark.stream import collect_sources

DEADLINE = 15.0


def until(condition: Callable[[], Any], what: str, deadline: float = DEADLINE) -> Any:
    """Wait until something is so, and give it."""
    end = time.monotonic() + deadline
    pause = threading.Event()
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        pause.wait(0.01)
    raise AssertionError(f"waited {deadline} s for {what}")


@dataclass
class Running:
    """A host at work."""

    stopper: Stopper
    said: list[str] = field(default_factory=list)
    result: list[Any] = field(default_factory=list)
    thread: threading.Thread | None = None

    def stop(self) -> Any:
        """Ask the host to stop, wait for it, and give its exit code or what it raised."""
        self.stopper.request()
        return self.ended()

    def ended(self) -> Any:
        """Wait for the host to end by itself."""
        assert self.thread is not None
        self.thread.join(DEADLINE)
        assert not self.thread.is_alive(), "the host does not end"
        return self.result[0]

    def heard(self, words: str) -> str:
        """Wait until the host said something with these words."""

        def look() -> str | None:
            self.check()
            return next((line for line in self.said if words in line), None)

        found: str = until(look, words)
        return found

    def check(self) -> None:
        """Raise what the host raised."""
        if self.result and isinstance(self.result[0], Exception):
            raise self.result[0]


class Desk:
    """A database, its app, and the hosts started on it."""

    def __init__(self, tmp_path: Path, store: Store, writer: Writer, client: httpx.Client) -> None:
        self.tmp_path = tmp_path
        self.store = store
        self.writer = writer
        self.client = client
        self.hosts: list[Running] = []

    def start(self, recipe: Callable[[], dict[str, Any]], **keywords: Any) -> Running:
        """Run a recipe function in a host of its own thread."""
        with collect_sources("test") as sources:
            returned = {"dataset": "news", "view_id": "text", **recipe()}
        components = read_components(returned, recipe_name="test", view_ids=["text", "choice"])
        settings = self.settings(components, keywords)
        running = Running(Stopper())
        running.thread = threading.Thread(
            target=self._serve, args=(Recipe(components, "test", "test news", sources), settings, running)
        )
        running.thread.start()
        self.hosts.append(running)
        return running

    def settings(self, components: RecipeComponents, keywords: dict[str, Any]) -> Settings:
        """The settings of a test."""
        given = {"database": str(self.tmp_path / "test.db"), "home": str(self.tmp_path), "open": False}
        return resolve(recipe_config=components.config, environ={}, keywords={**given, **keywords})

    def _serve(self, recipe: Recipe, settings: Settings, running: Running) -> None:
        channel = LocalChannel(self.writer, shapes=Shapes())
        try:
            code = serve_recipe(
                recipe,
                settings=settings,
                channel=channel,
                launch=None,
                say=running.said.append,
                stopper=running.stopper,
            )
            running.result.append(code)
        except Exception as error:
            running.result.append(error)

    def claim(self, name: str = "ann") -> str:
        """The token of a seat, once the dataset's run has begun."""
        until(lambda: self.client.get("/api/v1/project").status_code == 200, "the run")
        token: str = self.client.post("/api/v1/sessions", json={"name": name}).json()["session"]
        return token

    def lease(self, session: str, size: int = 10) -> dict[str, Any]:
        """What a page gets."""
        reply = self.client.post(f"/api/v1/sessions/{session}/lease", json={"size": size})
        assert reply.status_code == 200, reply.text
        document: dict[str, Any] = reply.json()
        return document

    def leased(self, session: str, size: int = 10, at_least: int = 1) -> list[dict[str, Any]]:
        """Tasks, once there are some."""

        def look() -> list[dict[str, Any]] | None:
            for host in self.hosts:
                host.check()
            tasks: list[dict[str, Any]] = self.lease(session, size)["tasks"]
            return tasks if len(tasks) >= at_least else None

        found: list[dict[str, Any]] = until(look, "tasks")
        return found

    def answer(self, session: str, *tasks: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        """Accept tasks; gives the acks."""
        ops = [
            {
                "op_id": f"{session}-{task['task_id']}-{task['revision']}",
                "task_id": task["task_id"],
                "base": task["revision"],
                "status": "submitted",
                "decision": "accept",
                **more,
            }
            for task in tasks
        ]
        reply = self.client.post(f"/api/v1/sessions/{session}/answers", json={"ops": ops})
        assert reply.status_code == 200, reply.text
        acks: list[dict[str, Any]] = reply.json()["acks"]
        return acks

    def audit(self) -> dict[str, Any]:
        """The books, after checking that every invariant holds."""
        audit: dict[str, Any] = self.client.get("/api/v1/audit?dataset=news").json()
        assert [i["name"] for i in audit["invariants"] if i["broken"]] == []
        return audit


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A fresh database with its app; hosts that still run are stopped at the end."""
    with ExitStack() as stack:
        store = Store.open(tmp_path / "test.db")
        stack.callback(store.close)
        writer = Writer(store)
        stack.callback(writer.close)
        app = create_app(store, writer, ServerSettings(host_timeout=2.0), shapes=Shapes())
        client = stack.enter_context(listening(app))
        desk = Desk(tmp_path, store, writer, client)
        yield desk
        for host in desk.hosts:
            host.stop()
        desk.audit()
