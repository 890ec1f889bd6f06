"""`prodigy.components.loaders`: iterators of dicts over files, and `get_stream`."""

from typing import Any

from tallymark.loaders import (
    CSV,
    JSON,
    JSONL,
    TXT,
    Audio,
    AudioServer,
    Images,
    ImageServer,
    Parquet,
    Video,
    VideoServer,
    loaders,
)
from tallymark.stream import get_stream

__all__ = [
    "CSV",
    "JSON",
    "JSONL",
    "TXT",
    "Audio",
    "AudioServer",
    "ImageServer",
    "Images",
    "Parquet",
    "Video",
    "VideoServer",
    "get_loader",
    "get_stream",
]


def get_loader(loader_id: str) -> Any:
    """What reads a format, by its name: called with a path, it gives rows."""
    classes = {"jsonl": JSONL, "json": JSON, "csv": CSV, "txt": TXT, "parquet": Parquet}
    media = {"images": Images, "audio": Audio, "video": Video}
    servers = {"image-server": ImageServer, "audio-server": AudioServer, "video-server": VideoServer}
    found = {**classes, **media, **servers}.get(loader_id)
    return found or loaders.get(loader_id).function
