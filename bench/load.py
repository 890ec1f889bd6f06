"""Simulated annotators, servers for them to call, and the check that nothing was lost or doubled."""

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from tallymark.channel.find import stop_server
from tallymark.databases import Place, address_of
from tallymark.store import Statement, Store

ANNOTATORS = 32
LEASED = 10
HELD, ANSWERS_A_LEASE = 20, 4  # of annotators by the clock
JSON = {"content-type": "application/json"}
START_SECONDS = 30.0

_NEWEST = Statement("The newest answer.", "SELECT coalesce(max(id), 0) FROM answer")
_SINCE = Statement("Answers since one.", "SELECT op_id, task, session FROM answer WHERE id > :after")
_OVER = Statement(
    "Tasks with more counted answers than they want.", "SELECT count(*) FROM task WHERE counted > overlap"
)
_EXTRA = Statement(
    "Tasks that want one answer and have several.",
    "SELECT count(*) FROM (SELECT n.task FROM answer n WHERE n.task IN"
    " (SELECT m.task FROM answer m WHERE m.id > :after) GROUP BY n.task HAVING count(*) > 1) AS several",
)


@dataclass
class Work:
    """What annotators did in some seconds: seconds of each request by kind, and what they were told."""

    seconds: float
    waits: dict[str, list[float]] = field(default_factory=lambda: {"lease": [], "answers": []})
    acknowledged: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    ran_out: bool = False

    @property
    def rate(self) -> float:
        """Acknowledged answers a second."""
        return len(self.acknowledged) / self.seconds

    @property
    def requests(self) -> list[float]:
        """Seconds of all requests."""
        return [wait for waits in self.waits.values() for wait in waits]


@dataclass(frozen=True, slots=True)
class Books:
    """What the database holds against what was acknowledged."""

    duplicates: int
    missing: int


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: where it answers, and its process."""

    url: str
    pid: int


def share(values: Sequence[float], part: float) -> float:
    """So many of the values, as a part of them, are no larger than this; in milliseconds, of seconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1e3 if ordered else float("nan")


