"""Routers, tags and session factories of recipes: who gets which task, and what happens when they fail."""

# ruff: noqa: ARG005 (signatures are what is tested)

from typing import Any

import pytest
from tests.host.conftest import Desk, until

from tallymark.hashing import set_hashes, without_private
from tallymark.host.controller import Controller
from tallymark.host.routing import tags_of
from tallymark.queue import datasets, importing, seats
from tallymark.routers import full_overlap, no_overlap, route_average_per_task
from tallymark.server.channel import interface_shapes
from tallymark.types import Task


def texts(*names: str, **more: Any) -> list[Task]:
    return [{"text": name, **more} for name in names]


def by_hash(ctrl: Controller, session_id: str, item: Task) -> list[str]:
    """As many recipes do it: one of those who are there."""
    pool = ctrl.session_ids
    return [pool[item["_task_hash"] % len(pool)]]


def by_letter(ctrl: Controller, session_id: str, item: Task) -> list[str]:
    """Names in the text's own words."""
    return [ctrl.get_session_name(name) for name in item["text"].split()]


def all_of(desk: Desk, session: str, size: int = 20) -> list[str]:
    """The texts of all tasks that a seat gets, in their order."""
    return [task["task"]["text"] for task in desk.lease(session, size)["tasks"]]


def settled(desk: Desk, session: str) -> str:
    """The state once the router has been asked about the seat and the stream is through."""

    def look() -> str | None:
        for host in desk.hosts:
            host.check()
        state: str = desk.lease(session, 20)["state"]
        return state if state != "searching" else None

    found: str = until(look, "the router")
    return found


def test_a_router_says_who_gets_what(desk: Desk) -> None:
    desk.start(
        lambda: {"stream": texts("ann", "bob", "ann bob", "zoe"), "task_router": by_letter},
        allowed_sessions=["ann", "bob"],
    )
    ann, bob = desk.claim("ann"), desk.claim("bob")
    for session in (ann, bob):
        settled(desk, session)
    assert all_of(desk, ann) == ["ann", "ann bob"]
    assert all_of(desk, bob) == ["bob", "ann bob"], "two are named, and both are asked"


def test_a_router_is_asked_when_somebody_comes_and_again_for_everybody_else(desk: Desk) -> None:
    pools: list[list[str]] = []

    def router(ctrl: Controller, session_id: str, item: Task) -> list[str]:
        pools.append(ctrl.session_ids)
        return by_hash(ctrl, session_id, item)

    stream = texts(*[f"t{number}" for number in range(40)])
    desk.start(lambda: {"stream": stream, "task_router": router})
    ann = desk.claim("ann")
    first = desk.leased(ann, 5, at_least=5)
    assert pools[0] == ["news-ann"], "never asked before anybody is there"
    bob = desk.claim("bob")
    assert settled(desk, bob) == "ready"
    mine = {task["task_id"] for task in desk.lease(bob, 40)["tasks"]}
    hers = {task["task_id"] for task in desk.lease(ann, 40)["tasks"]}
    assert not mine & hers
    assert len(mine | hers) == 40
    assert {task["task_id"] for task in first} <= hers, "what she holds stays hers"


def test_whoever_asks_may_be_named(desk: Desk) -> None:
    def router(ctrl: Controller, session_id: str, item: Task) -> list[str]:
        return (
            full_overlap(ctrl, session_id, item)
            if item["text"] == "hard"
            else no_overlap(ctrl, session_id, item)
        )

    desk.start(
        lambda: {"stream": texts("hard", "easy"), "task_router": router}, allowed_sessions=["ann", "bob"]
    )
    ann, bob = desk.claim("ann"), desk.claim("bob")
    settled(desk, ann)
    assert all_of(desk, ann) == ["hard", "easy"]
    assert all_of(desk, bob) == ["hard"]


@pytest.mark.parametrize(("router", "texts_of_bob"), [(full_overlap, ["a", "b"]), (no_overlap, [])])
def test_the_simple_routers_ask_nobody(desk: Desk, router: Any, texts_of_bob: list[str]) -> None:
    desk.start(lambda: {"stream": texts("a", "b"), "task_router": router})
    ann = desk.claim("ann")
    desk.answer(ann, *desk.leased(ann, 2, at_least=2))
    assert all_of(desk, desk.claim("bob")) == texts_of_bob, "a late joiner, too"


