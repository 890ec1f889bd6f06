"""Put the places together: what was given where, who wins, and what is wrong."""

import copy
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from tallymark.config.documents import parse_json
from tallymark.config.given import LENIENT, Given, Kind, Resolution
from tallymark.config.places import Files, Place, find_files
from tallymark.config.prodigy import (
    IGNORED,
    IGNORED_VARIABLES,
    OTHER_NAMES,
    PAGE_KEYS,
    PRODIGY_PREFIX,
    RENAMED,
    SECRET,
    SOURCE_VARIABLES,
    VARIABLES,
)
from tallymark.config.settings import PREFIX, Settings, default_home, lax
from tallymark.config.words import expected, fits, is_number, masked, shown, suggestion, words_of
from tallymark.errors import SettingError
from tallymark.registry import did_you_mean

__all__ = ["no_setting", "resolve"]

_PATHS: Final = ("home", "database", "instructions", "global_css_dir", "javascript_dir")
_TEXTS: Final = (".html", ".htm", ".txt", ".md")
_HOME_REASON: Final[Mapping[Kind, str]] = {
    "recipe": "the home folder is needed before a recipe runs",
    "json": "prodigy.json may itself be read from the home folder",
    "overrides": "it names a setting of Tallymark alone",
    "toml": "this file was found in the home folder",
}


def resolve(
    *,
    recipe_config: Mapping[str, Any] | None = None,
    recipe_name: str = "",
    environ: Mapping[str, str] | None = None,
    command_line: Mapping[str, Any] | None = None,
    assignments: Sequence[str] = (),
    keywords: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    files: Files | None = None,
) -> Settings:
    """Put all places together. `keywords` are those of `serve(**config)`, `assignments` those of `--set`.

    `folder` stands for the current one; `files` are those of an earlier call, which are not read again.

    Raises `SettingError` naming each variable, option, key or file that is wrong, its place, its value, and
    what was expected. Our own files, variables and options are checked even where another place wins;
    `prodigy.json` and a recipe's `config` only where they count.
    """
    environment = os.environ if environ is None else environ
    typed = [*_options(command_line or {}), *_assignments(assignments)]
    called = [
        Given(key, item, "keyword", f"{key} (serve())", "serve()") for key, item in (keywords or {}).items()
    ]
    variables = list(_tallymark_variables(environment))
    if files is None:
        home = _home([*variables, *typed, *called])
        files = find_files(environment, home=home, default_home=default_home(), folder=folder)
    gathered = _Gathered()
    for given in [
        *(given for place in files.found for given in _in_file(place)),
        *_in_recipe(recipe_config or {}, recipe_name),
        *_prodigy_variables(environment),
        *variables,
        *typed,
        *called,
    ]:
        gathered.take(given, files)
    return _settled(gathered, files, environment)


