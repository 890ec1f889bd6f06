"""`tallymark pause`, `resume`, `release`, `withdraw`, `reopen`, `overlap`, `send-back`."""

from typing import TYPE_CHECKING

from tallymark.cli.catalog import command
from tallymark.cli.commands._operating import channel, in_parts, moment
from tallymark.errors import InputError
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["overlap", "pause", "release", "reopen", "resume", "send_back", "withdraw"]

_TASK = "Id of a task, as `trace` prints it."
_SESSION = "Name of a session."


@command("pause", set_id=Arg(help="Dataset to pause."))
def pause(set_id: str, *, settings: "Settings") -> None:
    """Hand out no more tasks of a dataset; what people are at is stored, and they are told."""
    with channel(settings, set_id) as opened:
        opened.call("operate.pause", dataset=set_id)
    print(f"Dataset {set_id!r} is paused; `tallymark resume {set_id}` goes on.")


@command("resume", set_id=Arg(help="Dataset to go on with."))
def resume(set_id: str, *, settings: "Settings") -> None:
    """Hand out tasks of a paused dataset again."""
    with channel(settings, set_id) as opened:
        opened.call("operate.resume", dataset=set_id)
    print(f"Dataset {set_id!r} goes on.")


@command(
    "release",
    set_id=Arg(help="Dataset whose leases end."),
    session=Arg("--session", "-s", help="Only what this session holds."),
)
def release(set_id: str, session: str | None = None, *, settings: "Settings") -> None:
    """Take back the tasks that people hold, so that others get them; late answers are stored all the same."""
    with channel(settings, set_id) as opened:
        released = opened.call("operate.release_all", dataset=set_id, session=session)["released"]
    print(f"{released:,} leases ended.")


_PLACE = {
    "set_id": Arg(help="Dataset of the task or the answers."),
    "task": Arg("--task", help=_TASK),
    "session": Arg("--session", "-s", help="Only this session's answer to the task, or all its answers."),
    "since": Arg("--since", help="With --session alone: its answers from this date or time on."),
}
"""What is withdrawn, and named again to take that back."""


@command("withdraw", **_PLACE)
def withdraw(
    set_id: str,
    task: str | None = None,
    session: str | None = None,
    since: str | None = None,
    *,
    settings: "Settings",
) -> None:
    """Take a task out of circulation, or set answers aside: one, or all that a session gave since a date.

    Nothing is deleted: answers stay in the history, count no longer, and others get their tasks. `tallymark
    reopen` with the same words takes it back.
    """
    _either(set_id, task, session, since, settings, back=False)


@command("reopen", **_PLACE)
def reopen(
    set_id: str,
    task: str | None = None,
    session: str | None = None,
    since: str | None = None,
    *,
    settings: "Settings",
) -> None:
    """Take back what `tallymark withdraw` did; an answer counts again where there is still a place for it."""
    _either(set_id, task, session, since, settings, back=True)


def _either(
    set_id: str,
    task: str | None,
    session: str | None,
    since: str | None,
    settings: "Settings",
    *,
    back: bool,
) -> None:
    if task is None and session is None:
        raise InputError("Say what: --task ID, --task ID --session NAME, or --session NAME [--since DATE].")
    if task is not None and since is not None:
        raise InputError("--since goes with --session alone: it is about all answers of a session.")
    done = "taken back" if back else "withdrawn"
    start = 0.0 if since is None else moment(since)
    with channel(settings, set_id) as opened:
        if task is None:
            name = "people.reinstate_answers" if back else "people.withdraw_answers"
            answers = in_parts(opened, name, dataset=set_id, session=session, since=start)
            print(f"{answers:,} answers of {session!r}: {done}.")
        elif session is None:
            opened.call(f"operate.{'reopen' if back else 'withdraw'}_task", dataset=set_id, task_id=task)
            print(f"Task {task}: {done}.")
        else:
            name = f"operate.{'reinstate' if back else 'withdraw'}_answer"
            opened.call(name, dataset=set_id, task_id=task, session=session)
            print(f"The answer of {session!r} to task {task}: {done}.")


@command(
    "overlap",
    set_id=Arg(help="Dataset to change."),
    answers=Arg(help="How many answers each task wants; 'all' for one of everybody."),
    task=Arg("--task", help="Only this task."),
)
def overlap(set_id: str, answers: str, task: str | None = None, *, settings: "Settings") -> None:
    """Change how many answers the tasks of a dataset want, those to come included.

    Answers beyond a lower number are kept as surplus, and count again when the number is raised.
    """
    if answers != "all" and not answers.isdecimal():
        raise InputError(f"ANSWERS is {answers!r}; expected a number from 1, or all.")
    wanted = None if answers == "all" else int(answers)
    with channel(settings, set_id) as opened:
        changed = opened.call(
            "operate.set_overlap", timeout=600.0, dataset=set_id, overlap=wanted, task_id=task
        )["tasks"]
    print(f"{changed:,} tasks want {'an answer of everybody' if wanted is None else f'{wanted:,} answers'}.")


@command(
    "send-back",
    set_id=Arg(help="Dataset of the task."),
    task=Arg("--task", help=_TASK),
    session=Arg("--session", "-s", help=_SESSION),
    comment=Arg("--comment", "-c", help="What the author is to look at; the card shows it."),
)
def send_back(set_id: str, task: str, session: str, comment: str, *, settings: "Settings") -> None:
    """Return an answer to its author, who gets the task again with the comment on it."""
    with channel(settings, set_id) as opened:
        opened.call("people.send_answer_back", dataset=set_id, task_id=task, session=session, comment=comment)
    print(f"{session!r} gets task {task} again.")
