"""Where each row of a source is now."""

from typing import Any

import pytest
from tests.queue.team import Team

from tallymark.errors import NotKnown
from tallymark.queue import enqueue, rows


def states(team: Team, count: int, uri: str = "/rows.jsonl") -> list[tuple[str, list[str], list[str]]]:
    with team.store.reading() as tx:
        source = rows.source_of(tx, dataset=team.dataset, uri=uri)
        assert source is not None
        held = rows.holders(tx, dataset=team.dataset)
        found = list(rows.rows_of(tx, source, count, held))
    assert [each["row"] for each in found] == list(range(1, count + 1))
    return [(each["state"], each["tasks"], each["sessions"]) for each in found]


def test_every_row_has_one_state(team: Team) -> None:
    source = team.source(known_rows=10)
    team.rows(source, "done", "held", "open", "gone", "done", None, None)
    fates = [[source, 6, "invalid", "no text"], [source, 7, "excluded", "answered in x"]]
    team.hosted(enqueue.enqueue, fates=fates, read={str(source): 9})
    ann, bob = team.people("ann", "bob")
    ann.submit("1")
    bob.lease()
    team.withdraw("4")
    assert states(team, 10) == [
        ("done", ["1"], []),
        ("leased", ["2"], ["bob"]),
        ("open", ["3"], []),
        ("withdrawn", ["4"], []),
        ("duplicate", [], []),
        ("invalid", [], []),
        ("excluded", [], []),
        ("pending", [], []),
        ("pending", [], []),
        ("not read yet", [], []),
    ]


def test_a_row_of_several_tasks_is_as_far_as_its_slowest(make_team: Any) -> None:
    team = make_team(overlap=2)
    source = team.source()
    team.rows(source, {"text": "x", "label": "A"})
    team.rows(source, {"text": "x", "label": "B"})
    ann, bob = team.people("ann", "bob")
    ann.submit("1")
    bob.submit("1")
    assert states(team, 1) == [("open", ["1", "2"], [])]
    ann.submit("2")
    assert states(team, 1) == [("answered", ["1", "2"], [])]
    bob.lease()
    assert states(team, 1) == [("leased", ["1", "2"], ["bob"])]
    bob.submit("2")
    assert states(team, 1) == [("done", ["1", "2"], [])]


def test_a_row_whose_task_is_missing_is_lost(team: Team) -> None:
    source = team.source()
    team.rows(source, "a", "b")
    team.sql("DELETE FROM task_row WHERE ordinal = 1")
    assert [state for state, _, _ in states(team, 2)] == ["lost", "open"]
    team.sql("INSERT INTO task_row (source, ordinal, task, how, run) VALUES (1, 1, 1, 'exact', 1)")


def test_rows_are_told_in_parts(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PART", 2)
    source = team.source()
    team.rows(source, "a", "b", "c", "a", "a")
    assert [state for state, _, _ in states(team, 5)] == ["open"] * 3 + ["duplicate"] * 2


def test_tasks_are_told_by_their_keys(team: Team) -> None:
    [task] = team.tasks("a")
    key = team.task(task)["dedup_key"]
    with team.store.reading() as tx:
        found = rows.states_of_keys(tx, dataset="news", keys=[key, b"other"], held={})
    assert found == {key: {"state": "open", "tasks": [task], "sessions": [], "note": None}}


def test_repeats_of_a_key_are_told_together(team: Team) -> None:
    source = team.source(dedup=False)
    team.rows(source, "a", "a", repeatable=True)
    key = team.task("1")["dedup_key"]
    with team.store.reading() as tx:
        found = rows.states_of_keys(tx, dataset="news", keys=[key, key, key], held={2: ["ann"]})
    assert (found[key]["tasks"], found[key]["state"]) == (["1", "2"], "open")


def test_sources_are_known_by_their_names(team: Team) -> None:
    team.source("/a.jsonl")
    newest = team.source("/a.jsonl", fingerprint="2")
    with team.store.reading() as tx:
        found = rows.source_of(tx, dataset="news", uri="/a.jsonl")
        assert found is not None
        assert found["id"] == newest
        assert rows.source_of(tx, dataset="news", uri="/b.jsonl") is None
        assert rows.source_names(tx, dataset="news") == ["/a.jsonl"]
        with pytest.raises(NotKnown):
            rows.source_names(tx, dataset="other")
