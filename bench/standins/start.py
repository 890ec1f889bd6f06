"""One measured recipe: `python start.py words…` as `tallymark words… -F FILE`, or `--list` what FILE has.

A file that imports its neighbours (`from ..x import`) is run as part of a package, and one that calls
`prodigy.serve` itself as a script, which is how they are used.
"""

import ast
import importlib.util
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

from things import StandIn

from tallymark.cli.main import main
from tallymark.compat import enable
from tallymark.recipe import MISSING, Argument, recipes
from tallymark.registry import load_file

FILE = Path(os.environ["COMPAT_FILE"])


def start() -> int:
    """Run the command line, or print the recipes of the file as JSON."""
    enable(prefer=True)
    listing = sys.argv[1:] == ["--list"]
    if any(map(_serves, ast.parse(FILE.read_text()).body)):
        if listing:
            print('RECIPES {"(script)": []}')
        else:
            runpy.run_path(str(FILE), run_name="__main__")
        return 0
    depth = max((node.level for node in ast.walk(ast.parse(FILE.read_text())) if _is_near(node)), default=0)
    if depth:
        as_part(depth)
    if not listing:
        return main([*sys.argv[1:], *([] if depth else ["-F", str(FILE)])])
    if not depth:
        load_file(FILE)
    print(
        "RECIPES "
        + json.dumps({name: list(map(described, found.arguments)) for name, found in own().items()})
    )
    return 0


def _serves(statement: ast.stmt) -> bool:
    called = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(called, ast.Call) and ast.unparse(called.func) == "prodigy.serve"


def _is_near(node: Any) -> bool:
    return isinstance(node, ast.ImportFrom) and node.level > 0


def as_part(depth: int) -> None:
    """Run the file as a module of a package so deep; neighbours may lie in folders named like its parts."""
    names = ["own" if level == 0 else f"part{level}" for level in range(depth)]
    for level in range(depth):
        package = ".".join(names[: level + 1])
        found = sys.modules[package] = StandIn(package)
        found.__path__ = [str(FILE.parent.joinpath(*names[: level + 1]))]
    name = ".".join([*names, "recipe"])
    spec = importlib.util.spec_from_file_location(name, FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def own() -> dict[str, Any]:
    """The recipes that the file registered."""
    return {name: found for name, found in recipes.registered().items() if found.origin == str(FILE)}


def described(argument: Argument) -> dict[str, Any]:
    """What is known about an argument."""
    converter = argument.converter
    return {
        "name": argument.name,
        "kind": argument.kind,
        "option": argument.option or argument.short,
        "help": argument.help or "",
        "type": getattr(argument.type, "__name__", str(argument.type)),
        "converter": getattr(converter, "__name__", None) if converter else None,
        "default": None if argument.default in (MISSING, None) else str(argument.default),
        "required": argument.default is MISSING,
    }


sys.exit(start())
