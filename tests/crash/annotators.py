"""Simulated annotators with the page's way of working: an outbox that only an acknowledgement empties.

Each refreshes, answers, sends twice, edits, falls silent until its leases are overdue, and goes on through
refused connections. Some have two tabs, perhaps at two addresses, which edit the same answers. What a tab was
last acknowledged for each task is what the store has to hold at the end, or it was told of something newer.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

RETRY_SECONDS = 0.1
RECENT = 5
KEPT = ("stored", "surplus", "repeated")


@dataclass(frozen=True, slots=True)
class Word:
    """What was last said about a task, and at which revision it was acknowledged or taken over."""

    label: str
    revision: int


@dataclass
class Team:
    """The annotators of one dataset, and how often its servers acknowledged something.

    `url` stands before every path that is asked; without it whole addresses are asked.
    """

    http: aiohttp.ClientSession
    url: str = ""
    lease_seconds: float = 900.0
    acknowledged: int = 0
    failures: list[str] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    """What the servers said while they could not do what they were asked, by status and code."""

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A call that is repeated until it is answered; only what the server refuses for good fails."""
        return await self._repeated(lambda: self.http.post(self.url + path, json=body))

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        """A question that is repeated until it is answered."""
        return await self._repeated(lambda: self.http.get(self.url + path, params=query))

    async def _repeated(self, ask: Callable[[], Any]) -> dict[str, Any]:
        while True:
            try:
                async with ask() as reply:
                    if reply.status == 200:
                        document: dict[str, Any] = await reply.json()
                        return document
                    said = await reply.text()
                    if reply.status < 500:
                        raise AssertionError(f"{reply.url}: {reply.status} {said}")
                    problem = json.loads(said)
                    self.refusals[f"{reply.status} {problem['code']}"] = problem["detail"]
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(RETRY_SECONDS)


@dataclass
class Person:
    """A name and its tabs."""

    name: str
    tabs: "list[Tab]" = field(default_factory=list)

    @property
    def answered(self) -> set[str]:
        """The tasks that any tab was acknowledged an answer to."""
        return {task for tab in self.tabs for task in tab.words}


