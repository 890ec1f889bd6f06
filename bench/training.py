"""Annotating beside a recipe that trains: `python bench/training.py [--seconds 60] [--runs 5]`.

A recipe trains a spaCy model in `update`, at nice 10, all the time, while annotators save answers by the
clock at a fifth of the rate that the server can take (which is measured first). The same is measured beside a
loop that does nothing but use as much of a processor as the training did, at nice 10, too, while `update`
does nothing. In turns, first with everything on one core and the annotators on the other one, then wherever
the machine likes. Wanted: a 99th percentile of leases of at most 2 times that beside the loop, and 1.5 times
where a core is free.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from load import closed_loop, median, open_loop, own_seconds, share
from tallymark.channel.find import living_server, stop_server

SHARE_OF_MOST = 0.2
MOST_RATIO = {"one core": 2.0, "a free core": 1.5}
ROWS = 40_000
WARM_SECONDS = 10.0
START_SECONDS = 300.0
NAME = "training"
TRAINS = "BENCH_TRAINS"
CORES = sorted(os.sched_getaffinity(0))

RECIPE = f'''
"""A recipe whose `update` trains as long as it is let, or does nothing."""

import os
import random

import spacy
from spacy.training import Example

import tallymark
from tallymark.stream import get_stream

LABELS = ["A", "B", "C", "D"]


@tallymark.recipe("bench.training")
def training(dataset: str, source: str):
    nlp = spacy.blank("en")
    textcat = nlp.add_pipe("textcat")
    for label in LABELS:
        textcat.add_label(label)
    optimizer = nlp.initialize()
    choose = random.Random(1)

    def update(answers):
        if os.environ["{TRAINS}"] == "0":
            return
        os.setpriority(os.PRIO_PROCESS, 0, 10)
        examples = [
            Example.from_dict(
                nlp.make_doc(answer["text"]),
                {{"cats": {{label: float(label in answer.get("accept", ())) for label in LABELS}}}},
            )
            for answer in answers
        ]
        for _ in range(20):
            choose.shuffle(examples)
            nlp.update(examples, sgd=optimizer)

    return {{
        "dataset": dataset,
        "view_id": "choice",
        "stream": get_stream(source),
        "update": update,
        "config": {{"labels": LABELS, "update_on": "submit"}},
    }}
'''


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: the leases' 99th percentile in ms, and what of a processor the busy process used."""

    p99: float
    busy: float


