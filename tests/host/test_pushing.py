"""Follow-up questions over HTTP: from `update` and from event hooks, for the person they follow."""

from typing import Any

from tests.host.conftest import Desk, until

from tallymark.host.controller import Controller
from tallymark.queue.trace import trace
from tallymark.types import Task


def texts(desk: Desk, session: str, size: int = 10) -> list[str]:
    return [task["task"]["text"] for task in desk.lease(session, size)["tasks"]]


def lineage(desk: Desk, text: str) -> dict[str, Any]:
    """What the life of a task tells of its coming."""
    with desk.store.reading() as tx:
        [life] = trace(tx, dataset="news", text=text)["tasks"]
    return {key: life[key] for key in ("task_id", "pushed", "follows", "led_to")}


def asking(stream: list[Task], **more: Any) -> dict[str, Any]:
    """A recipe that asks why of everything that is rejected."""
    held: list[Controller] = []

    def update(answers: list[Task]) -> None:
        for answer in answers:
            if answer["answer"] == "reject":
                held[0].push([{"text": f"Why not {answer['text']}?"}], after=answer)

    return {"stream": stream, "update": update, "on_load": held.append, **more}


def test_a_rejection_leads_to_a_question_for_the_same_person(desk: Desk) -> None:
    stream = [{"text": text} for text in ("a", "b", "c", "d")]
    desk.start(lambda: asking(stream), update_on="submit")
    ann, bob = desk.claim("ann"), desk.claim("bob")
    [a, _] = desk.leased(ann, 2, at_least=2)
    [c, d] = desk.leased(bob, 2, at_least=2)
    desk.answer(ann, a, decision="reject")
    desk.answer(bob, c)
    why = until(lambda: [one for one in texts(desk, ann, 2) if one.startswith("Why")], "the question")
    assert why == ["Why not a?"]
    assert texts(desk, ann, 2) == ["Why not a?", "b"], "ahead of what she holds"
    assert texts(desk, bob, 2) == [d["task"]["text"]]
    parent = lineage(desk, "a")
    [child] = parent["led_to"]
    assert lineage(desk, "Why not a?") == {
        "task_id": child,
        "pushed": True,
        "follows": a["task_id"],
        "led_to": [],
    }


def test_a_hook_asks_whoever_called_it(desk: Desk) -> None:
    def more(ctrl: Controller, *, content: Task, kind: str) -> int:
        return ctrl.push([{**content, "label": kind}, {**content, "label": "OTHER"}], after=content)

    stream = [{"text": text} for text in ("a", "b")]
    desk.start(lambda: {"stream": stream, "event_hooks": {"more": more}}, exclude_by="input")
    ann, bob = desk.claim("ann"), desk.claim("bob")
    [a] = desk.leased(ann, 1)
    body = {"content": a["task"], "kind": "PLACE"}
    reply = desk.client.post(f"/api/v1/sessions/{ann}/events/more", json=body)
    assert reply.json() == {"result": 2}, reply.text
    assert [task["task"].get("label") for task in desk.lease(ann, 3)["tasks"]] == ["PLACE", "OTHER", None]
    assert texts(desk, bob) == ["b"]
    again = desk.client.post(f"/api/v1/sessions/{ann}/events/more", json=body)
    assert again.json() == {"result": 0}, "the same is not asked twice"


def test_a_named_person_is_asked_also_before_they_come(desk: Desk) -> None:
    def ask(ctrl: Controller) -> int:
        return ctrl.push([{"text": "for bob"}], session="news-bob") + ctrl.push([{"text": "for all"}])

    desk.start(lambda: {"stream": [], "event_hooks": {"ask": ask}})
    ann = desk.claim("ann")
    assert desk.client.post(f"/api/v1/sessions/{ann}/events/ask", json={}).json() == {"result": 2}
    assert texts(desk, ann) == ["for all"]
    assert texts(desk, desk.claim("bob")) == ["for bob"]


def test_what_cannot_be_pushed_is_told_to_who_called(desk: Desk) -> None:
    def ask(ctrl: Controller, *, task: Any, after: Any = None) -> int:
        return ctrl.push([task], after=after)

    desk.start(lambda: {"stream": [{"text": "a"}], "event_hooks": {"ask": ask}})
    ann = desk.claim("ann")
    for body, words in (
        ({"task": "a"}, "takes a list of tasks, which are dicts"),
        ({"task": {"text": "b"}, "after": {"text": "a"}}, "with its _input_hash and _task_hash"),
        ({"task": {"text": "b"}, "after": {"_input_hash": 1, "_task_hash": 2}}, "is not known here"),
    ):
        reply = desk.client.post(f"/api/v1/sessions/{ann}/events/ask", json=body)
        assert reply.status_code != 200
        assert words in reply.json()["detail"], reply.text


def test_pushed_questions_are_there_after_a_restart(desk: Desk) -> None:
    stream = [{"text": "a"}]
    host = desk.start(lambda: asking(stream), update_on="submit")
    ann = desk.claim("ann")
    desk.answer(ann, *desk.leased(ann, 1), decision="reject")
    until(lambda: texts(desk, ann) == ["Why not a?"], "the question")
    host.stop()
    desk.start(lambda: asking(stream), update_on="submit")
    until(lambda: texts(desk, ann) == ["Why not a?"], "the question again")
