"""The audit finds whatever breaks a rule: each invariant is broken on purpose, by a direct update."""

from typing import Any

import pytest
from tests.queue.team import Clock, Team

from tallymark.errors import NotKnown
from tallymark.queue import audit, enqueue, operate
from tallymark.store import Store

BREAKS = [
    ("taken", "UPDATE task SET taken = taken + 1 WHERE id = :open"),
    ("taken", "UPDATE assignment SET slot = 0 WHERE task = :held"),
    ("counted", "UPDATE task SET counted = 0 WHERE id = :done"),
    ("overlap", "UPDATE task SET counted = 2, taken = 2 WHERE id = :done"),
    ("bounds", "UPDATE task SET overlap = 3, least = 1, most = 3 WHERE id = :open"),
    ("bounds", "UPDATE task SET least = 2, most = 3 WHERE id = :open"),
    ("bounds", "UPDATE task SET least = 1, most = 1, overlap = 2 WHERE id = :open"),
    ("members", "UPDATE task SET audience = 77 WHERE id = :open"),
    (
        "members",
        "INSERT INTO member (audience, session)"
        " SELECT u.id, :stranger FROM audience u WHERE u.id = (SELECT max(id) FROM audience)",
    ),
    ("state", "UPDATE task SET state = 'open' WHERE id = :done"),
    ("state", "UPDATE task SET state = 'done' WHERE id = :open"),
    ("state_everyone", "UPDATE task SET overlap = NULL, state = 'done' WHERE id = :open"),
    ("promotion", "UPDATE task SET overlap = 5 WHERE id = :done"),
    ("promotion", "UPDATE task SET overlap = NULL WHERE id = :done"),
    ("withdrawn_leases", "UPDATE task SET state = 'withdrawn' WHERE id = :held"),
    ("session_counts", "UPDATE session SET answered = answered + 1 WHERE name = 'ann'"),
    ("session_counts", "UPDATE session SET held = held - 1 WHERE name = 'bob'"),
    ("session_counts", "UPDATE session SET ineligible = 1 WHERE name = 'ann'"),
    ("revision", "UPDATE assignment SET revision = 99 WHERE task = :done"),
    ("revision", "UPDATE assignment SET revision = 0 WHERE task = :done"),
    ("revision", "UPDATE answer SET status = 'retracted' WHERE task = :done"),
    ("revision", "UPDATE assignment SET state = 'released', standing = NULL WHERE task = :done"),
    ("answers", "DELETE FROM assignment WHERE task = :done"),
    ("one_dataset", "UPDATE assignment SET session = :stranger WHERE task = :held"),
    ("documents", "DELETE FROM document WHERE id = (SELECT document FROM task WHERE id = :open)"),
    ("available", "UPDATE session SET cursor_rank = 0.0, cursor_task = :open WHERE name = 'ann'"),
    ("fates_overlap", "UPDATE row_fate SET last = last + 1 WHERE first = 1"),
    ("fates_read", "UPDATE source SET rows_read = 3"),
    ("fates_read", "UPDATE source SET known_rows = 3"),
    ("fates_read", "UPDATE source SET mark = 6"),
    ("fates_read", "DELETE FROM row_fate WHERE first = 1"),
    ("fates_tasks", "DELETE FROM task_row WHERE ordinal = 2"),
    ("fates_tasks", "UPDATE row_fate SET fate = 'carried' WHERE fate = 'invalid'"),
    ("dataset_counts", "UPDATE dataset SET queued = queued + 1 WHERE name = 'news'"),
    ("dataset_counts", "UPDATE dataset SET done = done - 1 WHERE name = 'news'"),
    ("dataset_counts", "UPDATE dataset SET withdrawn = 1 WHERE name = 'news'"),
    (
        "deliveries",
        "INSERT INTO delivery (answer, dataset, task, session, kind, position)"
        " SELECT id, dataset, task, :stranger, 'update', 1 FROM answer WHERE task = :done",
    ),
]


@pytest.fixture
def scene(store: Store, clock: Clock) -> Team:
    """Three tasks of rows: one done (and a surplus answer), one held, one open; then two other rows."""
    team = Team(store, clock).begin()
    source = team.source(known_rows=6)
    team.rows(source, "done", "held", "open", people=["ann", "bob"])
    fates = [[source, 4, "invalid", "no text"], [source, 5, "passed", None]]
    team.hosted(
        enqueue.enqueue,
        fates=fates,
        read={str(source): 6},
        marks={str(source): [5, {"at": 10}]},
        rows_known=6,
    )
    ann, bob = team.people("ann", "bob")
    ann.submit("1")
    bob.submit("1")
    bob.lease()
    return team


def ids(team: Team) -> dict[str, Any]:
    stranger = team.other("books").seat("stranger")
    return {"done": 1, "held": 2, "open": 3, "stranger": stranger.id}


def test_nothing_is_found_where_nothing_is_broken(scene: Team) -> None:
    assert scene.broken() == []
    assert scene.books()["balanced"]


def test_every_invariant_can_be_broken() -> None:
    assert [one.name for one in audit.INVARIANTS] == list(dict.fromkeys(name for name, _ in BREAKS))


