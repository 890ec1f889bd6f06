"""Recipes written for Prodigy, run by our command line."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.compat.running import Served

from tallymark.cli import catalog
from tallymark.cli.main import main
from tallymark.compat import disable, enable
from tallymark.recipe import recipes
from tallymark.registry import FILE_MODULE, load_file


@pytest.fixture
def prodigy() -> Iterator[ModuleType]:
    """`import prodigy`, as recipes see it."""
    enable()
    yield __import__("prodigy")
    disable()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of our own, with a database that is not there yet."""
    monkeypatch.setenv("TALLYMARK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def load(tmp_path: Path, prodigy: ModuleType) -> Iterator[Callable[[str], ModuleType]]:
    """Run the text of a recipe file; gives its module."""
    catalog.load_built_in()
    before = recipes.registered()

    def run(text: str) -> ModuleType:
        file = tmp_path / "recipe.py"
        file.write_text(text)
        load_file(file)
        return next(sys.modules[name] for name in reversed(sys.modules) if name.startswith(FILE_MODULE))

    yield run
    for name in recipes.registered():
        recipes.remove(name)
    for name, recipe in before.items():
        recipes.add(name, recipe)


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """Three texts."""
    texts = ("Ada Lovelace wrote it.", "Acme sells anvils.", "It rains in Oslo.")
    file = tmp_path / "news.jsonl"
    file.write_text(
        "".join(json.dumps({"text": text, "meta": {"n": n}}) + "\n" for n, text in enumerate(texts))
    )
    return file


@pytest.fixture
def serve(tmp_path: Path, home: Path) -> Iterator[Callable[..., Served]]:
    """Start the text of a recipe file with the words of a command line."""
    started: list[Served] = []

    def run(text: str, *words: str, **variables: str) -> Served:
        file = tmp_path / "recipe.py"
        file.write_text(text)
        served = Served([*words, "-F", str(file)], folder=tmp_path, home=home, **variables)
        started.append(served)
        return served

    yield run
    for served in started:
        served.end()
    main(["stop"])


@pytest.fixture
def exported(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], list[dict[str, Any]]]:
    """What `db-out` gives of a dataset."""

    def read(dataset: str) -> list[dict[str, Any]]:
        capsys.readouterr()
        assert main(["db-out", dataset]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return read
