"""What makes two tasks the same: the 32-bit hashes of existing exports, and our own 128-bit identities.

The 32-bit hashes are MurmurHash3 (x86, seed 0, signed) of `key=JSON` for the keys that exist, in the given
order, JSON being compact, sorted and ASCII-escaped, without the ignored keys at any depth. Without such a key
the JSON of the whole task takes that place, `_input_hash` included. The task hash begins with the
decimal input hash.

An identity is BLAKE2b over the same bytes, but the input's bytes stand where the task hash has the input
hash: no two inputs are ever taken for one because 32 bits are few.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence, Set
from functools import lru_cache
from hashlib import blake2b
from json.encoder import encode_basestring_ascii
from typing import Any

import mmh3

from tallymark.types import Identities, Task

__all__ = [
    "IDENTITY_KEY",
    "IGNORE_HASH_KEYS",
    "INPUT_HASH_KEY",
    "INPUT_HASH_KEYS",
    "PRIVATE_KEYS",
    "ROW_KEY",
    "TASK_HASH_KEY",
    "TASK_HASH_KEYS",
    "get_hash",
    "has_hashes",
    "identities",
    "identities_of",
    "set_hashes",
    "without_private",
]

INPUT_HASH_KEY = "_input_hash"
TASK_HASH_KEY = "_task_hash"

INPUT_HASH_KEYS = ("text", "image", "html", "input")
TASK_HASH_KEYS = ("spans", "label", "options", "arcs")
IGNORE_HASH_KEYS = (
    "score",
    "rank",
    "model",
    "source",
    "pattern",
    "priority",
    "path",
    "_view_id",
    "_session_id",
    "_annotator_id",
    "answer",
)

ROW_KEY = "_row"
"""The row a task came from: `[index of the source, 1-based ordinal]`."""

IDENTITY_KEY = "_identity"
"""Input identity (32 hex digits), identity (32), and the two 32-bit hashes they were made with (8 each)."""

PRIVATE_KEYS = (ROW_KEY, IDENTITY_KEY)
"""Keys that travel with a task inside the program and take no part in hashes, documents or exports."""

Keys = Sequence[str] | Set[str]
"""Keys of a task that a hash is made of; a single one may be given as text."""

_HASH_KEYS = frozenset((INPUT_HASH_KEY, TASK_HASH_KEY))
_encode: Callable[[Any], str] = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def get_hash(
    task: Task,
    prefix: str | Sequence[str] = "",
    keys: Sequence[str] | str = (),
    ignore: Iterable[str] = IGNORE_HASH_KEYS,
) -> int:
    """The signed 32-bit hash of a task over some of its keys, or of all of it where it has none of them.

    Both orders of arguments are in use: `get_hash(task, prefix, keys)` and `get_hash(task, keys, prefix)`.
    """
    if not isinstance(prefix, str):
        prefix, keys = keys if isinstance(keys, str) else "", prefix
    ignored = _ignored(ignore)
    text = _keyed(task, keys, ignored) or _braced(_members(task, ignored))
    return _murmur(prefix + text)


def set_hashes(
    task: Task,
    input_keys: Keys = INPUT_HASH_KEYS,
    task_keys: Keys = TASK_HASH_KEYS,
    ignore: Iterable[str] = IGNORE_HASH_KEYS,
    overwrite: bool = False,
) -> Task:
    """Add `_input_hash` and `_task_hash` where they are missing, and the identities made of the same keys.

    A text as keys is one key; a set is taken in the order of the alphabet.
    Changes and returns the given task. `overwrite` makes both anew, from the task without the old ones.
    """
    if overwrite:
        for key in (INPUT_HASH_KEY, TASK_HASH_KEY, IDENTITY_KEY):
            task.pop(key, None)
    given_input, given_task = _given(task, INPUT_HASH_KEY), _given(task, TASK_HASH_KEY)
    if given_input is not None and given_task is not None:
        return task
    ignored = _ignored(ignore)
    input_keys, task_keys = _in_order(input_keys), _in_order(task_keys)
    shown = _shown(task, input_keys, ignored)
    input_hash = own_input = _murmur(shown)
    if given_input is not None and given_input != own_input:
        input_hash, shown = given_input, f"{given_input}{shown}"
    task[INPUT_HASH_KEY] = input_hash
    asked, hashed = _asked(task, task_keys, ignored, input_hash)
    task_hash = own_task = _murmur(hashed)
    if given_task is not None and given_task != own_task:
        task_hash, asked = given_task, str(given_task)
    task[TASK_HASH_KEY] = task_hash
    made = _digests(shown, asked)
    task[IDENTITY_KEY] = made.input.hex() + made.task.hex() + _binding(input_hash, task_hash)
    return task


def identities(
    task: Task,
    input_keys: Sequence[str] = INPUT_HASH_KEYS,
    task_keys: Sequence[str] = TASK_HASH_KEYS,
    ignore: Iterable[str] = IGNORE_HASH_KEYS,
) -> Identities:
    """The 128-bit identities of a task over the given keys, whatever hashes it carries."""
    ignored = _ignored(ignore)
    return _digests(_shown(task, input_keys, ignored), _asked(task, task_keys, ignored, 0)[0])


def identities_of(task: Task) -> Identities:
    """The identities of a task that may carry hashes.

    1. Those stamped by `set_hashes`, as long as the 32-bit hashes are the ones they were stamped with.
    2. The default ones where the task's 32-bit hashes are the default ones, too, or it has none. A row of an
       export is also looked at as it was when it was hashed: its keys before `_input_hash`.
    3. Otherwise the hashes were made by a rule we do not know, and take the place of what they were made of:
       a foreign input hash stands before the default bytes of the input, a foreign task hash stands for what
       is asked. (The row may have been answered since; two answers to one question must not make it two.)
    """
    input_hash, task_hash = _given(task, INPUT_HASH_KEY), _given(task, TASK_HASH_KEY)
    stamp = task.get(IDENTITY_KEY)
    if isinstance(stamp, str) and stamp[64:] == _binding(input_hash, task_hash):
        return Identities(bytes.fromhex(stamp[:32]), bytes.fromhex(stamp[32:64]))
    if input_hash is None and task_hash is None:
        return identities(task)
    earlier = _before_hashing(task)
    has_input = not task.keys().isdisjoint(INPUT_HASH_KEYS)
    return (
        _if_default(task, input_hash, task_hash)
        or _if_default(earlier, input_hash, task_hash)
        or _foreign(task if has_input else earlier or task, input_hash, task_hash)
    )


def has_hashes(task: Task) -> bool:
    """Whether a task carries both hashes, as integers of 64 bits; digests in letters are none."""
    return _given(task, INPUT_HASH_KEY) is not None and _given(task, TASK_HASH_KEY) is not None


def without_private(task: Task) -> Task:
    """A copy of the task without the keys that only travel inside the program."""
    return {key: value for key, value in task.items() if key not in PRIVATE_KEYS}


def _given(task: Task, key: str) -> int | None:
    """A hash that a task carries; anything but an integer of 64 bits is none."""
    value = task.get(key)
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def _in_order(keys: Keys) -> Sequence[str]:
    if isinstance(keys, str):
        return (keys,)
    return keys if isinstance(keys, Sequence) else sorted(keys)


def _ignored(ignore: Iterable[str]) -> frozenset[str]:
    return _DEFAULT_IGNORED if ignore is IGNORE_HASH_KEYS else frozenset((*ignore, *PRIVATE_KEYS))


def _before_hashing(task: Task) -> Task:
    keys = list(task)
    return {key: task[key] for key in keys[: keys.index(INPUT_HASH_KEY)]} if INPUT_HASH_KEY in task else {}


def _if_default(task: Task, input_hash: int | None, task_hash: int | None) -> Identities | None:
    """The default identities, if the given hashes are those of the default keys."""
    shown = _shown(task, INPUT_HASH_KEYS, _DEFAULT_IGNORED)
    if input_hash not in (None, _murmur(shown)):
        return None
    asked, hashed = _asked(task, TASK_HASH_KEYS, _DEFAULT_IGNORED, _murmur(shown))
    return _digests(shown, asked) if task_hash in (None, _murmur(hashed)) else None


def _foreign(task: Task, input_hash: int | None, task_hash: int | None) -> Identities:
    shown = _shown(task, INPUT_HASH_KEYS, _DEFAULT_IGNORED)
    asked = str(task_hash) if task_hash is not None else _asked(task, TASK_HASH_KEYS, _DEFAULT_IGNORED, 0)[0]
    if input_hash not in (None, _murmur(shown)):
        shown = f"{input_hash}{shown}"
    return _digests(shown, asked)


def _shown(task: Task, keys: Sequence[str], ignored: frozenset[str]) -> str:
    """What the input hash is made of."""
    return _keyed(task, keys, ignored) or _braced(_members(task, ignored | _HASH_KEYS))


def _asked(task: Task, keys: Sequence[str], ignored: frozenset[str], input_hash: int) -> tuple[str, str]:
    """What is asked about the input, and the text the task hash is made of."""
    asked = _keyed(task, keys, ignored)
    if asked:
        return asked, f"{input_hash}{asked}"
    members = _members(task, ignored | _HASH_KEYS)
    asked = _braced(members)
    if INPUT_HASH_KEY not in ignored:
        members = sorted([*members, (INPUT_HASH_KEY, f'"{INPUT_HASH_KEY}":{input_hash}')])
    return asked, f"{input_hash}{_braced(members)}"


def _keyed(task: Task, keys: Sequence[str], ignored: frozenset[str]) -> str:
    return "".join(f"{key}={_json(task[key], ignored)}" for key in keys if key in task)


def _members(task: Task, ignored: frozenset[str]) -> list[tuple[str, str]]:
    """The members of the task's JSON object, sorted by key."""
    return [
        (key, f"{encode_basestring_ascii(key)}:{_json(task[key], ignored)}")
        for key in sorted(task)
        if key not in ignored
    ]


