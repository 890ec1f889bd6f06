"""Labels and instructions that change while a dataset is annotated."""

from typing import Any

import pytest
from tests.queue.team import Team

from tallymark.errors import InputError, NotKnown
from tallymark.queue import datasets, labelling, runs


@pytest.fixture
def team(team: Team) -> Team:
    team.run(
        labels=["PER", "ORG"], instructions="Mark names.", view_id="ner_manual", config={"labels": ["PER"]}
    )
    return team


def project(team: Team) -> dict[str, Any]:
    return team.operator(runs.project)


def test_labels_are_added_renamed_merged_and_retired(team: Team) -> None:
    team.operator(labelling.add_label, label="LOC")
    team.operator(labelling.rename_label, label="PER", new="PERSON")
    team.operator(labelling.add_label, label="GPE")
    team.operator(labelling.merge_labels, label="GPE", into="LOC")
    done = team.operator(labelling.retire_label, label="ORG")
    assert done["labels"] == ["PERSON", "LOC"]
    assert [(change["kind"], change["label"], change["new"]) for change in done["changes"]] == [
        ("add", "LOC", None),
        ("rename", "PER", "PERSON"),
        ("add", "GPE", None),
        ("merge", "GPE", "LOC"),
        ("retire", "ORG", None),
    ]
    kinds = [row["kind"] for row in team.sql("SELECT kind FROM event WHERE kind LIKE 'label%' ORDER BY id")]
    assert kinds == ["label_add", "label_rename", "label_add", "label_merge", "label_retire"]


def test_the_page_learns_of_a_change_and_a_restart_keeps_it(team: Team) -> None:
    ann = team.seat("ann")
    before = ann.heartbeat()["project_version"]
    assert before == project(team)["project_version"]
    team.operator(labelling.add_label, label="LOC")
    team.operator(labelling.set_instructions, text="Mark places, too.")
    after = project(team)
    assert ann.heartbeat()["project_version"] == after["project_version"] > before
    assert after["labels"] == after["config"]["labels"] == ["PER", "ORG", "LOC"]
    assert after["instructions"] == "Mark places, too."
    team.run(labels=["PER", "DATE"], view_id="ner_manual")
    again = project(team)
    assert (again["labels"], "labels" in again["config"]) == (["PER", "DATE", "LOC"], False)
    assert again["project_version"] > after["project_version"]


def test_every_answer_says_which_labels_there_were(team: Team) -> None:
    first, second, third = team.tasks("a", "b", "c")
    ann, bob = team.people("ann", "bob")
    ann.submit(first, set={"spans": [{"label": "ORG"}]})
    bob.submit(second, set={"spans": [{"label": "PER"}]})
    version = team.operator(labelling.retire_label, label="ORG")["version"]
    ann.submit(third, set={"spans": []})
    given = {row["task"]: row["label_version"] for row in team.sql("SELECT task, label_version FROM answer")}
    assert given == {int(first): 0, int(second): 0, int(third): version}
    every = team.operator(labelling.affected)
    assert every == {
        "answers": [{"task_id": first, "session": "ann"}, {"task_id": second, "session": "bob"}],
        "after": None,
    }
    assert team.operator(labelling.affected, label="ORG")["answers"] == every["answers"][:1]
    assert team.operator(labelling.affected, version=0)["answers"] == []
    assert team.operator(labelling.affected, version=2**70, after=2**70)["answers"] == []


def test_what_is_affected_goes_back_to_its_authors(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelling, "LIMIT", 2)
    monkeypatch.setattr(labelling, "PAGE", 1)
    tasks = team.tasks("a", "b", "c")
    ann = team.seat("ann")
    for task in tasks:
        ann.submit(task, set={"spans": [{"label": "ORG"}]})
    team.operator(labelling.rename_label, label="ORG", new="COMPANY")
    named = {"label": "ORG", "comment": "ORG is COMPANY now."}
    first = team.operator(labelling.reopen_affected, **named)
    assert (first["answers"], first["after"] is None) == (2, False)
    assert team.operator(labelling.reopen_affected, **named, after=first["after"]) == {
        "answers": 1,
        "after": None,
    }
    entries = ann.reply(5)["tasks"]
    assert {entry["draft"]["message"] for entry in entries} == {"ORG is COMPANY now."}
    ann.submit(tasks[0], set={"spans": [{"label": "COMPANY"}]})
    assert team.operator(labelling.affected)["answers"] == []


@pytest.mark.parametrize(
    ("function", "named", "error", "said"),
    [
        (labelling.add_label, {"label": "PER"}, InputError, "has a label 'PER' already"),
        (labelling.add_label, {"label": " x"}, InputError, "without spaces around it"),
        (labelling.rename_label, {"label": "PER", "new": "ORG"}, InputError, "Merge 'PER' into it"),
        (labelling.rename_label, {"label": "PER", "new": " "}, InputError, "without spaces around it"),
        (labelling.rename_label, {"label": "X", "new": "Y"}, NotKnown, "It has: PER, ORG"),
        (labelling.merge_labels, {"label": "PER", "into": "PER"}, InputError, "into itself"),
        (labelling.merge_labels, {"label": "PER", "into": "X"}, NotKnown, "no label 'X'"),
        (labelling.retire_label, {"label": "X"}, NotKnown, "no label 'X'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    team: Team, function: Any, named: dict[str, str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        team.operator(function, **named)
    assert project(team)["labels"] == ["PER", "ORG"]


def test_the_last_label_stays(team: Team) -> None:
    team.operator(labelling.retire_label, label="PER")
    with pytest.raises(InputError, match="the only label"):
        team.operator(labelling.retire_label, label="ORG")


def test_options_that_are_labels_follow(team: Team) -> None:
    team.run(labels=["A", "B"], view_id="choice")
    assert "label_changes" not in project(team)["config"]
    team.operator(labelling.set_instructions, text="x")
    assert "label_changes" not in project(team)["config"]
    team.operator(labelling.rename_label, label="A", new="AA")
    assert project(team)["config"]["label_changes"] == {
        "known": ["A", "B", "AA"],
        "changes": [{"kind": "rename", "label": "A", "new": "AA"}],
    }


def test_options_are_the_labels_of_a_choice_without_any(team: Team) -> None:
    team.run(view_id="choice")
    assert team.operator(labelling.labels)["labels"] == []
    team.tasks({"text": "a", "options": [{"id": "A", "text": "Apple"}, {"id": "B"}]})
    assert team.operator(labelling.add_label, label="C")["labels"] == ["A", "B", "C"]
    assert project(team)["labels"] == ["A", "B", "C"]


@pytest.mark.parametrize("options", [None, [{"id": 1}, {"id": 2}], ["A"], [{"text": "A"}]])
def test_options_that_are_no_labels_are_not_changed_here(team: Team, options: Any) -> None:
    team.run(view_id="choice")
    team.tasks({"text": "a", "options": options})
    with pytest.raises(InputError, match="no ids that are texts"):
        team.operator(labelling.add_label, label="C")


def test_labels_that_tasks_ask_about_are_not_changed_here(team: Team) -> None:
    team.run(labels=["A", "B"], view_id="classification")
    with pytest.raises(InputError, match="a label of its own"):
        team.operator(labelling.add_label, label="C")
    assert team.operator(labelling.set_instructions, text="x")["instructions"] == "x"


def test_a_dataset_without_a_run_has_no_labels(team: Team) -> None:
    team.do(datasets.ensure_dataset, name="empty")
    with pytest.raises(NotKnown, match="No recipe was started"):
        team.do(labelling.labels, dataset="empty")
