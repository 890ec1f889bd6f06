"""`tallymark config`: every setting, its value, where it came from, and which files were looked for."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from tallymark.cli.catalog import command
from tallymark.cli.commands._terminal import console, table
from tallymark.errors import SettingError
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from tallymark.config import Files, Given, Settings, Stray

__all__ = ["config"]

_DEFAULT: Final = "default"
_GROUPS: Final = {
    "server": "Where it runs and who reaches it",
    "queue": "Who gets what, and when it counts",
    "page": "How the page looks and behaves",
}


@command(
    "config",
    setting=Arg(help="Setting to explain; all of them are listed when left out."),
    only_changed=Arg("--only-changed", "-c", help="Only settings that were given somewhere."),
    as_json=Arg("--json", "-j", help="Print JSON instead of tables."),
    schema=Arg("--schema", help="Print the JSON Schema of tallymark.toml, for editors."),
)
def config(
    setting: str | None = None,
    only_changed: bool = False,
    as_json: bool = False,
    schema: bool = False,
    *,
    settings: "Settings",
) -> None:
    """Show every setting, its value, and where the value came from.

    Also the files that were looked for, what they override in each other, and files that look like settings
    and are not read. What a recipe sets in its own `config` is known once it runs, so it is not shown here.
    """
    if schema:
        from tallymark.config.schema import schema_text

        print(schema_text(), end="")
        return
    names = [_known(setting)] if setting is not None else _names(settings, only_changed=only_changed)
    if as_json:
        print(json.dumps(_document(settings, names), indent=2, ensure_ascii=False))
    elif setting is not None:
        _explain(settings, names[0])
    else:
        _print(settings, names)


def _known(name: str) -> str:
    from tallymark.config import Given, Settings
    from tallymark.config.resolve import no_setting

    key = name.strip().removeprefix("TALLYMARK_").lower().lstrip("-").replace("-", "_")
    if key not in Settings.model_fields:
        raise SettingError(no_setting(Given(key, None, "keyword", key, "")))
    return key


def _names(settings: "Settings", *, only_changed: bool) -> list[str]:
    given = settings.resolution.given
    return [name for name in type(settings).model_fields if name in given or not only_changed]


def _document(settings: "Settings", names: Iterable[str]) -> dict[str, Any]:
    files = _files(settings)
    return {
        "home": str(files.home),
        "project": str(files.project),
        "files": [
            {"path": str(place.path), "for": place.role, "found": place.document is not None}
            for place in files.places
        ],
        "settings": {name: _entry(settings, name) for name in names},
        "not_settings": {
            key: _given(chain[-1]) | {"effect": _effect(key)}
            for key, chain in settings.resolution.extra.items()
        },
        "not_read": [{"path": str(stray.path), "because": stray.reason} for stray in _strays(files)],
        "notices": list(settings.resolution.notices),
    }


def _entry(settings: "Settings", name: str) -> dict[str, Any]:
    from tallymark.config.words import masked

    chain = settings.resolution.given.get(name, ())
    return {
        "value": masked(name, settings.model_dump(mode="json", include={name})[name]),
        "from": chain[-1].place if chain else _DEFAULT,
        "overridden": [_given(given) for given in reversed(chain[:-1])],
    }


def _given(given: "Given") -> dict[str, Any]:
    from tallymark.config.words import masked

    return {"value": masked(given.key, given.value), "from": given.place}


def _effect(key: str) -> str:
    from tallymark.config import IGNORED

    return f"none: {IGNORED[key]}" if key in IGNORED else "passed to the page"


def _files(settings: "Settings") -> "Files":
    files = settings.resolution.files
    assert files is not None  # noqa: S101 - `resolve` looked for them
    return files


def _strays(files: "Files") -> "list[Stray]":
    from tallymark.config.places import all_strays

    return all_strays(files)


def _print(settings: "Settings", names: list[str]) -> None:
    out = console()
    _print_files(settings)
    for group, title in _GROUPS.items():
        members = [name for name in names if _group(settings, name) == group]
        rows = [row for name in members for row in _rows(settings, name)]
        if rows:
            listed = table(title, "setting", "value", "from")
            for row in rows:
                listed.add_row(*row)
            out.print(listed)
    if not names:
        out.print("Nothing was given: every setting has its default.\n", soft_wrap=True)
    _print_rest(settings)


def _group(settings: "Settings", name: str) -> str:
    from tallymark.config import group_of

    return group_of(type(settings).model_fields[name])


def _rows(settings: "Settings", name: str) -> list[tuple[str, str, str]]:
    """The winner, and below it whom it overrode."""
    entry = _entry(settings, name)
    rows = [(name, _text(entry["value"]), str(entry["from"]))]
    return rows + [("", f"over {_text(lost['value'])}", str(lost["from"])) for lost in entry["overridden"]]


def _text(value: Any) -> str:
    if value is None:
        return "unset"
    return json.dumps(value, ensure_ascii=False, default=str)


def _print_files(settings: "Settings") -> None:
    files = _files(settings)
    where = "the current folder" if files.project == files.current else f"found from {files.current} upwards"
    listed = table("Files, later wins", "for", "file", "")
    for place in files.places:
        state = "not there" if place.document is None else "read" if place.document.values else "read; empty"
        listed.add_row(place.role, str(place.path), state)
    out = console()
    out.print(listed)
    out.print(f"Project: {files.project} ({where})\nHome: {files.home}\n", soft_wrap=True)


def _print_rest(settings: "Settings") -> None:
    """Keys that are no settings, files that are not read, and other notices."""
    out = console()
    if settings.resolution.extra:
        listed = table("No settings of ours", "key", "from", "effect")
        for key, chain in settings.resolution.extra.items():
            listed.add_row(key, chain[-1].place, _effect(key))
        out.print(listed)
    for notice in settings.resolution.notices:
        out.print(notice, soft_wrap=True)
    for stray in _strays(_files(settings)):
        out.print(f"Not read: {stray.path}: {stray.reason}.", soft_wrap=True)


def _explain(settings: "Settings", name: str) -> None:
    """One setting in full."""
    from tallymark.config import PREFIX, expected
    from tallymark.config.words import shown

    field = type(settings).model_fields[name]
    default = field.get_default(call_default_factory=True)
    rows = _rows(settings, name)
    lines = [
        name,
        f"  {field.description}",
        "",
        f"  takes      {expected(field)}",
        f"  default    {'unset' if default is None else shown(name, default)}",
        f"  value      {rows[0][1]}, from {rows[0][2]}",
        *(f"             {value}, from {place}" for _, value, place in rows[1:]),
        f"  variable   {PREFIX}{name.upper()}",
        f"  typed      --set {name}=VALUE",
    ]
    print("\n".join(lines))