@dataclass(slots=True)
class _Gathered:
    """What was given so far, later values behind earlier ones."""

    given: dict[str, list[Given]] = field(default_factory=dict)
    extra: dict[str, list[Given]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def take(self, given: Given, files: Files) -> None:
        lenient = given.kind in LENIENT
        if lenient and given.value is None:
            return
        if given.key not in Settings.model_fields:
            self._take_unknown(given, lenient=lenient)
        elif given.key == "home" and _home_is_refused(given, files):
            self.problems.append(
                f"{given.named} cannot be set there: {_HOME_REASON[given.kind]}. Use TALLYMARK_HOME."
            )
        else:
            self.given.setdefault(given.key, []).append(self._whole(given))

    def _take_unknown(self, given: Given, *, lenient: bool) -> None:
        if not lenient:
            self.problems.append(no_setting(given))
        elif given.kind != "recipe" and SECRET.search(given.key) and given.key not in IGNORED:
            self.notices.append(f"{given.named} looks like a password; it is not passed to the page.")
        else:
            self.extra.setdefault(given.key, []).append(given)

    def _whole(self, given: Given) -> Given:
        """For a dotted name the whole table, with that one key set in what lower places gave."""
        if not given.within:
            return given
        before = self.given.get(given.key)
        field = Settings.model_fields[given.key]
        read = lax(given.key, before[-1].value) if before else None
        table = copy.deepcopy(read.value if read else field.get_default(call_default_factory=True))
        if not isinstance(table, dict):
            self.problems.append(
                f"{given.named} names a key inside {given.key}, which is no table; "
                f"expected {expected(field)}: --set {given.key}=VALUE."
            )
            return replace(given, value=table)
        inner = table
        for part in given.within[:-1]:
            inner[part] = dict(inner[part]) if isinstance(inner.get(part), Mapping) else {}
            inner = inner[part]
        inner[given.within[-1]] = _item(given.value)
        return replace(given, value=table)


def _settled(gathered: _Gathered, files: Files, environ: Mapping[str, str]) -> Settings:
    """The settings, if nothing is wrong."""
    problems = gathered.problems
    for chain in gathered.given.values():
        judged = [given for given in chain if given.kind not in LENIENT or given is chain[-1]]
        problems += [problem for problem in map(_problem, judged) if problem]
    if problems:
        raise SettingError("\n".join(dict.fromkeys(problems)))
    try:
        settings = Settings(**{name: chain[-1].value for name, chain in gathered.given.items()})
    except ValidationError as error:
        raise SettingError("\n".join(_contradiction(d["msg"], gathered) for d in error.errors())) from error
    wrong = settings.access_problem()
    if wrong is not None:
        raise SettingError(f"{wrong} (Given: {_places(wrong, gathered)}.)")
    settings._resolution = Resolution(
        given={name: tuple(chain) for name, chain in gathered.given.items()},
        extra={name: tuple(chain) for name, chain in gathered.extra.items()},
        notices=(*gathered.notices, *_variable_notices(environ)),
        files=files,
    )
    return settings


def _problem(given: Given) -> str | None:
    """What is wrong with one value, in words; None when it can be used."""
    field = Settings.model_fields[given.key]
    wrong = (given.kind == "toml" and not fits(field, given.value)) or (
        given.value is True and is_number(field)
    )
    if not wrong and lax(given.key, given.value) is not None:
        return None
    in_file = given.kind in ("toml", "json")
    value = shown(given.key, given.value) if in_file else repr(masked(given.key, given.value))
    wanted = expected(field)
    if in_file:
        wanted = wanted.replace("names separated by commas", "a list of names")
        remedy = " " + suggestion(given.key, field, given.value, toml=given.kind == "toml")
    else:
        remedy = did_you_mean(str(given.value), words_of(field))
    return f"{given.named} is {value}; expected {wanted}.{remedy}"


def _contradiction(message: str, gathered: _Gathered) -> str:
    given = _places(message.partition(" contradict ")[0], gathered)
    return f"{message} (Given: {given}.)\nTake one of the two away."


def _places(message: str, gathered: _Gathered) -> str:
    """Where the settings that a message names were given."""
    words = re.findall(r"\w+", message)
    return ", ".join(gathered.given[word][-1].named for word in words if word in gathered.given)


def no_setting(given: Given) -> str:
    """What to say of a name that is no setting: the nearest one, or what a key of `prodigy.json` became."""
    key = given.key
    named = f"{key} ({given.named})" if given.kind == "option" else given.named
    if isinstance(given.value, Mapping) and given.kind == "toml":
        inner = [name for name in given.value if name in Settings.model_fields]
        if inner:
            return (
                f"There is no setting {named}: settings stand in no table. "
                f"Write {inner[0]} = … above the first [ ], without [{key}]."
            )
    if key in OTHER_NAMES:
        return f"There is no setting {named}; prodigy.json's {key} is called {OTHER_NAMES[key]} here."
    if key in IGNORED:
        return f"There is no setting {named}; prodigy.json's {key} has no counterpart: {IGNORED[key]}."
    if key in PAGE_KEYS:
        return (
            f"There is no setting {named}; {key} is for the page alone: "
            "put it in prodigy.json or a recipe's config."
        )
    return f"There is no setting {named}.{_near(given)}"


def _near(given: Given) -> str:
    if given.kind == "variable":
        return did_you_mean(given.named, [PREFIX + name.upper() for name in Settings.model_fields])
    return did_you_mean(given.key, Settings.model_fields) or (
        "" if given.kind == "keyword" else " `tallymark config` lists them."
    )


def _home_is_refused(given: Given, files: Files) -> bool:
    if given.kind == "toml":
        return given.place.startswith(str(files.home / "tallymark.toml"))
    return given.kind in LENIENT


def _home(givens: Iterable[Given]) -> Path | None:
    """The home folder, as the environment or the command line names it; a wrong type is reported later."""
    named = [given.value for given in givens if given.key == "home"]
    return Path(named[-1]) if named and isinstance(named[-1], str | Path) and str(named[-1]) else None


def _in_file(place: Place) -> Iterator[Given]:
    document = place.document
    assert document is not None  # noqa: S101 - of `Files.found`
    kind: Kind = "toml" if place.path.suffix == ".toml" and place.role != "PRODIGY_CONFIG" else "json"
    values = _renamed(document.values) if kind == "json" else document.values
    names = {new: old for old, new in RENAMED.items() if old in document.values}
    for key, value in values.items():
        written = key if key in document.values else names[key]
        where = f"{place.path}, line {document.line_of(written)}"
        if place.anchored and key in _PATHS:
            value = _anchored(key, value, place.path.parent)
        yield Given(key, value, kind, f"{written} ({where})", where)


def _renamed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Older names replaced by newer ones, which win where both are there."""
    return {
        RENAMED.get(key, key): value
        for key, value in values.items()
        if key not in RENAMED or RENAMED[key] not in values
    }


def _anchored(key: str, value: Any, folder: Path) -> Any:
    """A path in a file starts at the file's folder; URLs and instructions that are text stay as they are."""
    if not isinstance(value, str) or not value or "://" in value or value.startswith(":"):
        return value
    if key == "instructions" and ("\n" in value or "<" in value or len(value) > 1000):
        return value
    path = folder / Path(value).expanduser()
    if key == "instructions" and path.suffix.lower() not in _TEXTS and not path.is_file():
        return value
    return str(path)


def _in_recipe(config: Mapping[str, Any], name: str) -> Iterator[Given]:
    place = f"recipe {name}".strip()
    for key, value in _renamed(config).items():
        yield Given(key, value, "recipe", f"{key} ({place})", place)


def _tallymark_variables(environ: Mapping[str, str]) -> Iterator[Given]:
    for variable, value in environ.items():
        if variable.startswith(PREFIX):
            yield Given(variable.removeprefix(PREFIX).lower(), value, "variable", variable, variable)


def _prodigy_variables(environ: Mapping[str, str]) -> Iterator[Given]:
    """PRODIGY_CONFIG_OVERRIDES first: a variable for one setting says more than one for many."""
    name = f"{PRODIGY_PREFIX}CONFIG_OVERRIDES"
    for key, value in _renamed(parse_json(environ.get(name, ""), name)).items():
        yield Given(key, value, "overrides", f"{key} ({name})", name)
    for variable, key in VARIABLES.items():
        if variable in environ:
            yield Given(key, environ[variable], "prodigy", variable, variable)


def _variable_notices(environ: Mapping[str, str]) -> Iterator[str]:
    known = [*VARIABLES, *SOURCE_VARIABLES, *IGNORED_VARIABLES]
    for variable in environ:
        if variable.startswith(PRODIGY_PREFIX) and variable not in known:
            yield f"{variable} is not known and has no effect.{did_you_mean(variable, known)}"


def _options(values: Mapping[str, Any]) -> Iterator[Given]:
    for key, value in values.items():
        option = "--" + key.replace("_", "-")
        yield Given(key, value, "option", option, option)


def _assignments(texts: Sequence[str]) -> Iterator[Given]:
    """`NAME=VALUE` and `NAME.KEY=VALUE` of `--set`."""
    for text in texts:
        name, equals, value = text.partition("=")
        first, *within = name.strip().split(".")
        if not equals or not first or not all([first, *within]):
            raise SettingError(f"--set is {text!r}; expected NAME=VALUE, as in --set show_flag=true.")
        key = first.replace("-", "_")
        named = "--set " + ".".join([key, *within])
        yield Given(key, value, "option", named, named, tuple(within))


def _item(text: Any) -> Any:
    """The value of one key of a table: JSON if it is, else text."""
    import json

    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text
