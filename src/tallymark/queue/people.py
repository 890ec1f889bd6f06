"""What operators do with the people of a dataset: set their answers aside, send one back, rename, merge."""

from typing import Any

from tallymark.errors import InputError, NotKnown
from tallymark.names import canonical
from tallymark.queue.answers import send_back
from tallymark.queue.datasets import find_dataset
from tallymark.queue.locks import changes_seats
from tallymark.queue.operate import named_task, standing_of
from tallymark.queue.runs import note
from tallymark.queue.seats import NAME_LIMIT, follow_annotator, is_name, lock_seats, named_seat, retire_seat
from tallymark.queue.tasks import Tasks
from tallymark.store import Row, Statement, Transaction, json_ids

PART = 500

_ANSWERED_SINCE = Statement(
    "Answers of a seat from a time on, set aside or not, with what their standing depends on.",
    """
    SELECT a.task, a.standing, s.kind, n.decision, d.ignore_counts FROM assignment a
      JOIN session s ON s.id = a.session JOIN dataset d ON d.id = s.dataset
      JOIN answer n ON n.task = a.task AND n.session = a.session AND n.revision = a.revision
     WHERE a.session = :session AND a.position IS NOT NULL AND a.state = 'answered'
       AND a.set_aside = :set_aside AND n.server_time >= :since AND a.task > :after
     ORDER BY a.task LIMIT :limit
    """,
)
_SET_ASIDE = Statement(
    "An answer is set aside, or no longer.",
    "UPDATE assignment SET set_aside = :set_aside, standing = :standing"
    " WHERE task = :task AND session = :session",
)
_CURRENT = Statement(
    "The operation that made the current answer of a seat to a task.",
    "SELECT n.op_id FROM assignment a JOIN answer n ON n.task = a.task AND n.session = a.session"
    " AND n.revision = a.revision WHERE a.task = :task AND a.session = :session AND a.state = 'answered'",
)
_ANNOTATOR = Statement(
    "Make an annotator unless there is one.",
    "INSERT INTO annotator (name, kind) VALUES (:name, :kind) ON CONFLICT (kind, name) DO NOTHING",
)
_RENAME = Statement(
    "A seat is another annotator's.",
    "UPDATE session SET name = :name, annotator ="
    " (SELECT id FROM annotator a WHERE a.kind = :kind AND a.name = :name) WHERE id = :session",
)
_SAME_TAGS = Statement(
    "An annotator has the tags of another one, unless it has its own.",
    "UPDATE annotator SET tags = (SELECT o.tags FROM annotator o WHERE o.id = :other)"
    " WHERE name = :name AND kind = :kind AND tags IS NULL",
)
_FORGET_ANNOTATOR = Statement(
    "An annotator without any seat is forgotten.",
    "DELETE FROM annotator WHERE id = :annotator"
    " AND NOT EXISTS (SELECT 1 FROM session s WHERE s.annotator = :annotator)",
)
_BOTH = Statement(
    "Tasks that two seats have both answered, and which of the answers is the newer one.",
    """
    SELECT f.task, f.standing AS from_standing, i.standing AS into_standing,
           CASE WHEN n.server_time > m.server_time THEN 1 ELSE 0 END AS from_newer
      FROM assignment f JOIN assignment i ON i.task = f.task AND i.session = :into AND i.state = 'answered'
      JOIN answer n ON n.task = f.task AND n.session = f.session AND n.revision = f.revision
      JOIN answer m ON m.task = i.task AND m.session = i.session AND m.revision = i.revision
     WHERE f.session = :from AND f.state = 'answered' ORDER BY f.task
    """,
)
_MOVABLE = Statement(
    "Tasks of a seat of which another one said nothing (not even beside what counts) and has no hold.",
    """
    SELECT f.task FROM assignment f
      LEFT JOIN assignment i ON i.task = f.task AND i.session = :into
     WHERE f.session = :from AND (i.task IS NULL OR (f.state = 'answered' AND i.revision = 0))
       AND NOT EXISTS (SELECT 1 FROM answer n WHERE n.task = f.task AND n.session = :into)
     ORDER BY f.task
    """,
)
_HELD = Statement(
    "Tasks that a seat holds and another one has answered.",
    "SELECT i.task FROM assignment i JOIN assignment f ON f.task = i.task AND f.session = :from"
    " AND f.state = 'answered' WHERE i.session = :into AND i.state = 'leased' ORDER BY i.task",
)
_UNUSED = Statement(
    "Assignments without an answer make room for those of the other seat.",
    "DELETE FROM assignment WHERE session = :into AND revision = 0 AND task IN {ids}",
)
_MOVES = tuple(
    Statement(f"What a seat has goes to another one: {table}.", f"UPDATE {table} SET {what} WHERE {of}")  # noqa: S608
    for table, what, of in (
        (
            "assignment",
            "session = :into, position = position + :position",
            "session = :from AND task IN {ids}",
        ),
        ("answer", "session = :into", "session = :from AND task IN {ids}"),
        ("past_lease", "session = :into", "session = :from AND task IN {ids}"),
        ("draft_op", "session = :into", "session = :from AND task IN {ids}"),
        ("delivery", "session = :into, position = position + :position", "session = :from AND task IN {ids}"),
        (
            "draft",
            "session = :into",
            "session = :from AND task IN {ids} AND NOT EXISTS"
            " (SELECT 1 FROM draft o WHERE o.task = draft.task AND o.session = :into)",
        ),
    )
)
_ANSWERED_THERE = Statement(
    "Tasks answered from one seat that another one does not hold, but could get again.",
    "SELECT i.task FROM assignment i JOIN assignment f ON f.task = i.task AND f.session = :from"
    " AND f.state = 'answered' WHERE i.session = :into AND i.state IN ('released', 'expired')"
    " ORDER BY i.task",
)
_BAR = Statement(
    "What was answered from the other seat is not asked again.",
    "UPDATE assignment SET state = 'ineligible', barred_by = NULL WHERE session = :into AND task IN {ids}",
)
_RECOUNT = Statement(
    "A seat's counters, from its assignments.",
    """
    UPDATE session SET position = :position,
           answered = (SELECT count(*) FROM assignment a WHERE a.session = :session AND a.state = 'answered'),
           held = (SELECT count(*) FROM assignment a WHERE a.session = :session AND a.state = 'leased'),
           ineligible = (SELECT count(*) FROM assignment a
                          WHERE a.session = :session AND a.state = 'ineligible')
     WHERE id = :session
    """,
)


