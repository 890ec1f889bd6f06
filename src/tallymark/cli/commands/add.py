"""`tallymark add`: more rows for a dataset, while its recipe runs or for its next start."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark.cli.catalog import command
from tallymark.errors import InputError, RecipeError
from tallymark.recipe import Arg
from tallymark.types import Channel

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["add"]

PATIENCE = 10.0
_PAUSE = 0.1


@command(
    "add",
    set_id=Arg(help="Dataset to extend."),
    source=Arg(help="File, folder or pattern of files, or dataset:NAME, whose rows are added."),
    loader=Arg("--loader", "-lo", help="Format of the source, if its extension does not say."),
    text_key=Arg("--text-key", "-tk", help="Key or column of the source that is the text, if not 'text'."),
)
def add(
    set_id: str,
    source: str,
    loader: str | None = None,
    text_key: str | None = None,
    *,
    settings: "Settings",
) -> None:
    """Add the rows of another source to a dataset that is annotated already.

    They go through the same steps as the recipe's own source, after it, and are asked once. While no recipe
    runs, they wait for the next start. A source stays part of the dataset until it is read through.
    """
    from tallymark.channel.locks import dataset_lock, held
    from tallymark.databases import place_of
    from tallymark.server.channel import open_channel

    uri = _checked(source, loader)
    lock = dataset_lock(place_of(settings.database_url), set_id)
    with open_channel(settings.database_url) as channel:
        added = channel.call("adding.add_source", dataset=set_id, uri=uri, loader=loader, text_key=text_key)[
            "id"
        ]
        if not held(lock):
            print(f"{uri} is added to {set_id!r}; it is read when a recipe is started on it.")
            return
        found = _await(channel, added)
    if found["state"] == "refused":
        raise RecipeError(f"{uri} was not added to {set_id!r}.", found["detail"])
    if found["state"] == "waiting":
        print(f"{uri} is added to {set_id!r}; it is read after what the recipe reads now.")
    else:
        print(f"{uri} is added to {set_id!r}; its tasks are being asked.")


def _checked(source: str, loader: str | None) -> str:
    """The source as every process finds it. Errors: `SourceError`, `InputError`."""
    from tallymark.loaders import open_sources

    if source == "-":
        raise InputError("Standard input ends with this command; save it to a file and add that.")
    if source.startswith("dataset:"):
        return source
    open_sources(source, loader=loader)
    return str(Path(source).expanduser().absolute())


def _await(channel: Channel, added: int) -> dict[str, Any]:
    """What the host says of it, if it does so soon."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found: dict[str, Any] = channel.call("adding.look_up_added", added=added)
        if found["state"] != "waiting" or time.monotonic() > deadline:
            return found
        time.sleep(_PAUSE)
