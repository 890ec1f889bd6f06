"""Simulated annotators with the page's way of working: an outbox that only an acknowledgement empties.

Each refreshes, answers, sends twice, edits, falls silent until its leases are overdue, and goes on through
refused connections. What it was last acknowledged for each task is what the store has to hold at the end.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

RETRY_SECONDS = 0.05
KEPT = ("stored", "surplus", "repeated")


@dataclass
class Word:
    """What an annotator last said about a task, and at which revision it was acknowledged."""

    label: str
    revision: int


@dataclass
class Team:
    """The annotators of one dataset at one address."""

    http: aiohttp.ClientSession
    url: str
    lease_seconds: float
    acknowledged: int = 0
    failures: list[str] = field(default_factory=list)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A call that is repeated until it is answered; only what the server refuses for good fails."""
        while True:
            try:
                async with self.http.post(self.url + path, json=body) as reply:
                    if reply.status == 200:
                        document: dict[str, Any] = await reply.json()
                        return document
                    if reply.status < 500:
                        raise AssertionError(f"{path}: {reply.status} {await reply.text()}")
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(RETRY_SECONDS)


class Annotator:
    """One person with one browser tab."""

    def __init__(self, team: Team, name: str, seed: int) -> None:
        self.name = name
        self.words: dict[str, Word] = {}
        self._team = team
        self._random = random.Random(f"{name}{seed}")  # noqa: S311
        self._outbox: list[dict[str, Any]] = []
        self._said: dict[str, str] = {}  # op_id → label
        self._client = "tab0"
        self._session = ""

    async def work(self, done: Callable[[], bool]) -> None:
        """Annotate until nothing is left for anybody."""
        seat = await self._team.post("/api/v1/sessions", {"name": self.name, "client_id": self._client})
        self._session = seat["session"]
        while not done():
            await self._round()

    async def _round(self) -> None:
        held = await self._lease()
        if self._chance(0.02):
            await asyncio.sleep(1.5 * self._team.lease_seconds)  # silent until the leases are overdue
        for task in held[: self._random.randint(1, 10)]:
            self._say(task["task_id"], task["revision"])
            if self._chance(0.7):
                await self._flush()
        await self._flush()
        if self.words and self._chance(0.2):
            task_id = self._random.choice(list(self.words))
            self._say(task_id, self.words[task_id].revision)
            await self._flush()
        if not held:
            await asyncio.sleep(RETRY_SECONDS)

    async def _lease(self) -> list[dict[str, Any]]:
        reply = await self._call("lease", {"size": 10})
        tasks: list[dict[str, Any]] = reply["tasks"]
        if self._chance(0.1):  # a refresh: the same tab asks again without holding anything
            again = (await self._call("lease", {"size": 10}))["tasks"]
            lost = {task["task_id"] for task in tasks} - {task["task_id"] for task in again}
            if lost and self._team.lease_seconds > 60:
                self._team.failures.append(f"{self.name} refreshed and lost {lost}")
            tasks = again
        twice = [task["task_id"] for task in tasks if task["task_id"] in self.words and task["revision"] == 0]
        if twice:
            self._team.failures.append(f"{self.name} was asked again: {twice}")
        return tasks

    def _say(self, task_id: str, base: int) -> None:
        op_id = f"{self.name}-{self._random.getrandbits(64):x}"
        label = f"{self.name} {self._random.random()}"
        self._said[op_id] = label
        operation = {"op_id": op_id, "task_id": task_id, "base": base, "status": "submitted"}
        self._outbox.append({**operation, "decision": "accept", "set": {"label": label}})

    async def _flush(self) -> None:
        if not self._outbox:
            return
        if self._chance(0.1):  # an answer that got lost on its way back: everything is sent twice
            await self._call("answers", {"ops": self._outbox})
        reply = await self._call("answers", {"ops": self._outbox})
        for operation, ack in zip(self._outbox, reply["acks"], strict=True):
            self._acknowledged(operation, ack)
        self._outbox = []

    def _acknowledged(self, operation: dict[str, Any], ack: dict[str, Any]) -> None:
        if ack["result"] not in KEPT or ack["op_id"] != operation["op_id"]:
            self._team.failures.append(f"{self.name}: {operation} got {ack}")
            return
        self.words[operation["task_id"]] = Word(self._said[operation["op_id"]], ack["revision"])
        self._team.acknowledged += 1

    def _call(self, what: str, body: dict[str, Any]) -> Awaitable[dict[str, Any]]:
        body = {**body, "client_id": self._client}
        return self._team.post(f"/api/v1/sessions/{self._session}/{what}", body)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability
