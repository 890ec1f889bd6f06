"""`prodigy.types`: names for annotations. Tasks are plain dicts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # typing's cannot be checked before Python 3.12

__all__ = [
    "DepExample",
    "ExistingPathType",
    "LabelsType",
    "NerExample",
    "PathInputType",
    "PosExample",
    "RecipeSettingsType",
    "RelationsTask",
    "ScoredStreamType",
    "SourceType",
    "SpansExample",
    "StreamType",
    "TaskType",
    "TextcatExample",
    "ViewId",
]

TaskType = dict[str, Any]
StreamType = Iterator[TaskType]
ScoredStreamType = Iterator[tuple[float, TaskType]]
SourceType = str | Path | Iterable[TaskType]
LabelsType = Sequence[str]
PathInputType = str | Path
ExistingPathType = str | Path
RecipeSettingsType = dict[str, Any]
UpdateType = Callable[[Iterable[TaskType]], Any]

ViewId = Literal[
    "text",
    "html",
    "ner",
    "ner_manual",
    "spans",
    "spans_manual",
    "pos",
    "pos_manual",
    "relations",
    "dep",
    "classification",
    "image",
    "image_manual",
    "audio",
    "audio_manual",
    "choice",
    "review",
    "diff",
    "compare",
    "text_input",
    "blocks",
    "pages",
    "llm_io",
]


class Span(TypedDict):
    """A marked stretch of a text; the token ids include the last one."""

    start: int
    end: int
    label: NotRequired[str]
    token_start: NotRequired[int]
    token_end: NotRequired[int]


class Token(TypedDict):
    """A token of a text."""

    text: str
    start: int
    end: int
    id: int
    ws: NotRequired[bool]


class NerExample(TypedDict):
    """A text with entities."""

    text: str
    tokens: NotRequired[list[Token]]
    spans: NotRequired[list[Span]]
    answer: NotRequired[str]


SpansExample = NerExample
PosExample = NerExample


class TextcatExample(TypedDict):
    """A text with a label, or with options of which some are selected."""

    text: str
    label: NotRequired[str]
    options: NotRequired[list[dict[str, Any]]]
    accept: NotRequired[list[str | int]]
    answer: NotRequired[str]


class DepExample(TypedDict):
    """A text with arcs between its tokens."""

    text: str
    tokens: NotRequired[list[Token]]
    arcs: NotRequired[list[dict[str, Any]]]
    answer: NotRequired[str]


class RelationsTask(TypedDict):
    """A text with relations between its tokens or spans."""

    text: str
    tokens: list[Token]
    spans: NotRequired[list[Span]]
    relations: NotRequired[list[dict[str, Any]]]
