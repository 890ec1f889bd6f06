"""The settings files: where they are looked for, which were found, and which lie where nobody looks.

There are two folders. Home is TALLYMARK_HOME, `~/.tallymark` without it. The project is the nearest folder
that has a `tallymark.toml` or a `prodigy.json`: the current one, or one above it, up to the root of a git
repository, below the user's own folder. A file in a folder above counts only if it belongs to the user or
to root, because whoever can write to `/tmp` could otherwise set what runs below it. Without such a file it
is the current folder.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallymark.config.documents import Document, read_document
from tallymark.config.prodigy import PRODIGY_PREFIX
from tallymark.errors import SettingError
from tallymark.registry import nearest

__all__ = [
    "PRODIGY_JSON",
    "TALLYMARK_TOML",
    "Files",
    "Place",
    "Stray",
    "all_strays",
    "find_files",
    "strays_near",
]

TALLYMARK_TOML: Final = "tallymark.toml"
PRODIGY_JSON: Final = "prodigy.json"
_NAMES: Final = (TALLYMARK_TOML, PRODIGY_JSON)
_ALIKE: Final = frozenset({".toml", ".json", ".yaml", ".yml", ".ini", ".cfg", ".conf", ".json5", ".jsonc"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a settings file is looked for: `role` says why; `document` is None where there is none."""

    role: str
    path: Path
    document: Document | None

    @property
    def anchored(self) -> bool:
        """Whether paths in the file start at its folder; those of a home `prodigy.json` never did."""
        return self.path.name == TALLYMARK_TOML or self.role == "project"


@dataclass(frozen=True, slots=True)
class Files:
    """Every place a settings file was looked for, in the order in which later ones win."""

    home: Path
    project: Path
    current: Path
    places: tuple[Place, ...]

    @property
    def found(self) -> list[Place]:
        """The places where there was a file."""
        return [place for place in self.places if place.document is not None]


@dataclass(frozen=True, slots=True)
class Stray:
    """A file that looks like settings and is not read, and what to do about it."""

    path: Path
    reason: str


def find_files(
    environ: Mapping[str, str], *, home: Path | None, default_home: Path, folder: Path | None
) -> Files:
    """Look everywhere and read what is there. `home` is what the command line or the environment named.

    Raises `SettingError` for a file that cannot be read, or that a variable names and that is not there.
    """
    current = _current_folder() if folder is None else folder.resolve()
    project = _project_of(current)
    ours = _place("project", project / TALLYMARK_TOML)
    home = (home or _home_in(ours) or default_home).expanduser().absolute()
    theirs = Path(environ.get(f"{PRODIGY_PREFIX}HOME") or "~/.prodigy").expanduser().absolute()
    roots = {theirs: None, home: None}
    places = [_place("home", root / PRODIGY_JSON) for root in roots]
    places.append(_place("home", home / TALLYMARK_TOML))
    places.append(_place("project", project / PRODIGY_JSON))
    places.append(ours)
    named = environ.get(f"{PRODIGY_PREFIX}CONFIG")
    if named:
        places = [places[2], _named(named), ours]
    kept = {place.path: place for place in reversed(places)}  # home may be the project, too
    return Files(home, project, current, tuple(reversed(kept.values())))


def strays(files: Files) -> list[Stray]:
    """Files in the current, the project and the home folder that look like settings and are not read."""
    folders = {files.current: None, files.project: None, files.home: None}
    return [stray for folder in folders for stray in strays_in(folder, files)]


def strays_in(folder: Path, files: Files) -> list[Stray]:
    """The same for one folder, which may be any: that of a source, say."""
    read = {place.path for place in files.places}
    found = (folder / name for name in _look_alikes(folder))
    return [
        Stray(path, _reason(path, files)) for path in found if path not in read and not _pyproject_only(path)
    ]


def strays_near(files: Files, source: object) -> list[Stray]:
    """What a start points at: the folders of `strays`, and that of the source, if it is a file elsewhere."""
    more = _folder_of(source) if isinstance(source, str | Path) else None
    known = {files.current, files.project, files.home}
    return strays(files) + (strays_in(more, files) if more and more not in known else [])


def _folder_of(source: str | Path) -> Path | None:
    """The folder a source lies in; None when it is no file or folder."""
    try:
        path = Path(source).expanduser().resolve()
        return path if path.is_dir() else path.parent if path.exists() else None
    except (OSError, ValueError):  # text that can be no path, as a long URL
        return None


