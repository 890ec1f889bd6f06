"""Command lines for measured recipes, guessed from their signatures."""

import re
import socket
from contextlib import closing
from typing import Any

__all__ = ["words_for"]

LABELS = "PERSON,ORG"


def words_for(name: str, arguments: list[dict[str, Any]], text: str, own: dict[str, Any]) -> list[str]:
    """A command line for a recipe, guessed from its signature."""
    if name == "(script)":
        return [name]
    words, options = [name], []
    for argument in arguments:
        value = own.get(argument["name"], guess(argument, text))
        if argument["kind"] == "positional":
            words.append(str(value))
        elif argument["option"] == "--port":
            options += ["--port", str(free_port())]
        elif argument["kind"] == "flag":
            options += [argument["option"]] if own.get(argument["name"]) else []
        elif argument["name"] in own or argument["required"] or is_wanted(argument):
            options += [argument["option"], str(value)]
    return [*words, *options, *([] if "--port" in options else ["--port", "0"]), "--no-open"]


def free_port() -> int:
    """A port that nobody listens at just now."""
    with closing(socket.create_server(("localhost", 0))) as server:
        return int(server.getsockname()[1])


def is_wanted(argument: dict[str, Any]) -> bool:
    """Whether it names labels, datasets, a view or a query, which most recipes cannot do without."""
    return bool(re.search(r"label|view|query|datasets", argument["name"])) and argument["default"] is None


def guess(argument: dict[str, Any], text: str) -> str:
    """A value that the name, the help and the type of an argument suggest."""
    name, about = argument["name"].lower(), f"{argument['name']} {argument['help']}".lower()
    if re.fullmatch(r"(target_|in_|out_)?dataset\w*|dataset", name):
        return "bench"
    if argument["type"] in ("int", "float") or argument["converter"] in ("int", "float"):
        return "2"
    if re.search(r"label|class|tag", name) and "file" not in name:
        return LABELS
    if re.search(r"lang", name):
        return "en"
    if re.search(r"pattern", name):
        return "patterns.jsonl"
    if re.search(r"out", name):
        return "out.jsonl"
    if re.search(r"query", name):
        return "words to look for"
    if re.search(r"model|nlp|vectors|pipeline", name) and not re.search(r"file|source", name):
        return "model.pkl" if "pickle" in text and "spacy.load" not in text else "en_core_web_sm"
    if re.search(r"view", name):
        return "text"
    return data(about, text)


def data(about: str, text: str) -> str:
    """A file or folder."""
    loaders = " ".join(
        re.findall(r"\b(Images?Server|Images|Image|Audio\w*|Video\w*|JSONL|JSON|CSV|TXT)\(", text)
    )
    sounds, pictures = "Audio" in loaders or "Video" in loaders, "Image" in loaders
    folder = bool(re.search(r"dir|folder|images_path", about))
    if re.search(r"audio|sound|video", about) or (sounds and not pictures):
        return "sounds"
    of_pictures = re.search(r"image|picture|photo", about) and (folder or pictures)
    if of_pictures or (pictures and "JSONL(" not in text):
        return "pictures"
    if folder:
        return "mixed"
    only = sorted({suffix for suffix in ("JSONL", "CSV", "JSON", "TXT") if suffix in loaders.split()})
    if len(only) == 1:
        return f"rows.{only[0].lower()}"
    for suffix in ("jsonl", "csv", "json", "txt"):
        if re.search(rf"\b{suffix}\b|_{suffix}|\.{suffix}", about):
            return f"rows.{suffix}"
    if re.search(r"source|file|path|input|data|examples|texts?$", about):
        return "rows.csv" if "read_csv(" in text else "rows.jsonl"
    return "thing"
