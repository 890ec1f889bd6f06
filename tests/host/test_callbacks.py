"""Callbacks get what is theirs, once, and nothing they do loses an answer."""

# ruff: noqa: ARG005 (signatures are what is tested)

import threading
from fractions import Fraction
from typing import Any

import pytest
from tests.host.conftest import Desk, until

from tallymark.errors import RecipeError
from tallymark.host.progress import argument_names
from tallymark.types import Task

ONE = {"stream": [{"text": "one"}]}
THREE = {"stream": [{"text": "one"}, {"text": "two"}, {"text": "three"}]}


def test_update_gets_each_answer_once_over_restarts(desk: Desk) -> None:
    given: list[str] = []

    def update(answers: list[Task]) -> None:
        given.extend(answer["text"] for answer in answers)

    host = desk.start(lambda: {**THREE, "update": update}, update_on="submit")
    session = desk.claim()
    tasks = desk.leased(session, 3, at_least=3)
    desk.answer(session, *tasks[:2])
    until(lambda: len(given) == 2, "two answers")
    host.stop()
    desk.start(lambda: {**THREE, "update": update}, update_on="submit")
    desk.claim()
    until(lambda: desk.client.get("/api/v1/project").json()["host"] == "up", "the second host")
    desk.answer(session, tasks[2])
    until(lambda: len(given) == 3, "the third answer")
    assert sorted(given) == ["one", "three", "two"]


def test_answers_that_may_still_be_undone_are_delivered_at_the_stop(desk: Desk) -> None:
    given: list[Task] = []
    order: list[str] = []
    components = {
        **THREE,
        "update": given.extend,
        "on_load": lambda _ctrl: order.append("load"),
        "on_exit": lambda _ctrl: order.append(f"exit after {len(given)}"),
    }
    host = desk.start(lambda: components)
    session = desk.claim()
    desk.answer(session, *desk.leased(session, 2, at_least=2))
    assert given == []
    assert host.stop() == 0
    assert order == ["load", "exit after 2"]
    assert {task["answer"] for task in given} == {"accept"}
    assert {task["_session_id"] for task in given} == {"news-ann"}


def test_an_update_that_raises_is_shown_and_the_host_goes_on(desk: Desk) -> None:
    calls: list[int] = []

    def update(answers: list[Task]) -> None:
        calls.append(len(answers))
        raise RuntimeError("out of memory")

    host = desk.start(lambda: {**THREE, "update": update}, update_on="submit")
    session = desk.claim()
    tasks = desk.leased(session, 3, at_least=3)
    desk.answer(session, tasks[0])
    host.heard(f"update failed: out of memory (RuntimeError, {__file__}:")
    desk.answer(session, tasks[1])
    until(lambda: len(calls) == 2, "the second call")


def test_an_error_within_a_library_is_told_with_the_line_that_called_it(desk: Desk) -> None:
    host = desk.start(lambda: {**THREE, "update": lambda _answers: Fraction("half")}, update_on="submit")
    desk.answer(desk.claim(), *desk.leased(desk.claim(), 1))
    host.heard(f"update failed: Invalid literal for Fraction: 'half' (ValueError, {__file__}:")


def test_answers_that_update_failed_at_are_given_to_it_again_by_the_next_start(desk: Desk) -> None:
    given: list[str] = []

    def failing(_answers: list[Task]) -> None:
        raise RuntimeError("out of memory")

    def working(answers: list[Task]) -> None:
        given.extend(answer["text"] for answer in answers)

    first = desk.start(lambda: {**THREE, "update": failing}, update_on="submit")
    desk.answer(desk.claim(), *desk.leased(desk.claim(), 2, at_least=2))
    first.heard("update failed: out of memory")
    assert first.stop() == 0
    assert "All are saved; the next start gives them to it again." in first.heard(
        "update failed at 2 answers"
    )
    second = desk.start(lambda: {**THREE, "update": working}, update_on="submit")
    until(lambda: sorted(given) == ["one", "two"], "what failed before")
    assert second.stop() == 0
    assert not [line for line in second.said if "failed" in line]


def test_edits_and_retractions_go_to_replace_and_remove(desk: Desk) -> None:
    told: list[tuple[str, Any]] = []
    components = {
        **ONE,
        "update": lambda answers: told.append(("update", answers[0].get("label"))),
        "replace": lambda answers: told.append(("replace", answers[0].get("label"))),
        "remove": lambda answers: told.append(("remove", len(answers))),
    }
    desk.start(lambda: components, update_on="submit")
    session = desk.claim()
    task = desk.leased(session)[0]
    desk.answer(session, task, set={"label": "A"})
    until(lambda: told == [("update", "A")], "update")
    desk.answer(session, {**task, "revision": 1}, set={"label": "B"})
    until(lambda: told[1:] == [("replace", "B")], "replace")
    desk.answer(session, {**task, "revision": 2}, status="retracted")
    until(lambda: told[2:] == [("remove", 1)], "remove")


