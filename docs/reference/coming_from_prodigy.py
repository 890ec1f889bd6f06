"""The page for people who come from Prodigy: what is the same, what is better, and what is not there yet."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import tallymark.compat.prodigy
from tallymark.cli import catalog
from tallymark.compat.coverage import (
    CALLBACK_NOTES,
    COMMANDS,
    IN_PART,
    MEMBERS,
    MISSING,
    NOTES,
    PAGE,
    SETTINGS,
    VIEWS,
    Known,
)
from tallymark.compat.missing import NAME, OURS
from tallymark.components import DESCRIPTIONS
from tallymark.config import Settings
from tallymark.config.prodigy import (
    IGNORED,
    IGNORED_VARIABLES,
    NOT_YET,
    PAGE_KEYS,
    RENAMED,
    SOURCE_VARIABLES,
    VARIABLES,
)
from tallymark.host.controller import Controller
from tallymark.host.datasets import HostDatasets
from tallymark.interfaces import INTERFACES
from tallymark.recipe import Recipe, recipes
from tallymark.stream import Stream

__all__ = ["names", "page", "parts_of_page", "shown_by_page"]

WEB: Final = Path(__file__).parents[2] / "web" / "src"
SAME: Final = "same"
NOT_THERE: Final = "not there yet"
CUSTOM_KEYS: Final = {name + form for name in ("global_css", "javascript") for form in ("", "_dir", "_urls")}
"""What `host.custom_code` reads."""
CLASSES: Final[dict[str, type]] = {"ctrl": Controller, "Database": HostDatasets, "Stream": Stream}
SOURCES: Final = {
    "PRODIGY_CONFIG": "the one file to read in place of every `prodigy.json`",
    "PRODIGY_CONFIG_OVERRIDES": "a JSON object, as in `prodigy.json`",
    "PRODIGY_HOME": "the folder of the home `prodigy.json`",
}

INTRODUCTION: Final = """
Bring your data, then run your recipes:

    tallymark import-prodigy ~/.prodigy/prodigy.db      # or postgresql://…; counts are compared and printed
    tallymark my.recipe news news.jsonl -F recipe.py    # recipes as they are, prodigy.json is read

Whoever has answered something in Prodigy is not asked again: sessions, hashes and datasets come along.
[Run recipes written for Prodigy](prodigy-recipes.md) tells how that works, and what is different in detail.
""".strip()


def page(note: str) -> str:
    """The whole page."""
    catalog.load_built_in()
    parts = [
        "# Coming from Prodigy",
        note,
        INTRODUCTION,
        "In the tables, *same* means that what you know works here, *better* that more does, and *in part* "
        "that something is missing. *Not there yet* says why, and what to do meanwhile.",
        "## Commands and recipes",
        *_commands(),
        "## Interfaces",
        _table(("interface", "here"), map(_view, VIEWS)),
        "## What a recipe returns",
        _table(("component", "here", ""), map(_component, DESCRIPTIONS)),
        "## Modules and names",
        "A name that is not in these tables is refused with the one that is nearest.",
        *_modules(),
        *_members(),
        _table(("not there yet", "why"), ((_code(name), why) for name, why in sorted(MISSING.items()))),
        "## Settings",
        "Keys of `prodigy.json`, of `PRODIGY_CONFIG_OVERRIDES` and of a recipe's `config`.",
        _table(("key", "here", ""), map(_setting, SETTINGS)),
        "Further settings of ours stand in [settings](../reference/settings.md): "
        + ", ".join(_code(name) for name in Settings.model_fields if name not in SETTINGS)
        + ".",
        "## Environment variables",
        _table(("variable", "here"), sorted(_variables())),
        "## Scripts in the page",
        _table(("", "here"), _scripts()),
    ]
    return "\n\n".join(parts) + "\n"


def names() -> dict[str, list[str]]:
    """The names of every module that recipes import, by the module's name for them."""
    found = {NAME: list(tallymark.compat.prodigy.__all__)}
    for info in pkgutil.walk_packages(tallymark.compat.prodigy.__path__, f"{OURS}."):
        if not info.name.rpartition(".")[2].startswith("_"):
            found[NAME + info.name.removeprefix(OURS)] = list(_all_of(importlib.import_module(info.name)))
    return {module: listed for module, listed in sorted(found.items()) if listed}


def shown_by_page(key: str) -> bool:
    """Whether the page, an interface or what a recipe brings for the page makes something of a key."""
    if any(key in interface.settings for interface in INTERFACES.values()) or key in CUSTOM_KEYS:
        return True
    return re.search(rf"\b{key}\b", _page_source()) is not None


