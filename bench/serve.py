"""How many answers a second a server takes, as a share of what HTTP alone allows on the same machine.

    python bench/serve.py [small|postgresql|large|large-postgresql …] [--seconds 60] [--runs 5]
                          [--folder PATH]

32 simulated annotators who never pause hold ten tasks at a time and save each answer in a request of its own.
The reference is a bare uvicorn that returns four bytes, asked by the same client, in turns with ours: by GET,
of which the share is taken, and, told beside it, with the very requests that save an answer.

* `small`: SQLite, one server process, datasets of 10,000 tasks, one after the other. Wanted: a share of 0.2.
* `postgresql`: the same on PostgreSQL with two server processes. Wanted: 0.1.
* `large`, `large-postgresql`: a dataset of 1,000,000 answered and 1,000,000 open tasks, in turns with a small
  one. Wanted: rate and 99th percentile at most 1.3 times worse.

Everywhere: a 99th percentile of at most 100 ms, nothing stored twice, nothing missing that was acknowledged,
no error; that is looked up in the database after each run. `--folder` keeps the large database.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from building import Databases, build, databases
from load import (
    ANNOTATORS,
    Books,
    Work,
    asked,
    asked_to_save,
    checked,
    closed_loop,
    constant,
    cpu_seconds,
    median,
    newest_answer,
    resident,
    serving,
    share,
)
from tallymark.databases import Place, place_of

SMALL, LARGE = 10_000, 1_000_000
MOST_A_SECOND = 3_000  # answers; so many tasks are there for every second of a run
LEAST_SHARE = {"sqlite": 0.2, "postgresql": 0.1}
WORKERS = {"sqlite": 1, "postgresql": 2}
MOST_P99 = 100.0
MOST_RATIO = 1.3
REFERENCE_SECONDS = 10.0
PARTS = ("small", "postgresql", "large", "large-postgresql")


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line."""

    seconds: float
    runs: int
    folder: Path | None


@dataclass(frozen=True, slots=True)
class Run:
    """One run, judged."""

    work: Work
    books: Books
    cpu: float
    memory: float

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, doubled or refused."""
        return not (self.books.duplicates or self.books.missing or self.work.errors or self.work.ran_out)

    def told(self) -> str:
        """The figures of the run."""
        requests, leases, answers = self.work.requests, *self.work.waits.values()
        text = (
            f"{self.work.rate:7,.0f} answers/s   requests p50 {share(requests, 0.5):5.1f} ms,"
            f" p99 {share(requests, 0.99):5.1f} ms (leases {share(leases, 0.99):5.1f},"
            f" answers {share(answers, 0.99):5.1f})   duplicates {self.books.duplicates},"
            f" missing {self.books.missing}, errors {len(self.work.errors)}"
            f"   server {self.cpu / self.work.seconds:.2f} cores, {self.memory:.0f} MB"
        )
        if self.work.errors:
            text += f"\n        first error: {self.work.errors[0]}"
        return text + ("\n        the tasks ran out" if self.work.ran_out else "")


def main() -> int:
    """Print the figures; 1 when they are not good enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("part", nargs="*")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if not set(given.part) <= set(PARTS):
        parser.error(f"the parts are {', '.join(PARTS)}")
    options = Options(given.seconds, given.runs, given.folder)
    good = True
    for part in given.part or PARTS[:1]:
        kind = "postgresql" if part.endswith("postgresql") else "sqlite"
        measured = against_large if part.startswith("large") else against_reference
        good = measured(kind, options) and good
    return int(not good)


def against_reference(kind: str, options: Options) -> bool:
    """Runs in turns with the bare server."""
    processes = f"{WORKERS[kind]} server process(es)"
    print(f"{kind}: {ANNOTATORS} annotators, {processes}, {options.seconds:.0f} s a run", flush=True)
    shares: list[float] = []
    saving: list[float] = []
    runs: list[Run] = []
    with folder_of(None) as folder, databases(kind, folder) as made:
        names = small_template(made, options)
        for number in range(options.runs):
            reference, saves = bare()
            run = fresh_run(made, names, f"run{number}", kind, options)
            runs.append(run)
            shares.append(run.work.rate / reference)
            saving.append(run.work.rate / saves)
            told = f"share {shares[-1]:.3f}, of saving requests {saving[-1]:.3f}"
            print(
                f"  bare {reference:7,.0f}/s, saving {saves:7,.0f}/s  ours {run.told()}  {told}", flush=True
            )
    print(f"{kind}: share of saving requests {median(saving):.3f} ({min(saving):.3f} to {max(saving):.3f})")
    return judged(kind, shares, runs)


