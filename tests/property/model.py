"""The queue in memory, written from docs/concepts/queue.md alone.

Nothing here is fast and nothing is counted twice: `taken`, `counted` and a task's state are derived from its
assignments each time they are asked for. Where the page leaves a choice (which open task is handed out, which
overdue leases are met on the way), the model does not predict: it is told what was chosen and raises
`IllegalError` if that was not allowed.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.property.merging import merged
from tests.property.rows import SourceVersion

SILENT_AFTER = 60.0
LEASE_SECONDS = 900.0
UNDO_WINDOW = 10
SETTLE_SECONDS = 60.0
Document = dict[str, Any]
Row = tuple[int, int]


class IllegalError(AssertionError):
    """The queue did something that its page does not allow."""


@dataclass
class Seat:
    """A session: the durable, named seat of an annotator."""

    token: str
    name: str | None
    kind: str = "person"
    retired: bool = False
    left: bool = False
    waits: bool = False
    merged: bool = False
    last_call: float = 0.0
    clients: dict[str | None, float] = field(default_factory=dict)

    @property
    def open_person(self) -> bool:
        return self.kind == "person" and not self.retired


@dataclass
class Revision:
    """What an operation said; `order` numbers all answers of the dataset."""

    number: int
    op_id: str
    status: str
    decision: str | None
    document: Document
    order: int
    at: float


@dataclass
class Assignment:
    """The one row per task and seat."""

    task: str
    seat: str
    state: str = ""
    slot: bool = False
    client: str | None = None
    standing: str | None = None
    revisions: dict[int, Revision] = field(default_factory=dict)
    revision: int = 0
    since: float = 0.0
    leased: float = 0.0
    set_aside: bool = False
    draft: Document | None = None
    delivered: tuple[int, str] | None = None

    @property
    def live(self) -> bool:
        return self.state == "leased"

    @property
    def current(self) -> Revision | None:
        return self.revisions.get(self.revision)

    @property
    def said(self) -> Revision:
        """The current revision of an assignment that has one."""
        return self.revisions[self.revision]

    def is_counted(self) -> bool:
        return self.state == "answered" and self.standing == "counted"


@dataclass
class Wish:
    """Whom a task is for: names (None: anybody) and tags; others get it after `fallback` seconds."""

    people: frozenset[str] | None = None
    needs: frozenset[str] = frozenset()
    fallback: float | None = None
    opened: bool = False


def _makes_room(second: Assignment | None, first: Assignment) -> bool:
    """May a merged seat's assignment take the place of this one? Not of one with which something was said."""
    if second is None or second.revisions:
        return second is None
    return not second.state or (first.state == "answered" and not second.revision)


@dataclass
class QueuedTask:
    """A task and its place in the dataset; `overlap` None wants everyone.

    With `bounds` it wants from so many to so many: as many as people have come for.
    """

    id: str
    document: Document
    key: Any
    repeat: int
    rank: tuple[float, int]
    overlap: int | None
    identity: str = ""
    bounds: tuple[int, int] | None = None
    wish: Wish = field(default_factory=Wish)
    made: float = 0.0
    withdrawn: bool = False
    rows: dict[Row, int] = field(default_factory=dict)
    assignments: dict[str, Assignment] = field(default_factory=dict)


@dataclass
class Ack:
    op_id: str
    result: str
    revision: int | None = None
    current: Revision | None = None


@dataclass
class LeaseReply:
    tasks: set[str]
    states: set[str]


