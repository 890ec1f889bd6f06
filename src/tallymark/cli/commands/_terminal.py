"""What commands print: tables, and a running count where somebody watches."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from tallymark.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["ask", "console", "counted", "shown_progress", "table"]

T = TypeVar("T")
_EVERY = 1000


def console(*, stderr: bool = False) -> "Console":
    """A console that prints text as it is, and is wide when its output goes into a file or a pipe."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, emoji=False, markup=False)
    if not made.is_terminal:
        made.width = 200
    return made


def table(title: str, *columns: str, numbers: Sequence[int] = (), style: str = "bold") -> "Table":
    """A table; the columns at `numbers` are aligned to the right. Without column names it has no header."""
    from rich import box
    from rich.table import Table

    made = Table(
        title=title,
        title_justify="left",
        title_style=style,
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_header=any(columns),
        min_width=len(title),
    )
    for position, column in enumerate(columns):
        made.add_column(column, justify="right" if position in numbers else "left")
    return made


def counted(items: Iterable[T], what: str) -> Iterator[T]:
    """The same items; how many went by is shown on standard error if it is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    number = 0
    for number, item in enumerate(items, start=1):
        yield item
        if number % _EVERY == 0:
            print(f"\r{number:,} {what} ", end="", file=sys.stderr, flush=True)
    if number >= _EVERY:
        print(f"\r{number:,} {what} ", file=sys.stderr)


def ask(question: str, *, otherwise: str) -> bool:
    """Ask on the terminal; only `y` or `yes` is yes. Errors: `InputError` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise InputError(f"{question} There is nobody to ask; say so with {otherwise}.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


@contextmanager
def shown_progress(what: str, *, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while the block runs, if it is a terminal; call what is given to move it on."""
    from rich.progress import Progress

    with Progress(console=console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        bar = progress.add_task(what, total=total)
        yield lambda number: progress.advance(bar, number)
