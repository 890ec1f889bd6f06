"""Tell the world: a webhook or a command when a dataset is fed, done or stuck, or annotators disagree.

What was told is an `event` of the database, so a restart tells nothing twice; when a state ends (somebody
answers again, rows are added) the next time is told anew.
"""

import asyncio
import json
import logging
import os
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, InvalidURL
from typing import Any

from tallymark import jsontext, queue
from tallymark.queue.runs import note
from tallymark.queue.writer import Writer
from tallymark.server.project import PRIVATE_CONFIG
from tallymark.store import Statement, Store, Transaction

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
AGREEMENT_SECONDS = 60.0
AGREEMENT_TASKS = 10  # fewer tasks with several answers say nothing
TIMEOUT = 30.0
TRIES = 3
_REDIRECTS = (301, 302, 303, 307, 308)

_WATCHED = Statement(
    "Datasets with the settings of their newest run.",
    "SELECT d.id, d.name, r.config FROM dataset d JOIN run r ON r.id = d.run ORDER BY d.id",
)
_LAST_TOLD = Statement(
    "What was told last of a dataset.",
    "SELECT kind FROM event WHERE dataset = :dataset AND kind IN (:begun, :ended) ORDER BY id DESC LIMIT 1",
)


@dataclass(frozen=True, slots=True)
class News:
    """A state that has begun, and where to tell it."""

    dataset: int
    hook: str
    target: str
    body: dict[str, Any]


class Announcer:
    """Looks at every dataset with hooks now and then; `run` until cancelled."""

    def __init__(self, store: Store, writer: Writer) -> None:
        self._store = store
        self._writer = writer
        self._measured: dict[str, tuple[float, dict[str, Any]]] = {}
        self._looking: Future[None] | None = None
        self._commands = _Commands()
        self._ending = threading.Event()

    async def run(self) -> None:
        """Look every few seconds. A failure is logged, and the next look comes all the same."""
        while True:
            try:
                self._looking = _beside(self.look)
                await asyncio.shield(asyncio.wrap_future(self._looking))
            except Exception:
                logger.exception("hooks could not be looked at")
            await asyncio.sleep(LOOK_SECONDS)

    async def end(self, grace: float) -> None:
        """Let the news under way arrive for so many seconds; what does not is told by the next start."""
        self._ending.set()
        if self._looking is None:
            return
        looking = asyncio.wrap_future(self._looking)
        await asyncio.wait([looking], timeout=grace)
        if self._commands.end():
            await asyncio.wait([looking], timeout=grace)

    def look(self) -> None:
        """Tell what has begun since the last look, and note it; a crash in between tells it once more."""
        with self._store.reading() as tx:
            watched = [(row["id"], row["name"], _hooks(row["config"])) for row in tx.all(_WATCHED)]
            begun: list[News] = []
            over: list[tuple[int, str]] = []
            for dataset, name, hooks in watched:
                for hook, target, state, body in self._states(tx, name, hooks):
                    if state == _was_told(tx, dataset, hook):
                        continue
                    if state:
                        begun.append(News(dataset, hook, target, body))
                    else:
                        over.append((dataset, hook))
        for news in begun:
            if self._ending.is_set():
                return
            failure = self._told(news)
            if failure is not None and self._ending.is_set():
                return
            self._writer.call(partial(_note_begun, news=news, failure=failure))
        if over:
            self._writer.call(lambda tx: _note_over(tx, over))

    def _told(self, news: News) -> str | None:
        """Call the webhook or the command, several times if need be; why it failed for good, or None."""
        failure = None
        for attempt in range(TRIES):
            try:
                if news.target.startswith(("http://", "https://")):
                    _post(news.target, news.body)
                else:
                    self._commands.run(news.target, news.body)
            except (OSError, HTTPException, subprocess.SubprocessError, ValueError) as error:
                failure = f"hook {news.hook}: {_reason(error)}"
                logger.warning("%s (try %d of %d)", failure, attempt + 1, TRIES)
            else:
                return None
            if self._ending.is_set():
                break
        return failure

    def _states(
        self, tx: Transaction, name: str, hooks: Mapping[str, Any]
    ) -> list[tuple[str, str, bool, dict[str, Any]]]:
        """For each hook of a dataset: its target, whether its state holds, and what to tell."""
        if not hooks:
            return []
        found = queue.standing.standing(tx, dataset=name)
        quiet = found["quiet"] is not None and found["quiet"] > hooks["stuck_minutes"] * 60
        holds = {
            "fed": found["fed"],
            "done": found["complete"],
            "stuck": found["failed"] is not None or (quiet and found["open"] > 0 and not found["paused"]),
        }
        if "disagreement" in hooks["targets"]:
            found["agreement"] = measured = self._agreement(tx, name)
            told = measured["units"] >= AGREEMENT_TASKS and measured["alpha"] is not None
            holds["disagreement"] = told and measured["alpha"] < hooks["agreement_bound"]
        return [
            (hook, target, holds[hook], {"hook": hook, "dataset": name, **found})
            for hook, target in hooks["targets"].items()
        ]

    def _agreement(self, tx: Transaction, name: str) -> dict[str, Any]:
        """On the answers of a dataset, measured at most once a minute."""
        at, measured = self._measured.get(name, (float("-inf"), {}))
        if tx.now - at >= AGREEMENT_SECONDS:
            measured = queue.agreement.agreement(tx, dataset=name)["answer"]
            self._measured[name] = tx.now, measured
        return measured


