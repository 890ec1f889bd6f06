"""Runs: the newest start of a recipe on a dataset is the one that may write."""

from typing import Any

import pytest
from tests.queue.team import START, Team

from tallymark.errors import DatasetRequired, Fenced, NotKnown
from tallymark.queue import runs
from tallymark.store import Store


def events(team: Team) -> list[tuple[str, str | None]]:
    return [(row["kind"], row["detail"]) for row in team.sql("SELECT kind, detail FROM event ORDER BY id")]


def run_row(team: Team) -> Any:
    return team.sql("SELECT * FROM run WHERE id = :run", run=team.fence["run"])[0]


def test_generations_count_the_runs_of_a_dataset(team: Team) -> None:
    assert team.fence["generation"] == 1
    assert team.other("books").fence["generation"] == 1
    assert team.run()["generation"] == 2


def test_a_run_starts_on_a_dataset_that_exists_and_excludes_such(team: Team) -> None:
    named = {"recipe": "mark", "command": "tallymark mark", "view_id": "text"}
    for more in ({"dataset": "other"}, {"dataset": "news", "exclude": ["other"]}):
        with pytest.raises(NotKnown, match="'other'"):
            team.do(runs.start_run, **named, **more)  # type: ignore[arg-type]


def test_a_beat_says_when(team: Team) -> None:
    team.clock.forward(7)
    team.hosted(runs.beat)
    assert run_row(team)["beat_at"] == START + 7


@pytest.mark.parametrize(("error", "kind"), [(None, "run_ended"), ("KeyError", "run_failed")])
def test_the_end_of_a_run_is_noted(team: Team, error: str | None, kind: str) -> None:
    team.hosted(runs.end_run, error=error)
    assert (run_row(team)["ended_at"], run_row(team)["error"]) == (START, error)
    assert events(team)[-1] == (kind, error)


def test_a_stream_that_fails_says_where_and_is_noted_once(team: Team) -> None:
    for _ in range(2):
        team.stream("failed", detail="no such column", row=7, rows_read=6, rows_known=9)
    row = run_row(team)
    assert [row[name] for name in ("stream", "stream_detail", "stream_row", "rows_read", "rows_known")] == [
        "failed",
        "no such column",
        7,
        6,
        9,
    ]
    assert [kind for kind, _ in events(team)].count("stream_failed") == 1


def test_a_stream_keeps_its_numbers_when_none_are_given(team: Team) -> None:
    team.stream("open", rows_read=6, rows_known=9)
    team.stream("ended")
    assert (run_row(team)["rows_read"], run_row(team)["rows_known"]) == (6, 9)


def test_a_project_is_what_the_newest_run_says(team: Team) -> None:
    started = team.run(
        recipe="ner.manual",
        view_id="ner_manual",
        config={"x": [1]},
        labels=["A", "B"],
        instructions="Read.",
        wants=["update", "validate_answer"],
        address="/tmp/socket",  # noqa: S108
        secret="s",
    )
    assert team.do(runs.project, dataset="news") == {
        "database_id": team.store.database_id,
        "dataset": "news",
        "recipe": "ner.manual",
        "view_id": "ner_manual",
        "project_version": started["run"],
        "labels": ["A", "B"],
        "instructions": "Read.",
        "config": {"x": [1]},
        "wants": ["update", "validate_answer"],
        "validates": True,
        "overlap": 1,
        "run": started["run"],
        "host_address": "/tmp/socket",  # noqa: S108
        "host_secret": "s",
        "host_beat": START,
        "ended": False,
    }


def test_a_project_without_a_name_is_the_one_that_runs(team: Team) -> None:
    other = team.other("books")
    with pytest.raises(DatasetRequired, match="books, news") as raised:
        team.do(runs.project)
    assert (raised.value.names, raised.value.code) == (["books", "news"], "dataset_required")
    other.hosted(runs.end_run)
    assert team.do(runs.project)["dataset"] == "news"
    team.hosted(runs.end_run)
    ended = team.do(runs.project)
    assert (ended["dataset"], ended["ended"], ended["validates"]) == ("books", True, False)


def test_a_dataset_that_no_recipe_was_started_on_has_no_project(store: Store, team: Team) -> None:
    team.sql("UPDATE dataset SET run = NULL")
    with pytest.raises(NotKnown, match="on this database yet"):
        team.do(runs.project)
    with pytest.raises(NotKnown, match="on dataset 'news' yet"):
        team.do(runs.project, dataset="news")
    with pytest.raises(NotKnown, match="There are: news"):
        team.do(runs.project, dataset="other")


def test_a_run_of_another_dataset_does_not_fence_this_one(team: Team) -> None:
    team.other("books")
    team.hosted(runs.beat)
    old = dict(team.fence)
    team.run()
    with pytest.raises(Fenced, match="taken over"):
        team.do(runs.beat, **old)