def _braced(members: list[tuple[str, str]]) -> str:
    return "{" + ",".join(text for _, text in members) + "}"


def _json(value: Any, ignored: frozenset[str]) -> str:
    if type(value) is str:
        return encode_basestring_ascii(value)
    text = _encode(value)
    if _as_keys(ignored).search(text) is None:  # most often, and the walk would take the most time
        return text
    return _encode(_without(value, ignored))


@lru_cache(8)
def _as_keys(ignored: frozenset[str]) -> re.Pattern[str]:
    """Finds these keys in JSON; sometimes something else."""
    return re.compile(
        "(?:" + "|".join(re.escape(encode_basestring_ascii(key)) for key in sorted(ignored)) + "):"
    )


def _without(value: Any, ignored: frozenset[str]) -> Any:
    """The value without the ignored keys of the dicts in it, at any depth."""
    if isinstance(value, dict):
        return {key: _without(part, ignored) for key, part in value.items() if key not in ignored}
    if isinstance(value, list | tuple):
        return [_without(part, ignored) for part in value]
    return value


def _murmur(text: str) -> int:
    return mmh3.hash(text.encode("utf-8", "surrogatepass"))


def _digests(shown: str, asked: str) -> Identities:
    return Identities(_digest(shown), _digest(f"{shown}\0{asked}"))


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _binding(input_hash: int | None, task_hash: int | None) -> str:
    """The hashes a stamp was made with, as it ends; no stamp ends like a task without both."""
    if input_hash is None or task_hash is None:
        return "none"
    return f"{input_hash & 0xFFFFFFFF:08x}{task_hash & 0xFFFFFFFF:08x}"


_DEFAULT_IGNORED = frozenset((*IGNORE_HASH_KEYS, *PRIVATE_KEYS))
