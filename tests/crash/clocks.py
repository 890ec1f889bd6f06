"""Wall clocks that tests set while processes run by them; passing time (`time.monotonic`) is left alone."""

import mmap
import os
import struct
from pathlib import Path
from typing import Protocol

_PATCH = Path(__file__).parent / "patched_clock"
_FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class WallClock(Protocol):
    """A clock that can be set."""

    def set_off(self, seconds: float) -> None:
        """Let it be so far ahead of the true time from now on."""


class PythonsClock:
    """The clock of processes of Python that are started with its environment."""

    def __init__(self, folder: Path) -> None:
        file = folder / "clock"
        file.write_bytes(struct.pack("d", 0.0))
        with file.open("r+b") as opened:
            self._offset = mmap.mmap(opened.fileno(), 8)
        paths = [str(_PATCH), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.environment = {"CLOCK_OFFSET": str(file), "PYTHONPATH": os.pathsep.join(paths)}

    def set_off(self, seconds: float) -> None:
        """Let it be so far ahead of the true time from now on."""
        self._offset[:8] = struct.pack("d", seconds)


class ProgramsClock:
    """The clock of any program that is started with its environment, by libfaketime where that is installed.

    Not of Python: its `time.sleep` fails there when the clock is set.
    """

    installed = bool(_FAKETIME)

    def __init__(self, folder: Path) -> None:
        """`folder` is one that the program may read."""
        self._file = folder / "faketime"
        self.set_off(0)
        self.environment = {
            "LD_PRELOAD": str(_FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set_off(self, seconds: float) -> None:
        """Let it be so far ahead of the true time from now on."""
        written = self._file.with_suffix(".new")
        written.write_text(f"{seconds:+.0f}\n")
        written.chmod(0o644)
        written.rename(self._file)
