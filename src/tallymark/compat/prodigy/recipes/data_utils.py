"""`prodigy.recipes.data_utils`: datasets as recipes that train name and read them."""

from collections.abc import Iterable
from typing import Any, Final

__all__ = ["get_datasets_from_cli", "get_datasets_from_cli_eval"]

EVAL: Final = "eval:"


def get_datasets_from_cli(names: str | Iterable[str] | None) -> tuple[list[str], list[str]]:
    """The datasets to train with and those to evaluate with, which are written `eval:NAME`."""
    from tallymark.labels import split_string

    given = split_string(names)
    evals = [name.removeprefix(EVAL) for name in given if name.startswith(EVAL)]
    return [name for name in given if not name.startswith(EVAL)], evals


def get_datasets_from_cli_eval(**components: Any) -> dict[str, list[str]]:
    """The datasets to evaluate each component with, whether they are written `eval:NAME` or `NAME`."""
    found = {}
    for component, names in components.items():
        train, evals = get_datasets_from_cli(names)
        if train or evals:
            found[component] = [*train, *evals]
    return found