def withdraw_answers(
    tx: Transaction, *, dataset: str, session: str, since: float = 0.0, after: int = 0
) -> dict[str, Any]:
    """Set aside what a session answered from a time on (seconds since 1970); others get the tasks again.

    Works on a part after the task `after`; returns `{"answers", "after"}`, with `after` None at the end.
    Errors: `NotKnown`.
    """
    return _set_aside(tx, dataset, session, since, after, set_aside=1)


def reinstate_answers(
    tx: Transaction, *, dataset: str, session: str, since: float = 0.0, after: int = 0
) -> dict[str, Any]:
    """Take back `withdraw_answers`: each is counted if there is a slot, else surplus."""
    return _set_aside(tx, dataset, session, since, after, set_aside=0)


def _set_aside(
    tx: Transaction, dataset: str, session: str, since: float, after: int, *, set_aside: int
) -> dict[str, Any]:
    found = find_dataset(tx, dataset)
    seat = named_seat(tx, found["id"], dataset, session)["id"]
    named = {"session": seat, "since": since, "set_aside": 1 - set_aside, "after": after, "limit": PART}
    rows = tx.all(_ANSWERED_SINCE, named)
    tasks = Tasks.locked(tx, found["id"], [row["task"] for row in rows])
    for row in rows:
        standing = "withdrawn" if set_aside else standing_of(row, tasks[row["task"]])
        slots = int(standing == "counted") - int(row["standing"] == "counted")
        tasks.move(row["task"], taken=slots, counted=slots)
        place = {"task": row["task"], "session": seat}
        tx.run(_SET_ASIDE, {**place, "set_aside": set_aside, "standing": standing})
    tasks.settle()
    if rows:
        what = "answers_withdrawn" if set_aside else "answers_reinstated"
        note(tx, found["id"], what, f"{session}: {len(rows)}")
    return {"answers": len(rows), "after": rows[-1]["task"] if len(rows) == PART else None}


def send_answer_back(
    tx: Transaction, *, dataset: str, task_id: str, session: str, comment: str
) -> dict[str, Any]:
    """Return an answer to its author, who sees the task again with the comment on it; nothing is lost.

    Errors: `NotKnown` when there is no such answer, `InputError` without a comment.
    """
    if not comment.strip():
        raise InputError("Say in a comment what the author is to look at.")
    found, task = named_task(tx, dataset, task_id)
    seat = named_seat(tx, found, dataset, session)["id"]
    op_id = tx.value(_CURRENT, {"task": task, "session": seat})
    if op_id is None:
        raise NotKnown(f"Session {session!r} has no answer to task {task_id} of dataset {dataset!r}.")
    send_back(tx, dataset=found, op_id=op_id, message=comment)
    note(tx, found, "sent_back", session, task=task)
    return {}


