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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tallymark.channel.find import LivingServer, living_server, stop_server
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


def free_port() -> int:
    """A port nobody listens at, outside the range that outgoing connections take theirs from."""
    for _ in range(100):
        port = random.randint(20_000, 30_000)  # noqa: S311
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


class HostProcess:
    """One started host; what it prints is kept line by line."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), json.dumps(given)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
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
    """A database and the hosts and servers on it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.database = folder / "tally.db"
        self.settings = {"database": str(self.database), "home": str(folder), **settings}
        self.hosts: list[HostProcess] = []

    def start(self, dataset: str = "news", **given: Any) -> HostProcess:
        """Start a host."""
        settings = {**self.settings, **given.pop("settings", {})}
        host = HostProcess({"dataset": dataset, "count": 100, **given, "settings": settings})
        self.hosts.append(host)
        return host

    def server(self) -> LivingServer:
        """The server, once it lives."""
        found: LivingServer = until(lambda: living_server(self.database), "the server")
        return found

    def kill_server(self) -> None:
        """`kill -9`, the server alone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.server().pid, signal.SIGKILL)

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
