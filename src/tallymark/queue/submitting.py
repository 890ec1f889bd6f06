"""Answers given and taken back: how they move an assignment and the counters of task and seat."""

from tallymark import jsontext
from tallymark.queue.deliveries import note_retracted, note_submitted
from tallymark.queue.drafts import forget_draft
from tallymark.queue.operations import ack
from tallymark.queue.revisions import Place, cumulative, next_revision, revision_row
from tallymark.queue.saving import Saving, append
from tallymark.store import Statement
from tallymark.types import AckDict, OperationDict

_ANSWERED = Statement(
    "An assignment is answered.",
    """
    INSERT INTO assignment (task, session, state, slot, standing, revision, position, answered_at)
    VALUES (:task, :session, 'answered', 0, :standing, :revision, :position, :now)
    ON CONFLICT (task, session) DO UPDATE
       SET state = 'answered', slot = 0, client = NULL, standing = excluded.standing,
           revision = excluded.revision, position = excluded.position, answered_at = excluded.answered_at
    """,
    types={
        **dict.fromkeys(("task", "session", "revision", "position"), "bigint"),
        "standing": "text",
        "now": "float8",
    },
)

_EDITED = Statement(
    "An answered assignment has a new revision.",
    "UPDATE assignment SET revision = :revision, standing = :standing"
    " WHERE task = :task AND session = :session",
)

_KEEP_LEASE = Statement(
    "Remember the lease that an answer ended, before the next one takes its place.",
    "INSERT INTO past_lease (task, session, leased_at, ended_at, how)"
    " SELECT task, session, leased_at, answered_at, 'answered' FROM assignment"
    " WHERE task = :task AND session = :session AND leased_at IS NOT NULL",
)

_RETRACTED = Statement(
    "An answered assignment is held again.",
    """
    UPDATE assignment SET state = 'leased', slot = :slot, client = :client, standing = NULL,
           revision = :revision, leased_at = :now WHERE task = :task AND session = :session
    """,
)


def submit(saving: Saving, op: OperationDict, place: Place) -> AckDict:
    """Store an answer as the current revision of its assignment."""
    tx, seat, tasks, task = saving.tx, saving.seat, saving.tasks, place.task
    changes = cumulative(tx, seat, place, op, place.revision)
    revision = next_revision(tx, seat, place)
    answer = append(saving, op, place, revision, place.revision, changes)
    standing = _standing(saving, op, place)
    named = {"task": task.id, "session": seat.id, "standing": standing, "revision": revision}
    if place.state == "answered":
        tx.run(_EDITED, named)
    else:
        seat.position += 1
        seat.answered += 1
        seat.held -= place.state == "leased"
        seat.ineligible -= place.state == "ineligible"
        tx.run(_ANSWERED, {**named, "position": seat.position, "now": tx.now})
    if place.drafted:
        forget_draft(saving, task)
    tasks.settle()
    if answer is not None and seat.kind == "person":
        note_submitted(tx, seat, task.id, answer)
    return ack(op, "surplus" if standing == "surplus" else "stored", revision)


def _standing(saving: Saving, op: OperationDict, place: Place) -> str:
    """Move the task's counters for a submitted answer, and what standing the answer has from now on."""
    tasks, task = saving.tasks, place.task
    counts = saving.seat.kind == "person" and (
        op.get("decision") != "ignore" or bool(saving.seat.row["ignore_counts"])
    )
    if place.set_aside:
        tasks.move(task.id, taken=-place.slot)
        return "withdrawn"
    if place.standing in ("counted", "surplus") and counts:
        return place.standing
    if place.standing == "uncounted" and not counts:
        return "uncounted"
    if not counts:
        had = place.slot or place.standing == "counted"
        tasks.move(task.id, taken=-1 if had else 0, counted=-1 if place.standing == "counted" else 0)
        return "uncounted"
    if place.slot:
        tasks.move(task.id, counted=1)
        return "counted"
    if task.has_room:
        tasks.move(task.id, taken=1, counted=1)
        return "counted"
    return "surplus"


def retract(saving: Saving, op: OperationDict, place: Place) -> AckDict:
    """Take an answer back: the seat holds its task again, and what it said stays in the document."""
    tx, seat, task = saving.tx, saving.seat, place.task
    current = revision_row(tx, seat, task, place.revision)
    changes = jsontext.loads(current["changes"]) if current["changes"] else {}
    revision = next_revision(tx, seat, place)
    answer = append(saving, op, place, revision, place.revision, changes)
    counted = place.standing == "counted"
    slot = counted and task.state != "withdrawn"
    tx.run(_KEEP_LEASE, {"task": task.id, "session": seat.id})
    tx.run(
        _RETRACTED,
        {
            "task": task.id,
            "session": seat.id,
            "slot": int(slot),
            "client": saving.client,
            "revision": revision,
            "now": tx.now,
        },
    )
    seat.answered -= 1
    seat.held += 1
    saving.tasks.move(task.id, taken=slot - counted, counted=-counted)
    if seat.retired:  # it holds nothing any more; its author may still answer anew
        seat.held -= saving.tasks.end_leases([task.id], seat.id, "released")
    saving.tasks.settle()
    if answer is not None:
        note_retracted(tx, seat, task.id, answer)
    return ack(op, "stored", revision)
