"""The books of the rows of one dataset, after queue.md ("Dedup, repeat, fates").

A row's fate is the first that applies: task, carried, excluded, duplicate, invalid, passed, pending.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

ORDER = ("task", "carried", "excluded", "duplicate", "invalid", "passed")


@dataclass
class SourceVersion:
    """One version of one source: how far it was read and what became of each row."""

    id: int
    read: int = 0
    known: int | None = None
    fates: dict[int, str] = field(default_factory=dict)
    occurrences: dict[Any, list[tuple[int, int]]] = field(default_factory=dict)

    def repeat_of(self, key: Any, row: tuple[int, int]) -> int:
        """The 0-based number of this occurrence of `key` in a pass; a rerun meets the same number."""
        places = self.occurrences.setdefault(key, [])
        if row not in places:
            places.append(row)
        return places.index(row)

    def give(self, ordinal: int, fate: str) -> str:
        """The row's fate: the first that applies of the one it has and the one given now."""
        self.fates[ordinal] = first_that_applies([self.fates.get(ordinal, fate), fate])
        return self.fates[ordinal]

    def end(self, known: int | None) -> None:
        """The stream is at its end: what is still pending was passed over."""
        self.known = known
        for ordinal in range(1, self.read + 1):
            self.give(ordinal, "passed")

    def balance(self) -> dict[str, int]:
        """read = the sum of all fates and pending, each row exactly one."""
        counts = {fate: sum(1 for each in self.fates.values() if each == fate) for fate in ORDER}
        counts["pending"] = self.read - len(self.fates)
        counts["read"] = self.read
        return counts


def first_that_applies(fates: Iterable[str]) -> str:
    return min(fates, key=ORDER.index)


def adds_up(balance: dict[str, int], fates: Collection[str] = (*ORDER, "pending")) -> bool:
    return balance["read"] == sum(balance[fate] for fate in fates) and balance["pending"] >= 0
