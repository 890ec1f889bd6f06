"""What the package exports, and what it does not load before it is needed."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tallymark
from tallymark.errors import NotKnown
from tallymark.recipe import recipes

ROOT = Path(__file__).parents[2]
HEAVY = ("spacy", "numpy", "fastapi", "sqlalchemy", "torch", "pandas", "uvicorn", "pydantic")


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_everything_promised_can_be_imported() -> None:
    for name in tallymark.__all__:
        assert getattr(tallymark, name) is not None, name
    assert tallymark.__all__ == sorted(tallymark.__all__)
    assert set(tallymark.__all__) <= set(dir(tallymark))
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = tallymark.nothing_like_it


def test_importing_the_package_loads_nothing() -> None:
    loaded = run("import sys, tallymark; print([m for m in sys.modules if m.startswith('tallymark.')])")
    assert loaded == "[]"


def test_the_name_recipe_is_the_decorator_in_every_order_of_imports() -> None:
    @tallymark.recipe("packaging.test")
    def made(dataset: str) -> None: ...

    assert recipes.get("packaging.test").function is made
    recipes.remove("packaging.test")
    with pytest.raises(NotKnown):
        recipes.get("packaging.test")
    use = (
        "recipe('x')(print); from tallymark.recipe import Arg, recipes; print(len(recipes.registered()), Arg)"
    )
    for first in ("from tallymark import recipe", "import tallymark.recipe; from tallymark import recipe"):
        assert run(f"{first}; {use}").startswith("1 <class")


def test_the_overview_loads_no_heavy_module() -> None:
    code = (
        "import sys; from tallymark.cli.main import main; code = main(['--help']); "
        f"print('loaded:', [m for m in {HEAVY!r} if m in sys.modules], code)"
    )
    assert run(code).endswith("loaded: [] 0")


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" in project.get("dynamic", [])
    assert run("import tallymark; print(tallymark.__version__)") == tallymark.__version__
