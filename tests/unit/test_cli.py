"""The command line: arguments from signatures, help, and what is said when something is mistyped."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tallymark
from tallymark.cli import catalog, run
from tallymark.cli.main import main, take_files
from tallymark.components import RecipeComponents
from tallymark.config import Settings
from tallymark.errors import InputError, NotKnown
from tallymark.recipe import recipes

RECIPES = '''
import json
from enum import Enum
from pathlib import Path
from typing import Any, Iterable, List, Literal, Optional, Union

from spacy.language import Language

from tallymark import Arg, recipe


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def split(text: str) -> list[str]:
    return [part.strip().upper() for part in text.split(",")]


def refuse(text: str) -> int:
    raise ValueError("never good enough")


@recipe(
    "show.all",
    dataset=Arg(help="Where to save"),
    label=("Labels", "option", "l", split),
    loader=("Loader", "option", "lo", str),
    fast=("Go fast", "flag", "F", bool),
    level=Arg("--level", "-v", help="How much", count=True),
    bad=Arg("--bad", converter=refuse),
)
def show_all(
    dataset: str,
    source: Union[str, Iterable[dict]],
    second: Optional[Path] = None,
    label: Optional[List[str]] = None,
    loader: str = "jsonl",
    fast: bool = False,
    level: int = 0,
    limit: int = 3,
    rate: float = 0.5,
    style: Literal["one", "many"] = "one",
    colour: Colour = Colour.RED,
    names: tuple[str, ...] = (),
    numbers: list[int] = [],
    cut: int | None = None,
    tidy: bool = True,
    bad: Any = None,
):
    """Show every argument.

    A second paragraph.
    """
    values = dict(locals())
    print(json.dumps(values, default=str))


@recipe("start.text", dataset=Arg(help="Where"))
def start_text(dataset: str, batch_size: int = 4):
    """Start something."""
    return {
        "dataset": dataset,
        "view_id": "text",
        "stream": [{"text": "a"}],
        "config": {"port": 7000, "my_key": batch_size, "cors": True},
    }


@recipe("extra.options")
def extra_options(dataset: str, verbose: bool = False, _extra: list[str] = []):
    print(dataset, verbose, _extra)


@recipe("takes.pipeline")
def takes_pipeline(nlp: Language):
    print(nlp.lang, nlp.pipe_names)


@recipe("gives.text")
def gives_text():
    return "text"


@recipe("gives.code")
def gives_code():
    return 3
'''


@pytest.fixture
def recipe_file(tmp_path: Path) -> Iterator[str]:
    catalog.load_built_in()
    before = set(recipes.registered())
    path = tmp_path / "mine.py"
    path.write_text(RECIPES)
    yield str(path)
    for name in set(recipes.registered()) - before:
        recipes.remove(name)


@pytest.fixture
def call(recipe_file: str, capsys: pytest.CaptureFixture[str]) -> Any:
    def run_main(*words: str) -> tuple[int, str, str]:
        code = main([*words, "-F", recipe_file])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run_main


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What would have been served."""
    calls: list[dict[str, Any]] = []

    def pretend(components: RecipeComponents, **more: Any) -> int:
        calls.append({"components": components, **more})
        return 0

    monkeypatch.setattr(run, "run_recipe", pretend)
    return calls


def values(call: Any, *words: str) -> dict[str, Any]:
    import json

    code, out, err = call("show.all", *words)
    assert code == 0, err
    read: dict[str, Any] = json.loads(out)
    return read


