"""What operators do: pause, release, withdraw, reopen, change the overlap. All of it can be undone."""

from collections.abc import Iterable, Sequence
from typing import Any

from tallymark.errors import InputError, NotKnown
from tallymark.queue.datasets import find_dataset
from tallymark.queue.numbers import is_task_id
from tallymark.queue.runs import note
from tallymark.queue.seats import lock_seats, named_seat
from tallymark.queue.tasks import LockedTask, Tasks, hold_fewer
from tallymark.store import Row, Statement, Transaction, json_ids

PART = 1000
MOST = 1_000_000

_PAUSED = Statement("Pause a dataset, or go on.", "UPDATE dataset SET paused = :paused WHERE id = :dataset")
_HOLDERS = Statement(
    "Who holds these tasks.",
    "SELECT session, task FROM assignment WHERE state = 'leased' AND task IN {ids} ORDER BY task, session",
)
_HOLDING = Statement(
    "Sessions of a dataset that hold tasks, perhaps only one.",
    "SELECT id FROM session WHERE dataset = :dataset AND held > 0 AND (id = :session OR :session IS NULL)",
)
_HELD_IN = Statement(
    "All tasks of a dataset that somebody holds, perhaps only one session.",
    "SELECT a.task FROM session s JOIN assignment a ON a.session = s.id AND a.state = 'leased'"
    " WHERE s.dataset = :dataset AND (s.id = :session OR :session IS NULL) ORDER BY a.task",
)
_NAMED = Statement("A task of a dataset.", "SELECT id FROM task WHERE dataset = :dataset AND id IN {ids}")
_ASSIGNMENT = Statement(
    "An assignment that was answered once.",
    """
    SELECT a.state, a.standing, a.set_aside, s.kind, n.decision, d.ignore_counts FROM assignment a
      JOIN session s ON s.id = a.session JOIN dataset d ON d.id = s.dataset
      JOIN answer n ON n.task = a.task AND n.session = a.session AND n.revision = a.revision
     WHERE a.task = :task AND a.session = :session
    """,
)
_SET_ASIDE = Statement(
    "An answer is set aside, or no longer.",
    "UPDATE assignment SET set_aside = :set_aside, standing = :standing"
    " WHERE task = :task AND session = :session",
)
_OVERLAP = Statement(
    "How many answers new tasks want.",
    "UPDATE dataset SET overlap = :overlap, overlap_share = 0, overlap_most = NULL WHERE id = :dataset",
)
_TASKS_AFTER = Statement(
    "The next tasks of a dataset.",
    "SELECT id FROM task WHERE dataset = :dataset AND id > :after ORDER BY id LIMIT :limit",
)
_ELIGIBLE = Statement(
    "A session may not have a task, or may again.",
    """
    INSERT INTO assignment (task, session, state) VALUES (:task, :session, 'ineligible')
    ON CONFLICT (task, session) DO UPDATE
       SET state = 'ineligible', slot = 0, client = NULL, barred_by = NULL
     WHERE assignment.state IN ('released', 'expired')
    """,
)
_MORE_INELIGIBLE = Statement(
    "A seat has more tasks it may not have.",
    "UPDATE session SET ineligible = ineligible + :n WHERE id = :session",
)


def pause(tx: Transaction, *, dataset: str) -> dict[str, Any]:
    """Lease nothing more; what is held stays held and answers are stored."""
    return _set_paused(tx, dataset, 1)


def resume(tx: Transaction, *, dataset: str) -> dict[str, Any]:
    """Lease again."""
    return _set_paused(tx, dataset, 0)


