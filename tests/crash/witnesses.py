"""Annotators and a feeder who note what they sent before they send it, and what was acknowledged to them."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from tests.crash.annotators import KEPT, Team
from tests.crash.recording import Recording
from tests.server.conftest import new_task

from tallymark.types import Channel

PORTION = 10  # tasks fed, and leased, at once


@dataclass
class WitnessedTeam(Team):
    """A team whose operations are in the recording."""

    recording: Recording = field(kw_only=True)

    async def post(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        """A call; of operations it is noted that they were sent, and which of them were acknowledged."""
        operations = [_told(operation) for operation in body.get("ops", ())]
        if operations:
            self.recording.note("sent", said=operations)
        reply = await super().post(url, body)
        if operations:
            self._heard(operations, reply["acks"])
        return reply

    def _heard(self, operations: list[dict[str, Any]], acks: list[dict[str, Any]]) -> None:
        for operation, ack in zip(operations, acks, strict=True):
            if ack["op_id"] != operation["op_id"] or ack["result"] not in KEPT:
                self.failures.append(f"{operation} got {ack}")
        self.recording.note("acked", said=operations)
        self.acknowledged += len(operations)


class Witness:
    """A person who submits, edits, takes back and leaves drafts, each task in a way of its own."""

    def __init__(self, team: WitnessedTeam, url: str, name: str, *, seed: int) -> None:
        self._team = team
        self._url = url
        self._name = name
        self._random = random.Random(f"{name}{seed}")  # noqa: S311
        self._numbers = iter(range(1_000_000))
        self._seat = ""

    async def work(self, tasks: int) -> None:
        """Say something about so many tasks."""
        seat = await self._team.post(f"{self._url}/api/v1/sessions", {"name": self._name})
        self._seat = f"{self._url}/api/v1/sessions/{seat['session']}"
        seen: set[str] = set()
        while len(seen) < tasks:
            reply = await self._team.post(f"{self._seat}/lease", {"size": PORTION})
            fresh = [task["task_id"] for task in reply["tasks"] if task["task_id"] not in seen]
            for task in fresh[: tasks - len(seen)]:
                seen.add(task)
                await self._judge(task)
            if not fresh:  # drafts fill the hands, or the feeder is slow
                await self._team.post(f"{self._seat}/release", {})
                await asyncio.sleep(0)

    async def _judge(self, task: str) -> None:
        """Send the operations about a task, together or one after the other."""
        statuses = self._random.choice(
            [
                ["submitted"],
                ["draft"],
                ["draft", "submitted"],
                ["submitted", "submitted"],
                ["submitted", "retracted"],
                ["submitted", "retracted", "draft", "submitted"],
            ]
        )
        operations: list[dict[str, Any]] = []
        for status in statuses:
            operations.append(self._operation(task, status, operations))
        together = self._random.randint(1, len(operations))
        for start in range(0, len(operations), together):
            await self._send(operations[start : start + together])

    async def _send(self, operations: list[dict[str, Any]]) -> None:
        for _ in range(
            2 if self._random.random() < 0.1 else 1
        ):  # a reply may get lost: then all is sent again
            await self._team.post(f"{self._seat}/answers", {"ops": operations})

    def _operation(self, task: str, status: str, before: list[dict[str, Any]]) -> dict[str, Any]:
        operation: dict[str, Any] = {"op_id": f"{self._name}-{next(self._numbers)}", "task_id": task}
        operation |= {"status": status, "base": before[-1]["op_id"] if before else 0, "decision": "accept"}
        if status == "retracted":
            return operation
        label = f"{operation['op_id']} {self._random.randbytes(self._random.choice([4, 40, 1500])).hex()}"
        return {**operation, "set": {"label": label}}


def feed(channel: Channel, recording: Recording, fence: dict[str, Any], texts: list[str]) -> None:
    """Put tasks into the queue, as a host does."""
    for start in range(0, len(texts), PORTION):
        portion = texts[start : start + PORTION]
        said = [{"text": text} for text in portion]
        recording.note("sent", said=said)
        channel.call("enqueue.enqueue", **fence, tasks=[new_task({"text": text}) for text in portion])
        recording.note("acked", said=said)


def _told(operation: dict[str, Any]) -> dict[str, Any]:
    """What is looked for in the database after the power cut."""
    label = operation.get("set", {}).get("label")
    return {key: operation[key] for key in ("op_id", "task_id", "status")} | {"label": label}
