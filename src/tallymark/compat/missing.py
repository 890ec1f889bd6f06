"""What modules under the name `prodigy` say when they are asked for something they do not have."""

import importlib
import opcode
import pkgutil
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from tallymark.compat.coverage import MISSING
from tallymark.registry import did_you_mean

__all__ = ["NAME", "OURS", "complete", "missing", "submodules"]

NAME: Final = "prodigy"
OURS: Final = "tallymark.compat.prodigy"

_IMPORT_FROM: Final = opcode.opmap["IMPORT_FROM"]


def missing(module_name: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module: gives its modules, which need no import, and refuses all else.

    Raises AttributeError naming what is near, and ImportError for `from … import`.
    """
    alias = NAME + module_name.removeprefix(OURS)

    def find(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        module = sys.modules[module_name]
        if name in submodules(module):
            return complete(importlib.import_module(f"{module_name}.{name}"))
        why = MISSING.get(f"{alias}.{name}")
        problem = f"Tallymark has no {alias}.{name}"
        problem += f": {why}." if why else f".{did_you_mean(name, _public(module))}"
        frame = sys._getframe(1)
        # `from … import name` would replace the message of an AttributeError by one of its own
        if frame.f_code.co_code[frame.f_lasti] == _IMPORT_FROM:
            raise ImportError(problem, name=alias)
        raise AttributeError(problem, name=name, obj=module)

    return find


def complete(module: ModuleType) -> ModuleType:
    """The module, with a `__getattr__` that tells what is near."""
    if "__getattr__" not in vars(module):
        module.__getattr__ = missing(module.__name__)  # type: ignore[method-assign]
    return module


def submodules(module: ModuleType) -> list[str]:
    """The modules of a package by their short names."""
    return [found.name for found in pkgutil.iter_modules(getattr(module, "__path__", []))]


def _public(module: ModuleType) -> list[str]:
    return [*getattr(module, "__all__", ()), *submodules(module)]
