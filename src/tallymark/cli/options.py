"""Settings as options: those that people set from one start to the next stand beside a recipe's own.

Every other setting can be given as `--set NAME=VALUE`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tallymark.cli.arguments import known_options
from tallymark.config import Settings
from tallymark.recipe import Argument, plain_type

__all__ = [
    "COMMAND_SETTINGS",
    "RECIPE_SETTINGS",
    "SERVER_SETTINGS",
    "assigned",
    "chosen",
    "settings_arguments",
]

RECIPE_SETTINGS: Final = (
    "host",
    "port",
    "open",
    "session",
    "database",
    "workers",
    "batch_size",
    "annotations_per_task",
    "feed_overlap",
    "allowed_sessions",
    "instructions",
    "take_over",
    "logging",
)
COMMAND_SETTINGS: Final = ("database", "logging")
SERVER_SETTINGS: Final = {"worker": ("host", "port", "workers", *COMMAND_SETTINGS)}
"""Commands that serve the page themselves, and what they take."""

SET: Final = Argument(
    name="set_",
    kind="option",
    option="--set",
    short=None,
    help="Any setting, as NAME=VALUE, or NAME.KEY=VALUE in a table; may be given several times.",
    type=list[str],
    converter=None,
    default=None,
)


def settings_arguments(names: Iterable[str], own: Iterable[Argument]) -> list[Argument]:
    """The named settings as arguments, less those whose name or option the recipe has for itself."""
    mine = list(own)
    taken, known = known_options(mine), {argument.name for argument in mine}
    arguments = [*(_argument(name) for name in names), SET]
    return [argument for argument in arguments if argument.option not in taken and argument.name not in known]


def chosen(arguments: Iterable[Argument], typed: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed for settings, by their names; still text, for `tallymark.config.resolve`."""
    values: dict[str, Any] = {}
    for argument in arguments:
        given = typed.get(argument.name)
        if argument is SET or given is None:
            continue
        values[argument.name] = ",".join(given) if isinstance(given, list) else given
    return values


def assigned(typed: Mapping[str, Any]) -> tuple[str, ...]:
    """What was typed behind each `--set`."""
    return tuple(typed.get(SET.name) or ())


def _argument(name: str) -> Argument:
    field = Settings.model_fields[name]
    kind = plain_type(field.annotation)
    default = field.get_default(call_default_factory=True)
    return Argument(
        name=name,
        kind="flag" if kind is bool else "option",
        option="--" + name.replace("_", "-"),
        short=None,
        help=(field.description or "").replace("`", ""),
        type=str if name == "annotations_per_task" else kind,  # 2, 1.5 or a JSON object
        converter=None,
        default=True if name == "open" else default,
    )
