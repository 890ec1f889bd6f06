"""The power is cut while a server takes answers: whatever it acknowledged is there when the power is back.

A real server runs with its files recorded. Then, for many moments of the recording, the files are made anew
as a disk may hold them that lost its power there, and opened.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import pytest
from tests.asynchronous import finish
from tests.crash.disk import Disk
from tests.crash.processes import free_port, until
from tests.crash.recording import Event, Recording
from tests.crash.recording_vfs import SUFFIXES, NoSymbols, library
from tests.crash.verdict import DATASET, Witnessed, judge
from tests.crash.witnesses import PORTION, Witness, WitnessedTeam, feed

from tallymark.channel.find import living_server, stop_server
from tallymark.channel.locks import held, server_lock
from tallymark.config import resolve
from tallymark.host.launch import Launch, ServerOptions
from tallymark.server.channel import open_channel
from tallymark.types import Channel

PEOPLE = 6
RUN: dict[str, Any] = {"recipe": "mark", "command": "mark news x.jsonl", "view_id": "text"}


@dataclass(frozen=True)
class RecordedOptions(ServerOptions):
    """The options of a server that records its files."""

    recorded: str = ""

    @property
    def command(self) -> list[str]:
        """The usual command, of another module."""
        python, _, _, *arguments = super().command
        return [python, "-m", "tests.crash.recording_server", self.recorded, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """The usual environment, in which that module is found."""
        known = super().environment
        return {**known, "PYTHONPATH": f"{Path(__file__).parents[2]}:{known.get('PYTHONPATH', '')}"}


class Session:
    """Annotators at work on a fresh database, while all that happens to its files is recorded."""

    def __init__(self, folder: Path, *, seed: int, synchronous: str = "", checkpoint_pages: int = 60) -> None:
        self.disk = folder / "disk"
        self.database = self.disk / "some" / "home" / "tally.db"
        self._recording = Recording(folder / "recording")
        self._make_folders()
        given: dict[str, Any] = {"recording": str(self._recording.path), "database": str(self.database)}
        given |= {"synchronous": synchronous, "checkpoint_pages": checkpoint_pages}
        keywords = {"database": str(self.database), "home": str(folder), "port": free_port(), "open": False}
        usual = ServerOptions.of(resolve(environ={}, keywords=keywords))
        options = RecordedOptions(usual.database, folder, usual.arguments, recorded=json.dumps(given))
        self._launch = Launch(options)
        self._seed = seed
        self._fence: dict[str, Any] = {}

    def work(self, tasks: int, *, ends: Sequence[str]) -> None:
        """Start a server, let everybody judge so many tasks, end it: by "kill", or in good order."""
        for turn, end in enumerate(ends):
            address = self._launch.address()
            with open_channel(self.database) as channel:
                finish(self._turn(turn, address.url, tasks, channel))
            self._end(end)
            assert self._replayed().now() == self._files()  # or something was not recorded

    def cut(self, count: int, folder: Path) -> list[str]:
        """Cut the power at so many moments; gives what is wrong with what is then found."""
        chance = random.Random(self._seed)  # noqa: S311
        events = self._recording.events()
        moments = Counter(_moments(events, count, chance))
        disk, witnessed, wrong = Disk(str(self.disk)), Witnessed(), list[str]()
        for moment, event in enumerate(events, start=1):
            disk.happen(event)
            witnessed.happen(event)
            for _ in range(moments[moment]):
                wrong += [f"after event {moment}: {line}" for line in _found(disk, witnessed, chance, folder)]
        return wrong

    def close(self) -> None:
        """End the server, if it still runs."""
        stop_server(self.database)
        self._launch.cancel()
        self._recording.close()

    def _make_folders(self) -> None:
        """The folders, as a host makes them before it starts the server."""
        self.disk.mkdir()
        for folder in (self.database.parent.parent, self.database.parent):
            folder.mkdir()
            self._recording.note("folder", path=str(folder))

    async def _turn(self, turn: int, url: str, tasks: int, channel: Channel) -> None:
        if not self._fence:
            channel.call("datasets.ensure_dataset", name=DATASET)
            run = channel.call("runs.start_run", dataset=DATASET, **RUN)
            self._fence = {key: run[key] for key in ("run", "generation")}
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
            team = WitnessedTeam(http, recording=self._recording)
            people = [Witness(team, url, f"a{n}-{turn}", seed=self._seed) for n in range(PEOPLE)]
            texts = [f"text {turn}-{n}" for n in range((tasks + PORTION) * PEOPLE)]
            feeding = asyncio.to_thread(feed, channel, self._recording, self._fence, texts)
            async with asyncio.timeout(600):
                await asyncio.gather(feeding, *(person.work(tasks) for person in people))
        assert team.failures == []

    def _end(self, end: str) -> None:
        if end == "kill":
            server = living_server(self.database)
            assert server is not None
            os.kill(server.pid, signal.SIGKILL)
            until(lambda: not held(server_lock(self.database)), "the end of the server")
        else:
            stop_server(self.database)
        self._launch.cancel()

    def _replayed(self) -> Disk:
        disk = Disk(str(self.disk))
        for event in self._recording.events():
            disk.happen(event)
        return disk

    def _files(self) -> dict[str, bytes]:
        paths = [self.database.with_name(self.database.name + suffix) for suffix in SUFFIXES]
        return {str(path.relative_to(self.disk)): path.read_bytes() for path in paths if path.exists()}


def _moments(events: list[Event], count: int, chance: random.Random) -> list[int]:
    """Moments to cut the power at: two of three right around an acknowledgement, the others anywhere."""
    heard = [number for number, event in enumerate(events, start=1) if event.kind == "acked"]
    around = [chance.choice(heard) + chance.choice([-2, -1, 0, 0, 0, 1, 2]) for _ in range(count * 2 // 3)]
    anywhere = [chance.randint(0, len(events)) for _ in range(count - len(around))]
    return [min(max(moment, 0), len(events)) for moment in [*around, *anywhere]]


def _found(disk: Disk, witnessed: Witnessed, chance: random.Random, folder: Path) -> list[str]:
    """Make the files anew in a folder as the power cut leaves them, and judge them."""
    left = disk.after_cut(chance)
    with TemporaryDirectory(dir=folder) as made:
        database = Path(made) / "tally.db"
        for path, content in left.items():
            (Path(made) / Path(path).name).write_bytes(content)
        return judge(database, witnessed)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """Begin sessions that end with the test."""
    try:
        library()
    except NoSymbols as error:
        pytest.skip(str(error))

    def begun(**given: Any) -> Session:
        session = Session(tmp_path, **given)
        stack.callback(session.close)
        return session

    with contextlib.ExitStack() as stack:
        yield begun


def test_what_was_acknowledged_outlasts_a_power_cut(begin: Callable[..., Session], memory: Path) -> None:
    session = begin(seed=1)
    session.work(5, ends=["kill", "stop"])
    assert session.cut(300, memory) == []


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_it_would_be_told_if_commits_did_not_wait_for_the_disk(
    begin: Callable[..., Session], memory: Path, synchronous: str
) -> None:
    session = begin(seed=1, synchronous=synchronous)
    session.work(2, ends=["kill"])
    wrong = session.cut(40, memory)
    assert any("lost: {'op_id'" in line for line in wrong), wrong


@pytest.mark.soak
def test_what_was_acknowledged_outlasts_many_power_cuts(begin: Callable[..., Session], memory: Path) -> None:
    seed = time.time_ns()
    print(f"seed {seed}")  # noqa: T201 (to repeat a failure)
    session = begin(seed=seed, checkpoint_pages=200)
    session.work(20, ends=["kill", "stop", "kill"])
    assert session.cut(2_000, memory) == []
