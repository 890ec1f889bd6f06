"""Who may have a task: one rule for first and later leases, for what is counted, and for when all are done.

A task has an *audience*: the tags its annotator must have, and the people a router named. Tasks that ask for
the same share one, and `member` holds the seats that belong to it, so that a lease compares numbers. Audience
0 is everybody. A seat may have the tasks of its audiences that it has neither answered nor is barred from.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tallymark import jsontext
from tallymark.queue.locks import changes_seats
from tallymark.store import Statement, Transaction

EVERYBODY = 0

Tags = Mapping[str, Sequence[str]]


def belongs(seat: str) -> str:
    """A condition: seat `seat` (an expression) is in the audience of task t."""
    member = f"SELECT 1 FROM member b WHERE b.audience = t.audience AND b.session = {seat}"  # noqa: S608
    return f"(t.audience = 0 OR EXISTS ({member}))"


def had(seat: str, *states: str) -> str:
    """A condition: the assignment of task t and a seat is in one of these states."""
    named = ", ".join(f"'{state}'" for state in states)
    its = f"SELECT 1 FROM assignment a WHERE a.task = t.id AND a.session = {seat}"  # noqa: S608
    return f"EXISTS ({its} AND a.state IN ({named}))"


def eligible(seat: str) -> str:
    """A condition: a seat may be asked about task t, which it may be holding already."""
    return f"({belongs(seat)} AND NOT {had(seat, 'answered', 'ineligible')})"


WANTS_MORE = "t.state = 'open' AND (t.overlap IS NULL OR t.taken < t.overlap)"
"""A condition: task t has a slot for somebody."""

NOT_HAD = f"NOT {had(':session', 'leased', 'answered', 'ineligible')}"
"""A condition: seat :session does not hold task t, has not answered it and is not barred from it."""

AVAILABLE = f"{WANTS_MORE} AND {belongs(':session')} AND {NOT_HAD}"
"""A condition: task t has a slot that seat :session may take."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom a task is for.

    `people` are names (None: anybody), `needs` the tags one must have, as JSON; after `fallback` seconds
    without them a task is opened to whoever has the tags (None: never). `opened` says that it was.
    """

    people: tuple[str, ...] | None = None
    needs: str | None = None
    fallback: float | None = None
    opened: bool = False

    @classmethod
    def of(cls, people: Iterable[str] | None, needs: Tags | None, fallback: float | None) -> "Wish":
        """A wish in the one form of those that mean the same."""
        names = None if people is None else tuple(sorted(set(people)))
        tags = {key: sorted(set(values)) for key, values in sorted((needs or {}).items()) if values}
        return cls(names, jsontext.dumps(tags) if tags else None, None if names is None else fallback)

    @property
    def key(self) -> str:
        """What makes two wishes the same."""
        return jsontext.dumps([self.people, self.needs, self.fallback, self.opened])

    def opened_to_all(self) -> "Wish":
        """The same tags, of whomever; routers leave it alone."""
        return Wish(None, self.needs, None, opened=True)

    def admits(self, name: str, tags: Tags) -> bool:
        """Whether an annotator of this name, with these tags, belongs to the audience."""
        if self.people is not None and name not in self.people:
            return False
        needs: Tags = jsontext.loads(self.needs) if self.needs else {}
        return all(set(values) <= set(tags.get(key, ())) for key, values in needs.items())


_FIND = Statement(
    "An audience by what it asks for.", "SELECT id FROM audience WHERE dataset = :dataset AND key = :key"
)
_NEW = Statement(
    "Make an audience.",
    "INSERT INTO audience (dataset, key, people, needs, fallback, opened)"
    " VALUES (:dataset, :key, :people, :needs, :fallback, :opened) RETURNING id",
)
_AUDIENCES = Statement(
    "The audiences of a dataset.",
    "SELECT id, people, needs, fallback, opened FROM audience WHERE dataset = :dataset ORDER BY id",
)
_BY_ID = Statement(
    "Audiences by their ids.", "SELECT id, people, needs, fallback, opened FROM audience WHERE id IN {ids}"
)
_SEATS = Statement(
    "The seats of a dataset with their annotators' tags.",
    "SELECT s.id, s.name, a.tags FROM session s JOIN annotator a ON a.id = s.annotator"
    " WHERE s.dataset = :dataset ORDER BY s.id",
)
_JOIN = Statement(
    "A seat belongs to an audience.",
    "INSERT INTO member (audience, session) VALUES (:audience, :session) ON CONFLICT DO NOTHING",
)
_LEAVE = Statement(
    "A seat no longer belongs to an audience.",
    "DELETE FROM member WHERE audience = :audience AND session = :session",
)
_OF_SEAT = Statement(
    "The audiences a seat belongs to.",
    "SELECT audience FROM member WHERE session = :session ORDER BY audience",
)
_NOT_OF_SEAT = Statement(
    "Audiences with open tasks that are opened to others some time, to which a seat does not belong.",
    """
    SELECT u.id, u.people, u.needs, u.fallback, u.opened FROM audience u
     WHERE u.dataset = :dataset AND u.fallback IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM member m WHERE m.audience = u.id AND m.session = :session)
       AND EXISTS (SELECT 1 FROM task t WHERE t.dataset = :dataset AND t.audience = u.id AND t.state = 'open')
     ORDER BY u.id
    """,
)
_SEAT = Statement(
    "A seat with its annotator's tags.",
    "SELECT s.name, a.tags FROM session s JOIN annotator a ON a.id = s.annotator WHERE s.id = :session",
)
_WITH_TASKS = Statement(
    "The audiences a seat belongs to that have open tasks.",
    """
    SELECT m.audience FROM member m WHERE m.session = :session
       AND EXISTS (SELECT 1 FROM task t WHERE t.dataset = :dataset AND t.audience = m.audience
                      AND t.state = 'open')
     ORDER BY m.audience
    """,
)


def audiences(tx: Transaction, dataset: int, wishes: Iterable[Wish]) -> dict[Wish, int]:
    """The audience of each wish; those that are new are made, with the seats that belong to them."""
    found: dict[Wish, int] = {}
    for wish in dict.fromkeys(wishes):
        found[wish] = EVERYBODY if wish == Wish() else _audience(tx, dataset, wish)
    return found


def join_audiences(tx: Transaction, dataset: int, seat: int, name: str, tags: str | None) -> list[int]:
    """Let a seat belong to the audiences that admit it, and to no others; the audiences that changed."""
    its = _tags(tags)
    before = {row["audience"] for row in tx.all(_OF_SEAT, {"session": seat})}
    now = {row["id"] for row in tx.all(_AUDIENCES, {"dataset": dataset}) if _wish(row).admits(name, its)}
    tx.many(_JOIN, [{"audience": audience, "session": seat} for audience in sorted(now - before)])
    tx.many(_LEAVE, [{"audience": audience, "session": seat} for audience in sorted(before - now)])
    return sorted(now ^ before)


def audiences_of(
    tx: Transaction, dataset: int, seat: int, *, state: Literal["open", "any"] = "open"
) -> list[int]:
    """Everybody, and the audiences of a seat: those with open tasks, or all."""
    statement = _WITH_TASKS if state == "open" else _OF_SEAT
    rows = tx.all(statement, {"session": seat, "dataset": dataset})
    return [EVERYBODY, *(row["audience"] for row in rows)]


def missed_audiences(tx: Transaction, dataset: int, seat: int) -> list[tuple[int, Wish]]:
    """Audiences with open tasks that will be the seat's, too, if the people they are for do not come."""
    found = [(row["id"], _wish(row)) for row in tx.all(_NOT_OF_SEAT, {"dataset": dataset, "session": seat})]
    if not found:
        return []
    person = tx.one(_SEAT, {"session": seat})
    assert person is not None  # noqa: S101  (the caller holds it)
    tags = _tags(person["tags"])
    return [(audience, wish) for audience, wish in found if wish.opened_to_all().admits(person["name"], tags)]


