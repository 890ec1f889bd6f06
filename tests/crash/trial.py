"""One run of annotators against kills: of the host, of servers, of their helpers, of the database itself."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from tests.crash import books
from tests.crash.annotators import Person, Team, people_at
from tests.crash.clocks import WallClock
from tests.crash.disks import Disk
from tests.crash.processes import HostProcess, Machine, children, free_port, is_gone, killed, until
from tests.postgresql import PostgreSQL

from tallymark.databases import address_of
from tallymark.errors import StoreUnavailable
from tallymark.store import Store

LEASE_SECONDS = 3.0
LOOK_SECONDS = 0.005
END_SECONDS = 300.0


@dataclass
class Trial:
    """One run. `given` is what the host is started with, `seed` decides who is killed when."""

    machine: Machine
    given: dict[str, Any]
    annotators: int
    kills: int
    seed: int
    overlap: int = 1
    postgresql: PostgreSQL | None = None
    clock: WallClock | None = None
    disk: Disk | None = None
    killed: Counter[str] = field(default_factory=Counter)
    audits: int = 0
    programs: list[HostProcess] = field(default_factory=list)
    full: set[str] = field(default_factory=set)
    """What was said while the disk was full."""

    async def run(self) -> list[Person]:
        """Let everybody work until all kills are done and all tasks, too; gives the people."""
        began = time.monotonic()
        self._begin()
        database = address_of(self.machine.database)
        with contextlib.closing(Store.open(database, read_only=True)) as self.store:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
                self.team = Team(http, lease_seconds=LEASE_SECONDS)
                people = self.people = people_at(self.team, self.urls, self.annotators, seed=self.seed)
                tabs = [tab for person in people for tab in person.tabs]
                self._over = False
                await asyncio.gather(self._kill(), *(tab.work(lambda: self._over) for tab in tabs))
                await asyncio.gather(*(tab.check() for tab in tabs))
        self._tell(people, time.monotonic() - began)
        assert self.team.failures == []
        refused = {said: why for said, why in self.team.refusals.items() if not said.startswith("503")}
        assert refused == {}, "\n".join([str(refused), *self._said()])
        return people

    def check(self, people: list[Person]) -> None:
        """Nothing is lost, invented or counted twice, the books balance, and the recipe was told of all."""
        audit = books.check_audit(self.url)
        store = Store.open(address_of(self.machine.database), read_only=True)
        with contextlib.closing(store), store.reading() as tx:
            books.check_answers(tx, people, overlap=self.overlap)
            assert audit["balances"]["apart"]["conflicts"] == books.conflicts(people)
            asked = books.texts(tx)
        assert len(set(asked)) == len(asked)
        assert self.host.interrupt() == 0
        told = Path(self.given["update"]).read_text().splitlines()
        assert set(told) == set(asked)
        repeated = sum(self.killed.values()) * 100  # a killed host had no time to note what it told
        assert len(told) <= len(asked) * self.overlap + self.annotators * 10 + repeated

    def _begin(self) -> None:
        self._ghosts = 0
        self._off = 0.0
        self.host = self._start_host()
        self.url = self.machine.server().address.url
        self.urls = [self.url]
        if self.postgresql is not None:
            self._port = free_port()
            self.worker = self._start_worker()
            self.urls.append(f"http://127.0.0.1:{self._port}")

    def _start_host(self) -> HostProcess:
        host = self.machine.start(**self.given)
        self.programs.append(host)
        host.heard("Annotate at")
        return host

    def _said(self) -> list[str]:
        """What programs of this run printed, where they keep no log."""
        return [line for program in self.programs for line in program.lines]

    def _start_worker(self) -> HostProcess:
        worker = self.machine.start_worker(self._port)
        self.programs.append(worker)
        assert f":{self._port}/" in worker.heard("Annotate at")
        return worker

    @property
    def _victims(self) -> dict[str, Callable[[], None]]:
        """Who may be killed, and how."""
        victims = {"server": self._kill_server, "host": self._kill_host, "both": self._kill_both}
        if self.postgresql is not None:
            more = {"member": self._kill_member, "worker": self._kill_worker, "database": self._kill_database}
            victims |= more
        if self.clock is not None:
            victims |= {"clock": self._set_clock, "clock again": self._set_clock}
        if self.disk is not None:
            victims |= {"disk": self._fill_disk, "disk and server": self._fill_disk_and_kill}
        return victims

    async def _kill(self) -> None:
        """Kill one after the other while people are at work; the audit is asked after each."""
        chance = random.Random(self.seed)  # noqa: S311
        names = (list(self._victims) * self.kills)[: self.kills]
        chance.shuffle(names)
        for name in names:
            await self._acknowledged(chance.randint(1, 30))
            await asyncio.to_thread(self._kill_one, name)
        await self._acknowledged(30)
        await asyncio.to_thread(self._say_enough)
        async with asyncio.timeout(END_SECONDS):
            while not self._is_done():
                await asyncio.sleep(10 * LOOK_SECONDS)
        self._over = True

    async def _acknowledged(self, more: int) -> None:
        """Wait for some more acknowledgements: no time of day decides when somebody is killed."""
        wanted = self.team.acknowledged + more
        async with asyncio.timeout(END_SECONDS):
            while self.team.acknowledged < wanted:
                await asyncio.sleep(LOOK_SECONDS)

    def _kill_one(self, name: str) -> None:
        self._victims[name]()
        self.killed[name] += 1
        assert self.machine.server().address.url == self.url
        books.check_audit(self.url)
        self.audits += 1

    def _kill_server(self) -> None:
        before = self.machine.server().pid
        self.machine.kill_server()
        until(lambda: self.machine.server().pid != before, "another server")

    def _kill_host(self) -> None:
        self.host.kill()
        self.host = self._start_host()

    def _kill_both(self) -> None:
        self.host.kill()
        self.machine.kill_server()
        self.host = self._start_host()

    def _kill_member(self) -> None:
        [member, *_] = until(self.machine.crew, "the further processes")
        killed(member)

    def _kill_worker(self) -> None:
        [server] = until(lambda: children(self.worker.process.pid), "the worker's server")
        killed(server)
        self.worker.ended()
        until(lambda: is_gone(server), "its end")
        self.worker = self._start_worker()

    def _kill_database(self) -> None:
        assert self.postgresql is not None
        self.postgresql.restart()

    def _set_clock(self) -> None:
        """Somebody leases and goes away for good; then the clock jumps by hours."""
        assert self.clock is not None
        self._ghosts += 1
        seat = self._posted("sessions", {"name": f"ghost{self._ghosts}"})
        self._posted(f"sessions/{seat['session']}/lease", {"size": 5})
        self._off += (5 if self._ghosts % 2 else -8) * 3600
        self.clock.set_off(self._off)

    def _fill_disk(self) -> None:
        """The disk fills up, what was acknowledged is there, and there is room again."""
        assert self.disk is not None
        self._until_full()
        self._check_acknowledged()
        books.check_audit(self.url)
        self.disk.make_room()

    def _fill_disk_and_kill(self) -> None:
        """The server is killed while the disk is full; another one serves once there is room."""
        assert self.disk is not None
        before = self.machine.server().pid
        self._until_full()
        self.machine.kill_server()
        until(lambda: is_gone(before), "the end of the server")
        self._check_acknowledged()
        self.disk.make_room()
        until(lambda: self.machine.server().pid != before, "another server")

    def _until_full(self) -> None:
        assert self.disk is not None
        self.team.refusals.pop("503 store_unavailable", None)
        self.disk.fill()
        refused = until(lambda: self.team.refusals.get("503 store_unavailable"), "a refusal")
        assert "nothing is lost" in refused
        self.full.add(refused)

    def _check_acknowledged(self) -> None:
        kept = {op_id for person in self.people for tab in person.tabs for op_id in list(tab.kept)}
        with self.store.reading() as tx:
            assert kept <= books.operations(tx)

    def _posted(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        reply = httpx.post(f"{self.url}/api/v1/{path}", json=body, timeout=60)
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def _say_enough(self) -> None:
        """Have the generator end soon after what is queued."""
        path = self.given.get("enough")
        if path is not None:
            with self.store.reading() as tx:
                queued, _, _ = books.tasks(tx)
            written = Path(f"{path}.new")
            written.write_text(str(queued + 20))
            written.rename(path)

    def _is_done(self) -> bool:
        try:
            with self.store.reading() as tx:
                queued, done, stream = books.tasks(tx)
        except StoreUnavailable:
            return False
        return stream == "ended" and queued == done

    def _tell(self, people: list[Person], seconds: float) -> None:
        tabs = [tab for person in people for tab in person.tabs]
        said = sum(len(tab.sent) for tab in tabs)
        print(  # noqa: T201 (what a long run has shown)
            f"\nseed {self.seed}: {sum(self.killed.values())} kills {dict(self.killed)} in {seconds:.0f} s; "
            f"{len(people)} people with {len(tabs)} tabs sent {said} operations, "
            f"{self.team.acknowledged} acknowledged, {books.conflicts(people)} of them as conflicts; "
            f"{self.audits} audits; failures: {self.team.failures}; refused: {sorted(self.team.refusals)}"
        )
