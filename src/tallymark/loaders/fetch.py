"""Media that tasks name by an address or a path, put into them, and out again."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from tallymark.errors import RecipeError
from tallymark.loaders.media import data_uri, media_kind
from tallymark.stream import costly, left_out, rowwise
from tallymark.types import Task

__all__ = ["fetch_images", "fetch_media", "fetch_task_media", "put_paths"]

_FETCH_SECONDS: Final = 30.0
_MEDIA_KEYS: Final = ("image", "audio", "video")


@costly
@rowwise
def fetch_media(
    stream: Iterable[Task], input_keys: Sequence[str] = _MEDIA_KEYS, skip: bool = False
) -> Iterator[Task]:
    """Replace addresses and paths of media under these keys by data URIs; the path stays under `path`.

    A file that cannot be had raises `RecipeError`; with `skip` its row is invalid, with the reason.
    """
    for task in stream:
        try:
            for key in [input_keys] if isinstance(input_keys, str) else input_keys:
                fetch_task_media(task, key)
        except OSError as error:
            if not skip:
                raise RecipeError(f"Media of a task cannot be read: {error}") from error
            left_out(task, "invalid", f"media cannot be read: {error}")
        else:
            yield task


@costly
@rowwise
def fetch_images(stream: Iterable[Task], skip: bool = False) -> Iterator[Task]:
    """`fetch_media` for pictures."""
    yield from fetch_media(stream, ["image"], skip=skip)


def fetch_task_media(task: Task, input_key: str) -> Task:
    """Replace the address or path under a key by a data URI. Raises OSError when it cannot be had."""
    where = task.get(input_key)
    if not isinstance(where, str) or not where or where.startswith("data:"):
        return task
    task[input_key] = _fetched(where) if where.startswith(("http://", "https://")) else data_uri(Path(where))
    task.setdefault("path", where)
    return task


def put_paths(examples: Iterable[Task], keys: Sequence[str]) -> list[Task]:
    """The examples with the path of media under these keys in place of their content, in place.

    Where there is no path the content stays.
    """
    found = list(examples)
    for example in found:
        for key in keys:
            if str(example.get(key, "")).startswith("data:") and example.get("path"):
                example[key] = example["path"]
    return found


def _fetched(address: str) -> str:
    with urlopen(address, timeout=_FETCH_SECONDS) as reply:  # noqa: S310 (http and https alone come here)
        kind = reply.headers.get_content_type() or media_kind(address)
        return f"data:{kind};base64,{base64.b64encode(reply.read()).decode('ascii')}"