def _reason(error: Exception) -> str:
    """What went wrong, without the target: addresses and commands of hooks hold secrets."""
    match error:
        case subprocess.CalledProcessError():
            return f"the command ended with {error.returncode}"
        case subprocess.TimeoutExpired():
            return f"the command took longer than {TIMEOUT:g} seconds"
        case InvalidURL() | UnicodeError():
            return "this is no address; write spaces and signs beyond ASCII as %…, and no password"
        case HTTPException():
            return f"no answer that is HTTP ({type(error).__name__})"
        case urllib.error.HTTPError() if error.code in _REDIRECTS:
            return f"answered {error.code}, a redirect, which is not followed; give the address it leads to"
        case urllib.error.HTTPError():
            return f"answered {error.code}"
        case _:
            return str(error)


def _hooks(config: str) -> dict[str, Any]:
    found: dict[str, Any] = jsontext.loads(config).get(PRIVATE_CONFIG, {}).get("hooks") or {}
    return found


def _was_told(tx: Transaction, dataset: int, hook: str) -> bool:
    named = {"dataset": dataset, "begun": f"hook_{hook}", "ended": f"hook_{hook}_over"}
    last: str | None = tx.value(_LAST_TOLD, named)
    return last == f"hook_{hook}"


def _note_begun(tx: Transaction, *, news: News, failure: str | None) -> None:
    note(tx, news.dataset, f"hook_{news.hook}")
    if failure is not None:
        note(tx, news.dataset, "hook_failed", failure)


def _note_over(tx: Transaction, over: list[tuple[int, str]]) -> None:
    for dataset, hook in over:
        note(tx, dataset, f"hook_{hook}_over")


def _post(url: str, body: Mapping[str, Any]) -> None:
    data = json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 (http or https, as the caller has checked)
        url, data=data, headers={"content-type": "application/json", "user-agent": "tallymark"}, method="POST"
    )
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=TIMEOUT):
            return
    except urllib.error.HTTPError as error:
        error.close()
        raise


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are refused: a POST that follows one becomes a GET, and the news is lost."""

    def redirect_request(self, *_: Any) -> None:
        """Nothing follows."""


class _Commands:
    """Runs commands, one at a time, and ends the one that runs."""

    def __init__(self) -> None:
        self._running: subprocess.Popen[bytes] | None = None

    def run(self, command: str, body: Mapping[str, Any]) -> None:
        """Whoever sets the hook starts the recipe as well: it is a command of their own shell."""
        with subprocess.Popen(  # noqa: S602
            command, shell=True, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        ) as running:
            self._running = running
            try:
                running.communicate(json.dumps(body).encode(), TIMEOUT)
            except subprocess.TimeoutExpired:
                self.end()
                raise
            finally:
                self._running = None
        if running.returncode:
            raise subprocess.CalledProcessError(running.returncode, command)

    def end(self) -> bool:
        """End the command that runs with all it has started; whether there was one."""
        running = self._running
        if running is None:
            return False
        with suppress(ProcessLookupError):  # it has ended by itself meanwhile
            os.killpg(running.pid, signal.SIGKILL)
        return True


def _beside(work: Callable[[], None]) -> Future[None]:
    """Do some work in a thread that does not keep the process from ending."""
    done: Future[None] = Future()

    def working() -> None:
        try:
            work()
        except BaseException as error:  # whoever waits is told
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=working, daemon=True).start()
    return done
