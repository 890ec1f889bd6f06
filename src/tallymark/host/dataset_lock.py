"""The lock that makes a process the one host of a dataset."""

import logging
import threading
import time

from tallymark.channel.locks import Lock, LockHeld, dataset_lock, take
from tallymark.databases import Place
from tallymark.errors import Busy, Fenced, StoreUnavailable

logger = logging.getLogger(__name__)

TAKE_OVER_SECONDS = 10.0
TRY_SECONDS = 1.0


class DatasetLock:
    """One host for each dataset, by a lock; an older host that was told to stop is waited for."""

    def __init__(self, database: Place, dataset: str, *, take_over: bool) -> None:
        """Take the lock, or leave it to `wait` when the dataset is to be taken over.

        Errors: `Busy`, naming the holder.
        """
        self._dataset = dataset
        self._name = dataset_lock(database, dataset)
        self._lock: Lock | None = None
        try:
            self._lock = take(self._name)
        except LockHeld as error:
            if not take_over:
                raise Busy(
                    f"Dataset {dataset!r} is served already, by {error.holder or 'another process'}. "
                    "Stop that process, or start with --take-over to make this one its host."
                ) from error

    def wait(self) -> None:
        """Give the older host, which is fenced by now, time to let go; a hanging one is waited for beside."""
        if self._lock is None and not self._take(TAKE_OVER_SECONDS):
            logger.warning("the older host does not end; it can do no harm")
            threading.Thread(target=self._take_at_last, daemon=True).start()

    def keep(self) -> None:
        """Take the lock again if it was lost with the database's connection.

        Errors: `Fenced` when another process has it by now, `StoreUnavailable` while that cannot be told.
        """
        if self._lock is None:
            return
        try:
            self._lock.keep()
        except LockHeld as error:
            raise Fenced(
                f"The connection that held dataset {self._dataset!r} for this process was lost, and "
                f"{error.holder} serves it by now. This one stops; answers are saved."
            ) from error

    def _take_at_last(self) -> None:
        while True:
            try:
                self._lock = take(self._name, patience=float("inf"))
            except StoreUnavailable as error:
                logger.warning("the lock of dataset %r is still waited for: %s", self._dataset, error)
                time.sleep(TRY_SECONDS)
            else:
                return

    def _take(self, patience: float) -> bool:
        try:
            self._lock = take(self._name, patience=patience)
        except LockHeld:
            return False
        return True

    @property
    def held(self) -> bool:
        """Whether the lock is ours by now."""
        return self._lock is not None

    def release(self) -> None:
        """Let go."""
        if self._lock is not None:
            self._lock.release()
