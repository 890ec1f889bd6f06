"""Write the reference from the code: `make docs`. A test compares what is written with what the code says."""

import inspect
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import coming_from_prodigy

from tallymark.cli import catalog
from tallymark.cli.convert import type_name
from tallymark.cli.options import COMMAND_SETTINGS, RECIPE_SETTINGS
from tallymark.components import CALLBACKS, DESCRIPTIONS
from tallymark.config import IGNORED, PAGE_KEYS, PREFIX, Settings, expected, group_of
from tallymark.config.prodigy import IGNORED_VARIABLES, RENAMED, VARIABLES
from tallymark.config.schema import SCHEMA_FILE, schema_text
from tallymark.interfaces import INTERFACES
from tallymark.queue.writer import Writer
from tallymark.recipe import Argument, Recipe, recipes
from tallymark.server.app import create_app
from tallymark.store import Store

HERE: Final = Path(__file__).parent
NOTE: Final = "<!-- written by docs/reference/generate.py: change the code, then run `make docs` -->"
GROUPS: Final = {
    "server": "Where it runs and who reaches it",
    "queue": "Who gets what, and when it counts",
    "page": "How the page looks and behaves",
}


def commands_page() -> str:
    """Every command and built-in recipe with its arguments."""
    catalog.load_built_in()
    parts = [
        "# Commands and recipes",
        NOTE,
        "`tallymark NAME --help` shows the same on the terminal. Arguments in capitals are positional. "
        f"Recipes also take the [settings](settings.md) {_options(RECIPE_SETTINGS)} and "
        f"`--set NAME=VALUE`; commands take {_options(COMMAND_SETTINGS)}.",
        "An error is one paragraph: what happened, to what, and what to do. The exit code is 2 when "
        "something that was given is wrong, 1 when it could not be done, and 130 after Ctrl-C; "
        "`TALLYMARK_LOGGING=verbose` adds the traceback.",
    ]
    groups: dict[str, list[str]] = {}
    for entry in catalog.entries():
        found = catalog.commands.find(entry.name) or recipes.registered()[entry.name]
        if found.module.startswith("tallymark."):
            groups.setdefault(entry.group, []).append(_command(found))
    for group, entries in groups.items():
        parts += [f"## {group}", *entries]
    return _page(*parts)


def _options(names: tuple[str, ...]) -> str:
    return ", ".join(f"`--{name.replace('_', '-')}`" for name in names)


def _command(found: Recipe) -> str:
    arguments = [argument for argument in found.arguments if argument.name != "settings"]
    positional = [
        argument.name.upper() if argument.required else f"[{argument.name.upper()}]"
        for argument in arguments
        if argument.kind == "positional"
    ]
    usage = " ".join(["tallymark", found.name, *positional])
    parts = [f"### `{found.name}`", inspect.getdoc(found.function) or "", f"    {usage}"]
    rows = "\n".join(_argument_row(argument) for argument in arguments if argument.kind != "extra")
    if rows:
        parts.append(f"| argument | takes | default | |\n|---|---|---|---|\n{rows}")
    return "\n\n".join(part for part in parts if part)


def _argument_row(argument: Argument) -> str:
    names = [name for name in (argument.option, argument.short) if name] or [argument.name.upper()]
    takes = "" if argument.kind in ("flag", "count") else _code(type_name(argument.type))
    default = "" if argument.required or argument.default in (None, False, (), [], "") else argument.default
    if isinstance(default, list | tuple):
        default = ",".join(map(str, default))
    return _row(
        ", ".join(map(_code, names)), takes, _code(str(default)) if default != "" else "", argument.help
    )


def settings_page() -> str:
    """Every setting with its variable, what it takes, and its default."""
    parts = [
        "# Settings",
        NOTE,
        "Later wins: the defaults below, `prodigy.json` and `tallymark.toml` of the home folder, both of the "
        "project, a recipe's `config`, PRODIGY_ variables, TALLYMARK_ variables, the command line and "
        "`serve(**config)`. [Configure](../how-to/configure.md) shows each of them; `tallymark config` says "
        "where every value came from.",
        "Every setting is a key of `tallymark.toml` and has a variable, in which lists are written with "
        "commas between and tables as JSON. On the command line it is `--name` where the recipe's help lists "
        "it, and `--set name=value` always.",
    ]
    for group, title in GROUPS.items():
        rows = [
            _row(
                _code(name),
                _code(PREFIX + name.upper()),
                expected(field),
                _default(name),
                field.description or "",
            )
            for name, field in Settings.model_fields.items()
            if group_of(field) == group
        ]
        table = "| setting | variable | takes | default | |\n|---|---|---|---|---|\n" + "\n".join(rows)
        parts += [f"## {title}", table]
    return _page(*parts, *_prodigy_parts())


