"""Recipes that take questions and give answers by their own code."""

from collections.abc import Iterator
from typing import Any

from tests.host.conftest import Desk, until

from tallymark.host.controller import Controller
from tallymark.queue.audit import balances
from tallymark.types import Task


def lines(count: int) -> Iterator[Task]:
    for number in range(count):
        yield {"text": f"t{number}"}


def texts(tasks: list[Task]) -> list[str]:
    return [task["text"] for task in tasks]


def hook(desk: Desk, name: str, **arguments: Any) -> Any:
    """What a hook says; anybody may call it."""
    session = desk.claim("caller")
    reply = desk.client.post(f"/api/v1/sessions/{session}/events/{name}", json=arguments)
    assert reply.status_code == 200, reply.text
    return reply.json()["result"]


def answered(desk: Desk) -> int:
    """How many answers count."""
    with desk.store.reading() as tx:
        return int(balances(tx, dataset="news")["answers"]["counted"])


def questions(ctrl: Controller, *, session: str | None = None) -> list[Task]:
    return ctrl.get_questions(session)


def receive(ctrl: Controller, *, answers: list[Task], session: str | None = None) -> None:
    ctrl.receive_answers(answers, session)


HOOKS: dict[str, Any] = {"questions": questions, "receive": receive}


def test_batches_follow_each_other_and_nobody_else_gets_them(desk: Desk) -> None:
    desk.start(lambda: {"stream": lines(5), "event_hooks": HOOKS}, batch_size=2)
    assert texts(hook(desk, "questions", session="ann")) == ["t0", "t1"]
    assert texts(hook(desk, "questions", session="news-ann")) == ["t2", "t3"]
    bob = desk.claim("bob")
    assert [task["task"]["text"] for task in desk.leased(bob, 5)] == ["t4"]
    assert hook(desk, "questions", session="ann") == []


def test_answers_are_stored_as_those_of_a_page(desk: Desk) -> None:
    told: list[Task] = []
    desk.start(
        lambda: {"stream": lines(3), "event_hooks": HOOKS, "update": told.extend},
        batch_size=2,
        update_on="submit",
    )
    first, second = hook(desk, "questions", session="ann")
    answers = [{**first, "answer": "accept", "label": "A"}, {**second, "answer": "reject"}]
    hook(desk, "receive", answers=answers, session="ann")
    until(lambda: len(told) == 2, "update")
    assert [(one["text"], one["answer"], one["_session_id"]) for one in told] == [
        ("t0", "accept", "news-ann"),
        ("t1", "reject", "news-ann"),
    ]
    assert told[0]["label"] == "A"
    assert texts(hook(desk, "questions", session="ann")) == ["t2"]
    assert answered(desk) == 2


def test_what_was_not_asked_is_a_record_of_the_dataset(desk: Desk) -> None:
    desk.start(lambda: {"stream": lines(1), "event_hooks": HOOKS})
    hook(desk, "receive", answers=[{"text": "mine", "answer": "accept"}], session="ann")
    assert answered(desk) == 1


def test_an_answer_that_is_none_and_one_that_is_refused_are_told(desk: Desk) -> None:
    def validate(answer: Task) -> None:
        assert answer["answer"] == "accept", "Only accept."

    desk.start(lambda: {"stream": lines(2), "event_hooks": HOOKS, "validate_answer": validate})
    session = desk.claim("caller")
    refused = ({"text": "x"}, "ctrl.get_questions"), ({"text": "x", "answer": "reject"}, "Only accept.")
    for answer, words in refused:
        body = {"answers": [answer]}
        reply = desk.client.post(f"/api/v1/sessions/{session}/events/receive", json=body)
        assert words in reply.json()["detail"], reply.text


def test_a_session_that_ends_gives_its_questions_back(desk: Desk) -> None:
    def leave(ctrl: Controller, *, session: str) -> float | None:
        ctrl.end_session(session)
        assert ctrl.session_annotated == ctrl.total_annotated == 1
        ctrl.end_session(session)
        return ctrl.get_progress()

    desk.start(lambda: {"stream": lines(2), "event_hooks": {**HOOKS, "leave": leave}}, batch_size=2)
    first, _ = hook(desk, "questions", session="ann")
    hook(desk, "receive", answers=[{**first, "answer": "accept"}], session="ann")
    assert hook(desk, "leave", session="ann") == 0.5
    assert [task["task"]["text"] for task in desk.leased(desk.claim("bob"), 5)] == ["t1"]


def test_in_on_load_there_is_what_earlier_starts_have_queued(desk: Desk) -> None:
    seen: list[Any] = []

    def on_load(ctrl: Controller) -> None:
        ctrl.confirm_session("ann")
        seen.append((ctrl.get_progress(), texts(ctrl.get_questions("ann"))))
        ctrl.end_session("ann")

    host = desk.start(lambda: {"stream": lines(1), "on_load": on_load})
    desk.leased(desk.claim("bob"))
    host.stop()
    desk.start(lambda: {"stream": lines(1), "on_load": on_load})
    until(lambda: len(seen) == 2, "the second start")
    assert seen == [(None, []), (0.0, [])], "bob holds what there is"
