"""Seats: who answers in a dataset. A seat is durable; browsers and tabs are its clients."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tallymark import jsontext
from tallymark.errors import Erased, InputError, NotKnown
from tallymark.queue.datasets import find_dataset
from tallymark.queue.eligibility import Tags, eligible, join_audiences
from tallymark.queue.exclusion import bar_seats
from tallymark.queue.locks import changes_seats
from tallymark.queue.tasks import Tasks, hold_fewer
from tallymark.store import Row, Statement, Transaction, json_ids

CLIENT_SECONDS = 60.0
NO_CLIENT = ""  # callers that name no client are one client together
NAME_LIMIT = 200
ERASED = "erased "

_WITH_RUN = """
    SELECT s.*, d.name AS dataset_name, d.exclude_by, d.overlap, d.ignore_counts, d.lease_seconds, d.paused,
           d.queued, d.done, d.withdrawn, d.freed, d.run, d.label_version, r.view_id, r.wants, r.stream,
           r.stream_detail, r.stream_row, r.rows_read, r.rows_known, r.beat_at AS host_beat, r.ended_at,
           r.error, r.routed, r.excluded, r.exclude_own, r.progress AS run_progress,
           EXISTS (SELECT 1 FROM audience u WHERE u.dataset = s.dataset) AS narrowed,
           EXISTS (SELECT 1 FROM session o WHERE o.dataset = s.dataset AND o.id <> s.id AND o.answered > 0)
               AS shared
      FROM session s JOIN dataset d ON d.id = s.dataset LEFT JOIN run r ON r.id = d.run
