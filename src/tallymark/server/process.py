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
from collections.abc import Callable
from typing import Any

import uvicorn

import tallymark
from tallymark import queue
from tallymark.channel.locks import LockHeld, server_lock, take
from tallymark.databases import Place, address_of
from tallymark.queue.writer import Writer
from tallymark.server.announcing import Announcer
from tallymark.server.app import create_app
from tallymark.server.listen import Listening, listen
from tallymark.server.settings import ServerSettings
from tallymark.store import Store

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
GRACE_SECONDS = 5
KEEP_ALIVE_SECONDS = 75
SWITCH_SECONDS = 0.0005  # the writer's thread takes turns with the requests' several times in a commit

Report = Callable[[dict[str, Any]], None]


def serve(database: Place, settings: ServerSettings, report: Report) -> int:
    """Serve a database until asked to stop. `report` gets one document: ready, or why not."""
    try:
        lock = take(server_lock(database), patience=1.0)
    except LockHeld as error:
        report({"error": "locked", "message": str(error)})
        return 3
    with lock, contextlib.closing(Store.open(address_of(database))) as store:
        return _serve(store, settings, report)


def _serve(store: Store, settings: ServerSettings, report: Report) -> int:
    sys.setswitchinterval(SWITCH_SECONDS)
    secret = secrets.token_urlsafe(32)
    machine = socket.gethostname()
    with store.reading() as tx:
        remembered = queue.servers.remembered_address(tx, machine=machine if store.writers > 1 else None)
    listening = listen(settings, remembered)
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
            )
        ).result()
        server = _Server(store, writer, settings, listening, secret, row["server"], report)
        server.run(sockets=listening.sockets)
        writer.submit(lambda tx: queue.servers.stop_server(tx, server=row["server"])).result()
    finally:
        writer.close()
    return 0


class _Server(uvicorn.Server):
    """Uvicorn that reports when it answers, and beats while it lives."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        settings: ServerSettings,
        listening: Listening,
        secret: str,
        row: int,
        report: Report,
    ) -> None:
        app = create_app(store, writer, settings, secret=secret, stop=self._stop)
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
        self._ready = {
            "address": listening.url,
            "secret": secret,
            "pid": os.getpid(),
            "moved_from": listening.moved_from,
        }
        self._report = report

    async def startup(self, sockets: Any = None) -> None:
        """Answer first, then say so."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what was imported stays for good; collections need not look at it again
        self._beating = asyncio.create_task(self._beat())
        self._announcing = asyncio.create_task(self._announcer.run())
        self._report(self._ready)

    async def shutdown(self, sockets: Any = None) -> None:
        """Requests under way are finished."""
        self._beating.cancel()
        self._announcing.cancel()
        await super().shutdown(sockets)

    def _stop(self) -> None:
        self.should_exit = True

    async def _beat(self) -> None:
        """Write down that the server lives; the next start adds the gap after the last beat to leases."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                beat = self._writer.submit(lambda tx: queue.servers.beat_server(tx, server=self._row))
                await asyncio.wrap_future(beat)
            except Exception:
                logger.exception("the beat of %s could not be written", time.strftime("%H:%M:%S"))


def reporter(file: int | None) -> Report:
    """A report as one line of JSON to an inherited file descriptor, which is closed after it."""

    def report(document: dict[str, Any]) -> None:
        if file is None:
            return
        with contextlib.suppress(OSError), os.fdopen(file, "w") as stream:  # the host may be gone by now
            stream.write(json.dumps(document) + "\n")

    return report
