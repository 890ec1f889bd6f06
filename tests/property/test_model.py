"""The worked examples of docs/concepts/queue.md, on the model itself."""

import pytest
from tests.property.merging import merged
from tests.property.model import Ack, Assignment, Document, IllegalError, Queue, QueuedTask, Seat
from tests.property.rows import SourceVersion, adds_up, first_that_applies


class Script:
    """A queue with people in it, told in short sentences."""

    def __init__(
        self, *, overlap: int | None = 1, tasks: int = 1, people: int = 2, ignore_counts: bool = True
    ) -> None:
        self.queue = Queue(overlap=overlap, ignore_counts=ignore_counts, stream="ended")
        self.ops = 0
        for number in range(tasks):
            name = f"t{number}"
            self.queue.add(QueuedTask(name, {"text": name}, name, 0, (0.0, number), overlap))
        self.seats = [self.join(f"p{number}") for number in range(people)]

    def join(self, name: str, kind: str = "person") -> Seat:
        return self.queue.claim(name, name, kind=kind)

    def lease(self, person: int, size: int = 1, client: str | None = None) -> str:
        seat = self.seats[person]
        self.queue.call(seat, client)
        expired, chosen = self.queue.choose(seat, client, size)
        states = self.queue.lease(seat, client, size=size, expired=expired, chosen=chosen).states
        return min(states, key=["ready", "searching", "waiting", "exhausted", "paused", "failed"].index)

    def op(self, task: str, **fields: object) -> Document:
        self.ops += 1
        return {
            "op_id": f"op{self.ops}",
            "task_id": task,
            "status": "submitted",
            "decision": "accept",
            **fields,
        }

    def answer(self, person: int, task: str = "t0", **fields: object) -> Ack:
        self.queue.now += 0.01
        mine = self.queue.tasks[task].assignments.get(self.seats[person].token)
        base = mine.revision if mine else 0
        return self.queue.save(self.seats[person], None, self.op(task, **{"base": base, **fields}))

    def undo(self, person: int, task: str = "t0") -> Ack:
        return self.answer(person, task, status="retracted", decision=None)

    def expire(self, person: int, task: str = "t0") -> None:
        """Let a lease fall: its owner is away and somebody else meets it."""
        self.queue._end(self.queue.tasks[task].assignments[self.seats[person].token], "expired")

    def counters(self, task: str = "t0") -> tuple[int, int]:
        found = self.queue.tasks[task]
        return self.queue.taken(found), self.queue.counted(found)

    def state(self, task: str = "t0") -> str:
        return self.queue.state(self.queue.tasks[task])

    def mine(self, person: int, task: str = "t0") -> Assignment:
        return self.queue.tasks[task].assignments[self.seats[person].token]


# -- the table of moves --------------------------------------------------------------------------------


def test_an_open_task_is_leased_with_a_slot() -> None:
    script = Script()
    assert script.lease(0) == "ready"
    assert script.counters() == (1, 0)


def test_a_released_lease_frees_its_slot() -> None:
    script = Script()
    script.lease(0)
    script.queue.release(script.seats[0], None)
    assert script.counters() == (0, 0)
    assert script.mine(0).state == "released"


def test_an_answered_lease_keeps_its_slot() -> None:
    script = Script()
    script.lease(0)
    assert script.answer(0).result == "stored"
    assert script.counters() == (1, 1)
    assert script.state() == "done"


def test_a_late_answer_counts_while_there_is_room() -> None:
    script = Script()
    script.lease(0)
    script.expire(0)
    assert script.answer(0).result == "stored"
    assert script.counters() == (1, 1)


def test_a_late_answer_is_surplus_when_the_slot_is_gone() -> None:
    script = Script()
    script.lease(0)
    script.expire(0)
    script.lease(1)
    assert script.answer(0).result == "surplus"
    assert script.counters() == (1, 0)


def test_the_author_of_a_counted_answer_takes_it_back_and_keeps_the_slot() -> None:
    script = Script()
    script.lease(0)
    script.answer(0)
    script.undo(0)
    assert script.counters() == (1, 0)
    assert script.mine(0).slot
    assert script.state() == "open"
    assert script.answer(0).revision == 3
    assert script.counters() == (1, 1)


def test_the_author_of_a_surplus_answer_takes_it_back_without_a_slot() -> None:
    script = Script()
    script.lease(0)
    script.expire(0)
    script.lease(1)
    script.answer(0)
    script.undo(0)
    assert (script.mine(0).live, script.mine(0).slot) == (True, False)
    assert script.counters() == (1, 0)
    assert script.answer(0).result == "surplus"


def test_a_freed_slot_counts_the_oldest_surplus_answer_before_the_task_is_offered_again() -> None:
    script = Script(people=3)
    for person in (0, 1):
        script.lease(person)
        script.expire(person)
    script.lease(2)
    script.answer(1)
    script.answer(0)
    script.expire(2)
    assert [script.mine(person).standing for person in (0, 1)] == ["surplus", "counted"]
    assert script.counters() == (1, 1)
    assert script.lease(2) == "exhausted"