@pytest.mark.parametrize(("name", "sql"), BREAKS)
def test_what_breaks_an_invariant_is_found_in_its_dataset(scene: Team, name: str, sql: str) -> None:
    named = ids(scene)
    used = {key: value for key, value in named.items() if f":{key}" in sql}
    scene.sql(sql, **used)
    assert name in scene.broken()
    with scene.store.reading() as tx:
        found = {one["name"]: one for one in audit.invariants(tx, dataset="news")}[name]
        assert found["broken"] == len(found["records"]) >= 1
        assert found["description"].endswith(".")
        elsewhere = {one["name"]: one for one in audit.invariants(tx, dataset="books")}[name]
        assert (elsewhere["broken"], elsewhere["records"]) == (0, [])


def test_records_are_shown_up_to_twenty_and_counted_all(scene: Team) -> None:
    scene.tasks(*(f"task {number}" for number in range(30)))
    scene.sql("UPDATE task SET taken = 1 WHERE taken = 0")
    with scene.store.reading() as tx:
        [found] = [one for one in audit.invariants(tx) if one["broken"]]
    assert (found["name"], found["broken"], len(found["records"])) == ("taken", 31, audit.SHOWN)
    assert found["records"][0] == {"task": 3, "taken": 1, "found": 0}


def test_an_unknown_dataset_has_no_books(scene: Team) -> None:
    with scene.store.reading() as tx:
        for look in (audit.balances, audit.invariants):
            with pytest.raises(NotKnown, match="There are: news"):
                look(tx, dataset="other")


# -- balances -----------------------------------------------------------------------------------------


def test_the_books_of_a_dataset(scene: Team) -> None:
    books = scene.books()
    assert books["sources"] == [
        {
            "uri": "/rows.jsonl",
            "version": 1,
            "known": 6,
            "read": 6,
            "unread": 0,
            "fates": {"task": 3, "invalid": 1, "passed": 1},
            "invalid": books["sources"][0]["invalid"],
            "pending": 1,
            "balanced": True,
        }
    ]
    assert books["tasks"] == {
        "queued": 3,
        "done": 1,
        "withdrawn": 0,
        "open": 1,
        "leased": 1,
        "from_rows": 3,
        "without_row": 0,
        "pushed": 0,
        "balanced": True,
    }
    assert books["slots"] == {"counted": 1, "live": 1, "free": 1, "wanted": 3, "balanced": True}
    standings = {"counted": 1, "surplus": 1, "uncounted": 0, "withdrawn": 0}
    assert books["answers"] == {"answered": 2, **standings, "balanced": True}


def test_a_source_that_was_not_counted_has_nothing_known_unread(team: Team) -> None:
    team.rows(team.source(), "a")
    [source] = team.books()["sources"]
    assert (source["known"], source["unread"], source["balanced"]) == (None, None, True)


def test_slots_of_tasks_for_everyone_are_those_of_the_open_seats(team: Team) -> None:
    team.operator(operate.set_overlap, overlap=None)
    [first, _] = team.tasks("a", "b")
    ann, _, cem = team.people("ann", "bob", "cem")
    ann.submit(first)
    cem.submit(first)
    cem.lease()
    model = team.seat("m", kind="model")
    model.lease()
    assert team.books()["slots"] == {"counted": 2, "live": 2, "free": 3, "wanted": 7, "balanced": True}


@pytest.mark.parametrize(
    ("groups", "sql"),
    [
        (["tasks"], "UPDATE dataset SET done = 3 WHERE name = 'news'"),
        (["slots", "answers"], "UPDATE assignment SET standing = 'withdrawn' WHERE standing = 'counted'"),
        (["slots"], "UPDATE task SET taken = taken + 1 WHERE id = 3"),
    ],
)
def test_a_group_of_the_books_that_does_not_balance_says_so(scene: Team, groups: list[str], sql: str) -> None:
    scene.sql(sql)
    books = scene.books()
    unbalanced = [name for name in ("tasks", "slots", "answers") if not books[name]["balanced"]]
    assert (unbalanced, books["balanced"]) == (groups, False)


@pytest.mark.parametrize("sql", ["UPDATE source SET rows_read = 4", "UPDATE source SET known_rows = 5"])
def test_a_source_whose_rows_do_not_add_up_says_so(scene: Team, sql: str) -> None:
    scene.sql(sql)
    books = scene.books()
    assert ([source["balanced"] for source in books["sources"]], books["balanced"]) == ([False], False)


def test_what_is_listed_apart(scene: Team) -> None:
    scene.run(wants=["update", "before_db"])
    ann = scene.people("ann")[0]
    nothing = dict.fromkeys(scene.books()["apart"], 0)
    assert scene.books()["apart"] == nothing
    ann.draft("3")
    ann.send(ann.op("99"))
    ann.submit("3", op_id="form")
    ann.submit("3", base=0)  # a conflict
    assert scene.books()["apart"] == {
        **nothing,
        "quarantined": 1,
        "conflicts": 1,
        "conflicts_unresolved": 1,
    }
    ann.submit("3", "reject")
    ann.draft("3")
    ann.undo("3")
    assert scene.books()["apart"] == {
        **nothing,
        "drafts": 1,
        "retracted": 1,
        "quarantined": 1,
        "conflicts": 1,
    }
