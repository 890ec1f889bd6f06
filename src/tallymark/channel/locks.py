"""Locks of the operating system on files: one writer per database, one host per dataset.

A lock ends with its process, however that ends, so nothing has to be cleaned up after `kill -9`.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from tallymark.errors import Busy
from tallymark.names import canonical


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, as it wrote itself down: its process id and since when (seconds, UNIX time)."""

    pid: int
    since: float

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"process {self.pid}, since {since}"


class LockHeld(Busy):
    """Somebody else holds a lock; `holder` is None when it has not written its name yet."""

    def __init__(self, path: Path, holder: Holder | None) -> None:
        super().__init__(f"{path} is locked by {holder or 'another process'}")
        self.holder = holder


class FileLock:
    """An exclusive lock on one file, held until `release` or the end of this process."""

    def __init__(self, path: Path, *, patience: float = 0.2) -> None:
        """Take the lock, asking again for `patience` seconds: another process may just be looking.

        Errors: `LockHeld`.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + patience
        while not _try_lock(self._file):
            if time.monotonic() > deadline:
                os.close(self._file)
                raise LockHeld(path, holder(path))
            time.sleep(0.01)
        _OPEN.add(self._file)
        text = json.dumps({"pid": os.getpid(), "since": time.time()}).encode()
        os.truncate(self._file, 0)
        os.pwrite(self._file, text, 0)

    def release(self) -> None:
        """Let go; harmless when done before."""
        if self._file in _OPEN:
            _OPEN.discard(self._file)
            os.truncate(self._file, 0)
            os.close(self._file)

    def __enter__(self) -> "FileLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def hosts_folder(database: Path) -> Path:
    """The folder beside a database with one lock for each dataset that was ever served."""
    return database.with_name(f"{database.name}.hosts")


def dataset_lock_path(database: Path, dataset: str) -> Path:
    """The file whose lock the one host of a dataset holds."""
    name = canonical(dataset).encode("utf-8", "surrogatepass")
    key = hashlib.blake2b(name, digest_size=12).hexdigest()
    return hosts_folder(database) / f"{key}.lock"


def living_hosts(database: Path) -> list[Holder]:
    """Who serves datasets of this database now."""
    locks = sorted(hosts_folder(database).glob("*.lock"))
    found = [holder(lock) for lock in locks if held(lock)]
    return [one for one in found if one is not None]


def holder(path: Path) -> Holder | None:
    """The process that wrote its name last; it may be gone, ask `held`."""
    try:
        document = json.loads(path.read_text())
        return Holder(int(document["pid"]), float(document["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def held(path: Path) -> bool:
    """Whether a living process holds the lock right now."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(file)
    finally:
        os.close(file)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_OPEN: set[int] = set()


def _close_in_fork() -> None:
    """A forked worker of a recipe must not keep its parent's locks alive."""
    for file in list(_OPEN):
        with contextlib.suppress(OSError):
            os.close(file)
    _OPEN.clear()


os.register_at_fork(after_in_child=_close_in_fork)
