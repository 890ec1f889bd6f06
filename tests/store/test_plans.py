"""Reading a dataset costs what it has, not what the database has."""

import re

import pytest
from tests.queue.team import SHAPES, Team

from tallymark.queue import importing
from tallymark.store import Statement, Store
from tallymark.store.reading import StoredDatasets

MANY = 20_000


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """The plans and steps of SQLite; those of PostgreSQL are in test_postgresql.py."""
    return sqlite_store


TABLES = {"t", "a", "n", "m", "task", "assignment", "answer", "document", "o"}
"""The tables that grow with the work, under the names that statements give them."""


def plans(team: Team, read: str) -> list[str]:
    """How the database goes about the statements of a call of `StoredDatasets`."""
    assert team.store.path
    alone = Store.open(team.store.path, read_only=True)  # one caller, one connection
    data = StoredDatasets(alone)
    ran: list[str] = []
    with alone.reading() as tx:
        connection = tx._connection
    connection.set_trace_callback(ran.append)
    try:
        found = getattr(data, read)("news")
        assert found if isinstance(found, int) else next(found)
    finally:
        connection.set_trace_callback(None)
        alone.close()
    with team.store.reading() as tx:
        return [
            str(row["detail"])
            for sql in ran
            if sql.lstrip().startswith("SELECT")
            for row in tx.all(Statement("A plan.", f"EXPLAIN QUERY PLAN {sql}"))
        ]


@pytest.fixture
def big(team: Team) -> Team:
    """Twenty thousand answered tasks in another dataset, a few in this one."""
    other = team.other("books")
    records = [{"text": str(n), "answer": "accept", "_session_id": "ann"} for n in range(MANY)]
    for start in range(0, MANY, 5000):
        part = records[start : start + 5000]
        other.operator(importing.import_answers, records=part, shapes=SHAPES)
    team.operator(importing.import_answers, records=records[:10], shapes=SHAPES)
    return team


def test_no_read_looks_at_a_whole_table_and_a_page_sorts_nothing(big: Team) -> None:
    for read in ("answers", "input_hashes", "task_hashes", "count"):
        details = plans(big, read)
        assert details
        scanned = {match.group(1) for detail in details if (match := re.match(r"SCAN (\w+)$", detail))}
        assert scanned & TABLES == set(), (read, details)
    page = plans(big, "answers")
    assert any("SEARCH n USING INDEX answer_dataset (dataset=? AND id>?" in detail for detail in page)
    assert not any("TEMP B-TREE" in detail for detail in page)
