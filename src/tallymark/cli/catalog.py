"""What can be typed after `tallymark`: our own commands, and recipes of every origin."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from tallymark.compat.coverage import why_not
from tallymark.errors import NotKnown
from tallymark.recipe import Recipe, recipes, register_in
from tallymark.registry import FILE_MODULE, Registry, did_you_mean

__all__ = ["Entry", "command", "commands", "entries", "find", "load_built_in"]

Function = TypeVar("Function", bound=Callable[..., Any])

commands: Final[Registry[Recipe]] = Registry("command")
"""Commands of the program itself. Their functions take `settings` and give an exit code or nothing."""

FAMILIES: Final = {
    "ner": "Recipes: named entities",
    "spans": "Recipes: spans that overlap",
    "textcat": "Recipes: text classification",
}
_OTHER: Final = "Recipes: any task"
_OWN: Final = "Recipes of your own"
_INSTALLED: Final = "Recipes of installed packages"
_DATA: Final = "Data"
_START: Final = "Start here"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the overview."""

    name: str
    summary: str
    group: str


def command(name: str, **annotations: Any) -> Callable[[Function], Function]:
    """Register a command of the program; like `recipe`, but it gets `settings` and never a stream."""
    return register_in(commands, name, annotations)


def load_built_in() -> None:
    """Import every module of our commands and recipes; their decorators register them."""
    for package in ("tallymark.cli.commands", "tallymark.recipes"):
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.rpartition(".")[2].startswith("_"):
                importlib.import_module(module.name)


def find(name: str) -> Recipe:
    """The command or recipe of that name; a recipe loaded with `-F` may replace any of ours."""
    found = recipes.find(name) or commands.find(name)
    if found is None:
        why = why_not(name)
        if why is not None:
            raise NotKnown(f'There is no recipe "{name}" yet: {why}. `-F file.py` adds recipes of your own.')
        every = [*commands.names(), *recipes.names()]
        raise NotKnown(
            f'There is no recipe or command "{name}".{did_you_mean(name, every)}\n'
            "`tallymark --help` lists them; `-F file.py` adds recipes of your own."
        )
    return found


def is_command(found: Recipe) -> bool:
    """Whether it is one of the program's own commands."""
    return commands.registered().get(found.name) is found


def entries() -> list[Entry]:
    """Every command and recipe, in the order of the overview."""
    loaded = recipes.registered()
    listed = [Entry(each.name, each.summary, _DATA) for each in commands.registered().values()]
    listed += [Entry(each.name, each.summary, _family(each)) for each in loaded.values()]
    for name, point in recipes.announced().items():
        if name not in loaded:
            listed.append(Entry(name, f"from {point.value}", _INSTALLED))
    order = [_START, *FAMILIES.values(), _OTHER, _OWN, _INSTALLED, _DATA]
    return sorted(listed, key=lambda entry: (order.index(entry.group), entry.name))


def _family(each: Recipe) -> str:
    if each.module.startswith("tallymark.cli."):
        return _START
    if not each.module.startswith("tallymark."):
        return _OWN if each.module.startswith(FILE_MODULE) or each.module == "__main__" else _INSTALLED
    return FAMILIES.get(each.name.partition(".")[0], _OTHER)