def test_defaults_are_the_functions_own(call: Any) -> None:
    assert values(call, "news", "in.jsonl") == {
        "dataset": "news",
        "source": "in.jsonl",
        "second": None,
        "label": None,
        "loader": "jsonl",
        "fast": False,
        "level": 0,
        "limit": 3,
        "rate": 0.5,
        "style": "one",
        "colour": "Colour.RED",
        "names": [],
        "numbers": [],
        "cut": None,
        "tidy": True,
        "bad": None,
    }


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--label", "a,b"], "label", ["A", "B"]),
        (["-l", "a", "-l", "b"], "label", ["A", "B"]),
        (["--label=a, b"], "label", ["A", "B"]),
        (["-lo", "csv"], "loader", "csv"),
        (["--fast"], "fast", True),
        (["-F"], "fast", True),
        (["-vvv"], "level", 3),
        (["--limit", "-5"], "limit", -5),
        (["--rate", "1e-3"], "rate", 0.001),
        (["--style", "many"], "style", "many"),
        (["--colour", "blue"], "colour", "Colour.BLUE"),
        (["--names", "x,y"], "names", ["x", "y"]),
        (["--numbers", "1,2", "--numbers", "3"], "numbers", [1, 2, 3]),
        (["--cut", "7"], "cut", 7),
        (["--no-tidy"], "tidy", False),
        (["--second", "other/path"], "second", "other/path"),
    ],
)
def test_options(call: Any, words: list[str], name: str, value: Any) -> None:
    assert values(call, "news", "in.jsonl", *words)[name] == value


def test_a_dash_is_standard_input_and_two_dashes_end_options(call: Any) -> None:
    assert values(call, "news", "-")["source"] == "-"
    assert values(call, "news", "--", "--odd-name")["source"] == "--odd-name"
    assert values(call, "news", "-", "--loader", "-")["loader"] == "-"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show.al"], 'There is no recipe or command "show.al". Did you mean "show.all"?'),
        (["show.all"], "show.all needs DATASET (Where to save)."),
        (["show.all", "news"], "show.all needs SOURCE."),
        (["show.all", "news", "in", "--lable", "A"], "Unknown option: --lable. Did you mean --label?"),
        (["show.all", "news", "in", "--label"], "show.all needs a value for --label (Labels)."),
        (["show.all", "a", "b", "c"], "show.all does not know what to do with c."),
        (["show.all", "a", "b", "--limit", "few"], "--limit is 'few'; expected a whole number."),
        (["show.all", "a", "b", "--numbers", "1,x"], "--numbers is 'x'; expected a whole number."),
        (["show.all", "a", "b", "--style", "mani"], 'expected one of one, many. Did you mean "many"?'),
        (["show.all", "a", "b", "--colour", "green"], "--colour is 'green'; expected one of red, blue."),
        (["show.all", "a", "b", "--bad", "x"], "--bad cannot be 'x': never good enough"),
        (
            ["show.all", "a", "b", "--port", "many"],
            "--port is 'many'; expected a whole number from 0 to 65535.",
        ),
        (
            ["show.all", "a", "b", "--set", "prot=1"],
            'There is no setting prot (--set prot). Did you mean "port"?',
        ),
        (["show.all", "a", "b", "--set", "port"], "--set is 'port'; expected NAME=VALUE"),
        (["--port", "3", "show.all"], "The name of a recipe or command comes first, not --port."),
        (["gives.text"], 'The recipe "gives.text" returned str.'),
    ],
)
def test_mistakes_are_one_clear_paragraph(call: Any, words: list[str], message: str) -> None:
    code, out, err = call(*words)
    assert code == 2
    assert message in err
    assert "Traceback" not in err
    assert out == ""


