"""Datasets: made once, found again with the settings of the day."""

from typing import Any

import pytest
from tests.queue.team import Team

from tallymark.errors import InputError, NotKnown
from tallymark.queue import datasets
from tallymark.store import Store


def ensure(team: Team, name: str = "news", **settings: Any) -> dict[str, Any]:
    return team.do(datasets.ensure_dataset, name=name, **settings)


def test_a_dataset_is_made_once(team: Team) -> None:
    made, again = ensure(team, "sport"), ensure(team, "sport")
    assert made == {"id": 2, "name": "sport", "created": True, "exclude_by": "task", "overlap": 1}
    assert again == {**made, "created": False}


def test_what_may_change_between_runs_does(team: Team) -> None:
    ensure(team, ignore_counts=False, lease_seconds=None)
    row = team.do(datasets.find_dataset, "news")
    assert (row["ignore_counts"], row["lease_seconds"]) == (0, None)


def test_the_overlap_is_that_of_the_dataset_once_it_is_made(team: Team) -> None:
    assert ensure(team, overlap=None)["overlap"] == 1
    assert ensure(team, "sport", overlap=None)["overlap"] is None


def test_what_a_duplicate_is_may_change_while_there_are_no_tasks(team: Team) -> None:
    assert ensure(team, exclude_by="input")["exclude_by"] == "input"
    assert team.do(datasets.find_dataset, "news")["exclude_by"] == "input"


def test_what_a_duplicate_is_stays_once_there_are_tasks(team: Team) -> None:
    team.tasks("a")
    with pytest.raises(InputError, match="tells tasks apart by 'task', this recipe by 'input'"):
        ensure(team, exclude_by="input")
    assert ensure(team)["exclude_by"] == "task"


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, " a", "a\nb", "a\u202eb"])
def test_a_name_has_some_printable_characters_and_not_too_many(team: Team, name: str) -> None:
    with pytest.raises(InputError, match="1 to 200 printable characters"):
        ensure(team, name)


def test_names_that_look_the_same_are_the_same(team: Team) -> None:
    made = ensure(team, "cafe\u0301")
    assert (made["name"], made["created"]) == ("caf\u00e9", True)
    assert ensure(team, "caf\u00e9")["id"] == made["id"]
    assert team.do(datasets.find_dataset, "cafe\u0301")["id"] == made["id"]


@pytest.mark.parametrize(
    ("settings", "reason"), [({"exclude_by": "hash"}, "'task' or 'input'"), ({"overlap": 0}, "1 or more")]
)
def test_a_setting_that_means_nothing_is_refused(team: Team, settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        ensure(team, "sport", **settings)


def test_an_unknown_dataset_is_told_with_those_there_are(store: Store, team: Team) -> None:
    ensure(team, "sport")
    with pytest.raises(NotKnown, match=r"no dataset 'weather'. There are: news, sport"):
        team.do(datasets.find_dataset, "weather")


def test_where_there_is_no_dataset_yet_that_is_said(store: Store) -> None:
    with store.reading() as tx, pytest.raises(NotKnown, match="There are: none yet"):
        datasets.find_dataset(tx, "weather")
