"""Start hosts as processes, find their servers, kill either, and leave nothing running."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tallymark.channel.find import LivingServer, living_server, stop_server
from tallymark.databases import Place, address_of, place_of
from tallymark.errors import TallymarkError

SCRIPT = Path(__file__).parent / "host_script.py"
DEADLINE = 40.0


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


def children(parent: int) -> list[int]:
    """The processes that a process has started, as far as both live."""
    found: set[int] = set()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{parent}/task").iterdir():
            found |= {int(pid) for pid in (thread / "children").read_text().split()}
    return sorted(found)


def killed(pid: int) -> None:
    """`kill -9` a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def is_gone(pid: int) -> bool:
    """Whether a process has ended; its parent may have yet to hear of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def free_port() -> int:
    """A port nobody listens at, outside the range that outgoing connections take theirs from."""
    for _ in range(100):
        port = random.randint(20_000, 30_000)  # noqa: S311
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


def _without_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TALLYMARK_")}


class HostProcess:
    """One started host, or another program that says something; what it prints is kept line by line."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**_without_settings(), **environment},
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip("\n"))

    def heard(self, words: str) -> str:
        """Wait until the host prints a line with these words."""

        def look() -> str | None:
            if self.process.poll() is not None and not self._reader.is_alive():
                assert any(words in line for line in self.lines), "\n".join(self.lines)
            return next((line for line in self.lines if words in line), None)

        found: str = until(look, f"{words!r} in {self.lines}")
        return found

    def kill(self) -> None:
        """`kill -9`, the host alone."""
        self.process.kill()
        self.ended()

    def interrupt(self) -> int:
        """Ctrl-C: to the whole process group of the terminal; gives the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.ended()

    def signal(self) -> None:
        """Ctrl-C, without waiting for what comes of it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def ended(self) -> int:
        """Wait for the end."""
        code = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        return code


class Machine:
    """A database, an SQLite file unless another is named, and the hosts and servers on it."""

    def __init__(self, folder: Path, url: str | None = None, **settings: Any) -> None:
        self.database: Place = place_of(url or folder / "tally.db")
        self.settings = {"database": address_of(self.database), "home": str(folder), **settings}
        self.environment: dict[str, str] = {}
        self.hosts: list[HostProcess] = []

    def start(self, dataset: str = "news", **given: Any) -> HostProcess:
        """Start a host."""
        settings = {**self.settings, **given.pop("settings", {})}
        given = {"dataset": dataset, "count": 100, **given, "settings": settings}
        return self._run([sys.executable, str(SCRIPT), json.dumps(given)])

    def start_worker(self, port: int) -> HostProcess:
        """Start `tallymark worker` at a port of its own; it says where people annotate."""
        command = ["worker", "--port", str(port), "--database", str(self.settings["database"])]
        return self._run([sys.executable, "-m", "tallymark", *command])

    def _run(self, command: Sequence[str]) -> HostProcess:
        self.hosts.append(HostProcess(command, {"TALLYMARK_OPEN": "false", **self.environment}))
        return self.hosts[-1]

    def server(self) -> LivingServer:
        """The server, once it lives."""
        found: LivingServer = until(lambda: living_server(self.database), "the server")
        return found

    def crew(self) -> list[int]:
        """The further processes of the server."""
        return children(self.server().pid)

    def kill_server(self) -> None:
        """`kill -9`, the server alone."""
        killed(self.server().pid)

    def client(self) -> httpx.Client:
        """A client of the server's address."""
        return httpx.Client(base_url=self.server().address.url, timeout=20)

    def close(self) -> None:
        """End everything that still runs."""
        for host in self.hosts:
            if host.process.poll() is None:
                host.kill()
        try:
            stop_server(self.database)
        except TallymarkError:
            self.kill_server()
