"""Random sequences of everything that can happen to a dataset, on a store and on the model at once.

After every step all tables must say what the model says, every invariant of the audit must hold and the
books must add up. The clock is moved by the test; nothing sleeps.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.property.compare import differences
from tests.property.driver import Driver
from tests.property.model import Ack, Assignment, Document, Queue, QueuedTask, Seat
from tests.property.observed import Observed, observe
from tests.property.rows import SourceVersion, adds_up

from tallymark.jsontext import dumps

TICK = 0.37
NAMES = ("ann", "bob", "cyd", "dan")
CLIENTS = (None, "x", "y")
WORDS = tuple(f"word {number}" for number in range(12))
DECISIONS = ("accept", "reject", "ignore")
NUMBER = st.integers(0, 30)
TASK_BOOK = ("queued", "done", "withdrawn", "leased", "open")
ANSWER_BOOK = ("answered", "counted", "surplus", "uncounted", "withdrawn")
CLIENT = st.sampled_from(CLIENTS)
CHANCE = st.integers(0, 3).map(lambda number: number == 0)


@dataclass(frozen=True)
class Saying:
    """What a person is about to do with some task, before it is known which."""

    pick: int
    held: bool
    status: str
    decision: str
    base: str
    change: int
    refused: bool


SAYING = st.builds(
    Saying,
    pick=NUMBER,
    held=st.sampled_from([True, True, True, False]),
    status=st.sampled_from(["submitted", "submitted", "submitted", "retracted", "draft"]),
    decision=st.sampled_from(DECISIONS),
    base=st.sampled_from(["current", "current", "current", "current", "op", "stale", "unknown", "none"]),
    change=st.integers(0, 6),
    refused=st.sampled_from([False] * 7 + [True]),
)


@dataclass(frozen=True)
class Line:
    """A row of a source: a fate of its own, or the words its tasks are made of."""

    words: tuple[str, ...]
    fate: str | None


LINE = st.one_of(
    st.builds(Line, words=st.sampled_from(WORDS).map(lambda word: (word,)), fate=st.none()),
    st.builds(Line, words=st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS)), fate=st.none()),
    st.builds(
        Line, words=st.just(()), fate=st.sampled_from(["invalid", "passed", "excluded", "duplicate", None])
    ),
)


def original(word: str) -> Document:
    """A document with values that a careless hand would change."""
    spans = [{"start": 0, "end": 4, "id": 2**70 + 1, "w": 0.1}, {"start": 5, "end": 6, "x": [1e22, -0.0]}]
    return {"text": word, "spans": spans, "note": "a\x00b", "meta": {"big": 12345678901234567890123}}


def exact(document: Document) -> str:
    return json.dumps(document, sort_keys=True)


def changed(document: Document, change: int) -> Document:
    """What an operation says about a document: `set`, `unset`, or the whole of it."""
    spans = document.get("spans")
    if change == 1:
        return {"set": {"label": "A"}}
    if change == 2:
        return {"set": {"label": "B", "flagged": True}, "unset": ["note"]}
    if change == 3 and isinstance(spans, list) and spans:
        last = len(spans) - 1
        return {"set": {"spans": [{"$keep": last}, {"$keep": 0, "set": {"label": "A"}, "unset": ["w"]}]}}
    if change == 4 and isinstance(spans, list) and spans:
        return {"set": {"spans": [{"start": 9}, {"$keep": 0}]}, "unset": ["label"]}
    if change == 5:
        return {"task": {**document, "label": "C", "big": 2**64}}
    if change == 6:
        return {"task": {key: value for key, value in document.items() if key != "spans"}}
    return {}


class QueueMachine(RuleBasedStateMachine):
    """A store and a model that go through the same things."""

    driver: Driver
    model: Queue

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "tallymark.db"
        self.ops = 0
        self.sent: list[tuple[Seat, str | None, list[Document], list[str]]] = []
        self.lines: list[tuple[Line, int]] = []
        self.source = 0
        self.dedup = True
        self.given: dict[str, str] = {}

    @initialize(
        overlap=st.sampled_from([1, 1, 2, 3, None]),
        ignore_counts=st.booleans(),
        lease_seconds=st.sampled_from([900.0, 900.0, 900.0, None]),
        people=st.integers(1, 3),
        words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=6),
    )
    def begin(
        self,
        overlap: int | None,
        ignore_counts: bool,
        lease_seconds: float | None,
        people: int,
        words: list[str],
    ) -> None:
        self.driver = Driver(
            self.path, overlap=overlap, ignore_counts=ignore_counts, lease_seconds=lease_seconds
        )
        self.model = Queue(overlap=overlap, ignore_counts=ignore_counts, lease_seconds=lease_seconds)
        self.model.now = self.driver.clock.now
        self.new_version(dedup=True)
        self.feed([Line((word,), None) for word in words], stumble=False, die=False)
        for name in NAMES[:people]:
            self.join(name, "person", None)

    def teardown(self) -> None:
        if hasattr(self, "driver"):
            self.driver.store.close()
        self.folder.cleanup()

    # -- picking -----------------------------------------------------------------------------------

    def _tick(self, seconds: float = TICK) -> None:
        self.driver.clock.now += seconds
        self.model.now = self.driver.clock.now

    def _seat(self, pick: int) -> Seat:
        seats = list(self.model.seats.values())
        return seats[pick % len(seats)]

    def _task(self, pick: int, seat: Seat | None = None) -> QueuedTask:
        tasks = list(self.model.tasks.values())
        if seat is not None:
            mine = [task for task in tasks if seat.token in task.assignments]
            held = [task for task in mine if task.assignments[seat.token].live]
            tasks = held or mine or tasks
        return tasks[pick % len(tasks)]

    def _observe(self) -> Observed:
        return observe(self.path, self.driver.dataset)

    # -- the world -----------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([5.0, 19.0, 61.0, 61.0, 310.0, 901.0, 5000.0]))
    def time_passes(self, seconds: float) -> None:
        self._tick(seconds)

    @rule()
    def the_clock_is_set_back(self) -> None:
        self._tick(-100.0)

    @rule()
    def restart(self) -> None:
        self._tick()
        before = self._observe()
        self.driver.reopen()
        assert self._observe() == before

    @rule()
    def the_host_starts_again(self) -> None:
        self._tick()
        self.driver.start_run()
        self.model.run += 1
        self.model.stream = "open"

    @rule(state=st.sampled_from(["open", "ended", "ended", "ended", "failed"]))
    def the_stream_says(self, state: str) -> None:
        self._tick()
        self.driver.stream(state)
        self.model.stream = state

    # -- seats ---------------------------------------------------------------------------------------

    @rule(
        name=st.sampled_from(NAMES),
        kind=st.sampled_from(["person"] * 5 + ["model", "function"]),
        client=CLIENT,
    )
    def join(self, name: str, kind: str, client: str | None) -> None:
        self._tick()
        token = self.driver.claim(name if kind == "person" else kind, kind, client)
        self.model.claim(token, name if kind == "person" else kind, kind=kind, client=client)

    @rule(pick=NUMBER)
    def retire(self, pick: int) -> None:
        seat = self._seat(pick)
        if seat.kind == "person" and seat.name is not None:
            self._tick()
            self.driver.retire(seat.name)
            self.model.retire(seat)

    # -- leases --------------------------------------------------------------------------------------

    @rule(pick=NUMBER, client=CLIENT, size=st.integers(1, 4), hide=CHANCE, stumble=CHANCE)
    def lease(self, pick: int, client: str | None, size: int, hide: bool, stumble: bool) -> None:
        self._tick()
        seat = self._seat(pick)
        holding = [each.task for each in self.model.held(seat, client)][: 1 if hide else 0]
        before = self._observe()
        in_order = not before.returned and not self.model.has_silent()
        reply = self.driver.run(self.driver.lease(seat.token, client, size, holding), stumble=stumble)
        expired, chosen = self._choices(before, self._observe(), seat)
        if in_order and not any(token == seat.token for _, token in self.model.had()):
            self._check_order(seat, chosen)
        expected = self.model.lease(seat, client, size=size, holding=holding, expired=expired, chosen=chosen)
        assert {entry["task_id"] for entry in reply["tasks"]} == expected.tasks
        assert len(reply["tasks"]) == len(expected.tasks)
        assert reply["state"] in expected.states, (reply["state"], reply["detail"], expected.states)
        for entry in reply["tasks"]:
            self._check_entry(seat, entry)

    def _check_order(self, seat: Seat, chosen: Sequence[str]) -> None:
        ranked = sorted(
            (task for task in self.model.tasks.values() if self.model.takeable(task, seat)),
            key=lambda task: task.rank,
        )
        expected = {task.id for task in ranked[: len(chosen)]}
        assert set(chosen) == expected, f"{seat.name} got {sorted(chosen)} before {sorted(expected)}"

    def _choices(
        self, before: Observed, after: Observed, seat: Seat
    ) -> tuple[list[tuple[str, str]], list[str]]:
        """Which leases of others ended and which tasks were handed out, from the tables."""
        token = {number: row["token"] for number, row in after.seats.items()}
        gone, come = before.leased() - after.leased(), after.leased() - before.leased()
        assert all(token[number] == seat.token for _, number in come), "a lease for somebody who did not ask"
        expired = sorted((str(task), token[number]) for task, number in gone)
        return expired, [str(task) for task, _ in sorted(come)]

    def _check_entry(self, seat: Seat, entry: dict[str, Any]) -> None:
        task = self.model.tasks[entry["task_id"]]
        mine = task.assignments[seat.token]
        assert entry["revision"] == mine.revision
        assert exact(entry["task"]) == exact(self.model.document_at(task, mine, mine.revision))
        assert (entry["draft"] is None) == (mine.draft is None)

    @rule(pick=NUMBER, client=CLIENT, all_of_it=st.booleans(), task=NUMBER)
    def release(self, pick: int, client: str | None, all_of_it: bool, task: int) -> None:
        self._tick()
        seat = self._seat(pick)
        ids = None if all_of_it else [self._task(task, seat).id, "987654321", "nonsense"]
        given = self.driver.release(seat.token, client, ids)
        assert given == self.model.release(seat, client, ids)

    @rule(pick=NUMBER, client=CLIENT)
    def heartbeat(self, pick: int, client: str | None) -> None:
        self._tick()
        seat = self._seat(pick)
        reply = self.driver.heartbeat(seat.token, client, None)
        states = self.model.heartbeat(seat, client)
        assert reply["state"] in states, (reply["state"], states)
        assert set(reply["leases"]) == {each.task for each in self.model.held(seat, client)}

    # -- answers -------------------------------------------------------------------------------------

    @rule(pick=NUMBER, client=CLIENT, sayings=st.lists(SAYING, min_size=1, max_size=3), stumble=CHANCE)
    def say(self, pick: int, client: str | None, sayings: list[Saying], stumble: bool) -> None:
        self._tick()
        seat = self._seat(pick)
        ops: list[Document] = []
        for saying in sayings:
            ops.append(self._op(seat, saying, ops))
        refused = [op["op_id"] for op, saying in zip(ops, sayings, strict=True) if saying.refused]
        self._send(seat, client, ops, refused, stumble=stumble)
        self.sent.append((seat, client, ops, refused))

    def _op(self, seat: Seat, saying: Saying, before: Sequence[Document]) -> Document:
        self.ops += 1
        task = self._task(saying.pick, seat if saying.held else None)
        mine = task.assignments.get(seat.token, Assignment(task.id, seat.token))
        predecessors = [op["op_id"] for op in before if op["task_id"] == task.id]
        base = predecessors[-1] if predecessors else self._base(mine, saying.base)
        op = {"op_id": f"op{self.ops}", "task_id": task.id, "status": saying.status, "base": base}
        if saying.status == "retracted":
            return op
        document = task.document if predecessors else self.model.document_at(task, mine, mine.revision)
        change = 1 if predecessors and saying.change in (3, 4) else saying.change
        return {**op, "decision": saying.decision, **changed(document, change)}

    def _base(self, mine: Assignment, kind: str) -> int | str | None:
        if kind == "stale":
            return max(0, mine.revision - 1)
        if kind == "op" and mine.current is not None:
            return mine.current.op_id
        return {"unknown": "never-seen", "none": None}.get(kind, mine.revision)

    def _send(
        self,
        seat: Seat,
        client: str | None,
        ops: list[Document],
        refused: Sequence[str],
        *,
        stumble: bool = False,
    ) -> None:
        acks = self.driver.run(self.driver.save(seat.token, client, ops, refused), stumble=stumble)
        expected = [self.model.save(seat, client, op, refused=op["op_id"] in refused) for op in ops]
        assert len(acks) == len(expected)
        for ack, ours in zip(acks, expected, strict=True):
            self._check_ack(dict(ack), ours)

    def _check_ack(self, ack: dict[str, Any], expected: Ack) -> None:
        assert (ack["op_id"], ack["result"], ack["revision"] or None) == (
            expected.op_id,
            expected.result,
            expected.revision or None,
        )
        if expected.result == "conflict":
            current = ack["current"]
            assert current["revision"] == (expected.current.number if expected.current else 0)
            if expected.current is not None:
                assert (current["status"], current["decision"]) == (
                    expected.current.status,
                    expected.current.decision,
                )
                assert exact(current["task"]) == exact(expected.current.document)

    @precondition(lambda self: self.sent)
    @rule(pick=NUMBER, times=st.integers(1, 2))
    def send_again(self, pick: int, times: int) -> None:
        self._tick()
        for _ in range(times):
            self._send(*self.sent[-1 - pick % len(self.sent)])

    @rule(pick=NUMBER, task_id=st.sampled_from(["987654321", "", "no such task", "-1", "1.0", "٣"]))
    def an_op_out_of_nowhere(self, pick: int, task_id: str) -> None:
        self._tick()
        self.ops += 1
        seat = self._seat(pick)
        op = {"op_id": f"op{self.ops}", "task_id": task_id, "status": "submitted", "decision": "accept"}
        self._send(seat, None, [op], [])
        self.sent.append((seat, None, [op], []))

    @rule(pick=NUMBER)
    def look_back(self, pick: int) -> None:
        seat = self._seat(pick)
        mine = [
            each for each in self.model.assignments() if each.seat == seat.token and each.state == "answered"
        ]
        expected = {each.task: (each.revision, exact(each.current.document)) for each in mine if each.current}
        found = self.driver.history(seat.token)
        assert {each["task_id"]: (each["revision"], exact(each["task"])) for each in found} == expected
        assert len(found) == len(expected)

    # -- operators -----------------------------------------------------------------------------------

    @rule(paused=st.booleans())
    def pause_or_resume(self, paused: bool) -> None:
        self._tick()
        self.driver.operate("pause" if paused else "resume")
        self.model.paused = paused

    @rule(pick=NUMBER)
    def withdraw_task(self, pick: int) -> None:
        self._tick()
        task = self._task(pick)
        self.driver.operate("withdraw_task", task_id=task.id)
        self.model.withdraw_task(task.id)

    @rule(pick=NUMBER)
    def reopen_task(self, pick: int) -> None:
        self._tick()
        withdrawn = [task for task in self.model.tasks.values() if task.withdrawn]
        task = withdrawn[pick % len(withdrawn)] if withdrawn else self._task(pick)
        self.driver.operate("reopen_task", task_id=task.id)
        self.model.reopen_task(task.id)

    @rule(pick=NUMBER)
    def withdraw_answer(self, pick: int) -> None:
        seats = self.model.seats
        answered = [
            each
            for each in self.model.assignments()
            if each.state == "answered" and seats[each.seat].kind == "person"
        ]
        if answered:
            self._tick()
            each = answered[pick % len(answered)]
            self.driver.operate("withdraw_answer", task_id=each.task, session=seats[each.seat].name)
            self.model.withdraw_answer(each.task, seats[each.seat])

    @rule(pick=NUMBER, overlap=st.sampled_from([1, 2, 3, None]), everywhere=CHANCE)
    def set_overlap(self, pick: int, overlap: int | None, everywhere: bool) -> None:
        self._tick()
        if everywhere:
            self.driver.operate("set_overlap", overlap=overlap)
            self.model.set_overlap(overlap)
        else:
            task = self._task(pick)
            self.driver.operate("set_overlap", overlap=overlap, task_id=task.id)
            self.model.set_overlap(overlap, [task.id])

    @rule(pick=NUMBER, everybody=st.booleans())
    def release_all(self, pick: int, everybody: bool) -> None:
        self._tick()
        seat = self._seat(pick)
        if everybody:
            ended = self.driver.operate("release_all")
            assert ended["released"] == self.model.release_all()
        elif seat.kind == "person":
            ended = self.driver.operate("release_all", session=seat.name)
            assert ended["released"] == self.model.release_all(seat)

    @rule(pick=NUMBER, task=NUMBER)
    def bar(self, pick: int, task: int) -> None:
        """A router says that this task is not for this seat."""
        self._tick()
        seat = self._seat(pick)
        if seat.kind == "person":
            found = self._task(task)
            self.driver.operate("set_ineligible", session=seat.name, task_ids=[found.id])
            self.model.bar(found.id, seat)

    # -- crashes -------------------------------------------------------------------------------------

    @rule(pick=NUMBER, client=CLIENT, size=st.integers(1, 4), saying=SAYING)
    def the_server_dies(self, pick: int, client: str | None, size: int, saying: Saying) -> None:
        """What was not committed has not happened, and is sent again as it was."""
        self._tick()
        seat = self._seat(pick)
        before = self._observe()
        op = self._op(seat, saying, [])
        self.driver.crash(self.driver.lease(seat.token, client, size, []))
        self.driver.crash(self.driver.save(seat.token, client, [op]))
        self.driver.reopen()
        assert self._observe() == before
        self._send(seat, client, [op], [])

    # -- rows ----------------------------------------------------------------------------------------

    @rule(dedup=st.sampled_from([True, True, False]))
    def new_version(self, dedup: bool) -> None:
        """The file has changed; it is read from the top."""
        self._tick()
        fingerprint = f"fingerprint {len(self.model.sources)}"
        self.source = self.driver.open_source("/rows.jsonl", fingerprint, dedup=dedup)
        self.model.sources[self.source] = SourceVersion(self.source)
        self.dedup = dedup
        self.lines = []

    @rule(lines=st.lists(LINE, min_size=1, max_size=3), stumble=CHANCE, die=CHANCE)
    def feed(self, lines: list[Line], stumble: bool, die: bool) -> None:
        """The next rows are read."""
        start = len(self.lines)
        numbered = [(line, start + number) for number, line in enumerate(lines, 1)]
        self.lines += numbered
        self._enqueue(numbered, stumble=stumble, die=die)

    @precondition(lambda self: self.lines)
    @rule(pick=NUMBER)
    def read_again(self, pick: int) -> None:
        """The host starts again and reads rows it has read before."""
        start = pick % len(self.lines)
        self._enqueue(self.lines[start : start + 3], stumble=False, die=False)

    def _enqueue(self, lines: Sequence[tuple[Line, int]], *, stumble: bool, die: bool) -> None:
        self._tick()
        tasks = [self._new_task(word, ordinal) for line, ordinal in lines for word in line.words]
        fates = [[self.source, ordinal, line.fate, None] for line, ordinal in lines if line.fate is not None]
        read = max(len(self.lines), 0)
        call = self.driver.enqueue(self.source, tasks, fates, read)
        if die:
            before = self._observe()
            self.driver.crash(call)
            assert self._observe() == before
        self.driver.run(call, stumble=stumble)
        self._account(lines, read, self._observe())

    def _new_task(self, word: str, ordinal: int) -> Document:
        identity = blake2b(word.encode(), digest_size=16).hexdigest()
        return {
            "text": dumps(original(word)),
            "identity": identity,
            "input_identity": identity,
            "input_hash": 1,
            "task_hash": 2,
            "source": self.source,
            "ordinal": ordinal,
            "repeatable": not self.dedup,
        }

    def _account(self, lines: Sequence[tuple[Line, int]], read: int, seen: Observed) -> None:
        """Enter the batch into the model's books; the fates found must be among the legal ones."""
        source = self.model.sources[self.source]
        source.read = max(source.read, read)
        found = {(row["dedup_key"].hex(), row["repeat"]): row for row in seen.tasks.values()}
        for line, ordinal in lines:
            fates = {line.fate} if line.fate is not None else set()
            for number, word in enumerate(line.words):
                fates |= self._occurrence(source, word, (ordinal, number), found)
            self._give_fate(source, ordinal, fates, seen)

    def _occurrence(
        self,
        source: SourceVersion,
        word: str,
        place: tuple[int, int],
        found: dict[tuple[str, int], dict[str, Any]],
    ) -> set[str]:
        key = blake2b(word.encode(), digest_size=16).hexdigest()
        repeat = 0 if self.dedup else source.repeat_of(key, place)
        known, row = self.model.find(key, repeat), (source.id, place[0])
        legal = self.model.legal_fates(known, row)
        if known is None:
            made = found[key, repeat]
            known = QueuedTask(
                str(made["id"]),
                original(word),
                key,
                repeat,
                (made["rank"], made["id"]),
                self.model.overlap,
                run=self.model.run,
            )
            self.model.add(known)
        known.rows.add(row)
        return legal

    def _give_fate(self, source: SourceVersion, ordinal: int, legal: set[str], seen: Observed) -> None:
        got, had = seen.fates.get(source.id, {}).get(ordinal), source.fates.get(ordinal)
        if had is not None:
            legal = {had}
        assert (got in legal) if legal else got is None, f"row {ordinal} is {got}, not one of {legal}"
        if got is not None:
            source.fates[ordinal] = got

    # -- delivery ------------------------------------------------------------------------------------

    @rule(stopping=CHANCE)
    def ask_what_is_settled(self, stopping: bool) -> None:
        """The host fetches what it will give to its model next."""
        self._tick()
        due = {each["op_id"]: each["kind"] for each in self.driver.due(stopping=stopping)}
        must = self.model.due(strictly=True, stopping=stopping)
        may = self.model.due(strictly=False, stopping=stopping)
        assert must.items() <= due.items() <= may.items(), (must, due, may)
        self.given = due
        self.model.fetched(due)

    @precondition(lambda self: self.given)
    @rule()
    def the_model_was_told(self) -> None:
        self._tick()
        self.driver.delivered(list(self.given))
        self.model.delivered(self.given)
        self.given = {}

    # -- what must hold ------------------------------------------------------------------------------

    @invariant()
    def store_and_model_agree(self) -> None:
        if hasattr(self, "model"):
            found = differences(self.model, self._observe())
            assert not found, "\n".join(found)

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        if hasattr(self, "model"):
            broken = self.driver.invariants()
            assert not broken, "\n".join(broken)

    @invariant()
    def the_books_balance(self) -> None:
        if hasattr(self, "model"):
            books = self.driver.balances()
            if not any(
                t.overlap is None
                and any(a.live and self.model.seats[a.seat].kind != "person" for a in t.assignments.values())
                for t in self.model.tasks.values()
            ):
                assert books["balanced"], books
            assert {key: books["tasks"][key] for key in TASK_BOOK} == self.model.balances()
            assert {key: books["answers"][key] for key in ANSWER_BOOK} == self.model.standings()
            for source in self.model.sources.values():
                assert adds_up(source.balance())


PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink)
COMMON = settings(
    deadline=None,
    phases=PHASES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
FAST = settings(COMMON, max_examples=60, stateful_step_count=30, derandomize=True, database=None)
SOAK = settings(COMMON, max_examples=3000, stateful_step_count=80, print_blob=True)


def test_store_and_model_agree_on_the_same_sequences_every_time() -> None:
    run_state_machine_as_test(QueueMachine, settings=FAST)


@pytest.mark.soak
def test_store_and_model_agree_on_new_sequences() -> None:
    run_state_machine_as_test(QueueMachine, settings=SOAK)
