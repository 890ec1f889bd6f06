"""A wall clock that tests set while processes run by it; how time passes (`time.monotonic`) is left alone."""

import mmap
import os
import struct
from pathlib import Path

_PATCH = Path(__file__).parent / "patched_clock"


class WallClock:
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
