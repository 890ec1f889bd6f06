"""The real command as a process on a home folder of its own, and what its database holds."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.crash.processes import DEADLINE, free_port, until
from tests.e2e.prepared import Started

from tallymark import jsontext
from tallymark.channel.find import living_server, stop_server
from tallymark.databases import Place, address_of, place_of
from tallymark.errors import TallymarkError
from tallymark.store import Store
from tallymark.store.reading import StoredDatasets

COMMAND = Path(sys.executable).with_name("tallymark")
Settings = dict[str, str]


class Tallymark:
    """One home folder and the recipes that run on it; the address stays the same over restarts."""

    def __init__(self, home: Path, url: str | None = None) -> None:
        self.home = home
        self.database: Place = place_of(url or home / "tallymark.db")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.running: list[Started] = []
        self.heard: list[list[str]] = []

    def file(self, name: str, tasks: list[dict[str, Any]]) -> Path:
        """A source file."""
        path = self.home / name
        path.write_text("".join(f"{json.dumps(task)}\n" for task in tasks))
        return path

    def start(self, *arguments: str | Path, **settings: str) -> Started:
        """Start a recipe and wait until its page can be opened."""
        process = Started([str(argument) for argument in arguments], self._environment(settings))
        self.running.append(process)
        lines = _Lines(process)
        self.heard.append(lines.heard)
        until(lambda: lines.said("Annotate at") or lines.ended, f"a page of {arguments}")
        assert lines.said("Annotate at"), "".join(lines.heard)
        return process

    def kill(self) -> None:
        """`kill -9` to every process, as a power cut would."""
        server = living_server(self.database)
        for process in self.running:
            process.kill()
            process.wait(DEADLINE)
        if server is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGKILL)
            until(lambda: living_server(self.database) is None, "the end of the server")
        self.running.clear()

    def stop(self) -> None:
        """Ctrl-C, and no server left behind."""
        for process in self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
        for process in self.running:
            try:
                process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(DEADLINE)
        with contextlib.suppress(TallymarkError):
            stop_server(self.database)

    def run(self, *arguments: str) -> str:
        """What a command prints that has to succeed."""
        done = subprocess.run(
            [COMMAND, *arguments], capture_output=True, text=True, check=True, env=self._environment({})
        )
        return done.stdout

    def export(self, dataset: str = "news") -> list[dict[str, Any]]:
        """The stored answers as `db-out` writes them, in the order they were given."""
        with contextlib.closing(Store.open(address_of(self.database), read_only=True)) as store:
            return [json.loads(jsontext.dumps(record)) for record in StoredDatasets(store).answers(dataset)]

    def answers(self, dataset: str = "news") -> dict[str, str]:
        """Decisions by text."""
        return {task["text"]: task["answer"] for task in self.export(dataset)}

    def environment(self) -> Settings:
        """The environment of a command on this home."""
        return self._environment({})

    def _environment(self, settings: Settings) -> Settings:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TALLYMARK_")}
        ours = {
            "TALLYMARK_HOME": str(self.home),
            "TALLYMARK_DATABASE": address_of(self.database),
            "TALLYMARK_PORT": str(self.port),
            "TALLYMARK_OPEN": "false",
            "PYTHONUNBUFFERED": "1",
        }
        return {**kept, **ours, **{f"TALLYMARK_{name.upper()}": value for name, value in settings.items()}}


class _Lines:
    """What a process prints, read as it comes so that it never has to wait for a reader."""

    def __init__(self, process: Started) -> None:
        self.heard: list[str] = []
        self._process = process
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self._process.stdout as output:
            self.heard.extend(output)

    def said(self, words: str) -> bool:
        return any(words in line for line in list(self.heard))

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None and not self._reader.is_alive()
