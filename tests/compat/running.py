"""Start recipes by the command line, in a process of their own, and annotate over HTTP."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from tests.crash.processes import until

DEADLINE = 60.0


class Served:
    """A command that serves a page, and a page's calls."""

    def __init__(
        self, words: list[str], *, folder: Path, home: Path, script: str | None = None, **variables: str
    ) -> None:
        ours = ["-m", "tallymark", *words, "--port", "0", "--no-open"]
        self.process = subprocess.Popen(
            [sys.executable, *(ours if script is None else [script])],
            cwd=folder,
            env={**os.environ, "TALLYMARK_HOME": str(home), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        self._client: httpx.Client | None = None
        self._session = ""

    @property
    def client(self) -> httpx.Client:
        """Calls to the server, once it listens."""
        if self._client is None:
            self._client = httpx.Client(base_url=f"{self._address()}api/v1", timeout=20)
        return self._client

    @property
    def session(self) -> str:
        """The path of a seat."""
        if not self._session:
            seat = self.client.post("/sessions", json={"name": "ann"})
            assert seat.status_code == 200, seat.text
            self._session = f"/sessions/{seat.json()['session']}"
        return self._session

    def _address(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if line.startswith("Annotate at "):
                return line.removeprefix("Annotate at ").strip().partition("?")[0]
        raise AssertionError("the page's address was never said:\n" + "".join(self.said))

    def project(self) -> dict[str, Any]:
        """What the page shows the tasks with."""
        document: dict[str, Any] = self.client.get("/project").json()
        return document

    def tasks(self, at_least: int = 1) -> list[dict[str, Any]]:
        """Leased tasks, once there are so many."""

        def look() -> list[dict[str, Any]] | None:
            reply = self.client.post(f"{self.session}/lease", json={"size": 10}).json()
            assert reply["state"] != "failed", reply
            return reply["tasks"] if len(reply["tasks"]) >= at_least else None

        found: list[dict[str, Any]] = until(look, f"{at_least} tasks", DEADLINE)
        return found

    def answer(self, task: dict[str, Any], decision: str = "accept", **values: Any) -> dict[str, Any]:
        """Answer a task; gives the ack."""
        op = {"op_id": f"op-{task['task_id']}", "task_id": task["task_id"], "base": task["revision"]}
        ops = [{**op, "status": "submitted", "decision": decision, "set": values}]
        reply = self.client.post(f"{self.session}/answers", json={"ops": ops})
        assert reply.status_code == 200, reply.text
        ack: dict[str, Any] = reply.json()["acks"][0]
        return ack

    def event(self, name: str, **arguments: Any) -> Any:
        """What a hook of the recipe says to a script of the page."""
        reply = self.client.post(f"{self.session}/events/{name}", json=arguments)
        assert reply.status_code == 200, reply.text
        return reply.json()["result"]

    def progress(self) -> dict[str, Any]:
        """What the page shows as progress."""
        document: dict[str, Any] = self.client.get("/progress").json()
        return document

    def stop(self) -> str:
        """Ctrl-C; gives all that was said."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=DEADLINE)
        if self._client is not None:
            self._client.close()
        self.said.append(rest)
        assert self.process.returncode == 0, "".join(self.said)
        return "".join(self.said)

    def end(self) -> None:
        """Leave nothing running, whatever happened."""
        if self._client is not None:
            self._client.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate(timeout=DEADLINE)
