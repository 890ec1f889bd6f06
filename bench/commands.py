"""Seconds and memory of the data commands, on few records and on many: `python bench/commands.py [many]`.

Records with spans are imported, then read and copied by every command, each in a process of its own. Wanted:
none of them needs more than 1.5 times the memory for a million records that it needs for ten thousand, and
`db-out` writes 100,000 records in 3 seconds.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

FEW, MANY = 10_000, 1_000_000
MOST_MEMORY = 1.5
OUT_RECORDS, OUT_SECONDS = 100_000, 3.0
TEXT = "Ada met Bob in Paris and they wrote the program for the engine"

COMMANDS = {
    "db-in": ["db-in", "news", "{folder}/answered.jsonl"],
    "db-out": ["db-out", "news", "{folder}/out.jsonl"],
    "db-out --history": ["db-out", "news", "{folder}/history.jsonl", "--history"],
    "export csv": ["export", "news", "{folder}/out.csv"],
    "export iob": ["export", "news", "{folder}/out.iob"],
    "export spacy": ["export", "news", "{folder}/spacy", "--format", "spacy"],
    "stats": ["stats", "news"],
    "progress": ["progress", "news"],
    "audit": ["audit", "news"],
    "db-merge": ["db-merge", "news", "copy"],
    "backup": ["backup", "{folder}/copy.db"],
    "drop": ["drop", "copy", "--yes"],
    "restore": ["restore", "{folder}/copy.db", "--yes"],
}


def main() -> int:
    """Print the figures; 1 when they are not good enough."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    few, most = dict(measured(FEW)), dict(measured(many))
    good = True
    print(f"{'':18}{FEW:>12,} records   {many:>12,} records")
    for name in COMMANDS:
        (seconds, memory), (many_seconds, many_memory) = few[name], most[name]
        ratio = many_memory / memory
        fits = ratio <= MOST_MEMORY
        good &= fits
        print(
            f"{name:18}{seconds:7.1f} s {memory:4.0f} MB   {many_seconds:9.1f} s {many_memory:6.0f} MB"
            f"   ratio {ratio:.2f}{'' if fits else '  <- missed'}"
        )
    out = most["db-out"][0] * OUT_RECORDS / many
    print(f"db-out of {OUT_RECORDS:,} records: {out:.1f} s (wanted {OUT_SECONDS:.0f})")
    return int(not (good and out < OUT_SECONDS))


def measured(count: int) -> Iterator[tuple[str, tuple[float, float]]]:
    """Seconds and MB of each command on so many records."""
    with tempfile.TemporaryDirectory() as folder:
        with Path(folder, "answered.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(record(n)) + "\n" for n in range(count))
        for name, arguments in COMMANDS.items():
            yield name, run(folder, [argument.format(folder=folder) for argument in arguments])


def record(number: int) -> dict[str, object]:
    """An answered record with tokens and two spans; no two have the same text."""
    words = [*TEXT.split(), f"number{number}", "."]
    tokens, at = [], 0
    for n, word in enumerate(words):
        tokens.append({"text": word, "start": at, "end": at + len(word), "id": n, "ws": True})
        at += len(word) + 1
    spans = [
        {"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "PERSON"},
        {"start": 15, "end": 20, "token_start": 4, "token_end": 4, "label": "PLACE"},
    ]
    said = {"answer": "accept", "_timestamp": 1_700_000_000 + number, "_session_id": f"news-a{number % 5}"}
    return {"text": " ".join(words), "tokens": tokens, "spans": spans, "_view_id": "ner_manual", **said}


def run(folder: str, arguments: list[str]) -> tuple[float, float]:
    """Seconds, and the most MB that were resident. A command that fails ends the measurement."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "tallymark", *arguments],
        env=os.environ | {"TALLYMARK_HOME": folder, "TALLYMARK_DATABASE": f"{folder}/news.db"},
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"tallymark {' '.join(arguments)} failed")
    return time.monotonic() - begun, used.ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
