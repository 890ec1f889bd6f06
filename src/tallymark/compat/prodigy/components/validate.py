"""`prodigy.components.validate`."""

from collections.abc import Iterable
from typing import Any

from tallymark.compat.prodigy.errors import ValidationError
from tallymark.types import Task

__all__ = ["validate"]

SHOWN = 5


def validate(schema: Any, examples: Iterable[Task] | Task, error_msg: str | None = None) -> list[Task]:
    """The examples, after a look whether each has the shape of `schema`, a type of `prodigy.types`.

    Raises `ValidationError` with the first few that have not; `error_msg` is said first.
    """
    from pydantic import TypeAdapter
    from pydantic import ValidationError as Wrong

    adapter: TypeAdapter[Any] = TypeAdapter(schema)
    checked = [examples] if isinstance(examples, dict) else list(examples)
    problems = []
    for number, example in enumerate(checked, start=1):
        try:
            adapter.validate_python(example)
        except Wrong as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            problems.append(f"example {number}, {place}: {first['msg']}")
    if problems:
        more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise ValidationError(
            "\n".join(
                [
                    error_msg or "Examples do not have the shape they should have.",
                    "; ".join(problems[:SHOWN]) + more,
                ]
            )
        )
    return checked