def parts_of_page(name: str) -> bool:
    """Whether scripts find a member or an event in the page."""
    short = name.removeprefix(NAME)
    return re.search(rf"\b{short}\b", _source("custom")) is not None


def _commands() -> Iterator[str]:
    for title, group in COMMANDS.items():
        yield f"### {title}"
        yield _table(("in Prodigy", "here", ""), (_command(name, known) for name, known in group.items()))


def _command(name: str, known: Known) -> tuple[str, str, str]:
    found = recipes.registered().get(known.here or name) or catalog.commands.find(known.here or name)
    if found is None:
        return _code(name), NOT_THERE, known.why
    lacking = [option for option in known.options.split() if option not in _options(found)]
    lacks = f"without {', '.join(_code(f'--{option}') for option in lacking)}" if lacking else ""
    status = "better" if known.better else SAME
    return _code(name), status, "; ".join(filter(None, (known.better, lacks)))


def _options(found: Recipe) -> set[str]:
    taken = {str(argument.option or "").removeprefix("--") for argument in found.arguments}
    return taken | {argument.name.replace("_", "-") for argument in found.arguments}


def _view(name: str) -> tuple[str, str]:
    return _code(name), SAME if name in INTERFACES else NOT_THERE


def _component(name: str) -> tuple[str, str, str]:
    note = CALLBACK_NOTES.get(name, "")
    return _code(name), "better" if note else SAME, note or DESCRIPTIONS[name]


def _modules() -> Iterator[str]:
    for module, listed in names().items():
        holder = importlib.import_module(OURS + module.removeprefix(NAME))
        rows = [
            _row_of(f"{module}.{name}", getattr(holder, name))
            for name in listed
            if not inspect.ismodule(getattr(holder, name))
        ]
        if rows:
            yield f"### `{module}`"
            yield _table(("name", "here", ""), rows)


def _row_of(name: str, value: Any) -> tuple[str, str, str]:
    short = _code(name.rpartition(".")[2])
    if name in IN_PART:
        return short, "in part", IN_PART[name]
    if name in NOTES:
        return short, "better", NOTES[name]
    return short, SAME, _first_line(value)


def _first_line(value: Any) -> str:
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return ""
    lines = (inspect.getdoc(value) or "").splitlines()
    return lines[0] if lines and value.__module__.startswith("tallymark") else ""


def _members() -> Iterator[str]:
    for title, listed in MEMBERS.items():
        rows = [_member(CLASSES[title], name) for name in listed.split()]
        if title == "ctrl":
            rows.append((_code("push"), "new", "[Questions that follow from an answer](follow-ups.md)."))
        yield f"### Members of `{title}`"
        yield _table(("member", "here", ""), rows)


def _member(owner: type, name: str) -> tuple[str, str, str]:
    value = getattr(owner, name, None)
    if value is not None:
        return _code(name), SAME, _first_line(getattr(value, "fget", None) or value)
    set_first = re.search(rf"\bself\.{name}\b", inspect.getsource(owner)) is not None
    return _code(name), SAME if set_first else NOT_THERE, ""


def _setting(name: str) -> tuple[str, str, str]:
    if name in IGNORED:
        return _code(name), "no effect", IGNORED[name]
    if name in RENAMED:
        return _code(name), SAME, f"is `{RENAMED[name]}`"
    if name in Settings.model_fields or (name in PAGE_KEYS and shown_by_page(name)):
        return _code(name), SAME, ""
    return _code(name), NOT_THERE, NOT_YET[name]


def _variables() -> Iterator[tuple[str, str]]:
    yield from ((_code(name), f"is `{setting}`") for name, setting in VARIABLES.items())
    yield from ((_code(name), SOURCES[name]) for name in SOURCE_VARIABLES)
    yield from ((_code(name), f"no effect: {why}") for name, why in IGNORED_VARIABLES.items())


def _scripts() -> Iterator[tuple[str, str]]:
    for title, listed in PAGE.items():
        known = [_code(name) for name in listed if parts_of_page(name)]
        lacking = [_code(name) for name in listed if not parts_of_page(name)]
        yield title, ", ".join(known) + (f"; {NOT_THERE}: {', '.join(lacking)}" if lacking else "")


def _all_of(module: ModuleType) -> Iterable[str]:
    return getattr(module, "__all__", ())


def _source(folder: str) -> str:
    files = sorted(path for path in (WEB / folder).rglob("*") if path.suffix in (".ts", ".svelte"))
    return "\n".join(path.read_text(encoding="utf-8") for path in files if path.name != "schema.d.ts")


def _page_source() -> str:
    return "\n".join(_source(folder) for folder in ("core", "custom", "interfaces", "ui"))


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(head)
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _code(text: str) -> str:
    return f"`{text}`"
