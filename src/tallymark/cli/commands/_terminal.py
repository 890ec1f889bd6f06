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


def counted(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """The same items; how many went by (of how many) is shown on standard error if it is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with shown_progress(what, total=total) as advance:
        for item in items:
            advance(1)
            yield item


def ask(question: str, *, otherwise: str) -> bool:
    """Ask on the terminal; only `y` or `yes` is yes. Errors: `InputError` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise InputError(f"{question} There is nobody to ask; say so with {otherwise}.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


@contextmanager
def shown_progress(what: str, *, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar with count and rate on standard error while the block runs, if it is a terminal.

    Call what is given to move it on.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = sys.stderr.isatty()
    with Progress(*columns, console=console(stderr=True), disable=not shown, transient=True) as progress:
        bar = progress.add_task(what, total=total)
        yield lambda number: progress.advance(bar, number)
