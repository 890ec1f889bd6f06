"""How a host tells people something: one line at a time, to whoever prints or logs it."""

import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tallymark.errors import RecipeError

Say = Callable[[str], None]

_LIBRARIES: Final = (
    "<frozen ",
    f"{Path(__file__).parents[1]}/",
    *(f"{sysconfig.get_path(name)}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")),
)
"""Where code begins that no recipe's author wrote: ours, and what is installed."""


def counted(number: int, thing: str) -> str:
    """A count with its noun: `1 row`, `1,234 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def sized(size: int) -> str:
    """A size in bytes for people, in decimal units: `812 bytes`, `4.2 kB`, `157.3 MB`."""
    if size < 1_000:
        return counted(size, "byte")
    return f"{size / 1e3:,.1f} kB" if size < 1_000_000 else f"{size / 1e6:,.1f} MB"


def raised_at(error: BaseException) -> str:
    """Where an error that was caught came up: `recipe.py:12`, also where that line called a library."""
    places = traceback.extract_tb(error.__traceback__)
    place = next((one for one in reversed(places) if not one.filename.startswith(_LIBRARIES)), places[-1])
    return f"{place.filename}:{place.lineno}"


def failed_at_start(name: str, error: BaseException) -> RecipeError:
    """What a function of the recipe raised before there was anything to annotate."""
    return RecipeError(
        f"The recipe's {name} failed.", f"{type(error).__name__}: {error} ({raised_at(error)})"
    )