class Tab:
    """One browser tab of a person."""

    def __init__(self, team: Team, person: Person, url: str, *, seed: int) -> None:
        self.name = f"{person.name} tab{len(person.tabs)}"
        self.person = person
        self.words: dict[str, Word] = {}
        self.newest: dict[str, int] = {}
        """The newest revision of each task this tab was told of."""
        self.sent: dict[str, str] = {}
        """The label of every operation, by its id."""
        self.kept: set[str] = set()
        """Operations that were acknowledged as the current answer."""
        self.conflicts: set[str] = set()
        """Operations that were acknowledged as a conflict."""
        self._team = team
        self._url = url
        self._client = f"tab{len(person.tabs)}"
        self._random = random.Random(f"{self.name}{seed}")  # noqa: S311
        self._outbox: list[dict[str, Any]] = []
        self._session = ""
        self._cursor: int | None = None
        person.tabs.append(self)

    async def work(self, done: Callable[[], bool]) -> None:
        """Annotate until nothing is left for anybody."""
        claim = {"name": self.person.name, "client_id": self._client}
        seat = await self._team.post(f"{self._url}/api/v1/sessions", claim)
        self._session = seat["session"]
        await self._hear()
        while not done():
            await self._round()

    async def check(self) -> None:
        """Compare, over HTTP, the last words with what is current, once everybody has stopped."""
        while await self._hear():
            pass
        current = await self._current()
        wrong = [task for task, word in self.words.items() if not self._is_right(task, word, current)]
        if wrong:
            said = {task: (self.words[task], self.newest.get(task), current.get(task)) for task in wrong}
            self._team.failures.append(f"{self.name} said, was told and finds: {said}")
        if current.keys() != self.person.answered:
            odd = current.keys() ^ self.person.answered
            self._team.failures.append(f"{self.name} finds other tasks than were answered: {odd}")

    def _is_right(self, task: str, word: Word, current: dict[str, Word]) -> bool:
        """Whether a last word is the current one, or another tab's is and this one was told of it."""
        found = current.get(task)
        if found is None or found == word:
            return found == word
        return len(self.person.tabs) > 1 and word.revision < found.revision == self.newest[task]

    async def _current(self) -> dict[str, Word]:
        """The current answers of this person, as the server tells them."""
        found: dict[str, Word] = {}
        query: dict[str, int] = {"limit": 500}
        while True:
            url = f"{self._url}/api/v1/sessions/{self._session}/history"
            page = await self._team.get(url, **query)
            for entry in page["answers"]:
                found[entry["task_id"]] = Word(entry["task"]["label"], entry["revision"])
            if page["next"] is None:
                return found
            query["before"] = page["next"]

    async def _round(self) -> None:
        held = await self._lease()
        if self._chance(0.02):
            await asyncio.sleep(1.5 * self._team.lease_seconds)  # silent until the leases are overdue
        for task in held[: self._random.randint(1, 10)]:
            self._say(task["task_id"], task["revision"])
            if self._chance(0.7):
                await self._flush()
        await self._flush()
        if self._chance(0.2):
            await self._hear()
        if self.newest and self._chance(0.2):
            await self._edit()
        if not held:
            await asyncio.sleep(RETRY_SECONDS)

    async def _edit(self) -> None:
        """Say something else about a task, often one that another tab has just said something about."""
        known = list(self.newest)
        task_id = self._random.choice(known[-RECENT:] if self._chance(0.7) else known)
        self._say(task_id, self.newest[task_id])
        await self._flush()

    async def _hear(self) -> bool:
        """Learn what other tabs of this person have changed; whether it was anything."""
        reply = await self._call("heartbeat", {"cursor": self._cursor})
        self._cursor = reply["cursor"]
        for change in reply["changed"]:
            self._learn(change["task_id"], change["revision"])
        return bool(reply["changed"])

    def _learn(self, task_id: str, revision: int) -> None:
        """Remember the newest revision of a task; what is news comes last."""
        if revision > self.newest.get(task_id, 0):
            self.newest.pop(task_id, None)
            self.newest[task_id] = revision

    async def _lease(self) -> list[dict[str, Any]]:
        answered = self.person.answered
        reply = await self._call("lease", {"size": 10})
        tasks: list[dict[str, Any]] = reply["tasks"]
        if self._chance(0.1):  # a refresh: the same tab asks again without holding anything
            tasks = (await self._call("lease", {"size": 10}))["tasks"]
        twice = [task["task_id"] for task in tasks if task["task_id"] in answered and task["revision"] == 0]
        if twice:
            self._team.failures.append(f"{self.name} was asked again: {twice}")
        return tasks

    def _say(self, task_id: str, base: int) -> None:
        op_id = f"{self.name}-{self._random.getrandbits(64):x}"
        self.sent[op_id] = f"{self.name} {self._random.random()}"
        operation = {"op_id": op_id, "task_id": task_id, "base": base, "status": "submitted"}
        self._outbox.append({**operation, "decision": "accept", "set": {"label": self.sent[op_id]}})

    async def _flush(self) -> None:
        """Send what is in the outbox, and what is said to the conflicts that come back."""
        while self._outbox:
            if self._chance(0.1):  # an answer that got lost on its way back: everything is sent twice
                await self._call("answers", {"ops": self._outbox})
            reply = await self._call("answers", {"ops": self._outbox})
            sent, self._outbox = self._outbox, []
            for operation, ack in zip(sent, reply["acks"], strict=True):
                self._acknowledged(operation, ack)

    def _acknowledged(self, operation: dict[str, Any], ack: dict[str, Any]) -> None:
        self._team.acknowledged += 1
        task_id, op_id = operation["task_id"], operation["op_id"]
        if ack["op_id"] == op_id and ack["result"] in KEPT:
            self.kept.add(op_id)
            self.words[task_id] = Word(self.sent[op_id], ack["revision"])
            self._learn(task_id, ack["revision"])
        elif ack["op_id"] == op_id and ack["result"] == "conflict" and len(self.person.tabs) > 1:
            self.conflicts.add(op_id)
            self._settle(task_id, ack["current"])
        else:
            self._team.failures.append(f"{self.name}: {operation} got {ack}")

    def _settle(self, task_id: str, current: dict[str, Any]) -> None:
        """Take over what the other tab has said, or insist on something of our own."""
        self._learn(task_id, current["revision"])
        if self._chance(0.5):
            self.words[task_id] = Word(current["task"]["label"], current["revision"])
        else:
            self._say(task_id, current["revision"])

    def _call(self, what: str, body: dict[str, Any]) -> Awaitable[dict[str, Any]]:
        url = f"{self._url}/api/v1/sessions/{self._session}/{what}"
        return self._team.post(url, {**body, "client_id": self._client})

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability


def people_at(team: Team, urls: Sequence[str], count: int, *, seed: int) -> list[Person]:
    """Some people at the addresses in turn; every third has a second tab, at the next address."""
    people = [Person(f"a{number}") for number in range(count)]
    for number, person in enumerate(people):
        for tab in range(2 if number % 3 == 0 else 1):
            Tab(team, person, urls[(number + tab) % len(urls)], seed=seed)
    return people
