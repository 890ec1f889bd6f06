"""Loaders: generators that turn a file into rows, one for each format.

    @loader(".jsonl", name="jsonl")
    def read_jsonl(path: Path, *, start: Start | None = None) -> Iterator[Row]: ...

A loader of a user may simply yield dicts; without a `start` parameter, a resumed file is read from its top
and the rows before the mark are left out. Compressed files are unpacked by `tallymark.loaders.content`.
"""

import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tallymark.errors import SourceError
from tallymark.hashing import PRIVATE_KEYS
from tallymark.loaders.content import BrokenContent, GzipFile, is_gzip
from tallymark.registry import Registry, did_you_mean, nearest
from tallymark.source import Content, Row, Source, Start, StoredFile

__all__ = [
    "CSV",
    "JSON",
    "JSONL",
    "TXT",
    "Arrow",
    "Audio",
    "AudioServer",
    "ImageServer",
    "Images",
    "Loader",
    "Parquet",
    "Video",
    "VideoServer",
    "format_suffix",
    "loader",
    "loaders",
    "open_source",
    "open_sources",
    "suffix_is_known",
]

Function = TypeVar("Function", bound=Callable[..., Iterable[Any]])
Check = Callable[[Path, str | None], None]
Count = Callable[[Path], int]
Stored = Callable[[Path], Content]

GZIP_SUFFIXES = (".gz", ".gzip")


@dataclass(frozen=True, slots=True)
class Loader:
    """A registered loader.

    `check` may refuse a file at once, given the key that must hold the input; `count` tells its rows without
    reading them. `stored` tells whether a file that is not compressed is still the same; by default it is one
    that may grow at its end.
    """

    name: str
    function: Callable[..., Iterable[Any]]
    suffixes: tuple[str, ...]
    check: Check | None = None
    count: Count | None = None
    stored: Stored = StoredFile

    def rows(self, path: Path, start: Start | None) -> Iterator[Row]:
        """The rows of a file, from `start` on where the loader can do so.

        Raises `SourceError` with file, row and reason where the file cannot be read any further.
        """
        if start is not None and start.offset and "start" in inspect.signature(self.function).parameters:
            return _as_rows(self.function(path, start=start), path, start.ordinal)
        return _as_rows(self.function(path), path, 0)

    def open(self, path: Path, input_key: str | None) -> Source:
        """A source for a file, after a look at it. Raises `SourceError` when it cannot be used."""
        content: Content = GzipFile(path) if is_gzip(path) else self.stored(path)
        try:
            if self.check is not None:
                self.check(path, input_key)
            length = None if self.count is None else self.count(path)
        except BrokenContent as error:
            raise SourceError(f"{path} cannot be read: {error}.") from error
        return Source(
            str(path), lambda start: self.rows(path, start), path=path, content=content, length=length
        )


loaders: Registry[Loader] = Registry(
    "loader",
    group=("tallymark_loaders", "prodigy_loaders"),
    adopt=lambda name, function: Loader(name, function, ()),
)


def loader(
    *suffixes: str,
    name: str,
    check: Check | None = None,
    count: Count | None = None,
    stored: Stored = StoredFile,
) -> Callable[[Function], Function]:
    """Register a loader under a name and for file extensions such as `.jsonl`."""

    def register(function: Function) -> Function:
        loaders.add(name, Loader(name, function, suffixes, check, count, stored))
        return function

    return register


def open_sources(
    source: str | Path, *, loader: str | None = None, input_key: str | None = None
) -> list[Source]:
    """The sources for a path, a folder, a pattern such as `data/*.jsonl`, `dataset:NAME` or `-`.

    Every file is a source of its own, in the order of their names; media files are one together.
    Raises `SourceError` when there is nothing to read or a file cannot be used.
    """
    from tallymark.loaders.folders import found_files

    if loader in MEDIA and str(source) != "-":
        return [open_media(source, loader)]
    if str(source).startswith("dataset:"):
        from tallymark.loaders.answered import open_dataset

        return [open_dataset(str(source))]
    files = found_files(source, any_suffix=loader is not None)
    if files is None:
        return [open_source(source, loader=loader, input_key=input_key)]
    return [open_source(file, loader=loader, input_key=input_key) for file in files]


def open_source(source: str | Path, *, loader: str | None = None, input_key: str | None = None) -> Source:
    """A source for one file or `-` (standard input, JSONL unless `loader` says otherwise).

    Raises `SourceError` when there is no such file or no loader for it.
    """
    if str(source) == "-":
        chosen = loaders.get(loader or "jsonl")
        return Source("-", lambda start: chosen.rows(Path("-"), start))
    path = Path(source).expanduser().absolute()
    _refuse_unreadable(path, source)
    chosen = loaders.get(loader) if loader else _loader_of(path)
    if not path.is_file():  # a pipe such as /dev/fd/63: it can be read once
        return Source(str(path), lambda start: chosen.rows(path, start))
    return chosen.open(path, input_key)


def format_suffix(path: Path) -> str:
    """The extension that tells the format, in lower case: that before `.gz`, too."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix in GZIP_SUFFIXES else suffix


def suffix_is_known(path: Path) -> bool:
    """Whether the extension of a file tells its format."""
    return _named_by(format_suffix(path)) is not None


def _as_rows(items: Iterable[Any], path: Path, before: int) -> Iterator[Row]:
    ordinal = before
    try:
        for ordinal, item in enumerate(items, start=before + 1):
            if isinstance(item, Row):
                yield item
            elif isinstance(item, dict):
                yield Row(ordinal, {key: item[key] for key in item if key not in PRIVATE_KEYS})
            else:
                yield Row(ordinal, None, f"a row is a dict; this is a {type(item).__name__}")
    except BrokenContent as error:
        where = f"Row {ordinal:,} is the last one read" if ordinal else "No row could be read"
        raise SourceError(f"{path}: {error}. {where}.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read after row {ordinal:,}: {error.strerror}.") from error


def _refuse_unreadable(path: Path, given: str | Path) -> None:
    if path.is_dir():
        raise SourceError(f"{given} is a folder, where one file is wanted.")
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


def _named_by(suffix: str) -> Loader | None:
    for known in loaders.registered().values():
        if suffix in known.suffixes:
            return known
    return None


def _loader_of(path: Path) -> Loader:
    suffix = format_suffix(path)
    known = _named_by(suffix)
    if known is not None:
        return known
    if not path.suffix and not path.is_file():
        return loaders.get("jsonl")
    suffixes = [suffix for known in loaders.registered().values() for suffix in known.suffixes]
    raise SourceError(
        f'The format of {path.name} is not known by its extension "{suffix}".'
        f"{did_you_mean(suffix, suffixes)} Known are {', '.join(sorted(suffixes))};"
        f" or name the format with --loader ({', '.join(loaders.names())})."
    )


from tallymark.loaders.arrow import Arrow  # noqa: E402  (they register themselves above)
from tallymark.loaders.delimited import CSV  # noqa: E402
from tallymark.loaders.json_array import JSON  # noqa: E402
from tallymark.loaders.jsonl import JSONL  # noqa: E402
from tallymark.loaders.media import (  # noqa: E402
    MEDIA,
    Audio,
    AudioServer,
    Images,
    ImageServer,
    Video,
    VideoServer,
    open_media,
)
from tallymark.loaders.parquet import Parquet  # noqa: E402
from tallymark.loaders.txt import TXT  # noqa: E402
