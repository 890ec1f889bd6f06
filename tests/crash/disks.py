"""Room on a disk that tests take away and give back while a server writes to it."""

import contextlib
import errno
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

BLOCK = b"x" * 4096
LEFT_BYTES = 8 * 4096


class Disk(Protocol):
    """Where the database lies."""

    def fill(self) -> None:
        """Leave no room."""

    def make_room(self) -> None:
        """Give it back."""


class TinyDisk:
    """A file system in memory of a few megabytes; others fill it, then it gets room enough for the log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._megabytes = 8

    def fill(self) -> None:
        """Write until nothing more fits."""
        with (self.folder / f"filler {self._megabytes}").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(BLOCK)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def make_room(self) -> None:
        """Make the file system larger while it is used."""
        self._megabytes += 64
        self._mount("remount,size={}m")

    def mount(self) -> None:
        """Make it. Errors: `CalledProcessError` where that is not allowed."""
        self.folder.mkdir()
        self._mount("size={}m")

    def _mount(self, options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options.format(self._megabytes), "tmpfs", str(self.folder)]
        subprocess.run(command, check=True, capture_output=True)


@contextlib.contextmanager
def tiny_disk(folder: Path) -> Iterator[TinyDisk | None]:
    """A file system of a few megabytes for the length of the block; None where we may not mount one."""
    disk = TinyDisk(folder)
    try:
        disk.mount()
    except (OSError, subprocess.CalledProcessError):
        yield None
        return
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class SizeLimit:
    """A limit on how long the files of a process may get, as a quota would be."""

    def __init__(self, process: Callable[[], int]) -> None:
        self._process = process
        self._limited: int | None = None

    def fill(self) -> None:
        """Let the process write no further than the head of any file."""
        self._limited = self._process()
        _, most = resource.prlimit(self._limited, resource.RLIMIT_FSIZE)
        resource.prlimit(self._limited, resource.RLIMIT_FSIZE, (LEFT_BYTES, most))

    def make_room(self) -> None:
        """Lift the limit, if the process is still there."""
        assert self._limited is not None
        with contextlib.suppress(ProcessLookupError):
            _, most = resource.prlimit(self._limited, resource.RLIMIT_FSIZE)
            resource.prlimit(self._limited, resource.RLIMIT_FSIZE, (most, most))


def may_mount() -> bool:
    """Whether we are likely to be allowed to mount a file system."""
    return os.geteuid() == 0
