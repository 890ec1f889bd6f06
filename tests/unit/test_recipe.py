"""What the decorator makes of signatures: plain hints, Arg and the tuples of existing recipes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Optional

import pytest

from tallymark.errors import InputError, NotKnown, RecipeError
from tallymark.recipe import MISSING, Arg, Argument, Recipe, recipe, recipes
from tallymark.registry import Registry, did_you_mean, load_file, load_files, nearest

if TYPE_CHECKING:
    from decimal import Decimal


@pytest.fixture(autouse=True)
def _forget_recipes() -> Any:
    before = recipes.registered()
    yield
    for name in set(recipes.registered()) - set(before):
        recipes.remove(name)


def argument(registered: Recipe, name: str) -> Argument:
    return next(argument for argument in registered.arguments if argument.name == name)


def shape(registered: Recipe) -> list[tuple[str, str, str | None, str | None, Any]]:
    return [(a.name, a.kind, a.option, a.short, a.type) for a in registered.arguments]


def test_tuples_of_existing_recipes() -> None:
    def split(text: str) -> list[str]:
        return text.split(",")

    @recipe(
        "old",
        dataset=("Where to save", "positional", None, str),
        label=("Labels", "option", "l", split),
        loader=("Loader", "option", "lo", str),
        highlight_chars=("Characters", "flag", "C", bool),
        limit=("How many", "option", None, int),
    )
    def old(
        dataset: Any, label: Any = None, loader: Any = None, highlight_chars: Any = False, limit: Any = 3
    ) -> None: ...

    registered = recipes.get("old")
    assert shape(registered) == [
        ("dataset", "positional", None, None, str),
        ("label", "option", "--label", "-l", Any),
        ("loader", "option", "--loader", "-lo", str),
        ("highlight_chars", "flag", "--highlight-chars", "-C", bool),
        ("limit", "option", "--limit", None, int),
    ]
    assert argument(registered, "label").converter is split
    assert argument(registered, "label").help == "Labels"
    assert argument(registered, "dataset").required
    assert argument(registered, "limit").default == 3


def test_arg_with_and_without_option() -> None:
    @recipe(
        "new", dataset=Arg(help="Where"), label=Arg("--label", "-l", help="Labels"), v=Arg("-v", count=True)
    )
    def new(dataset: str, label: list[str], verbose_level: int = 0, v: int = 0) -> None: ...

    assert shape(recipes.get("new")) == [
        ("dataset", "positional", None, None, str),
        ("label", "option", "--label", "-l", list[str]),
        ("verbose_level", "option", "--verbose-level", None, int),
        ("v", "count", None, "-v", int),
    ]
    assert argument(recipes.get("new"), "label").required


def test_plain_hints_and_defaults() -> None:
    @recipe("plain")
    def plain(  # type: ignore[no-untyped-def]
        dataset: str,
        source: Path,
        batch_size: int = 10,
        threshold: float = 0.5,
        fast: bool = False,
        style: Literal["single", "multiple"] = "single",
        out: Path | None = None,
        lang: Optional[str] = None,  # noqa: UP045 - as users write it
        untyped=(),
        _extra: list[str] = [],  # noqa: B006 - the agreed form
    ) -> None: ...

    assert shape(recipes.get("plain")) == [
        ("dataset", "positional", None, None, str),
        ("source", "positional", None, None, Path),
        ("batch_size", "option", "--batch-size", None, int),
        ("threshold", "option", "--threshold", None, float),
        ("fast", "flag", "--fast", None, bool),
        ("style", "option", "--style", None, Literal["single", "multiple"]),
        ("out", "option", "--out", None, Path),
        ("lang", "option", "--lang", None, str),
        ("untyped", "option", "--untyped", None, list[str]),
        ("_extra", "extra", "--extra", None, list[str]),
    ]
    assert recipes.get("plain").takes_extra


def test_hints_for_type_checkers_only_do_not_matter() -> None:
    @recipe("lazy")
    def lazy(dataset: "str", value: "Decimal", limit: "int | None" = None) -> None: ...

    assert [a.type for a in recipes.get("lazy").arguments] == [str, str, int]


def test_the_function_stays_what_it_was() -> None:
    def double(value: int) -> int:
        """Twice as much.

        More about it.
        """
        return value * 2

    decorated = recipe("double", value=Arg(help="What"))(double)
    assert decorated is double
    assert decorated(4) == 8
    registered = recipes.get("double")
    assert registered.summary == "Twice as much."
    assert registered.origin == __file__
    assert registered.module == __name__
    assert argument(registered, "value").default is MISSING


def test_describing_a_parameter_that_is_not_there_is_an_error() -> None:
    with pytest.raises(RecipeError, match=r'"labels" that its function .* Did you mean "label"'):

        @recipe("wrong", labels=Arg("--labels"))
        def wrong(label: str = "") -> None: ...

    with pytest.raises(RecipeError, match="is one of positional, option, flag"):

        @recipe("wrong", label=("Labels", "optoin"))
        def wrong_kind(label: str = "") -> None: ...

    with pytest.raises(RecipeError, match="Use Arg"):

        @recipe("wrong", label=3)
        def wrong_type(label: str = "") -> None: ...

    with pytest.raises(RecipeError, match="name without spaces"):
        recipe("two words")
    assert "wrong" not in recipes


def test_registry_names_the_nearest() -> None:
    registry: Registry[int] = Registry("thing")
    registry.add("ner.manual", 1)
    registry.add("ner.make_gold", 2)
    assert registry.get("ner.manual") == 1
    with pytest.raises(NotKnown, match=r'There is no thing "ner.manaul". Did you mean "ner.manual"\?'):
        registry.get("ner.manaul")
    assert nearest("NER.make-gold", registry) == ["ner.make_gold", "ner.manual"]
    assert did_you_mean("zzzz", registry) == ""
    assert len(registry) == 2
    assert "ner.manual" in registry


def test_files_of_recipes(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("VALUE = 7\n")
    first = tmp_path / "first.py"
    first.write_text(
        "from tallymark.recipe import recipe\nimport neighbour\n"
        "@recipe('from.file')\ndef run(dataset: str): return neighbour.VALUE\n"
    )
    second = tmp_path / "second.py"
    second.write_text("from tallymark.recipe import recipe\n@recipe('second')\ndef run(): ...\n")
    load_files(f"{first}, {second}")
    assert recipes.get("from.file").function("x") == 7
    assert recipes.get("from.file").origin == str(first)
    assert "second" in recipes


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1\ny = z\n", r"NameError: name 'z' is not defined \(line 2\)"),
        ("def f(:\n", r"SyntaxError: .*\(line 1\)"),
    ],
)
def test_a_file_that_does_not_run_says_where(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(RecipeError, match=reason):
        load_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        load_file(tmp_path / "none.py")