def main() -> int:
    """Print the figures; 1 when they are not good enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        most = maximum(Path(folder))
        rate = SHARE_OF_MOST * most
        print(f"at most {most:,.0f} answers/s; {rate:,.0f} a second by the clock from now on", flush=True)
        results = [
            compare(Path(folder), where, rate, given.seconds, given.runs)
            for where in ("one core", "a free core")
        ]
    return int(not all(results))


def maximum(folder: Path) -> float:
    """Answers a second of annotators who never pause, beside a recipe that is idle."""
    with recipe(folder, "maximum", trains=False) as running:
        return asyncio.run(closed_loop(running.url, [NAME], WARM_SECONDS)).rate


def compare(folder: Path, where: str, rate: float, seconds: float, runs: int) -> bool:
    """Runs beside training in turns with runs beside the loop."""
    training: list[Measured] = []
    neutral: list[Measured] = []
    for number in range(runs):
        pinned = where == "one core"
        training.append(run(folder, f"t{number}", rate, seconds, busy=None, pinned=pinned))
        neutral.append(run(folder, f"n{number}", rate, seconds, busy=training[-1].busy, pinned=pinned))
        print(
            f"  {where}: beside training p99 {training[-1].p99:.1f} ms ({training[-1].busy:.2f} cores),"
            f" beside the loop {neutral[-1].p99:.1f} ms ({neutral[-1].busy:.2f} cores)",
            flush=True,
        )
    ratios = [one.p99 / other.p99 for one, other in zip(training, neutral, strict=True)]
    good = median(ratios) <= MOST_RATIO[where]
    print(
        f"{where}: ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f};"
        f" wanted {MOST_RATIO[where]}){'' if good else '  <- missed'}",
        flush=True,
    )
    return good


def run(
    folder: Path, name: str, rate: float, seconds: float, *, busy: float | None, pinned: bool
) -> Measured:
    """A run beside training, or beside a loop that uses so much of a processor."""
    core = 0 if pinned else None
    with (
        recipe(folder, name, trains=busy is None, core=core) as running,
        pinned_to(1 if pinned else None),
    ):
        asyncio.run(steady(running.url, WARM_SECONDS, rate))
        with looping(busy, core=core) as loop:
            watched = running.host if loop is None else loop
            before, begun = own_seconds(watched), time.monotonic()
            p99 = asyncio.run(steady(running.url, seconds, rate))
            used = (own_seconds(watched) - before) / (time.monotonic() - begun)
    return Measured(p99, used)


async def steady(url: str, seconds: float, rate: float) -> float:
    """The 99th percentile of leases at a rate of answers."""
    work = await open_loop(url, NAME, seconds, rate)
    if work.errors:
        raise SystemExit(f"{len(work.errors)} errors, first: {work.errors[0]}")
    return share(work.waits["lease"], 0.99)


@dataclass(frozen=True, slots=True)
class Running:
    """A recipe with its server."""

    url: str
    host: int


@contextlib.contextmanager
def recipe(folder: Path, name: str, *, trains: bool, core: int | None = None) -> Iterator[Running]:
    """The command on a fresh database, once its source is read; `core` is where host and server run."""
    source, code, database = folder / "rows.jsonl", folder / "recipe.py", folder / f"{name}.db"
    code.write_text(RECIPE)
    if not source.exists():
        source.write_text("".join(json.dumps(row(n)) + "\n" for n in range(ROWS)))
    settings = {"TALLYMARK_HOME": str(folder), "TALLYMARK_DATABASE": str(database), "TALLYMARK_OPEN": "false"}
    command = [sys.executable, "-u", "-m", "tallymark", "bench.training", NAME, str(source), "-F", str(code)]
    with pinned_to(core):
        host = subprocess.Popen(
            [*command, "--port", "0"],
            env=os.environ | settings | {TRAINS: str(int(trains))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        url = read_through(host)
        server = living_server(database)
        assert server is not None
        yield Running(url, host.pid)
    finally:
        host.kill()  # it would train with all that is settled before it ends
        host.wait(120)
        stop_server(database)
        for path in folder.glob(f"{name}.db*"):
            if path.is_file():
                path.unlink()


def read_through(host: subprocess.Popen[str]) -> str:
    """The address of a recipe, once everything was read; what it says later is read and thrown away."""
    assert host.stdout is not None
    url, said = "", []
    for line in host.stdout:
        said.append(line)
        found = re.search(r"http://[^\s/]+", line)
        if found and not url:
            url = found[0].replace("localhost", "127.0.0.1")
        if "Read through" in line:
            threading.Thread(target=host.stdout.read, daemon=True).start()
            return url
    raise SystemExit(f"the recipe ended early: {''.join(said)}")


@contextlib.contextmanager
def looping(busy: float | None, *, core: int | None) -> Iterator[int | None]:
    """A process at nice 10 that uses so much of a processor and nothing else."""
    if busy is None:
        yield None
        return
    code = (
        "import os, sys, time\nos.nice(10)\nshare = float(sys.argv[1])\nbegun = time.monotonic()\n"
        "while True:\n"
        "    for _ in range(20000): pass\n"
        "    ahead = time.process_time() / share - (time.monotonic() - begun)\n"
        "    if ahead > 0.005: time.sleep(ahead)\n"
    )
    with pinned_to(core):
        process = subprocess.Popen([sys.executable, "-c", code, f"{min(busy, 1.0):.3f}"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait(30)


@contextlib.contextmanager
def pinned_to(core: int | None) -> Iterator[None]:
    """This process, and those it starts meanwhile, on one of the cores that there are."""
    allowed = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {CORES[core % len(CORES)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def row(number: int) -> dict[str, object]:
    """A row of the source."""
    options = [{"id": label, "text": label} for label in "ABCD"]
    return {"text": f"Sentence number {number} " + "lorem ipsum dolor sit amet " * 5, "options": options}


if __name__ == "__main__":
    sys.exit(main())
