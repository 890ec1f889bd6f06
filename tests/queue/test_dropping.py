"""A dataset is dropped in parts: it loses its name first, then everything, and nothing of others."""

import pytest
from tests.queue.team import Team

from tallymark.errors import Fenced, NotKnown
from tallymark.queue import dropping, enqueue, runs, settle
from tallymark.store.schema import metadata

KEPT = {"database", "event", "server"}


def rows(team: Team) -> dict[str, int]:
    """How many rows each table has."""
    return {table: team.sql(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in metadata.tables}


def busy(team: Team) -> None:
    """Tasks, an answer with a second form, a draft, a quarantined operation, a fate, a delivery."""
    first, second, _ = team.tasks("a", "b", "c")
    ann, bob = team.people("ann", "bob")
    source = team.source("/more.jsonl")
    team.hosted(enqueue.enqueue, fates=[[source, 1, "invalid", "bad"]], read={str(source): 1})
    ann.lease()
    ann.submit(first)
    ann.draft(second, set={"label": "x"})
    bob.submit("999")
    team.hosted(settle.due, stopping=True)


def drop(team: Team, name: str = "old") -> int:
    begun = team.do(dropping.begin_drop, dataset=name)
    parts = 0
    while not team.do(dropping.drop_part, dataset=begun["dataset"])["gone"]:
        parts += 1
    return parts


@pytest.fixture
def old(team: Team) -> Team:
    """The dataset that is dropped."""
    return team.other("old")


def test_nothing_is_left_of_it_and_all_of_the_others(team: Team, old: Team) -> None:
    busy(team)
    before = rows(team)
    busy(old)
    drop(team)
    after = rows(team)
    assert {name: n for name, n in after.items() if name not in KEPT} == {
        name: n - (name in ("dataset", "run")) for name, n in before.items() if name not in KEPT
    }
    with pytest.raises(NotKnown):
        drop(team)


def test_it_is_done_in_parts_and_can_be_gone_on_with(
    team: Team, old: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropping, "PART", 2)
    old.tasks("a", "b", "c")
    begun = team.do(dropping.begin_drop, dataset="old")
    assert begun == {"dataset": "old (being dropped, 2)", "tasks": 3}
    assert team.do(dropping.drop_part, dataset=begun["dataset"]) == {"tasks": 2, "gone": False}
    assert drop(team, begun["dataset"]) == 1


def test_its_hosts_are_fenced_and_its_name_is_free(team: Team, old: Team) -> None:
    old.tasks("a")
    team.do(dropping.begin_drop, dataset="old")
    with pytest.raises(Fenced):
        old.hosted(runs.beat)
    again = team.other("old")
    again.tasks("a")
    drop(team, "old (being dropped, 2)")
    assert again.state("2") == "open"


def test_ids_are_not_given_again(team: Team, old: Team) -> None:
    before = old.tasks("a")
    drop(team)
    assert int(team.tasks("a")[0]) > int(before[0])
