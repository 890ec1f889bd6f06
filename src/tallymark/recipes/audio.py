"""Recipes for sound and film."""

from collections.abc import Iterable
from typing import Any, Final

from tallymark.errors import RecipeError
from tallymark.labels import get_labels, split_string
from tallymark.loaders.fetch import fetch_media, put_paths
from tallymark.loaders.media import MEDIA, holds_tasks
from tallymark.recipe import Arg, recipe
from tallymark.recipes.mark import shown
from tallymark.stream import Stream, get_stream
from tallymark.types import Components, Task

__all__ = ["manual", "remove_base64", "transcribe"]

_KEYS: Final = ("audio", "video")
_PLAY_KEYS: Final = "command+enter,option+enter,ctrl+enter"
_LOADER: Final = Arg(
    "--loader", "-lo", help="audio or video for the files of a folder, or the format of a file of tasks."
)
_AUTOPLAY: Final = Arg("--autoplay", "-A", help="Play a recording as soon as it is shown.")
_KEEP: Final = Arg("--keep-base64", "-B", help="Save the content of recordings, too, not their path alone.")
_FETCH: Final = Arg("--fetch-media", "-FM", help="Put recordings that tasks name by address into the tasks.")
_EXCLUDE: Final = Arg(
    "--exclude", "-e", help="Datasets whose tasks are not asked again.", converter=split_string
)


@recipe(
    "audio.manual",
    dataset=Arg(help="Dataset to save to."),
    source=Arg(help="Folder of recordings, a file of tasks, or - for standard input."),
    loader=_LOADER,
    label=Arg(
        "--label", "-l", help="Labels, separated by commas, or a file of one a line.", converter=get_labels
    ),
    autoplay=_AUTOPLAY,
    keep_base64=_KEEP,
    fetch_media=_FETCH,
    exclude=_EXCLUDE,
)
def manual(
    dataset: str,
    source: Any,
    loader: str | None = "audio",
    label: Any = None,
    autoplay: bool = False,
    keep_base64: bool = False,
    fetch_media: bool = False,
    exclude: Any = None,
) -> Components:
    """Mark regions in recordings and films.

    The recordings are those of a folder, or those that tasks name under "audio" or "video". Regions that
    tasks have under "audio_spans" are shown for you to correct.
    """
    labels = get_labels(label)
    if not labels:
        raise RecipeError(
            "audio.manual has no labels.",
            "Give them with --label, such as --label SPEECH,NOISE or --label labels.txt.",
        )
    stream = _recordings(source, loader, view_id="audio_manual", fetch=fetch_media)
    return {
        "dataset": dataset,
        "view_id": "audio_manual",
        "stream": stream,
        "exclude": split_string(exclude),
        "before_db": None if keep_base64 else remove_base64,
        "config": {"labels": labels, "audio_autoplay": autoplay, "exclude_by": "input"},
    }


@recipe(
    "audio.transcribe",
    dataset=Arg(help="Dataset to save to."),
    source=Arg(help="Folder of recordings, a file of tasks, or - for standard input."),
    loader=_LOADER,
    autoplay=_AUTOPLAY,
    keep_base64=_KEEP,
    fetch_media=_FETCH,
    playpause_key=Arg(
        "--playpause-key",
        "-pk",
        help="Keys that play and pause, also while one writes.",
        converter=split_string,
    ),
    text_rows=Arg("--text-rows", "-tr", help="Height of the field, in lines."),
    field_id=Arg("--field-id", "-fi", help="Key the text is saved under; what stands there is prefilled."),
    exclude=_EXCLUDE,
)
def transcribe(
    dataset: str,
    source: Any,
    loader: str | None = "audio",
    autoplay: bool = False,
    keep_base64: bool = False,
    fetch_media: bool = False,
    playpause_key: Any = _PLAY_KEYS,
    text_rows: int = 4,
    field_id: str = "transcript",
    exclude: Any = None,
) -> Components:
    """Write down what is said in recordings and films, or correct what a machine has heard."""
    field = {
        "view_id": "text_input",
        "field_id": field_id,
        "field_label": "Transcript",
        "field_rows": text_rows,
        "field_autofocus": True,
        "audio": None,
        "video": None,
        "text": None,
    }
    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": _recordings(source, loader, view_id="audio", fetch=fetch_media),
        "exclude": split_string(exclude),
        "before_db": None if keep_base64 else remove_base64,
        "config": {
            "blocks": [{"view_id": "audio"}, field],
            "audio_autoplay": autoplay,
            "keymap": {"playpause": split_string(playpause_key)},
            "exclude_by": "input",
        },
    }


def remove_base64(examples: Iterable[Task]) -> list[Task]:
    """The examples with the path of a recording in place of its content, in place, where there is a path."""
    return put_paths(examples, _KEYS)


def _recordings(source: Any, loader: str | None, *, view_id: str, fetch: bool) -> Stream:
    stream = get_stream(source, loader=_loader_of(source, loader), rehash=True, is_binary=False)
    if fetch:
        stream.apply(fetch_media, input_keys=_KEYS, skip=True)
    stream.apply(shown, view_id=view_id)
    return stream


def _loader_of(source: Any, loader: str | None) -> str | None:
    """Recordings are read of a folder, or one by one; a file of tasks tells its format by its name."""
    return None if loader in MEDIA and holds_tasks(source) else loader