"""
SEAT = Statement(
    "A seat with its dataset and the dataset's newest run, by token; whether some tasks are for some only,"
    " and whether others have answered any.",
    f"{_WITH_RUN} WHERE s.token = :token",
)
SEATS = Statement("The same of several seats.", f"{_WITH_RUN} WHERE s.token IN {{texts:tokens}}")
LOCK_SEAT = Statement(
    "Lock a seat; what is read afterwards is as new as the lock.",
    "SELECT id FROM session s WHERE s.token = :token {lock:s}",
)
_LOCK_SEVERAL = Statement(
    "Lock seats in the order of their ids.",
    "SELECT id FROM session s WHERE s.id IN {ids} ORDER BY s.id {lock:s}",
)
_BY_NAME = Statement(
    "A seat by its dataset and name.",
    "SELECT s.* FROM session s JOIN annotator a ON a.id = s.annotator"
    " WHERE s.dataset = :dataset AND a.name = :name AND a.kind = :kind",
)
_ANNOTATOR = Statement(
    "Make an annotator unless there is one.",
    "INSERT INTO annotator (name, kind) VALUES (:name, :kind) ON CONFLICT (kind, name) DO NOTHING",
)
_NEW = Statement(
    "Give an annotator a seat.",
    "INSERT INTO session (token, dataset, annotator, name, kind, joined_at, last_call, retired_at)"
    " SELECT :token, :dataset, id, name, kind, :joined_at, :now, :retired_at FROM annotator"
    " WHERE name = :name AND kind = :kind RETURNING id",
)
_RETURN = Statement(
    "A retired seat is taken again: it looks at everything anew.",
    "UPDATE session SET retired_at = NULL, cursor_rank = NULL, cursor_task = NULL, none_at = NULL,"
    " none_more_at = NULL, last_call = :now WHERE id = :session",
)
_BY_NAME_ANY = Statement(
    "A seat by its dataset and name, a person's first.",
    "SELECT s.* FROM session s JOIN annotator a ON a.id = s.annotator"
    " WHERE s.dataset = :dataset AND a.name = :name ORDER BY a.kind <> 'person', a.kind LIMIT 1",
)
_OPEN_SEATS = Statement(
    "The people who have a seat that is not retired.",
    "SELECT name FROM session WHERE dataset = :dataset AND kind = 'person' AND retired_at IS NULL"
    " ORDER BY name",
)
_RETIRE = Statement("Retire a seat.", "UPDATE session SET retired_at = :now WHERE id = :session")
_CLIENT = Statement(
    "A client of a seat called.",
    "INSERT INTO client (session, id, last_call) VALUES (:session, :client, :now)"
    " ON CONFLICT (session, id) DO UPDATE SET last_call = excluded.last_call",
    types={"session": "bigint", "client": "text", "now": "float8"},
)
_OTHER_CLIENT = Statement(
    "Is another client of the seat alive?",
    "SELECT 1 FROM client WHERE session = :session AND id <> :client AND last_call > :since LIMIT 1",
)
_WRITE = Statement(
    "Bring a seat up to date.",
    "UPDATE session SET last_call = :last_call, cursor_rank = :cursor_rank, cursor_task = :cursor_task,"
    " answered = :answered, ineligible = :ineligible, held = :held, position = :position, idle = :idle,"
    " none_at = :none_at, none_more_at = :none_more_at WHERE id = :id",
    types={
        **dict.fromkeys(("id", "cursor_task", "answered", "ineligible", "held", "position"), "bigint"),
        **dict.fromkeys(("idle", "none_at", "none_more_at"), "bigint"),
        **dict.fromkeys(("last_call", "cursor_rank"), "float8"),
    },
)
_EVERYONE = Statement(
    "Tasks that want everyone and were done before this seat joined.",
    f"""
    SELECT t.id FROM task t WHERE t.dataset = :dataset AND t.state = 'done' AND t.overlap IS NULL
       AND {eligible(":session")} ORDER BY t.id
    """,  # noqa: S608
)
_OPEN_FOR_EVERYONE = Statement(
    "Open tasks that want everyone, that somebody answered and this seat did not.",
    f"""
    SELECT t.id FROM task t WHERE t.dataset = :dataset AND t.state = 'open' AND t.overlap IS NULL
       AND EXISTS (SELECT 1 FROM assignment a WHERE a.task = t.id AND a.state = 'answered')
       AND {eligible(":session")} ORDER BY t.id
    """,  # noqa: S608
)
_TAGS = Statement("The tags of an annotator.", "SELECT tags FROM annotator WHERE id = :annotator")
_TAGGED = Statement(
    "Give an annotator other tags.",
    "UPDATE annotator SET tags = :tags WHERE name = :name AND kind = 'person'",
)
_SEATS_OF = Statement(
    "The seats of an annotator.",
    "SELECT s.id FROM session s JOIN annotator a ON a.id = s.annotator"
    " WHERE a.name = :name AND a.kind = 'person' ORDER BY s.id",
)
_WHOSE = Statement(
    "A seat with its annotator's tags.",
    "SELECT s.id, s.dataset, s.name, a.tags FROM session s JOIN annotator a ON a.id = s.annotator"
    " WHERE s.id = :session",
)
_LOOK_ANEW = Statement(
    "A seat looks at everything anew.",
    "UPDATE session SET cursor_rank = NULL, cursor_task = NULL, none_at = NULL, none_more_at = NULL"
    " WHERE id = :session",
)
_OF_AUDIENCES = Statement(
    "Tasks of some audiences that want everyone.",
    "SELECT t.id FROM task t WHERE t.dataset = :dataset AND t.overlap IS NULL AND t.audience IN {ids}"
    " AND t.state <> 'withdrawn' ORDER BY t.id",
)
_RUN = Statement(
    "The newest run of a dataset.",
    "SELECT r.*, d.exclude_by FROM dataset d JOIN run r ON r.id = d.run WHERE d.id = :dataset",
)
_LEASES = Statement(
    "The tasks a seat holds.",
    "SELECT task FROM assignment WHERE session = :session AND state = 'leased' ORDER BY task",
)


@dataclass(slots=True)
class Seat:
    """A seat locked for one call; what changes is written back once, by `write`."""

    row: Row
    id: int
    dataset: int
    token: str
    kind: str
    last_call: float
    cursor_rank: float | None
    cursor_task: int | None
    answered: int
    ineligible: int
    held: int
    position: int
    idle: int
    none_at: int | None
    none_more_at: int | None

    @property
    def retired(self) -> bool:
        """Whether an operator retired the seat."""
        return self.row["retired_at"] is not None

    @property
    def lease_until(self) -> float | None:
        """When the seat's leases become overdue, if it stays silent; None = never."""
        seconds = self.row["lease_seconds"]
        return None if seconds is None else self.last_call + seconds

    def write(self, tx: Transaction) -> None:
        """Store what the call changed."""
        tx.run(
            _WRITE,
            {
                "id": self.id,
                "last_call": self.last_call,
                "cursor_rank": self.cursor_rank,
                "cursor_task": self.cursor_task,
                "answered": self.answered,
                "ineligible": self.ineligible,
                "held": self.held,
                "position": self.position,
                "idle": self.idle,
                "none_at": self.none_at,
                "none_more_at": self.none_more_at,
            },
        )


def look_anew(tx: Transaction, session: int) -> None:
    """Let a seat that its caller has not locked look for tasks from the start, as it may have others now."""
    tx.run(_LOOK_ANEW, {"session": session})


