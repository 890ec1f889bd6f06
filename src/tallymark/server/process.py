"""The life of the server process of one database.

It holds the database's lock and its only writer, takes the address the database had before, and goes on
serving when the host that started it is gone.
"""

import asyncio
import contextlib
import gc
import json
import logging
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import uvicorn
from anyio.to_thread import run_sync

import tallymark
from tallymark import queue
from tallymark.channel.locks import Lock, LockHeld, server_lock, take
from tallymark.databases import DatabaseUrl, Place, address_of
from tallymark.errors import StoreError
from tallymark.queue.writer import Writer
from tallymark.server.announcing import Announcer
from tallymark.server.app import create_app
from tallymark.server.crew import Crew, CrewCommand, ask_to_stop, when_left
from tallymark.server.listen import Listening, listen
from tallymark.server.settings import ServerSettings
from tallymark.server.timers import alone
from tallymark.store import Store

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
GRACE_SECONDS = 5
KEEP_ALIVE_SECONDS = 75
KEEP_SECONDS = 0.5
SWITCH_SECONDS = 0.0005  # the writer's thread takes turns with the requests' several times in a commit

Report = Callable[[dict[str, Any]], None]


def serve(
    database: Place, settings: ServerSettings, report: Report, *, crew: CrewCommand | None = None
) -> int:
    """Serve a database until asked to stop. `report` gets one document: ready, or why not."""
    try:
        lock = take(server_lock(database), patience=1.0)
    except LockHeld as error:
        report({"error": "locked", "message": str(error)})
        return 3
    with lock, contextlib.closing(Store.open(address_of(database))) as store:
        return _serve(database, store, settings, report, crew, lock)


def serve_beside(
    database: Place, settings: ServerSettings, report: Report, *, crew: CrewCommand | None = None
) -> int:
    """Serve a database beside its other servers, at an address of our own, until standard input ends."""
    with contextlib.closing(Store.open(address_of(database))) as store:
        return _serve(database, store, settings, report, crew, None)


def serve_as_crew(database: Place, settings: ServerSettings, sockets: Sequence[int], secret: str) -> int:
    """Answer on the sockets of another process of ours until that one ends."""
    sys.setswitchinterval(SWITCH_SECONDS)
    with contextlib.closing(Store.open(address_of(database))) as store:
        writer = Writer(store)
        try:
            server = _Server(database, store, writer, settings, secret, stop=ask_to_stop)
            when_left(server.end)
            server.run(sockets=[socket.socket(fileno=number) for number in sockets])
        finally:
            writer.close()
    return 0


def _serve(
    database: Place,
    store: Store,
    settings: ServerSettings,
    report: Report,
    crew: CrewCommand | None,
    lock: Lock | None,
) -> int:
    """Serve with the `lock` of this machine's server, or beside it without one."""
    lead = lock is not None
    sys.setswitchinterval(SWITCH_SECONDS)
    secret = secrets.token_urlsafe(32)
    machine = socket.gethostname()
    with store.reading() as tx:
        remembered = queue.servers.remembered_address(tx, machine=machine if store.writers > 1 else None)
    listening = listen(settings, remembered if lead else None)
    writer = Writer(store)
    try:
        row = writer.submit(
            lambda tx: queue.servers.register_server(
                tx,
                address=listening.url,
                secret=secret,
                pid=os.getpid(),
                version=tallymark.__version__,
                machine=machine,
                lead=lead,
            )
        ).result()
        ready: dict[str, Any] = {"address": listening.url, "secret": secret, "pid": os.getpid()}
        ready |= {"moved_from": listening.moved_from, "port_taken": listening.port_taken}
        server = _Server(
            database,
            store,
            writer,
            settings,
            secret,
            row=row["server"],
            lock=lock,
            ready=lambda: report(ready),
        )
        if not lead:
            when_left(server.end)
        with _crew(settings, crew, listening, secret, server):
            server.run(sockets=listening.sockets)
        writer.submit(lambda tx: queue.servers.stop_server(tx, server=row["server"])).result()
    finally:
        writer.close()
    return 0


