"""From the command to the first task, for a small and a large file: `python bench/startup.py [rows]`.

The size of a source must not matter: the first task of a million rows (150 MB or more) is there as soon as
that of a thousand. Wanted: the time from the listening socket to the first task at most 1 s and at most 1.2
times that of the small file (0.1 s are forgiven, which is noise); less than 400 MB for each process while it
reads on.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tallymark.channel.find import living_server, stop_server

SMALL, LARGE = 1_000, 1_000_000
MOST_RATIO, FORGIVEN, MOST_SECONDS, MOST_MB = 1.2, 0.1, 1.0, 400
READ_SECONDS = (0.0, 0.0, 20.0)  # how long each start is watched while it reads on
PAUSE = threading.Event()


@dataclass
class Start:
    """Seconds since the command; megabytes of the host and of its server at most."""

    listening: float
    first_task: float
    host_mb: float
    server_mb: float
    rows_read: int

    @property
    def after_listening(self) -> float:
        """From the listening socket to the first task."""
        return self.first_task - self.listening


def main() -> int:
    """Print the figures; 1 when they are not good enough."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else LARGE
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        starts = {count: best(folder, write(folder, count)) for count in (SMALL, rows)}
    for count, figures in starts.items():
        print(
            f"{count:>9,} rows: listening after {figures.listening:.2f} s, first task after "
            f"{figures.first_task:.2f} s ({figures.after_listening:.2f} s after listening); "
            f"{figures.rows_read:,} rows read, host {figures.host_mb:.0f} MB, "
            f"server {figures.server_mb:.0f} MB"
        )
    return judge(starts[SMALL], starts[rows])


def best(folder: Path, source: Path) -> Start:
    """The fastest of some starts on fresh databases, with the most memory any of them took."""
    starts = [start(folder / str(n), source, seconds) for n, seconds in enumerate(READ_SECONDS)]
    fastest = min(starts, key=lambda one: one.after_listening)
    fastest.host_mb = max(one.host_mb for one in starts)
    fastest.server_mb = max(one.server_mb for one in starts)
    fastest.rows_read = max(one.rows_read for one in starts)
    return fastest


def judge(small: Start, large: Start) -> int:
    """Whether the large file starts as fast as the small one, in little memory."""
    ratio = large.after_listening / small.after_listening
    slow = large.after_listening > MOST_RATIO * small.after_listening + FORGIVEN
    print(f"ratio of the time after listening {ratio:.2f} (wanted {MOST_RATIO})")
    big = max(large.host_mb, large.server_mb) > MOST_MB
    return int(slow or big or large.after_listening > MOST_SECONDS)


def write(folder: Path, rows: int) -> Path:
    """A file of about 160 bytes a row."""
    path = folder / f"{rows}.jsonl"
    with path.open("w") as file:
        for n in range(rows):
            file.write(
                json.dumps({"text": f"Sentence number {n} " + "lorem ipsum dolor sit amet " * 5}) + "\n"
            )
    return path


def start(folder: Path, source: Path, seconds: float) -> Start:
    """Start a recipe on the file, lease like a page, and watch the memory while it reads on."""
    database = folder / f"{source.stem}.db"
    port = free_port()
    settings = {"TALLYMARK_HOME": str(folder), "TALLYMARK_DATABASE": str(database), "TALLYMARK_OPEN": "false"}
    command = [sys.executable, "-m", "tallymark", "mark", "news", str(source), "--view-id", "text"]
    begun = time.monotonic()
    host = subprocess.Popen(
        [*command, "--port", str(port)], env=os.environ | settings, stdout=subprocess.DEVNULL
    )
    try:
        listening = wait_for(lambda: connects(port), host) - begun
        first = wait_for(lambda: has_task(port), host) - begun
        server = living_server(database)
        assert server is not None
        host_mb, server_mb, read = watch(port, host.pid, server.pid, seconds)
        return Start(listening, first, host_mb, server_mb, read)
    finally:
        host.send_signal(signal.SIGINT)
        host.wait(60)
        stop_server(database)


def watch(port: int, host: int, server: int, seconds: float) -> tuple[float, float, int]:
    """The most memory of both processes while rows are read, and how many were read in that time."""
    end = time.monotonic() + seconds
    most_host = most_server = 0.0
    read = 0
    session = claim(port)
    while time.monotonic() < end:
        most_host, most_server = max(most_host, memory(host)), max(most_server, memory(server))
        progress = call(port, f"/api/v1/progress?session={session}")
        read = progress["rows_read"]
        if read == progress["rows_known"] and not progress["estimate"]:
            break
        PAUSE.wait(0.2)
    return most_host, most_server, read


def memory(pid: int) -> float:
    """Megabytes a process holds in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def wait_for(condition: Any, host: subprocess.Popen[bytes]) -> float:
    """The moment at which something became so."""
    end = time.monotonic() + 120
    while time.monotonic() < end and host.poll() is None:
        if condition():
            return time.monotonic()
        PAUSE.wait(0.005)
    raise SystemExit("the recipe did not start")


def connects(port: int) -> bool:
    """Whether anybody listens."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def has_task(port: int) -> bool:
    """Whether a page gets a task."""
    try:
        return bool(call(port, f"/api/v1/sessions/{claim(port)}/lease", {"size": 10})["tasks"])
    except OSError:
        return False


def claim(port: int) -> str:
    """The token of a seat."""
    return str(call(port, "/api/v1/sessions", {"name": "bench"})["session"])


def call(port: int, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One request."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data)
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as reply:
        document: dict[str, Any] = json.load(reply)
    return document


def free_port() -> int:
    """A port nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
    return port


if __name__ == "__main__":
    sys.exit(main())