def lock_seat(tx: Transaction, token: str) -> Seat:
    """The seat of a token, locked. Errors: `NotKnown`; `Erased` for the token that an erased person had."""
    tx.lock(LOCK_SEAT, {"token": token})
    row = None if token.startswith(ERASED) else tx.one(SEAT, {"token": token})
    if row is None:
        check_not_erased(tx, token)
        raise NotKnown("This session is not known here. Claim the seat again by its name.")
    return Seat(
        row=row,
        id=row["id"],
        dataset=row["dataset"],
        token=token,
        kind=row["kind"],
        last_call=row["last_call"],
        cursor_rank=row["cursor_rank"],
        cursor_task=row["cursor_task"],
        answered=row["answered"],
        ineligible=row["ineligible"],
        held=row["held"],
        position=row["position"],
        idle=row["idle"],
        none_at=row["none_at"],
        none_more_at=row["none_more_at"],
    )


def lock_seats(tx: Transaction, seats: Iterable[int]) -> None:
    """Lock seats before any task of theirs is locked, as their own calls do."""
    tx.lock(_LOCK_SEVERAL, {"ids": json_ids(sorted(set(seats)))})


def erased_token(token: str) -> str:
    """What stands for the token of an erased seat: pages that have the token are told, and do not get in."""
    return ERASED + hashlib.sha256(token.encode(errors="replace")).hexdigest()


def check_not_erased(tx: Transaction, token: str) -> None:
    """Nothing, unless the token is one that an erased person had. Errors: `Erased`."""
    if tx.one(SEAT, {"token": erased_token(token)}) is not None:
        raise Erased("Whoever runs this project has erased this name. Nothing more is saved under it.")


def called(tx: Transaction, token: str, client: str) -> Seat:
    """The seat of a token, locked, after noting that it and its client called. Errors: `NotKnown`."""
    seat = lock_seat(tx, token)
    seat.last_call = max(seat.last_call, tx.now)
    tx.run(_CLIENT, {"session": seat.id, "client": client, "now": tx.now})
    return seat


def also_open(tx: Transaction, seat: int, client: str | None) -> bool:
    """Whether another client of this seat called within a minute."""
    since = tx.now - CLIENT_SECONDS
    return (
        tx.value(_OTHER_CLIENT, {"session": seat, "client": client or NO_CLIENT, "since": since}) is not None
    )


def claim_seat(
    tx: Transaction, *, dataset: str, name: str | None, kind: str = "person", client_id: str | None = None
) -> dict[str, Any]:
    """Claim or create the seat of a name. `name` None is the seat of imported answers without a session.

    Without accounts the same name is the same seat. Errors: `NotKnown` for the dataset, `InputError` for a
    name that is empty or too long.
    """
    if name is not None and not is_name(name):
        raise InputError(f"A session's name has 1 to {NAME_LIMIT} characters, not {name[:40]!r}.")
    found = find_dataset(tx, dataset)
    row = seat_row(tx, found["id"], name or "", kind)
    if row is None:
        row = new_seat(tx, found["id"], name or "", kind)
        _reopen(tx, found, row["id"])
    elif row["retired_at"] is not None:
        changes_seats(tx, found["id"])
        tx.run(_RETURN, {"session": row["id"], "now": tx.now})
        _reopen(tx, found, row["id"])
    other = also_open(tx, row["id"], client_id)
    if client_id is not None:
        tx.run(_CLIENT, {"session": row["id"], "client": client_id, "now": tx.now})
    return {"session": row["token"], "name": name, "dataset": dataset, "also_open": other}


def reserve_seats(tx: Transaction, *, dataset: str, names: Sequence[str]) -> dict[str, Any]:
    """Make the seats of people who may come, where there are none. Returns `{"made": names}`.

    Errors: `NotKnown` for the dataset, `InputError` for a name.
    """
    found = find_dataset(tx, dataset)
    made = [name for name in names if seat_row(tx, found["id"], name) is None]
    for name in made:
        claim_seat(tx, dataset=dataset, name=name)
    return {"made": made}


def allow_seats(tx: Transaction, *, dataset: str, names: Sequence[str]) -> dict[str, Any]:
    """Make the seats of the only people who may come, and retire those of others, who are told why.

    Returns `{"made": names, "retired": names}`. Errors: `NotKnown` for the dataset, `InputError` for a name.
    """
    made = reserve_seats(tx, dataset=dataset, names=names)["made"]
    there = tx.all(_OPEN_SEATS, {"dataset": find_dataset(tx, dataset)["id"]})
    retired = [row["name"] for row in there if row["name"] not in names]
    for name in retired:
        retire_seat(tx, dataset=dataset, name=name)
    return {"made": made, "retired": retired}


