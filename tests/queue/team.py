"""A small team at work on one dataset of a real store, so that a test reads like what happened."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from typing import Any, Concatenate, ParamSpec, TypeVar

from tallymark import jsontext
from tallymark.hashing import identities_of
from tallymark.queue import (
    answers,
    audit,
    datasets,
    enqueue,
    history,
    lease,
    operate,
    runs,
    seats,
    settle,
    sources,
)
from tallymark.store import Row, Statement, Store, Transaction
from tallymark.types import AckDict, Decision, Task

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

START = 1_800_000_000.0
ALL_HOOKS = ("update", "replace", "remove")


class Clock:
    """Seconds since 1970 as a test wants them."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class LabelShapes:
    """Two answers agree when decision, label and spans do; no answer has a bad shape."""

    def fingerprint_keys(self, _: str) -> tuple[str, ...]:
        return ("label", "spans")

    def fingerprint(
        self,
        view_id: str,
        decision: Decision,
        values: Mapping[str, Any],
        *,
        settings: object = None,  # noqa: ARG002
    ) -> bytes:
        return blake2b(jsontext.dumps([view_id, decision, dict(values)]).encode(), digest_size=16).digest()

    def problem(self, _view_id: str, _document: Task, *, settings: object = None) -> str | None:  # noqa: ARG002
        return None


SHAPES = LabelShapes()


def new_task(document: Task, **more: Any) -> dict[str, Any]:
    """A task as a host sends it to `enqueue`; its text is its input, text and label its identity."""
    if "_input_hash" in document:  # as a feeder sends it
        made = identities_of(document)
        return {
            "text": jsontext.dumps(document),
            "identity": made.task.hex(),
            "input_identity": made.input.hex(),
            "input_hash": document["_input_hash"],
            "task_hash": document["_task_hash"],
            **more,
        }
    label, text = str(document.get("label", "")), str(document.get("text", ""))
    shown = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16)
    asked = blake2b(f"{text}\0{label}".encode("utf-8", "surrogatepass"), digest_size=16)
    return {
        "text": jsontext.dumps(document),
        "identity": asked.hexdigest(),
        "input_identity": shown.hexdigest(),
        "input_hash": int.from_bytes(shown.digest()[:3], "big"),
        "task_hash": int.from_bytes(asked.digest()[:3], "big"),
        **more,
    }


