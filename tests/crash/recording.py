"""What happened to the files of a database, in the order it happened: one line of JSON for each event.

Several processes append to one file: the server what it does to its files, the annotators what they sent and
what was acknowledged. Each line is one write to a file opened for appending, so the order is that of the
events: something is noted before it is begun, and that it lasts (or was heard) only afterwards.
"""

import base64
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal[
    "folder",  # a folder was made
    "open",  # a file was opened, and made if it was not there
    "write",
    "truncate",
    "unlink",
    "syncing",  # from here on …
    "synced",  # … to here: what was written before is on the disk
    "sent",  # operations left for the server
    "acked",  # … and their acknowledgements came
]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `file` is a handle: two openings of one path are two."""

    kind: Kind
    path: str = ""
    file: str = ""
    offset: int = 0
    """Where a write begins, or the size a file is truncated to."""
    data: bytes = b""
    sync: str = ""
    """What ties `synced` to its `syncing`."""
    said: list[dict[str, Any]] = field(default_factory=list)


class Recording:
    """The file of events, for appending and for reading."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def note(self, kind: Kind, **more: Any) -> None:
        """Append an event. Errors: `OSError` when the line does not fit on the disk."""
        if "data" in more:
            more["data"] = base64.b64encode(more["data"]).decode()
        line = json.dumps({"kind": kind, **more}).encode() + b"\n"
        if os.write(self._file, line) != len(line):
            raise OSError(f"{self.path} cannot grow: the recording is torn")

    def events(self) -> list[Event]:
        """Everything so far."""
        return [_event(json.loads(line)) for line in self.path.read_bytes().splitlines()]

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def _event(document: dict[str, Any]) -> Event:
    if "data" in document:
        document["data"] = base64.b64decode(document["data"])
    return Event(**document)
