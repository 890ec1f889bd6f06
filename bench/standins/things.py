"""Stand-ins for packages that are not installed: modules that hand out harmless objects.

Whatever is done with a `Thing` gives another one, a small number or a short text; as a value of a task it is
text. A name that begins with a capital is a class, so that recipes can inherit from it and annotate with it.
"""

import ast
import builtins
import dis
import importlib.util
import json
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

__all__ = ["Kind", "StandIns", "Thing"]

MANY = 3
UNPACK = dis.opmap["UNPACK_SEQUENCE"]
CHOICES = [{"id": "PERSON", "text": "PERSON"}, {"id": "ORG", "text": "ORG"}]


class Thing(str):
    """A harmless object."""

    __slots__ = ("__dict__",)

    def __new__(cls, text: str = "thing") -> "Thing":
        return super().__new__(cls, text)

    def __call__(self, *given: Any, **_named: Any) -> Any:
        """A decorator gives its function back, everything else a thing."""
        return given[0] if len(given) == 1 and type(given[0]).__name__ == "function" else Thing()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return made(name)

    def __getitem__(self, key: Any) -> Any:
        return str.__getitem__(self, key) if isinstance(key, slice) else Thing()

    def __setitem__(self, key: Any, value: Any) -> None: ...
    def __delitem__(self, key: Any) -> None: ...

    def __iter__(self) -> Iterator[Any]:
        return iter([Thing(f"thing {number}") for number in range(wanted(sys._getframe(1)))])

    def __next__(self) -> Any:
        return Thing()

    def __enter__(self) -> Any:
        return Thing()

    def __exit__(self, *_error: object) -> None: ...
    def __contains__(self, key: object) -> bool:
        return True

    def __instancecheck__(self, instance: object) -> bool:
        return False

    def __or__(self, other: Any) -> Any:
        return self

    __ror__ = __and__ = __rand__ = __or__

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (Base,)

    def __int__(self) -> int:
        return 1

    __index__ = __trunc__ = __round__ = __floor__ = __ceil__ = __int__

    def __float__(self) -> float:
        return 0.5

    __abs__ = __neg__ = __pos__ = __float__


def wanted(frame: FrameType) -> int:
    """How many values the statement that iterates unpacks, or a few."""
    code = frame.f_code.co_code
    unpacks = code[frame.f_lasti] == UNPACK
    return code[frame.f_lasti + 1] if unpacks else MANY


def _arithmetic(name: str) -> Any:
    of_text = getattr(str, name, None)
    of_number = getattr(float, name)

    def work(self: Thing, *others: Any) -> Any:
        other = others[0] if others else None
        if of_text and isinstance(other, str):
            return of_text(str(self), other)
        if isinstance(other, bool | int | float):
            return of_number(1.0, float(other))
        return Thing()

    return work


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    setattr(Thing, f"__{_name}__", _arithmetic(f"__{_name}__"))
    setattr(Thing, f"__r{_name}__", _arithmetic(f"__r{_name}__"))
for _name in ("lt", "le", "gt", "ge"):
    setattr(Thing, f"__{_name}__", _arithmetic(f"__{_name}__"))


def _as_text(name: str) -> Any:
    of_text = getattr(str, name)

    def work(self: Thing, *given: Any, **named: Any) -> Any:
        try:
            return of_text(str(self), *given, **named)
        except (TypeError, ValueError):
            return Thing()  # it was no method of text that was meant

    return work


for _name in dir(str):
    if not _name.startswith("_"):
        setattr(Thing, _name, _as_text(_name))


class Kind(type):
    """The class of classes that stand in: they give things, their subclasses are ordinary."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Thing()

    def __call__(cls, *given: Any, **named: Any) -> Any:
        return Thing() if cls.__dict__.get("stands_in") else super().__call__(*given, **named)

    def __getitem__(cls, key: Any) -> Any:
        return cls

    def __or__(cls, other: Any) -> Any:
        return cls

    __ror__ = __or__

    def __instancecheck__(cls, instance: object) -> bool:
        return not cls.__dict__.get("stands_in") and super().__instancecheck__(instance)


class Base(metaclass=Kind):
    """What recipes inherit from."""

    def __init__(self, *_given: Any, **_named: Any) -> None: ...

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Thing()


def made(name: str) -> Any:
    """What stands in for a function or value of this name: what its name suggests, or a thing."""
    if name.endswith("stream"):
        return texts if "text" in name.replace("textcat", "") else rows
    return [dict(choice) for choice in CHOICES] if name.lower().endswith("options") else Thing()


def rows(*_given: Any, **_named: Any) -> Iterator[dict[str, Any]]:
    """The rows of the project."""
    return iter([json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()])


def texts(*_given: Any, **_named: Any) -> Iterator[str]:
    """Their texts."""
    return (row["text"] for row in rows())


def undefined(file: str) -> list[str]:
    """The names that a file uses and defines nowhere: they come from an `import *`."""
    nodes = list(ast.walk(ast.parse(Path(file).read_text())))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    bound |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {(node.asname or node.name).partition(".")[0] for node in nodes if isinstance(node, ast.alias)}
    bound |= {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
    return sorted(used - bound - set(dir(builtins)) - {"__file__", "__name__"})


class StandIn(ModuleType):
    """A module that has every name."""

    __path__: Sequence[str] = []
    __all__: Sequence[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name.endswith(("Error", "Exception", "Timeout")):
            value: Any = type(name, (Exception,), {})
        elif name[:1].isupper() and not name.isupper():
            value = Kind(name, (Base,), {"stands_in": True})
        else:
            value = made(name)
        setattr(self, name, value)
        return value


class StandIns(MetaPathFinder, Loader):
    """Gives a stand-in for what the recipe's own file imports and nobody else finds."""

    def __init__(self, file: str, *, refused: Sequence[str]) -> None:
        self._file, self._refused = file, refused

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        parent, _, _ = fullname.rpartition(".")
        if fullname.partition(".")[0] in self._refused:
            return None
        if not isinstance(sys.modules.get(parent), StandIn) and not self._asks():
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=True)

    def _asks(self) -> bool:
        frame: FrameType | None = sys._getframe(1)
        while frame and ("importlib" in frame.f_code.co_filename or frame.f_code.co_filename == __file__):
            frame = frame.f_back
        return frame is not None and frame.f_code.co_filename == self._file

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Give what the file takes by `import *`."""
        module.__all__ = undefined(self._file)
