"""Styles and scripts of a recipe: read once at the start, kept with the run, served from our own address.

`global_css` and `javascript` are texts, `…_dir` folders of files, `…_urls` addresses elsewhere. What the page
may load and run is exactly this: `server["policy"]` holds what its content security policy allows beside our
own files. Handlers that stand in a template of the recipe, as `onclick="…"`, run when they stand there
literally; one that a field of the task is filled into would let data become code. With `html_trust` the
recipe answers for its tasks, too: then HTML in them keeps its handlers, and all of them run.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tallymark.errors import SettingError

__all__ = ["CUSTOM_CODE", "CustomCode", "custom_code_of"]

CUSTOM_CODE: Final = "custom_code"
"""The key of the page's settings that says what to load."""
MAX_BYTES: Final = 2_000_000
_KINDS: Final = {"css": ("global_css", "styles", "style-src"), "js": ("javascript", "scripts", "script-src")}
_ADDRESS: Final = re.compile(r"https?://[^\s;,'\"<>\x80-\U0010ffff]+")


@dataclass(frozen=True, slots=True)
class CustomCode:
    """What the page is sent instead of the settings, and what the server keeps to itself."""

    page: Mapping[str, Any]
    server: Mapping[str, Any]


def custom_code_of(config: Mapping[str, Any], *, dataset: str) -> CustomCode:
    """The page's settings with all custom code behind addresses of ours.

    Errors: `SettingError` for a text, a folder or an address that cannot be used, or for too much of it.
    """
    files: dict[str, str] = {}
    policy: dict[str, list[str]] = {}
    listed: dict[str, list[dict[str, str]]] = {}
    for suffix, (setting, kind, directive) in _KINDS.items():
        addresses = _addresses(config, f"{setting}_urls")
        texts = [(name, text, _file_name(text, suffix)) for name, text in _texts(config, setting, suffix)]
        files |= {file: text for _, text, file in texts}
        policy[directive] = [re.split(r"[?#]", address)[0] for address in addresses]
        listed[kind] = [{"name": address, "href": address} for address in addresses]
        listed[kind] += [{"name": n, "href": _href(dataset, file)} for n, _, file in texts]
    _check_size(files)
    templates = list(_templates(config))
    handlers = sorted({handler for template in templates for handler in _handlers(template)})
    trusted = config.get("html_trust") == "recipe"
    if trusted:
        policy["script-src"].append("'unsafe-inline'")
    elif handlers:
        policy["script-src"] += ["'unsafe-hashes'", *map(_hash_source, handlers)]
    page = {key: value for key, value in config.items() if key not in _SETTINGS}
    if not (trusted or handlers or any(listed.values())):
        return CustomCode(page, {})
    told = {**listed, "templates": templates, "handlers": handlers, "all": trusted}
    return CustomCode({**page, CUSTOM_CODE: told}, {"files": files, "policy": policy})


_SETTINGS: Final = frozenset(
    f"{setting}{ending}" for setting, _, _ in _KINDS.values() for ending in ("", "_dir", "_urls")
) | {CUSTOM_CODE, "html_trust"}


def _texts(config: Mapping[str, Any], setting: str, suffix: str) -> Iterator[tuple[str, str]]:
    """Texts by name: the files of the folder in the order of their names, then the text itself."""
    folder, text = config.get(f"{setting}_dir"), config.get(setting)
    if folder:
        yield from _in_folder(f"{setting}_dir", folder, suffix)
    if not text:
        return
    if not isinstance(text, str):
        raise SettingError(f'"{setting}" must be text, not {type(text).__name__}. Read files in the recipe.')
    yield "inline", text


def _in_folder(setting: str, folder: Any, suffix: str) -> Iterator[tuple[str, str]]:
    path = Path(folder).expanduser() if isinstance(folder, str | Path) else None
    if path is None or not path.is_dir():
        raise SettingError(f'"{setting}" is {str(folder)!r}; expected a folder that holds .{suffix} files.')
    for file in sorted(path.glob(f"*.{suffix}")):
        try:
            yield file.name, file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"{file} cannot be read: {error}. Save it as UTF-8.") from error


def _addresses(config: Mapping[str, Any], setting: str) -> list[str]:
    given = config.get(setting) or []
    urls = [given] if isinstance(given, str) else given
    if not isinstance(urls, list | tuple):
        raise SettingError(f'"{setting}" must be a list of addresses, not {type(given).__name__}.')
    for url in urls:
        if not isinstance(url, str) or _ADDRESS.fullmatch(url) is None:
            raise SettingError(
                f'"{setting}" holds {url!r}; expected addresses that begin with https:// or http:// and have '
                "no space, quote, comma, semicolon or letter beyond ASCII. Write %20 for a space, and so on."
            )
    return list(urls)


def _templates(config: Mapping[str, Any]) -> Iterator[str]:
    """Templates that the recipe itself gives: for all tasks, and for single blocks."""
    blocks = config.get("blocks")
    given = [config, *(blocks if isinstance(blocks, list) else [])]
    for place in given:
        template = place.get("html_template") if isinstance(place, Mapping) else None
        if isinstance(template, str) and template:
            yield template


class _HandlerReader(HTMLParser):
    """Collects the values of `on…` attributes, as a browser reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each opening tag."""
        self.found += [value for name, value in attrs if name.startswith("on") and value]


def _handlers(template: str) -> list[str]:
    reader = _HandlerReader()
    reader.feed(template)
    reader.close()
    return [handler for handler in reader.found if "{{" not in handler]


def _hash_source(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


def _file_name(text: str, suffix: str) -> str:
    return f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.{suffix}"


def _href(dataset: str, file: str) -> str:
    return f"api/v1/custom/{quote(dataset, safe='')}/{file}"


def _check_size(files: Mapping[str, str]) -> None:
    size = sum(len(text.encode()) for text in files.values())
    if size > MAX_BYTES:
        raise SettingError(
            f"The styles and scripts of the recipe have {size:,} bytes; at most {MAX_BYTES:,} are kept "
            "with a run. Load large libraries from their own address with javascript_urls."
        )
