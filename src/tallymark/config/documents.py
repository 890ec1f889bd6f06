"""Read a settings file, and remember in which line each key stands.

Neither `tomllib` nor `json` say where a key stood, so a second, lenient pass over the text finds the keys;
it runs on text that is known to be well formed, or to find the first of two equal keys.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from tallymark.errors import SettingError

__all__ = ["Document", "KeyPath", "parse_json", "read_document"]

KeyPath = tuple[str, ...]

_PLACE: Final = re.compile(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)$", re.DOTALL)
_TOML: Final = re.compile(
    r'(?P<text>"""(?:\\.|[^\\])*?"""+|\'\'\'.*?\'\'\'+|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|(?P<skip>#[^\n]*|[^\S\n]+)|(?P<end>\n)|(?P<sign>[][{}=,.])|(?P<bare>[^][\s{}=,.\"'#]+)|(?P<other>.)",
    re.DOTALL,
)
_JSON: Final = re.compile(r'"(?:\\.|[^"\\])*"|[][{}:,]')


@dataclass(frozen=True, slots=True)
class Document:
    """What a settings file holds. `lines` counts from 1, and has the path of every key."""

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def line_of(self, key: str) -> int:
        """The line of a key of the file's outermost table, or of the first key inside it."""
        return min((line for path, line in self.lines.items() if path[:1] == (key,)), default=1)


def read_document(path: Path) -> Document:
    """Read a TOML file, or a JSON file if its name ends so; an empty file sets nothing.

    Raises `SettingError` with file, line, column, the reason and a remedy when it cannot be read.
    """
    text = _text(path)
    if path.suffix == ".toml":
        values, keys = _read_toml(text, path), list(_toml_keys(text))
    else:
        values, keys = parse_json(text, str(path)), list(_json_keys(text))
    lines: dict[KeyPath, int] = {}
    for key, line in keys:
        lines.setdefault(key, line)
    return Document(path, values, lines)


def parse_json(text: str, name: str) -> dict[str, Any]:
    """The object in a JSON text called `name` in messages; nothing but white space is an empty object."""
    if not text.strip():
        return {}
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        _refuse(name, "JSON", text, error.lineno, error.colno, error.msg, _json_remedy(text, error.pos))
    except RecursionError as error:
        raise SettingError(f"{name} cannot be read as JSON: it is nested too deeply.") from error
    if not isinstance(values, dict):
        kind = {list: "a list", str: "text", bool: "true or false"}.get(type(values), "a single value")
        raise SettingError(
            f"{name} holds {kind}; expected a JSON object.\n"
            'Write the settings between braces, as {"batch_size": 5}.'
        )
    _refuse_repeated(name, "JSON", list(_json_keys(text)))
    return values


def _text(path: Path) -> str:
    """The file's text, without a byte order mark."""
    if path.is_dir():
        raise SettingError(f"{path} is a folder; a file of settings is expected there.\nRename the folder.")
    if not path.is_file():
        what = "points to a file that is not there" if path.is_symlink() else "is no file that can be read"
        raise SettingError(f"{path} {what}.\nTake it away, or write a file of settings in its place.")
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingError(
            f"{path} cannot be read: {reason}.\nGive yourself the right to read it."
        ) from error
    return _decoded(data, path)


def _decoded(data: bytes, path: Path) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data:
        what = "UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data.count(b"\x00") > 1 else "binary"
        raise SettingError(f"{path} is {what}; settings files are UTF-8.\nSave it as UTF-8 in your editor.")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise SettingError(
            f"{path} is not UTF-8: line {line}, column {column} holds the byte 0x{data[error.start]:02x}.\n"
            "Save it as UTF-8 in your editor."
        ) from error


def _read_toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _refuse_repeated(str(path), "TOML", list(_toml_keys(text)))
        reason, line, column = _toml_place(str(error), text)
        _refuse(str(path), "TOML", text, line, column, reason, _toml_remedy(text, line))
    except RecursionError as error:
        raise SettingError(f"{path} cannot be read as TOML: it is nested too deeply.") from error


def _toml_place(message: str, text: str) -> tuple[str, int, int]:
    """The parser's reason, line and column; the end of the text counts as behind its last line's text."""
    match = _PLACE.match(message)
    if match and match[2]:
        return match[1], int(match[2]), int(match[3])
    lines = text.rstrip().split("\n")
    return (match[1] if match else message), len(lines), len(lines[-1]) + 1


def _refuse(name: str, kind: str, text: str, line: int, column: int, reason: str, remedy: str) -> NoReturn:
    written = (text.split("\n")[line - 1 : line] or [""])[0].strip()
    shown = f"\n    {written[:100]}" if written else ""
    raise SettingError(
        f"{name}, line {line}, column {column}: this is not {kind}: {reason.rstrip('.')}.{shown}\n{remedy}"
    )


