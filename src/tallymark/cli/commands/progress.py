"""`tallymark progress`: how many answers were given when."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from tallymark.cli.catalog import command
from tallymark.cli.commands._database import reading_store
from tallymark.cli.commands._terminal import console, table
from tallymark.labels import split_string
from tallymark.recipe import Arg
from tallymark.types import DECISIONS

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["progress"]

_FORMATS = {"hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}


@dataclass(slots=True)
class _Interval:
    """The answers of one stretch of time."""

    decisions: Counter[str] = field(default_factory=Counter)
    sessions: set[int] = field(default_factory=set)
    inputs: int = 0


@command(
    "progress",
    datasets=Arg(help="Datasets, separated by commas.", converter=split_string),
    interval=Arg("--interval", "-i", help="Stretch of time of one line."),
    no_format=Arg("--no-format", "-NF", help="Print JSON instead of a table."),
)
def progress(
    datasets: list[str],
    interval: Literal["hour", "day", "week", "month", "year"] = "month",
    no_format: bool = False,
    *,
    settings: "Settings",
) -> None:
    """Show how many answers were given when, by whom, and to how many inputs that had none before.

    Times are those of the annotators' answers, in the time zone of this machine. Answers beyond a task's
    overlap and earlier versions of edited ones are not counted.
    """
    from tallymark.store.reading import StoredDatasets

    intervals: defaultdict[str, _Interval] = defaultdict(_Interval)
    with reading_store(settings) as store:
        known = StoredDatasets(store)
        for name in datasets:
            for given, decision, session in known.given(name):
                found = intervals[_named(given, interval)]
                found.decisions[decision] += 1
                found.sessions.add(session)
        for given in known.first_given(datasets):
            intervals[_named(given, interval)].inputs += 1
    lines = list(_lines(intervals))
    if no_format:
        print(json.dumps(lines))
    else:
        _print(lines, f"{', '.join(datasets)}, by {interval}")


def _named(given: float, interval: str) -> str:
    """The stretch of time that a moment lies in."""
    return datetime.fromtimestamp(given).astimezone().strftime(_FORMATS[interval])


def _lines(intervals: dict[str, _Interval]) -> Iterator[dict[str, Any]]:
    total = inputs = 0
    for name, found in sorted(intervals.items()):
        new = found.decisions.total()
        total, inputs = total + new, inputs + found.inputs
        line: dict[str, Any] = {"interval": name, "new": new}
        line |= {decision: found.decisions[decision] for decision in DECISIONS}
        line |= {"annotators": len(found.sessions), "new_inputs": found.inputs}
        yield line | {"total": total, "total_inputs": inputs}


def _print(lines: list[dict[str, Any]], title: str) -> None:
    names = ["", "new", *DECISIONS, "annotators", "new inputs", "total", "total inputs"]
    made = table(title, *names, numbers=range(1, len(names)))
    for line in lines:
        first, *numbers = line.values()
        made.add_row(first, *(f"{number:,}" for number in numbers))
    console().print(made if lines else f"{title}: no answers yet.")
