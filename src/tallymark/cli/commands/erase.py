"""`tallymark erase`: a record or a person, because the law demands it."""

from typing import TYPE_CHECKING

from tallymark.cli.catalog import command
from tallymark.cli.commands._database import reading_store
from tallymark.cli.commands._operating import asked, channel
from tallymark.errors import InputError, NotKnown
from tallymark.host.say import counted
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["erase"]


@command(
    "erase",
    set_id=Arg(help="Dataset that has the record or the person."),
    task=Arg("--task", help="Id of a task of the record."),
    text=Arg("--text", help="The whole text of the record."),
    person=Arg("--person", help="Name of a session: erase the person instead of a record."),
    yes=Arg("--yes", "-y", help="Do not ask."),
)
def erase(
    set_id: str,
    task: str | None = None,
    text: str | None = None,
    person: str | None = None,
    yes: bool = False,
    *,
    settings: "Settings",
) -> int:
    """Erase a record with all that was said about it, or a person's name, from the database, for good.

    A record vanishes from every dataset, also from drafts, messages and quarantine; its tasks and answers
    stay in the books as withdrawn, so that they still balance. A person's answers stay, and are nobody's.
    Files, exports and backups are yours to clean.
    """
    if sum(given is not None for given in (task, text, person)) != 1:
        raise InputError("Say what to erase: --task ID, --text TEXT, or --person NAME.")
    if person is not None:
        return _person(set_id, person, settings, yes=yes)
    return _record(set_id, task, text, settings, yes=yes)


def _record(set_id: str, task: str | None, text: str | None, settings: "Settings", *, yes: bool) -> int:
    tasks = [task] if task is not None else _tasks_of(set_id, str(text), settings)
    if not asked(f"Erase the record of task {', '.join(tasks)} from every dataset, for good?", yes=yes):
        return 1
    with channel(settings, set_id) as opened:
        done = opened.call("erasing.erase_record", timeout=600.0, dataset=set_id, task_ids=tasks)
    print(f"Erased: {counted(done['tasks'], 'task')} in {counted(done['datasets'], 'dataset')}.")
    return 0


def _tasks_of(set_id: str, text: str, settings: "Settings") -> list[str]:
    from tallymark.queue.trace import tasks_of_text

    with reading_store(settings) as store, store.reading() as tx:
        tasks = tasks_of_text(tx, dataset=set_id, text=text)
    if not tasks:
        raise NotKnown(
            f"No task of dataset {set_id!r} has exactly this text.\n"
            f"`tallymark trace {set_id} --text` also finds a part of it."
        )
    return tasks


def _person(set_id: str, person: str, settings: "Settings", *, yes: bool) -> int:
    if not asked(f"Erase the name {person!r} from the whole database, for good?", yes=yes):
        return 1
    with channel(settings, set_id) as opened:
        done = opened.call("erasing.erase_person", timeout=600.0, name=person)
    print(f"Erased: {person!r} is {done['name']!r} now, in {counted(done['sessions'], 'session')}.")
    return 0