def test_an_operator_withdraws_a_counted_answer_and_its_slot_is_promoted() -> None:
    script = Script()
    script.lease(0)
    script.expire(0)
    script.lease(1)
    script.answer(1)
    script.answer(0)
    script.queue.withdraw_answer("t0", script.seats[1])
    assert script.mine(0).standing == "counted"
    assert script.mine(1).standing == "withdrawn"
    assert script.counters() == (1, 1)


def test_an_ignored_task_stays_open_when_ignores_do_not_count() -> None:
    script = Script(ignore_counts=False)
    script.lease(0)
    assert script.answer(0, decision="ignore").result == "stored"
    assert script.mine(0).standing == "uncounted"
    assert script.counters() == (0, 0)
    assert script.lease(0) == "exhausted"
    assert script.lease(1) == "ready"


@pytest.mark.parametrize("kind", ["model", "function"])
def test_answers_of_models_and_functions_are_uncounted(kind: str) -> None:
    script = Script()
    script.seats.append(script.join("robot", kind))
    script.lease(2)
    script.answer(2)
    assert script.counters() == (0, 0)
    assert script.mine(2).standing == "uncounted"


def test_raising_the_overlap_promotes_and_lowering_it_demotes_the_newest() -> None:
    script = Script(overlap=2)
    for person in (0, 1):
        script.lease(person)
        script.answer(person)
    script.queue.set_overlap(1)
    assert [script.mine(person).standing for person in (0, 1)] == ["counted", "surplus"]
    script.queue.set_overlap(2)
    assert [script.mine(person).standing for person in (0, 1)] == ["counted", "counted"]


def test_everyone_is_every_open_person_and_a_late_joiner_reopens_the_task() -> None:
    script = Script(overlap=None)
    for person in (0, 1):
        script.lease(person)
        script.answer(person)
    assert script.state() == "done"
    script.seats.append(script.join("late"))
    assert script.state() == "open"
    script.queue.retire(script.seats[2])
    assert script.state() == "done"


def test_a_withdrawn_task_ends_its_leases_and_comes_back_when_reopened() -> None:
    script = Script(overlap=2)
    script.lease(0)
    script.answer(0)
    script.lease(1)
    script.queue.withdraw_task("t0")
    assert script.state() == "withdrawn"
    assert not script.mine(1).live
    script.queue.reopen_task("t0")
    assert script.counters() == (1, 1)
    assert script.lease(1) == "ready"


# -- leases --------------------------------------------------------------------------------------------


def test_a_refresh_returns_what_the_seat_holds_even_when_it_is_overdue() -> None:
    script = Script()
    script.lease(0)
    script.queue.now += 5000
    assert script.lease(0) == "ready"
    assert script.counters() == (1, 0)


def test_an_overdue_lease_goes_to_whoever_asks() -> None:
    script = Script()
    script.lease(0)
    script.queue.now += 901
    assert script.lease(1) == "ready"
    assert script.mine(0).state == "expired"


def test_a_silent_persons_lease_is_taken_only_when_nothing_else_is_there() -> None:
    script = Script(tasks=2)
    script.lease(0)
    script.queue.now += 61
    with pytest.raises(IllegalError, match="silent"):
        script.queue.lease(script.seats[1], None, size=1, expired=[("t0", "p0")], chosen=["t0"])


def test_a_silent_persons_lease_is_taken_when_nothing_else_is_there() -> None:
    script = Script()
    script.lease(0)
    script.queue.now += 61
    assert script.lease(1) == "ready"


def test_a_present_persons_lease_is_never_taken() -> None:
    script = Script()
    script.lease(0)
    script.queue.now += 59
    assert script.lease(1) == "waiting"
    with pytest.raises(IllegalError, match="here"):
        script.queue.lease(script.seats[1], None, size=1, expired=[("t0", "p0")], chosen=["t0"])


def test_two_clients_of_one_seat_never_hold_the_same_task() -> None:
    script = Script(tasks=1)
    script.lease(0, client="one")
    assert script.lease(0, client="two") == "waiting"
    script.queue.now += 61
    assert script.lease(0, client="two") == "ready"
    assert script.mine(0).client == "two"


def test_nothing_may_be_held_back() -> None:
    script = Script(tasks=2)
    with pytest.raises(IllegalError, match="was not given"):
        script.queue.lease(script.seats[0], None, size=2, chosen=["t0"])


def test_no_task_is_handed_out_beyond_its_overlap() -> None:
    script = Script(tasks=1)
    script.lease(0)
    with pytest.raises(IllegalError, match="handed out"):
        script.queue.lease(script.seats[1], None, size=1, chosen=["t0"])


def test_downtime_does_not_count_against_leases() -> None:
    script = Script()
    script.lease(0)
    script.queue.now += 5000
    script.queue.skip_downtime(5000, script.queue.now - 5000)
    assert script.lease(1) == "waiting"


@pytest.mark.parametrize(
    ("stream", "state"), [("open", "searching"), ("ended", "exhausted"), ("failed", "failed")]
)
def test_an_empty_reply_says_why(stream: str, state: str) -> None:
    script = Script(tasks=0)
    script.queue.stream = stream
    assert script.lease(0) == state
    script.queue.paused = True
    assert script.lease(0) == "paused"


