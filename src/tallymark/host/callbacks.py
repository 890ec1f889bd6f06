"""The recipe's callbacks: one at a time, in the host's main thread, between batches.

What a callback raises never stops the host or loses an answer: it is shown, and the raw answer stays.
"""

import copy
import logging
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tallymark import jsontext
from tallymark.components import RecipeComponents
from tallymark.config import Settings
from tallymark.errors import NotKnown, RecipeError, TallymarkError
from tallymark.host.controller import Controller
from tallymark.host.inbox import Asked
from tallymark.host.progress import Progress
from tallymark.host.pushing import Pushing
from tallymark.host.run_channel import RunChannel
from tallymark.host.say import Say, counted, raised_at
from tallymark.types import Task

logger = logging.getLogger(__name__)

BATCH = 100
SHOWN = 3


class Callbacks:
    """The callbacks of one run and the answers that are due to them."""

    def __init__(
        self,
        components: RecipeComponents,
        channel: RunChannel,
        controller: Controller,
        settings: Settings,
        say: Say,
        *,
        pushing: Pushing,
    ) -> None:
        self._pushing = pushing
        self._components = components
        self._channel = channel
        self._controller = controller
        self._settings = settings
        self._say = say
        self._answered = 0
        self._shown: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()

    def answer(self, asked: Asked) -> Any:
        """What the server asked for."""
        if asked.kind == "validate":
            return self._validate(asked.document["tasks"])
        with self._pushing.for_page(asked.document.get("session")):
            return self._event(asked.document["name"], asked.document["arguments"])

    def round(self, *, stopping: bool = False) -> bool:
        """Give each callback one batch of what is due to it; whether there was anything."""
        done = self._late_validations()
        done = self._forms() or done
        return self._deliver(stopping=stopping) or done

    def sum_up(self) -> None:
        """Say what callbacks failed at, which the next start gives them again."""
        for kind, answers in self._failed.items():
            failed = counted(answers, "answer")
            self._say(f"{kind} failed at {failed}. All are saved; the next start gives them to it again.")

    def on_load(self) -> None:
        """The recipe's `on_load`; an error in it stops the start."""
        callback = self._components.callback("on_load")
        if callback is not None:
            callback(self._controller)

    def on_exit(self) -> None:
        """The recipe's `on_exit`; an error in it is shown."""
        callback = self._components.callback("on_exit")
        if callback is not None:
            self._guarded("on_exit", callback, self._controller)

    def _deliver(self, *, stopping: bool) -> bool:
        if not any(self._components.callback(name) for name in ("update", "replace", "remove")):
            return False
        due: list[dict[str, Any]] = self._channel.call(
            "settle.due",
            limit=BATCH,
            stopping=stopping,
            undo_window=self._settings.undo_window,
            settle_seconds=self._settings.settle_seconds,
            at_once=self._settings.updates_at_once,
        )
        for kind, answers in _by_kind(due):
            self._give(kind, answers)
        return bool(due)

    def _give(self, kind: str, answers: list[dict[str, Any]]) -> None:
        """Deliver answers of one kind, and mark them: seen by the model, or not."""
        callback = self._components.callback(kind)  # type: ignore[arg-type]  # kinds are callback names
        op_ids = [answer["op_id"] for answer in answers]
        tasks: list[Task] = [answer["task"] for answer in answers]
        seen, value = False, None
        if callback is not None:
            with self._pushing.for_answers(answers):
                seen, value = self._guarded(kind, callback, copy.deepcopy(tasks))
        if seen:
            self._channel.call("settle.delivered", op_ids=op_ids)
        elif callback is None:
            self._channel.call("settle.delivered", op_ids=[], unseen=op_ids)
        else:
            self._channel.call("settle.delivered", op_ids=[], failed=op_ids)
            self._failed[kind] += len(op_ids)
        if kind == "update":
            self._answered += len(answers)
            self._progress(answers, value)

    def _progress(self, answers: list[dict[str, Any]], value: Any) -> None:
        callback = self._components.callback("progress")
        if callback is None:
            return
        figures: dict[str, float] = {}
        for name in dict.fromkeys(answer["session"] for answer in answers):
            session = self._controller.session(name)
            progress = Progress(
                ctrl=self._controller,
                session=session,
                answers=[answer["task"] for answer in answers if answer["session"] == name],
                update_return_value=value,
                answered_in_run=self._answered,
                total=session.total_annotated,
            )
            given, figure = self._guarded("progress", progress.value, callback)
            if given and figure is not None:
                figures |= {name or "": figure, "": figure}
        if figures:
            self._channel.call("settle.set_progress", values=figures)

    def _forms(self) -> bool:
        callback = self._components.callback("before_db")
        if callback is None:
            return False
        due: list[dict[str, Any]] = self._channel.call("settle.forms_due", limit=BATCH)
        forms: dict[str, Task] = {}
        failed: dict[str, str] = {}
        for answer in due:
            try:
                forms[answer["op_id"]] = _one_form(callback, answer["task"])
            except (Exception, SystemExit) as error:
                failed[answer["op_id"]] = _reason(error)
                self._show("before_db", error)
        if due:
            self._channel.call("settle.store_forms", forms=forms, failed=failed)
        return bool(due)

    def _late_validations(self) -> bool:
        """Answers that were stored while the host was away or busy."""
        if self._components.callback("validate_answer") is None:
            return False
        due: list[dict[str, Any]] = self._channel.call("settle.unvalidated", limit=BATCH)
        if not due:
            return False
        said = self._validate({answer["op_id"]: answer["task"] for answer in due})
        valid = [op_id for op_id, verdict in said.items() if verdict == "valid"]
        failed = {op_id: v.removeprefix("failed: ") for op_id, v in said.items() if v != "valid"}
        self._channel.call("settle.validated", valid=valid, failed=failed)
        return True

    def _validate(self, tasks: dict[str, Task]) -> dict[str, str]:
        callback = self._components.callback("validate_answer")
        if callback is None:
            return dict.fromkeys(tasks, "valid")
        said = {}
        for op_id, task in tasks.items():
            try:
                callback(task)
                said[op_id] = "valid"
            except (Exception, SystemExit) as error:
                said[op_id] = f"failed: {_reason(error)}"
                if not isinstance(error, ValueError | AssertionError):  # those are how it refuses an answer
                    self._show("validate_answer", error)
        return said

    def _event(self, name: str, arguments: dict[str, Any]) -> Any:
        hook = self._components.event_hooks.get(name)
        if hook is None:
            raise NotKnown(f"The recipe has no event hook {name!r}.")
        try:
            result = hook(self._controller, **arguments)
            jsontext.dumps(result)
        except (Exception, SystemExit) as error:
            self._show(f"event hook {name!r}", error)
            raise RecipeError(f"The event hook {name!r} failed: {_reason(error)}") from error
        return result

    def _guarded(self, name: str, callback: Callable[..., Any], *arguments: Any) -> tuple[bool, Any]:
        """Whether the callback returned, and what."""
        try:
            return True, callback(*arguments)
        except (Exception, SystemExit) as error:
            self._show(name, error)
            return False, None

    def _show(self, name: str, error: BaseException) -> None:
        """Tell people; the same again only a few times."""
        message = f"{name} failed: {_reason(error)}{_place(error)}"
        self._shown[message] += 1
        if self._shown[message] < SHOWN:
            self._say(message)
        elif self._shown[message] == SHOWN:
            self._say(f"{message} (this is not said again)")
        logger.info("%s", "".join(traceback.format_exception(error)))


def _by_kind(due: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Neighbours of the same kind together, in order: an edit is told after what it edits."""
    groups: list[tuple[str, list[dict[str, Any]]]] = []
    for answer in due:
        if not groups or groups[-1][0] != answer["kind"]:
            groups.append((answer["kind"], []))
        groups[-1][1].append(answer)
    return groups


def _one_form(callback: Callable[..., Any], task: Task) -> Task:
    """What `before_db` makes of one answer. Errors: `RecipeError` unless it is exactly one record."""
    result = callback([task])
    if not isinstance(result, list | tuple) or len(result) != 1 or not isinstance(result[0], dict):
        count = len(result) if isinstance(result, list | tuple) else type(result).__name__
        raise RecipeError(f"before_db has to return one record for each it is given, not {count}")
    form: Task = result[0]
    jsontext.dumps(form)
    return form


def _place(error: BaseException) -> str:
    """The kind of an error and where it came up; our own say what is wrong without it."""
    if isinstance(error, TallymarkError):
        return ""
    return f" ({type(error).__name__}, {raised_at(error)})"


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
