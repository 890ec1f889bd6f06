"""What the queue does, line by line, for who asks for a verbose log."""

import logging
from collections.abc import Sequence

from tallymark.store import Statement, Transaction, json_ids

log = logging.getLogger(__name__)

_SEAT = Statement(
    "The exported name of a session.",
    "SELECT d.name || '-' || s.name FROM session s JOIN dataset d ON d.id = s.dataset WHERE s.id = :session",
)
_HASHES = Statement("The hashes of tasks.", "SELECT id, task_hash FROM task WHERE id IN {ids} ORDER BY id")


def journal(tx: Transaction, session: int, what: str, tasks: Sequence[int]) -> None:
    """Write one line: who, what, and of which tasks (id and 32-bit task hash); nothing unless asked for."""
    if tasks and log.isEnabledFor(logging.DEBUG):
        name = tx.value(_SEAT, {"session": session})
        found = tx.all(_HASHES, {"ids": json_ids(tasks)})
        log.debug("%s %s: %s", name, what, ", ".join(f"{row['id']} ({row['task_hash']})" for row in found))
