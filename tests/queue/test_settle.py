"""What the host's callbacks are given, once each, and what happens when they fail."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import ALL_HOOKS, Person, Team

from tallymark.errors import Fenced
from tallymark.queue import settle
from tallymark.store.reading import StoredDatasets


@pytest.fixture()
def learning(make_team: Callable[..., Team]) -> Team:
    """A team whose recipe learns from the answers; two dozen tasks."""
    team = make_team(overlap=2)
    team.run(wants=[*ALL_HOOKS, "before_db", "validate_answer"])
    team.tasks(*[f"t{number}" for number in range(24)])
    return team


def answer(person: Person, number: int, **more: Any) -> str:
    """Answer a task; the op_id."""
    op = person.op(str(number), **more)
    assert person.send(op)["result"] == "stored"
    return str(op["op_id"])


def take_back(person: Person, number: int) -> str:
    op = person.op(str(number), "retracted")
    assert person.send(op)["result"] == "stored"
    return str(op["op_id"])


def hand(team: Team, *op_ids: str, unseen: tuple[str, ...] = ()) -> None:
    """The host was given what is due, and marks some as delivered."""
    team.hosted(settle.delivered, op_ids=op_ids, unseen=unseen)


# -- settled ------------------------------------------------------------------------------------------


def test_an_answer_is_settled_when_ten_newer_ones_are_stored(learning: Team) -> None:
    ann = learning.seat("ann")
    first = answer(ann, 1)
    for number in range(2, 11):
        answer(ann, number)
    assert learning.due() == []
    second = answer(ann, 11)
    assert learning.due() == [(first, "update")]
    assert learning.due(undo_window=0)[-1] == (second, "update")


def test_an_answer_is_settled_a_minute_after_its_last_revision(learning: Team) -> None:
    ann = learning.seat("ann")
    answer(ann, 1)
    learning.clock.forward(59)
    edit = answer(ann, 1, decision="reject")
    learning.clock.forward(59)
    assert learning.due() == []
    learning.clock.forward(1)
    assert learning.due() == [(edit, "update")]


def test_an_edit_waits_for_ten_newer_ones_again(learning: Team) -> None:
    ann = learning.seat("ann")
    first = answer(ann, 1)
    for number in range(2, 12):
        answer(ann, number)
    assert learning.due() == [(first, "update")]
    hand(learning, first)
    answer(ann, 1, decision="reject")
    assert learning.due() == []


def test_all_is_settled_when_the_session_leaves(learning: Team) -> None:
    ann = learning.seat("ann")
    first = answer(ann, 1)
    assert learning.due() == []
    ann.release()
    assert learning.due() == [(first, "update")]


def test_all_is_settled_when_the_session_waits(make_team: Callable[..., Team]) -> None:
    team = make_team()
    team.run(wants=["update"])
    team.tasks("a", "b")
    ann = team.seat("ann")
    first = answer(ann, 1)
    ann.lease()
    assert team.due() == []
    second = answer(ann, 2)
    assert ann.idle() == "exhausted"
    assert team.due() == [(first, "update"), (second, "update")]


def test_looking_with_size_zero_settles_nothing(learning: Team) -> None:
    ann = learning.seat("ann")
    answer(ann, 1)
    assert ann.reply(0)["state"] == "ready"
    assert learning.due() == []


@pytest.mark.parametrize("reason", ["stopping", "at_once"])
def test_all_is_settled_when_the_host_stops_or_wants_it_at_once(learning: Team, reason: str) -> None:
    first = answer(learning.seat("ann"), 1)
    assert learning.due(**{reason: True}) == [(first, "update")]


def test_due_answers_come_whole_and_oldest_first(learning: Team) -> None:
    ann, bob = learning.people("ann", "bob")
    for person in (ann, bob, ann):
        answer(person, person.row["answered"] + 1, set={"label": person.name})
    given = learning.hosted(settle.due, stopping=True, limit=2)
    assert [(each["kind"], each["session"]) for each in given] == [("update", "ann"), ("update", "bob")]
    assert given[0]["task"]["text"] == "t0"
    assert given[0]["task"]["label"] == "ann"
    assert (given[0]["task"]["answer"], given[0]["task"]["_session_id"]) == ("accept", "news-ann")


# -- once ---------------------------------------------------------------------------------------------


def test_what_was_delivered_is_not_due_again(learning: Team) -> None:
    first = answer(learning.seat("ann"), 1)
    assert learning.due(stopping=True) == [(first, "update")]
    hand(learning, first)
    assert learning.due(stopping=True) == []
    learning.run(wants=["update"])
    assert learning.due(stopping=True) == []


def test_what_was_handed_out_but_not_marked_is_handed_out_again(learning: Team) -> None:
    first = answer(learning.seat("ann"), 1)
    assert learning.due(stopping=True) == learning.due(stopping=True) == [(first, "update")]


def test_an_answer_edited_before_it_was_handed_out_is_told_once(learning: Team) -> None:
    ann = learning.seat("ann")
    answer(ann, 1)
    second = answer(ann, 1, decision="reject")
    assert learning.due(stopping=True) == [(second, "update")]


def test_an_answer_taken_back_before_it_was_handed_out_is_never_told(learning: Team) -> None:
    ann = learning.seat("ann")
    answer(ann, 1)
    take_back(ann, 1)
    assert learning.due(stopping=True) == []
    again = answer(ann, 1)
    assert learning.due(stopping=True) == [(again, "update")]


def test_a_later_edit_replaces_and_a_later_retraction_removes(learning: Team) -> None:
    ann = learning.seat("ann")
    told: list[tuple[str, str]] = []
    for change in (answer, answer, take_back, answer):
        change(ann, 1)
        told += learning.due(stopping=True)
        hand(learning, told[-1][0])
    assert [kind for _, kind in told] == ["update", "replace", "remove", "update"]


def test_a_change_while_the_answer_is_with_the_host_comes_after_it(learning: Team) -> None:
    ann = learning.seat("ann")
    first = answer(ann, 1)
    learning.due(stopping=True)
    gone = take_back(ann, 1)
    hand(learning, first)
    assert learning.due(stopping=True) == [(gone, "remove")]


def test_a_removal_that_is_overtaken_by_a_new_answer_is_a_replacement(learning: Team) -> None:
    ann = learning.seat("ann")
    first = answer(ann, 1)
    learning.due(stopping=True)
    hand(learning, first)
    take_back(ann, 1)
    again = answer(ann, 1)
    assert learning.due(stopping=True) == [(again, "replace")]


def test_a_retraction_after_a_removal_says_nothing_more(learning: Team) -> None:
    ann = learning.seat("ann")
    answer(ann, 1)
    for _ in range(2):
        for op_id, _kind in learning.due(stopping=True):
            hand(learning, op_id)
        take_back(ann, 1)
        answer(ann, 1)
    take_back(ann, 1)
    kinds = [kind for _, kind in learning.due(stopping=True)]
    assert kinds == ["remove"]


def test_changes_that_a_model_cannot_be_told_are_counted(learning: Team) -> None:
    ann = learning.seat("ann")
    first = answer(ann, 1)
    learning.due(stopping=True)
    hand(learning, first)
    edit = answer(ann, 1)
    learning.due(stopping=True)
    hand(learning, unseen=(edit,))
    assert learning.due(stopping=True) == []
    assert learning.books()["apart"]["unseen_changes"] == 1


def test_without_update_nothing_is_due(team: Team) -> None:
    team.tasks("a")
    ann = team.seat("ann")
    answer(ann, 1)
    take_back(ann, 1)
    assert team.due(stopping=True) == []


def test_a_models_answers_are_not_told_to_the_model(learning: Team) -> None:
    machine = learning.seat("m", "model")
    answer(machine, 1)
    take_back(machine, 1)
    assert learning.due(stopping=True) == []


def test_answers_beside_the_current_one_are_not_told(learning: Team) -> None:
    ann = learning.seat("ann")
    first = answer(ann, 1)
    assert ann.submit("1", base=0) == "conflict"
    assert learning.due(stopping=True) == [(first, "update")]


# -- before_db ----------------------------------------------------------------------------------------


def forms_due(team: Team) -> list[dict[str, Any]]:
    return team.hosted(settle.forms_due)


def export(team: Team) -> list[dict[str, Any]]:
    return list(StoredDatasets(team.store).answers("news"))


def test_a_second_form_is_exported_and_history_shows_the_raw_one(learning: Team) -> None:
    ann = learning.seat("ann")
    op_id = answer(ann, 1, set={"image": "data:…"})
    [given] = forms_due(learning)
    assert (given["op_id"], given["task"]["image"], given["task"]["answer"]) == (op_id, "data:…", "accept")
    learning.hosted(settle.store_forms, forms={op_id: {**given["task"], "image": "a.png", "n": 10**20}})
    assert [(row["image"], row["n"]) for row in export(learning)] == [("a.png", 10**20)]
    assert ann.history()["answers"][0]["task"]["image"] == "data:…"
    assert forms_due(learning) == []


def test_each_revision_has_its_own_second_form(learning: Team) -> None:
    ann = learning.seat("ann")
    first = answer(ann, 1)
    learning.hosted(settle.store_forms, forms={first: {"form": 1}})
    second = answer(ann, 1)
    assert export(learning)[0]["text"] == "t0"
    assert [given["op_id"] for given in forms_due(learning)] == [second]


def test_where_before_db_failed_the_raw_answer_is_exported_and_the_error_noted(learning: Team) -> None:
    op_id = answer(learning.seat("ann"), 1)
    learning.hosted(settle.store_forms, forms={}, failed={op_id: "KeyError: 'image'"})
    assert export(learning)[0]["text"] == "t0"
    assert forms_due(learning) == []
    assert learning.books()["apart"]["forms_failed"] == 1
    [event] = learning.sql("SELECT detail FROM event WHERE kind = 'before_db_failed'")
    assert event["detail"] == f"{op_id}: KeyError: 'image'"


def test_retractions_and_conflicts_have_no_second_form(learning: Team) -> None:
    ann = learning.seat("ann")
    first = answer(ann, 1)
    ann.submit("1", base=0)
    take_back(ann, 1)
    assert [given["op_id"] for given in forms_due(learning)] == [first]


def test_the_model_is_told_the_raw_answer(learning: Team) -> None:
    op_id = answer(learning.seat("ann"), 1)
    learning.hosted(settle.store_forms, forms={op_id: {"form": 1}})
    [given] = learning.hosted(settle.due, stopping=True)
    assert given["task"]["text"] == "t0"


# -- validation ---------------------------------------------------------------------------------------


@pytest.fixture()
def late(learning: Team) -> tuple[Person, str]:
    """An answer that was stored while nobody could validate it."""
    ann = learning.seat("ann", client="x")
    ann.lease()
    op = ann.op("1", set={"label": "A"}, comment="why")
    ann.save(op, validated={op["op_id"]: "unvalidated"})
    return ann, str(op["op_id"])


def test_what_was_not_validated_is_given_to_the_host_later(late: tuple[Person, str]) -> None:
    ann, op_id = late
    [given] = ann.team.hosted(settle.unvalidated)
    assert (given["op_id"], given["task"]["label"]) == (op_id, "A")
    ann.team.hosted(settle.validated, valid=[op_id])
    assert ann.team.hosted(settle.unvalidated) == []
    assert ann.place("1") == "answered counted"


def test_what_fails_late_goes_back_to_its_author_with_the_message(late: tuple[Person, str]) -> None:
    ann, op_id = late
    ann.team.hosted(settle.validated, failed={op_id: "two labels overlap"})
    assert ann.place("1") == "leased slot"
    assert ann.team.counters("1") == (1, 0)
    ann.team.clock.forward(61)
    [entry] = ann.reply()["tasks"]
    assert (entry["revision"], entry["task"]["label"]) == (2, "A")
    assert (entry["draft"]["message"], entry["draft"]["decision"]) == ("two labels overlap", "accept")
    assert (entry["draft"]["base"], entry["draft"]["comment"]) == (2, "why")
    assert ann.team.hosted(settle.unvalidated) == []
    assert ann.submit("1", set={"label": "B"}) == "stored"


def test_a_page_learns_that_an_answer_came_back(late: tuple[Person, str]) -> None:
    ann, op_id = late
    cursor = ann.heartbeat()["cursor"]
    ann.team.hosted(settle.validated, failed={op_id: "no"})
    assert ann.heartbeat(cursor)["changed"] == [{"task_id": "1", "revision": 2}]


def test_what_fails_late_but_was_changed_meanwhile_stays(late: tuple[Person, str]) -> None:
    ann, op_id = late
    answer(ann, 1, decision="reject")
    ann.team.hosted(settle.validated, failed={op_id: "no"})
    assert ann.place("1") == "answered counted"
    assert ann.team.sql("SELECT * FROM draft") == []


def test_what_comes_back_is_removed_from_the_model(late: tuple[Person, str]) -> None:
    ann, op_id = late
    ann.team.due(stopping=True)
    hand(ann.team, op_id)
    ann.team.hosted(settle.validated, failed={op_id: "no"})
    assert [kind for _, kind in ann.team.due(stopping=True)] == ["remove"]


def test_a_surplus_answer_comes_back_without_a_slot(learning: Team) -> None:
    people = learning.people("ann", "bob", "cyd")
    for person in people:
        op = person.op("1")
        person.save(op, validated={op["op_id"]: "unvalidated"})
    learning.hosted(settle.validated, failed={op["op_id"]: "no"})
    assert (people[2].place("1"), learning.counters("1")) == ("leased", (2, 2))


# -- progress and fences ------------------------------------------------------------------------------


def test_the_recipes_own_progress_is_told_for_all_or_one(learning: Team) -> None:
    ann, bob = learning.people("ann", "bob")
    assert ann.reply()["progress"]["fraction"] is None
    learning.hosted(settle.set_progress, values={"": 0.25, "bob": 0.75})
    assert [person.reply()["progress"]["fraction"] for person in (ann, bob)] == [0.25, 0.75]


@pytest.mark.parametrize(
    ("function", "named"),
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
def test_a_host_that_was_replaced_is_given_nothing(team: Team, function: Any, named: dict[str, Any]) -> None:
    old = team.fence
    assert team.hosted(function, **named) in ([], {})
    team.run()
    with pytest.raises(Fenced):
        team.do(function, **old, **named)