def test_before_db_makes_a_second_form_and_history_keeps_the_raw_one(desk: Desk) -> None:
    def before_db(examples: list[Task]) -> list[Task]:
        return [{**example, "text": example["text"].upper()} for example in examples]

    host = desk.start(lambda: {**ONE, "before_db": before_db})
    session = desk.claim()
    task = desk.leased(session)[0]
    desk.answer(session, task)

    def formed() -> bool:
        trace = desk.client.get(f"/api/v1/trace?task_id={task['task_id']}").json()
        return bool(trace["tasks"][0]["answers"][0]["form_state"] == "made")

    until(formed, "the form")
    history = desk.client.get(f"/api/v1/sessions/{session}/history").json()
    assert history["answers"][0]["task"]["text"] == "one"
    host.stop()


@pytest.mark.parametrize("result", [[], None, [{"text": "a"}, {"text": "b"}], "text"])
def test_a_before_db_that_drops_or_multiplies_loses_nothing(desk: Desk, result: Any) -> None:
    host = desk.start(lambda: {**ONE, "before_db": lambda _examples: result})
    session = desk.claim()
    desk.answer(session, desk.leased(session)[0])
    host.heard("before_db failed: before_db has to return one record")
    history = desk.client.get(f"/api/v1/sessions/{session}/history").json()
    assert history["answers"][0]["task"]["text"] == "one"


def test_a_refused_answer_is_kept_as_a_draft_with_the_message(desk: Desk) -> None:
    def validate(task: Task) -> None:
        if not task.get("label"):
            raise ValueError("choose a label")

    desk.start(lambda: {**ONE, "validate_answer": validate})
    session = desk.claim()
    task = desk.leased(session)[0]
    assert desk.client.get("/api/v1/project").json()["validates"] is True
    ack = desk.answer(session, task)[0]
    assert (ack["result"], ack["detail"]) == ("invalid", "choose a label")
    assert desk.lease(session)["tasks"][0]["draft"]["message"] == "choose a label"
    ack = desk.answer(session, {**task}, set={"label": "A"}, op_id="second")[0]
    assert ack["result"] == "stored"


def test_a_mistake_in_validate_answer_is_told_to_who_runs_the_recipe(desk: Desk) -> None:
    host = desk.start(lambda: {**ONE, "validate_answer": lambda task: task["lost"]})
    session = desk.claim()
    ack = desk.answer(session, desk.leased(session)[0])[0]
    assert (ack["result"], ack["detail"]) == ("invalid", "'lost'")
    host.heard(f"validate_answer failed: 'lost' (KeyError, {__file__}:")


def test_while_the_host_is_busy_answers_are_stored_and_validated_later(desk: Desk) -> None:
    training, go_on = threading.Event(), threading.Event()

    def update(_answers: list[Task]) -> None:
        training.set()
        go_on.wait(20)

    def validate(task: Task) -> None:
        if task["text"] == "two":
            raise ValueError("not two")

    desk.start(lambda: {**THREE, "update": update, "validate_answer": validate}, update_on="submit")
    session = desk.claim()
    one, two, _ = desk.leased(session, 3, at_least=3)
    desk.answer(session, one)
    assert training.wait(10)
    assert desk.answer(session, two)[0]["result"] == "stored"
    go_on.set()

    def sent_back() -> bool:
        held = desk.lease(session)["tasks"]
        return any(t["task_id"] == two["task_id"] and t["draft"] for t in held)

    until(sent_back, "the answer to come back")


def test_an_answer_given_while_no_host_runs_is_validated_by_the_next(desk: Desk) -> None:
    seen: list[str] = []

    def recipe() -> dict[str, Any]:
        return {**THREE, "validate_answer": lambda task: seen.append(task["text"])}

    host = desk.start(recipe)
    session = desk.claim()
    one = desk.leased(session)[0]
    host.stop()
    assert desk.answer(session, one)[0]["result"] == "stored"
    assert seen == []
    desk.start(recipe)
    until(lambda: seen == ["one"], "the validation")


