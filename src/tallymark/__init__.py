"""Scriptable data annotation in which every record is accounted for.

What recipes need can be imported from here; nothing is loaded before it is used.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tallymark.cli.run import serve
    from tallymark.errors import RecipeError, TallymarkError
    from tallymark.hashing import get_hash, set_hashes
    from tallymark.labels import get_labels, split_string
    from tallymark.recipe import Arg, recipe
    from tallymark.stream import Stream, get_stream

__version__ = "0.1.0"

__all__ = [
    "Arg",
    "RecipeError",
    "Stream",
    "TallymarkError",
    "__version__",
    "get_hash",
    "get_labels",
    "get_stream",
    "recipe",
    "serve",
    "set_hashes",
    "split_string",
]

_HOMES: Final = {
    "Arg": "tallymark.recipe",
    "RecipeError": "tallymark.errors",
    "Stream": "tallymark.stream",
    "TallymarkError": "tallymark.errors",
    "get_hash": "tallymark.hashing",
    "get_labels": "tallymark.labels",
    "get_stream": "tallymark.stream",
    "recipe": "tallymark.recipe",
    "serve": "tallymark.cli.run",
    "set_hashes": "tallymark.hashing",
    "split_string": "tallymark.labels",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(home)
    # `tallymark.recipe` is a module that, called, is the decorator in it
    value = module if home == f"{__name__}.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
