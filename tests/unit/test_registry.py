"""Recipes that installed packages announce, and built-in ones beside them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tallymark.cli import catalog
from tallymark.cli.main import main
from tallymark.cli.overview import overview
from tallymark.errors import InputError
from tallymark.recipe import Recipe, recipes
from tallymark.registry import Registry

ENTRY_POINTS = """
[tallymark_recipes]
plugin.hello = plugin_for_test:hello
plugin.other = plugin_for_test:other_name
plugin.plain = plugin_for_test:plain
plugin.gone = plugin_for_test:missing
"""
MODULE = '''
from tallymark import recipe


@recipe("plugin.hello")
def hello(name: str):
    """Greet somebody."""
    print("hello", name)


@recipe("plugin.other-name")
def other_name():
    print("other")


def plain():
    pass
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "plugin_for_test.py").write_text(MODULE)
    info = tmp_path / "plugin_for_test-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-for-test\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(recipes, "_announced", None)
    sys.modules.pop("plugin_for_test", None)
    catalog.load_built_in()
    before = set(recipes.registered())
    yield
    for name in set(recipes.registered()) - before:
        recipes.remove(name)


@pytest.mark.usefixtures("plugin")
def test_recipes_of_installed_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin.hello", "you"]) == 0
    assert capsys.readouterr().out == "hello you\n"
    assert main(["plugin.other"]) == 0, "an entry point may give a recipe another name"


@pytest.mark.usefixtures("plugin")
def test_they_are_listed_before_they_are_loaded() -> None:
    catalog.load_built_in()
    assert "plugin.hello" in recipes
    page = overview()
    assert "Recipes of installed packages" in page
    assert "from plugin_for_test:hello" in page
    assert "plugin.hello" not in recipes.registered()
    recipes.get("plugin.hello")
    assert "Greet somebody." in overview()


@pytest.mark.usefixtures("plugin")
def test_a_package_that_is_broken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="plugin_for_test:missing could not be loaded: AttributeError"):
        recipes.get("plugin.gone")
    with pytest.raises(InputError, match="did not register itself"):
        recipes.get("plugin.plain")
    assert main(["plugin.gone"]) == 2
    assert "plugin_for_test:missing" in capsys.readouterr().err


def test_a_registry_without_a_group_announces_nothing() -> None:
    registry: Registry[Recipe] = Registry("recipe")
    assert registry.announced() == {}
    assert registry.names() == []
    registry.remove("never there")


def test_colours_are_for_terminals_only() -> None:
    catalog.load_built_in()
    assert "\x1b[" not in overview()
    assert "\x1b[1mData\x1b[0m" in overview(colour=True)
