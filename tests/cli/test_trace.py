"""`tallymark trace`: the life of a record in words, and as JSON."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Call, words
from tests.queue.team import Team

from tallymark.queue import enqueue, operate, settle


@pytest.fixture
def lived(team: Team, tmp_path: Path) -> Path:
    """A file whose second row is asked, stolen, answered, edited and told to a model; a third is invalid."""
    path = tmp_path / "news.jsonl"
    path.write_text('{"text": "a"}\n\n{"text": "b"}\n[]\n{"text": "b"}\n')
    team.run(wants=["update"])
    source = team.source(str(path), known_rows=5)
    team.rows(source, "a", "b", None, "b")
    team.hosted(enqueue.enqueue, fates=[[source, 3, "invalid", "news.jsonl:4: no object"]])
    ann, bob = team.people("ann", "bob")
    bob.lease(2)
    team.clock.forward(3600)
    ann.lease(2)
    team.clock.forward(60)
    ann.submit("2", set={"label": "A", "spans": [{"start": 1}]}, active_ms=4200, comment="hm")
    ann.submit("2", "reject", set={"label": "B", "spans": []}, op_id="edit")
    ann.draft("2", set={"label": "C"})
    bob.submit("2", base=0)
    ann.submit("2", base=0)
    team.due(stopping=True)
    team.hosted(settle.delivered, op_ids=[], unseen=["edit"])
    team.operator(operate.withdraw_task, task_id="2")
    return path


def test_a_life_is_told_line_by_line(call: Call, lived: Path) -> None:
    out, _ = call("trace", "news", "--row", 2)
    told = words(out)
    assert told.startswith(f"{lived}:3: task task 2: withdrawn, 1 of 1 answers counted")
    assert f"row {lived}:3 (link: exact)" in told
    assert f"duplicate {lived}, row 4" in told
    assert "given with the row, or made of other keys" in told
    in_order = [
        "queued",
        "bob: leased",
        "bob: lease expired",
        "ann: leased",
        "ann: revision 1, submitted, accept, 4.2 s active, comment 'hm'",
        '+ label: "A"',
        '+ spans: {"start":1}',
        "ann: revision 2, submitted, reject, current, counted",
        '− spans: {"start":1}',
        '− label: "A" + label: "B"',
        "given to the model (update), which it cannot take back",
        "operator: task withdrawn",
    ]
    places = [told.index(part) for part in in_order if part not in ("ann: leased", '− spans: {"start":1}')]
    assert places == sorted(places)
    assert all(part in told for part in in_order)
    assert "not current: made on an older revision" in told
    assert 'ann: draft; {"set":{"label":"C"}' in told
    assert "2027-01-15 09:00:00 bob: lease expired" in told


def test_a_duplicate_leads_to_its_original_and_an_invalid_row_says_why(call: Call, lived: Path) -> None:
    told = words(call("trace", "news", "--row", f"{lived.name}:4")[0])
    assert told.startswith(f"{lived}:5: duplicate (of row 2) task 2: withdrawn")
    assert words(call("trace", "news", "--row", 3)[0]) == (
        f"{lived}:4: invalid (news.jsonl:4: no object) No task was found."
    )
    assert "row 5: not read yet" in words(call("trace", "news", "--row", 5)[0])


def test_json_has_everything(call: Call, lived: Path) -> None:
    shown = json.loads(call("trace", "news", "--task", 2, "--json")[0])
    [task] = shown["tasks"]
    assert task["rows"][0]["place"] == f"{lived}:3"
    assert [lease["how"] for lease in task["leases"]] == ["expired", "answered"]


def test_what_is_not_there_is_said_with_exit_code_1(call: Call, lived: Path) -> None:
    assert words(call("trace", "news", "--text", "nowhere", code=1)[0]) == (
        "No input is exactly this text; every document was searched for it. No task was found."
    )
    lived.unlink()
    assert "news.jsonl, row 2: task" in call("trace", "news", "--row", 2)[0]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([], "Say which record to trace"),
        (["--text", ""], "Say which record to trace"),
        (["--task", "1", "--row", "2"], "one of them"),
        (["--row", "x"], "expected a row number from 1, or FILE:ROW"),
        (["--row", "0"], "expected a row number from 1"),
        (["--hash", "zz"], "'zz' is no hash"),
    ],
)
def test_what_cannot_be_asked_is_refused(call: Call, lived: Path, asked: list[str], said: str) -> None:
    assert said in call("trace", "news", *asked, code=2)[1]


def test_a_held_task_and_one_without_rows(call: Call, team: Team) -> None:
    [task] = team.tasks({"text": "b"})
    same = team.tasks({"text": "b", "label": "A"})
    team.run(wants=["update", "before_db"])
    team.seat("ann").lease()
    told = words(call("trace", "news", "--task", task)[0])
    assert "row none: it was imported or made by a recipe" in told
    assert f"same input task {same[0]}" in told
    assert "ann: the lease may be taken from here on" in told
    ann = team.seat("ann")
    ann.submit(task)
    team.due(stopping=True)
    told = words(call("trace", "news", "--task", task)[0])
    assert "waits for before_db" in told
    assert "on its way to the model (update)" in told