def rename_seat(tx: Transaction, *, dataset: str, name: str, new_name: str) -> dict[str, Any]:
    """Give a seat another name; its pages go on, its tags stay. Errors: `InputError` for a taken name."""
    found = find_dataset(tx, dataset)
    changes_seats(tx, found["id"])
    row = named_seat(tx, found["id"], dataset, name)
    new_name = canonical(new_name.strip())  # as whoever claims it types it
    if not is_name(new_name) or not new_name.isprintable():
        raise InputError(
            f"A session's name has 1 to {NAME_LIMIT} printable characters, not {new_name[:40]!r}."
        )
    if _is_taken(tx, found["id"], dataset, new_name):
        raise InputError(
            f"Dataset {dataset!r} has a session {new_name!r} already. Merge {name!r} into it instead."
        )
    tx.run(_ANNOTATOR, {"name": new_name, "kind": row["kind"]})
    tx.run(_RENAME, {"name": new_name, "kind": row["kind"], "session": row["id"]})
    tx.run(_SAME_TAGS, {"other": row["annotator"], "name": new_name, "kind": row["kind"]})
    tx.run(_FORGET_ANNOTATOR, {"annotator": row["annotator"]})
    follow_annotator(tx, row["id"])
    note(tx, found["id"], "seat_renamed", f"{name} → {new_name}")
    return {}


def _is_taken(tx: Transaction, dataset: int, dataset_name: str, name: str) -> bool:
    try:
        named_seat(tx, dataset, dataset_name, name)
    except NotKnown:
        return False
    return True


def merge_seats(tx: Transaction, *, dataset: str, name: str, into: str) -> dict[str, Any]:
    """Two seats are one person's: what the first has goes to the second, and the first is retired.

    Where both answered a task both answers are kept: the newer is counted, the other withdrawn. Returns
    `{"moved", "both"}`: tasks that changed hands, tasks that both had answered. Errors: `InputError` for one
    and the same seat or seats of different kinds, `NotKnown`.
    """
    found = find_dataset(tx, dataset)
    one, other = (named_seat(tx, found["id"], dataset, each) for each in (name, into))
    if one["id"] == other["id"]:
        raise InputError(f"{name!r} and {into!r} are one session. Name the two that are of one person.")
    if one["kind"] != other["kind"]:
        raise InputError(
            f"Session {name!r} is a {one['kind']} and {into!r} a {other['kind']}; only two of one kind merge."
        )
    lock_seats(tx, [one["id"], other["id"]])
    retire_seat(tx, dataset=dataset, name=name)
    pair = {"from": one["id"], "into": other["id"]}
    _give_up(tx, found["id"], pair)
    both = _keep_newer(tx, found["id"], pair)
    moved = _move(tx, found["id"], pair, other["position"])
    _bar(tx, found["id"], pair)
    tx.run(_RECOUNT, {"session": one["id"], "position": one["position"]})
    tx.run(_RECOUNT, {"session": other["id"], "position": other["position"] + one["position"]})
    note(tx, found["id"], "seats_merged", f"{name} → {into}")
    return {"moved": len(moved), "both": both}


def _bar(tx: Transaction, dataset: int, pair: dict[str, int]) -> None:
    ids = [row["task"] for row in tx.all(_ANSWERED_THERE, pair)]
    tasks = Tasks.locked(tx, dataset, ids)
    tx.run(_BAR, {**pair, "ids": json_ids(ids)})
    tasks.recheck()


def _give_up(tx: Transaction, dataset: int, pair: dict[str, int]) -> None:
    """What the one seat has answered the other need not hold."""
    held = [row["task"] for row in tx.all(_HELD, pair)]
    tasks = Tasks.locked(tx, dataset, held)
    tasks.end_leases(held, pair["into"], "released")
    tasks.settle()


def _keep_newer(tx: Transaction, dataset: int, pair: dict[str, int]) -> int:
    rows = tx.all(_BOTH, pair)
    tasks = Tasks.locked(tx, dataset, [row["task"] for row in rows])
    for row in rows:
        _withdraw_older(tx, tasks, row, pair)
    tasks.settle()
    return len(rows)


def _withdraw_older(tx: Transaction, tasks: Tasks, row: Row, pair: dict[str, int]) -> None:
    """The newer answer takes the slot of the older one, if it has none of its own."""
    newer, older = ("from", "into") if row["from_newer"] else ("into", "from")
    had, has = row[f"{older}_standing"], row[f"{newer}_standing"]
    place = {"task": row["task"], "session": pair[older]}
    tx.run(_SET_ASIDE, {**place, "set_aside": 1, "standing": "withdrawn"})
    if had == "counted" and has == "surplus":
        place = {"task": row["task"], "session": pair[newer]}
        tx.run(_SET_ASIDE, {**place, "set_aside": 0, "standing": "counted"})
    elif had == "counted":
        tasks.move(row["task"], taken=-1, counted=-1)


def _move(tx: Transaction, dataset: int, pair: dict[str, int], position: int) -> list[int]:
    moved = [row["task"] for row in tx.all(_MOVABLE, pair)]
    named = {**pair, "ids": json_ids(moved), "position": position}
    tasks = Tasks.locked(tx, dataset, moved)
    tx.run(_UNUSED, named)
    for statement in _MOVES:
        tx.run(statement, named)
    tasks.recheck()
    return moved