def test_unknown_settings_in_the_environment_stop_everything(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLYMARK_PROT", "1")
    code, _, err = call("show.all", "a", "b")
    assert (code, "TALLYMARK_PROT" in err) == (2, True)


def test_verbose_adds_the_traceback(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYMARK_LOGGING", "verbose")
    code, _, err = call("show.all", "a", "b", "--limit", "few")
    assert code == 2
    assert "Traceback" in err


def test_exit_codes_of_plain_commands(call: Any) -> None:
    assert call("gives.code")[0] == 3
    assert call("show.all", "a", "b")[0] == 0


def test_extra_options_are_handed_over(call: Any) -> None:
    code, out, _ = call("extra.options", "--components.llm.name", "x", "news", "--verbose", "--a=b", "--flag")
    assert code == 0
    assert out.strip() == "news True ['--components.llm.name', 'x', '--a=b', '--flag']"


def test_a_language_is_loaded_by_name(call: Any) -> None:
    assert call("takes.pipeline", "blank:de")[1] == "de []\n"
    code, _, err = call("takes.pipeline", "no_such_pipeline")
    assert code == 2
    assert "no_such_pipeline" in err


def test_components_are_served_with_settings_of_all_places(
    call: Any, started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLYMARK_BUTTONS", "accept,undo")
    code, _, err = call("start.text", "news", "--batch-size", "9", "--no-open", "--set", "show_flag=yes")
    assert code == 0, err
    (call_,) = started
    settings: Settings = call_["settings"]
    assert (call_["components"].dataset, call_["components"].view_id) == ("news", "text")
    assert call_["recipe_name"] == "start.text"
    assert call_["command"].startswith("tallymark start.text news --batch-size 9")
    assert (settings.port, settings.buttons, settings.open, settings.show_flag) == (
        7000,
        ["accept", "undo"],
        False,
        True,
    )
    assert settings.batch_size == 10, "--batch-size is the recipe's own"
    assert settings.extra == {"my_key": 9, "cors": True}


def test_serve_runs_a_recipe_from_python(recipe_file: str, started: list[dict[str, Any]]) -> None:
    assert tallymark.serve(f"start.text news -F {recipe_file}", port=9000, instructions="Read.") == 0
    assert started[0]["settings"].port == 9000
    assert started[0]["settings"].instructions == "Read."
    assert tallymark.serve("start.text", "news", batch_size=2, port=9100) == 0
    assert started[1]["settings"].port == 9100
    assert started[1]["settings"].extra["my_key"] == 2
    with pytest.raises(InputError, match="no setting prt"):
        tallymark.serve("start.text news", prt=1)
    with pytest.raises(NotKnown, match="no recipe or command"):
        tallymark.serve("start.tex news")
    with pytest.raises(InputError, match="needs the name"):
        tallymark.serve("")


def test_help_of_a_recipe(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    code, out, _ = call("show.all", "--help")
    assert code == 0
    for text in ("Show every argument.", "A second paragraph.", "Where to save", "--label -l", "--no-tidy"):
        assert text in out
    for text in ("[default: 3]", "one|many", "--port", "TALLYMARK_", "--set", "DATASET"):
        assert text in out
    assert out.index("Arguments") < out.index("Options") < out.index("Settings")


def test_overview_lists_recipes_of_files(call: Any) -> None:
    code, out, _ = call("--help")
    assert code == 0
    assert "Recipes of your own" in out
    assert "show.all" in out
    assert "Show every argument." in out
    assert call()[1] == out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"tallymark {tallymark.__version__}\n"


def test_files_stand_anywhere_and_may_be_several() -> None:
    assert take_files(["-F", "a.py", "x", "y"]) == (["x", "y"], ["a.py"])
    assert take_files(["x", "-F", "a.py,b.py", "y"]) == (["x", "y"], ["a.py,b.py"])
    assert take_files(["x", "-F", "y"]) == (["x", "-F", "y"], [])
    assert take_files(["x", "-F"]) == (["x", "-F"], [])


def test_a_missing_file_of_recipes_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["x", "-F", "nowhere.py"]) == 2
    assert "nowhere.py" in capsys.readouterr().err


def test_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tallymark", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith("tallymark ")


def test_the_overview_is_fast() -> None:
    """Processor time, not time on the clock: other tests run beside this one."""

    def seconds(*words: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], check=True, capture_output=True, timeout=60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    bare = min(seconds("-c", "pass") for _ in range(3))
    # 0.15 s are aimed at; twice that leaves room for a slow machine
    assert min(seconds("-m", "tallymark", "--help") for _ in range(3)) - bare < 0.3