def release_all(tx: Transaction, *, dataset: str, session: str | None = None) -> dict[str, Any]:
    """End the leases of a dataset, or of one of its sessions by name. Their answers will still be stored."""
    found = find_dataset(tx, dataset)
    seat = None if session is None else _seat(tx, found["id"], dataset, session)
    named = {"dataset": found["id"], "session": seat}
    lock_seats(tx, [row["id"] for row in tx.all(_HOLDING, named)])
    held = [row["task"] for row in tx.all(_HELD_IN, named)]
    tasks = Tasks.locked(tx, found["id"], sorted(set(held)))
    ended = end_leases(tx, tasks, only=seat)
    tasks.settle()
    note(tx, found["id"], "released", f"{ended} leases")
    return {"released": ended}


def withdraw_task(tx: Transaction, *, dataset: str, task_id: str) -> dict[str, Any]:
    """Take a task out of circulation: its leases end, its answers stay in history."""
    holders = tx.all(_HOLDERS, {"ids": json_ids(_ids([task_id]))})
    lock_seats(tx, [row["session"] for row in holders])
    found, tasks, task = _one_task(tx, dataset, task_id)
    end_leases(tx, tasks)
    tasks.set_state(task, "withdrawn")
    tasks.settle()
    note(tx, found, "task_withdrawn", task=task)
    return {}


def reopen_task(tx: Transaction, *, dataset: str, task_id: str) -> dict[str, Any]:
    """Put a withdrawn task back; it is open, or done if it has its answers."""
    found, tasks, task = _one_task(tx, dataset, task_id)
    if tasks[task].state == "withdrawn":
        tasks.set_state(task, "open")
        tasks.settle()
        note(tx, found, "task_reopened", task=task)
    return {}


def withdraw_answer(tx: Transaction, *, dataset: str, task_id: str, session: str) -> dict[str, Any]:
    """Set an answer aside; its slot goes to the oldest surplus answer, or to whoever asks next.

    What its author says of the task from now on is set aside, too. Undone by `reinstate_answer`.
    """
    found, tasks, task = _one_task(tx, dataset, task_id)
    seat = _seat(tx, found, dataset, session)
    row = tx.one(_ASSIGNMENT, {"task": task, "session": seat})
    if row is None or row["state"] != "answered":
        raise NotKnown(f"Session {session!r} has no answer to task {task_id} of dataset {dataset!r}.")
    tx.run(_SET_ASIDE, {"task": task, "session": seat, "set_aside": 1, "standing": "withdrawn"})
    if row["standing"] == "counted":
        tasks.move(task, taken=-1, counted=-1)
    tasks.settle()
    note(tx, found, "answer_withdrawn", session, task=task)
    return {}


def reinstate_answer(tx: Transaction, *, dataset: str, task_id: str, session: str) -> dict[str, Any]:
    """Take back `withdraw_answer`: the answer is counted if there is a slot, else surplus.

    Where its author has retracted it meanwhile, what they say next counts again.
    """
    found, tasks, task = _one_task(tx, dataset, task_id)
    seat = _seat(tx, found, dataset, session)
    row = tx.one(_ASSIGNMENT, {"task": task, "session": seat})
    if row is None or not row["set_aside"]:
        raise NotKnown(f"Session {session!r} has no withdrawn answer to task {task_id} of {dataset!r}.")
    standing = standing_of(row, tasks[task]) if row["state"] == "answered" else None
    tx.run(_SET_ASIDE, {"task": task, "session": seat, "set_aside": 0, "standing": standing})
    slots = int(standing == "counted")
    tasks.move(task, taken=slots, counted=slots)
    tasks.settle()
    note(tx, found, "answer_reinstated", session, task=task)
    return {}


def standing_of(row: Row, task: LockedTask) -> str:
    """The standing of an answer that is no longer set aside."""
    if row["kind"] != "person" or (row["decision"] == "ignore" and not row["ignore_counts"]):
        return "uncounted"
    return "counted" if task.has_room else "surplus"