def test_event_hooks_answer_the_page(desk: Desk) -> None:
    def add(ctrl: Any, *, one: int, two: int) -> dict[str, Any]:
        return {"sum": one + two, "dataset": ctrl.dataset}

    def fail(_ctrl: Any) -> None:
        raise ValueError("no such record")

    desk.start(lambda: {**ONE, "event_hooks": {"add": add, "fail": fail}})
    session = desk.claim()
    path = f"/api/v1/sessions/{session}/events"
    big = 2**70
    reply = desk.client.post(f"{path}/add", content=f'{{"one": {big}, "two": 1}}', headers=JSON)
    assert reply.json() == {"result": {"sum": big + 1, "dataset": "news"}}
    failed = desk.client.post(f"{path}/fail", json={})
    assert (failed.status_code, failed.json()["code"]) == (422, "recipe")
    assert "no such record" in failed.json()["detail"]
    unknown = desk.client.post(f"{path}/other", json={})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_known")


JSON = {"content-type": "application/json"}


def test_an_event_for_a_busy_or_absent_host_says_so(desk: Desk) -> None:
    busy, go_on = threading.Event(), threading.Event()

    def update(_answers: list[Task]) -> None:
        busy.set()
        go_on.wait(20)

    hooks = {"ping": lambda _ctrl: "pong"}
    host = desk.start(lambda: {**ONE, "update": update, "event_hooks": hooks}, update_on="submit")
    session = desk.claim()
    desk.answer(session, desk.leased(session)[0])
    assert busy.wait(10)
    path = f"/api/v1/sessions/{session}/events/ping"
    reply = desk.client.post(path, json={})
    assert (reply.status_code, reply.json()["code"]) == (503, "host_busy")
    go_on.set()
    host.stop()
    reply = desk.client.post(path, json={})
    assert reply.status_code == 503


def test_progress_of_the_recipe_reaches_the_session(desk: Desk) -> None:
    def progress(ctrl: Any, session: Any, answers: list[Task], update_return_value: Any) -> float:
        assert session.id == "news-ann"
        assert ctrl.get_session_name("ann") == session.id
        return float(update_return_value) * len(answers)

    desk.start(lambda: {**ONE, "update": lambda _answers: 0.25, "progress": progress}, update_on="submit")
    session = desk.claim()
    desk.answer(session, desk.leased(session)[0])
    path = f"/api/v1/progress?session={session}"
    until(lambda: desk.client.get(path).json()["fraction"] == 0.25, "the recipe's progress")


@pytest.mark.parametrize(
    ("callback", "names"),
    [
        (lambda ctrl, session, answers, update_return_value: 0, 4),
        (lambda ctrl, update_return_value: 0, ("ctrl", "update_return_value")),
        (lambda controller, update_return_value: 0, ("ctrl", "update_return_value")),
        (lambda session, total, loss: 0, ("session_count", "total", "loss")),
        (lambda session_count, total: 0, ("session_count", "total")),
        (lambda: 0, ()),
        (lambda a, b: 0, ("ctrl", "update_return_value")),
    ],
)
def test_every_signature_of_progress_is_served(callback: Any, names: Any) -> None:
    found = argument_names(callback)
    assert found == names if isinstance(names, tuple) else len(found) == names


def test_ctrl_db_reads_and_writes(desk: Desk) -> None:
    seen: dict[str, Any] = {}

    def on_load(ctrl: Any) -> None:
        ctrl.db.add_dataset("gold")
        ctrl.db.add_examples([{"text": "known", "answer": "accept"}], ["gold"])
        seen["gold"] = [task["text"] for task in ctrl.db.get_dataset_examples("gold")]
        seen["there"] = "gold" in ctrl.db

    host = desk.start(lambda: {**ONE, "on_load": on_load})
    host.heard("Read through")
    assert seen == {"gold": ["known"], "there": True}


def test_a_newer_host_of_the_dataset_fences_the_older(desk: Desk) -> None:
    older = desk.start(lambda: {"stream": iter([{"text": "one"}])})
    desk.claim()
    older.heard("Read through")
    newer = desk.start(lambda: {"stream": iter([{"text": "two"}]), "update": lambda _answers: None})
    newer.heard("Read through")
    assert older.ended() == 3
    assert newer.stop() == 0


def test_an_on_load_that_raises_stops_the_start(desk: Desk) -> None:
    def on_load(_ctrl: Any) -> None:
        raise ValueError("no model")

    host = desk.start(lambda: {**ONE, "on_load": on_load})
    assert "no model" in str(host.ended())


@pytest.mark.parametrize("callback", ["on_load", "get_session_id"])
def test_what_fails_at_the_start_is_named_with_its_line(desk: Desk, callback: str) -> None:
    def failing(*_given: Any) -> Any:
        raise KeyError("name")

    refused = desk.start(lambda: {**ONE, callback: failing}).ended()
    assert isinstance(refused, RecipeError)
    assert f"The recipe's {callback} failed." in str(refused)
    assert f"KeyError: 'name' ({__file__}:" in str(refused)
