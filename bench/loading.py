"""Reading a large JSONL file: first task, rate, memory. Prints ratios, which hold on any machine.

    python bench/loading.py [rows]

Each stage is measured in processor time against the bare reading of the same file (lines and `orjson.loads`).
"""

import itertools
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import orjson

from tallymark.loaders import JSONL
from tallymark.stream import follow, get_stream

ROWS = 1_000_000
MOST_MEMORY = 60.0  # MB that reading may add
MOST_SECONDS_TO_FIRST = 0.1


def write(path: Path, rows: int) -> None:
    """A file of about 150 bytes a row."""
    choose = random.Random(1)
    words = ["".join(choose.choices("abcdefghijklmnoprstuvwy", k=choose.randint(2, 9))) for _ in range(5000)]
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            text = " ".join(choose.choices(words, k=16))
            file.write(
                json.dumps({"text": f"{text} {number}", "meta": {"source": "bench", "n": number}}) + "\n"
            )


def resident() -> float:
    """MB of this process that are in memory."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def bare(path: Path) -> Iterable[object]:
    """The least that reading can cost."""
    with path.open("rb") as file:
        for line in file:
            yield orjson.loads(line)


def whole(path: Path) -> Iterable[object]:
    """What a feeder does: read, hash, check the input, follow the rows."""
    return follow(get_stream(path, rehash=True, input_key="text"), opened=[])


def measure(read: Callable[[Path], Iterable[object]], path: Path) -> tuple[float, float, float]:
    """Seconds to the first task, seconds in all, and the most MB added."""
    before, most = resident(), 0.0
    started, waited = time.process_time(), time.perf_counter()
    stream = iter(read(path))
    next(stream)
    first = time.perf_counter() - waited
    while sum(1 for _ in itertools.islice(stream, 50_000)):
        most = max(most, resident() - before)
    return first, time.process_time() - started, most


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        write(path, rows)
        print(f"{rows:,} rows, {path.stat().st_size / 2**20:.0f} MB")
        _, unit, _ = measure(bare, path)
        print(f"{'bare reading':<24} {rows / unit:>9,.0f} rows/s")
        for name, read in {"JSONL(path)": JSONL, "get_stream, followed": whole}.items():
            first, seconds, memory = measure(read, path)
            print(
                f"{name:<24} {rows / seconds:>9,.0f} rows/s   {seconds / unit:5.1f} x bare reading"
                f"   first task {first * 1000:.1f} ms   +{memory:.1f} MB"
            )
            failed |= memory > MOST_MEMORY or first > MOST_SECONDS_TO_FIRST
    print("FAILED: memory or time to the first task" if failed else "ok: memory and first task within bounds")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
