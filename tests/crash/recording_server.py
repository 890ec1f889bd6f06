"""The server, recording what it does to its files: `python -m tests.crash.recording_server '<json>' …`.

The JSON is `{"recording", "database", "checkpoint_pages", "synchronous"}`; what follows are the server's own
arguments. Python itself makes the empty file and syncs the folders above it, so these calls are noted, too.
"""

import json
import os
import sqlite3
import stat
import sys
from pathlib import Path
from typing import Any

from tests.crash.recording import Recording
from tests.crash.recording_vfs import RecordingVfs

from tallymark.server.__main__ import main as serve
from tallymark.store import sqlite


def record_folders(recording: Recording, database: str) -> None:
    """Note the making of the database's file, and the syncing of folders."""

    def noticed(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "open" and _makes(arguments, database):
            recording.note("open", path=database)

    fsync = os.fsync

    def noted_fsync(file: Any) -> None:
        folder = str(Path(f"/proc/self/fd/{file}").readlink()) if stat.S_ISDIR(os.fstat(file).st_mode) else ""
        sync = f"{os.getpid()}.fsync.{folder}"
        recording.note("syncing", sync=sync)
        fsync(file)
        recording.note("synced", sync=sync, path=folder)

    sys.addaudithook(noticed)
    os.fsync = noted_fsync  # type: ignore[assignment]


def _makes(arguments: tuple[Any, ...], database: str) -> bool:
    path, _mode, flags = arguments
    return isinstance(path, str | os.PathLike) and os.fspath(path) == database and bool(flags & os.O_CREAT)


def configure(synchronous: str, checkpoint_pages: int) -> None:
    """Another pragma than the one we promise, and checkpoints that come soon enough for a short test."""
    promised = sqlite._configure

    def otherwise(connection: sqlite3.Connection, *, read_only: bool) -> None:
        promised(connection, read_only=read_only)
        if synchronous:
            connection.execute(f"PRAGMA synchronous = {synchronous}")

    sqlite.CHECKPOINT_PAGES = checkpoint_pages
    sqlite._configure = otherwise


def main() -> int:
    """Serve until stopped."""
    given = json.loads(sys.argv[1])
    recording = Recording(given["recording"])
    vfs = RecordingVfs(recording, given["database"])
    vfs.register()
    record_folders(recording, given["database"])
    configure(given["synchronous"], given["checkpoint_pages"])
    return serve(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
