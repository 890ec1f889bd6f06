"""Pictures, sound and film: a row for each file, which travels in the task, or is served from where it is."""

import base64
import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tallymark.errors import SourceError
from tallymark.source import Row, Source, Start
from tallymark.stream import Stream, remembered

__all__ = [
    "MEDIA",
    "Audio",
    "AudioServer",
    "ImageServer",
    "Images",
    "Video",
    "VideoServer",
    "data_uri",
    "holds_tasks",
    "media_kind",
    "open_media",
]

MEDIA: Final = {
    "images": "image",
    "image-server": "image",
    "audio": "audio",
    "audio-server": "audio",
    "video": "video",
    "video-server": "video",
}
"""The loaders of media, and the key their tasks have the file under."""
_SERVED: Final = "-server"


def open_media(source: str | Path, loader: str) -> Source:
    """The media files of one kind in a folder and below it, in the order of their names; or one file.

    A row has the file as a data URI under `image`, `audio` or `video`, or, of the loaders that are called
    `…-server`, its path below the folder, from where it is served; its whole `path`, its name without the
    extension as `text`, and its name as `meta.file`. Raises `SourceError` when there is no such file.
    """
    key = MEDIA[loader]
    path = Path(source).expanduser().absolute()
    files = _files(path, key)
    if not files:
        what = "is no file and no folder" if not path.exists() else f"holds no file of the kind {key}"
        raise SourceError(f"{source} {what}.")

    folder = path if path.is_dir() else path.parent

    def rows(_start: Start | None) -> Iterator[Row]:
        for ordinal, file in enumerate(files, start=1):
            yield _row(file, key, ordinal, below=folder if loader.endswith(_SERVED) else None)

    return Source(str(path), rows, length=len(files), facts={"files": [file.name for file in files]})


def media_kind(path: str | Path) -> str:
    """The type of a media file by its name, such as `image/png`; empty for any other file."""
    kind = mimetypes.guess_type(str(path), strict=False)[0] or ""
    return kind if kind.partition("/")[0] in MEDIA.values() else ""


def holds_tasks(source: object) -> bool:
    """Whether a source gives tasks itself: it is no folder of media, and no media file."""
    if not isinstance(source, str | Path) or str(source) == "-" or str(source).startswith("dataset:"):
        return True
    return Path(source).expanduser().is_file() and not media_kind(source)


def data_uri(path: Path) -> str:
    """A file as a data URI."""
    return f"data:{media_kind(path)};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def _files(path: Path, key: str) -> list[Path]:
    if path.is_file():
        return [path] if _is_a(path, key) else []
    return sorted(file for file in path.rglob("*") if _is_a(file, key) and _is_shown(file, path))


def _is_a(file: Path, key: str) -> bool:
    return media_kind(file).startswith(f"{key}/") and file.is_file()


def _is_shown(file: Path, folder: Path) -> bool:
    return not any(part.startswith(".") for part in file.relative_to(folder).parts)


def _row(file: Path, key: str, ordinal: int, *, below: Path | None) -> Row:
    try:
        content = data_uri(file) if below is None else file.relative_to(below).as_posix()
    except OSError as error:
        return Row(ordinal, None, f"{file} cannot be read: {error.strerror}")
    task = {key: content, "text": file.stem, "meta": {"file": file.name}, "path": str(file)}
    return Row(ordinal, task)


class _Media(Stream):
    loader = ""

    def __init__(self, path: str | Path) -> None:
        source = open_media(path, self.loader)
        super().__init__(remembered(source.tasks()), sources=[source])


class Images(_Media):
    """The pictures of a folder as an iterator of dicts."""

    loader = "images"


class Audio(_Media):
    """The sound files of a folder as an iterator of dicts."""

    loader = "audio"


class Video(_Media):
    """The films of a folder as an iterator of dicts."""

    loader = "video"


class ImageServer(_Media):
    """The same for pictures that are served from where they are."""

    loader = "image-server"


class AudioServer(_Media):
    """The same for sound files that are served from where they are."""

    loader = "audio-server"


class VideoServer(_Media):
    """The same for films that are served from where they are."""

    loader = "video-server"