def test_an_average_is_kept_by_named_people(desk: Desk) -> None:
    names = ["ann", "bob", "cyd"]
    stream = texts(*[f"t{number}" for number in range(30)])
    desk.start(lambda: {"stream": stream, "task_router": route_average_per_task(2)}, allowed_sessions=names)
    held = []
    for name in names:
        session = desk.claim(name)
        settled(desk, session)
        held += all_of(desk, session, 40)
    assert sorted(held) == sorted([f"t{number}" for number in range(30)] * 2)


def test_how_many_are_wanted_may_be_said_besides(desk: Desk) -> None:
    desk.start(
        lambda: {"stream": texts("ann bob"), "task_router": by_letter},
        allowed_sessions=["ann", "bob"],
        annotations_per_task=1,
    )
    ann, bob = desk.claim("ann"), desk.claim("bob")
    settled(desk, ann)
    assert all_of(desk, ann) == ["ann bob"]
    assert settled(desk, bob) == "waiting"


def test_a_router_that_names_nobody_who_is_there_is_told_of_once(desk: Desk) -> None:
    stream = texts("ann", "zoe", "zoe ann", "  ", "yan")
    host = desk.start(lambda: {"stream": stream, "task_router": by_letter}, allowed_sessions=["ann"])
    host.heard("The task_router names nobody for some tasks")
    host.heard("The task_router names 'yan', and nobody has come by that name yet")
    settled(desk, desk.claim("ann"))
    assert sum("'zoe'" in line for line in host.said) == 1
    assert not any("'ann'" in line for line in host.said)


def test_a_router_that_fails_stops_the_stream_and_loses_nothing(desk: Desk) -> None:
    def broken(ctrl: Controller, session_id: str, item: Task) -> list[str]:
        return ["news-ann"] if item["text"] == "a" else [ctrl.nobody]  # type: ignore[attr-defined]

    host = desk.start(
        lambda: {"stream": texts("a", "b", "c"), "task_router": broken}, allowed_sessions=["ann"]
    )
    host.heard(f"'Controller' object has no attribute 'nobody' ({__file__}:")
    host.heard("The task_router failed: AttributeError")
    host.stop()
    desk.start(lambda: {"stream": texts("a", "b", "c"), "task_router": by_hash}, allowed_sessions=["ann"])
    ann = desk.claim("ann")
    until(lambda: len(all_of(desk, ann)) == 3, "all three tasks")


def test_a_router_that_fails_later_leaves_tasks_with_those_they_are_for(desk: Desk) -> None:
    def shaky(ctrl: Controller, session_id: str, item: Task) -> list[str]:
        if len(ctrl.session_ids) > 1:
            raise RuntimeError("too many people")
        return ctrl.session_ids

    host = desk.start(lambda: {"stream": texts("a"), "task_router": shaky}, allowed_sessions=["ann"])
    ann = desk.claim("ann")
    settled(desk, ann)
    desk.writer.call(lambda tx: seats.claim_seat(tx, dataset="news", name="bob"))
    host.heard("The task_router failed: RuntimeError: too many people. Open tasks stay")
    assert all_of(desk, ann) == ["a"]


@pytest.mark.parametrize("result", [None, "news-ann", [1]])
def test_a_router_has_to_return_session_ids(desk: Desk, result: Any) -> None:
    router = lambda ctrl, session_id, item: result  # noqa: E731
    host = desk.start(lambda: {"stream": texts("a"), "task_router": router}, allowed_sessions=["ann"])
    host.heard("has to return a list of session ids")


