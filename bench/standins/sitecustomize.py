"""Runs first in every Python process of a measured recipe: stand-ins for what is not on this machine."""

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import elsewhere
import older
import things

__all__ = ["Hooks", "stand_in"]


class Hooks(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Calls a function with a module once it is loaded."""

    def __init__(self, hooks: Mapping[str, Callable[[Any], None]]) -> None:
        self._hooks = hooks
        self._loaders: dict[str, Any] = {}

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:  # noqa: ARG002
        if fullname not in self._hooks:
            return None
        spec: Any = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None:
            self._loaders[fullname], spec.loader = spec.loader, self
        return spec

    def create_module(self, spec: Any) -> Any:
        return self._loaders[spec.name].create_module(spec)

    def exec_module(self, module: Any) -> None:
        self._loaders[module.__name__].exec_module(module)
        self._hooks[module.__name__](module)


def answered(_module: Any) -> Callable[..., Any]:
    """A request that gets a harmless reply without the network."""
    return lambda *_given, **_named: things.Thing()


def in_requests(module: Any) -> None:
    """Nothing is asked of other machines."""
    module.Session.request = answered(module)


def in_httpx(module: Any) -> None:
    """Nothing is asked of other machines."""
    module.Client.request = module.AsyncClient.request = answered(module)


def stand_in(file: str, root: str) -> None:
    """From here on, what a recipe's file needs and this machine does not have is stood in for."""
    sys.meta_path.append(things.StandIns(file, refused=("prodigy", "tallymark", "spacy")))
    elsewhere.redirect(root)


if "COMPAT_FILE" in os.environ:
    sys.meta_path.insert(
        0, Hooks({**older.HOOKS, "requests.sessions": in_requests, "httpx._client": in_httpx})
    )
    stand_in(os.environ["COMPAT_FILE"], os.environ["COMPAT_ROOT"])
