"""What a recipe may return, and what it is told when it returns something else."""

from typing import Any

import pytest

from tallymark.components import CALLBACKS, DESCRIPTIONS, RecipeComponents, read_components
from tallymark.errors import RecipeError

VIEWS = {"text", "choice", "ner_manual"}
MINIMAL: dict[str, Any] = {"dataset": "news", "view_id": "text", "stream": [{"text": "a"}]}


def read(**changes: Any) -> RecipeComponents:
    return read_components({**MINIMAL, **changes}, recipe_name="mine", view_ids=VIEWS)


def test_the_least_a_recipe_returns() -> None:
    components = read()
    assert components == RecipeComponents(dataset="news", view_id="text", stream=[{"text": "a"}])
    assert components.callback("update") is None


def test_everything_a_recipe_returns() -> None:
    given = {name: (lambda *args: args) for name in CALLBACKS}
    components = read(
        **given, db=True, exclude=["old"], event_hooks={"retry": len}, config={"labels": ["A"], "mine": 1}
    )
    assert dict(components.callbacks) == given
    assert components.callback("before_db") is given["before_db"]
    assert components.exclude == ("old",)
    assert components.event_hooks == {"retry": len}
    assert components.config == {"labels": ["A"], "mine": 1}


@pytest.mark.parametrize("empty", [None, False])
def test_no_dataset_saves_nothing(empty: object) -> None:
    assert read(dataset=empty).dataset is None
    assert read(db=False).dataset is None


def test_what_existing_recipes_switch_off() -> None:
    assert read(update=None, progress=None, exclude=None, config=None, on_exit=False).callbacks == {}
    assert read(exclude="a, b").exclude == ("a", "b")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"updat": print}, '"updat" is no component. Did you mean "update"?'),
        ({"view_id": "ner"}, 'there is no interface "ner".'),
        ({"view_id": "choise"}, 'there is no interface "choise". Did you mean "choice"?'),
        ({"view_id": None}, 'it returned no "view_id".'),
        ({"view_id": 3}, '"view_id" should be the name of an interface, not 3.'),
        ({"stream": None}, 'it returned no "stream".'),
        ({"stream": 12}, '"stream" should be an iterable of dicts, not 12.'),
        ({"stream": "file.jsonl"}, "\"stream\" should be an iterable of dicts, not 'file.jsonl'."),
        ({"stream": {"text": "a"}}, '"stream" should be an iterable of dicts'),
        ({"update": "later"}, "\"update\" should be a function, not 'later'."),
        ({"event_hooks": {"x": 1}}, 'the event hook "x" should be a function, not 1.'),
        ({"config": ["a"]}, "\"config\" should be a dict with names as keys, not ['a']."),
        ({"exclude": [1]}, '"exclude" should be a list of dataset names, not [1].'),
        ({"dataset": 5}, '"dataset" should be a name, or None to save nothing, not 5.'),
        ({"dataset": ""}, "\"dataset\" should be a name, or None to save nothing, not ''."),
        ({"db": object}, '"db" should be True, False or left out'),
    ],
)
def test_wrong_components_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read(**changes)
    assert caught.value.title.startswith(f'The recipe "mine" cannot start: {message}')


def test_every_component_is_described() -> None:
    assert set(CALLBACKS) < set(DESCRIPTIONS)
    assert all(text.endswith(".") for text in DESCRIPTIONS.values())
