"""Further processes of one server: they answer on its sockets and write to the same database.

Each is held by a pipe: when this process ends, however that happens, they end, too. Who dies is replaced.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

logger = logging.getLogger(__name__)

END_SECONDS = 15.0
AGAIN_SECONDS = 1.0
SECRET_VARIABLE = "TALLYMARK_SERVER_SECRET"  # noqa: S105  (the name of a variable)
ASKS_TO_STOP = b"stop\n"


@dataclass(frozen=True, slots=True)
class CrewCommand:
    """How a further process is started, but for the sockets and the secret."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]


class Crew:
    """Further processes, from `start` to `close`."""

    def __init__(
        self,
        count: int,
        command: CrewCommand,
        *,
        sockets: Sequence[int],
        secret: str,
        stop: Callable[[], None],
    ) -> None:
        """`stop` is called when one of them was asked to end the whole server."""
        self._command = command
        self._sockets = tuple(sockets)
        self._secret = secret
        self._stop = stop
        self._closing = threading.Event()
        self._members: dict[int, subprocess.Popen[bytes]] = {}
        self._threads = [threading.Thread(target=self._keep, args=(n,), daemon=True) for n in range(count)]

    def start(self) -> None:
        """Start them all; returns at once."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Have them finish what they were asked, and wait for them."""
        self._closing.set()
        deadline = time.monotonic() + END_SECONDS
        for member in list(self._members.values()):
            assert member.stdin is not None  # noqa: S101  (a pipe, see below)
            member.stdin.close()
        for member in list(self._members.values()):
            try:
                member.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                logger.warning("process %d of the server does not end and is killed", member.pid)
                member.kill()
        for thread in self._threads:
            thread.join(END_SECONDS)

    def _keep(self, number: int) -> None:
        """Have one member alive until all are to end."""
        while not self._closing.is_set():
            member = self._members[number] = self._spawn()
            if self._closing.is_set() and member.stdin is not None:
                member.stdin.close()
            assert member.stdout is not None  # noqa: S101  (a pipe, see below)
            with member.stdout as said:
                for line in said:
                    if line == ASKS_TO_STOP:
                        self._stop()
            code = member.wait()
            if not self._closing.wait(AGAIN_SECONDS):
                logger.error(
                    "process %d of the server ended with %d; another takes its place", member.pid, code
                )

    def _spawn(self) -> "subprocess.Popen[bytes]":
        sockets = [word for number in self._sockets for word in ("--socket", str(number))]
        return subprocess.Popen(  # noqa: S603 (our own module)
            [sys.executable, "-m", "tallymark.server", *self._command.arguments, *sockets],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **self._command.environment, SECRET_VARIABLE: self._secret},
            pass_fds=self._sockets,
        )


def when_left(stop: Callable[[], None]) -> None:
    """In a further process: call `stop` when the first one closes our standard input or is gone."""

    def wait() -> None:
        sys.stdin.buffer.read()
        stop()

    threading.Thread(target=wait, daemon=True).start()


def ask_to_stop() -> None:
    """In a further process: have the first one end, and us with it."""
    sys.stdout.buffer.write(ASKS_TO_STOP)
    sys.stdout.buffer.flush()
