"""What callbacks are given: settled answers once, forms to make, late validation."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import ALL_HOOKS, SHAPES, Person, Team

from tallymark.errors import Fenced
from tallymark.queue import importing, settle
from tallymark.store.reading import StoredDatasets

WINDOW = 10


@pytest.fixture
def taught(team: Team) -> Team:
    """A team whose model has every hook."""
    team.run(wants=ALL_HOOKS)
    return team


def told(team: Team, **more: Any) -> list[tuple[str, str]]:
    """What is due, and was given to the model."""
    due = team.due(**more)
    team.hosted(settle.delivered, op_ids=[op_id for op_id, _ in due])
    return due


def answer(person: Person, task: str, op_id: str, **more: Any) -> None:
    assert person.submit(task, op_id=op_id, **more) in ("stored", "surplus")


def answer_many(person: Person, tasks: list[str]) -> None:
    person.save(*(person.op(task) for task in tasks))


# -- when an answer is settled ------------------------------------------------------------------------


def test_an_answer_is_settled_when_ten_newer_ones_are_stored(taught: Team) -> None:
    first, *others = taught.tasks(*(str(number) for number in range(WINDOW + 3)))
    ann = taught.seat("ann")
    answer(ann, first, "first")
    answer_many(ann, others[: WINDOW - 1])
    assert taught.due() == []
    answer_many(ann, others[WINDOW - 1 : WINDOW])
    assert taught.due() == [("first", "update")]


def test_the_window_is_the_recipes(taught: Team) -> None:
    tasks = taught.tasks("a", "b", "c", "d")
    ann = taught.seat("ann")
    answer(ann, tasks[0], "first")
    answer_many(ann, tasks[1:3])
    assert taught.due(undo_window=3) == []
    assert taught.due(undo_window=2) == [("first", "update")]


def test_answers_of_others_settle_nothing(taught: Team) -> None:
    first, *others = taught.tasks(*(str(number) for number in range(WINDOW + 3)))
    ann, bob = taught.people("ann", "bob")
    answer(ann, first, "first")
    answer_many(bob, others)
    assert "first" not in dict(taught.due())


@pytest.mark.parametrize(("seconds", "silence"), [(60.0, 60.0), (5.0, 5.0)])
def test_an_answer_is_settled_after_a_while(taught: Team, seconds: float, silence: float) -> None:
    [first, _] = taught.tasks("a", "b")
    answer(taught.seat("ann"), first, "first")
    taught.clock.forward(silence - 0.1)
    assert taught.due(settle_seconds=seconds) == []
    taught.clock.forward(0.2)
    assert taught.due(settle_seconds=seconds) == [("first", "update")]


def test_an_edit_starts_the_wait_anew(taught: Team) -> None:
    first, *others = taught.tasks(*(str(number) for number in range(WINDOW + 3)))
    ann = taught.seat("ann")
    answer(ann, first, "first")
    answer_many(ann, others[: WINDOW - 1])
    taught.clock.forward(59)
    answer(ann, first, "edit", decision="reject")
    answer_many(ann, others[WINDOW - 1 : WINDOW])
    taught.clock.forward(2)
    assert "edit" not in dict(taught.due())
    taught.clock.forward(59)
    assert "edit" in dict(taught.due())


@pytest.mark.parametrize("idle", ["waits", "leaves"])
def test_answers_of_a_session_that_waits_or_has_left_are_settled(taught: Team, idle: str) -> None:
    [first, second] = taught.tasks("a", "b")
    ann, bob = taught.people("ann", "bob")
    assert ann.lease() == [first]
    answer(ann, first, "first")
    bob.lease()
    assert taught.due() == []
    if idle == "waits":
        assert ann.idle() == "waiting"
    else:
        ann.release()
    assert taught.due() == [("first", "update")]
    bob.release(second)
    ann.lease()
    assert taught.due() == []


@pytest.mark.parametrize("how", ["stopping", "at_once"])
def test_when_the_host_stops_or_wants_all_at_once_all_is_settled(taught: Team, how: str) -> None:
    tasks = taught.tasks("a", "b")
    ann = taught.seat("ann")
    answer(ann, tasks[0], "first")
    answer(ann, tasks[1], "second")
    assert taught.due() == []
    assert taught.due(**{how: True}) == [("first", "update"), ("second", "update")]


def test_what_is_due_comes_in_the_order_of_the_answers_and_in_parts(taught: Team) -> None:
    tasks = taught.tasks("a", "b", "c")
    ann, bob = taught.people("ann", "bob")
    for person, task, op_id in ((bob, tasks[2], "1"), (ann, tasks[0], "2"), (bob, tasks[1], "3")):
        answer(person, task, op_id)
    assert told(taught, stopping=True, limit=2) == [("1", "update"), ("2", "update")]
    assert told(taught, stopping=True, limit=2) == [("3", "update")]
    assert told(taught, stopping=True) == []


def test_the_model_is_given_the_whole_answer_and_the_session(taught: Team) -> None:
    [task] = taught.tasks({"text": "a", "meta": {"id": 10**30}})
    taught.seat("ann").submit(task, "reject", set={"label": "A"})
    [due] = taught.hosted(settle.due, stopping=True)
    assert (due["session"], due["kind"]) == ("ann", "update")
    assert due["task"]["meta"] == {"id": 10**30}
    assert (due["task"]["label"], due["task"]["answer"], due["task"]["_session_id"]) == (
        "A",
        "reject",
        "news-ann",
    )


# -- what the model is told ---------------------------------------------------------------------------


def test_an_answer_is_due_until_it_was_delivered_and_then_never_again(taught: Team) -> None:
    [task] = taught.tasks("a")
    answer(taught.seat("ann"), task, "first")
    for _ in range(2):
        assert taught.due(stopping=True) == [("first", "update")]
    taught.hosted(settle.delivered, op_ids=["first"])
    assert taught.due(stopping=True) == []
    taught.run(wants=ALL_HOOKS)
    assert taught.due(stopping=True) == []


def test_what_a_host_was_handed_and_did_not_deliver_the_next_one_gets(taught: Team) -> None:
    [task] = taught.tasks("a")
    answer(taught.seat("ann"), task, "first")
    taught.due(stopping=True)
    taught.run(wants=ALL_HOOKS)
    assert told(taught, stopping=True) == [("first", "update")]


def test_only_the_last_of_several_quick_answers_is_told(taught: Team) -> None:
    [task] = taught.tasks("a")
    ann = taught.seat("ann")
    answer(ann, task, "first")
    answer(ann, task, "second", decision="reject")
    assert told(taught, stopping=True) == [("second", "update")]


def test_what_was_retracted_before_it_was_told_is_not_told(taught: Team) -> None:
    [task] = taught.tasks("a")
    ann = taught.seat("ann")
    answer(ann, task, "first")
    ann.undo(task)
    assert told(taught, stopping=True) == []
    answer(ann, task, "again")
    assert told(taught, stopping=True) == [("again", "update")]


def test_a_later_edit_replaces_and_a_later_retraction_removes(taught: Team) -> None:
    [task] = taught.tasks("a")
    ann = taught.seat("ann")
    answer(ann, task, "first")
    told(taught, stopping=True)
    answer(ann, task, "edit", decision="reject")
    answer(ann, task, "edit again")
    assert told(taught, stopping=True) == [("edit again", "replace")]
    ann.send(ann.op(task, "retracted", op_id="undo"))
    assert told(taught, stopping=True) == [("undo", "remove")]
    answer(ann, task, "once more")
    assert told(taught, stopping=True) == [("once more", "update")]


def test_what_was_removed_is_not_removed_again(taught: Team) -> None:
    [task] = taught.tasks("a")
    ann = taught.seat("ann")
    answer(ann, task, "first")
    told(taught, stopping=True)
    ann.undo(task)
    told(taught, stopping=True)
    answer(ann, task, "again")
    ann.undo(task)
    assert told(taught, stopping=True) == []


@pytest.mark.parametrize(("change", "kind"), [("submitted", "replace"), ("retracted", "remove")])
def test_a_change_while_the_model_is_being_told_is_told_afterwards(
    taught: Team, change: str, kind: str
) -> None:
    [task] = taught.tasks("a")
    ann = taught.seat("ann")
    answer(ann, task, "first")
    taught.due(stopping=True)
    ann.send(ann.op(task, change, op_id="change"))
    taught.hosted(settle.delivered, op_ids=["first"])
    assert told(taught, stopping=True) == [("change", kind)]


def test_a_change_the_model_has_no_way_to_be_told_is_listed(taught: Team) -> None:
    tasks = taught.tasks("a", "b")
    ann = taught.seat("ann")
    answer(ann, tasks[0], "first")
    answer(ann, tasks[1], "second")
    taught.due(stopping=True)
    taught.hosted(settle.delivered, op_ids=["first"], unseen=["second"])
    assert taught.due(stopping=True) == []
    assert taught.books()["apart"]["unseen_changes"] == 1
    taught.hosted(settle.delivered, op_ids=[], unseen=["unknown"])
    assert taught.books()["apart"]["unseen_changes"] == 1


def fail(team: Team, *op_ids: str) -> None:
    """The host handed these to the model, which raised."""
    team.hosted(settle.delivered, op_ids=[], failed=op_ids)


def test_what_the_model_failed_at_is_due_in_the_next_run(taught: Team) -> None:
    tasks = taught.tasks("a", "b")
    ann = taught.seat("ann")
    answer(ann, tasks[0], "first")
    answer(ann, tasks[1], "second")
    assert taught.due(stopping=True) == [("first", "update"), ("second", "update")]
    fail(taught, "first")
    taught.hosted(settle.delivered, op_ids=["second"])
    assert taught.due(stopping=True) == []
    assert taught.books()["apart"]["updates_failed"] == 1
    taught.run(wants=ALL_HOOKS)
    assert told(taught, stopping=True) == [("first", "update")]
    assert taught.books()["apart"]["updates_failed"] == 0
    assert taught.broken() == []


@pytest.mark.parametrize("meanwhile", [False, True])
@pytest.mark.parametrize(
    ("first", "then", "due"),
    [
        ("update", "submitted", [("then", "update")]),
        ("update", "retracted", []),
        ("replace", "submitted", [("then", "replace")]),
        ("replace", "retracted", [("then", "remove")]),
        ("remove", "submitted", [("then", "replace")]),
    ],
)
def test_a_change_of_what_the_model_failed_at_takes_its_place(
    taught: Team, first: str, then: str, due: list[tuple[str, str]], meanwhile: bool
) -> None:
    """The change comes while the model is being told, or when it has failed."""
    [task] = taught.tasks("a")
    ann = taught.seat("ann")
    answer(ann, task, "first")
    if first != "update":
        assert told(taught, stopping=True) == [("first", "update")]
        ann.send(ann.op(task, "submitted" if first == "replace" else "retracted", op_id="failed"))
    [(failed, kind)] = taught.due(stopping=True)
    assert kind == first
    if not meanwhile:
        fail(taught, failed)
    ann.send(ann.op(task, then, op_id="then"))
    if meanwhile:
        fail(taught, failed)
    assert told(taught, stopping=True) == due
    assert taught.broken() == []


def test_surplus_answers_and_ignored_tasks_are_told_too(taught: Team) -> None:
    [task] = taught.tasks("a")
    ann, bob = taught.people("ann", "bob")
    answer(ann, task, "first", decision="ignore")
    answer(bob, task, "surplus")
    assert [op_id for op_id, _ in taught.due(stopping=True)] == ["first", "surplus"]


@pytest.mark.parametrize("wants", [(), ("replace", "remove")])
def test_a_recipe_without_update_is_told_nothing(team: Team, wants: tuple[str, ...]) -> None:
    team.run(wants=wants)
    [task] = team.tasks("a")
    ann = team.seat("ann")
    answer(ann, task, "first")
    ann.undo(task)
    assert team.due(stopping=True) == []


def test_what_is_not_a_persons_answer_is_not_told(taught: Team) -> None:
    [task, _] = taught.tasks("a", "b")
    answer(taught.seat("m", kind="model"), task, "model")
    ann = taught.seat("ann")
    answer(ann, task, "first")
    assert ann.submit(task, op_id="beside", base=0) == "conflict"
    record = {"text": "c", "answer": "accept"}
    taught.operator(importing.import_answers, records=[record], shapes=SHAPES)
    assert taught.due(stopping=True) == [("first", "update")]


# -- forms --------------------------------------------------------------------------------------------


@pytest.fixture
def formed(team: Team) -> Team:
    """A team whose recipe has a before_db."""
    team.run(wants=["before_db"])
    return team


def exported(team: Team) -> list[dict[str, Any]]:
    return list(StoredDatasets(team.store).answers(team.dataset))


def forms(team: Team, **more: Any) -> list[str]:
    return [due["op_id"] for due in team.hosted(settle.forms_due, **more)]


def test_an_answer_gets_its_form_once_and_is_exported_in_it(formed: Team) -> None:
    tasks = formed.tasks("a", "b")
    ann = formed.seat("ann")
    answer(ann, tasks[0], "first")
    answer(ann, tasks[1], "second")
    assert forms(formed, limit=1) == ["first"]
    [first, second] = formed.hosted(settle.forms_due)
    assert first["task"]["answer"] == second["task"]["answer"] == "accept"
    made = {"mine": 10**30, "half": "\ud83d"}
    formed.hosted(settle.store_forms, forms={"first": made})
    assert forms(formed) == ["second"]
    assert exported(formed)[0] == made
    assert ann.history()["answers"][-1]["task"] == {"text": "a"}


def test_where_a_form_failed_the_answer_stays_as_it_was_given(formed: Team) -> None:
    [task] = formed.tasks("a")
    answer(formed.seat("ann"), task, "first")
    formed.hosted(settle.store_forms, forms={}, failed={"first": "KeyError: 'x'"})
    assert forms(formed) == []
    assert exported(formed)[0]["text"] == "a"
    assert formed.books()["apart"]["forms_failed"] == 1
    [event] = formed.sql("SELECT detail FROM event WHERE kind = 'before_db_failed'")
    assert event["detail"] == "first: KeyError: 'x'"


def test_every_revision_gets_its_form_and_retractions_none(formed: Team) -> None:
    [task] = formed.tasks("a")
    ann = formed.seat("ann")
    answer(ann, task, "first")
    answer(ann, task, "second")
    ann.undo(task)
    assert forms(formed) == ["first", "second"]


# -- validation ---------------------------------------------------------------------------------------


def unvalidated(team: Team, **more: Any) -> list[str]:
    return [each["op_id"] for each in team.hosted(settle.unvalidated, **more)]


def save_unvalidated(person: Person, task: str, op_id: str, **more: Any) -> None:
    op = person.op(task, op_id=op_id, **more)
    assert person.save(op, validated={op_id: "unvalidated"})[0]["result"] == "stored"


def test_what_nobody_could_validate_is_validated_later(team: Team) -> None:
    tasks = team.tasks("a", "b")
    ann = team.seat("ann")
    save_unvalidated(ann, tasks[0], "first")
    save_unvalidated(ann, tasks[1], "second", set={"label": "A"})
    assert unvalidated(team, limit=1) == ["first"]
    assert team.hosted(settle.unvalidated)[1]["task"]["label"] == "A"
    team.hosted(settle.validated, valid=["first", "second"])
    assert unvalidated(team) == []
    assert [ann.place(task) for task in tasks] == ["answered counted"] * 2


def test_what_fails_late_goes_back_to_its_author_with_the_message(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    save_unvalidated(ann, task, "first", decision="reject", set={"label": "A"}, comment="hm")
    team.hosted(settle.validated, failed={"first": "No such label."})
    assert (unvalidated(team), exported(team)) == ([], [])
    assert (ann.place(task), team.counters(task), team.state(task)) == ("leased slot", (1, 0), "open")
    [entry] = ann.reply()["tasks"]
    assert entry["task"]["label"] == "A"
    assert (entry["draft"]["message"], entry["draft"]["decision"]) == ("No such label.", "reject")
    assert (entry["draft"]["comment"], entry["draft"]["base"]) == ("hm", entry["revision"])
    assert ann.submit(task, set={"label": "B"}) == "stored"
    assert exported(team)[0]["label"] == "B"


def test_what_fails_late_and_was_changed_meanwhile_stays_as_it_is(team: Team) -> None:
    tasks = team.tasks("a", "b")
    ann = team.seat("ann")
    save_unvalidated(ann, tasks[0], "first")
    save_unvalidated(ann, tasks[1], "second")
    ann.submit(tasks[0], "reject")
    ann.undo(tasks[1])
    team.hosted(settle.validated, failed={"first": "bad", "second": "bad", "unknown": "bad"})
    assert ann.place(tasks[0]) == "answered counted"
    assert ann.reply()["tasks"][0]["draft"] is None


def test_a_surplus_answer_that_fails_late_comes_back_without_a_slot(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    op = bob.op(task, op_id="late")
    bob.save(op, validated={"late": "unvalidated"})
    team.hosted(settle.validated, failed={"late": "bad"})
    assert (bob.place(task), team.counters(task)) == ("leased", (1, 1))


# -- progress and fences ------------------------------------------------------------------------------


def test_the_recipes_own_progress_is_of_a_session_or_of_all(team: Team) -> None:
    ann, bob = team.people("ann", "bob")
    team.hosted(settle.set_progress, values={"": 0.5, "ann": 0.25, "nobody": 1.0})
    assert [one.heartbeat()["progress"]["fraction"] for one in (ann, bob)] == [0.25, 0.5]


@pytest.mark.parametrize(
    ("call", "more"),
    [
        (settle.due, {}),
        (settle.delivered, {"op_ids": []}),
        (settle.forms_due, {}),
        (settle.store_forms, {"forms": {}}),
        (settle.unvalidated, {}),
        (settle.validated, {}),
        (settle.set_progress, {"values": {}}),
    ],
)
def test_a_host_that_was_replaced_is_told_nothing(
    team: Team, call: Callable[..., Any], more: dict[str, Any]
) -> None:
    old = team.fence
    team.run()
    with pytest.raises(Fenced):
        team.do(call, **old, **more)
    team.hosted(call, **more)