def set_overlap(
    tx: Transaction, *, dataset: str, overlap: int | None, task_id: str | None = None
) -> dict[str, Any]:
    """Change how many counted answers one task, or every task of a dataset, wants; None = everyone."""
    if overlap is not None and not 1 <= overlap <= MOST:
        raise InputError(f"An overlap is 1 or more, up to a million, or none for everyone, not {overlap}.")
    if task_id is not None:
        of, tasks, task = _one_task(tx, dataset, task_id)
        tasks.set_overlap(task, overlap)
        tasks.settle()
        note(tx, of, "overlap", str(overlap), task=task)
        return {"tasks": 1}
    found = find_dataset(tx, dataset)
    tx.run(_OVERLAP, {"dataset": found["id"], "overlap": overlap})
    changed = after = 0
    while part := [
        row["id"] for row in tx.all(_TASKS_AFTER, {"dataset": found["id"], "after": after, "limit": PART})
    ]:
        _overlap_of(tx, found["id"], part, overlap)
        changed, after = changed + len(part), part[-1]
    note(tx, found["id"], "overlap", str(overlap))
    return {"tasks": changed}


def set_ineligible(tx: Transaction, *, dataset: str, session: str, task_ids: Sequence[str]) -> dict[str, Any]:
    """These tasks are not for this session. What it holds or has answered stays as it is."""
    found = find_dataset(tx, dataset)
    seat = _seat(tx, found["id"], dataset, session)
    lock_seats(tx, [seat])
    tasks = Tasks.locked(tx, found["id"], _ids(task_ids))
    barred = sum(tx.touched(_ELIGIBLE, {"task": task, "session": seat}) for task in tasks.ids())
    tx.run(_MORE_INELIGIBLE, {"n": barred, "session": seat})
    tasks.recheck()
    return {"ineligible": barred}


def _overlap_of(tx: Transaction, dataset: int, ids: list[int], overlap: int | None) -> None:
    tasks = Tasks.locked(tx, dataset, ids)
    for task in ids:
        tasks.set_overlap(task, overlap)
    tasks.settle()


def _set_paused(tx: Transaction, dataset: str, paused: int) -> dict[str, Any]:
    found = find_dataset(tx, dataset)
    tx.run(_PAUSED, {"dataset": found["id"], "paused": paused})
    note(tx, found["id"], "paused" if paused else "resumed")
    return {}


def end_leases(tx: Transaction, tasks: Tasks, *, only: int | None = None) -> int:
    holders = tx.all(_HOLDERS, {"ids": json_ids(tasks.ids())})
    ended = 0
    for session in sorted({row["session"] for row in holders if only in (None, row["session"])}):
        held = [row["task"] for row in holders if row["session"] == session]
        count = tasks.end_leases(held, session, "released")
        hold_fewer(tx, session, count)
        ended += count
    return ended


def _one_task(tx: Transaction, dataset: str, task_id: str) -> tuple[int, Tasks, int]:
    found = find_dataset(tx, dataset)
    tasks = Tasks.locked(tx, found["id"], _ids([task_id]))
    if not tasks.ids():
        raise _no_task(dataset, task_id)
    return found["id"], tasks, int(task_id)


def named_task(tx: Transaction, dataset: str, task_id: str) -> tuple[int, int]:
    """A dataset and one of its tasks by their numbers; nothing is locked. Errors: `NotKnown`."""
    found = find_dataset(tx, dataset)
    named = {"dataset": found["id"], "ids": json_ids(_ids([task_id]))}
    task = tx.value(_NAMED, named)
    if task is None:
        raise _no_task(dataset, task_id)
    return found["id"], task


def _ids(task_ids: Iterable[str]) -> list[int]:
    return sorted(int(task) for task in task_ids if is_task_id(task))


def _no_task(dataset: str, task_id: str) -> NotKnown:
    return NotKnown(f"Dataset {dataset!r} has no task {task_id}.")


def _seat(tx: Transaction, dataset: int, dataset_name: str, name: str) -> int:
    return int(named_seat(tx, dataset, dataset_name, name)["id"])
