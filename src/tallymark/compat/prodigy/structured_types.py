"""`prodigy.structured_types`."""

from typing import Any

from tallymark.hashing import INPUT_HASH_KEY, TASK_HASH_KEY, set_hashes
from tallymark.types import Task

__all__ = ["get_input_hash", "get_task_hash"]


def get_input_hash(item: Task) -> Any:
    """The 32-bit hash of what is shown."""
    return set_hashes(dict(item))[INPUT_HASH_KEY]


def get_task_hash(item: Task) -> Any:
    """The 32-bit hash of what is asked."""
    return set_hashes(dict(item))[TASK_HASH_KEY]
