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

WHOLE: Final = "all its keys"
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
        if self._own_keys is None:
            self._own_keys = identities(task) != identities_of(task)
        shown = tuple([key for key in INPUT_HASH_KEYS if key in task])
        asked = tuple([key for key in TASK_HASH_KEYS if key in task])
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
        """By which keys tasks are told apart, the most frequent first."""
        if self._own_keys:
            return "Tasks are told apart by keys of the recipe's own."
        if not self._keys:
            return ""
        several = len(self._keys) > 1
        found = [
            _named(shown, asked) + (f" ({counted(count, 'task')})" if several else "")
            for (shown, asked), count in self._keys.most_common(3)
        ]
        return f"Tasks are told apart by {'; '.join(found)}."

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


def _named(shown: tuple[str, ...], asked: tuple[str, ...]) -> str:
    return f"{', '.join(shown) or WHOLE} (input) and {', '.join(asked) or WHOLE} (question)"


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
