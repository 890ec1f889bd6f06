"""Follow-up questions: who gets them, when, and what is kept of where they came from."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import Person, Team, new_task

from tallymark.errors import Fenced, NotKnown
from tallymark.queue import erasing, operate, pushing, trace
from tallymark.types import Task


def push(team: Team, *documents: Task, name: str = "p1", **more: Any) -> tuple[int, int]:
    """Push questions; how many were new, and how many known."""
    counts = team.hosted(pushing.push, tasks=[new_task(one) for one in documents], push=name, **more)
    return counts["added"], counts["known"]


def life(team: Team, task: str) -> dict[str, Any]:
    return team.operator(trace.trace, task_id=task)["tasks"][0]  # type: ignore[no-any-return]


def asked(person: Person) -> list[str]:
    """The texts that somebody holds, in their order."""
    return [entry["task"]["text"] for entry in person.reply(10)["tasks"]]


def test_a_follow_up_is_next_for_who_answered_and_for_nobody_else(team: Team) -> None:
    first, *_ = team.tasks("a", "b", "c")
    ann, bob = team.people("ann", "bob")
    assert (ann.lease(1), asked(bob)) == ([first], ["b", "c"])
    bob.release()
    ann.submit(first)
    assert push(team, {"text": "why a"}, session="ann", after={"task": int(first)}) == (1, 0)
    assert asked(bob) == ["b", "c"], "it is ann's alone"
    bob.release()
    [entry] = ann.reply(1)["tasks"]
    assert (entry["task"]["text"], entry["ahead"]) == ("why a", True), "before the stream"


def test_where_it_came_from_is_kept_with_both(team: Team) -> None:
    first, _ = team.tasks("a", "b")
    ann = team.seat("ann")
    ann.lease(1)
    ann.submit(first)
    push(team, {"text": "why"}, {"text": "how"}, session="ann", after={"task": int(first)})
    parent = life(team, first)
    assert (parent["pushed"], parent["follows"], parent["events"]) == (False, None, [])
    why, how = parent["led_to"]
    assert (life(team, why)["pushed"], life(team, why)["follows"]) == (True, first)
    push(team, {"text": "and then"}, name="p2", session="ann", after={"task": int(how)})
    [then] = life(team, how)["led_to"]
    assert life(team, then)["follows"] == how
    assert (life(team, how)["rows"], life(team, how)["task"]) == ([], {"text": "how"})


def test_the_books_tell_pushed_questions_from_others(team: Team) -> None:
    team.rows(team.source(), "a")
    push(team, {"text": "why"}, {"text": "how"}, session="ann")
    tasks = team.books()["tasks"]
    assert {key: tasks[key] for key in ("queued", "from_rows", "without_row", "pushed", "open")} == {
        "queued": 3,
        "from_rows": 1,
        "without_row": 2,
        "pushed": 2,
        "open": 3,
    }


def test_a_call_that_is_sent_again_adds_nothing(team: Team) -> None:
    for _ in range(2):
        assert push(team, {"text": "why"}, {"text": "how"}, session="ann", repeat=True) == (2, 0)
    assert push(team, {"text": "why"}, name="p2", session="ann") == (0, 1)
    assert push(team, {"text": "why"}, name="p3", session="ann", repeat=True) == (1, 0)
    rows = team.sql("SELECT d.text, t.repeat FROM task t JOIN document d ON d.id = t.document ORDER BY t.id")
    assert [(row["text"], row["repeat"]) for row in rows] == [
        ('{"text":"why"}', 0),
        ('{"text":"how"}', 0),
        ('{"text":"why"}', 1),
    ]


def test_one_question_may_follow_the_answers_of_several_people(team: Team) -> None:
    ann, bob, cem = team.people("ann", "bob", "cem")
    team.stream("ended")
    push(team, {"text": "why"}, session="ann")
    [why] = ann.lease(1)
    ann.submit(why)
    assert team.state(why) == "done"
    assert push(team, {"text": "why"}, name="p2", session="bob") == (0, 1)
    assert team.state(why) == "open", "bob has yet to answer"
    assert bob.lease(1) == [why]
    assert cem.idle() == "waiting" or cem.idle() == "exhausted"
    bob.submit(why)
    assert (team.state(why), team.counters(why)) == ("done", (2, 2))
    assert push(team, {"text": "why"}, name="p3", session="bob") == (0, 1)
    assert bob.idle() == "exhausted", "nobody is asked the same twice"
    assert push(team, {"text": "why"}, name="p4", session="bob", repeat=True) == (1, 0)
    assert asked(bob) == ["why"], "unless that is wanted"


def test_what_is_for_all_stays_for_all_and_what_is_withdrawn_stays_withdrawn(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    assert push(team, {"text": "a"}, session="bob") == (0, 1)
    assert (asked(ann), asked(bob)) == (["a"], [])
    push(team, {"text": "why"}, name="p2", session="ann")
    why = team.sql("SELECT max(id) AS id FROM task")[0]["id"]
    team.withdraw(str(why))
    push(team, {"text": "why"}, name="p3", session="bob")
    assert asked(bob) == []
    team.operator(operate.reopen_task, task_id=str(why))
    assert asked(bob) == []
    assert ann.lease(2) == [str(why), task]


def test_without_a_person_anybody_has_it_first(team: Team) -> None:
    team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease(1)
    assert push(team, {"text": "everybody"}) == (1, 0)
    assert asked(bob) == ["everybody", "b"]


def test_questions_about_one_text_are_many_where_the_stream_goes_by_input(
    make_team: Callable[..., Team],
) -> None:
    team = make_team(exclude_by="input")
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.lease(1)
    ann.submit(task)
    follow_ups: list[Task] = [{"text": "a", "label": "KIND"}, {"text": "a", "label": "PLACE"}]
    assert push(team, *follow_ups, session="ann") == (2, 0)
    assert [entry["task"]["label"] for entry in ann.reply(5)["tasks"]] == ["KIND", "PLACE"]


def test_an_excluded_dataset_does_not_hold_back_a_follow_up(team: Team) -> None:
    other = team.other("old")
    [old] = other.tasks({"text": "a", "label": "KIND"})
    bob = other.seat("bob")
    bob.lease(1)
    bob.submit(old)
    team.run(exclude=["old"])
    assert push(team, {"text": "a", "label": "KIND"}, session="ann") == (1, 0)


def test_the_page_that_asks_says_for_whom_and_after_what(team: Team) -> None:
    first, second = team.tasks("a", "b")
    ann = team.seat("ann")
    ann.lease(2)
    ann.submit(first)
    for number, (task, text) in enumerate([(first, "a"), (second, "b")]):
        made = new_task({"text": text})
        hashes = {"input_hash": made["input_hash"], "task_hash": made["task_hash"]}
        push(team, {"text": f"why {text}"}, name=f"p{number}", asker=ann.token, after=hashes)
        [why] = life(team, task)["led_to"]
        assert life(team, why)["task"] == {"text": f"why {text}"}
        assert [one["session"] for one in life(team, why)["assignments"]] == []
    assert asked(team.seat("bob")) == []
    assert asked(ann) == ["why a", "why b", "b"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"asker": "nobody"}, "The session that asks is not of this dataset"),
        ({"session": "ann", "after": {"input_hash": 1, "task_hash": 2}}, "is not known here"),
        ({"after": {"input_hash": 1, "task_hash": 2}}, "is not known here"),
        ({"after": {"task": 99}}, "is not known here"),
    ],
)
def test_what_is_not_known_is_refused(team: Team, more: dict[str, Any], message: str) -> None:
    team.seat("ann")
    with pytest.raises(NotKnown, match=message):
        push(team, {"text": "why"}, **more)
    assert team.books()["tasks"]["queued"] == 0


def test_a_host_that_was_replaced_pushes_nothing(team: Team) -> None:
    before = dict(team.fence)
    team.run()
    with pytest.raises(Fenced):
        team.do(pushing.push, **before, tasks=[], push="p1")


def test_the_same_question_twice_in_one_call_is_one(team: Team) -> None:
    assert push(team, {"text": "why"}, {"text": "why"}, session="ann") == (1, 1)
    assert push(team, {"text": "who"}, {"text": "who"}, name="p2", session="ann", repeat=True) == (2, 0)


def test_what_is_erased_leaves_its_traces_readable(team: Team) -> None:
    first, second = team.tasks("a", "b")
    push(team, {"text": "why"}, name="push-beef", after={"task": int(first)})
    push(team, {"text": "who"}, name="p2", after={"task": int(second)})
    [why] = life(team, first)["led_to"]
    team.tasks({"text": "beef", "note": "push-beef"})
    beef = team.sql("SELECT max(id) AS id FROM task")[0]["id"]
    team.operator(erasing.erase_record, task_ids=[str(beef)])
    assert (life(team, why)["pushed"], life(team, why)["follows"]) == (True, None)
    [who] = life(team, second)["led_to"]
    assert life(team, who)["follows"] == second