def judged(kind: str, shares: Sequence[float], runs: Sequence[Run]) -> bool:
    """Print the middle of all runs and the spread; whether they are good enough."""
    least, p99 = LEAST_SHARE[kind], median([share(run.work.requests, 0.99) for run in runs])
    good = median(shares) >= least and p99 <= MOST_P99 and all(run.sound for run in runs)
    print(
        f"{kind}: share {median(shares):.3f} ({min(shares):.3f} to {max(shares):.3f}; wanted {least}),"
        f" {median([run.work.rate for run in runs]):,.0f} answers/s,"
        f" p99 {p99:.1f} ms (wanted {MOST_P99:.0f}){'' if good else '  <- missed'}",
        flush=True,
    )
    return good


def against_large(kind: str, options: Options) -> bool:
    """Runs on a large database in turns with runs on a small one."""
    print(f"{kind}: {LARGE:,} open tasks beside {LARGE:,} answers, against datasets of {SMALL:,} tasks")
    pairs: list[tuple[Run, Run]] = []
    with folder_of(options.folder) as folder, databases(kind, folder) as made:
        place = large_database(made, folder)
        names = small_template(made, options)
        for number in range(options.runs):
            small = fresh_run(made, names, f"run{number}", kind, options)
            large = run_on(place, ["large"], kind, options)
            pairs.append((small, large))
            print(f"  small {small.told()}\n  large {large.told()}", flush=True)
    rates = [small.work.rate / large.work.rate for small, large in pairs]
    p99s = [share(large.work.requests, 0.99) / share(small.work.requests, 0.99) for small, large in pairs]
    p99 = median([share(large.work.requests, 0.99) for _, large in pairs])
    sound = all(run.sound for pair in pairs for run in pair)
    good = sound and median(rates) <= MOST_RATIO and median(p99s) <= MOST_RATIO and p99 <= MOST_P99
    print(
        f"{kind}: small rate / large rate {median(rates):.2f} ({min(rates):.2f} to {max(rates):.2f}),"
        f" large p99 / small p99 {median(p99s):.2f} ({min(p99s):.2f} to {max(p99s):.2f});"
        f" wanted {MOST_RATIO}; p99 {p99:.1f} ms{'' if good else '  <- missed'}",
        flush=True,
    )
    return good


def small_template(made: Databases, options: Options) -> list[str]:
    """Datasets of 10,000 tasks, more than a run can answer, in a database that each run gets a copy of."""
    names = [f"small{n}" for n in range(int(options.seconds * MOST_A_SECOND / SMALL) + 1)]
    made.drop("small")
    place = made.new("small")
    for name in names:
        build(place, name, SMALL)
    return names


def large_database(made: Databases, folder: Path) -> Place:
    """A million answered and a million open tasks in one dataset; built unless the folder has it."""
    done = folder / f"large-{made.kind}.built"
    if done.exists():
        return place_of(done.read_text())
    place = made.new("large")
    built = build(place, "large", 2 * LARGE, answered=LARGE)
    size = made.size("large") / 1e6
    print(f"  built in {built.fed:.0f} s + {built.imported:.0f} s, {size:,.0f} MB", flush=True)
    done.write_text(str(getattr(place, "url", place)))
    return place


def fresh_run(made: Databases, names: Sequence[str], name: str, kind: str, options: Options) -> Run:
    """A run on a copy of the small database, which is gone afterwards."""
    place = made.copy("small", name)
    try:
        return run_on(place, names, kind, options)
    finally:
        made.drop(name)


def run_on(place: Place, datasets: Sequence[str], kind: str, options: Options) -> Run:
    """A run, and what the database holds afterwards."""
    before = newest_answer(place)
    with serving(place, workers=WORKERS[kind]) as served:
        begun = cpu_seconds(served.pid)
        work = asyncio.run(closed_loop(served.url, datasets, options.seconds))
        cpu, memory = cpu_seconds(served.pid) - begun, resident(served.pid)
    return Run(work, checked(place, before, work), cpu, memory)


def bare() -> tuple[float, float]:
    """Requests a second of the reference: as GET, and as annotators save."""
    with constant() as url:
        return asyncio.run(asked(url, REFERENCE_SECONDS)), asyncio.run(asked_to_save(url, REFERENCE_SECONDS))


@contextlib.contextmanager
def folder_of(kept: Path | None) -> Iterator[Path]:
    """The folder that was named, which stays, or one for the length of the block."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


if __name__ == "__main__":
    sys.exit(main())