def _prodigy_parts() -> list[str]:
    """What becomes of keys and variables that Prodigy knows."""
    renamed = [_row(_code(old), f"is `{new}`") for old, new in sorted(RENAMED.items())]
    ignored = [_row(_code(name), f"has no effect: {reason}") for name, reason in sorted(IGNORED.items())]
    variables = [_row(_code(name), f"is `{setting}`") for name, setting in sorted(VARIABLES.items())]
    variables += [
        _row(
            "`PRODIGY_HOME`", "folder in which a home `prodigy.json` is looked for; without it `~/.prodigy`"
        ),
        _row("`PRODIGY_CONFIG`", "the one file to read in place of every `prodigy.json`"),
        _row("`PRODIGY_CONFIG_OVERRIDES`", "a JSON object, as in `prodigy.json`"),
        *(
            _row(_code(name), f"has no effect: {reason}")
            for name, reason in sorted(IGNORED_VARIABLES.items())
        ),
    ]
    return [
        "## Keys of `prodigy.json`",
        "In `prodigy.json`, in `PRODIGY_CONFIG_OVERRIDES` and in a recipe's `config`, a key that is called "
        "like a setting is that setting, and null leaves it out. Other keys:",
        "| key | here |\n|---|---|\n" + "\n".join([*renamed, *ignored]),
        "Passed to the page as they are: " + ", ".join(map(_code, sorted(PAGE_KEYS))) + ". Any other key is "
        "passed to the page, too, and reported once; one that is called like a password is not passed.",
        "## PRODIGY_ variables",
        "| variable | here |\n|---|---|\n" + "\n".join(variables),
    ]


def _default(name: str) -> str:
    if name == "home":
        return _code("~/.tallymark")
    value = Settings.model_fields[name].get_default(call_default_factory=True)
    if value is None or value in ([], {}):
        return ""
    return _code(",".join(value) if isinstance(value, list) else str(value).lower())


def components_page() -> str:
    """Every component a recipe may return, and every interface."""
    kinds = {"dataset": "name", "view_id": "name", "stream": "iterable", "exclude": "list", "db": "bool"}
    rows = [
        _row(_code(name), "function" if name in CALLBACKS else kinds.get(name, "dict"), description)
        for name, description in DESCRIPTIONS.items()
    ]
    interfaces = [
        _row(
            _code(name),
            interface.kind,
            ", ".join(map(_code, interface.fingerprint_keys)),
            ", ".join(f"{_code(key)}" for key in interface.settings),
        )
        for name, interface in sorted(INTERFACES.items())
    ]
    return _page(
        "# Components",
        NOTE,
        "A recipe returns a dict of these. Only `view_id` and `stream` are needed; without a "
        "`dataset` nothing is saved. An unknown key is an error that names the nearest known one.",
        "| component | is | |\n|---|---|---|\n" + "\n".join(rows),
        "## Interfaces",
        "The `view_id` of a recipe. In a *manual* interface the annotator makes the annotation, so "
        "the question is the input; in a *binary* one a suggestion is judged, so the question is the "
        "whole task.",
        "| interface | kind | the answer is in | settings of its own |\n|---|---|---|---|\n"
        + "\n".join(interfaces),
    )


def api_page() -> str:
    """Every call of the API, with what it takes and gives."""
    document = described_api()
    schemas = document["components"]["schemas"]
    parts = [
        "# The API",
        NOTE,
        "JSON over HTTP, at the address of the page. A running server describes itself at `/openapi.json`, "
        "for programs that make clients. Bodies are sent as `application/json`. A refusal is a problem "
        "document; [its codes are explained here](errors.md). Reading never changes anything.",
    ]
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            parts += _call(f"{method.upper()} {path}", call)
    parts.append("## Bodies and replies")
    for name, schema in sorted(schemas.items()):
        parts += _schema(name, schema)
    return _page(*parts)


def _call(title: str, call: Mapping[str, Any]) -> list[str]:
    parts = [f"### `{title}`", " ".join(call.get("description", call["summary"]).split())]
    rows = [
        _row(_code(one["name"]), one["in"], _shape(one["schema"]), "yes" if one.get("required") else "")
        for one in call.get("parameters", ())
    ]
    if rows:
        parts.append("\n".join(["| parameter | in | type | required |", "|---|---|---|---|", *rows]))
    body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    reply = call["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema")
    said = [f"Takes {_shape(body)}."] if body else []
    said += [f"Gives {_shape(reply)}."] if reply else []
    return [*parts, " ".join(said)] if said else parts


def _schema(name: str, schema: Mapping[str, Any]) -> list[str]:
    needed = schema.get("required", ())
    rows = [
        _row(_code(key), _shape(one), "yes" if key in needed else "", one.get("description", ""))
        for key, one in schema.get("properties", {}).items()
    ]
    table = "\n".join(["| key | type | required | |", "|---|---|---|---|", *rows])
    described = " ".join(schema.get("description", "").split())
    return [f"### {name}", *([described] if described else []), *([table] if rows else [_shape(schema)])]


def _shape(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in few words; named ones as links."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(map(_shape, schema[key])))
    if "enum" in schema:
        return ", ".join(_code(str(value)) for value in schema["enum"])
    if "const" in schema:
        return _code(str(schema["const"]))
    if schema.get("type") == "array":
        return f"list of {_shape(schema.get('items', {}))}"
    return str(schema.get("type", "anything"))


def described_api() -> dict[str, Any]:
    """The OpenAPI document of a server."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "empty.db")
        writer = Writer(store)
        try:
            document: dict[str, Any] = create_app(store, writer).openapi()
        finally:
            writer.close()
            store.close()
    return document


def _page(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _row(*cells: str) -> str:
    escaped = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "components.md": components_page,
    "api.md": api_page,
    "../how-to/coming-from-prodigy.md": lambda: coming_from_prodigy.page(NOTE),
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        path = (HERE / name).resolve()
        path.write_text(page(), encoding="utf-8")
        print(path)
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    print(SCHEMA_FILE)


if __name__ == "__main__":
    main()