@dataclass
class Team:
    """One dataset with its host; every call is one transaction."""

    store: Store
    clock: Clock
    dataset: str = "news"
    fence: dict[str, Any] = field(default_factory=dict)
    _numbers: Iterable[int] = field(default_factory=lambda: count(1))

    # -- making -----------------------------------------------------------------------------------

    def begin(self, **settings: Any) -> "Team":
        """Make the dataset and start its first run."""
        self.do(datasets.ensure_dataset, name=self.dataset, **settings)
        self.run()
        return self

    def run(self, **more: Any) -> dict[str, Any]:
        """Start a recipe on the dataset."""
        named = {"recipe": "mark", "command": "tallymark mark", "view_id": "text", **more}
        started = self.do(runs.start_run, dataset=self.dataset, **named)
        self.fence = {"run": started["run"], "generation": started["generation"]}
        return started

    def other(self, dataset: str, **settings: Any) -> "Team":
        """A team on another dataset of the same store."""
        return Team(self.store, self.clock, dataset, _numbers=self._numbers).begin(**settings)

    def tasks(self, *documents: str | Task, ended: bool = True, **more: Any) -> list[str]:
        """Put tasks without rows into the queue, and the stream to its end; their ids."""
        whole = [{"text": one} if isinstance(one, str) else one for one in documents]
        before = {row["id"] for row in self.sql("SELECT id FROM task")}
        self.do(enqueue.enqueue, **self.fence, tasks=[new_task(one, **more) for one in whole])
        if ended:
            self.stream("ended")
        return [
            str(row["id"]) for row in self.sql("SELECT id FROM task ORDER BY id") if row["id"] not in before
        ]

    def source(self, uri: str = "/rows.jsonl", fingerprint: str = "1", **more: Any) -> int:
        """Open a source as a host that has compared what changed."""
        named = {"uri": uri, "fingerprint": fingerprint, "same_start": False, **more}
        return int(self.hosted(sources.open_source, **named)["source"])

    def rows(self, source: int, *documents: str | Task | None, first: int = 1, **more: Any) -> dict[str, Any]:
        """Feed one task for each row, from ordinal `first` on; None is a row that is still pending."""
        whole = [{"text": one} if isinstance(one, str) else one for one in documents]
        tasks = [
            new_task(one, source=source, ordinal=ordinal, **more)
            for ordinal, one in enumerate(whole, first)
            if one is not None
        ]
        read = {str(source): first + len(whole) - 1}
        return self.hosted(enqueue.enqueue, tasks=tasks, read=read)["fates"]  # type: ignore[no-any-return]

    def stream(self, state: Any, **more: Any) -> None:
        """Say what the stream is doing."""
        self.do(runs.stream_state, **self.fence, state=state, **more)

    def seat(self, name: str, kind: str = "person", client: str | None = None) -> "Person":
        """Claim the seat of a name."""
        claimed = self.do(seats.claim_seat, dataset=self.dataset, name=name, kind=kind, client_id=client)
        return Person(self, name, claimed["session"], client)

    def people(self, *names: str) -> "list[Person]":
        """Claim the seats of some people."""
        return [self.seat(name) for name in names]

    # -- calling ----------------------------------------------------------------------------------

    def do(
        self,
        function: Callable[Concatenate[Transaction, Arguments], Result],
        *args: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        """Call a function of the queue in a transaction of its own."""
        with self.store.transaction() as tx:
            return function(tx, *args, **named)

    def hosted(self, function: Callable[..., Result], **named: Any) -> Result:
        """Call a function of the queue as the host of the newest run."""
        return self.do(function, **self.fence, **named)

    def operator(self, function: Callable[..., Result], **named: Any) -> Result:
        """Call a function of the queue on the dataset."""
        return self.do(function, dataset=self.dataset, **named)

    def sql(self, text: str, **named: Any) -> list[Row]:
        """Look into the tables, or break them."""
        with self.store.transaction() as tx:
            return tx.all(Statement("Look or break.", text), named)

    def new_op(self) -> str:
        """A fresh op_id."""
        return f"op{next(iter(self._numbers))}"

    # -- looking ----------------------------------------------------------------------------------

    def task(self, task_id: str) -> Row:
        """The row of a task."""
        return self.sql("SELECT * FROM task WHERE id = :id", id=int(task_id))[0]

    def counters(self, task_id: str) -> tuple[int, int]:
        """`taken` and `counted` of a task."""
        row = self.task(task_id)
        return row["taken"], row["counted"]

    def state(self, task_id: str) -> str:
        """open, done or withdrawn."""
        return str(self.task(task_id)["state"])

    def broken(self) -> list[str]:
        """The names of the invariants that find something."""
        with self.store.reading() as tx:
            return [found["name"] for found in audit.invariants(tx) if found["broken"]]

    def books(self) -> dict[str, Any]:
        """The balances of the dataset."""
        with self.store.reading() as tx:
            return audit.balances(tx, dataset=self.dataset)

    def due(self, **more: Any) -> list[tuple[str, str]]:
        """What the model is to be told: (op_id, kind)."""
        return [(each["op_id"], each["kind"]) for each in self.hosted(settle.due, **more)]

    def withdraw(self, task_id: str) -> None:
        """An operator withdraws a task."""
        self.operator(operate.withdraw_task, task_id=task_id)


@dataclass
class Person:
    """A seat and, if named, the client it is used from."""

    team: Team
    name: str
    token: str
    client: str | None = None

    def tab(self, client: str) -> "Person":
        """The same seat from another client."""
        return Person(self.team, self.name, self.token, client)

    def reply(self, size: int = 1, holding: Sequence[str] = ()) -> dict[str, Any]:
        """The whole reply of a lease call."""
        return self.team.do(
            lease.lease, session=self.token, client_id=self.client, size=size, holding=list(holding)
        )

    def lease(self, size: int = 1) -> list[str]:
        """Lease, and the ids of all tasks held."""
        return [entry["task_id"] for entry in self.reply(size)["tasks"]]

    def idle(self) -> str:
        """The state in the reply to a lease call that is expected to bring nothing."""
        reply = self.reply()
        assert reply["tasks"] == []
        return str(reply["state"])

    def release(self, *task_ids: str) -> int:
        """Give back some leases, or all."""
        chosen = list(task_ids) or None
        given = self.team.do(lease.release, session=self.token, task_ids=chosen, client_id=self.client)
        return int(given["released"])

    def heartbeat(self, cursor: int | None = None) -> dict[str, Any]:
        """Keep the leases and learn what changed."""
        return self.team.do(lease.heartbeat, session=self.token, client_id=self.client, cursor=cursor)

    def op(self, task_id: str, status: str = "submitted", **more: Any) -> dict[str, Any]:
        """An operation based on what is current."""
        op = {
            "op_id": self.team.new_op(),
            "task_id": task_id,
            "status": status,
            "base": self.revision(task_id),
        }
        return {**op, "decision": "accept", **more}

    def save(self, *ops: dict[str, Any], validated: Mapping[str, str] | None = None) -> list[AckDict]:
        """Send operations as they are."""
        return self.team.do(
            answers.save,
            session=self.token,
            ops=ops,  # type: ignore[arg-type]
            shapes=SHAPES,
            client_id=self.client,
            validated=validated,
        )

    def send(self, op: dict[str, Any]) -> AckDict:
        """Send one operation as it is."""
        return self.save(op)[0]

    def submit(self, task_id: str, decision: str = "accept", **more: Any) -> str:
        """Answer a task; what the ack says."""
        return self.send(self.op(task_id, decision=decision, **more))["result"]

    def undo(self, task_id: str) -> str:
        """Retract the answer; what the ack says."""
        return self.send(self.op(task_id, "retracted"))["result"]

    def draft(self, task_id: str, **more: Any) -> str:
        """Keep half-done work; what the ack says."""
        return self.send(self.op(task_id, "draft", **more))["result"]

    def history(self, **more: Any) -> dict[str, Any]:
        """The seat's own answers."""
        return self.team.do(history.history, session=self.token, **more)

    @property
    def id(self) -> int:
        """The seat's number in the tables."""
        return int(self.row["id"])

    @property
    def row(self) -> Row:
        """The seat's row."""
        return self.team.sql("SELECT * FROM session WHERE token = :token", token=self.token)[0]

    def assignment(self, task_id: str) -> dict[str, Any]:
        """The assignment of a task, or nothing."""
        rows = self.team.sql(
            "SELECT * FROM assignment WHERE task = :task AND session = :session",
            task=int(task_id),
            session=self.id,
        )
        return {key: rows[0][key] for key in rows[0].keys()} if rows else {}  # noqa: SIM118

    def place(self, task_id: str) -> str:
        """The state of the assignment with its standing or slot, as `leased slot` or `answered surplus`."""
        row = self.assignment(task_id)
        if not row:
            return "open"
        return " ".join(filter(None, [row["state"], row["standing"], "slot" if row["slot"] else ""]))

    def revision(self, task_id: str) -> int:
        """The current revision of the answer to a task."""
        return int(self.assignment(task_id).get("revision", 0))
