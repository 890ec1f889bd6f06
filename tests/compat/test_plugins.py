"""Packages that announce recipes, loaders and databases as they do for Prodigy."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tallymark.cli.main import main
from tallymark.compat.prodigy.components.db import connect
from tallymark.loaders import loaders
from tallymark.recipe import recipes
from tallymark.registry import Registry
from tallymark.stream import get_stream

PACKAGE = """
import prodigy

@prodigy.recipe("plugin.say", word=("What to say", "positional", None, str))
def say(word):
    print("said", word)

def read_words(path):
    for word in path.read_text().split():
        yield {"text": word}

class Own:
    def __init__(self, settings):
        self.settings = settings
"""

ANNOUNCED = """
[prodigy_recipes]
plugin.say = plugin_of_prodigy:say
plugin.other = plugin_of_prodigy:say

[prodigy_loaders]
words = plugin_of_prodigy:read_words

[prodigy_db]
own = plugin_of_prodigy:Own
"""


@pytest.fixture
def installed(
    tmp_path: Path, home: Path, prodigy: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A package on the path, with its entry points."""
    packages = tmp_path / "packages"
    described = packages / "plugin_of_prodigy-1.0.dist-info"
    described.mkdir(parents=True)
    (packages / "plugin_of_prodigy.py").write_text(PACKAGE)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-of-prodigy\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(ANNOUNCED)
    monkeypatch.syspath_prepend(packages)
    importlib.invalidate_caches()
    every: list[Registry[object]] = [recipes, loaders]  # type: ignore[list-item]
    for registry in every:
        registry._announced = None
    yield
    for registry in every:
        registry._announced = None
    for name in ("plugin.say", "plugin.other"):
        recipes.remove(name)
    loaders.remove("words")
    sys.modules.pop("plugin_of_prodigy", None)


@pytest.mark.usefixtures("installed")
def test_recipes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "plugin.say" in capsys.readouterr().out
    assert "plugin_of_prodigy" not in sys.modules, "a package is loaded when one of its recipes is asked for"
    assert main(["plugin.say", "hello"]) == 0
    assert main(["plugin.other", "again"]) == 0
    assert capsys.readouterr().out == "said hello\nsaid again\n"


@pytest.mark.usefixtures("installed")
def test_loaders(tmp_path: Path) -> None:
    (tmp_path / "words.dat").write_text("one two")
    stream = get_stream(tmp_path / "words.dat", loader="words")
    assert [task["text"] for task in stream] == ["one", "two"]


@pytest.mark.usefixtures("installed")
def test_databases() -> None:
    assert connect("own", {"a": 1}).settings == {"a": 1}


def test_ours_may_be_preferred_to_the_real_package(
    tmp_path: Path, home: Path, prodigy: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(
        "import prodigy\n@prodigy.recipe('whose')\ndef whose():\n    print(prodigy.__name__)\n"
    )
    assert main(["whose", "--compat", "-F", str(tmp_path / "mine.py")]) == 0
    assert capsys.readouterr().out.strip() == "tallymark.compat.prodigy"
    recipes.remove("whose")
