"""Loaders: generators that turn a file into rows, one for each format.

    @loader(".jsonl", name="jsonl")
    def read_jsonl(path: Path, *, start: Start | None = None) -> Iterator[Row]: ...

A loader of a user may simply yield dicts; without a `start` parameter, a resumed file is read from its top
and the rows before the mark are left out.
"""

import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tallymark.errors import SourceError
from tallymark.registry import Registry, did_you_mean, nearest
from tallymark.source import Row, Source, Start

__all__ = ["CSV", "JSONL", "TXT", "Loader", "loader", "loaders", "open_source"]

Function = TypeVar("Function", bound=Callable[..., Iterable[Any]])
Check = Callable[[Path, str | None], None]


@dataclass(frozen=True, slots=True)
class Loader:
    """A registered loader. `check` may refuse a file at once, given the key that must hold the input."""

    name: str
    function: Callable[..., Iterable[Any]]
    suffixes: tuple[str, ...]
    check: Check | None = None

    def rows(self, path: Path, start: Start | None) -> Iterator[Row]:
        """The rows of a file, from `start` on where the loader can do so."""
        if start is not None and start.offset and "start" in inspect.signature(self.function).parameters:
            return _as_rows(self.function(path, start=start))
        return _as_rows(self.function(path))


loaders: Registry[Loader] = Registry("loader", group="tallymark_loaders")


def loader(*suffixes: str, name: str, check: Check | None = None) -> Callable[[Function], Function]:
    """Register a loader under a name and for file extensions such as `.jsonl`."""

    def register(function: Function) -> Function:
        loaders.add(name, Loader(name, function, suffixes, check))
        return function

    return register


def open_source(source: str | Path, *, loader: str | None = None, input_key: str | None = None) -> Source:
    """A source for a path or `-` (standard input, JSONL unless `loader` says otherwise).

    Raises `SourceError` when there is no such file or no loader for it.
    """
    if str(source) == "-":
        chosen = loaders.get(loader or "jsonl")
        return Source("-", lambda start: chosen.rows(Path("-"), start))
    if str(source).startswith("dataset:"):
        raise SourceError(
            f"{source}: datasets cannot be read as a source; export it with db-out and give the file."
        )
    path = Path(source).expanduser().absolute()
    _refuse_unreadable(path, source)
    chosen = loaders.get(loader) if loader else _loader_of(path)
    if not path.is_file():  # a pipe such as /dev/fd/63: it can be read once
        return Source(str(path), lambda start: chosen.rows(path, start))
    if chosen.check is not None:
        chosen.check(path, input_key)
    return Source(str(path), lambda start: chosen.rows(path, start), path=path)


def _as_rows(items: Iterable[Any]) -> Iterator[Row]:
    for ordinal, item in enumerate(items, start=1):
        if isinstance(item, Row):
            yield item
        elif isinstance(item, dict):
            yield Row(ordinal, item)
        else:
            yield Row(ordinal, None, f"a row is a dict; this is a {type(item).__name__}")


def _refuse_unreadable(path: Path, given: str | Path) -> None:
    if path.is_dir():
        files = sorted(entry.name for entry in path.iterdir() if _suffix_is_known(entry))
        hint = (
            f"Give one of its files, such as {files[0]}." if files else "It holds no file that can be read."
        )
        raise SourceError(f"{given} is a folder. {hint}")
    if not path.exists():
        raise SourceError(f"There is no file {given}.{_similar(path)}")
    if not os.access(path, os.R_OK):
        raise SourceError(f"{given} may not be read by this user.")


def _similar(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f" The folder {folder} does not exist either."
    near = nearest(path.name, [entry.name for entry in folder.iterdir()])
    return f" Near to it: {', '.join(near)}." if near else f" (Looked in {folder}.)"


def _suffix_is_known(path: Path) -> bool:
    return any(path.suffix.lower() in known.suffixes for known in loaders.registered().values())


def _loader_of(path: Path) -> Loader:
    for known in loaders.registered().values():
        if path.suffix.lower() in known.suffixes:
            return known
    if not path.suffix and not path.is_file():
        return loaders.get("jsonl")
    suffixes = [suffix for known in loaders.registered().values() for suffix in known.suffixes]
    raise SourceError(
        f'The format of {path.name} is not known by its extension "{path.suffix}".'
        f"{did_you_mean(path.suffix, suffixes)} Known are {', '.join(sorted(suffixes))};"
        f" or name the format with --loader ({', '.join(loaders.names())})."
    )


from tallymark.loaders.delimited import CSV  # noqa: E402  (they register themselves above)
from tallymark.loaders.jsonl import JSONL  # noqa: E402
from tallymark.loaders.txt import TXT  # noqa: E402
