"""Start the server of a database, adopt the one that lives, and start a dead one anew.

The server is a child process in a session of its own: Ctrl-C in the terminal does not reach it, and it goes
on serving when its host dies.
"""

import contextlib
import hashlib
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tallymark
from tallymark.channel.client import Address, post
from tallymark.channel.find import LivingServer, busy, living_server, stop_server
from tallymark.channel.locks import held, server_lock
from tallymark.channel.wire import ACCESS_VARIABLE, access_digest
from tallymark.config import Settings
from tallymark.databases import DatabaseUrl, Place, address_of, place_of
from tallymark.errors import Busy, ChannelDown, SettingError, TallymarkError
from tallymark.host.say import Say
from tallymark.names import listed

logger = logging.getLogger(__name__)

START_SECONDS = 30.0
END_SECONDS = 10.0
LOG_BYTES = 5_000_000
_PAUSE = 0.05
_VARIABLE = "TALLYMARK_SERVED"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What the server process is started with."""

    database: Place
    logs: Path
    arguments: tuple[str, ...]
    access: str = "{}"
    """Who may come in, as JSON; it holds passwords, so it goes through the environment."""

    @classmethod
    def of(cls, settings: Settings) -> "ServerOptions":
        """The server's part of the settings."""
        database = place_of(settings.database_url)
        arguments = ["--host", settings.host, "--port", str(settings.port)]
        arguments += ["--max-body", str(settings.max_body_mb * 2**20)]
        arguments += ["--workers", str(workers_of(settings, database))]
        arguments += ["--fixed-port"] if "port" in settings.model_fields_set else []
        arguments += ["--verbose"] if settings.logging == "verbose" else []
        for host in settings.allowed_hosts:
            arguments += ["--allowed-host", host]
        return cls(database, settings.home.expanduser(), tuple(arguments), json.dumps(_access(settings)))

    @property
    def command(self) -> list[str]:
        """The command that serves; everybody on the machine may read it."""
        return [sys.executable, "-m", "tallymark.server", "--database", f"@{_VARIABLE}", *self.arguments]

    @property
    def environment(self) -> dict[str, str]:
        """Its environment, with what only we may read."""
        return {**os.environ, _VARIABLE: address_of(self.database), ACCESS_VARIABLE: self.access}


def workers_of(settings: Settings, database: Place) -> int:
    """How many processes serve. Errors: `SettingError` for several on SQLite."""
    if settings.workers > 1 and not isinstance(database, DatabaseUrl):
        raise SettingError(
            f"{settings.workers} workers need PostgreSQL: only one process writes to an SQLite file.\n"
            "Name a database with --database postgresql://user@host/name, or leave workers at 1."
        )
    return settings.workers


def _access(settings: Settings) -> dict[str, Any]:
    """The keyword arguments of the server's settings that say who may come in."""
    access: dict[str, Any] = {}
    if settings.public_url is not None:
        access["public_url"] = settings.public_url
    if settings.basic_auth_pass is not None:
        access["basic"] = [settings.basic_auth_user, settings.basic_auth_pass]
    if settings.logs_in_at_provider:
        access["oidc"] = {
            "discovery_url": settings.oidc_discovery_url,
            "client_id": settings.oidc_client_id,
            "client_secret": settings.oidc_client_secret,
            "name_claim": settings.oidc_name_claim,
            "operators": settings.oidc_operators,
        }
    return access


