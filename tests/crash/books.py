"""What has to hold after kills: what was acknowledged is stored, nothing else is, and the books balance."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx
from tests.crash.annotators import Person
from tests.crash.processes import until

from tallymark import jsontext
from tallymark.store import Statement, Transaction

_TASKS = Statement(
    "How many tasks there are, how many are done, and whether more are to come.",
    "SELECT count(*) AS tasks, coalesce(sum(CASE WHEN t.state = 'done' THEN 1 ELSE 0 END), 0) AS done,"
    " (SELECT r.stream FROM dataset d JOIN run r ON r.id = d.run) AS stream FROM task t",
)
_OPERATIONS = Statement(
    "Every revision, with whether it is a conflict's.",
    "SELECT op_id, revision, beside, changes FROM answer",
)
_CURRENT = Statement(
    "The current word of every session on every task.",
    "SELECT s.name, a.task, a.revision, a.standing, n.op_id FROM assignment a"
    " JOIN session s ON s.id = a.session"
    " JOIN answer n ON n.task = a.task AND n.session = a.session AND n.revision = a.revision"
    " WHERE a.state = 'answered'",
)
_COUNTED = Statement(
    "Tasks without the wanted number of counted answers.",
    "SELECT t.id FROM task t WHERE t.counted <> :overlap OR t.taken <> :overlap OR :overlap <>"
    " (SELECT count(*) FROM assignment a WHERE a.task = t.id AND a.standing = 'counted')",
)
_TEXTS = Statement(
    "The texts that were asked.", "SELECT d.text FROM task t JOIN document d ON d.id = t.document"
)


def tasks(tx: Transaction) -> tuple[int, int, str | None]:
    """How many tasks there are and how many are done; open, ended or failed: the stream."""
    row = tx.one(_TASKS)
    assert row is not None
    return row["tasks"], row["done"], row["stream"]


def texts(tx: Transaction) -> list[str]:
    """The text of every task."""
    return [jsontext.loads(row["text"])["text"] for row in tx.all(_TEXTS)]


def check_audit(url: str) -> dict[str, Any]:
    """The books balance and nothing contradicts itself, as the server tells it, once it answers."""
    audit: dict[str, Any] = until(lambda: _audit(url), f"the audit of {url}")
    broken = {found["name"]: found for found in audit["invariants"] if found["broken"]}
    assert broken == {}, broken
    assert audit["balances"]["balanced"], audit["balances"]
    return audit


def _audit(url: str) -> dict[str, Any] | None:
    try:
        reply = httpx.get(f"{url}/api/v1/audit?dataset=news", timeout=60)
    except httpx.TransportError:
        return None
    assert reply.status_code in (200, 503), reply.text
    found: dict[str, Any] = reply.json()
    return found if reply.status_code == 200 else None


def conflicts(people: Sequence[Person]) -> int:
    """How many operations were acknowledged as conflicts."""
    return sum(len(tab.conflicts) for person in people for tab in person.tabs)


def operations(tx: Transaction) -> set[str]:
    """Every operation that is stored."""
    return {row["op_id"] for row in tx.all(_OPERATIONS)}


def check_answers(tx: Transaction, people: Sequence[Person], *, overlap: int) -> None:
    """What was acknowledged is stored, nothing else is, and each task is counted as often as wanted."""
    sent = {op_id: label for person in people for tab in person.tabs for op_id, label in tab.sent.items()}
    kept = {op_id for person in people for tab in person.tabs for op_id in tab.kept}
    beside = {op_id for person in people for tab in person.tabs for op_id in tab.conflicts}
    stored = {row["op_id"]: row for row in tx.all(_OPERATIONS)}
    labels = {op_id: jsontext.loads(row["changes"])["set"]["label"] for op_id, row in stored.items()}
    assert {op_id: label for op_id, label in sent.items() if labels.get(op_id) != label} == {}  # lost
    assert labels.keys() - sent.keys() == set()  # invented
    assert {op_id for op_id, row in stored.items() if row["beside"]} == beside
    assert kept | beside == sent.keys()
    assert [row["id"] for row in tx.all(_COUNTED, {"overlap": overlap})] == []
    _check_last_words(tx, people, kept)


def _check_last_words(tx: Transaction, people: Sequence[Person], kept: set[str]) -> None:
    """What is current is the newest that was acknowledged of a person about a task."""
    current = {(row["name"], str(row["task"])): row for row in tx.all(_CURRENT)}
    said = Counter[tuple[str, str]]()
    for person in people:
        for tab in person.tabs:
            for task, word in tab.words.items():
                said[person.name, task] = max(said[person.name, task], word.revision)
    assert {key: row["revision"] for key, row in current.items()} == dict(said)
    assert {row["op_id"] for row in current.values()} <= kept