# -- answers -------------------------------------------------------------------------------------------


def test_sending_again_is_a_no_op() -> None:
    script = Script()
    script.lease(0)
    op = script.op("t0", base=0)
    assert script.queue.save(script.seats[0], None, op).result == "stored"
    assert script.queue.save(script.seats[0], None, op) == Ack(op["op_id"], "repeated", 1)
    assert script.mine(0).revision == 1


def test_a_stale_base_is_kept_beside_the_current_answer() -> None:
    script = Script()
    script.lease(0)
    script.answer(0, set={"label": "A"})
    ack = script.answer(0, base=0, set={"label": "B"})
    assert ack.result == "conflict"
    assert ack.current is not None
    assert ack.current.document["label"] == "A"
    assert script.mine(0).revision == 1
    assert script.mine(0).revisions[2].document["label"] == "B"


def test_an_unacknowledged_predecessor_is_a_base() -> None:
    script = Script()
    script.lease(0)
    first = script.op("t0", base=0, set={"a": 1})
    script.queue.save(script.seats[0], None, first)
    assert script.answer(0, base=first["op_id"], set={"b": 2}).result == "stored"
    said = script.mine(0).current
    assert said is not None
    assert said.document == {"text": "t0", "a": 1, "b": 2}


def test_an_unknown_task_is_quarantined() -> None:
    script = Script()
    assert script.queue.save(script.seats[0], None, script.op("nowhere")).result == "quarantined"


def test_an_impossible_answer_is_kept_as_a_draft() -> None:
    script = Script()
    script.lease(0)
    assert script.queue.save(script.seats[0], None, script.op("t0"), verdict="failed: no").result == "invalid"
    assert script.mine(0).draft is not None
    assert script.mine(0).live


# -- documents -----------------------------------------------------------------------------------------


def test_set_unset_and_kept_elements_are_merged_onto_the_base() -> None:
    base = {"text": "x", "spans": [{"start": 1, "id": 2**70}, {"start": 4}], "note": "?"}
    changes = {"spans": [{"$keep": 1}, {"$keep": 0, "set": {"label": "A"}, "unset": ["start"]}, {"start": 9}]}
    assert merged(base, changes, ["note"]) == {
        "text": "x",
        "spans": [{"start": 4}, {"id": 2**70, "label": "A"}, {"start": 9}],
    }


# -- rows ----------------------------------------------------------------------------------------------


def test_a_row_has_the_first_fate_that_applies_and_keeps_it() -> None:
    assert first_that_applies(["passed", "duplicate", "task"]) == "task"
    source = SourceVersion(1, read=2)
    assert source.give(1, "task") == "task"
    assert source.give(1, "duplicate") == "task"


def test_rows_add_up_before_and_after_the_end_of_the_stream() -> None:
    source = SourceVersion(1, read=5)
    source.give(2, "invalid")
    assert source.balance()["pending"] == 4
    assert adds_up(source.balance())
    source.end(known=5)
    assert source.balance()["passed"] == 4
    assert adds_up(source.balance())


def test_a_rerun_of_a_pass_without_dedup_meets_the_same_numbers() -> None:
    source = SourceVersion(1)
    first = [source.repeat_of("k", (row, 0)) for row in (1, 2, 3)]
    assert first == [0, 1, 2] == [source.repeat_of("k", (row, 0)) for row in (1, 2, 3)]


# -- delivery ------------------------------------------------------------------------------------------


def test_an_answer_settles_after_a_minute_and_is_delivered_once() -> None:
    script = Script()
    script.lease(0)
    ack = script.answer(0)
    assert script.queue.due(strictly=False) == {}
    script.queue.now += 61
    assert script.queue.due(strictly=True) == {ack.op_id: "update"}
    script.queue.fetched({ack.op_id: "update"})
    assert script.queue.due(strictly=True) == {ack.op_id: "update"}
    script.queue.delivered([ack.op_id])
    assert script.queue.due(strictly=False) == {}


def test_an_answer_settles_after_ten_newer_ones() -> None:
    script = Script(tasks=11)
    script.lease(0, 11)
    acks = [script.answer(0, f"t{number}") for number in range(11)]
    assert script.queue.due(strictly=True) == {acks[0].op_id: "update"}


def test_a_later_edit_is_a_replacement_and_a_retraction_a_removal() -> None:
    script = Script()
    script.lease(0)
    script.queue.fetched({script.answer(0).op_id: "update"})
    script.queue.delivered(["op1"])
    edit = script.answer(0)
    assert script.queue.due(strictly=True, stopping=True) == {edit.op_id: "replace"}
    undone = script.undo(0)
    assert script.queue.due(strictly=True, stopping=True) == {undone.op_id: "remove"}


def test_the_tasks_of_a_dataset_add_up() -> None:
    script = Script(tasks=3)
    script.lease(0, 2)
    script.answer(0, "t0")
    script.queue.withdraw_task("t2")
    assert script.queue.balances() == {"queued": 3, "done": 1, "withdrawn": 1, "leased": 1, "open": 0}
    assert script.queue.standings()["answered"] == 1
