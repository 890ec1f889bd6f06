"""The command `tallymark`: from what was typed to an exit code.

0: done. 1: it could not be done. 2: what was typed, or a file, is wrong. 130: interrupted.
"""

import os
import sys
from collections.abc import Sequence
from typing import Final

from tallymark.errors import InputError, NotKnown, TallymarkError

__all__ = ["COMPAT", "main", "take_files"]

COMPAT: Final = "--compat"
"""Imports of `prodigy` are ours, even where the real package is installed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; errors of our own become one clear paragraph on the terminal."""
    tokens = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(tokens)
    except TallymarkError as error:
        _report(error)
        return 2 if isinstance(error, InputError | NotKnown) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # whoever read our output has gone; Python must not try to flush the rest into the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(tokens: list[str]) -> int:
    from tallymark.cli import catalog
    from tallymark.compat.finder import enable
    from tallymark.registry import load_files

    rest, files = take_files([token for token in tokens if token != COMPAT])
    enable(prefer=COMPAT in tokens)
    if rest[:1] == ["--version"]:
        return _print_version()
    catalog.load_built_in()
    for paths in files:
        load_files(paths)
    if not rest or rest[0] in ("--help", "-h"):
        from tallymark.cli.overview import overview

        print(overview(colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ))
        return 0
    if rest[0].startswith("-"):
        raise InputError(
            f"The name of a recipe or command comes first, not {rest[0]}. See `tallymark --help`."
        )

    from tallymark.cli.run import invoke

    return invoke(catalog.find(rest[0]), rest[1:], command=["tallymark", *tokens])


def take_files(tokens: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part `-F file.py[,more.py]` from the rest. `-F` before anything else is a recipe's own option."""
    rest: list[str] = []
    files: list[str] = []
    for position, word in enumerate(tokens):
        if position > 0 and tokens[position - 1] == "-F" and _are_files(word):
            rest.pop()
            files.append(word)
        else:
            rest.append(word)
    return rest, files


def _are_files(text: str) -> bool:
    return all(part.strip().endswith(".py") for part in text.split(","))


def _print_version() -> int:
    from tallymark import __version__

    print(f"tallymark {__version__}")
    return 0


def _report(error: TallymarkError) -> None:
    """Print an error in red: what happened first, what to do below it."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    if os.environ.get("TALLYMARK_LOGGING") == "verbose":
        import traceback

        console.print(Text("".join(traceback.format_exception(error)), style="dim"))
    title, _, details = (str(error) or type(error).__name__).partition("\n")
    console.print(Text(title, style="bold red"))
    if details:
        console.print(Text(details, style="red"))
