"""Commands that start at once: copies of a process that has loaded the program already.

Loading Python, the libraries and our modules is most of what a command and its server cost, and the browser
tests start hundreds. Here each is a fork of a process that did so once; from there on it is the program's own
`main`, in a process and session of its own, which can be killed. Where no browser takes part (`tests/crash`,
`tests/host`, `tests/compat`) commands are started in the ordinary way.
"""

import contextlib
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

LOADED = [
    "tallymark.cli.main",
    "tallymark.cli.run",
    "tallymark.host.host",
    "tallymark.server.__main__",
    "tallymark.server.process",
    "rich.console",
    "spacy.lang.en",
    __name__,
]

_prepared = multiprocessing.get_context("forkserver")
_prepared.set_forkserver_preload(LOADED)


class Started:
    """A running command: as much of `subprocess.Popen` as the tests need."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        reading, writing = _prepared.Pipe(duplex=False)
        given = (list(arguments), dict(environment), writing)
        self._process = _prepared.Process(target=_run, args=given, daemon=True)
        self._process.start()
        writing.close()
        self.stdout = os.fdopen(os.dup(reading.fileno()), encoding="utf-8")
        reading.close()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit status. Errors: `subprocess.TimeoutExpired`."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self._process), timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Nothing happens to one that has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """`kill -9`."""
        self.send_signal(signal.SIGKILL)


def _run(arguments: list[str], environment: dict[str, str], output: Connection) -> NoReturn:
    """The command `tallymark`."""
    from tallymark.cli.main import main
    from tallymark.host import launch

    vars(launch)["subprocess"] = SimpleNamespace(**{**vars(subprocess), "Popen": _started})
    _become(["tallymark", *arguments], environment, output.fileno())
    output.close()
    sys.exit(main())


def _started(command: Sequence[str], **how: Any) -> Any:
    """The server of a host: forked, too, unless the host has threads, of which a fork has only one."""
    if threading.active_count() > 1:
        return subprocess.Popen(command, **how)
    assert command[:3] == [sys.executable, "-m", "tallymark.server"]
    assert set(how) == {"env", "stdin", "stdout", "stderr", "pass_fds", "start_new_session"}
    pid = os.fork()
    return _Server(pid) if pid else _serve(command[3:], how["env"], how["stdout"].fileno(), how["pass_fds"])


class _Server:
    """A forked server: as much of `subprocess.Popen` as its host needs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)
        self._status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if ended else None
        return self._status

    def wait(self, timeout: float) -> int:
        select.select([self._handle], [], [], timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired("the server", timeout)
        return status

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)


def _serve(
    arguments: Sequence[str], environment: Mapping[str, str], log: int, kept: Sequence[int]
) -> NoReturn:
    """The server's process; nothing of it gets back into its host's code."""
    from tallymark.server.__main__ import main

    status = 1
    try:
        _become(["tallymark.server", *arguments], environment, log)
        for path in list(Path("/proc/self/fd").iterdir()):
            if int(path.name) not in {0, 1, 2, *kept}:
                with contextlib.suppress(OSError):  # the one that listed them
                    os.close(int(path.name))
        status = main(arguments)
    except SystemExit as ended:
        status = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _become(arguments: Sequence[str], environment: Mapping[str, str], output: int) -> None:
    """What a process of its own is given."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(arguments)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
