"""What a recipe's own code does in the name of a session: take its next questions, give its answers."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from tallymark.errors import InputError, RecipeError
from tallymark.hashing import INPUT_HASH_KEY, TASK_HASH_KEY
from tallymark.host.datasets import HostDatasets
from tallymark.types import DECISIONS, Channel, Task

CLIENT: Final = "recipe"
"""The client of its leases, so that what the recipe takes is not shown on a page at the same time."""

_OF_ANSWERS: Final = ("answer", "_timestamp", "_session_id", "_annotator_id", "_view_id")


class ByHand:
    """Leases and answers of a recipe's own code, one session at a time."""

    def __init__(
        self,
        channel: Channel,
        db: HostDatasets,
        dataset: str,
        *,
        batch_size: int,
        feed: Callable[[], bool],
        validate: Callable[[Task], Any] | None,
    ) -> None:
        """`feed` puts more of the stream into the queue and says whether it did."""
        self._channel = channel
        self._db = db
        self._dataset = dataset
        self._batch_size = batch_size
        self._feed = feed
        self._validate = validate
        self._tokens: dict[str, str] = {}
        self._held: dict[str, dict[str, dict[str, Any]]] = {}  # session → task id → its lease

    def questions(self, name: str) -> list[Task]:
        """The next questions of a session, leased to it: a whole batch, unless the stream has no more."""
        held = self._held.setdefault(name, {})
        fresh = self._lease(name, len(held) + self._batch_size, list(held))
        while len(fresh) < self._batch_size and self._feed():
            fresh = self._lease(name, len(held) + self._batch_size, list(held))
        held.update({lease["task_id"]: lease for lease in fresh})
        return [lease["task"] for lease in fresh]

    def receive(self, name: str, answers: Iterable[Task]) -> None:
        """Store a session's answers: to its questions, else as records of the dataset.

        What the recipe's `validate_answer` raises is raised, before anything is stored.
        """
        given = [dict(answer) for answer in answers]
        for answer in given:
            _check(answer)
            if self._validate is not None:
                self._validate(answer)
        operations, others = [], []
        for answer in given:
            lease = self._lease_of(name, answer)
            if lease is None:
                others.append({**answer, "_session_id": f"{self._dataset}-{name}"})
            else:
                operations.append(_operation(lease, answer))
        if others:
            self._db.add_examples(others, datasets=[self._dataset])
        if operations:
            self._save(name, operations)

    def leave(self, name: str) -> None:
        """Give back what a session holds here."""
        if name in self._held:
            self._channel.call("lease.release", session=self._token(name), client_id=CLIENT)
            del self._held[name]

    def _lease(self, name: str, size: int, holding: list[str]) -> list[dict[str, Any]]:
        reply = self._channel.call(
            "lease.lease", session=self._token(name), client_id=CLIENT, size=size, holding=holding
        )
        tasks: list[dict[str, Any]] = reply["tasks"]
        return tasks

    def _save(self, name: str, operations: list[dict[str, Any]]) -> None:
        acks = self._channel.call("answers.save", session=self._token(name), client_id=CLIENT, ops=operations)
        for ack in acks:
            if ack["result"] in ("quarantined", "invalid"):
                raise InputError(f"An answer of {name!r} is not stored: {ack['detail']}")

    def _lease_of(self, name: str, answer: Task) -> dict[str, Any] | None:
        """The lease that an answer belongs to, once."""
        held = self._held.get(name, {})
        for task_id, lease in held.items():
            if _hashes(lease["task"]) == _hashes(answer):
                return held.pop(task_id)
        return None

    def _token(self, name: str) -> str:
        if name not in self._tokens:
            seat = self._channel.call("seats.claim_seat", dataset=self._dataset, name=name, client_id=CLIENT)
            self._tokens[name] = seat["session"]
        return self._tokens[name]


def _check(answer: Mapping[str, Any]) -> None:
    if answer.get("answer") not in DECISIONS:
        raise RecipeError(
            f'An answer has "answer": {", ".join(DECISIONS)}; not {answer.get("answer")!r}. Answers are the '
            "tasks that ctrl.get_questions gave, with what was answered."
        )


def _hashes(task: Mapping[str, Any]) -> tuple[Any, Any]:
    return task.get(INPUT_HASH_KEY), task.get(TASK_HASH_KEY)


def _operation(lease: Mapping[str, Any], answer: Task) -> dict[str, Any]:
    return {
        "op_id": uuid.uuid4().hex,
        "task_id": lease["task_id"],
        "base": lease["revision"],
        "status": "submitted",
        "decision": answer["answer"],
        "task": {key: value for key, value in answer.items() if key not in _OF_ANSWERS},
    }