def test_a_session_factory_gives_a_session_tasks_of_its_own(desk: Desk) -> None:
    greeted: list[str] = []

    def factory(ctrl: Controller, session_id: str) -> list[Task] | None:
        greeted.append(session_id)
        if session_id == "news-bob":
            raise RuntimeError("no bobs")
        return texts("try this first") if session_id == "news-ann" else None

    host = desk.start(lambda: {"stream": texts("a"), "session_factory": factory})
    ann = desk.claim("ann")
    until(lambda: "try this first" in all_of(desk, ann), "her own task")
    bob, cyd = desk.claim("bob"), desk.claim("cyd")
    host.heard(f"session_factory failed for bob: RuntimeError: no bobs ({__file__}:")
    until(lambda: greeted == ["news-ann", "news-bob", "news-cyd"], "all greetings")
    assert "try this first" not in all_of(desk, bob) + all_of(desk, cyd)


@pytest.mark.parametrize("made", ["abc", {"text": "x"}, iter(texts("x"))])
def test_a_session_factory_that_gives_no_list_of_tasks_is_told(desk: Desk, made: object) -> None:
    host = desk.start(lambda: {"stream": texts("a"), "session_factory": lambda ctrl, session_id: made})
    ann = desk.claim("ann")
    host.heard("session_factory failed for ann: it has to return a list of tasks or None, not ")
    until(lambda: all_of(desk, ann) == ["a"], "the stream's task")


# -- tags ------------------------------------------------------------------------------------------


def test_tasks_ask_for_tags_in_a_key_of_their_own_or_in_meta(desk: Desk) -> None:
    stream = [
        {"text": "Hallo", "languages": ["de"]},
        {"text": "Bonjour", "meta": {"languages": "fr"}},
        {"text": "Hello"},
        {"text": "broken", "languages": {"de": 1}},
    ]
    annotators = {"ann": {"languages": ["de", "fr"]}, "bob": {"languages": ["fr"]}}
    host = desk.start(lambda: {"stream": stream}, annotators=annotators)
    host.heard("says which tags the annotator of a task must have")
    bob = desk.claim("bob")
    until(lambda: all_of(desk, bob) == ["Bonjour", "Hello"], "his tasks")
    assert all_of(desk, desk.claim("ann")) == ["Hallo"]
    host.stop()
    desk.start(lambda: {"stream": stream}, annotators={"bob": {"languages": ["de"]}, "ann": {}})
    until(lambda: desk.client.get("/api/v1/project").json()["host"] == "up", "the second start")
    assert all_of(desk, bob) == ["Bonjour", "Hello"], "what he holds stays his"


@pytest.mark.parametrize(
    ("task", "tags"),
    [
        ({"a": "x", "b": ["y", 2]}, {"a": ["x"], "b": ["y", "2"]}),
        ({"a": None, "meta": {"a": "m", "b": []}}, {}),
        ({"meta": {"a": "m"}}, {"a": ["m"]}),
        ({"meta": ["a"]}, {}),
    ],
)
def test_tags_of_a_task(task: Task, tags: dict[str, list[str]]) -> None:
    assert tags_of(task, ("a", "b")) == tags


@pytest.mark.parametrize("value", [{}, True, [True], 1.5, [["x"]]])
def test_what_is_no_tag(value: Any) -> None:
    with pytest.raises(ValueError, match="text, or a list of texts"):
        tags_of({"a": value}, ("a",))


# -- from one start to the next -----------------------------------------------------------------------


def test_a_start_may_want_more_answers_of_what_is_queued(desk: Desk) -> None:
    host = desk.start(lambda: {"stream": texts("a", "b")})
    ann = desk.claim("ann")
    desk.answer(ann, *desk.leased(ann, 2, at_least=2))
    host.stop()
    again = desk.start(lambda: {"stream": texts("a", "b")}, annotations_per_task=2)
    again.heard("Tasks queued before want as many answers as new ones")
    assert all_of(desk, desk.claim("bob")) == ["a", "b"]
    again.stop()
    third = desk.start(lambda: {"stream": texts("a", "b")})
    third.heard("Read through")
    assert not any("queued before want" in line for line in third.said), (
        "nothing was said, so nothing changes"
    )


def test_a_start_may_ask_again(desk: Desk) -> None:
    host = desk.start(lambda: {"stream": texts("a", "b")})
    ann = desk.claim("ann")
    desk.answer(ann, desk.leased(ann, 1)[0])
    host.stop()
    desk.start(lambda: {"stream": texts("a", "b")}, auto_exclude_current=False)
    until(lambda: all_of(desk, ann) == ["b", "a"], "a once more")


