"""Arguments of recipes in every style, given exactly as for Prodigy."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tallymark.cli.main import main

Run = Callable[..., Any]

TUPLES = """
import json
import prodigy
from pathlib import Path
from prodigy.util import split_string

@prodigy.recipe(
    "old.style",
    dataset=("Where to save", "positional", None, str),
    source=("What to read", "positional", None, Path),
    label=("Labels", "option", "l", split_string),
    loader=("Format", "option", "lo", str),
    tags=("Tags", "option", "t", lambda s: s.split(",")),
    fast=("Go fast", "flag", "F"),
    limit=("At most", "option", "n", int),
    kind=("Which one", "option", "k", str, ["a", "b"], "KIND"),
    not_there=("Nothing", "option", "x", str),
)
def old(dataset, source, loader, label=None, tags=None, fast=False, limit=5, kind="a"):
    print(json.dumps([dataset, str(source), loader, label, tags, fast, limit, kind]))
"""

ARGS = """
import json
from typing import List, Literal, Optional
from prodigy.core import Arg, recipe

@recipe(
    "new.style",
    dataset=Arg(help="Where to save"),
    labels=Arg("--label", "-l", help="Labels"),
    mode=Arg("--mode", "-m", help="How"),
    share=Arg("--share", "-s", help="How much"),
    loud=Arg("--loud", "-L", help="Shout"),
)
def new(dataset: str, labels: Optional[List[str]] = None, mode: Literal["x", "y"] = "x",
        share: float = 0.5, loud: bool = False, _extra: List[str] = []):
    print(json.dumps([dataset, labels, mode, share, loud, list(_extra)]))
"""

SHARED = """
import json
import prodigy
from prodigy import recipe_args

@prodigy.recipe(
    "shared.style",
    dataset=recipe_args["dataset"],
    source=recipe_args["source"],
    label=recipe_args["label_set"],
    exclude=recipe_args["exclude"],
    unsegmented=recipe_args["unsegmented"],
    view_id=recipe_args["view"],
)
def shared(dataset, source, label=None, exclude=None, unsegmented=False, view_id=None):
    print(json.dumps([dataset, source, label, exclude, unsegmented, view_id]))

@prodigy.recipe("bare")
def bare(dataset, source):
    print(json.dumps([dataset, source]))
"""


@pytest.fixture
def said(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str], load: Callable[[str], ModuleType]
) -> Callable[..., Any]:
    """What a recipe that prints JSON says when it is called with words."""

    def run(text: str, *words: str, code: int = 0) -> Any:
        file = tmp_path / "recipe.py"
        file.write_text(text)
        capsys.readouterr()
        assert main([*words, "-F", str(file)]) == code
        captured = capsys.readouterr()
        return json.loads(captured.out) if code == 0 else captured.err

    return run


def test_tuples_of_three_four_and_six(said: Run) -> None:
    words = (
        "old.style",
        "ds",
        "in.jsonl",
        "-l",
        "A, B",
        "-lo",
        "txt",
        "-t",
        "x,y",
        "-F",
        "-n",
        "3",
        "-k",
        "b",
    )
    assert said(TUPLES, *words) == ["ds", "in.jsonl", "txt", ["A", "B"], ["x", "y"], True, 3, "b"]
    long = ("old.style", "ds", "in.jsonl", "--label", "A", "--loader", "txt", "--limit", "2")
    assert said(TUPLES, *long) == ["ds", "in.jsonl", "txt", ["A"], None, False, 2, "a"]


def test_an_option_without_a_default_may_be_left_out(said: Run) -> None:
    assert said(TUPLES, "old.style", "ds", "in.jsonl") == ["ds", "in.jsonl", None, None, None, False, 5, "a"]


def test_choices_are_kept_to(said: Run) -> None:
    assert "expected one of a, b" in said(TUPLES, "old.style", "ds", "in.jsonl", "-k", "c", code=2)


def test_arg_with_type_hints(said: Run) -> None:
    words = ("new.style", "ds", "-l", "A,B", "-m", "y", "--share", "0.25", "-L", "--model.name", "big")
    assert said(ARGS, *words) == ["ds", ["A", "B"], "y", 0.25, True, ["--model.name", "big"]]
    assert said(ARGS, "new.style", "ds") == ["ds", None, "x", 0.5, False, []]


def test_shared_descriptions_and_none_at_all(said: Run, tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("ONE\nTWO\n")
    words = ("shared.style", "ds", "in.jsonl", "-l", str(labels), "-e", "a,b", "-U", "-v", "text")
    assert said(SHARED, *words) == ["ds", "in.jsonl", ["ONE", "TWO"], ["a", "b"], True, "text"]
    assert said(SHARED, "bare", "ds", "in.jsonl") == ["ds", "in.jsonl"]


def test_the_decorated_function_stays_callable(load: Callable[[str], ModuleType], capsys: Any) -> None:
    load(SHARED).bare("ds", source="x")
    assert json.loads(capsys.readouterr().out) == ["ds", "x"]


def test_recipes_can_be_looked_up(prodigy: ModuleType, load: Callable[[str], ModuleType]) -> None:
    module = load(SHARED)
    assert prodigy.get_recipe("bare") is module.bare
    assert prodigy.get_recipe("no.such") is None
    prodigy.set_recipe("again", module.bare)
    assert prodigy.get_recipe("again") is module.bare


def test_serve_takes_a_command_line_or_values(
    prodigy: ModuleType, home: Path, load: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]
) -> None:
    load(SHARED)
    assert prodigy.serve("shared.style ds in.jsonl --label A,B") == 0
    assert prodigy.serve("prodigy bare ds 'in one.jsonl'") == 0
    assert prodigy.serve("shared.style", "ds", "in.jsonl", ["A"], exclude=["b"], port=8123) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert said == [
        ["ds", "in.jsonl", ["A", "B"], None, False, None],
        ["ds", "in one.jsonl"],
        ["ds", "in.jsonl", ["A"], ["b"], False, None],
    ]


CLASH = """
import prodigy

@prodigy.recipe("clash", dataset=("To", "positional"), database=("From", "positional"), port=("P", "option"))
def clash(dataset, database, port="none"):
    print(dataset, database, port)
"""


def test_parameters_may_be_called_like_settings(load: Run, tmp_path: Path, capsys: Any) -> None:
    load(CLASH)
    assert main(["clash", "news", "plays.db", "--port", "x", "-F", str(tmp_path / "recipe.py")]) == 0
    assert capsys.readouterr().out.split() == ["news", "plays.db", "x"]


def test_a_recipe_that_loads_a_model_that_is_not_installed_is_told_what_helps(load: Run) -> None:
    load("""
import prodigy, spacy

@prodigy.recipe("needs.model")
def needs_model(dataset, name):
    return {"dataset": dataset, "view_id": "text", "stream": [], "nlp": spacy.load(name)}
""")
    with pytest.raises(OSError, match="E050") as caught:
        main(["needs.model", "news", "en_core_web_xyz"])
    assert "blank:en" in caught.value.__notes__[0]
