"""Operations that were based on something older than what is current: kept beside it, and told."""

from tallymark import jsontext
from tallymark.queue.operations import ack
from tallymark.queue.revisions import Place, cumulative, next_revision, original, revision_row
from tallymark.queue.saving import Saving, append
from tallymark.store.documents import apply
from tallymark.types import AckDict, CurrentDict, OperationDict


def store_beside(saving: Saving, op: OperationDict, place: Place, base: int | None) -> AckDict:
    """A stale base: stored as a revision that is not current, and handed back with the current one."""
    changes = cumulative(saving.tx, saving.seat, place, op, base)
    revision = next_revision(saving.tx, saving.seat, place)
    append(saving, op, place, revision, base, changes, current=False)
    return conflict_of(saving, op, place, revision)


def conflict_of(saving: Saving, op: OperationDict, place: Place, revision: int) -> AckDict:
    """The ack of an operation that was stored as `revision`, with what is current instead."""
    conflict = ack(op, "conflict", revision, "This task has a newer revision than the one this was based on.")
    conflict["current"] = _current(saving, place)
    return conflict


def _current(saving: Saving, place: Place) -> CurrentDict:
    tx = saving.tx
    document = original(tx, place.task)
    current: CurrentDict = {
        "revision": place.revision,
        "status": place.state or "leased",
        "decision": None,
        "task": document,
        "comment": None,
        "reason": None,
    }
    if place.revision:
        row = revision_row(tx, saving.seat, place.task, place.revision)
        apply(document, jsontext.loads(row["changes"]) if row["changes"] else {})
        current["status"], current["decision"] = row["status"], row["decision"]
        current["comment"], current["reason"] = row["comment"], row["reason"]
    return current
