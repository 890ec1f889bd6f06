"""What is done for the whole database now and then, by one of its servers at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from anyio.to_thread import run_sync

from tallymark.channel.advisory import AdvisoryLock
from tallymark.channel.locks import AdvisoryName, LockHeld, timers_lock
from tallymark.databases import Place
from tallymark.errors import StoreError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0


async def alone(database: Place, work: Callable[[], Awaitable[None]]) -> None:
    """Do some endless work, in one process of the database at a time; until cancelled.

    Who does it holds a lock; when its process or its connection is gone, another one goes on.
    """
    name = timers_lock(database)
    if name is None:
        await work()
        return
    while True:
        lock = await run_sync(_taken, name)
        if lock is not None:
            await _while_held(lock, work)
        await asyncio.sleep(LOOK_SECONDS)


async def _while_held(lock: AdvisoryLock, work: Callable[[], Awaitable[None]]) -> None:
    working = asyncio.ensure_future(work())
    try:
        while await run_sync(lock.lives):
            await asyncio.sleep(LOOK_SECONDS)
        logger.warning("%s is not held any more", lock.name)
    finally:
        working.cancel()
        lock.release()


def _taken(name: AdvisoryName) -> AdvisoryLock | None:
    """The lock; None while somebody else has it or the database is away."""
    try:
        return AdvisoryLock(name, patience=0)
    except LockHeld:
        return None
    except StoreError as error:
        logger.warning("%s", error)
        return None
