"""From the command to the next task after a restart: `python bench/resume.py [rows [format …]]`.

A million rows are read once, as JSONL, as gzip and as Parquet, and ten are answered. Then the command is
given again with the file as it was, with rows added at its end, and with one row changed in its middle.
Wanted: the page has the next unanswered task at most 3 s after the command, each time, and no task is made
twice. Lines that are not packed are read through in that time, too, unless they are read from the top.
"""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from startup import PAUSE, call, claim, free_port
from tallymark.channel.find import stop_server

ROWS, MORE, ANSWERED = 1_000_000, 500, 10
MOST_SECONDS = 3.0
GROUP_ROWS = 10_000
FEEDING_SECONDS = 1_200.0
NEW_TASKS = re.compile(r"([\d,]+) new tasks?\.")


@dataclass
class Restart:
    """Seconds since the command: the next task at the page, the word of the source, the end of reading."""

    task: float = 0.0
    told: float | None = None
    through: float | None = None
    new: int = 0
    notice: str = ""


@dataclass
class Host:
    """A running command and what it said, with the time."""

    process: subprocess.Popen[str]
    port: int
    begun: float
    said: list[tuple[float, str]] = field(default_factory=list)

    def listen(self) -> None:
        """Collect lines in a thread."""
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append((time.monotonic() - self.begun, line.strip()))

    def heard(self, *words: str) -> tuple[float, str] | None:
        """The first line with one of these words."""
        return next(((at, line) for at, line in self.said if any(word in line for word in words)), None)

    def wait_for(self, condition: Callable[[], object], seconds: float) -> float:
        """The time at which something became so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if condition():
                return time.monotonic() - self.begun
            PAUSE.wait(0.005)
        raise SystemExit(f"that did not happen in {seconds:.0f} s: {self.said}")


def main() -> int:
    """Print the figures; 1 when they are not good enough."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    good = True
    for name, write in (("rows.jsonl", lines), ("rows.jsonl.gz", packed), ("rows.parquet", table)):
        if len(sys.argv) > 2 and name.removeprefix("rows.") not in sys.argv[2:]:
            continue
        with tempfile.TemporaryDirectory() as folder:
            good = measure(Path(folder), Path(folder) / name, write, count) and good
    return int(not good)


def measure(folder: Path, path: Path, write: Callable[[Path, Iterator[str]], None], count: int) -> bool:
    """All restarts with one format."""
    write(path, texts(count))
    with running(folder, path) as first:
        first.wait_for(lambda: first.heard("Read through"), FEEDING_SECONDS)
        answer(first)
    print(f"{path.name}: {count:,} rows, {path.stat().st_size / 1e6:.0f} MB")
    good = True
    steps: tuple[tuple[str, Iterator[str] | None, int], ...] = (
        ("unchanged", None, 0),
        ("grown", texts(count + MORE), MORE),
        ("changed", texts(count + MORE, changed=count // 2), 1),
    )
    for name, content, new in steps:
        if content is not None:
            write(path, content)
            os.sync()  # or the file's own way to the disk is what the database waits for
        found = restart(folder, path)
        through = "" if found.through is None else f", read through after {found.through:.2f} s"
        print(f"  {name:9}: next task after {found.task:.2f} s{through}; {found.new:,} new; {found.notice}")
        good = good and found.task <= MOST_SECONDS and found.new == new
        reread = "from the top" in found.notice or "changed" in found.notice
        if not reread and path.suffix == ".jsonl":
            good = good and found.through is not None and found.through <= MOST_SECONDS
    return good


def restart(folder: Path, path: Path) -> Restart:
    """Give the command again, and wait until all is read."""
    found = Restart()
    with running(folder, path) as host:
        found.task = host.wait_for(lambda: next_task(host), 60)
        host.wait_for(lambda: host.heard("Read through"), FEEDING_SECONDS)
        told = host.heard("from the top", "has changed") or host.heard("going on")
        found.told, found.notice = told or (None, "nothing was said")
        found.notice = found.notice.replace(f"{path}", "").strip(": ")
        through = host.heard("Read through")
        assert through is not None
        found.through = through[0]
        match = NEW_TASKS.search(through[1])
        found.new = int(match[1].replace(",", "")) if match else -1
    return found


class running:  # noqa: N801 (used like a function)
    """The recipe on a file, for the length of a block."""

    def __init__(self, folder: Path, path: Path) -> None:
        self._database = folder / "resume.db"
        self._folder, self._path = folder, path

    def __enter__(self) -> Host:
        port = free_port()
        settings = {
            "TALLYMARK_HOME": str(self._folder),
            "TALLYMARK_DATABASE": str(self._database),
            "TALLYMARK_OPEN": "false",
        }
        command = [sys.executable, "-m", "tallymark", "mark", "news", str(self._path), "--view-id", "text"]
        self._host = Host(
            subprocess.Popen(
                [*command, "--port", str(port)],
                env=os.environ | settings,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ),
            port,
            time.monotonic(),
        )
        self._host.listen()
        return self._host

    def __exit__(self, *_: object) -> None:
        self._host.process.send_signal(signal.SIGINT)
        self._host.process.wait(120)
        stop_server(self._database)


def next_task(host: Host) -> bool:
    """Whether the page gets a task, which is none of those that were answered."""
    try:
        tasks = call(host.port, f"/api/v1/sessions/{claim(host.port)}/lease", {"size": 1})["tasks"]
    except OSError:
        return False
    assert all(int(task["task_id"]) > ANSWERED for task in tasks), "a task was asked again"
    return bool(tasks)


def answer(host: Host) -> None:
    """Accept the first tasks."""
    session = claim(host.port)
    tasks = call(host.port, f"/api/v1/sessions/{session}/lease", {"size": ANSWERED})["tasks"]
    ops = [
        {
            "op_id": f"bench-{task['task_id']}",
            "task_id": task["task_id"],
            "base": task["revision"],
            "status": "submitted",
            "decision": "accept",
        }
        for task in tasks
    ]
    call(host.port, f"/api/v1/sessions/{session}/answers", {"ops": ops})


def texts(count: int, changed: int | None = None) -> Iterator[str]:
    """Texts of about 160 characters; the one that is changed has another length."""
    for n in range(count):
        words = "lorem ipsum dolor sit amet " * 5
        yield f"Sentence number {n} {words}" + ("changed" if n == changed else "")


def lines(path: Path, content: Iterator[str]) -> None:
    """As JSONL."""
    with path.open("w") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in content)


def packed(path: Path, content: Iterator[str]) -> None:
    """As JSONL in gzip."""
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in content)


def table(path: Path, content: Iterator[str]) -> None:
    """As Parquet, in row groups that stay the same when more is written after them."""
    pq.write_table(pa.table({"text": list(content)}), path, row_group_size=GROUP_ROWS)


if __name__ == "__main__":
    sys.exit(main())
