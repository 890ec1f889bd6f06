"""How many answers a second one server takes, as a share of what it can do without a database.

32 simulated annotators send one answer a request to a server process, and the same clients ask the constant
endpoint `/ping` in the same run: `python bench/serve.py [seconds]`. Wanted: a ratio of at least 0.2 and a
99th percentile of at most 100 ms.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp

from tallymark.channel.find import stop_server
from tallymark.hashing import identities_of, set_hashes
from tallymark.server.channel import open_channel

ANNOTATORS = 32
LEAST_RATIO = 0.2
MOST_P99 = 100.0


def main() -> int:
    """Print the figures; 1 when they are not good enough."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as url:
        return asyncio.run(measure(url, seconds))


async def measure(url: str, seconds: float) -> int:
    """The constant endpoint before and after, the answers between."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        constant = [await pings(http, url, seconds / 4)]
        answers, waits = await answering(http, url, seconds)
        constant.append(await pings(http, url, seconds / 4))
    rate = sum(constant) / 2
    waits.sort()
    p50, p99 = (waits[int(len(waits) * share)] * 1e3 for share in (0.5, 0.99))
    ratio = answers / rate
    print(
        f"constant endpoint {rate:,.0f}/s, answers {answers:,.0f}/s, ratio {ratio:.2f} (wanted {LEAST_RATIO})"
    )
    print(f"each request p50 {p50:.1f} ms, p99 {p99:.1f} ms (wanted {MOST_P99:.0f})")
    return int(ratio < LEAST_RATIO or p99 > MOST_P99)


async def pings(http: aiohttp.ClientSession, url: str, seconds: float) -> float:
    """Requests a second to `/ping`."""
    end = time.monotonic() + seconds
    counts = [0] * ANNOTATORS

    async def client(n: int) -> None:
        while time.monotonic() < end:
            async with http.get(f"{url}/ping") as reply:
                await reply.read()
            counts[n] += 1

    await asyncio.gather(*(client(n) for n in range(ANNOTATORS)))
    return sum(counts) / seconds


async def answering(http: aiohttp.ClientSession, url: str, seconds: float) -> tuple[float, list[float]]:
    """Answers a second, one a request, and how long every request took."""
    counts = [0] * ANNOTATORS
    waits: list[float] = []

    async def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        started = time.perf_counter()
        async with http.post(f"{url}/api/v1/sessions{path}", json=body) as reply:
            document: dict[str, Any] = json.loads(await reply.read())
        waits.append(time.perf_counter() - started)
        return document

    async def annotator(n: int, session: str) -> None:
        async for task in leased(post, session, end):
            operation = {
                "op_id": str(uuid.uuid4()),
                "task_id": task["task_id"],
                "base": 0,
                "status": "submitted",
            }
            answered = {**operation, "decision": "accept", "set": {"label": "A"}}
            reply = await post(f"/{session}/answers", {"ops": [answered]})
            counts[n] += reply["acks"][0]["result"] == "stored"

    seats = [await post("", {"name": f"a{n}"}) for n in range(ANNOTATORS)]
    waits.clear()
    end = time.monotonic() + seconds
    await asyncio.gather(*(annotator(n, seat["session"]) for n, seat in enumerate(seats)))
    return sum(counts) / seconds, waits


async def leased(post: Any, session: str, end: float) -> AsyncIterator[dict[str, Any]]:
    """Tasks, ten at a time, until the time is over."""
    while time.monotonic() < end:
        for task in (await post(f"/{session}/lease", {"size": 10}))["tasks"]:
            if time.monotonic() < end:
                yield task


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A server with a dataset of 60,000 tasks; gives its address."""
    database = folder / "bench.db"
    fill(database, 60_000)
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "tallymark.server", "--database", str(database), "--port", "0"]
    process = subprocess.Popen([*command, "--ready-fd", str(writing)], pass_fds=(writing,))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        ready = json.loads(pipe.readline())
    try:
        yield ready["address"].replace("localhost", "127.0.0.1")
    finally:
        stop_server(database)
        process.wait(20)


def fill(database: Path, count: int) -> None:
    """A dataset whose run has read everything."""
    with open_channel(database) as channel:
        channel.call("datasets.ensure_dataset", name="bench")
        run = channel.call(
            "runs.start_run", dataset="bench", recipe="bench", command="bench", view_id="text", config={}
        )
        fence = {"run": run["run"], "generation": run["generation"]}
        for start in range(0, count, 1000):
            tasks = [task(n) for n in range(start, start + 1000)]
            channel.call("enqueue.enqueue", **fence, tasks=tasks)
        channel.call("runs.stream_state", **fence, state="ended")


def task(n: int) -> dict[str, Any]:
    """A task of 300 characters."""
    document = {"text": f"sentence number {n} " + "x" * 300}
    hashed = set_hashes(dict(document))
    identities = identities_of(hashed)
    return {
        "text": json.dumps(document),
        "identity": identities.task.hex(),
        "input_identity": identities.input.hex(),
        "input_hash": hashed["_input_hash"],
        "task_hash": hashed["_task_hash"],
    }


if __name__ == "__main__":
    sys.exit(main())