def is_name(name: str) -> bool:
    """Whether a session can have this name."""
    whole = not any(0xD800 <= ord(character) <= 0xDFFF for character in name)
    return whole and bool(name.strip()) and len(name) <= NAME_LIMIT


def seat_row(tx: Transaction, dataset: int, name: str, kind: str = "person") -> Row | None:
    """The row of a seat, or None."""
    return tx.one(_BY_NAME, {"dataset": dataset, "name": name, "kind": kind})


def named_seat(tx: Transaction, dataset: int, dataset_name: str, name: str) -> Row:
    """The seat of a name, of any kind, a person's first. Errors: `NotKnown`."""
    row = tx.one(_BY_NAME_ANY, {"dataset": dataset, "name": name})
    if row is None:
        raise NotKnown(f"Dataset {dataset_name!r} has no session {name!r}.")
    return row


def new_seat(
    tx: Transaction,
    dataset: int,
    name: str,
    kind: str,
    *,
    retired: bool = False,
    joined_at: float | None = None,
) -> Row:
    """Make a seat. Imports make retired ones: nobody sits there until somebody claims the name."""
    changes_seats(tx, dataset)
    row = seat_row(tx, dataset, name, kind)
    if row is not None:
        return row  # somebody else has made it just now
    tx.run(_ANNOTATOR, {"name": name, "kind": kind})
    tx.insert(
        _NEW,
        {
            "token": secrets.token_urlsafe(18),
            "dataset": dataset,
            "name": name,
            "kind": kind,
            "now": tx.now,
            "joined_at": tx.now if joined_at is None else joined_at,
            "retired_at": tx.now if retired else None,
        },
    )
    row = seat_row(tx, dataset, name, kind)
    assert row is not None  # noqa: S101  (inserted above)
    join_audiences(tx, dataset, row["id"], name, tx.value(_TAGS, {"annotator": row["annotator"]}))
    run = tx.one(_RUN, {"dataset": dataset})
    if run is not None:
        bar_seats(tx, run, row["id"])
    return row


def set_tags(tx: Transaction, *, annotators: Mapping[str, Tags]) -> dict[str, Any]:
    """Give these annotators (persons, by name) these tags and no others; all their seats follow at once.

    What they hold stays theirs. Returns `{"seats": how many may have other tasks now}`.
    """
    changed = 0
    for name, tags in sorted(annotators.items()):
        tx.run(_ANNOTATOR, {"name": name, "kind": "person"})
        tx.run(_TAGGED, {"name": name, "tags": jsontext.dumps(dict(tags))})
        for seat in tx.all(_SEATS_OF, {"name": name}):
            changed += follow_annotator(tx, seat["id"])
    return {"seats": changed}


def follow_annotator(tx: Transaction, session: int) -> bool:
    """Let a seat belong to what its annotator's name and tags admit it to; whether that is a change."""
    seat = tx.one(_WHOSE, {"session": session})
    assert seat is not None  # noqa: S101  (the caller has it)
    changes_seats(tx, seat["dataset"])
    others = join_audiences(tx, seat["dataset"], seat["id"], seat["name"], seat["tags"])
    if others:
        look_anew(tx, seat["id"])
        named = {"dataset": seat["dataset"], "ids": json_ids(others)}
        Tasks.locked(tx, seat["dataset"], [task["id"] for task in tx.all(_OF_AUDIENCES, named)]).recheck()
    return bool(others)


def retire_seat(tx: Transaction, *, dataset: str, name: str) -> dict[str, Any]:
    """Close a seat: its leases go back, and tasks that want everyone no longer wait for it."""
    found = find_dataset(tx, dataset)
    row = named_seat(tx, found["id"], dataset, name)
    lock_seats(tx, [row["id"]])
    changes_seats(tx, found["id"])
    held = [leased["task"] for leased in tx.all(_LEASES, {"session": row["id"]})]
    tasks = Tasks.locked(tx, found["id"], held)
    tasks.end_leases(held, row["id"], "released")
    tasks.settle()
    hold_fewer(tx, row["id"], len(held))
    tx.run(_RETIRE, {"session": row["id"], "now": tx.now})
    waiting = [
        task["id"] for task in tx.all(_OPEN_FOR_EVERYONE, {"dataset": found["id"], "session": row["id"]})
    ]
    Tasks.locked(tx, found["id"], waiting).recheck()
    return {"released": len(held)}


def _reopen(tx: Transaction, dataset: Row, seat: int) -> None:
    """A new seat is wanted for every task that wants everyone."""
    done = [task["id"] for task in tx.all(_EVERYONE, {"dataset": dataset["id"], "session": seat})]
    Tasks.locked(tx, dataset["id"], done).recheck()
