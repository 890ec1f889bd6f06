"""The page for people who come from Prodigy says what the code does, and has all that Prodigy has."""

import importlib
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tallymark.cli import catalog
from tallymark.cli.main import main
from tallymark.compat.coverage import (
    CALLBACK_NOTES,
    COMMANDS,
    IN_PART,
    MEMBERS,
    MISSING,
    NOTES,
    PAGE,
    SETTINGS,
    VARIABLES,
    VIEWS,
)
from tallymark.components import DESCRIPTIONS
from tallymark.config import Settings, resolve
from tallymark.config import prodigy as config
from tallymark.interfaces import view_ids
from tallymark.recipe import recipes

DOCS = Path(__file__).parents[2] / "docs"
EVERY_COMMAND = {name: known for group in COMMANDS.values() for name, known in group.items()}


@pytest.fixture(scope="module")
def page() -> str:
    return (DOCS / "how-to" / "coming-from-prodigy.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def writer() -> Iterator[ModuleType]:
    """The module that writes the page."""
    sys.path.append(str(DOCS / "reference"))
    yield importlib.import_module("coming_from_prodigy")
    sys.path.remove(str(DOCS / "reference"))


def sections(page: str) -> dict[str, str]:
    """The text below each heading."""
    parts = re.split(r"^#+ (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_name_of_ours_is_in_the_page(page: str, writer: ModuleType) -> None:
    listed = sections(page)
    found = writer.names()
    assert len(found) > 20
    for module, names in found.items():
        for name in names:
            if not isinstance(getattr(importlib.import_module(ours(module)), name), ModuleType):
                assert f"| `{name}` |" in listed[f"`{module}`"], f"{module}.{name}: run `make docs`"


def ours(module: str) -> str:
    return f"tallymark.compat.{module}"


def test_every_setting_component_interface_and_variable_is_in_the_page(page: str) -> None:
    listed = sections(page)
    for name in {*Settings.model_fields, *SETTINGS}:
        assert f"`{name}`" in listed["Settings"]
    for name in DESCRIPTIONS:
        assert f"| `{name}` |" in listed["What a recipe returns"]
    for name in VIEWS:
        assert f"| `{name}` |" in listed["Interfaces"]
    for name in VARIABLES:
        assert f"| `{name}` |" in listed["Environment variables"]
    for name in EVERY_COMMAND:
        assert f"| `{name}` |" in page


@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_a_command_is_here_or_says_why_not(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    catalog.load_built_in()
    known = EVERY_COMMAND[name]
    ours = known.here or name
    if not known.why:
        assert ours in {*recipes.registered(), *catalog.commands.names()}
        return
    assert name not in recipes.registered(), "it is there: say what is better, not why it is missing"
    assert main([name, "news"]) == 2
    assert known.why in capsys.readouterr().err


def test_reasons_name_interfaces_that_are_not_there() -> None:
    for name, known in EVERY_COMMAND.items():
        said = re.match(r"its interface `(\w+)` is not there", known.why)
        assert said is None or said[1] not in view_ids(), name


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_name_is_refused_with_its_reason(name: str, prodigy: ModuleType) -> None:
    module, _, short = name.rpartition(".")
    with pytest.raises(ImportError, match=re.escape(MISSING[name])):
        exec(f"from {module} import {short}", {})  # noqa: S102


def test_notes_are_about_names_that_are_there(writer: ModuleType) -> None:
    found = {f"{module}.{name}" for module, names in writer.names().items() for name in names}
    assert {*NOTES, *IN_PART} <= found
    assert set(CALLBACK_NOTES) <= set(DESCRIPTIONS)


def test_members_are_there(page: str) -> None:
    listed = sections(page)
    for title, names in MEMBERS.items():
        for name in names.split():
            assert f"| `{name}` | same |" in listed[f"Members of `{title}`"]


def test_the_page_has_what_scripts_use(writer: ModuleType) -> None:
    for names in PAGE.values():
        for name in names:
            assert writer.parts_of_page(name), name


@pytest.mark.parametrize("key", SETTINGS)
def test_every_key_of_prodigy_json_is_honoured_or_refused_with_a_reason(
    key: str, home: Path, writer: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    (Path.cwd() / "prodigy.json").write_text(json.dumps({key: value_of(key)}))
    settings = resolve(environ={"TALLYMARK_HOME": str(home)})
    if key in config.IGNORED:
        assert config.IGNORED[key]
        assert key not in settings.for_page()
    elif key in config.RENAMED:
        assert getattr(settings, config.RENAMED[key]) == value_of(key)
    elif key in Settings.model_fields:
        assert getattr(settings, key) == value_of(key)
    else:
        assert settings.for_page()[key] == value_of(key)
        assert key in config.PAGE_KEYS
        assert writer.shown_by_page(key) or config.NOT_YET[key]


def value_of(key: str) -> Any:
    """A value that is not the default."""
    values: dict[str, Any] = {
        "annotations_per_task": 2,
        "blocks": [{"view_id": "text"}],
        "exclude_by": "input",
        "theme": "dark",
        "ui_lang": "de",
        "field_autofocus": True,
        "global_css_dir": str(Path.cwd() / "styles"),
        "javascript_dir": str(Path.cwd() / "scripts"),
        "host": "0.0.0.0",  # noqa: S104
        "label_style": "dropdown",
        "ner_manual_label_style": "dropdown",
        "choice_style": "multiple",
        "writing_dir": "rtl",
        "diff_style": "chars",
        "html_template": "<b>{{text}}</b>",
        "instructions": "Look closely.",
        "field_suggestions": ["one"],
        "db_settings": {"sqlite": {"name": "x.db"}},
    }
    if key in values:
        return values[key]
    field = Settings.model_fields.get(config.RENAMED.get(key, key))
    if field is None:
        return "x"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, bool):
        return not default
    kind = str(field.annotation)
    if "dict" in kind or "Mapping" in kind:
        return {"a": ["b"]} if key == "keymap" else {"a": "b"}
    if "list" in kind:
        return ["undo"]
    return 7 if "int" in kind or "float" in kind else "x"


TOGETHER = (
    {"PRODIGY_BASIC_AUTH_USER": "ann", "PRODIGY_BASIC_AUTH_PASS": "secret"},
    {
        "PRODIGY_OIDC_AUTH_ENABLED": "1",
        "PRODIGY_OIDC_DISCOVERY_URL": "https://id.example/y",
        "PRODIGY_OIDC_CLIENT_ID": "us",
        "PRODIGY_OIDC_CLIENT_SECRET": "secret",
    },
)
"""Variables that are given together."""


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_of_prodigy_is_honoured_or_refused_with_a_reason(name: str, home: Path) -> None:
    if name in config.IGNORED_VARIABLES:
        assert config.IGNORED_VARIABLES[name]
        resolve(environ={"TALLYMARK_HOME": str(home), name: "x"})
        return
    file = Path.cwd() / "prodigy" / "prodigy.json"
    file.parent.mkdir()
    file.write_text('{"batch_size": 7}')
    given = {
        "PRODIGY_HOME": (str(file.parent), "batch_size", 7),
        "PRODIGY_CONFIG": (str(file), "batch_size", 7),
        "PRODIGY_CONFIG_OVERRIDES": ('{"batch_size": 7}', "batch_size", 7),
        "PRODIGY_PORT": ("9000", "port", 9000),
        "PRODIGY_LOGGING": ("verbose", "logging", "verbose"),
        "PRODIGY_ALLOWED_SESSIONS": ("ann,bob", "allowed_sessions", ["ann", "bob"]),
        "PRODIGY_OIDC_AUTH_ENABLED": ("1", "oidc_auth_enabled", True),
        "PRODIGY_OIDC_DISCOVERY_URL": ("https://id.example/x", "oidc_discovery_url", "https://id.example/x"),
    }
    text, setting, expected = given.get(name, ("words", config.VARIABLES.get(name, ""), "words"))
    beside = next((group for group in TOGETHER if name in group), {})
    settings = resolve(environ={"TALLYMARK_HOME": str(home), **beside, name: text})
    assert getattr(settings, setting) == expected
