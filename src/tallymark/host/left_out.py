"""Rows of a source that are left out, as people are told: each reason once, with how many rows and which."""

import re
from collections import Counter
from collections.abc import Iterable

from tallymark.host.say import Say, counted
from tallymark.source import Source
from tallymark.types import RowFate

REASONS_SHOWN = 5
EXAMPLES = 3

_DETAIL = re.compile(r"“[^”]*”|\"[^\"]*\"|\d[\d,.]*")
_MORE = "Rows are left out for more reasons; `tallymark audit` lists them all."


class LeftOut:
    """The rows left out by one run, or of which something else is to be said. The audit lists the former."""

    def __init__(self, say: Say, what: str = "Left out", more: str = _MORE) -> None:
        """`what` begins what is said of rows, `more` says that there are further reasons."""
        self._say = say
        self._what = what
        self._more = more
        self._rows: Counter[str] = Counter()  # by kind of reason
        self._told: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}  # kind → the first reason of it
        self._silent = False

    def tell(self, source: Source, fates: Iterable[RowFate]) -> None:
        """Take rows that got their fate; say what is new about them."""
        rows: dict[str, list[str]] = {}
        for fate in fates:
            if fate.note:
                place, reason = source.place_and_reason(fate.ordinal, fate.note)
                kind = _kind(reason)
                self._reasons.setdefault(kind, reason)
                rows.setdefault(kind, []).append(place)
        for kind, places in rows.items():
            self._rows[kind] += len(places)
            if kind in self._told:
                continue
            if len(self._told) < REASONS_SHOWN:
                self._told[kind] = len(places)
                self._say(f"{self._what} {_listed(places)}: {self._reasons[kind]}")
            elif not self._silent:
                self._silent = True
                self._say(self._more)

    def sum_up(self) -> None:
        """At the end of a source: how many rows there were in all, where there were more than was said."""
        for kind, told in self._told.items():
            if self._rows[kind] > told:
                self._say(f"{self._what} {counted(self._rows[kind], 'row')} in all: {self._reasons[kind]}")


def _kind(reason: str) -> str:
    """What several reasons have in common: their first sentence without names and numbers."""
    return _DETAIL.sub("…", reason.partition(". ")[0])


def _listed(places: list[str]) -> str:
    if len(places) == 1:
        return places[0]
    some = ", ".join(places[:EXAMPLES])
    more = " and others" if len(places) > EXAMPLES else ""
    return f"{counted(len(places), 'row')} ({some}{more})"
