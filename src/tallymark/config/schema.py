"""The JSON Schema of `tallymark.toml`, for editors; `make docs` writes it beside this file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tallymark.config.settings import PREFIX, Settings
from tallymark.config.words import can_be_off

__all__ = ["SCHEMA_FILE", "schema", "schema_text"]

SCHEMA_FILE: Final = Path(__file__).with_name("tallymark.schema.json")
_DIALECT: Final = "http://json-schema.org/draft-07/schema#"


def schema() -> dict[str, Any]:
    """What may stand in a `tallymark.toml`, from the definitions of the settings.

    TOML knows no null: what may be unset is left out, and what `false` switches off also takes false.
    """
    fields = Settings.model_json_schema()["properties"]
    return {
        "$schema": _DIALECT,
        "title": "tallymark.toml",
        "description": "Settings of Tallymark.",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _property(name, shape) for name, shape in fields.items()},
    }


def schema_text() -> str:
    """The schema as it is shipped."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _property(name: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    field = Settings.model_fields[name]
    found = {
        key: value
        for key, value in shape.items()
        if key not in ("group", "takes", "example", "title", "anyOf", "default", "format")
    }
    members = [member for member in shape.get("anyOf", ()) if member.get("type") != "null"]
    if can_be_off(field):
        members = [*(members or [{"type": found.pop("type")}]), {"const": False}]
    if len(members) == 1:
        found |= members[0]
    elif members:
        found["anyOf"] = members
    default = None if name == "home" else field.get_default(call_default_factory=True)
    if default is not None:
        found["default"] = default
    found["description"] = f"{field.description} Also {PREFIX}{name.upper()}."
    return dict(sorted(found.items(), key=lambda item: item[0] != "description"))
