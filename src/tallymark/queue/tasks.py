"""The tasks of one call, locked in id order, and the moves of their slots.

This is the one place where `taken` and `counted` change. `taken` = live leases with a slot + counted
answers; a task is done when `counted` reaches its overlap, or, when it wants everyone, when every open
person seat has answered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tallymark.queue.eligibility import eligible
from tallymark.queue.journal import journal
from tallymark.queue.locks import keeps_seats
from tallymark.store import Row, Statement, Transaction, json_ids

LOCK = Statement(
    "Tasks, locked in id order.",
    "SELECT id, dataset, rank, state, overlap, least, most, audience, taken, counted, document FROM task t"
    " WHERE t.id IN {ids} ORDER BY t.id {lock:t}",
)
_WRITE = Statement(
    "Bring tasks up to date.",
    "UPDATE task SET state = :state, overlap = :overlap, least = :least, most = :most, audience = :audience,"
    " taken = :taken, counted = :counted WHERE id = :id",
    types={
        "state": "text",
        **dict.fromkeys(("id", "overlap", "least", "most", "audience", "taken", "counted"), "bigint"),
    },
)
_SLOTS_OF = Statement(
    "Which of these leases of a seat hold a slot.",
    "SELECT task, slot FROM assignment WHERE session = :session AND state = 'leased' AND task IN {ids}",
)
_KEEP_LEASES = Statement(
    "Remember leases that end; those under way stand in their assignments.",
    "INSERT INTO past_lease (task, session, leased_at, ended_at, how)"
    " SELECT task, session, leased_at, :now, :state FROM assignment"
    " WHERE session = :session AND state = 'leased' AND task IN {ids}",
)
_END = Statement(
    "Leases of a seat end.",
    "UPDATE assignment SET state = :state, slot = 0, client = NULL, leased_at = NULL"
    " WHERE session = :session AND state = 'leased' AND task IN {ids}",
)
_FEWER_HELD = Statement(
    "A seat holds fewer leases.", "UPDATE session SET held = held - :n WHERE id = :session"
)
_SURPLUS = Statement(
    "Surplus answers of persons, oldest first.",
    """
    SELECT a.task, a.session FROM assignment a JOIN session s ON s.id = a.session
     WHERE a.task IN {ids} AND a.state = 'answered' AND a.standing = 'surplus' AND s.kind = 'person'
     ORDER BY a.task, a.answered_at, a.session
    """,
)
_NEWEST_COUNTED = Statement(
    "Counted answers of a task, newest first.",
    "SELECT session FROM assignment WHERE task = :task AND standing = 'counted'"
    " ORDER BY answered_at DESC, session DESC",
)
_NEWEST_SLOTS = Statement(
    "Leases of a task that hold a slot, newest first.",
    "SELECT session FROM assignment WHERE task = :task AND state = 'leased' AND slot = 1"
    " ORDER BY leased_at DESC, session DESC",
)
_STANDING = Statement(
    "An answer changes its standing.",
    "UPDATE assignment SET standing = :standing WHERE task = :task AND session = :session",
)
_NO_SLOT = Statement(
    "A lease loses its slot.", "UPDATE assignment SET slot = 0 WHERE task = :task AND session = :session"
)
_RETURNED = Statement(
    "A task is available again.",
    "INSERT INTO returned (dataset, rank, task) VALUES (:dataset, :rank, :task) ON CONFLICT DO NOTHING",
)
_NOT_BY_EVERYONE = Statement(
    "Tasks that an open person seat has yet to answer, or no person has.",
    f"""
    SELECT t.id FROM task t WHERE t.id IN {{ids}} AND (
        EXISTS (SELECT 1 FROM session s
                 WHERE s.dataset = t.dataset AND s.kind = 'person' AND s.retired_at IS NULL
                   AND {eligible("s.id")})
        OR NOT EXISTS (SELECT 1 FROM assignment a JOIN session s ON s.id = a.session
                        WHERE a.task = t.id AND a.state = 'answered' AND s.kind = 'person'))
    """,  # noqa: S608
)
_HIGHEST_CURSOR = Statement(
    "The highest rank that any seat has come to.",
    "SELECT max(cursor_rank) FROM session WHERE dataset = :dataset",
)


@dataclass(slots=True)
class LockedTask:
    """One locked task and what has changed of it."""

    id: int
    rank: float
    state: str
    overlap: int | None
    least: int | None
    most: int | None
    audience: int
    taken: int
    counted: int
    document: int
    changed: bool = False
    freed: bool = False

    @property
    def has_room(self) -> bool:
        """Whether an answer would find a slot."""
        limit = self.overlap if self.most is None else self.most
        return self.state != "withdrawn" and (limit is None or self.taken < limit)

    @property
    def wants_more(self) -> bool:
        """Whether it is offered to people."""
        return self.state == "open" and (self.overlap is None or self.taken < self.overlap)

    def stretch(self) -> None:
        """Where a task wants from `least` to `most` answers, it wants as many as people have come for."""
        if self.least is not None and self.most is not None:
            self.overlap = max(self.least, min(self.most, self.taken))


class Tasks:
    """Locked tasks by id. Call the moves, then `settle` once."""

    def __init__(self, tx: Transaction, dataset: int, rows: Iterable[Row]) -> None:
        self._tx = tx
        self._dataset = dataset
        self._tasks = {
            row["id"]: LockedTask(
                row["id"],
                row["rank"],
                row["state"],
                row["overlap"],
                row["least"],
                row["most"],
                row["audience"],
                row["taken"],
                row["counted"],
                row["document"],
            )
            for row in rows
        }

    @classmethod
    def locked(cls, tx: Transaction, dataset: int, ids: Sequence[int]) -> "Tasks":
        """Lock those of the ids that are tasks of this dataset."""
        named = {"ids": json_ids(ids)}
        if len(ids) == 1:
            found = tx.one(LOCK, named)
            rows = [] if found is None else [found]
        else:
            rows = tx.all(LOCK, named) if ids else []
        return cls(tx, dataset, [row for row in rows if row["dataset"] == dataset])

    def reload(self) -> None:
        """Read the tasks again, after a savepoint was undone."""
        fresh = Tasks.locked(self._tx, self._dataset, self.ids())
        self._tasks = fresh._tasks

    def get(self, task: int) -> LockedTask | None:
        """A locked task, or None when the dataset has no such task."""
        return self._tasks.get(task)

    def __getitem__(self, task: int) -> LockedTask:
        return self._tasks[task]

    def ids(self) -> list[int]:
        """All locked tasks, in id order."""
        return list(self._tasks)

    def move(self, task: int, *, taken: int = 0, counted: int = 0) -> None:
        """Change a task's counters; slots that become free are given away by `settle`."""
        locked = self._tasks[task]
        locked.taken += taken
        locked.counted += counted
        locked.changed = True
        locked.freed = locked.freed or taken < 0

    def end_leases(self, ids: Sequence[int], session: int, state: Literal["released", "expired"]) -> int:
        """leased → released or expired, for one seat. Returns how many leases ended."""
        if not ids:
            return 0
        named = {"session": session, "ids": json_ids(ids)}
        leases = self._tx.all(_SLOTS_OF, named)
        for lease in leases:
            self.move(lease["task"], taken=-lease["slot"])
        self._tx.run(_KEEP_LEASES, {**named, "state": state, "now": self._tx.now})
        self._tx.run(_END, {**named, "state": state})
        for lease in leases:
            self._tasks[lease["task"]].freed = True
        journal(self._tx, session, state, [lease["task"] for lease in leases])
        return len(leases)

    def set_state(self, task: int, state: str) -> None:
        """Withdraw a task, or put a withdrawn one back into circulation."""
        locked = self._tasks[task]
        self._count_state(locked, state)
        locked.state = state
        locked.changed = locked.freed = True

    def set_overlap(self, task: int, overlap: int | None) -> None:
        """Change how many counted answers a task wants.

        Lowering takes slots from the newest leases first (their answers will be surplus), then demotes the
        newest counted answers.
        """
        locked = self._tasks[task]
        locked.overlap, locked.least, locked.most = overlap, None, None
        locked.changed = locked.freed = True
        if overlap is None:
            return
        for lease in self._tx.all(_NEWEST_SLOTS, {"task": task})[: max(0, locked.taken - overlap)]:
            self._tx.run(_NO_SLOT, {"task": task, "session": lease["session"]})
            locked.taken -= 1
        for answer in self._tx.all(_NEWEST_COUNTED, {"task": task})[: max(0, locked.counted - overlap)]:
            self._tx.run(_STANDING, {"task": task, "session": answer["session"], "standing": "surplus"})
            locked.taken -= 1
            locked.counted -= 1

    def want(self, task: int, *, overlap: int | None, least: int | None, most: int | None) -> None:
        """Change how many answers a task wants, but to no fewer than its slots are taken."""
        locked = self._tasks[task]
        if (locked.overlap, locked.least, locked.most) == (overlap, least, most):
            return
        locked.overlap, locked.least, locked.most = overlap, least, most
        locked.changed = locked.freed = True
        self.widen(task)

    def widen(self, task: int) -> None:
        """Let a task want at least as many answers as its slots are taken."""
        locked = self._tasks[task]
        if locked.most is not None:
            locked.most = max(locked.most, locked.taken)
        elif locked.overlap is not None and locked.taken > locked.overlap:
            locked.overlap = locked.taken

    def set_audience(self, task: int, audience: int) -> None:
        """Change who may have a task; it is offered to them at once."""
        locked = self._tasks[task]
        locked.audience = audience
        locked.changed = locked.freed = True

    def settle(self) -> None:
        """Promote surplus answers into free slots, decide what is done, offer what is free, and write."""
        self._promote()
        for task in self._tasks.values():
            task.stretch()
        self._decide([task for task in self._tasks.values() if task.changed])
        self._count_freed()
        self._tx.many(
            _RETURNED,
            [
                {"dataset": self._dataset, "rank": task.rank, "task": task.id}
                for task in self._tasks.values()
                if task.freed and task.wants_more
            ],
        )
        self._write()

    def recheck(self) -> None:
        """Decide anew which tasks are done, after the seats have changed."""
        self._decide(list(self._tasks.values()))
        self._count_freed()
        self._write()

    def _count_freed(self) -> None:
        """Seats that looked for tasks in vain have to look again."""
        freed = sum(1 for task in self._tasks.values() if task.freed and task.has_room)
        if freed:
            self._tx.tally(self._dataset, freed=freed)

    def _promote(self) -> None:
        free = [task.id for task in self._tasks.values() if task.freed and task.has_room]
        if not free:
            return
        for answer in self._tx.all(_SURPLUS, {"ids": json_ids(free)}):
            task = self._tasks[answer["task"]]
            if task.has_room:
                self._tx.run(
                    _STANDING, {"task": task.id, "session": answer["session"], "standing": "counted"}
                )
                self.move(task.id, taken=1, counted=1)

    def _decide(self, tasks: list[LockedTask]) -> None:
        everyone = [task.id for task in tasks if task.overlap is None and task.state != "withdrawn"]
        missing = self._not_by_everyone(everyone) if everyone else set()
        for task in tasks:
            if task.state == "withdrawn":
                continue
            done = task.id not in missing if task.overlap is None else task.counted >= task.overlap
            state = "done" if done else "open"
            if state != task.state:
                self._count_state(task, state)
                task.freed = task.freed or state == "open"
                task.state, task.changed = state, True

    def _not_by_everyone(self, ids: Sequence[int]) -> set[int]:
        keeps_seats(self._tx, self._dataset)
        return {row["id"] for row in self._tx.all(_NOT_BY_EVERYONE, {"ids": json_ids(ids)})}

    def _count_state(self, task: LockedTask, state: str) -> None:
        self._tx.tally(
            self._dataset,
            done=(state == "done") - (task.state == "done"),
            withdrawn=(state == "withdrawn") - (task.state == "withdrawn"),
        )

    def _write(self) -> None:
        self._tx.many(
            _WRITE,
            [
                {
                    "id": task.id,
                    "state": task.state,
                    "overlap": task.overlap,
                    "least": task.least,
                    "most": task.most,
                    "audience": task.audience,
                    "taken": task.taken,
                    "counted": task.counted,
                }
                for task in self._tasks.values()
                if task.changed
            ],
        )
        for task in self._tasks.values():
            task.changed = task.freed = False


def offer_behind(tx: Transaction, dataset: int, tasks: Sequence[tuple[float, int]]) -> None:
    """New tasks, as (rank, id), that lie behind a cursor are returned ones, so that everybody finds them."""
    highest = tx.value(_HIGHEST_CURSOR, {"dataset": dataset})
    if highest is not None:
        behind = [{"dataset": dataset, "rank": rank, "task": task} for rank, task in tasks if rank < highest]
        tx.many(_RETURNED, behind)


def hold_fewer(tx: Transaction, session: int, count: int) -> None:
    """Leases of a seat that is not the caller's have ended."""
    tx.run(_FEWER_HELD, {"session": session, "n": count})
