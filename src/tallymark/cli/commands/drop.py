"""`tallymark drop`: delete a dataset."""

import sys
from typing import TYPE_CHECKING

from tallymark.cli.catalog import command
from tallymark.cli.commands._terminal import ask, shown_progress
from tallymark.errors import InputError
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["drop"]


@command(
    "drop",
    set_id=Arg(help="Dataset to delete."),
    yes=Arg("--yes", "-y", help="Do not ask."),
)
def drop(set_id: str, yes: bool = False, *, settings: "Settings") -> int:
    """Delete a dataset with its tasks, answers, sessions and books. It cannot be taken back.

    `tallymark backup` or `tallymark db-out` beforehand keeps a copy. If this is stopped half-way, the dataset
    is listed as being dropped; drop it by that name to go on.
    """
    from tallymark.channel.locks import dataset_lock, held, holder
    from tallymark.databases import place_of
    from tallymark.server.channel import open_channel

    tasks, answers = _size(settings, set_id)
    lock = dataset_lock(place_of(settings.database_url), set_id)
    if held(lock):
        raise InputError(f"Dataset {set_id!r} is being served by {holder(lock)}. Stop that process first.")
    question = f"Delete dataset {set_id!r} with {tasks:,} tasks and {answers:,} answers for good?"
    if not yes and not ask(question, otherwise="--yes"):
        print("Nothing was deleted.")
        return 1
    with open_channel(settings.database_url) as channel:
        begun = channel.call("dropping.begin_drop", dataset=set_id)
        with shown_progress("Deleting", total=begun["tasks"]) as advance:
            while not (part := channel.call("dropping.drop_part", dataset=begun["dataset"]))["gone"]:
                advance(part["tasks"])
    print(f"Dataset {set_id!r} is deleted: {tasks:,} tasks and {answers:,} answers.", file=sys.stderr)
    return 0


def _size(settings: "Settings", set_id: str) -> tuple[int, int]:
    """Tasks and answers of a dataset. Errors: `NotKnown`, naming what there is."""
    from tallymark.cli.commands._database import reading_store
    from tallymark.queue.datasets import find_dataset
    from tallymark.store.reading import StoredDatasets

    with reading_store(settings) as store:
        answers = StoredDatasets(store).count(set_id)
        with store.reading() as tx:
            return int(find_dataset(tx, set_id)["queued"]), answers