def _far_strays(files: Files) -> list[Stray]:
    """Settings files by their right names in folders where people put them and nobody looks."""
    package = Path(__file__).parents[1]
    user = Path.home()
    folders = [
        *files.project.parents,
        user,
        user / ".config" / "tallymark",
        user / ".config",
        user / ".prodigy",
    ]
    folders += [user / ".tallymark", package, package.parent, package.parents[1], *_children(files.current)]
    read = {place.path for place in files.places}
    paths = dict.fromkeys(folder / name for folder in folders for name in _NAMES)
    seen = {files.current, files.project, files.home}
    return [
        Stray(path, _reason(path, files))
        for path in paths
        if path not in read and path.parent not in seen and _is_file(path)
    ]


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise SettingError("The current folder is not there any more.\nChange to one that is.") from error


def _project_of(current: Path) -> Path:
    """The nearest folder with a settings file, from the current one upwards; see the top of this module."""
    user = Path.home()
    for folder in (current, *current.parents):
        if folder == user and folder != current:
            break
        named = [folder / name for name in _NAMES if os.path.lexists(folder / name)]
        if named and (folder == current or all(_ours(path) for path in named)):
            return folder
        if os.path.lexists(folder / ".git"):
            break
    return current


def _ours(path: Path) -> bool:
    return path.lstat().st_uid in (0, os.getuid())


def _home_in(place: Place) -> Path | None:
    """The home folder that a project's own file names; a wrong type is reported later."""
    given = place.document.values.get("home") if place.document else None
    return place.path.parent / Path(given).expanduser() if isinstance(given, str) and given else None


def _place(role: str, path: Path) -> Place:
    return Place(role, path, read_document(path) if os.path.lexists(path) else None)


def _named(text: str) -> Place:
    """The file that PRODIGY_CONFIG names."""
    path = Path(text).expanduser().absolute()
    if not os.path.lexists(path):
        raise SettingError(f"PRODIGY_CONFIG is {text!r}, and there is no file {path}.\nCorrect or unset it.")
    return Place("PRODIGY_CONFIG", path, read_document(path))


def _children(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            yield from (Path(entry.path) for entry in entries if entry.is_dir() and entry.name[0] != ".")
    except OSError:  # a folder that cannot be listed holds nothing we could point at
        return


def _look_alikes(folder: Path) -> list[str]:
    """Names in a folder that are settings files, or nearly."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if _alike(entry.name)]
    except OSError:  # the same
        return []
    return sorted(names)


def _alike(name: str) -> bool:
    if name == "pyproject.toml":
        return True
    path = Path(name.lower().lstrip("."))
    if path.suffix not in _ALIKE and path.suffixes not in ([".toml", ".txt"], [".json", ".txt"]):
        return False
    stem = path.stem.removesuffix(".toml").removesuffix(".json")
    return bool(nearest(stem, ["tallymark", "prodigy"], limit=1)) and _length_alike(stem)


def _length_alike(stem: str) -> bool:
    """`tallymark_export.json` is like `tallymark`, and is data."""
    return min(abs(len(stem) - len(name)) for name in ("tallymark", "prodigy")) <= 1


def _pyproject_only(path: Path) -> bool:
    """Whether it is a pyproject.toml that says nothing about this program."""
    if path.name != "pyproject.toml":
        return False
    try:
        tools = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError):  # other programs' business
        return True
    return not isinstance(tools, dict) or "tallymark" not in tools


def _reason(path: Path, files: Files) -> str:
    if path.name == "pyproject.toml":
        return f"settings are not read from pyproject.toml; move [tool.tallymark] to {TALLYMARK_TOML}"
    if path.name not in _NAMES:
        wanted = PRODIGY_JSON if "prod" in path.name.lower() else TALLYMARK_TOML
        return f"the name is not read; call it {wanted}" + _rewrite(path, wanted)
    if path.name == PRODIGY_JSON and any(place.role == "PRODIGY_CONFIG" for place in files.places):
        return "PRODIGY_CONFIG names another file in its place"
    if path.parent in files.current.parents and not _ours(path):
        return "it belongs to another user; start in that folder to use it"
    return f"settings are read from {files.project} and {files.home}; move it there, or start in its folder"


def _rewrite(path: Path, wanted: str) -> str:
    suffix = Path(wanted).suffix
    return "" if suffix in path.suffixes else f" and write it as {suffix[1:].upper()}"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def all_strays(files: Files) -> list[Stray]:
    """Everything `tallymark config` points at, each file once."""
    return list({stray.path: stray for stray in [*strays(files), *_far_strays(files)]}.values())