@dataclass
class Queue:
    """One dataset. Every public method is one transaction at time `now`."""

    overlap: int | None = 1
    ignore_counts: bool = True
    lease_seconds: float | None = LEASE_SECONDS
    exclude_by: str = "task"
    share: float = 0.0
    most: int | None = None
    tags: dict[str, frozenset[str]] = field(default_factory=dict)
    now: float = 0.0
    stream: str = "open"
    paused: bool = False
    tasks: dict[str, QueuedTask] = field(default_factory=dict)
    seats: dict[str, Seat] = field(default_factory=dict)
    sources: dict[int, SourceVersion] = field(default_factory=dict)
    answered_ops: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    drafted: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    news: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    imported: set[str] = field(default_factory=set)
    beside: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unvalidated: list[str] = field(default_factory=list)
    on_their_way: dict[str, str] = field(default_factory=dict)
    quarantined: set[tuple[str, str, str]] = field(default_factory=set)
    run: int = 1
    _order: int = 0

    # -- derived numbers ---------------------------------------------------------------------------

    def open_seats(self) -> list[Seat]:
        return [seat for seat in self.seats.values() if seat.open_person]

    def counted(self, task: QueuedTask) -> int:
        return sum(1 for each in task.assignments.values() if each.is_counted())

    def taken(self, task: QueuedTask) -> int:
        """Leases with a slot + counted answers, always; a lease is live whatever the clock says."""
        return self.counted(task) + sum(1 for each in task.assignments.values() if each.live and each.slot)

    def state(self, task: QueuedTask) -> str:
        if task.withdrawn:
            return "withdrawn"
        return "done" if self._satisfied(task) else "open"

    def _satisfied(self, task: QueuedTask) -> bool:
        wanted = self.wanted(task)
        if wanted is not None:
            return self.counted(task) >= wanted
        answered = (each for each in task.assignments.values() if each.state == "answered")
        somebody = any(self.seats[each.seat].kind == "person" for each in answered)
        asked = [seat for seat in self.open_seats() if self.admits(task, seat)]
        return somebody and all(self.is_through_with(task, seat) for seat in asked)

    def wanted(self, task: QueuedTask) -> int | None:
        """How many counted answers a task wants now."""
        if task.bounds is None:
            return task.overlap
        least, most = task.bounds
        return max(least, min(most, self.taken(task)))

    def admits(self, task: QueuedTask, seat: Seat) -> bool:
        """Is the task for this seat's annotator?"""
        named = task.wish.people is None or (seat.name or "") in task.wish.people
        return named and self._has(seat, task.wish.needs)

    def is_through_with(self, task: QueuedTask, seat: Seat) -> bool:
        found = task.assignments.get(seat.token)
        return found is not None and found.state in ("answered", "ineligible")

    def slot_free(self, task: QueuedTask) -> bool:
        """Is one more person wanted? A task for everyone has room for whoever asks."""
        wanted = self.wanted(task)
        return not task.withdrawn and (wanted is None or self.taken(task) < wanted)

    def has_room(self, task: QueuedTask) -> bool:
        """May one more answer count?"""
        limit = task.bounds[1] if task.bounds else task.overlap
        return not task.withdrawn and (limit is None or self.taken(task) < limit)

    def assignments(self) -> Iterator[Assignment]:
        for task in self.tasks.values():
            yield from task.assignments.values()

    def has_had(self, seat: Seat) -> bool:
        """Was anything ever handed out to this seat, or answered by it?"""
        return any(each.state and each.seat == seat.token for each in self.assignments())

    def has_silent(self) -> bool:
        """Are there leases that might be taken from their owners?"""
        return any(each.live and self.silent(self.seats[each.seat]) for each in self.assignments())

    def held(self, seat: Seat, client: str | None) -> list[Assignment]:
        mine = (each for each in self.assignments() if each.seat == seat.token and each.live)
        return [each for each in mine if each.client == client]

    def _next(self) -> int:
        self._order += 1
        return self._order

    # -- seats -------------------------------------------------------------------------------------

    def claim(self, token: str, name: str | None, *, kind: str = "person", client: str | None = None) -> Seat:
        """Claim or create a seat; a late joiner is one more of "everyone"."""
        seat = self.seats.setdefault(token, Seat(token, name, kind, last_call=self.now))
        if seat.retired:
            seat.retired, seat.last_call = False, self.now
        if client is not None:
            seat.clients[client] = self.now
        return seat

    def call(self, seat: Seat, client: str | None) -> None:
        seat.last_call = max(seat.last_call, self.now)
        seat.left = False
        seat.clients[client] = self.now

    def leave(self, seat: Seat) -> None:
        self._give_back(seat, "released")
        seat.left = True

    def retire(self, seat: Seat) -> None:
        self._give_back(seat, "released")
        seat.retired = True

    def _give_back(self, seat: Seat, state: str) -> None:
        for each in list(self.assignments()):
            if each.seat == seat.token and each.live:
                self._end(each, state)

    def overdue(self, seat: Seat) -> bool:
        return self.lease_seconds is not None and self.now - seat.last_call > self.lease_seconds

    def silent(self, seat: Seat) -> bool:
        return self.lease_seconds is not None and self.now - seat.last_call > SILENT_AFTER

    def skip_downtime(self, gap: float, since: float) -> None:
        """All processes were down since then: the gap is added to deadlines, and to tabs that were alive."""
        for seat in self.seats.values():
            if any(each.live for each in self.assignments() if each.seat == seat.token):
                seat.last_call += gap
            for client, call in seat.clients.items():
                if since - call < SILENT_AFTER:
                    seat.clients[client] = call + gap

    # -- moves -------------------------------------------------------------------------------------

    def _end(self, lease: Assignment, state: str) -> None:
        """leased → released / expired: the slot goes, the oldest surplus answer gets it first."""
        lease.state, lease.slot, lease.client = state, False, None
        self._promote(self.tasks[lease.task])

    def _promote(self, task: QueuedTask) -> None:
        while self.has_room(task):
            surplus = [each for each in task.assignments.values() if each.standing == "surplus"]
            if not surplus:
                return
            min(surplus, key=self._age).standing = "counted"

    def _age(self, answered: Assignment) -> tuple[float, int]:
        """Oldest first; of one moment, whoever had a seat first."""
        return answered.since, list(self.seats).index(answered.seat)

    def _demote(self, task: QueuedTask) -> None:
        """The newest lose their slots: leases, whose answers will be surplus, before answers."""
        while task.overlap is not None and self.taken(task) > task.overlap:
            slots = [each for each in task.assignments.values() if each.live and each.slot]
            if not slots:
                break
            max(slots, key=lambda each: each.leased).slot = False
        while task.overlap is not None and self.counted(task) > task.overlap:
            counted = [each for each in task.assignments.values() if each.is_counted()]
            max(counted, key=self._age).standing = "surplus"

    # -- leases ------------------------------------------------------------------------------------

    def may_have(self, task: QueuedTask, seat: Seat) -> bool:
        """Open and neither held, answered nor ineligible; expired and released do not count as had."""
        return self.state(task) == "open" and self.admits(task, seat) and not self._had(task, seat)

    def takes_more(self, task: QueuedTask, seat: Seat) -> bool:
        """May somebody who has nothing else to do be asked, beyond what the task needs?"""
        bounded = task.bounds is not None and self.has_room(task)
        return bounded and self.admits(task, seat) and not self._had(task, seat)

    def opens_for(self, task: QueuedTask, seat: Seat) -> bool:
        """Is it time to open the task to all, as its people do not come, and may this seat have it then?"""
        wish = task.wish
        if wish.people is None or wish.fallback is None or (seat.name or "") in wish.people:
            return False
        wanted, since = self.wanted(task), self.now - wish.fallback
        if self._had(task, seat) or wanted is None or not self.slot_free(task) or self.state(task) != "open":
            return False
        if task.made >= since or not self._has(seat, wish.needs):
            return False
        present = [each for each in self.seats.values() if not each.retired and each.last_call >= since]
        if wish.people <= {each.name for each in present if each.kind == "person"}:
            return False
        coming = [each for each in present if self.admits(task, each) and not self._had(task, each)]
        return len(coming) < wanted - self.taken(task)

    def lacks(self, task: QueuedTask, since: float) -> bool:
        """Are there fewer people for the task, of those who called since then, than it wants?"""
        if self.state(task) != "open" or not self.slot_free(task):
            return False
        wanted = self.wanted(task)
        here = [seat for seat in self.open_seats() if seat.last_call >= since and self.admits(task, seat)]
        people = sum(1 for seat in here if not self._had(task, seat))
        return people < (1 if wanted is None else wanted - self.taken(task))

    def _has(self, seat: Seat, needs: frozenset[str]) -> bool:
        """Does the annotator have these tags? Only people are given any."""
        return not needs or (seat.kind == "person" and needs <= self.tags.get(seat.name or "", frozenset()))

    def _had(self, task: QueuedTask, seat: Seat) -> bool:
        mine = task.assignments.get(seat.token)
        return mine is not None and mine.state in ("leased", "answered", "ineligible")

    def takeable(self, task: QueuedTask, seat: Seat) -> bool:
        return self.may_have(task, seat) and self.slot_free(task)

    def takeable_after(self, task: QueuedTask, seat: Seat, gone: Callable[[Seat], bool]) -> bool:
        """Would the task be there to take if the leases of all other seats that are `gone` ended?"""
        if not self.may_have(task, seat):
            return False
        if self.slot_free(task):
            return True
        ended = [
            each
            for each in task.assignments.values()
            if each.live and each.slot and each.seat != seat.token and gone(self.seats[each.seat])
        ]
        surplus = sum(1 for each in task.assignments.values() if each.standing == "surplus")
        if task.overlap is None:
            return False
        least, most = task.bounds or (task.overlap, task.overlap)
        if gone == self.silent and self.taken(task) > least:
            return False  # beyond what the task needs, nobody is hurried
        return min(most, self.taken(task) - len(ended) + surplus) < least

    def lease(
        self,
        seat: Seat,
        client: str | None,
        *,
        size: int,
        holding: Collection[str] = (),
        expired: Collection[tuple[str, str]] = (),
        chosen: Iterable[str] = (),
        opened: Collection[str] = (),
    ) -> LeaseReply:
        """One lease call: others' leases `expired`, tasks were `opened` to all, and `chosen` handed out."""
        self.call(seat, client)
        self._rebind(seat, client)
        before = len(self.held(seat, client))
        regular = {task.id for task in self._regular(seat)} if not self.paused else set()
        silent = self._expire(expired)
        picked = list(chosen)
        self._check_silent(seat, silent, picked, regular)
        self._open(seat, opened, idle=not before and not regular and not silent)
        if len(picked) > max(0, size - before):
            raise IllegalError(f"asked for {size}, had {before}, got {len(picked)} more")
        idle = not (before or regular or silent or opened) and self.stream != "open"
        for task_id in picked:
            self._take(self.tasks[task_id], seat, client, idle=idle)
        self._check_complete(seat, client, size, any_regular=bool(regular))
        held = {each.task for each in self.held(seat, client)}
        seat.waits = not held and not self.paused and not seat.retired and self.stream == "ended"
        return LeaseReply(held - set(holding), self.lease_states(seat, holds=bool(held)))

    def _rebind(self, seat: Seat, client: str | None) -> None:
        """Leases of this seat's dead clients come to the caller."""
        for each in self.assignments():
            if each.seat == seat.token and each.live and self.dead(seat, each.client):
                each.client = client

    def dead(self, seat: Seat, client: str | None) -> bool:
        return self.now - seat.clients.get(client, float("-inf")) > SILENT_AFTER

    def _regular(self, seat: Seat) -> list[QueuedTask]:
        return [task for task in self.tasks.values() if self.takeable_after(task, seat, self.overdue)]

    def _expire(self, expired: Collection[tuple[str, str]]) -> set[str]:
        """End the leases that were met; those taken before their time are returned."""
        silent: set[str] = set()
        for task_id, token in expired:
            lease, owner = self.tasks[task_id].assignments[token], self.seats[token]
            if not lease.live:
                raise IllegalError(f"{task_id} of {owner.name} expired without being leased")
            if not self.silent(owner):
                raise IllegalError(f"{task_id} was taken from {owner.name}, who is here")
            if not self.overdue(owner):
                silent.add(task_id)
            self._end(lease, "expired")
        return silent

    def _check_silent(self, seat: Seat, silent: set[str], chosen: list[str], regular: set[str]) -> None:
        if silent and (regular or set(chosen) - silent):
            raise IllegalError(
                f"leases of silent people were taken although {sorted(regular)} were there for {seat.name}"
            )

    def _open(self, seat: Seat, opened: Collection[str], *, idle: bool) -> None:
        """Tasks whose people do not come are opened to all, for somebody who finds nothing else."""
        for task_id in opened:
            task = self.tasks[task_id]
            if not idle or not self.opens_for(task, seat):
                raise IllegalError(f"{task_id} was opened to all for {seat.name}")
            self.open_to_all(task)

    def open_to_all(self, task: QueuedTask) -> None:
        task.wish = Wish(None, task.wish.needs, None, opened=True)

    def _take(self, task: QueuedTask, seat: Seat, client: str | None, *, idle: bool) -> None:
        if self.paused:
            raise IllegalError(f"{task.id} was handed out by a paused dataset")
        if seat.retired:
            raise IllegalError(f"{task.id} was handed out to retired {seat.name}")
        if not self.takeable(task, seat) and not (idle and self.takes_more(task, seat)):
            raise IllegalError(
                f"{task.id} ({self.state(task)}, {self.taken(task)} taken) was handed out to {seat.name}"
            )
        mine = task.assignments.setdefault(seat.token, Assignment(task.id, seat.token))
        mine.state, mine.slot, mine.client, mine.leased = "leased", True, client, self.now

    def _check_complete(self, seat: Seat, client: str | None, size: int, *, any_regular: bool) -> None:
        held = len(self.held(seat, client))
        if self.paused or seat.retired or held >= size:
            return
        left = [task.id for task in self._regular(seat)]
        if left:
            raise IllegalError(f"{seat.name} holds {held} of {size} and was not given {left}")
        if any_regular or any(each.live for each in self.assignments() if each.seat == seat.token):
            return
        stolen = [t.id for t in self.tasks.values() if self.takeable_after(t, seat, self.silent)]
        if stolen:
            raise IllegalError(f"{seat.name} has nothing and was not given {stolen} of silent people")
        if held:
            return
        waiting = [task.id for task in self.tasks.values() if self.opens_for(task, seat)]
        more = [task.id for task in self.tasks.values() if self.takes_more(task, seat)]
        if waiting or (more and self.stream != "open"):
            raise IllegalError(f"{seat.name} has nothing and was not given {waiting or more}")

    def lease_states(self, seat: Seat, *, holds: bool) -> set[str]:
        """The states a reply may give; what another tab of the seat holds is neither ours nor with others."""
        if self.paused or seat.retired:
            return {"paused"}
        if holds:
            return {"ready"}
        if self.stream != "ended":
            return {{"failed": "failed", "open": "searching"}[self.stream]}
        if any(self.may_have(task, seat) for task in self.tasks.values()):
            return {"waiting"}
        mine = any(each.live for each in self.assignments() if each.seat == seat.token)
        return {"waiting", "exhausted"} if mine else {"exhausted"}

    def choose(self, seat: Seat, client: str | None, size: int) -> tuple[list[tuple[str, str]], list[str]]:
        """A legal choice, in order of rank: (leases that expire, tasks handed out)."""
        room = max(0, size - sum(1 for each in self.assignments() if self._will_hold(each, seat, client)))
        if not room or self.paused:
            return [], []
        gone = self.overdue
        picked = self._regular(seat)
        if not picked:
            gone = self.silent
            picked = [task for task in self.tasks.values() if self.takeable_after(task, seat, gone)]
        picked = sorted(picked, key=lambda task: task.rank)[:room]
        expired = [
            (task.id, each.seat)
            for task in picked
            if not self.slot_free(task)
            for each in task.assignments.values()
            if each.live and each.slot and each.seat != seat.token and gone(self.seats[each.seat])
        ]
        return expired, [task.id for task in picked]

    def _will_hold(self, lease: Assignment, seat: Seat, client: str | None) -> bool:
        if lease.seat != seat.token or not lease.live:
            return False
        return lease.client == client or self.dead(seat, lease.client)

    def heartbeat(self, seat: Seat, client: str | None) -> set[str]:
        """The states that the reply may give; `ready` when a lease call would find or has found something."""
        self.call(seat, client)
        self._rebind(seat, client)
        holds = bool(self.held(seat, client)) or any(
            self.takeable(task, seat) for task in self.tasks.values()
        )
        states = self.lease_states(seat, holds=holds)
        return states | {"ready"} if states != {"paused"} and self._regular(seat) else states

    def release(self, seat: Seat, client: str | None, task_ids: Collection[str] | None = None) -> int:
        self.call(seat, client)
        given = [
            each
            for each in self.assignments()
            if each.seat == seat.token
            and each.live
            and (each.client == client if task_ids is None else each.task in task_ids)
        ]
        for each in given:
            self._end(each, "released")
        seat.waits = seat.waits or task_ids is None
        return len(given)

    # -- answers -----------------------------------------------------------------------------------

    def save(self, seat: Seat, client: str | None, op: Document, *, verdict: str = "") -> Ack:
        """What one operation does; human work is never lost. `verdict` is what a validation said."""
        self.call(seat, client)
        seat.waits = False
        op_id, task = op["op_id"], self.tasks.get(op["task_id"])
        known = self.answered_ops.get(op_id) or self.drafted.get(op_id)
        if known is not None and known[:2] == (op["task_id"], seat.token):
            return self._again(op_id, *known)
        place = op_id, seat.token, str(op["task_id"])
        if known is not None or task is None or place in self.quarantined:
            self.quarantined.add(place)
            return Ack(op_id, "quarantined")
        mine = task.assignments.setdefault(seat.token, Assignment(task.id, seat.token))
        base = self._base(mine, op.get("base"))
        try:
            document = self._document(task, mine, base, op)
        except (TypeError, LookupError):
            self.quarantined.add(place)
            return Ack(op_id, "quarantined")
        if op["status"] == "draft":
            return self._keep_draft(mine, op, base, "stored" if base == mine.revision else "conflict")
        if verdict.startswith("failed") and base == mine.revision and op["status"] == "submitted":
            self.refused.add(op_id)
            return self._keep_draft(mine, op, base, "invalid")
        ack = self._store(task, mine, base, op, document, client)
        if verdict == "unvalidated" and op["status"] == "submitted" and ack.result != "conflict":
            self.unvalidated.append(op_id)
        return ack

    def _again(self, op_id: str, task: str, token: str, revision: int) -> Ack:
        """Nothing changes; what the client still has to know is said again."""
        mine = self.tasks[task].assignments[token]
        if op_id in self.beside:
            return Ack(op_id, "conflict", revision, mine.current)
        if op_id in self.refused and mine.draft is not None and mine.draft["op_id"] == op_id:
            return Ack(op_id, "invalid", revision)
        return Ack(op_id, "repeated", revision)

    def _base(self, mine: Assignment, base: int | str | None) -> int | None:
        """The revision an operation was made against; None when it names nothing we have.

        Where nothing was answered yet there is nothing to conflict with.
        """
        if not mine.revision:
            return 0
        if isinstance(base, str):
            known = self.answered_ops.get(base) or self.drafted.get(base)
            return known[2] if known is not None and known[:2] == (mine.task, mine.seat) else None
        return base or 0

    def _keep_draft(self, mine: Assignment, op: Document, base: int | None, result: str) -> Ack:
        mine.draft = op
        self.drafted[op["op_id"]] = mine.task, mine.seat, mine.revision if base is None else base
        return Ack(op["op_id"], result, mine.revision, mine.current if result == "conflict" else None)

    def _document(self, task: QueuedTask, mine: Assignment, base: int | None, op: Document) -> Document:
        if op.get("task") is not None:
            return dict(op["task"])
        at_base = self.document_at(task, mine, base)
        if op["status"] == "retracted":
            return at_base
        return merged(at_base, op.get("set", {}), op.get("unset", ()))

    def document_at(self, task: QueuedTask, mine: Assignment | None, base: int | None) -> Document:
        found = mine.revisions.get(base) if mine is not None and base else None
        return task.document if found is None else found.document

    def _store(
        self,
        task: QueuedTask,
        mine: Assignment,
        base: int | None,
        op: Document,
        document: Document,
        client: str | None,
    ) -> Ack:
        number = max(mine.revisions, default=0) + 1
        said = Revision(
            number, op["op_id"], op["status"], op.get("decision"), document, self._next(), self.now
        )
        mine.revisions[number] = said
        self.answered_ops[op["op_id"]] = (task.id, mine.seat, number)
        if base != mine.revision or (op["status"] == "retracted" and mine.state != "answered"):
            self.beside.add(op["op_id"])
            return Ack(op["op_id"], "conflict", number, mine.current)
        mine.revision = number
        self.news.setdefault(mine.seat, []).append((mine.task, number))
        if op["status"] == "retracted":
            self._retract(task, mine, client)
            return Ack(op["op_id"], "stored", number)
        mine.draft = None
        self._answer(task, mine, said)
        return Ack(op["op_id"], "surplus" if mine.standing == "surplus" else "stored", number)

    def _answer(self, task: QueuedTask, mine: Assignment, said: Revision) -> None:
        """leased, expired or released → answered; or an edit of what was answered before."""
        had_slot, counted = mine.live and mine.slot, mine.is_counted()
        if mine.state != "answered":
            mine.since = self.now
        mine.state, mine.slot, mine.client, mine.standing = "answered", False, None, None
        if mine.set_aside:
            mine.standing = "withdrawn"
            self._promote(task)
        elif not self._counts(self.seats[mine.seat], said):
            mine.standing = "uncounted"
            self._promote(task)
        else:
            mine.standing = "counted" if had_slot or counted or self.has_room(task) else "surplus"

    def _counts(self, seat: Seat, said: Revision) -> bool:
        return seat.kind == "person" and (said.decision != "ignore" or self.ignore_counts)

    def _retract(self, task: QueuedTask, mine: Assignment, client: str | None) -> None:
        """counted → leased with its slot; any other answer, or a withdrawn task's → leased without one.

        A retired seat holds nothing: its lease is released at once.
        """
        mine.slot = mine.standing == "counted" and not task.withdrawn
        mine.state, mine.standing, mine.client, mine.leased = "leased", None, client, self.now
        if self.seats[mine.seat].retired:
            self._end(mine, "released")

    def validated(self, failed: Collection[str]) -> None:
        """Late verdicts; what failed goes back to its author, who holds it again with a draft."""
        self.unvalidated = []
        for op_id in failed:
            task_id, token, _ = self.answered_ops[op_id]
            mine = self.tasks[task_id].assignments[token]
            if mine.state == "answered" and mine.said.op_id == op_id:
                self._send_back(self.tasks[task_id], mine, op_id)

    def _send_back(self, task: QueuedTask, mine: Assignment, op_id: str) -> None:
        op = {"op_id": f"sent-back:{op_id}", "status": "retracted", "decision": mine.said.decision}
        self._store(task, mine, mine.revision, op, mine.said.document, None)
        if mine.draft is None:
            mine.draft = op
        else:  # what its author has begun since stays, and is told why the answer came back
            self.refused.add(mine.draft["op_id"])

    # -- operators ---------------------------------------------------------------------------------

    def withdraw_answer(self, task_id: str, seat: Seat) -> None:
        """An answer is set aside with all that its author says from now on, its slot freed."""
        task = self.tasks[task_id]
        mine = task.assignments[seat.token]
        if mine.state == "answered":
            mine.standing, mine.set_aside = "withdrawn", True
            self._promote(task)

    def reinstate_answer(self, task_id: str, seat: Seat) -> None:
        """A withdrawn answer is one again: counted if there is a slot; a retracted one may become one."""
        task = self.tasks[task_id]
        mine = task.assignments[seat.token]
        mine.set_aside = False
        if mine.state != "answered":
            return
        mine.standing = "uncounted"
        if self._counts(seat, mine.said):
            mine.standing = "counted" if self.has_room(task) else "surplus"

    def withdraw_task(self, task_id: str) -> None:
        """Its leases end, its answers stay in history."""
        task = self.tasks[task_id]
        task.withdrawn = True
        for each in task.assignments.values():
            if each.live:
                self._end(each, "released")

    def reopen_task(self, task_id: str) -> None:
        self.tasks[task_id].withdrawn = False
        self._promote(self.tasks[task_id])

    def bar(self, task_id: str, seat: Seat) -> None:
        """The seat is not eligible for a task; what it holds or has answered stays as it is."""
        mine = self.tasks[task_id].assignments.setdefault(seat.token, Assignment(task_id, seat.token))
        if mine.state in ("", "released", "expired"):
            mine.state = "ineligible"

    def withdraw_answers(self, seat: Seat, since: float) -> int:
        """All answers of a seat from a time on are set aside."""
        mine = [each for each in self._answers_since(seat, since) if not each.set_aside]
        for each in mine:
            self.withdraw_answer(each.task, seat)
        return len(mine)

    def reinstate_answers(self, seat: Seat, since: float) -> int:
        """All that were set aside are answers again, in the order of their tasks."""
        mine = [each for each in self._answers_since(seat, since) if each.set_aside]
        for each in sorted(mine, key=lambda each: int(each.task)):
            self.reinstate_answer(each.task, seat)
        return len(mine)

    def _answers_since(self, seat: Seat, since: float) -> list[Assignment]:
        mine = (each for each in self.assignments() if each.seat == seat.token)
        return [each for each in mine if each.state == "answered" and each.said.at >= since]

    def send_back(self, task_id: str, seat: Seat) -> None:
        """An answer is its author's again, with a comment."""
        mine = self.tasks[task_id].assignments[seat.token]
        self._send_back(self.tasks[task_id], mine, mine.said.op_id)

    def merge(self, one: Seat, into: Seat) -> tuple[int, int]:
        """Two seats are one person's: of two answers the newer counts. How many tasks moved, and both had."""
        self.retire(one)
        one.merged = into.merged = True
        moved = both = 0
        for task in self.tasks.values():
            first, second = task.assignments.get(one.token), task.assignments.get(into.token)
            if first is None or not first.state:
                continue
            if first.state == "answered" and second is not None and second.live:
                self._end(second, "released")
            if second is not None and first.state == second.state == "answered":
                both += 1
                self._keep_newer(task, first, second)
            elif _makes_room(second, first):
                moved += 1
                self._move(task, first, second, into)
            elif second is not None and first.state == "answered" and second.state in ("released", "expired"):
                second.state = "ineligible"
        return moved, both

    def _keep_newer(self, task: QueuedTask, first: Assignment, second: Assignment) -> None:
        newer, older = (first, second) if first.said.at > second.said.at else (second, first)
        counted = older.standing == "counted"
        older.standing, older.set_aside = "withdrawn", True
        if counted and newer.standing == "surplus":
            newer.standing = "counted"
        self._promote(task)

    def _move(self, task: QueuedTask, first: Assignment, second: Assignment | None, into: Seat) -> None:
        del task.assignments[first.seat]
        if second is not None and second.draft is not None:  # each keeps their own half-done work
            task.assignments[first.seat] = Assignment(task.id, first.seat, draft=first.draft)
            first.draft = second.draft
        for ops in (self.answered_ops, self.drafted):
            for op_id, (of, token, number) in ops.items():
                if (of, token) == (task.id, first.seat):
                    ops[op_id] = of, into.token, number
        first.seat = into.token
        task.assignments[into.token] = first

    def rename(self, seat: Seat, name: str) -> None:
        """The same person under another name: what they can do stays, what is for the old name does not."""
        old, seat.name = seat.name or "", name
        tags = self.tags.get(old)
        if seat.kind == "person" and tags is not None:
            self.tags.setdefault(name, tags)
        if seat.kind == "person":
            self.tags.pop(old, None)

    def set_overlap(self, overlap: int | None, task_ids: Collection[str] | None = None) -> None:
        if task_ids is None:
            self.overlap, self.share, self.most = overlap, 0.0, None
        for task in self.tasks.values():
            if task_ids is None or task.id in task_ids:
                task.overlap, task.bounds = overlap, None
                self._demote(task)
                self._promote(task)

    def want(self, task: QueuedTask, overlap: int | None, most: int | None = None) -> None:
        """A task wants something else, but no fewer answers than it has and is held for."""
        task.overlap, task.bounds = overlap, None
        if overlap is not None and most is not None:
            task.bounds = overlap, max(most, self.taken(task))
        elif overlap is not None:
            task.overlap = max(overlap, self.taken(task))
        self._promote(task)

    def drawn(self, identity: str) -> int | None:
        """How many answers a new task of this identity wants."""
        if self.overlap is None:
            return None
        return self.overlap + (int(identity[:16], 16) / 2**64 < self.share)

    def route(self, task: QueuedTask, people: frozenset[str] | None, fallback: float | None) -> None:
        """A router names people anew; what was opened to all stays so."""
        if not task.wish.opened:
            task.wish = Wish(people, task.wish.needs, None if people is None else fallback)

    def also_for(self, key: Any, person: str) -> None:
        """A question that was for others alone is this person's, too, and wants an answer of each."""
        for task in self.tasks.values():
            people = task.wish.people
            if task.key == key and not task.withdrawn and people is not None and person not in people:
                task.wish = Wish(people | {person}, task.wish.needs)
                self.want(task, len(people) + 1)

    def release_all(self, seat: Seat | None = None) -> int:
        leases = [each for each in self.assignments() if each.live and seat in (None, self.seats[each.seat])]
        for each in leases:
            self._end(each, "released")
        return len(leases)

    # -- rows and tasks ----------------------------------------------------------------------------

    def legal_fates(self, known: QueuedTask | None, row: Row) -> set[str]:
        """What an occurrence of a task in a row may become.

        Another occurrence of a task made in this run is a duplicate. A task of an earlier run is carried;
        where this run or this version of the source met it before, it may also be called a duplicate.
        """
        if known is None:
            return {"task"}
        met = [run for place, run in known.rows.items() if place != row]
        if met and min(met) == self.run:
            return {"duplicate"}
        again = self.run in met or any(place[0] == row[0] and place[1] < row[1] for place in known.rows)
        return {"duplicate", "carried"} if again else {"carried"}

    def find(self, key: Any, repeat: int) -> QueuedTask | None:
        found = (task for task in self.tasks.values() if (task.key, task.repeat) == (key, repeat))
        return next(found, None)

    def add(self, task: QueuedTask) -> None:
        if self.find(task.key, task.repeat) is not None:
            raise IllegalError(f"{task.key}, repeat {task.repeat}, was made into two tasks")
        self.tasks[task.id] = task

    def importable(self, key: Any, seat: Seat) -> QueuedTask | None:
        """The first task of a key that this seat has not answered."""
        same = sorted((task for task in self.tasks.values() if task.key == key), key=lambda task: task.repeat)
        never = Assignment("", "")
        return next((t for t in same if t.assignments.get(seat.token, never).state != "answered"), None)

    def repeats(self, key: Any) -> int:
        return max((task.repeat + 1 for task in self.tasks.values() if task.key == key), default=0)

    def bring(self, task: QueuedTask, seat: Seat, op_id: str, decision: str, document: Document) -> None:
        """An imported answer is counted, and the overlap of its task is raised to fit."""
        mine = task.assignments.setdefault(seat.token, Assignment(task.id, seat.token))
        number = max(mine.revisions, default=0) + 1
        said = Revision(number, op_id, "submitted", decision, document, self._next(), self.now)
        mine.revisions[number], mine.revision = said, number
        mine.state, mine.standing, mine.since = "answered", "counted", self.now
        mine.slot, mine.client = False, None
        self.news.setdefault(mine.seat, []).append((mine.task, number))
        self.imported.add(op_id)
        self.answered_ops[op_id] = task.id, seat.token, number
        if task.bounds is not None:
            task.bounds = task.bounds[0], max(task.bounds[1], self.taken(task))
        elif task.overlap is not None:
            task.overlap = max(task.overlap, self.taken(task))
        self._promote(task)

    def balances(self) -> dict[str, int]:
        """Tasks: each is exactly one of done, withdrawn, leased, open."""
        counts = {"queued": len(self.tasks), "done": 0, "withdrawn": 0, "leased": 0, "open": 0}
        for task in self.tasks.values():
            state = self.state(task)
            leased = state == "open" and any(each.live for each in task.assignments.values())
            counts["leased" if leased else state] += 1
        return counts

    def standings(self) -> dict[str, int]:
        """answered = counted + surplus + uncounted + withdrawn."""
        counts = {"answered": 0, "counted": 0, "surplus": 0, "uncounted": 0, "withdrawn": 0}
        for each in self.assignments():
            if each.state == "answered":
                counts["answered"] += 1
                counts[each.standing or "counted"] += 1
        return counts

    # -- delivery ----------------------------------------------------------------------------------

    def due(
        self, *, strictly: bool, stopping: bool = False, replace: bool = True, remove: bool = True
    ) -> dict[str, str]:
        """op_id → update | replace | remove of what `update()` and its companions have yet to be given.

        `strictly`: only what must be given now; otherwise all that may be. What was fetched and not
        yet marked as delivered is given again.
        """
        wanted = {"update": True, "replace": replace, "remove": remove}
        found = {each.current.op_id: self._delivery(each) for each in self.assignments() if each.current}
        kinds = self.on_their_way | {op_id: kind for op_id, kind in found.items() if kind is not None}
        return {
            op_id: kind
            for op_id, kind in kinds.items()
            if wanted[kind] and (stopping or self._settled(op_id, strictly=strictly))
        }

    def _delivery(self, mine: Assignment) -> str | None:
        said, (revision, kind) = mine.current, mine.delivered or (None, "remove")
        if said is None or revision == mine.revision or said.op_id in self.imported:
            return None
        if self.seats[mine.seat].kind != "person":
            return None
        if said.status == "retracted":
            return None if kind == "remove" else "remove"
        return "update" if kind == "remove" else "replace"

    def _settled(self, op_id: str, *, strictly: bool) -> bool:
        task_id, token, number = self.answered_ops[op_id]
        seat, mine = self.seats[token], self.tasks[task_id].assignments[token]
        said = mine.revisions[number]
        if self.now - said.at > SETTLE_SECONDS or seat.left or seat.waits:
            return True
        if not strictly and (seat.retired or op_id in self.on_their_way):
            return True
        if seat.merged:  # whose answers came in two orders
            return not strictly
        others = [each for each in self.assignments() if each.seat == token and each is not mine]
        newer = [each.current.order for each in others if each.current and each.state == "answered"]
        if not strictly:
            newer = [r.order for each in others for r in each.revisions.values()]
        return sum(1 for order in newer if order > said.order) >= UNDO_WINDOW

    def fetched(self, kinds: Mapping[str, str]) -> None:
        """The host has these and gives them to its model; what is said from now on comes after."""
        self.on_their_way |= kinds
        for op_id, kind in kinds.items():
            task_id, seat, number = self.answered_ops[op_id]
            mine = self.tasks[task_id].assignments[seat]
            if mine.delivered is None or mine.delivered[0] < number:
                mine.delivered = number, kind

    def delivered(self, op_ids: Iterable[str]) -> None:
        for op_id in op_ids:
            self.on_their_way.pop(op_id, None)