@contextlib.contextmanager
def _crew(
    settings: ServerSettings,
    command: CrewCommand | None,
    listening: Listening,
    secret: str,
    server: "_Server",
) -> Iterator[None]:
    """The further processes that the settings ask for, for the length of the block."""
    if settings.workers == 1 or command is None:
        yield
        return
    sockets = [bound.fileno() for bound in listening.sockets]
    crew = Crew(settings.workers - 1, command, sockets=sockets, secret=secret, stop=server.end)
    crew.start()
    try:
        yield
    finally:
        crew.close()


class _Server(uvicorn.Server):
    """Uvicorn that says when it answers, and beats while it lives if it has a row of its own."""

    def __init__(
        self,
        database: Place,
        store: Store,
        writer: Writer,
        settings: ServerSettings,
        secret: str,
        *,
        row: int | None = None,
        lock: Lock | None = None,
        ready: Callable[[], None] = lambda: None,
        stop: Callable[[], None] | None = None,
    ) -> None:
        app = create_app(store, writer, settings, secret=secret, stop=stop or self.end)
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                lifespan="on",
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._writer = writer
        self._announcer = Announcer(store, writer)
        self._row = row
        self._lock = lock
        self._database = database
        self._ready = ready
        self._store = store
        self._tasks: list[asyncio.Task[None]] = []

    async def startup(self, sockets: Any = None) -> None:
        """Answer first, then say so."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what was imported stays for good; collections need not look at it again
        if self._row is not None:
            self._tasks.append(asyncio.create_task(self._beat(self._row)))
            self._tasks.append(asyncio.create_task(alone(self._database, self._announcer.run)))
            if self._lock is not None and isinstance(self._database, DatabaseUrl):
                self._tasks.append(asyncio.create_task(self._keep(self._lock, self._row)))
        self._ready()

    async def shutdown(self, sockets: Any = None) -> None:
        """Requests under way are finished."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(super().shutdown(sockets), self._announcer.end(GRACE_SECONDS))

    def end(self) -> None:
        """Finish what was begun and end; from any thread."""
        self.should_exit = True

    async def _beat(self, row: int) -> None:
        """Write down that the server lives; the next start adds the gap after the last beat to leases."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                beat = self._writer.submit(lambda tx: queue.servers.beat_server(tx, server=row))
                await asyncio.wrap_future(beat)
            except Exception:
                logger.exception("the beat of %s could not be written", time.strftime("%H:%M:%S"))

    async def _keep(self, lock: Lock, row: int) -> None:
        """Take the lock again when its connection was lost; end when another server serves here by now.

        A command that writes by itself holds the lock for a while, too; it is waited for.
        """
        while not await run_sync(self._replaced, lock, row):
            await asyncio.sleep(KEEP_SECONDS)
        logger.error("the connection that held the lock was lost and another server took over: this one ends")
        self.end()

    def _replaced(self, lock: Lock, row: int) -> bool:
        """Whether another server took our place, which it could only while the lock was lost."""
        try:
            lock.keep()
        except (LockHeld, StoreError) as error:
            logger.warning("%s", error)
            return isinstance(error, LockHeld) and self._newest() not in (row, None)
        return False

    def _newest(self) -> int | None:
        try:
            with self._store.reading() as tx:
                return queue.servers.newest_on(tx, machine=socket.gethostname())
        except StoreError:  # asked again soon
            return None


def reporter(file: int | None) -> Report:
    """A report as one line of JSON to an inherited file descriptor, which is closed after it."""

    def report(document: dict[str, Any]) -> None:
        if file is None:
            return
        with contextlib.suppress(OSError), os.fdopen(file, "w") as stream:  # the host may be gone by now
            stream.write(json.dumps(document) + "\n")

    return report
