"""`tallymark wait`: for pipelines that go on when people are done."""

import math
import re
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tallymark.cli.catalog import command
from tallymark.errors import InputError
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from tallymark.config import Settings
    from tallymark.store import Store

__all__ = ["wait"]

LOOK_SECONDS = 1.0
TIMED_OUT = 124

_COMPARED = re.compile(r"(answered|agreement|percent)\s*(>=|=|>)\s*([0-9.]+)")
_MOST = {"agreement": 1.0, "percent": 100.0}
_FORMS = "fed, done, answered=500, agreement>=0.8 or percent>=90"

Look = Callable[["Store", dict[str, Any]], tuple[bool, str]]
"""Whether it came, and how far it is, by the database and the dataset's standing."""


@command(
    "wait",
    set_id=Arg(help="Dataset to wait for."),
    until=Arg("--until", "-u", help=f"What to wait for: {_FORMS}."),
    timeout=Arg("--timeout", "-t", help="Give up after so many minutes; exit code 124."),
    quiet=Arg("--quiet", "-q", help="Say nothing while waiting."),
)
def wait(
    set_id: str,
    until: str = "done",
    timeout: float | None = None,
    quiet: bool = False,
    *,
    settings: "Settings",
) -> int:
    """Wait until people are done with a dataset, then exit with 0.

    `answered` is a number of answers, `agreement` Krippendorff's alpha on the answers, `percent` the mean
    share of annotators who agree. Exits with 2 when the stream of the recipe has failed.
    """
    from tallymark.cli.commands._database import reading_store

    look = _condition(until, set_id)
    if timeout is not None and not timeout >= 0:  # nor for what is no number
        raise InputError(f"--timeout is {timeout:g}; give minutes, 0 or more.")
    deadline = None if timeout is None else time.monotonic() + timeout * 60
    with reading_store(settings) as store:
        told = ""
        while True:
            found = _standing(store, set_id)
            reached, words = look(store, found)
            if words != told and not quiet:
                print(words, file=sys.stderr, flush=True)
                told = words
            if reached:
                return 0
            if found["failed"]:
                raise InputError(f"{set_id}: {found['failed']}. Mend it and start the recipe again.")
            if deadline is not None and time.monotonic() >= deadline:
                print(f"{set_id}: not {until} after {timeout:g} minutes.", file=sys.stderr)
                return TIMED_OUT
            time.sleep(LOOK_SECONDS)


def _condition(until: str, dataset: str) -> Look:
    if until in ("done", "fed"):
        key = "complete" if until == "done" else "fed"
        return lambda _store, found: (bool(found[key]), _told(dataset, found))
    match = _COMPARED.fullmatch(until.strip())
    if match is None:
        raise InputError(f"--until is {until!r}; expected {_FORMS}.")
    what, sign, number = match.groups()
    try:
        wanted = float(number)
    except ValueError as error:
        raise InputError(f"--until is {until!r}; {number} is not a number.") from error
    most = _MOST.get(what, math.inf)
    if wanted > most or (sign == ">" and wanted == most):
        raise InputError(f"--until is {until!r}; {what} never gets there, {most:g} is the most.")

    def enough(value: float | None) -> bool:
        return value is not None and (value > wanted if sign == ">" else value >= wanted)

    if what == "answered":
        return lambda _store, found: (enough(found["answered"]), _told(dataset, found))
    return lambda store, _found: _agreed(store, dataset, what, enough)


def _standing(store: "Store", dataset: str) -> dict[str, Any]:
    from tallymark.queue.standing import standing

    with store.reading() as tx:
        return standing(tx, dataset=dataset)


def _told(dataset: str, found: dict[str, Any]) -> str:
    done = f"{found['done']:,} of {found['tasks']:,} tasks done, {found['answered']:,} answers"
    return f"{dataset}: {done}{'' if found['fed'] else ', still reading'}"


def _agreed(
    store: "Store", dataset: str, what: str, enough: Callable[[float | None], bool]
) -> tuple[bool, str]:
    from tallymark.queue.agreement import agreement

    with store.reading() as tx:
        found = agreement(tx, dataset=dataset)["answer"]
    value = found["alpha"] if what == "agreement" else found["percent"]
    if value is not None and what == "percent":
        value *= 100
    told = "not known yet" if value is None else f"{value:.3g}"
    return enough(value), f"{dataset}: {what} {told} on {found['units']:,} tasks with several answers"