def median(values: Sequence[float]) -> float:
    """The middle one, or the lower of two."""
    return sorted(values)[(len(values) - 1) // 2]


@contextlib.contextmanager
def serving(place: Place, *, workers: int = 1) -> Iterator[Served]:
    """The server that a recipe's host would start, for the length of the block."""
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "tallymark.server", "--database", address_of(place), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--workers", str(workers), "--ready-fd", str(writing)], pass_fds=(writing,)
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        ready = json.loads(pipe.readline())
    try:
        yield Served(ready["address"].replace("localhost", "127.0.0.1"), process.pid)
    finally:
        stop_server(place)
        process.wait(30)


@contextlib.contextmanager
def constant() -> Iterator[str]:
    """The address of a uvicorn that answers four bytes to everything: what HTTP alone costs."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as bound:
        port = bound.getsockname()[1]
        command = [sys.executable, str(Path(__file__).resolve()), str(bound.fileno())]
        process = subprocess.Popen(command, pass_fds=(bound.fileno(),))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


async def asked(url: str, seconds: float) -> float:
    """Requests a second that a constant endpoint answers to as many clients as there are annotators."""
    counts = [0] * ANNOTATORS
    async with connected() as http:
        async with http.get(url) as reply:  # it has started when this is answered
            await reply.read()
        end = time.monotonic() + seconds

        async def client(n: int) -> None:
            while time.monotonic() < end:
                async with http.get(url) as reply:
                    await reply.read()
                counts[n] += 1

        await asyncio.gather(*(client(n) for n in range(ANNOTATORS)))
    return sum(counts) / seconds


async def asked_to_save(url: str, seconds: float) -> float:
    """Requests a second that a constant endpoint answers to annotators who save: all of the client."""
    async with connected() as http:
        team = Annotators(http, url, Work(seconds))
        end = time.monotonic() + seconds

        async def annotator(n: int) -> None:
            while time.monotonic() < end:
                await team.answer(f"{n:024}", {"task_id": str(n), "revision": 0})

        await asyncio.gather(*(annotator(n) for n in range(ANNOTATORS)))
    return len(team.work.waits["answers"]) / seconds


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[aiohttp.ClientSession]:
    """A client without limits of its own."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        yield http


class Annotators:
    """People at one server, who go from dataset to dataset as these end."""

    def __init__(self, http: aiohttp.ClientSession, url: str, work: Work) -> None:
        self._http = http
        self._url = f"{url}/api/v1/sessions"
        self.work = work

    async def sit(self, datasets: Sequence[str], count: int = ANNOTATORS) -> list[list[str]]:
        """The seats of each annotator, one in each dataset."""
        return [[await self._claim(f"a{n}", dataset) for dataset in datasets] for n in range(count)]

    async def annotate(self, seats: Sequence[str], end: float) -> None:
        """One after the other: hold ten tasks, answer each in a request of its own."""
        for session in seats:
            while time.monotonic() < end:
                tasks = await self.lease(session)
                if not tasks:
                    break
                for task in tasks:
                    if time.monotonic() < end:
                        await self.answer(session, task)
        self.work.ran_out = self.work.ran_out or time.monotonic() < end

    async def lease(
        self, session: str, *, holding: Sequence[str] = (), size: int = LEASED, since: float | None = None
    ) -> list[dict[str, Any]]:
        """Tasks that this annotator holds and does not have; `since` is when the request was due."""
        body = {"size": size, "holding": list(holding), "client_id": session[:12]}
        reply = await self._post(f"/{session}/lease", body, "lease", since)
        tasks: list[dict[str, Any]] = reply.get("tasks", [])
        return tasks

    async def answer(self, session: str, task: dict[str, Any], *, since: float | None = None) -> None:
        """Answer one task as the page does."""
        now = time.time()
        said = {
            "op_id": str(uuid.uuid4()),
            "task_id": task["task_id"],
            "base": task["revision"],
            "status": "submitted",
            "decision": "accept",
            "set": {"accept": [random.choice("ABCD")]},
            "client_time": now,
            "shown_at": now - 2.5,
            "active_ms": 2_400.0,
        }
        body = {"ops": [said], "client_id": session[:12]}
        reply = await self._post(f"/{session}/answers", body, "answers", since)
        for ack in reply.get("acks", []):
            if ack["result"] == "stored":
                self.work.acknowledged.append(ack["op_id"])
            else:
                self.work.errors.append(f"{ack['result']}: {ack['detail']}")

    async def _claim(self, name: str, dataset: str) -> str:
        document = {"name": name, "dataset": dataset}
        async with self._http.post(self._url, json=document) as reply:
            reply.raise_for_status()
            return str((await reply.json())["session"])

    async def _post(self, path: str, body: dict[str, Any], kind: str, since: float | None) -> dict[str, Any]:
        begun = time.monotonic() if since is None else since
        try:
            async with self._http.post(self._url + path, data=orjson.dumps(body), headers=JSON) as reply:
                content = await reply.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.work.errors.append(f"{kind}: {error!r}")
            return {}
        self.work.waits[kind].append(time.monotonic() - begun)
        if reply.status != 200:
            self.work.errors.append(f"{kind}: {reply.status} {content[:200]!r}")
            return {}
        document: dict[str, Any] = orjson.loads(content) or {}  # the constant endpoint says null
        return document


async def closed_loop(url: str, datasets: Sequence[str], seconds: float) -> Work:
    """Annotators who never pause: each asks again as soon as it was answered."""
    async with connected() as http:
        team = Annotators(http, url, Work(seconds))
        seats = await team.sit(datasets)
        end = time.monotonic() + seconds
        await asyncio.gather(*(team.annotate(seat, end) for seat in seats))
    return team.work


async def open_loop(url: str, dataset: str, seconds: float, rate: float) -> Work:
    """Annotators who save by the clock, so many answers a second among them, whatever becomes of them.

    Each request counts from the moment it was due. Who has answered four tasks asks for four more.
    """
    async with connected() as http:
        team = Annotators(http, url, Work(seconds))
        people = [Clockwork(team, seats[0]) for seats in await team.sit([dataset])]
        await asyncio.gather(*(person.lease(time.monotonic()) for person in people))
        for waits in team.work.waits.values():
            waits.clear()
        begun, calls = time.monotonic() + 0.05, []
        for n in range(int(seconds * rate)):
            due = begun + n / rate
            await until(due)
            calls += people[n % len(people)].due(due)
        await asyncio.gather(*calls)
    return team.work


async def until(moment: float) -> None:
    """Wait for a moment; at once if it is over."""
    left = moment - time.monotonic()
    if left > 0:
        await asyncio.sleep(left)


class Clockwork:
    """An annotator who is told when to save."""

    def __init__(self, team: Annotators, session: str) -> None:
        self._team = team
        self._session = session
        self._tasks: deque[dict[str, Any]] = deque()
        self._held: set[str] = set()
        self._asking = False

    def due(self, moment: float) -> list["asyncio.Task[None]"]:
        """The requests of one moment."""
        calls: list[Awaitable[None]] = []
        if len(self._tasks) <= HELD - ANSWERS_A_LEASE and not self._asking:
            calls.append(self.lease(moment))
        if self._tasks:
            calls.append(self._answer(self._tasks.popleft(), moment))
        else:
            self._team.work.errors.append("no task was there in time")
        return [asyncio.ensure_future(call) for call in calls]

    async def lease(self, moment: float) -> None:
        """Hold as many tasks as before."""
        self._asking = True
        try:
            found = await self._team.lease(self._session, holding=list(self._held), size=HELD, since=moment)
        finally:
            self._asking = False
        self._held |= {task["task_id"] for task in found}
        self._tasks += found

    async def _answer(self, task: dict[str, Any], moment: float) -> None:
        await self._team.answer(self._session, task, since=moment)
        self._held.discard(task["task_id"])


def newest_answer(place: Place) -> int:
    """The id of the newest answer."""
    return int(_looked_up(place, lambda tx: tx.value(_NEWEST)))


def checked(place: Place, after: int, work: Work) -> Books:
    """Whether every acknowledged answer since one is stored, and nothing twice."""

    def look(tx: Any) -> Books:
        stored = [row["op_id"] for row in tx.all(_SINCE, {"after": after})]
        twice = len(stored) - len(set(stored))
        extra = int(tx.value(_EXTRA, {"after": after})) + int(tx.value(_OVER))
        return Books(twice + extra, len(set(work.acknowledged) - set(stored)))

    books: Books = _looked_up(place, look)
    return books


def _looked_up(place: Place, look: Callable[[Any], Any]) -> Any:
    store = Store.open(address_of(place), read_only=True)
    try:
        with store.reading() as tx:
            return look(tx)
    finally:
        store.close()


def resident(pid: int) -> float:
    """Megabytes of a process and its children in memory, each counted for itself."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    own = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return own + sum(resident(child) for child in children(pid))


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it has just ended
            found += map(int, (thread / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its living children."""
    return own_seconds(pid) + sum(cpu_seconds(child) for child in children(pid))


def own_seconds(pid: int) -> float:
    """Processor time of a process."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


async def _four_bytes(_scope: Any, _receive: Any, send: Any) -> None:
    """The application of the constant endpoint."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"4")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"null"})


def _serve_constant(file: int) -> None:
    """Answer on an inherited socket until interrupted, with the settings that the real server has."""
    import uvicorn

    config = uvicorn.Config(
        _four_bytes, log_config=None, access_log=False, server_header=False, ws="none", lifespan="off"
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=file)])


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        for file in sys.argv[1:]:
            _serve_constant(int(file))
