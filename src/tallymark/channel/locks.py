"""Locks: one server per database, one host per dataset.

On SQLite they are locks of the operating system on files, on PostgreSQL advisory locks of a connection. Both
end with their process, however that ends, so nothing has to be cleaned up after `kill -9`.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, Self

from tallymark.databases import DatabaseUrl, Place
from tallymark.errors import Busy, StoreError, StoreUnavailable
from tallymark.names import canonical


@dataclass(frozen=True, slots=True)
class AdvisoryName:
    """What an advisory lock of PostgreSQL is called."""

    database: DatabaseUrl
    kind: Literal["server", "host", "timers"]
    number: int

    def __str__(self) -> str:
        return f"the {self.kind} of {self.database}"


LockName = Path | AdvisoryName


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, as it wrote itself down: its process id and since when (seconds, UNIX time)."""

    pid: int
    since: float
    machine: str | None = None
    """Where it runs, when that may be elsewhere."""

    @property
    def is_this_process(self) -> bool:
        """Whether that is us, perhaps by a connection that we have lost."""
        machine = self.machine or ""  # PostgreSQL cuts long names off
        return self.pid == os.getpid() and socket.gethostname().startswith(machine)

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        where = f" on {self.machine}" if self.machine else ""
        return f"process {self.pid}{where}, since {since}"


class LockHeld(Busy):
    """Somebody else holds a lock; `holder` is None when it has not written its name yet."""

    def __init__(self, lock: LockName, holder: Holder | None) -> None:
        super().__init__(f"{lock} is locked by {holder or 'another process'}")
        self.holder = holder


class FileLock:
    """An exclusive lock on one file, held until `release` or the end of this process."""

    def __init__(self, path: Path, *, patience: float = 0.2) -> None:
        """Take the lock, asking again for `patience` seconds: another process may just be looking.

        Errors: `LockHeld`, `StoreError` where the file cannot be made or written.
        """
        self.path = path
        self._file = _made(path)
        deadline = time.monotonic() + patience
        while not _try_lock(self._file):
            if time.monotonic() > deadline:
                os.close(self._file)
                raise LockHeld(path, holder(path))
            time.sleep(0.01)
        close_in_forks(self._file)
        self._write_name()

    def _write_name(self) -> None:
        text = json.dumps({"pid": os.getpid(), "since": time.time()}).encode()
        try:
            os.truncate(self._file, 0)
            os.pwrite(self._file, text, 0)
        except OSError as error:
            self.release()
            raise _unusable(self.path, error) from error

    def keep(self) -> None:
        """Nothing: a file's lock cannot be lost."""

    def release(self) -> None:
        """Let go; harmless when done before."""
        if self._file in _OPEN:
            closed(self._file)
            os.truncate(self._file, 0)
            os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Lock(Protocol):
    """A lock that is held until `release` or the end of this process."""

    def keep(self) -> None:
        """Take it again if it was lost with a connection. Errors: `LockHeld`, `StoreError`."""

    def release(self) -> None:
        """Let go; harmless when done before."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


def take(lock: LockName, *, patience: float = 0.2) -> Lock:
    """Take a lock, asking again for `patience` seconds. Errors: `LockHeld`, `StoreError`."""
    if isinstance(lock, AdvisoryName):
        from tallymark.channel.advisory import AdvisoryLock

        return AdvisoryLock(lock, patience=patience)
    return FileLock(lock, patience=patience)


def server_lock(database: Place) -> LockName:
    """The lock of the server of a database: on SQLite the one writer, on PostgreSQL one for each machine."""
    if isinstance(database, DatabaseUrl):
        return AdvisoryName(database, "server", _number(socket.gethostname().encode()))
    return database.with_name(database.name + ".lock")


def dataset_lock(database: Place, dataset: str) -> LockName:
    """The lock that the one host of a dataset holds."""
    name = canonical(dataset).encode("utf-8", "surrogatepass")
    if isinstance(database, DatabaseUrl):
        return AdvisoryName(database, "host", _number(name))
    key = hashlib.blake2b(name, digest_size=12).hexdigest()
    return _hosts_folder(database) / f"{key}.lock"


def timers_lock(database: Place) -> AdvisoryName | None:
    """The lock of whoever looks after a database now and then; an SQLite file has but one server."""
    return AdvisoryName(database, "timers", 0) if isinstance(database, DatabaseUrl) else None


def living_hosts(database: Place) -> list[Holder]:
    """Who serves datasets of this database now."""
    if isinstance(database, DatabaseUrl):
        from tallymark.channel import advisory

        return advisory.holders(database, "host")
    locks = sorted(_hosts_folder(database).glob("*.lock"))
    found = [holder(lock) for lock in locks if held(lock)]
    return [one for one in found if one is not None]


def holder(lock: LockName) -> Holder | None:
    """The process that wrote its name last; it may be gone, ask `held`."""
    if isinstance(lock, AdvisoryName):
        from tallymark.channel import advisory

        return next(iter(advisory.holders(lock.database, lock.kind, lock.number)), None)
    try:
        document = json.loads(lock.read_text())
        return Holder(int(document["pid"]), float(document["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def held(lock: LockName) -> bool:
    """Whether a living process holds the lock right now."""
    if isinstance(lock, AdvisoryName):
        return holder(lock) is not None
    try:
        file = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(file)
    finally:
        os.close(file)


def _made(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StoreUnavailable(
            f"The disk is full: {path} cannot be written. Free some space; nothing is lost."
        )
    return StoreError(
        f"The file {path}, by which processes keep apart, cannot be used: {error.strerror}. "
        "Check the path and its permissions."
    )


def _number(name: bytes) -> int:
    """32 bits of a name, for advisory locks."""
    return int.from_bytes(hashlib.blake2b(name, digest_size=4).digest(), signed=True)


def _hosts_folder(database: Path) -> Path:
    """The folder beside a database with one lock for each dataset that was ever served."""
    return database.with_name(f"{database.name}.hosts")


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_OPEN: set[int] = set()


def close_in_forks(file: int) -> None:
    """Remember a file whose lock must not outlive this process in one that was forked from it."""
    _OPEN.add(file)


def closed(file: int) -> None:
    """Forget a file that is about to be closed."""
    _OPEN.discard(file)


def _close_in_fork() -> None:
    """A forked worker of a recipe must not keep its parent's locks alive."""
    for file in list(_OPEN):
        with contextlib.suppress(OSError):
            os.close(file)
    _OPEN.clear()


os.register_at_fork(after_in_child=_close_in_fork)