def _refuse_repeated(name: str, kind: str, keys: list[tuple[KeyPath, int]]) -> None:
    seen: dict[KeyPath, int] = {}
    for key, line in keys:
        if key in seen:
            twice = f"{'.'.join(key)} stands in line {seen[key]} already"
            raise SettingError(
                f"{name}, line {line}: this is not {kind}: {twice}.\nTake one of the two away."
            )
        seen[key] = line


def _toml_remedy(text: str, line: int) -> str:
    """What is most often meant, from the line in which reading stopped."""
    written = (text.split("\n")[line - 1 : line] or [""])[0].strip()
    key, equals, value = (part.strip() for part in written.partition("="))
    if text.lstrip().startswith("{"):
        return "This looks like JSON: one setting for each line, as batch_size = 5."
    if not equals:
        name, _, after = (part.strip() for part in written.partition(":"))
        return f"Write a name, an equals sign and a value, as {name or 'port'} = {after or '8080'}."
    if value in ("True", "False"):
        return f"Write {key} = {value.lower()}."
    if value in ("None", "null", ""):
        return f"Take the line away to leave {key} at its default."
    if re.fullmatch(r"[^\"'\[{]+", value) and not _is_toml(value):
        return f"Text stands in quotation marks: {key} = {json.dumps(value, ensure_ascii=False)}."
    return "Look for a quotation mark or a bracket that is not closed, in this line or before it."


def _is_toml(value: str) -> bool:
    try:
        return bool(tomllib.loads(f"x = {value}"))
    except tomllib.TOMLDecodeError:
        return False


def _json_remedy(text: str, position: int) -> str:
    before, after = text[:position].rstrip(), text[position:].lstrip()
    if before.endswith(",") and after[:1] in ("}", "]", ""):
        return f"Take away the comma before {after[:1] or 'the end'}."
    if after.startswith(("//", "/*", "#")):
        return "JSON has no comments; take it away."
    if after.startswith("'"):
        return 'Write "double" quotation marks.'
    word = re.match(r"[A-Za-z]+", after)
    if word and word[0] in ("True", "False", "None"):
        return f"Write { ({'None': 'null'}.get(word[0]) or word[0].lower()) }."
    if after.startswith('"'):
        return "Look for a comma that is missing at the end of the line before."
    return "Look for a quotation mark, a comma or a bracket that is missing."


def _toml_keys(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Every key that is given a value outside of brackets, with the table it stands in, and its line.

    Tables of arrays (`[[x]]`) are told apart by a number, so that their keys do not count as repeated.
    """
    table: KeyPath = ()
    arrays = 0
    for tokens, line in _toml_statements(text):
        words = [word for word, _ in tokens]
        if words[:2] == ["[", "["]:
            arrays += 1
            table = (*_dotted(tokens), f"[{arrays}]")
        elif words[:1] == ["["]:
            table = _dotted(tokens)
            yield table, line
        elif "=" in words:
            yield (*table, *_dotted(tokens[: words.index("=")])), line


def _toml_statements(text: str) -> Iterator[tuple[list[tuple[str, str]], int]]:
    """The words of each statement, with what kind they are, and the line in which it begins."""
    tokens: list[tuple[str, str]] = []
    line, begun, depth, valued = 1, 1, 0, False
    for match in _TOML.finditer(text + "\n"):
        kind, word = str(match.lastgroup), match[0]
        if kind == "sign":
            valued = valued or word == "="
            depth += valued * ((word in "[{") - (word in "]}"))
        if kind == "end" and depth <= 0:
            if tokens:
                yield tokens, begun
            tokens, valued, depth = [], False, 0
        elif kind not in ("skip", "end"):
            begun = begun if tokens else line
            tokens.append((word, kind))
        line += word.count("\n")


def _dotted(tokens: list[tuple[str, str]]) -> KeyPath:
    """The parts of `a."b c".d`."""
    return tuple(
        _unquoted(word) if kind == "text" else word for word, kind in tokens if kind in ("text", "bare")
    )


def _unquoted(word: str) -> str:
    try:
        return str(tomllib.loads(f"x = {word}")["x"])
    except tomllib.TOMLDecodeError:  # only while the place of another mistake is looked for
        return word


def _json_keys(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Every key of every object with its line; members of lists are told apart by a number."""
    path: list[str] = []
    signs: list[str] = []
    key, number = "", 0
    for match in _JSON.finditer(text):
        word = match[0]
        if word in "{[":
            number += 1
            path.append(key if signs[-1:] == ["{"] else f"[{number}]")
            signs.append(word)
        elif word in "}]":
            signs.pop()
            path.pop()
        elif word == ":":
            yield (*path[1:], key), text.count("\n", 0, match.start()) + 1
        elif word != ",":
            key = json.loads(word, strict=False)
