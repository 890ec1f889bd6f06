"""Answer `import prodigy…` with our own modules.

A module is the same object under both names, so what a recipe changes in it is changed for us, too.
"""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from tallymark.compat.missing import NAME, OURS, complete, submodules
from tallymark.registry import did_you_mean

__all__ = ["Finder", "disable", "enable"]


def enable(*, prefer: bool = False) -> None:
    """From here on, `import prodigy` is ours where the real package is not installed.

    With `prefer` it is ours in any case; call it before the first import.
    """
    present = [finder for finder in sys.meta_path if isinstance(finder, Finder)]
    if not present:
        sys.meta_path.insert(0, Finder(prefer=prefer))
    elif prefer:
        present[0].prefer = True


def disable() -> None:
    """The end of what `enable` began; modules that were imported stay with those who have them."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    for name in [name for name in sys.modules if name == NAME or name.startswith(f"{NAME}.")]:
        if sys.modules[name].__name__.startswith(OURS):
            del sys.modules[name]


class Finder(MetaPathFinder):
    """Finds `prodigy` and everything below it."""

    def __init__(self, *, prefer: bool) -> None:
        self.prefer = prefer

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """The module of ours behind a name. Errors: `ModuleNotFoundError` naming what is near."""
        if fullname != NAME and not fullname.startswith(f"{NAME}."):
            return None
        if not self.prefer and _is_installed():
            return None
        ours = OURS + fullname.removeprefix(NAME)
        spec = importlib.util.find_spec(ours)
        if spec is None:
            raise ModuleNotFoundError(_no_module(fullname), name=fullname)
        return ModuleSpec(fullname, _Alias(ours), is_package=spec.submodule_search_locations is not None)


class _Alias(Loader):
    """Gives a module of ours under its other name."""

    def __init__(self, ours: str) -> None:
        self._ours = ours
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:  # noqa: ARG002
        module = importlib.import_module(self._ours)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It ran when it was imported; the import system has put the alias's spec over its own."""
        module.__spec__ = self._spec
        complete(module)


def _is_installed() -> bool:
    """Whether there is a real package; a folder that happens to have the name is none."""
    spec = PathFinder.find_spec(NAME)
    return spec is not None and spec.origin is not None


def _no_module(fullname: str) -> str:
    parent, _, last = fullname.rpartition(".")
    holder = sys.modules.get(parent)
    known = submodules(holder) if holder is not None else []
    return f"Tallymark has no module {fullname}.{did_you_mean(last, known)}"
