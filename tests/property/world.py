"""A store and a model that go through the same things: every step does both and compares what came back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.property.compare import differences
from tests.property.driver import DATASET, Driver
from tests.property.model import Ack, Assignment, Document, Queue, QueuedTask, Seat
from tests.property.observed import Observed, observe
from tests.property.rows import adds_up
from tests.property.sayings import Saying, changed, exact

TICK = 0.37
TASK_BOOK = ("queued", "done", "withdrawn", "leased", "open")
ANSWER_BOOK = ("answered", "counted", "surplus", "uncounted", "withdrawn")
Sent = tuple[Seat, str | None, list[Document], dict[str, str]]


class World:
    """One dataset, told twice."""

    def __init__(
        self,
        path: Path | str,
        *,
        overlap: int | None = 1,
        ignore_counts: bool = True,
        lease_seconds: float | None = 900.0,
        exclude_by: str = "task",
        share: float = 0.0,
        most: int | None = None,
        routed: bool = False,
    ) -> None:
        self.path = path
        self.driver = Driver(
            path,
            overlap=overlap,
            ignore_counts=ignore_counts,
            lease_seconds=lease_seconds,
            exclude_by=exclude_by,
            share=share,
            most=most,
        )
        self.model = Queue(overlap, ignore_counts, lease_seconds, exclude_by, share, most)
        self.routed = routed
        self.model.now = self.driver.clock.now
        self.ops = 0
        self.sent: list[Sent] = []
        self.given: dict[str, str] = {}
        self.cursors: dict[str, int] = {}

    # -- picking -----------------------------------------------------------------------------------

    def tick(self, seconds: float = TICK) -> None:
        """Time passes while a server lives."""
        self.pass_time(seconds)
        self.driver.live_on()

    def pass_time(self, seconds: float) -> None:
        self.driver.clock.now += seconds
        self.model.now = self.driver.clock.now

    def seat(self, pick: int) -> Seat:
        seats = list(self.model.seats.values())
        return seats[pick % len(seats)]

    def task(self, pick: int, seat: Seat | None = None) -> QueuedTask:
        """Any task; of those a seat holds or else has had, when there is one."""
        tasks = list(self.model.tasks.values())
        if seat is not None:
            mine = [task for task in tasks if seat.token in task.assignments]
            held = [task for task in mine if task.assignments[seat.token].live]
            tasks = held or mine or tasks
        return tasks[pick % len(tasks)]

    def observe(self) -> Observed:
        return observe(self.path, self.driver.dataset)

    # -- processes ---------------------------------------------------------------------------------

    def restart(self) -> None:
        self.tick()
        before = self.observe()
        self.driver.reopen()
        assert self.observe() == before

    def everything_is_down(self, seconds: float) -> None:
        """Nobody can call: the time does not count against leases, nor against tabs that were alive."""
        self.tick()
        self.driver.beat()
        before = self.model.now
        self.pass_time(seconds)
        self.driver.reopen()
        self.model.skip_downtime(self.driver.register(), before)

    def start_host(self) -> None:
        self.tick()
        self.driver.start_run()
        self.model.run += 1
        self.model.stream = "open"

    def set_stream(self, state: str) -> None:
        self.tick()
        self.driver.stream(state)
        self.model.stream = state

    # -- seats ---------------------------------------------------------------------------------------

    def join(self, name: str, kind: str, client: str | None) -> None:
        self.tick()
        name = name if kind == "person" else kind
        token = self.driver.claim(name, kind, client)
        self.model.claim(token, name, kind=kind, client=client)

    def retire(self, pick: int) -> None:
        self.tick()
        seat = self.seat(pick)
        self.driver.retire(str(seat.name))
        self.model.retire(seat)

    # -- leases --------------------------------------------------------------------------------------

    def lease(self, seat: Seat, client: str | None, size: int, *, hide: bool, stumble: bool) -> None:
        self.tick()
        holding = [each.task for each in self.model.held(seat, client)][: int(hide)]
        before = self.observe()
        in_order = not before.returned and not self.model.has_silent() and not self.model.has_had(seat)
        call = self.driver.lease_json if hide else self.driver.lease
        reply = self.driver.run(call(seat.token, client, size, holding), stumble=stumble)
        after = self.observe()
        expired, chosen = self._choices(before, after, seat)
        opened = sorted(str(task) for task in after.opened() - before.opened())
        if in_order and not opened:
            self._check_order(seat, chosen)
        expected = self.model.lease(
            seat, client, size=size, holding=holding, expired=expired, chosen=chosen, opened=opened
        )
        assert sorted(entry["task_id"] for entry in reply["tasks"]) == sorted(expected.tasks)
        assert reply["state"] in expected.states, (reply["state"], reply["detail"], expected.states)
        for entry in reply["tasks"]:
            self._check_entry(seat, entry)
        if reply["state"] in ("ready", "exhausted") and self.model.stream == "ended":
            self._check_remaining(seat, reply)

    def _check_remaining(self, seat: Seat, reply: dict[str, Any]) -> None:
        """`remaining` is an upper estimate of what this seat may still get, and exact at its end."""
        left = sum(1 for task in self.model.tasks.values() if self.model.may_have(task, seat))
        remaining = reply["progress"]["remaining"]
        assert remaining >= left
        if not reply["progress"]["at_most"] and reply["state"] == "ready":
            open_for = [t for t in self.model.tasks.values() if self.model.state(t) == "open"]
            its = [t for t in open_for if self.model.admits(t, seat)]
            assert remaining == sum(1 for t in its if not self.model.is_through_with(t, seat))
        assert reply["state"] != "exhausted" or remaining == 0

    def _check_order(self, seat: Seat, chosen: Sequence[str]) -> None:
        """Somebody new meets the tasks by rank when none came back."""
        takeable = [task for task in self.model.tasks.values() if self.model.takeable(task, seat)]
        expected = {task.id for task in sorted(takeable, key=lambda task: task.rank)[: len(chosen)]}
        assert not takeable or set(chosen) == expected, (
            f"{seat.name} got {sorted(chosen)} before {sorted(expected)}"
        )

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

    def release(self, seat: Seat, client: str | None, task: int | None) -> None:
        self.tick()
        ids = None if task is None else [self.task(task, seat).id, self.driver.foreign, "nonsense"]
        given = self.driver.release(seat.token, client, ids)
        assert given == self.model.release(seat, client, ids)

    def heartbeat(self, seat: Seat, client: str | None) -> None:
        self.tick()
        cursor = self.cursors.get(seat.token)
        reply = self.driver.heartbeat(seat.token, client, cursor)
        states = self.model.heartbeat(seat, client)
        news = self.model.news.pop(seat.token, [])
        if cursor is not None:
            assert [(each["task_id"], each["revision"]) for each in reply["changed"]] == news
        self.cursors[seat.token] = reply["cursor"]
        assert reply["state"] in states, (reply["state"], states)
        assert set(reply["leases"]) == {each.task for each in self.model.held(seat, client)}

    # -- answers -------------------------------------------------------------------------------------

    def say(self, seat: Seat, client: str | None, sayings: Sequence[Saying], *, stumble: bool) -> None:
        self.tick()
        ops: list[Document] = []
        for saying in sayings:
            ops.append(self.op(seat, saying, ops))
        verdicts = {
            op["op_id"]: saying.verdict for op, saying in zip(ops, sayings, strict=True) if saying.verdict
        }
        self.send((seat, client, ops, verdicts), stumble=stumble)
        self.sent.append((seat, client, ops, verdicts))

    def op(self, seat: Seat, saying: Saying, before: Sequence[Document]) -> Document:
        """The operation somebody has in mind; it follows those on the same task that go before it."""
        self.ops += 1
        task = self.task(saying.pick, seat if saying.held else None)
        mine = task.assignments.get(seat.token, Assignment(task.id, seat.token))
        earlier = [op["op_id"] for op in before if op["task_id"] == task.id]
        base = earlier[-1] if earlier else self._base(mine, saying.base)
        op = {"op_id": f"op{self.ops}", "task_id": task.id, "status": saying.status, "base": base}
        if saying.status == "retracted":
            return op
        document = task.document if earlier else self.model.document_at(task, mine, mine.revision)
        return {**op, "decision": saying.decision, **changed(document, saying.change)}

    def _base(self, mine: Assignment, kind: str) -> int | str | None:
        if kind == "stale":
            return max(0, mine.revision - 1)
        if kind == "op" and mine.current is not None:
            return mine.current.op_id
        return {"unknown": "never-seen", "none": None}.get(kind, mine.revision)

    def send(self, sent: Sent, *, stumble: bool = False) -> None:
        seat, client, ops, verdicts = sent
        preview = self.driver.preview(seat.token, ops[0])
        acks = self.driver.run(self.driver.save(seat.token, client, ops, verdicts), stumble=stumble)
        assert len(acks) == len(ops)
        for op, ack in zip(ops, acks, strict=True):
            expected = self.model.save(seat, client, op, verdict=verdicts.get(op["op_id"], ""))
            self._check_ack(dict(ack), expected)
            if op is ops[0] and op["status"] == "submitted" and expected.result in ("stored", "surplus"):
                said = (
                    self.model.tasks[op["task_id"]].assignments[seat.token].revisions[expected.revision or 0]
                )
                assert preview is not None
                assert exact(preview) == exact({**said.document, "answer": said.decision})

    def _check_ack(self, ack: dict[str, Any], expected: Ack) -> None:
        assert (ack["op_id"], ack["result"], ack["revision"] or None) == (
            expected.op_id,
            expected.result,
            expected.revision or None,
        )
        if expected.result == "conflict":
            current, ours = ack["current"], expected.current
            assert current["revision"] == (ours.number if ours else 0)
            if ours is not None:
                assert (current["status"], current["decision"]) == (ours.status, ours.decision)
                assert exact(current["task"]) == exact(ours.document)

    def say_nowhere(self, seat: Seat, task_id: str) -> None:
        """An operation for a task that the dataset does not have."""
        self.tick()
        self.ops += 1
        op = {"op_id": f"op{self.ops}", "task_id": task_id, "status": "submitted", "decision": "accept"}
        sent: Sent = (seat, None, [op], {})
        self.send(sent)
        self.sent.append(sent)

    def use_an_op_id_twice(self, seat: Seat, pick: int) -> None:
        """Somebody's script counts its operations from 1, as somebody else's did."""
        if self.sent:
            self.tick()
            used = self.sent[pick % len(self.sent)][2][0]["op_id"]
            task = self.task(pick, seat)
            op = {"op_id": used, "task_id": task.id, "status": "submitted", "decision": "accept", "base": 0}
            self.send((seat, None, [op], {}))

    def send_again(self, pick: int) -> None:
        if self.sent:
            self.tick()
            self.send(self.sent[-1 - pick % len(self.sent)])

    def look_back(self, seat: Seat) -> None:
        mine = [each for each in self.model.assignments() if each.seat == seat.token]
        answered = [each for each in mine if each.state == "answered"]
        expected = sorted((each.task, each.revision, exact(each.said.document)) for each in answered)
        found = self.driver.history(seat.token)
        assert sorted((e["task_id"], e["revision"], exact(e["task"])) for e in found) == expected
        self._check_progress(seat, len(answered))

    def _check_progress(self, seat: Seat, answered: int) -> None:
        progress, books = self.driver.progress(seat.token), self.model.balances()
        assert (progress["tasks"], progress["done"], progress["withdrawn"], progress["mine"]) == (
            books["queued"],
            books["done"],
            books["withdrawn"],
            answered,
        )

    def export(self) -> None:
        """What `db-out` gives: counted answers of persons, each once."""
        counted = [each for each in self.model.assignments() if each.is_counted()]
        counted.sort(key=lambda each: each.said.order)
        found = self.driver.export()
        assert [row["answer"] for row in found] == [each.said.decision for each in counted]
        for row, each in zip(found, counted, strict=True):
            name = self.model.seats[each.seat].name
            if each.said.op_id not in self.model.imported:  # which are kept to the letter
                assert row["_session_id"] == (f"{DATASET}-{name}" if name else None)
            assert exact(row) == exact(each.said.document)

    # -- crashes -------------------------------------------------------------------------------------

    def die(self, seat: Seat, client: str | None, size: int, saying: Saying) -> None:
        """What was not committed has not happened, and is sent again as it was."""
        self.tick()
        before = self.observe()
        op = self.op(seat, saying, [])
        self.driver.crash(self.driver.lease(seat.token, client, size, []))
        self.driver.crash(self.driver.save(seat.token, client, [op], {}))
        self.driver.reopen()
        assert self.observe() == before
        self.send((seat, client, [op], {}))

    # -- operators -----------------------------------------------------------------------------------

    def pause(self, *, paused: bool) -> None:
        self.tick()
        self.driver.operate("pause" if paused else "resume")
        self.model.paused = paused

    def withdraw_task(self, pick: int) -> None:
        self.tick()
        task = self.task(pick)
        self.driver.operate("withdraw_task", task_id=task.id)
        self.model.withdraw_task(task.id)

    def reopen_task(self, pick: int) -> None:
        self.tick()
        withdrawn = [task for task in self.model.tasks.values() if task.withdrawn]
        task = withdrawn[pick % len(withdrawn)] if withdrawn else self.task(pick)
        self.driver.operate("reopen_task", task_id=task.id)
        self.model.reopen_task(task.id)

    def withdraw_answer(self, pick: int) -> None:
        answered = [each for each in self.model.assignments() if each.state == "answered"]
        if answered:
            self.tick()
            each = answered[pick % len(answered)]
            seat = self.model.seats[each.seat]
            self.driver.operate("withdraw_answer", task_id=each.task, session=seat.name)
            self.model.withdraw_answer(each.task, seat)

    def reinstate_answer(self, pick: int) -> None:
        withdrawn = [each for each in self.model.assignments() if each.set_aside]
        if withdrawn:
            self.tick()
            each = withdrawn[pick % len(withdrawn)]
            seat = self.model.seats[each.seat]
            self.driver.operate("reinstate_answer", task_id=each.task, session=seat.name)
            self.model.reinstate_answer(each.task, seat)

    def withdraw_answers(self, pick: int, ago: float, *, back: bool) -> None:
        self.tick()
        seat, since = self.seat(pick), self.model.now - ago
        name = "reinstate_answers" if back else "withdraw_answers"
        done = self.driver.people(name, session=seat.name, since=since)
        assert done["answers"] == getattr(self.model, name)(seat, since)

    def send_back(self, pick: int) -> None:
        """An operator wants an author to look again."""
        answered = [each for each in self.model.assignments() if each.state == "answered"]
        if answered:
            self.tick()
            each = answered[pick % len(answered)]
            seat = self.model.seats[each.seat]
            named = {"task_id": each.task, "session": seat.name, "comment": "look"}
            self.driver.people("send_answer_back", **named)
            self.model.send_back(each.task, seat)

    def merge_seats(self, pick: int, other: int) -> None:
        """Two names of one person."""
        people = [seat for seat in self.model.seats.values() if seat.kind == "person" and seat.name]
        one, into = people[pick % len(people)], people[other % len(people)]
        if one is not into:
            self.tick()
            done = self.driver.people("merge_seats", name=one.name, into=into.name)
            assert (done["moved"], done["both"]) == self.model.merge(one, into)
            for seat in (one, into):
                self.cursors.pop(seat.token, None)
                self.model.news.pop(seat.token, None)

    def rename_seat(self, pick: int) -> None:
        """A seat gets a name that nobody has."""
        seat = self.seat(pick)
        self.tick()
        new = f"{seat.name}-{self.ops}-{len(self.model.seats)}"[-150:]
        self.driver.people("rename_seat", name=seat.name, new_name=new)
        self.model.rename(seat, new)

    def set_overlap(self, pick: int | None, overlap: int | None) -> None:
        self.tick()
        if pick is None:
            self.driver.operate("set_overlap", overlap=overlap)
            self.model.set_overlap(overlap)
        else:
            task = self.task(pick)
            self.driver.operate("set_overlap", overlap=overlap, task_id=task.id)
            self.model.set_overlap(overlap, [task.id])

    def release_all(self, pick: int | None) -> None:
        self.tick()
        seat = None if pick is None else self.seat(pick)
        ended = self.driver.operate("release_all", session=seat.name if seat else None)
        assert ended["released"] == self.model.release_all(seat)

    def bar(self, pick: int, task: int) -> None:
        """A router says that this task is not for this seat."""
        self.tick()
        seat, found = self.seat(pick), self.task(task)
        self.driver.operate("set_ineligible", session=seat.name, task_ids=[found.id])
        self.model.bar(found.id, seat)

    def tag(self, name: str, tags: Sequence[str]) -> None:
        """An annotator learns a language, or forgets all."""
        self.tick()
        self.driver.set_tags(name, tags)
        self.model.tags[name] = frozenset(tags)

    def open_to_all(self, pick: int) -> None:
        """An operator lets others have what a router gave to certain people."""
        self.tick()
        task = self.task(pick)
        named = self.model.state(task) == "open" and task.wish.people is not None
        assert self.driver.open_to_all(task.id) == int(named)
        if named:
            self.model.open_to_all(task)

    def look_who_is_awaited(self) -> None:
        """The lists of tasks that wait for people are those of the model."""
        awaited, unfillable = self.driver.waiting_tasks()
        model, since = self.model, self.model.now - 310.0
        tasks = sorted(model.tasks.values(), key=lambda task: int(task.id))
        expected = [task.id for task in tasks if task.wish.people is not None and model.lacks(task, since)]
        assert awaited == expected
        assert unfillable == [task.id for task in tasks if model.lacks(task, float("-inf"))]

    # -- the host ------------------------------------------------------------------------------------

    def fetch_settled(self, *, stopping: bool) -> None:
        """The host fetches what it gives to its model next."""
        self.tick()
        due = {each["op_id"]: each["kind"] for each in self.driver.due(stopping=stopping)}
        must = self.model.due(strictly=True, stopping=stopping)
        may = self.model.due(strictly=False, stopping=stopping)
        assert must.items() <= due.items() <= may.items(), (must, due, may)
        self.given = due
        self.model.fetched(due)

    def mark_delivered(self) -> None:
        self.tick()
        self.driver.delivered(list(self.given))
        self.model.delivered(self.given)
        self.given = {}

    def route(self, pick: int, wish: Document, overlap: int | None) -> None:
        """The recipe's router is asked again."""
        self.tick()
        task, people = self.task(pick), wish.get("people")
        more = {} if overlap is None else {"overlap": overlap}
        self.driver.route(task.id, people, wish.get("fallback"), more)
        named = None if people is None else frozenset(people)
        if not task.wish.opened and overlap is not None:
            self.model.want(task, overlap)
        self.model.route(task, named, wish.get("fallback"))

    def want(self, least: int | None, share: float, most: int | None) -> None:
        """A start says how many answers tasks want."""
        self.tick()
        self.driver.want(least, share, most)
        if (self.model.overlap, self.model.share, self.model.most) == (least, share, most):
            return
        self.model.overlap, self.model.share, self.model.most = least, share, most
        for task in self.model.tasks.values():
            self.model.want(task, self.model.drawn(task.identity), most)

    def validate_late(self, *, fails: bool) -> None:
        """The host is back and looks at answers that were stored while nobody could validate them."""
        self.tick()
        found = [each["op_id"] for each in self.driver.unvalidated()]
        assert found == self.model.unvalidated
        if found:
            failed = {found[0]: "not so"} if fails else {}
            valid = [op_id for op_id in found if op_id not in failed]
            self.driver.validated(valid, failed)
            self.model.validated(failed)

    # -- what must hold ------------------------------------------------------------------------------

    def check(self) -> None:
        found = [*differences(self.model, self.observe()), *self.driver.invariants()]
        assert not found, "\n".join(found)
        books = self.driver.balances()
        assert books["balanced"], books
        assert {key: books["tasks"][key] for key in TASK_BOOK} == self.model.balances()
        assert {key: books["answers"][key] for key in ANSWER_BOOK} == self.model.standings()
        assert all(adds_up(source.balance()) for source in self.model.sources.values())