def wishes(tx: Transaction, ids: Iterable[int]) -> dict[int, Wish]:
    """What audiences ask for, by their ids."""
    rows = tx.all(_BY_ID, {"ids": jsontext.dumps(sorted(set(ids)))})
    return {EVERYBODY: Wish()} | {row["id"]: _wish(row) for row in rows}


def _audience(tx: Transaction, dataset: int, wish: Wish) -> int:
    named = {"dataset": dataset, "key": wish.key}
    known = tx.value(_FIND, named)
    if known is None:
        changes_seats(tx, dataset)
        known = tx.value(_FIND, named)
    return _make(tx, dataset, wish) if known is None else int(known)


def _make(tx: Transaction, dataset: int, wish: Wish) -> int:
    """Make an audience, with the seats that belong to it."""
    people = None if wish.people is None else jsontext.dumps(list(wish.people))
    made = tx.insert(
        _NEW,
        {
            "dataset": dataset,
            "key": wish.key,
            "people": people,
            "needs": wish.needs,
            "fallback": wish.fallback,
            "opened": int(wish.opened),
        },
    )
    seats = tx.all(_SEATS, {"dataset": dataset})
    members = [seat["id"] for seat in seats if wish.admits(seat["name"], _tags(seat["tags"]))]
    tx.many(_JOIN, [{"audience": made, "session": seat} for seat in members])
    return made


def _wish(row: Any) -> Wish:
    people = None if row["people"] is None else tuple(jsontext.loads(row["people"]))
    return Wish(people, row["needs"], row["fallback"], opened=bool(row["opened"]))


def _tags(text: str | None) -> Tags:
    tags: Tags = jsontext.loads(text) if text else {}
    return tags
