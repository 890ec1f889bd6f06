"""The page of `tallymark --help`, written without a terminal library: it appears in a tenth of a second."""

import shutil
import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from tallymark.cli.catalog import Entry, entries

__all__ = ["overview"]

_ABOUT: Final = "About"
_HEAD: Final = """\
Usage: tallymark RECIPE ARGUMENTS…

Scriptable data annotation in which every record is accounted for."""
_ENTRIES: Final = (
    Entry("RECIPE --help", "What one recipe or command does and takes.", _ABOUT),
    Entry("-F FILE.py", "Recipes of your own, beside ours; several files with commas between.", _ABOUT),
    Entry(
        "--compat", "Prodigy's names in recipes are ours, also where the real package is installed.", _ABOUT
    ),
    Entry("--help, -h", "This page.", _ABOUT),
    Entry("--version", "The version.", _ABOUT),
)


def overview(*, colour: bool = False) -> str:
    """Every command and recipe in groups, one line or a few each."""
    listed = [*entries(), *_ENTRIES]
    width = max(len(entry.name) for entry in listed) + 4
    return "\n".join([_HEAD, *_lines(listed, width, bold="\x1b[1m" if colour else "")])


def _lines(listed: list[Entry], width: int, *, bold: str) -> Iterator[str]:
    plain = "\x1b[0m" if bold else ""
    columns = min(shutil.get_terminal_size().columns, 110)
    for group, members in groupby(listed, key=lambda entry: entry.group):
        yield f"\n{bold}{group}{plain}"
        for entry in members:
            yield textwrap.fill(
                f"  {entry.name:<{width - 2}}{entry.summary}",
                width=max(columns, width + 30),
                subsequent_indent=" " * width,
                break_long_words=False,
            )
