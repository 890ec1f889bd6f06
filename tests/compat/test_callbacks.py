"""What recipes do with the controller while they run."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from tests.host.conftest import Desk, desk, until  # noqa: F401

from tallymark.compat.components import as_components
from tallymark.compat.prodigy.components.stream import get_stream
from tallymark.compat.prodigy.core import Controller
from tallymark.errors import RecipeError
from tallymark.types import Task


def texts(*names: str) -> list[Task]:
    return [{"text": name} for name in names]


def shouted(stream: Iterable[Task]) -> Iterator[Task]:
    for task in stream:
        yield {**task, "text": task["text"].upper()}


def shown(tasks: list[dict[str, Any]]) -> list[str]:
    return [task["task"]["text"] for task in tasks]


def test_on_load_may_put_another_stream_in_place(desk: Desk) -> None:  # noqa: F811
    def on_load(ctrl: Controller) -> None:
        ctrl.stream = iter(texts("new"))

    desk.start(lambda: {"stream": texts("old"), "on_load": on_load})
    assert shown(desk.leased(desk.claim())) == ["new"]


def test_a_hook_may_reset_the_stream_and_keep_its_steps(desk: Desk) -> None:  # noqa: F811
    def again(ctrl: Controller, *, name: str) -> dict[str, str]:
        ctrl.reset_stream(texts(name), prepend_old_wrappers=True)
        return {"now": name}

    def recipe() -> dict[str, Any]:
        stream = get_stream(texts("one")).apply(shouted)
        return {"stream": stream, "event_hooks": {"again": again}}

    desk.start(recipe)
    session = desk.claim()
    assert shown(desk.leased(session)) == ["ONE"]
    reply = desk.client.post(f"/api/v1/sessions/{session}/events/again", json={"name": "two"})
    assert reply.json()["result"] == {"now": "two"}
    assert shown(desk.leased(session, at_least=2)) == ["ONE", "TWO"]


def test_the_controller_knows_datasets_and_sessions(desk: Desk) -> None:  # noqa: F811
    seen: dict[str, Any] = {}

    def on_load(ctrl: Controller) -> None:
        ctrl.add_session("news-bob")
        ctrl.db.add_dataset("seeds")
        ctrl.db.add_examples([{"text": "seed", "answer": "accept"}], datasets=["seeds"])
        seen.update(sessions=ctrl.session_ids, own="news" in ctrl.db, seeds=ctrl.db.get_dataset("seeds"))
        seen.update(dataset=ctrl.dataset, annotated=ctrl.total_annotated, name=ctrl.get_session_name("bob"))

    def on_exit(ctrl: Controller) -> None:
        seen.update(answered=ctrl.total_annotated, run=ctrl.db.get_dataset(ctrl.session_id))
        ctrl.save()

    host = desk.start(lambda: {"stream": texts("a"), "on_load": on_load, "on_exit": on_exit})
    session = desk.claim()
    task = desk.leased(session)[0]
    desk.answer(session, task, client_time=4e9)
    host.stop()
    assert "news-bob" in seen["sessions"]
    assert (seen["own"], seen["annotated"]) == (True, 0)
    assert (seen["dataset"], seen["name"]) == ("news", "news-bob")
    assert shown([{"task": example} for example in seen["seeds"]]) == ["seed"]
    assert seen["answered"] == 1
    assert [example["text"] for example in seen["run"]] == ["a"]


def test_the_oldest_form_of_progress_with_defaults(desk: Desk) -> None:  # noqa: F811
    asked: list[Any] = []

    def update(answers: list[Task]) -> float:
        return 0.25 * len(answers)

    def progress(session: int = 0, total: int = 0, loss: float = 0, own: str = "kept") -> float:
        asked.append((session, total, loss, own))
        return 0.5

    host = desk.start(lambda: {"stream": texts("a", "b"), "update": update, "progress": progress})
    session = desk.claim()
    desk.answer(session, *desk.leased(session, at_least=2))
    host.stop()
    assert asked == [(2, 2, 0.5, "kept")]


class OwnDatabase:
    """A database of a recipe."""

    def __init__(self, *known: int) -> None:
        self.known = known
        self.saved: list[tuple[list[Task], list[str]]] = []

    def __contains__(self, name: object) -> bool:
        return bool(self.known)

    def get_task_hashes(self, *names: str) -> set[int]:
        assert names == ("news",)
        return set(self.known)

    def add_examples(self, examples: list[Task], datasets: list[str]) -> None:
        self.saved.append((examples, datasets))


def test_a_database_of_ones_own_gets_the_answers_and_says_what_is_known(desk: Desk) -> None:  # noqa: F811
    from tallymark.hashing import set_hashes

    database = OwnDatabase(set_hashes({"text": "known"})["_task_hash"])
    seen: list[Any] = []
    given = {
        "dataset": "news",
        "stream": texts("known", "new"),
        "db": database,
        "update": lambda answers: seen.extend(answers),
        "on_load": lambda ctrl: seen.append(ctrl.db),
    }
    host = desk.start(lambda: as_components(given) or {})
    session = desk.claim()
    tasks = desk.leased(session)
    assert shown(tasks) == ["new"]
    desk.answer(session, *tasks)
    host.stop()
    [(examples, datasets)] = database.saved
    assert ([example["text"] for example in examples], datasets) == (["new"], ["news"])
    assert seen[0] is database
    assert seen[1]["text"] == "new"


def test_answers_that_a_database_of_ones_own_refused_come_to_it_at_the_next_start(desk: Desk) -> None:  # noqa: F811
    class Refusing(OwnDatabase):
        def add_examples(self, examples: list[Task], datasets: list[str]) -> None:  # noqa: ARG002
            raise OSError("no space left")

    first = desk.start(
        lambda: as_components({"dataset": "news", "stream": texts("new"), "db": Refusing()}) or {}
    )
    session = desk.claim()
    desk.answer(session, *desk.leased(session))
    first.stop()
    told = first.heard("update failed")
    assert "the add_examples() of the recipe's db raised OSError: no space left" in told
    assert __file__ in told
    database = OwnDatabase()
    second = desk.start(
        lambda: as_components({"dataset": "news", "stream": texts("new"), "db": database}) or {}
    )
    until(lambda: desk.client.get("/api/v1/project").json()["host"] == "up", "the second host")
    second.stop()
    [(examples, _)] = database.saved
    assert [example["text"] for example in examples] == ["new"]


def test_what_is_no_database_is_refused() -> None:
    with pytest.raises(RecipeError, match="add_examples"):
        as_components({"dataset": "x", "stream": [], "db": {"name": "x"}})


def test_unknown_components_are_told_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    assert as_components({"stream": [], "on_laod": print}) == {"stream": []}
    assert 'Did you mean "on_load"?' in caplog.text


@pytest.mark.parametrize("returned", [None, False, 3, "text", ["a"]])
def test_whatever_else_a_recipe_returns_it_is_a_command(returned: Any) -> None:
    assert as_components(returned) is None


def test_a_prepared_controller_is_components_with_its_sessions() -> None:
    prepared = Controller.from_components(
        "mine", {"dataset": "news", "view_id": "text", "stream": texts("a")}
    )
    prepared.config["batch_size"] = 3
    prepared.add_session("news-ann")
    prepared.add_session("bob")
    assert (prepared.dataset, prepared.view_id, prepared.exclude_by) == ("news", "text", "task")
    assert prepared.session_ids == ["news-ann", "news-bob"]
    assert [task["text"] for task in prepared.stream] == ["a"]
    added: list[Any] = []

    class Running:
        def add_sessions(self, names: list[str]) -> None:
            added.extend(names)

    components = as_components(prepared) or {}
    components["on_load"](Running())
    assert components["config"] == {"batch_size": 3}
    assert added == ["ann", "bob"]
    with pytest.raises(RecipeError, match="need a dataset"):
        Controller.from_components("mine", {"stream": []}).add_session("ann")
