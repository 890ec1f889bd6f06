"""What operators do with people: answers since a date, sending back, other names, two seats of one person."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import START, Team

from tallymark.errors import InputError, NotKnown
from tallymark.queue import operate, people, seats


def events(team: Team) -> list[tuple[str, str | None]]:
    rows = team.sql("SELECT kind, detail FROM event WHERE kind <> 'run_started' ORDER BY id")
    return [(row["kind"], row["detail"]) for row in rows]


# -- answers since a date -----------------------------------------------------------------------------


def test_answers_since_a_date_are_set_aside_and_asked_again(team: Team) -> None:
    tasks = team.tasks("a", "b", "c")
    ann, bob = team.people("ann", "bob")
    ann.submit(tasks[0])
    team.clock.forward(100)
    ann.submit(tasks[1])
    bob.submit(tasks[1])
    ann.submit(tasks[2])
    done = team.operator(people.withdraw_answers, session="ann", since=START + 50)
    assert done == {"answers": 2, "after": None}
    assert [ann.place(task) for task in tasks] == ["answered counted"] + ["answered withdrawn"] * 2
    assert bob.place(tasks[1]) == "answered counted"
    assert bob.lease(5) == [tasks[2]]
    assert events(team) == [("answers_withdrawn", "ann: 2")]
    again = team.operator(people.reinstate_answers, session="ann", since=START + 50)
    assert again["answers"] == 2
    assert [ann.place(task) for task in tasks] == ["answered counted"] + ["answered surplus"] * 2
    assert team.operator(people.withdraw_answers, session="ann", since=START + 500)["answers"] == 0


def test_answers_are_set_aside_part_by_part(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "PART", 2)
    tasks = team.tasks("a", "b", "c")
    ann = team.seat("ann")
    for task in tasks:
        ann.submit(task)
    first = team.operator(people.withdraw_answers, session="ann")
    assert first == {"answers": 2, "after": int(tasks[1])}
    assert team.operator(people.withdraw_answers, session="ann", after=first["after"]) == {
        "answers": 1,
        "after": None,
    }


def test_answers_that_never_counted_do_not_count_when_they_come_back(
    make_team: Callable[..., Team],
) -> None:
    team = make_team(ignore_counts=False)
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.submit(task, "ignore")
    team.operator(people.withdraw_answers, session="ann")
    assert ann.place(task) == "answered withdrawn"
    team.operator(people.reinstate_answers, session="ann")
    assert ann.place(task) == "answered uncounted"


# -- sending back -------------------------------------------------------------------------------------


def test_an_answer_goes_back_to_its_author_with_a_comment(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.submit(task, set={"label": "A"})
    cursor = ann.heartbeat()["cursor"]
    team.operator(people.send_answer_back, task_id=task, session="ann", comment="Is it B?")
    assert [each["task_id"] for each in ann.heartbeat(cursor)["changed"]] == [task]
    [entry] = ann.reply(1)["tasks"]
    assert (entry["draft"]["message"], entry["task"]["label"]) == ("Is it B?", "A")
    assert ann.place(task) == "leased slot"
    ann.submit(task, set={"label": "B"})
    assert ann.place(task) == "answered counted"
    assert events(team) == [("sent_back", "ann")]


def test_only_an_answer_with_a_comment_can_go_back(team: Team) -> None:
    [task] = team.tasks("a")
    team.seat("ann")
    with pytest.raises(InputError, match="in a comment"):
        team.operator(people.send_answer_back, task_id=task, session="ann", comment=" ")
    with pytest.raises(NotKnown, match="has no answer to task 1"):
        team.operator(people.send_answer_back, task_id=task, session="ann", comment="x")
    with pytest.raises(NotKnown, match="no task 99"):
        team.operator(people.send_answer_back, task_id="99", session="ann", comment="x")


# -- names --------------------------------------------------------------------------------------------


def test_a_seat_gets_another_name_and_its_page_goes_on(team: Team) -> None:
    tasks = team.tasks("a", "b")
    anne = team.seat("anne")
    anne.submit(tasks[0])
    team.operator(people.rename_seat, name="anne", new_name="ann")
    assert anne.lease() == [tasks[1]]
    assert team.seat("ann").token == anne.token
    assert [row["name"] for row in team.sql("SELECT name FROM annotator")] == ["ann"]


def test_an_annotator_of_two_datasets_is_renamed_in_one(team: Team) -> None:
    team.seat("ann")
    team.other("books").seat("ann")
    team.operator(people.rename_seat, name="ann", new_name="eve")
    assert {row["name"] for row in team.sql("SELECT name FROM annotator")} == {"ann", "eve"}


@pytest.mark.parametrize(
    ("new", "said"), [("bob ", "Merge 'ann' into it"), (" ", "1 to 200 printable"), ("a\nb", "printable")]
)
def test_a_name_must_be_free_and_a_name(team: Team, new: str, said: str) -> None:
    team.people("ann", "bob")
    with pytest.raises(InputError, match=said):
        team.operator(people.rename_seat, name="ann", new_name=new)


def test_who_was_renamed_takes_the_seat_under_the_new_name(team: Team) -> None:
    ann = team.seat("ann")
    team.operator(people.rename_seat, name="ann", new_name=" Zoe\u0308 ")
    claimed = team.do(seats.claim_seat, dataset="news", name="Zo\u00eb")
    assert claimed["session"] == ann.token


# -- merging ------------------------------------------------------------------------------------------


def merge(team: Team, **more: Any) -> dict[str, Any]:
    return team.operator(people.merge_seats, **{"name": "anne", "into": "ann", **more})


def test_what_one_seat_has_goes_to_the_other(team: Team) -> None:
    tasks = team.tasks("a", "b", "c", "d", "e")
    team.run(wants=["update"])
    anne, ann, bob = team.people("anne", "ann", "bob")
    ann.submit(tasks[0])
    anne.submit(tasks[1], op_id="hers")
    anne.submit(tasks[2])
    anne.draft(tasks[2], set={"label": "half"})
    ann.lease(1)
    anne.lease(2)
    anne.release()
    done = merge(team)
    assert done["both"] == 0
    assert [ann.place(task) for task in tasks[:3]] == ["answered counted"] * 3
    assert anne.row["retired_at"] is not None
    assert (anne.row["answered"], ann.row["answered"]) == (0, 3)
    assert [entry["task_id"] for entry in ann.history()["answers"]] == [tasks[2], tasks[1], tasks[0]]
    assert ann.history()["answers"][0]["draft"]["set"] == {"label": "half"}
    assert ("hers", "update") in team.due(stopping=True)
    assert tasks[1] not in bob.lease(5)
    assert ann.undo(tasks[1]) == "stored"


def test_of_two_answers_the_newer_counts(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    newer, older, same = team.tasks("newer", "older", "same moment")
    anne, ann = team.people("anne", "ann")
    ann.submit(newer)
    anne.submit(older)
    team.clock.forward(1)
    anne.submit(newer)
    ann.submit(older)
    for person in (anne, ann):
        person.submit(same)
    assert merge(team)["both"] == 3
    assert [anne.place(task) for task in (newer, older, same)] == [
        "answered counted",
        "answered withdrawn",
        "answered withdrawn",
    ]
    assert [ann.place(task) for task in (newer, older, same)] == [
        "answered withdrawn",
        "answered counted",
        "answered counted",
    ]
    assert team.counters(same) == (1, 1)


def test_the_newer_answer_takes_the_place_of_the_older_one(team: Team) -> None:
    [task] = team.tasks("a")
    anne, bob, ann = team.people("anne", "bob", "ann")
    anne.submit(task)
    bob.submit(task)
    team.clock.forward(1)
    ann.submit(task)
    merge(team)
    assert [person.place(task) for person in (anne, bob, ann)] == [
        "answered withdrawn",
        "answered surplus",
        "answered counted",
    ]


def test_an_answer_that_was_set_aside_stays_so(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    [task] = team.tasks("a")
    anne, ann = team.people("anne", "ann")
    anne.submit(task)
    ann.submit(task)
    team.operator(operate.withdraw_answer, task_id=task, session="anne")
    merge(team)
    assert (anne.place(task), ann.place(task)) == ("answered withdrawn", "answered counted")


def test_what_one_has_answered_the_other_need_not_do(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=3)
    held, begun, given_back = team.tasks("held", "begun", "given back")
    anne, ann = team.people("anne", "ann")
    ann.lease(3)
    ann.submit(begun)
    ann.undo(begun)
    ann.release(given_back)
    for task in (held, begun, given_back):
        anne.submit(task)
    merge(team)
    assert [ann.place(task) for task in (held, begun, given_back)] == [
        "answered counted",
        "ineligible",
        "answered counted",
    ]
    assert anne.place(begun) == "answered counted"
    assert ann.idle() == "exhausted"


def test_everybody_is_one_less(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=None)
    first, second, third = team.tasks("a", "b", "c")
    anne, ann = team.people("anne", "ann")
    anne.submit(first)
    ann.submit(second)
    ann.submit(third)
    ann.undo(third)
    ann.release()
    anne.submit(third)
    merge(team)
    assert [team.state(task) for task in (first, second, third)] == ["done"] * 3


def test_two_seats_of_one_kind_are_needed(team: Team) -> None:
    team.people("anne", "ann")
    team.seat("m", "model")
    with pytest.raises(InputError, match="'anne' and 'anne' are one session"):
        merge(team, into="anne")
    with pytest.raises(InputError, match="'anne' is a person and 'm' a model"):
        merge(team, into="m")
    with pytest.raises(NotKnown):
        merge(team, into="nobody")
