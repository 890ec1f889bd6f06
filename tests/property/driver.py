"""Drives a real store through the public functions of the queue, with a clock that tests move."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tallymark.jsontext import dumps, loads
from tallymark.queue import (
    answers,
    audit,
    datasets,
    enqueue,
    importing,
    lease,
    operate,
    people,
    progress,
    pushing,
    routing,
    runs,
    seats,
    servers,
    settle,
    sources,
    waiting,
    wanting,
)
from tallymark.queue import history as histories
from tallymark.store import Statement, Store, Transaction
from tallymark.store.reading import StoredDatasets
from tallymark.types import AckDict, Decision, ProgressDict, Task

Result = TypeVar("Result")
DATASET = "news"
_LIVED_ON = Statement("A server has beaten until now.", "UPDATE database SET beat_at = :now WHERE id = 1")


class Clock:
    """Seconds since 1970 as a test wants them."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Shapes:
    """Every answer has a good shape; two agree when their labels do."""

    def fingerprint_keys(self, _: str) -> tuple[str, ...]:
        return ("label", "spans")

    def fingerprint(
        self,
        _: str,
        decision: Decision,
        values: Mapping[str, Any],
        *,
        settings: object = None,  # noqa: ARG002
    ) -> bytes:
        return dumps([decision, dict(values)]).encode()[:16].ljust(16, b".")

    def problem(self, _view_id: str, _document: Task, *, settings: object = None) -> str | None:  # noqa: ARG002
        return None


class CrashError(RuntimeError):
    """The process died here."""


