"""Streams of tasks: what a recipe hands over and a feeder drains.

A stream knows which sources its tasks come from, follows every row until it is a task or has another fate,
and keeps nothing in memory but a window of the last rows. Duplicates are decided by the queue, not here.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from tallymark.errors import RecipeError, SourceError
from tallymark.hashing import ROW_KEY, set_hashes, without_private
from tallymark.source import (
    Row,
    Source,
    collect_sources,
    current_sources,
    enter,
    iterable_source,
    leave,
    source_by_index,
    with_sources,
)
from tallymark.types import Fate, RowLink, Task

__all__ = [
    "Source",
    "Stream",
    "collect_sources",
    "costly",
    "follow",
    "get_stream",
    "left_out",
    "remembered",
    "row_of",
    "rowwise",
]

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

TEXT_KEY = "text"

_ROWWISE = "_tallymark_rowwise"
_COSTLY = "_tallymark_costly"


def rowwise(function: Function) -> Function:
    """Mark a step for `Stream.apply` that handles one task at a time, in order, before it pulls the next.

    It may drop tasks, change them, or make several of one. Rows it drops then have their fate at once.
    """
    setattr(function, _ROWWISE, True)
    return function


def costly(function: Function) -> Function:
    """Mark a step for `Stream.apply` that takes time or makes tasks much larger: it is run only on demand."""
    setattr(function, _COSTLY, True)
    return function


def row_of(task: Task) -> tuple[Source, int, RowLink] | None:
    """The row a task came from and how certain that is; None for a task without a row."""
    row = task.get(ROW_KEY)
    if not isinstance(row, list | tuple) or len(row) < 2:
        return None
    source = source_by_index(row[0])
    if source is None:
        return None
    return source, row[1], row[2] if len(row) > 2 else "exact"


class Stream:
    """An iterator of tasks that remembers where they come from.

    `rowwise`: every step handles one task at a time. `plain`: made by `get_stream` or of a list, with only
    row-wise steps of ours, so it may be sought. `eager`: plain and cheap, so it may be read ahead of demand.
    `length`: rows, where known beforehand. `dedup` is False when equal tasks are wanted. `ended`: everything
    was read.
    """

    def __init__(
        self,
        tasks: Iterable[Task],
        *,
        sources: Sequence[Source] = (),
        plain: bool = False,
        rowwise: bool = True,
        dedup: bool = True,
    ) -> None:
        self.plain = plain
        self.rowwise = rowwise
        self.dedup = dedup
        self.ended = False
        self._cheap = True
        self._tasks = iter(tasks)
        self._sources = list(sources)
        self._links: _Links | None = None
        self._options: dict[str, Any] | None = None
        self._steps: list[tuple[Callable[..., Iterable[Task]], tuple[Any, ...], dict[str, Any]]] = []

    @classmethod
    def from_iterable(cls, iterable: Iterable[Any]) -> "Stream":
        """A stream of dicts. Each is a row of its own, unless it comes from a source of the same recipe."""
        if isinstance(iterable, Stream):
            return iterable
        source = iterable_source(iterable)
        is_list = isinstance(iterable, list | tuple)
        return cls(_items(source, iterable), sources=[source], plain=is_list, rowwise=is_list)

    @property
    def sources(self) -> list[Source]:
        """The sources read so far, and those sure to be read; a recipe may open more while it runs."""
        return [source for source in self._sources if source.is_file or source.rows_read or source.known_rows]

    @property
    def eager(self) -> bool:
        """Whether it may be read ahead of demand."""
        return self.plain and self._cheap

    @property
    def length(self) -> int | None:
        """Rows of all sources, if known without reading."""
        counts = [source.known_rows for source in self.sources]
        return sum(cast(list[int], counts)) if counts and self.plain and None not in counts else None

    def apply(self, function: Callable[..., Iterable[Task]], *args: Any, **kwargs: Any) -> "Stream":
        """Wrap the stream, in place, in a generator function.

        Where this stream is among the arguments, the function gets the inner iterator there; otherwise as its
        first argument. Gives the stream itself. Errors: `RecipeError` for a function that gives no tasks.
        """
        self._steps.append((function, args, kwargs))
        inner = self._tasks
        given = any(value is self for value in (*args, *kwargs.values()))
        positional = [inner if value is self else value for value in args]
        named = {key: inner if value is self else value for key, value in kwargs.items()}
        if not given:
            positional.insert(0, inner)
        made: Any = function(*positional, **named)
        if not isinstance(made, Iterable):
            name = getattr(function, "__name__", type(function).__name__)
            raise RecipeError(
                f"apply() got no tasks from {name}(): it returned {made!r}.",
                "What is applied to a stream is a generator: have it `yield task` for each task it takes.",
            )
        self._tasks = iter(made)
        self.rowwise = self.rowwise and bool(getattr(function, _ROWWISE, False))
        self.plain = self.plain and self.rowwise and _is_ours(function)
        self._cheap = self._cheap and not getattr(function, _COSTLY, False)
        return self

    def made_with(self, options: dict[str, Any]) -> None:
        """Remember the options of `get_stream`; only steps after it are repeated for another source."""
        self._options = options
        self._steps.clear()

    @property
    def extendable(self) -> bool:
        """Whether `again` works: it is `get_stream` of a path, and steps by `apply`."""
        return self._options is not None

    def again(
        self, source: str | Path, *, loader: str | None = None, text_key: str | None = None
    ) -> "Stream":
        """A stream of another source that goes through the same steps.

        Raises `RecipeError` where the stream is not extendable, and `SourceError` as `get_stream`.
        """
        if self._options is None:
            raise RecipeError(
                "The recipe makes its stream itself, so nothing can be added to it while it runs.",
                "Streams of get_stream with steps by stream.apply can be added to.",
            )
        stream = get_stream(source, **{**self._options, "loader": loader, "text_key": text_key})
        self.repeat_steps(stream)
        return stream

    def repeat_steps(self, stream: "Stream") -> None:
        """Have another stream go through the same steps as this one."""
        for function, args, kwargs in self._steps:
            named = {key: stream if value is self else value for key, value in kwargs.items()}
            stream.apply(function, *(stream if value is self else value for value in args), **named)

    def provenance(self, task: Task) -> tuple[Source, int, RowLink] | None:
        """The row a task of this stream came from; None for one without a row."""
        return row_of(task)

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> Task:
        if self._links is None:
            return next(self._tasks)
        return self._next_followed(self._links)

    def _follow(self, opened: list[Source]) -> None:
        """From here on, decide the fate of rows: this is the last step before the queue."""
        for source in self._sources:
            source.rowwise = self.rowwise
            source.remembering = not self.plain
        self._links = _Links(opened)

    def _next_followed(self, links: "_Links") -> Task:
        token = enter(links.sources)
        try:
            task = next(self._tasks)
        except StopIteration:
            self._end(links)
            raise
        finally:
            leave(token)
        if not isinstance(task, dict):
            raise RecipeError(f"The stream gave a {type(task).__name__}; tasks are dicts.")
        found = row_of(task) or links.find(task)
        if found is not None:
            found[0].link(found[1])
        if not self.plain:
            self._see(links, found[0] if found is not None else None)
        return task

    def _see(self, links: "_Links", source: Source | None) -> None:
        """Make sources that the recipe reads part of this stream."""
        for candidate in links.advanced():
            self._add(candidate)
        if source is not None:
            self._add(source)
        links.saw(source)

    def _add(self, source: Source) -> None:
        if source not in self._sources:
            self._sources.append(source)

    def _end(self, links: "_Links") -> None:
        self._see(links, None)
        self.ended = True
        for source in self._sources:
            source.settle(source.rows_read)


def follow(stream: Iterable[Any], *, opened: list[Source]) -> Stream:
    """The stream a recipe returned, ready for a feeder: rows get their fates as it is read.

    `opened` are the sources collected while the recipe ran (`collect_sources`).
    """
    with with_sources(opened):
        followed = Stream.from_iterable(stream)
    followed._follow(opened)
    return followed


class _Links:
    """Finds the row of a task that lost its `ROW_KEY`."""

    def __init__(self, sources: list[Source], own: Source | None = None) -> None:
        self.sources = sources
        self._own = own
        self._seen = {source.index: source.rows_read for source in sources}
        self._last: Source | None = None

    def advanced(self) -> list[Source]:
        """Sources that rows were read from since the last task."""
        return [s for s in self.sources if s is not self._own and s.rows_read > self._seen.get(s.index, 0)]

    def saw(self, source: Source | None) -> None:
        """A task was yielded, of this source."""
        for other in self.sources:
            self._seen[other.index] = other.rows_read
        self._last = source or self._last

    def find(self, task: Task) -> tuple[Source, int, RowLink] | None:
        """By its input, else the last row read for it; stamps the task. None when nothing points anywhere."""
        found = self._by_input(task) or self._by_window()
        if found is not None:
            task[ROW_KEY] = [found[0].index, *found[1:]]
        return found

    def _by_input(self, task: Task) -> tuple[Source, int, Literal["hash"]] | None:
        for source in self.sources:
            ordinal = source.row_of_input(task) if source is not self._own else None
            if ordinal is not None:
                return source, ordinal, "hash"
        return None

    def _by_window(self) -> tuple[Source, int, Literal["window"]] | None:
        candidates = self.advanced() or [s for s in [self._last] if s is not None]
        if len(candidates) != 1:
            return None
        return candidates[0], candidates[0].rows_read, "window"


def _items(source: Source, items: Iterable[Any]) -> Iterator[Task]:
    """Tasks of Python code: those of other sources stay theirs, each other one is a row of `source`."""
    links = _Links(current_sources(), source)
    for item in items:
        if isinstance(item, dict):
            found = row_of(item) or links.find(item)
            links.saw(found[0] if found is not None else None)
            if found is not None:
                yield item
                continue
        task = source.take(_row_of_item(source.rows_read + 1, item))
        if task is not None:
            yield task
    source.end()


def _row_of_item(ordinal: int, item: Any) -> Row:
    if isinstance(item, dict):
        return Row(ordinal, dict(item))
    return Row(ordinal, None, f"a task is a dict; this is a {type(item).__name__}")


def _is_ours(function: Callable[..., Any]) -> bool:
    return (getattr(function, "__module__", None) or "").partition(".")[0] == "tallymark"


def get_stream(
    source: Any,
    *args: Any,
    loader: str | None = None,
    api: None = None,
    rehash: bool = False,
    dedup: bool = True,
    input_key: str | None = None,
    is_binary: bool | None = None,
    text_key: str | None = None,
) -> Stream:
    """A stream of hashed tasks from a path, `-` (standard input), any iterable of dicts, or a `Stream`.

    A path is a file, a folder, a pattern such as `data/*.jsonl`, or `dataset:NAME`, with `:accept` for one
    answer. `loader` names the format when the file's extension does not. `rehash` makes the hashes anew where
    rows carry some. `dedup=False` asks equal tasks again. Rows without a text under `input_key` are passed
    over, with a note. `is_binary` is written to each task as `_is_binary`. `text_key` names the key or column
    of the source that holds the text, where that is not `text`: the two change places. The positional order
    of older recipes, `get_stream(source, api, loader, rehash, dedup, input_key)`, works, too.

    Raises `SourceError` when there is nothing to read; single bad rows get the fate `invalid` instead.
    """
    options = _options(
        args,
        {"loader": loader, "api": api, "rehash": rehash, "dedup": dedup}
        | {"input_key": input_key, "is_binary": is_binary},
    )
    if options["api"] is not None:
        raise SourceError(f"api={options['api']!r}: live APIs are not supported; give a file or a generator.")
    renamed = text_key not in (None, TEXT_KEY)
    wanted = text_key if renamed and options["input_key"] == TEXT_KEY else options["input_key"]
    stream = _opened(source, options["loader"], wanted)
    stream.dedup = options["dedup"]
    stream.plain = stream.plain and stream.dedup
    if renamed:
        stream.apply(_with_text, text_key)
    if options["input_key"] is not None:
        stream.apply(_with_input, options["input_key"])
    stream.apply(_hashed, overwrite=options["rehash"], is_binary=options["is_binary"])
    if isinstance(source, str | Path):
        stream.made_with(options)
    return stream


_ORDER = ("loader", "rehash", "dedup", "input_key", "is_binary")
_OLD_ORDER = ("api", "loader", "rehash", "dedup", "input_key")


def _options(args: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    order = _ORDER if len(args) < 2 or isinstance(args[1], bool) else _OLD_ORDER
    if len(args) > len(order):
        raise TypeError(f"get_stream takes a source and at most {len(order)} more positional arguments")
    return named | dict(zip(order, args, strict=False))


def _opened(source: Any, loader: str | None, input_key: str | None) -> Stream:
    if isinstance(source, str | Path):
        from tallymark.loaders import open_sources

        opened = open_sources(source, loader=loader, input_key=input_key)
        return Stream(_one_after_the_other(opened), sources=opened, plain=True)
    if not isinstance(source, Iterable):
        raise SourceError(
            f"A source is a path, - for standard input, or an iterable of dicts; not {type(source).__name__}."
        )
    return Stream.from_iterable(source)


def _one_after_the_other(sources: Sequence[Source]) -> Iterator[Task]:
    """The tasks of all sources. One that cannot be read on does not end it; it is told at the end."""
    broken: list[str] = []
    for source in sources:
        try:
            yield from source.tasks()
        except SourceError as error:
            if len(sources) == 1:
                raise
            logger.warning("%s The next file is read.", error)
            broken.append(str(error))
    if broken:
        raise SourceError(" ".join(broken))


@rowwise
def _hashed(tasks: Iterable[Task], *, overwrite: bool, is_binary: bool | None) -> Iterator[Task]:
    remember = _Memory()
    for task in tasks:
        set_hashes(task, overwrite=overwrite)
        if is_binary is not None:
            task["_is_binary"] = is_binary
        remember(task)
        yield task


def remembered(tasks: Iterable[Task]) -> Iterator[Task]:
    """Tasks of a source, whose inputs it keeps for the case that a recipe loses their rows."""
    remember = _Memory()
    for task in tasks:
        remember(task)
        yield task


class _Memory:
    """Tells sources the inputs of their rows; knows the last source, because most streams have one."""

    def __init__(self) -> None:
        self._index: object = None
        self._source: Source | None = None

    def __call__(self, task: Task) -> None:
        row = task.get(ROW_KEY)
        index = row[0] if isinstance(row, list) and row else None
        if index != self._index:
            self._index, self._source = index, source_by_index(index)
        if self._source is not None and self._source.remembering:
            self._source.remember(task)


@rowwise
def _with_text(tasks: Iterable[Task], key: str) -> Iterator[Task]:
    """The value of `key` becomes the text; a text that was there before stays under `key`."""
    for task in tasks:
        if key not in task:
            left_out(task, *_missing(task, key))
            continue
        before = {key: task[TEXT_KEY]} if TEXT_KEY in task else {}
        task[TEXT_KEY] = task.pop(key)
        yield task | before


@rowwise
def _with_input(tasks: Iterable[Task], key: str) -> Iterator[Task]:
    for task in tasks:
        problem = _input_problem(task, key)
        if problem is None:
            yield task
        else:
            left_out(task, *problem)


def left_out(task: Task, fate: Fate, note: str) -> None:
    """Say, from a step of a stream, why a task goes no further: the fate of its row."""
    found = row_of(task)
    if found is not None:
        source, ordinal, _ = found
        source.decide(ordinal, fate, f"{source.place_of(ordinal)}: {note}" if source.is_file else note)


def _input_problem(task: Task, key: str) -> tuple[Fate, str] | None:
    if key not in task:
        return _missing(task, key)
    value = task[key]
    if not isinstance(value, str):
        return "invalid", f'"{key}" is {_named(value)}, not a text'
    return None if value.strip() else ("passed", f'"{key}" is empty')


def _missing(task: Task, key: str) -> tuple[Fate, str]:
    keys = ", ".join([key[:40] for key in without_private(task)][:10])
    return "passed", f'no "{key}", only {keys or "an empty object"}'


def _named(value: Any) -> str:
    return {dict: "an object", list: "a list", type(None): "null"}.get(type(value), repr(value)[:40])
