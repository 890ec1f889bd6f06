"""The names recipes import from `prodigy`, each a few lines over ours; tasks, hashes and files are the same.

Nothing heavy is loaded before it is used.
"""

from tallymark.compat.missing import missing
from tallymark.compat.prodigy.about import __version__
from tallymark.compat.prodigy.components.stream import get_stream
from tallymark.compat.prodigy.core import (
    Arg,
    Controller,
    get_recipe,
    recipe,
    recipe_args,
    serve,
    set_recipe,
)
from tallymark.compat.prodigy.protocols import ControllerComponentsDict
from tallymark.compat.prodigy.util import get_config, get_hash, log, set_hashes

__all__ = [
    "Arg",
    "Controller",
    "ControllerComponentsDict",
    "__version__",
    "get_config",
    "get_hash",
    "get_recipe",
    "get_stream",
    "log",
    "recipe",
    "recipe_args",
    "serve",
    "set_hashes",
    "set_recipe",
]

__getattr__ = missing(__name__)
