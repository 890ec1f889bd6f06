"""Show what another process writes into its log."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tallymark.host.say import Say

LOOK_SECONDS = 0.3


@contextmanager
def following(log: Path, say: Say) -> Iterator[None]:
    """Say every line that is added to a file while the block runs."""
    ended = threading.Event()
    start = log.stat().st_size if log.exists() else 0
    thread = threading.Thread(target=_follow, args=(log, start, say, ended), name="host-log", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(2 * LOOK_SECONDS)


def _follow(log: Path, start: int, say: Say, ended: threading.Event) -> None:
    place, rest = start, b""
    while True:
        last = ended.wait(LOOK_SECONDS)
        if log.exists():
            place = place if log.stat().st_size >= place else 0  # it was begun anew
            with log.open("rb") as file:
                file.seek(place)
                new = file.read()
            place += len(new)
            *lines, rest = (rest + new).split(b"\n")
            for line in lines:
                say(line.decode("utf-8", "replace"))
        if last:
            return
