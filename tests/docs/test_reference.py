"""The documentation says what the code does."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tallymark.cli import catalog
from tallymark.components import DESCRIPTIONS
from tallymark.config import Settings
from tallymark.interfaces import view_ids
from tallymark.recipe import recipes
from tallymark.registry import load_file

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
PAGES = ["commands.md", "settings.md", "components.md", "api.md", "../how-to/coming-from-prodigy.md"]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_reference", DOCS / "reference" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.append(str(DOCS / "reference"))
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES)
def test_the_reference_is_what_the_code_says(generate: ModuleType, page: str) -> None:
    assert list(generate.PAGES) == PAGES
    written = (DOCS / "reference" / page).read_text(encoding="utf-8")
    assert written == generate.PAGES[page](), "run `make docs`"


def test_every_command_setting_component_and_interface_has_an_entry() -> None:
    catalog.load_built_in()
    commands = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    ours = [name for name, each in recipes.registered().items() if each.module.startswith("tallymark.")]
    for name in [*catalog.commands.names(), *ours]:
        assert f"### `{name}`" in commands
    settings = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"`TALLYMARK_{name.upper()}`" in settings
    components = (DOCS / "reference" / "components.md").read_text(encoding="utf-8")
    for name in [*DESCRIPTIONS, *view_ids()]:
        assert f"| `{name}` |" in components


def test_every_call_of_the_api_has_an_entry(generate: ModuleType) -> None:
    written = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    paths = generate.described_api()["paths"]
    assert len(paths) > 10
    for path, methods in paths.items():
        for method in methods:
            assert f"### `{method.upper()} {path}`" in written


def test_every_option_is_described() -> None:
    catalog.load_built_in()
    for each in [*catalog.commands.registered().values(), *recipes.registered().values()]:
        if each.module.startswith("tallymark."):
            assert each.summary, each.name
            missing = [argument.shown for argument in each.arguments if not argument.help]
            assert [name for name in missing if name not in ("settings", "--settings")] == [], each.name


@pytest.mark.parametrize(
    "path",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))],
    ids=lambda path: path.name,
)
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize(
    "path",
    [ROOT / "README.md", DOCS / "how-to" / "first-recipe.md", DOCS / "how-to" / "follow-ups.md"],
    ids=lambda p: p.name,
)
def test_recipes_in_the_text_work(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each Python block is a file of recipes; those it registers return components that can start."""
    from tallymark.components import read_components

    monkeypatch.chdir(tmp_path)
    (tmp_path / "headlines.jsonl").write_text('{"text": "One"}\n{"text": "Two"}\n')
    blocks = re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    before = recipes.registered()
    for number, block in enumerate(blocks):
        file = tmp_path / f"block_{number}.py"
        file.write_text(block)
        load_file(file)
    added = {name: each for name, each in recipes.registered().items() if before.get(name) is not each}
    assert added
    for name, each in added.items():
        components = each.function("news", "headlines.jsonl")
        read = read_components(components, recipe_name=name, view_ids=view_ids())
        assert [task["text"] for task in read.stream] == ["One", "Two"]
        recipes.remove(name)