class Driver:
    """One dataset of one store. A call is one transaction."""

    def __init__(
        self,
        path: Path | str,
        *,
        overlap: int | None,
        ignore_counts: bool,
        lease_seconds: float | None,
        exclude_by: str = "task",
        share: float = 0.0,
        most: int | None = None,
    ) -> None:
        self.path = path
        self.clock = Clock()
        self.store = Store.open(path, clock=self.clock)
        made = self.run(
            lambda tx: datasets.ensure_dataset(
                tx,
                name=DATASET,
                overlap=overlap,
                ignore_counts=ignore_counts,
                lease_seconds=lease_seconds,
                exclude_by=exclude_by,
                share=share,
                most=most,
            )
        )
        self.dataset: int = made["id"]
        self.fence: dict[str, Any] = {}
        self.foreign = self._other_dataset()
        self.start_run()
        self.server = self.register_server()

    def _other_dataset(self) -> str:
        """A dataset beside ours, and the id of its only task."""
        record = {"text": "elsewhere", "answer": "accept"}
        self.run(lambda tx: datasets.ensure_dataset(tx, name="other"))
        self.run(lambda tx: importing.import_answers(tx, dataset="other", records=[record], shapes=Shapes()))
        return "1"

    # -- transactions ------------------------------------------------------------------------------

    def run(self, call: Callable[[Transaction], Result], *, stumble: bool = False) -> Result:
        """Run a call. `stumble`: it is done and rolled back first, in a savepoint of the same transaction."""
        with self.store.transaction() as tx:
            if stumble:
                self._stumble(tx, call)
            return call(tx)

    def _stumble(self, tx: Transaction, call: Callable[[Transaction], object]) -> None:
        try:
            with tx.savepoint():
                call(tx)
                raise CrashError
        except CrashError:
            return

    def crash(self, call: Callable[[Transaction], object]) -> None:
        """Run a call and die before the commit."""
        try:
            with self.store.transaction() as tx:
                call(tx)
                raise CrashError
        except CrashError:
            return

    def reopen(self) -> None:
        self.store.close()
        self.store = Store.open(self.path, clock=self.clock)

    def close(self) -> None:
        self.store.close()

    def register_server(self) -> dict[str, Any]:
        return self.run(
            lambda tx: servers.register_server(tx, address="here", secret="s", pid=1, version="1")
        )

    def register(self) -> float:
        """A server starts after all were down; how long they were."""
        self.server = self.register_server()
        return float(self.server["gap"])

    def live_on(self) -> None:
        """A server has beaten all the while until now."""
        self.run(lambda tx: tx.run(_LIVED_ON, {"now": tx.now}))

    def beat(self) -> None:
        self.run(lambda tx: servers.beat_server(tx, server=self.server["server"]))

    # -- calls -------------------------------------------------------------------------------------

    def start_run(self) -> None:
        started = self.run(
            lambda tx: runs.start_run(
                tx,
                dataset=DATASET,
                recipe="mark",
                command="mark news",
                view_id="text",
                config={},
                labels=["A", "B"],
                instructions=None,
                wants=["update", "replace", "remove"],
                host_pid=1,
                address=None,
                secret=None,
            )
        )
        self.fence = {"run": started["run"], "generation": started["generation"]}

    def stream(self, state: Any) -> None:
        self.run(lambda tx: runs.stream_state(tx, **self.fence, state=state, detail="row 1 is bad"))

    def claim(self, name: str, kind: str, client: str | None) -> str:
        claimed = self.run(
            lambda tx: seats.claim_seat(tx, dataset=DATASET, name=name, kind=kind, client_id=client)
        )
        return str(claimed["session"])

    def retire(self, name: str) -> None:
        self.run(lambda tx: seats.retire_seat(tx, dataset=DATASET, name=name))

    def lease(
        self, token: str, client: str | None, size: int, holding: Sequence[str]
    ) -> Callable[[Transaction], dict[str, Any]]:
        return lambda tx: lease.lease(tx, session=token, client_id=client, size=size, holding=holding)

    def lease_json(
        self, token: str, client: str | None, size: int, holding: Sequence[str]
    ) -> Callable[[Transaction], dict[str, Any]]:
        """The same call as the server makes it: documents travel as they are stored."""
        return lambda tx: dict(
            loads(lease.lease_json(tx, session=token, client_id=client, size=size, holding=holding))
        )

    def preview(self, token: str, op: Task) -> Task | None:
        with self.store.reading() as tx:
            return answers.preview(tx, session=token, op=op)  # type: ignore[arg-type]

    def progress(self, token: str) -> ProgressDict:
        with self.store.reading() as tx:
            return progress.progress(tx, session=token)

    def release(self, token: str, client: str | None, task_ids: Sequence[str] | None) -> int:
        given = self.run(lambda tx: lease.release(tx, session=token, client_id=client, task_ids=task_ids))
        return int(given["released"])

    def heartbeat(self, token: str, client: str | None, cursor: int | None) -> dict[str, Any]:
        return self.run(lambda tx: lease.heartbeat(tx, session=token, client_id=client, cursor=cursor))

    def save(
        self, token: str, client: str | None, ops: Sequence[Task], verdicts: Mapping[str, str]
    ) -> Callable[[Transaction], list[AckDict]]:
        return lambda tx: answers.save(
            tx,
            session=token,
            ops=list(ops),  # type: ignore[arg-type]
            shapes=Shapes(),
            client_id=client,
            validated=verdicts,
        )

    def history(self, token: str) -> list[dict[str, Any]]:
        found = self.run(lambda tx: histories.history(tx, session=token, limit=200))
        return list(found["answers"])

    def due(self, *, stopping: bool) -> list[dict[str, Any]]:
        return self.run(lambda tx: settle.due(tx, **self.fence, limit=1000, stopping=stopping))

    def delivered(self, op_ids: Sequence[str]) -> None:
        self.run(lambda tx: settle.delivered(tx, **self.fence, op_ids=op_ids))

    def open_source(self, uri: str, fingerprint: str, *, dedup: bool) -> int:
        opened = self.run(
            lambda tx: sources.open_source(
                tx, **self.fence, uri=uri, fingerprint=fingerprint, dedup=dedup, same_start=False
            )
        )
        return int(opened["source"])

    def enqueue(
        self, source: int, tasks: Sequence[Task], fates: Sequence[Sequence[Any]], read: int
    ) -> Callable[[Transaction], dict[str, Any]]:
        return lambda tx: enqueue.enqueue(
            tx, **self.fence, tasks=tasks, fates=fates, read={str(source): read}
        )

    def push(
        self, task: Task, name: str, session: str | None, *, repeat: bool
    ) -> Callable[[Transaction], dict[str, Any]]:
        return lambda tx: pushing.push(
            tx, **self.fence, tasks=[task], push=name, session=session, repeat=repeat
        )

    def import_answers(self, records: Sequence[Task]) -> Callable[[Transaction], dict[str, int]]:
        return lambda tx: importing.import_answers(
            tx, dataset=DATASET, records=records, shapes=Shapes(), view_id="text"
        )

    def unvalidated(self) -> list[dict[str, Any]]:
        return self.run(lambda tx: settle.unvalidated(tx, **self.fence, limit=1000))

    def validated(self, valid: Sequence[str], failed: Mapping[str, str]) -> None:
        self.run(lambda tx: settle.validated(tx, **self.fence, valid=valid, failed=failed))

    def export(self) -> list[Task]:
        return list(StoredDatasets(self.store).answers(DATASET))

    def set_tags(self, name: str, tags: Sequence[str]) -> None:
        self.run(lambda tx: seats.set_tags(tx, annotators={name: {"languages": list(tags)}}))

    def route(self, task: str, people: Sequence[str] | None, fallback: float | None, more: Task) -> None:
        told = {"id": int(task), "people": people, "fallback": fallback, **more}
        self.run(lambda tx: routing.route(tx, **self.fence, tasks=[told]))

    def want(self, least: int | None, share: float, most: int | None) -> None:
        """New tasks want so many answers; the others are told in parts."""
        call = wanting.want
        named = {"least": least, "share": share, "most": most}
        changed = self.run(lambda tx: call(tx, **self.fence, **named))["changed"]  # type: ignore[arg-type]
        after: int | None = 0
        while changed and after is not None:
            start = after
            part = self.run(lambda tx, start=start: wanting.want_part(tx, **self.fence, after=start, limit=3))  # type: ignore[misc]
            after = part["after"]

    def open_to_all(self, task: str) -> int:
        opened = self.run(lambda tx: waiting.open_to_all(tx, dataset=DATASET, task_ids=[task]))
        return int(opened["opened"])

    def waiting_tasks(self) -> tuple[list[str], list[str]]:
        """Tasks that wait for absent people, and those that nobody can fill."""
        with self.store.reading() as tx:
            awaited = waiting.awaiting(tx, dataset=DATASET, seconds=310.0)
            unfillable = waiting.unfillable(tx, dataset=DATASET)
        return [each["task_id"] for each in awaited], [each["task_id"] for each in unfillable]

    def operate(self, name: str, **arguments: Any) -> Any:
        return self.run(lambda tx: getattr(operate, name)(tx, dataset=DATASET, **arguments))

    def people(self, call: str, /, **arguments: Any) -> Any:
        return self.run(lambda tx: getattr(people, call)(tx, dataset=DATASET, **arguments))

    # -- checks ------------------------------------------------------------------------------------

    def invariants(self) -> list[str]:
        """The names of the invariants that do not hold."""
        with self.store.reading() as tx:
            found = audit.invariants(tx, dataset=DATASET)
        return [f"{each['name']}: {each['records']}" for each in found if each["broken"]]

    def balances(self) -> dict[str, Any]:
        with self.store.reading() as tx:
            return audit.balances(tx, dataset=DATASET)
