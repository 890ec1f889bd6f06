"""What operators type: pause, release, withdraw, overlap, seats, labels, erase."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call, words
from tests.queue.team import Team

from tallymark.hashing import set_hashes, without_private


@pytest.fixture
def tasks(team: Team) -> list[str]:
    """Three tasks, the first answered by ann, the second held by bob."""
    team.run(labels=["A", "B"], view_id="spans_manual")
    made = team.tasks(*(without_private(set_hashes({"text": text})) for text in ("first", "second", "third")))
    ann, bob = team.people("ann", "bob")
    ann.submit(made[0], set={"spans": [{"label": "A"}]})
    bob.lease()
    return made


def test_pause_and_resume(call: Call, team: Team, tasks: list[str]) -> None:
    assert "paused" in call("pause", "news")[0]
    assert team.seat("cem").idle() == "paused"
    assert "goes on" in call("resume", "news")[0]
    assert team.seat("cem").lease() == [tasks[2]]


def test_release(call: Call, team: Team, tasks: list[str]) -> None:
    assert call("release", "news", "--session", "ann")[0] == "0 leases ended.\n"
    assert call("release", "news")[0] == "1 leases ended.\n"
    assert team.seat("bob").place(tasks[1]) == "released"


def test_a_task_or_an_answer_is_withdrawn_and_comes_back(call: Call, team: Team, tasks: list[str]) -> None:
    ann = team.seat("ann")
    call("withdraw", "news", "--task", tasks[1])
    assert team.state(tasks[1]) == "withdrawn"
    call("reopen", "news", "--task", tasks[1])
    assert team.state(tasks[1]) == "open"
    call("withdraw", "news", "--task", tasks[0], "--session", "ann")
    assert ann.place(tasks[0]) == "answered withdrawn"
    assert "taken back" in call("reopen", "news", "--task", tasks[0], "--session", "ann")[0]
    assert ann.place(tasks[0]) == "answered counted"


def test_all_answers_of_a_session_since_a_date(
    call: Call, team: Team, tasks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallymark.queue.people.PART", 1)
    team.seat("ann").submit(tasks[2])
    assert "0 answers" in call("withdraw", "news", "--session", "ann", "--since", "2027-02-01")[0]
    assert "2 answers" in call("withdraw", "news", "--session", "ann", "--since", "2027-01-01")[0]
    assert "2 answers" in call("reopen", "news", "--session", "ann")[0]


def test_overlap(call: Call, team: Team, tasks: list[str]) -> None:
    assert call("overlap", "news", 2)[0] == "3 tasks want 2 answers.\n"
    assert call("overlap", "news", "all", "--task", tasks[0])[0] == "1 tasks want an answer of everybody.\n"
    assert team.task(tasks[0])["overlap"] is None


def test_an_answer_goes_back(call: Call, team: Team, tasks: list[str]) -> None:
    call("send-back", "news", "--task", tasks[0], "--session", "ann", "--comment", "B?")
    assert team.seat("ann").reply()["tasks"][0]["draft"]["message"] == "B?"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["withdraw", "news"], "Say what: --task ID"),
        (["withdraw", "news", "--task", "1", "--since", "2027-01-01"], "goes with --session alone"),
        (["withdraw", "news", "--session", "ann", "--since", "soon"], "'soon' is no date"),
        (["withdraw", "news", "--task", "99"], "no task 99"),
        (["overlap", "news", "many"], "expected a number from 1, or all"),
        (["overlap", "news", "0"], "An overlap is 1 or more"),
        (["pause", "mews"], "There is no dataset 'mews'"),
        (["seats", "news", "rename", "ann"], "'rename' needs NEW"),
        (["seats", "news", "retire"], "'retire' needs NAME"),
        (["seats", "news", "retire", "ann", "bob"], "'retire' takes no 'bob'"),
        (["seats", "news", "list", "ann"], "'list' takes no 'ann'"),
        (["accounts", "--disable", "ann", "--enable", "ann"], "one at a time"),
        (["seats", "news", "merge", "ann", "bob"], "say so with --yes"),
        (["labels", "news", "add"], "'add' needs LABEL"),
        (["labels", "news", "merge", "A"], "'merge' needs INTO"),
        (["labels", "news", "reopen"], "Say with --comment"),
        (["labels", "news", "instructions", "nowhere.md"], "cannot be read"),
        (["erase", "news"], "Say what to erase"),
        (["erase", "news", "--task", "1", "--person", "ann"], "Say what to erase"),
        (["erase", "news", "--text", "nowhere"], "has exactly this text"),
        (["erase", "news", "--task", "1"], "say so with --yes"),
        (["erase", "news", "--person", "ann"], "say so with --yes"),
    ],
)
def test_mistakes_change_nothing(
    call: Call, team: Team, tasks: list[str], typed: list[str], said: str
) -> None:
    before = team.books()
    assert said in words(call(*typed, code=2)[1])
    assert team.books() == before


# -- seats --------------------------------------------------------------------------------------------


def test_seats_are_listed_renamed_merged_and_retired(call: Call, team: Team, tasks: list[str]) -> None:
    told = words(call("seats", "news")[0])
    assert "ann person 1 0 2027-01-15 08:00" in told
    call("seats", "news", "rename", "bob", "rob")
    shown = {seat["name"]: seat for seat in json.loads(call("seats", "news", "--json")[0])}
    assert (shown["rob"]["held"], "bob" in shown) == (1, False)
    assert "1 tasks of 'rob' belong to 'ann' now" in call("seats", "news", "merge", "rob", "ann", "--yes")[0]
    assert "rob person 0 0 2027-01-15 08:00 retired" in words(call("seats", "news")[0])
    assert "is retired" in call("seats", "news", "retire", "ann")[0]


def test_who_does_not_agree_changes_nothing(
    call: Call, team: Team, tasks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallymark.cli.commands._operating.ask", lambda *_, **__: False)
    for typed in (
        ["seats", "news", "merge", "bob", "ann"],
        ["erase", "news", "--task", tasks[0]],
        ["erase", "news", "--person", "ann"],
    ):
        assert "Nothing was changed." in call(*typed, code=1)[0]


def test_nobody_was_here_yet(call: Call, team: Team) -> None:
    assert "Nobody was here yet." in call("seats", "news")[0]


# -- labels -------------------------------------------------------------------------------------------


def test_labels_are_listed_and_changed(call: Call, team: Team, tasks: list[str], tmp_path: Path) -> None:
    assert call("labels", "news")[0] == "Labels of news: A, B\n"
    assert "A, B, C (change 1)" in call("labels", "news", "add", "C")[0]
    call("labels", "news", "rename", "A", "D")
    call("labels", "news", "merge", "C", "B")
    assert "are D (change 4)" in call("labels", "news", "retire", "B")[0]
    (tmp_path / "how.md").write_text("Mark *all*.")
    call("labels", "news", "instructions", "how.md")
    shown = json.loads(call("labels", "news", "--json")[0])
    assert (shown["labels"], shown["instructions"], shown["version"]) == (["D"], "Mark *all*.", 5)
    told = words(call("labels", "news")[0])
    for part in ("1 20", "add C", "rename A → D", "merge C → B", "instructions"):
        assert part in told


def test_what_a_change_affects_is_listed_and_reopened(
    call: Call, team: Team, tasks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallymark.cli.commands.labels.SHOWN", 1)
    team.seat("bob").submit(tasks[1], set={"spans": [{"label": "A"}]})
    call("labels", "news", "rename", "A", "C")
    told = call("labels", "news", "affected", "A")[0]
    assert told.splitlines() == [
        f"task {tasks[0]}, session ann",
        "… and 1 more; --json prints them all",
        "2 answers were given before the change.",
    ]
    listed: list[dict[str, Any]] = json.loads(call("labels", "news", "affected", "A", "--json")[0])
    assert [each["session"] for each in listed] == ["ann", "bob"]
    assert "2 answers go back" in call("labels", "news", "reopen", "A", "--comment", "A is C now")[0]
    assert call("labels", "news", "affected", "--version", 1)[0].startswith("0 answers")


# -- erasing ------------------------------------------------------------------------------------------


def test_records_and_people_are_erased(call: Call, team: Team, tasks: list[str]) -> None:
    assert "Erased: 1 task in 1 dataset." in call("erase", "news", "--text", "first", "--yes")[0]
    assert "Erased: 1 task" in call("erase", "news", "--task", tasks[1], "--yes")[0]
    assert "'bob' is 'erased-" in call("erase", "news", "--person", "bob", "--yes")[0]
    call("audit", "news")
    assert call("db-out", "news")[0] == ""


@pytest.mark.usefixtures("tasks")
def test_an_invitation_for_no_number_of_days(call: Call) -> None:
    for days in ("nan", "inf"):
        assert (
            f"--days is {days}; give a number of days"
            in call("invite", "news", "eve", "--days", days, code=2)[1]
        )
