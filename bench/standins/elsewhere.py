"""Paths that are written into recipes, such as `/data/news.jsonl`, lead into a folder of our own."""

import builtins
import io
import os
import sys
from pathlib import PurePath
from typing import Any

__all__ = ["redirect"]

real_stat, real_mkdir = os.stat, os.mkdir


def redirect(root: str) -> None:
    """From here on, absolute paths in folders that this machine does not have are looked for below `root`."""
    ours = (str(PurePath(root).parent), sys.prefix, sys.base_prefix, "/tmp", "/proc", "/sys", "/dev")

    def moved(path: Any, mode: Any = "r") -> Any:
        text = str(path) if isinstance(path, str | PurePath) else ""
        if not text.startswith("/") or text.startswith(ours) or is_there(parent(text)):
            return path
        if isinstance(mode, str) and set(mode) & set("wax"):
            with_parents(parent(root + text))
        return root + text

    for name in ("stat", "lstat", "listdir", "scandir", "mkdir", "open"):
        setattr(os, name, _moving(getattr(os, name), moved))
    builtins.open = io.open = _moving(io.open, moved)


def is_there(path: str) -> bool:
    try:
        real_stat(path)
    except OSError:
        return False
    return True


def parent(path: str) -> str:
    return str(PurePath(path).parent)


def with_parents(folder: str) -> None:
    if not is_there(folder):
        with_parents(parent(folder))
        real_mkdir(folder)


def _moving(function: Any, moved: Any) -> Any:
    def work(*given: Any, **named: Any) -> Any:
        if not given:
            return function(**named)
        return function(
            moved(given[0], named.get("mode", given[1] if len(given) > 1 else "r")), *given[1:], **named
        )

    return work
