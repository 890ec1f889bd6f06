"""`prodigy.components.stream`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tallymark.stream import Stream, get_stream

__all__ = ["Stream", "_source_is_dataset", "get_stream", "is_stream"]


def _source_is_dataset(source: str | Path | Iterable[Any], loader: str | None = None) -> bool:
    """Whether a source is the answers of a dataset."""
    return loader == "dataset" or (isinstance(source, str) and source.startswith("dataset:"))


def is_stream(value: Any) -> bool:
    """Whether this is a `Stream`."""
    return isinstance(value, Stream)