def test_what_one_has_answered_elsewhere_may_go_to_others(desk: Desk) -> None:
    host = desk.start(lambda: {"stream": texts("a", "b")})
    ann = desk.claim("ann")
    desk.answer(ann, *desk.leased(ann, 2, at_least=2))
    host.stop()
    desk.start(
        lambda: {"dataset": "later", "stream": texts("a", "b"), "exclude": ["news"]}, exclude_for="annotator"
    )
    until(lambda: desk.client.get("/api/v1/project?dataset=later").status_code == 200, "the run")
    claimed = [
        desk.client.post("/api/v1/sessions", json={"name": name, "dataset": "later"}).json()["session"]
        for name in ("ann", "bob")
    ]
    until(lambda: all_of(desk, claimed[1]) == ["a", "b"], "his tasks")
    assert desk.lease(claimed[0])["state"] == "exhausted"


def test_what_was_answered_with_another_tool_is_not_asked_again(desk: Desk) -> None:
    """Hashed before it was answered, by the rule that Prodigy has, with spans added afterwards."""
    asked = set_hashes({"text": "a", "meta": {"source": "x"}})
    record = {**asked, "spans": [], "answer": "accept", "_session_id": "old-ann", "_view_id": "ner_manual"}
    desk.writer.submit(lambda tx: datasets.ensure_dataset(tx, name="old", exclude_by="input")).result(10)
    desk.writer.submit(
        lambda tx: importing.import_answers(
            tx, dataset="old", records=[without_private(record)], shapes=interface_shapes()
        )
    ).result(10)
    rows = [{"text": text, "meta": {"source": "y"}} for text in ("a", "b")]
    desk.start(lambda: {"stream": rows, "exclude": ["old"]})
    ann = desk.claim("ann")
    until(lambda: all_of(desk, ann) == ["b"], "what is left")


def test_who_is_no_longer_allowed_is_told_and_others_get_what_they_held(desk: Desk) -> None:
    host = desk.start(lambda: {"stream": texts("a", "b")}, allowed_sessions=["ann", "bob"])
    bob = desk.claim("bob")
    until(lambda: all_of(desk, bob) == ["a", "b"], "his tasks")
    host.stop()
    again = desk.start(lambda: {"stream": texts("a", "b")}, allowed_sessions=["ann"])
    again.heard("Not among the allowed sessions any more: bob. Others get what they held.")
    reply = desk.lease(bob)
    assert (reply["tasks"], reply["state"]) == ([], "paused")
    assert "'bob' is not among those who may annotate now (ann)" in reply["detail"]["message"]
    assert all_of(desk, desk.claim("ann")) == ["a", "b"]
    refused = desk.client.post("/api/v1/sessions", json={"name": "bob"})
    assert refused.status_code == 403
    again.stop()
    desk.start(lambda: {"stream": texts("a", "b")}, allowed_sessions=["ann", "bob", "cyd"])
    until(lambda: desk.client.post("/api/v1/sessions", json={"name": "bob"}).status_code == 200, "bob's seat")
    until(lambda: desk.lease(bob)["state"] == "waiting", "bob, who is back, waiting for what ann holds")


def test_a_session_factory_makes_queued_tasks_those_of_its_session_alone(desk: Desk) -> None:
    given = {"news-ann": texts("a"), "news-bob": texts("a", "b")}

    def factory(ctrl: Controller, session_id: str) -> list[Task]:
        return given.get(session_id, [])

    host = desk.start(lambda: {"stream": texts("a", "b", "c")})
    host.heard("Read through")
    host.stop()
    desk.start(lambda: {"stream": texts("a", "b", "c"), "session_factory": factory})
    ann, bob, cyd = (desk.claim(name) for name in ("ann", "bob", "cyd"))
    until(lambda: desk.lease(cyd, 0)["progress"]["remaining"] == 1, "tasks of those who are named")
    assert all_of(desk, cyd) == ["c"]
    assert all_of(desk, bob) == ["a", "b"]
    assert all_of(desk, ann) == ["a"], "both are asked"
