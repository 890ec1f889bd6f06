"""Named things of one kind: recipes, loaders. Built-in ones and those of users use the same door.

A registry knows what was registered by decorators and what installed packages announce under entry point
groups (`tallymark_recipes`); a package is imported only when one of its names is asked for.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tallymark.errors import InputError, NotKnown, RecipeError, TallymarkError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["FILE_MODULE", "Registry", "did_you_mean", "load_file", "load_files", "nearest"]

T = TypeVar("T")

FILE_MODULE = "tallymark_file_"
"""How the modules of files given with `-F` are called."""


def nearest(name: str, names: Iterable[str], *, limit: int = 3) -> list[str]:
    """The names most like `name`, best first; `_` and `-`, and case, count as equal."""
    plain = {_plain(other): other for other in names}
    return [plain[match] for match in get_close_matches(_plain(name), plain, n=limit, cutoff=0.6)]


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """` Did you mean "x"?` for the end of a message, or an empty string when nothing is near."""
    found = nearest(name, names, limit=1)
    return f' Did you mean "{found[0]}"?' if found else ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


class Registry(Generic[T]):
    """Things of one kind by name. A later registration of a name replaces the earlier one."""

    def __init__(
        self,
        kind: str,
        *,
        group: str | Sequence[str] = (),
        adopt: Callable[[str, Any], T] | None = None,
    ) -> None:
        """`adopt` makes a thing of what a package announces without registering it."""
        self.kind = kind
        self.groups = (group,) if isinstance(group, str) else tuple(group)
        self._adopt = adopt
        self._things: dict[str, T] = {}
        self._announced: dict[str, EntryPoint] | None = None

    def add(self, name: str, thing: T) -> None:
        """Register `thing` as `name`."""
        self._things[name] = thing

    def remove(self, name: str) -> None:
        """Forget `name`; it need not be there."""
        self._things.pop(name, None)

    def get(self, name: str) -> T:
        """The thing called `name`. Raises `NotKnown`, naming the nearest, when there is none."""
        found = self.find(name)
        if found is None:
            raise NotKnown(f'There is no {self.kind} "{name}".{did_you_mean(name, self.names())}')
        return found

    def find(self, name: str) -> T | None:
        """The thing called `name`, or None."""
        if name not in self._things and name in self.announced():
            self._load(self.announced()[name])
        return self._things.get(name)

    def names(self) -> list[str]:
        """Every name, registered or announced, sorted."""
        return sorted({*self._things, *self.announced()})

    def registered(self) -> dict[str, T]:
        """What decorators registered so far, without loading announced packages."""
        return dict(self._things)

    def announced(self) -> "dict[str, EntryPoint]":
        """Entry points of installed packages, by name; read once."""
        if self._announced is None:
            self._announced = {}
            if self.groups:
                from importlib.metadata import entry_points

                self._announced = {
                    p.name: p for group in reversed(self.groups) for p in entry_points(group=group)
                }
        return self._announced

    def _load(self, point: "EntryPoint") -> None:
        """Import the package of an entry point; its decorators register what it has."""
        try:
            thing = point.load()
        except Exception as error:
            raise InputError(
                f'The {self.kind} "{point.name}" of {point.value} could not be loaded: {_reason(error)}'
            ) from error
        for registered in list(self._things.values()):
            function = getattr(registered, "function", registered)
            if thing in (function, getattr(function, "__wrapped__", None)):
                self._things.setdefault(point.name, registered)
        if point.name not in self._things and self._adopt is not None:
            self._things[point.name] = self._adopt(point.name, thing)
        if point.name not in self._things:
            raise InputError(
                f'{point.value} is announced as the {self.kind} "{point.name}" but did not register itself.'
            )

    def __contains__(self, name: object) -> bool:
        return name in self._things or name in self.announced()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())


def load_files(paths: str) -> None:
    """Run the comma-separated Python files of `-F`, so that their decorators register what they hold."""
    for path in paths.split(","):
        if path.strip():
            load_file(Path(path.strip()))


def load_file(path: Path) -> None:
    """Run one Python file as a module; its folder becomes importable, after everything else.

    Raises `InputError` when there is no such file and `RecipeError` when it does not run.
    """
    path = path.expanduser().resolve()
    if not path.is_file():
        raise InputError(f"There is no file {path} (given with -F).")
    name = f"{FILE_MODULE}{path.stem}_{abs(hash(str(path))):x}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} (given with -F) is not a Python file.")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except TallymarkError:
        raise
    except Exception as error:
        raise RecipeError(f"{path} could not be loaded", _reason(error, path)) from error


def _reason(error: Exception, path: Path | None = None) -> str:
    """`NameError: name 'x' is not defined (line 12)`: the line of `path` that led to the error."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None and path is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    where = f" (line {line})" if line is not None else ""
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {message}{where}"
