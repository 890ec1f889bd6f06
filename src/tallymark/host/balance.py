"""What a run learns about the tasks it reads: by which keys they are told apart, and how equal ones differ.

The queue decides what a duplicate is and counts rows; this says why. It knows what this run has read.
"""

from array import array
from collections import Counter
from typing import Any, Final
from zlib import crc32

from tallymark.hashing import INPUT_HASH_KEYS, TASK_HASH_KEYS, identities, identities_of
from tallymark.host.say import counted
from tallymark.types import ExcludeBy, Task

__all__ = ["Balance"]

WHOLE: Final = "all their keys"
KEPT: Final = 4_000_000
"""So many tasks are remembered, in 24 to 100 bytes each; those after them are not compared."""

_DIGEST_BITS: Final = 12
_DIGEST: Final = (1 << _DIGEST_BITS) - 1


class Balance:
    """The tasks of one run. Memory grows with their number, up to a bound."""

    def __init__(self, exclude_by: ExcludeBy) -> None:
        self._exclude_by = exclude_by
        self._inputs = _Seen()
        self._tasks = _Seen()
        self._bare = _Seen()  # tasks as they would be without their meta
        self._keys: Counter[tuple[tuple[str, ...], tuple[str, ...]]] = Counter()
        self._own_keys: bool | None = None
        self._same_input = 0
        self._only_meta = 0
        self._same_task = 0
        self._differing = 0

    def see(self, task: Task, new: dict[str, Any]) -> None:
        """Take note of a task of the stream, and of its form for the queue."""
        shown = tuple([key for key in INPUT_HASH_KEYS if key in task])
        asked = tuple([key for key in TASK_HASH_KEYS if key in task])
        if self._own_keys is None:
            self._own_keys = _is_own(task, bool(asked) and self._exclude_by == "task")
        self._keys[shown, asked] += 1
        digest = crc32(new["text"].encode("utf-8", "surrogatepass")) & _DIGEST
        before = self._tasks.add(new["identity"], digest)
        input_before = self._inputs.add(new["input_identity"], 0)
        bare_before = self._bare.add(_without_meta(task, new["identity"], asked), 0)
        if before is not None:
            self._same_task += 1
            self._differing += before != digest
        elif input_before is not None:
            self._same_input += 1
            self._only_meta += bare_before is not None

    def keys(self) -> str:
        """By which keys equal tasks are found, the most frequent first."""
        if self._own_keys:
            return "Equal tasks are found by keys of the recipe's own."
        found: Counter[str] = Counter()
        for (shown, asked), count in self._keys.items():
            found[_named(shown, asked, self._exclude_by)] += count
        if not found:
            return ""
        several = len(found) > 1
        named = [
            name + (f" ({counted(count, 'task')})" if several else "") for name, count in found.most_common(3)
        ]
        return f"Equal tasks are found by {'; '.join(named)}."

    def lines(self) -> list[str]:
        """What there is to know when all is read, a line each."""
        said = []
        if self._same_task:
            only = f"; {self._differing:,} of them with other values in keys that are not compared"
            said.append(
                f"Read more than once: {counted(self._same_task, 'task')}{only if self._differing else ''}."
            )
        if self._same_input:
            only = f", {self._only_meta:,} of them different in meta alone" if self._only_meta else ""
            what = "they are duplicates here" if self._exclude_by == "input" else "they are asked, too"
            same = counted(self._same_input, "task")
            said.append(f"With the input of an earlier one, but not the same: {same}{only}; {what}.")
        return [line for line in (*said, self.keys()) if line]


def _without_meta(task: Task, identity: str, asked: tuple[str, ...]) -> str:
    """The identity of a task if it had no meta, which counts only where the whole task is the question."""
    if asked or "meta" not in task:
        return identity
    return identities({key: value for key, value in task.items() if key != "meta"}).task.hex()


def _named(shown: tuple[str, ...], asked: tuple[str, ...], exclude_by: ExcludeBy) -> str:
    """The keys in which two tasks must agree to be the same."""
    if exclude_by == "input":
        return ", ".join(shown) or WHOLE
    return ", ".join((*shown, *asked)) if asked else WHOLE


def _is_own(task: Task, by_task: bool) -> bool:
    """Whether the recipe hashed by other keys than the usual ones."""
    usual, found = identities(task), identities_of(task)
    return usual.input != found.input or (by_task and usual.task != found.task)


class _Seen:
    """A set of identities with a small number for each, in 8 bytes an entry and some room.

    Of an identity 52 bits are kept: among a million, one in ten thousand times two are taken for one.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0

    def add(self, identity: str, number: int) -> int | None:
        """The number that an identity (hexadecimal) was added with before; None when it is new."""
        key = int(identity[:13], 16) or 1
        slots = self._slots
        place = self._place(slots, key)
        found = slots[place]
        if found:
            return found & _DIGEST
        if self._count < KEPT:
            slots[place] = key << _DIGEST_BITS | number
            self._count += 1
            if 3 * self._count > 2 * len(slots):
                self._grow()
        return None

    def _place(self, slots: "array[int]", key: int) -> int:
        last = len(slots) - 1
        place = key & last
        while (found := slots[place]) and found >> _DIGEST_BITS != key:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        larger = array("Q", bytes(16 * len(self._slots)))
        for entry in self._slots:
            if entry:
                larger[self._place(larger, entry >> _DIGEST_BITS)] = entry
        self._slots = larger