class Launch:
    """The server of one database, as a host sees it. Safe to use from several threads."""

    def __init__(self, options: ServerOptions) -> None:
        self.options = options
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._pipe: int | None = None
        self._living: LivingServer | None = None
        self.moved_from: str | None = None
        self.port_taken: int | None = None
        self.needed = False
        """Whether annotators may be at work, so that the server outlives a host that fails."""

    @property
    def database(self) -> Place:
        """The database's file or URL."""
        return self.options.database

    @property
    def log(self) -> Path:
        """Where the server writes its log."""
        if isinstance(self.database, DatabaseUrl):
            return self.options.logs / f"postgresql-{_short_name(self.database)}.server.log"
        return self.database.with_name(self.database.name + ".server.log")

    @property
    def adopted(self) -> bool:
        """Whether the server was there before."""
        return self._child is None

    @property
    def url(self) -> str | None:
        """Where the server was last known to answer; None before it did."""
        living = self._living
        return None if living is None else living.address.url

    def begin(self) -> None:
        """Start the server, unless the database is held already, and return at once."""
        with self._lock:
            if self._child is None and not held(server_lock(self.database)):
                self._spawn()

    def address(self) -> Address:
        """Where the server answers; it is started when it does not.

        Errors: `DatabaseBusy` when somebody holds the database and does not answer, `ChannelDown` when the
        server cannot be started.
        """
        with self._lock:
            if self._living is None or not self._answers(self._living):
                self._living = self._find_or_start()
            return self._living.address

    def cancel(self) -> None:
        """End a server that was begun and is not wanted after all."""
        with self._lock:
            child, self._child = self._child, None
            if child is not None:
                child.terminate()
                child.wait(START_SECONDS)
            if self._pipe is not None:
                os.close(self._pipe)
                self._pipe = None

    def alive(self) -> bool:
        """Whether the server's process is there, as far as can be told without asking it."""
        with self._lock:
            if self._child is not None and self._child.poll() is not None:
                return False
            return self._living is None or _exists(self._living.pid)

    def leave(self, say: Say) -> None:
        """Have the server end and wait for it, unless another host needs it or annotators do (`needed`)."""
        if self.needed:
            return
        found = living_server(self.database)
        if found is None:
            return
        try:
            others = post(found.address, "/internal/server.leave", {}, timeout=END_SECONDS)
        except TallymarkError as error:
            logger.info("the server is gone already: %s", error)
            others = []
        if others:
            say(f"The server goes on for {listed(others)}. `tallymark stop` ends it after its last recipe.")
            return
        deadline = time.monotonic() + END_SECONDS
        while held(server_lock(self.database)) and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        with self._lock, contextlib.suppress(subprocess.TimeoutExpired):
            if self._child is not None:
                self._child.wait(max(0.0, deadline - time.monotonic()))

    def _answers(self, known: LivingServer) -> bool:
        if not _exists(known.pid):
            return False
        found = living_server(self.database)
        return found is not None and found.address == known.address

    def _find_or_start(self) -> LivingServer:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            started = self._await_child(deadline)
            if started is not None:
                return started
            found = living_server(self.database)
            if found is not None and found.version == tallymark.__version__:
                self._refuse_other_access(found)
                return found
            if found is not None:
                stop_server(self.database)
            elif not held(server_lock(self.database)):
                self._spawn()
            else:
                time.sleep(_PAUSE)
        raise busy(self.database)

    def _refuse_other_access(self, found: LivingServer) -> None:
        """A server that lets others in than the settings say must not be adopted. Errors: `Busy`."""
        hello: dict[str, Any] = post(found.address, "/internal/server.hello", {}, timeout=END_SECONDS)
        if hello["access"] != access_digest(self.options.access):
            raise Busy(
                f"The server of this database (process {found.pid}) was started with other settings for who "
                "may log in (basic_auth_…, oidc_…, public_url). Give the same ones, or end it with "
                "`tallymark stop`."
            )

    def _spawn(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        reading, writing = os.pipe()
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 (our own module)
                [*self.options.command, "--ready-fd", str(writing)],
                env=self.options.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(writing,),
                start_new_session=True,
            )
        os.close(writing)
        self._pipe = reading

    def _await_child(self, deadline: float) -> LivingServer | None:
        """What the child reports; None when there is no child, or another process was faster."""
        if self._pipe is None:
            return None
        pipe, self._pipe = self._pipe, None
        said = read_report(pipe, deadline)
        if said is not None and "address" in said:
            self.moved_from = said["moved_from"]
            self.port_taken = said["port_taken"]
            address = Address(url=said["address"], secret=said["secret"])
            return LivingServer(address=address, version=tallymark.__version__, pid=said["pid"])
        if said is None:
            raise ChannelDown(
                f"The server could not be started: {_last_line(self.log)}\nMore is in {self.log}."
            )
        return None


def _short_name(database: DatabaseUrl) -> str:
    """A name for a file about a database: the same for the same one, and without its password."""
    return hashlib.blake2b(str(database).encode(), digest_size=6).hexdigest()


def read_report(pipe: int, deadline: float) -> dict[str, Any] | None:
    """The one line a starting server writes, or None when it ended or hung without a word."""
    with os.fdopen(pipe, "rb") as stream:
        ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
        line = stream.readline() if ready else b""
    if not line:
        return None
    said: dict[str, Any] = json.loads(line)
    return said


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _last_line(log: Path) -> str:
    """What the server complained about last."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")
