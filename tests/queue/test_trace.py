"""The life of a record, by its task, hash or row."""

from typing import Any

import pytest
from tests.queue.team import START, Team

from tallymark.errors import InputError, NotKnown
from tallymark.hashing import set_hashes, without_private
from tallymark.queue import enqueue, settle, trace


@pytest.fixture
def team(team: Team) -> Team:
    """Three rows: a task that lived, one that nobody saw, an invalid row."""
    team.run(wants=["update"])
    source = team.source()
    team.rows(source, {"text": "a", "n": 10**30}, "b")
    team.hosted(enqueue.enqueue, fates=[[source, 3, "invalid", "no text"]], read={str(source): 3})
    ann, bob = team.people("ann", "bob")
    ann.lease()
    ann.submit("1", "reject", op_id="first", set={"label": "A"}, active_ms=5, shown_at=START - 1)
    bob.submit("1", op_id="second")
    team.due(stopping=True)
    team.hosted(settle.delivered, op_ids=["first"])
    return team


def hashed(document: dict[str, Any]) -> dict[str, Any]:
    """A document with the hashes of its default keys."""
    return without_private(set_hashes(dict(document)))


def traced(team: Team, **asked: Any) -> dict[str, Any]:
    return team.operator(trace.trace, **asked)


def found(team: Team, **asked: Any) -> list[str]:
    return [task["task_id"] for task in traced(team, **asked)["tasks"]]


def test_a_life_is_told_from_its_row_to_the_model(team: Team) -> None:
    [life] = traced(team, task_id="1")["tasks"]
    assert life["task"] == {"text": "a", "n": 10**30}
    assert (life["state"], life["overlap"], life["taken"], life["counted"]) == ("done", 1, 1, 1)
    row = {"uri": "/rows.jsonl", "version": 1, "ordinal": 1, "how": "exact", "fate": "task", "note": None}
    assert life["rows"] == [{**row, "duplicates": []}]
    assert [(one["session"], one["state"], one["standing"]) for one in life["assignments"]] == [
        ("ann", "answered", "counted"),
        ("bob", "answered", "surplus"),
    ]
    first, second = life["answers"]
    assert (first["op_id"], first["decision"], first["changes"]) == (
        "first",
        "reject",
        {"set": {"label": "A"}},
    )
    assert (first["active_ms"], first["shown_at"], first["server_time"]) == (5, START - 1, START)
    assert (second["session"], second["changes"]) == ("bob", {})
    assert [(one["session"], one["kind"], one["delivered_at"]) for one in life["deliveries"]] == [
        ("ann", "update", START),
        ("bob", "update", None),
    ]


def test_a_life_that_has_not_begun_is_short(team: Team) -> None:
    [life] = traced(team, task_id="2")["tasks"]
    assert (life["assignments"], life["answers"], life["deliveries"]) == ([], [], [])


@pytest.mark.parametrize("hash_name", ["input_hash", "task_hash"])
def test_a_record_is_found_by_either_hash(team: Team, hash_name: str) -> None:
    assert found(team, hash=team.task("2")[hash_name]) == ["2"]


def test_a_row_is_found_with_its_fate(team: Team) -> None:
    assert found(team, row=2) == ["2"]
    fate = {"uri": "/rows.jsonl", "version": 1, "fate": "invalid", "note": "no text", "of": None}
    assert traced(team, row=3) == {"tasks": [], "row_fates": [fate], "note": None}
    assert traced(team, task_id="1")["row_fates"] == []


@pytest.mark.parametrize(
    "asked",
    [
        {"task_id": "99"},
        {"task_id": "x"},
        {"hash": 2**70},
        {"hash": "00" * 16},
        {"row": -(2**70)},
        {"row": 1, "source": "other.jsonl"},
    ],
)
def test_what_is_not_there_is_not_found(team: Team, asked: dict[str, Any]) -> None:
    assert traced(team, **asked) == {"tasks": [], "row_fates": [], "note": None}


def test_a_row_that_was_not_read_says_so(team: Team) -> None:
    [fate] = traced(team, row=2**70)["row_fates"]
    assert (fate["fate"], fate["of"]) == ("not read yet", None)
    source = team.source("/more.jsonl")
    team.rows(source, "x", None)
    assert [fate["fate"] for fate in traced(team, row=2, source="more.jsonl")["row_fates"]] == ["pending"]


def test_an_older_version_of_a_source_waits_for_nothing(team: Team) -> None:
    team.source(fingerprint="2")
    fates = [(fate["version"], fate["fate"]) for fate in traced(team, row=4)["row_fates"]]
    assert fates == [(2, "not read yet")]


def test_a_duplicate_leads_to_what_it_repeats(team: Team) -> None:
    more = team.source("/more.jsonl")
    team.rows(more, "b")
    own = team.source("/own.jsonl")
    team.rows(own, "c", "c")
    [fate] = traced(team, row=2, source="own.jsonl")["row_fates"]
    assert (fate["fate"], fate["of"]) == ("duplicate", {"source": own, "row": 1})
    [life] = traced(team, row=2, source="/own.jsonl")["tasks"]
    assert life["task"] == {"text": "c"}
    assert life["rows"][0]["duplicates"] == [{"uri": "/own.jsonl", "version": 1, "first": 2, "last": 2}]
    [fate] = traced(team, row=1, source="more.jsonl")["row_fates"]
    assert fate["of"] == {"source": 1, "row": 2}
    assert found(team, row=1, source="more.jsonl") == ["2"]


def test_a_text_is_found_as_an_input_before_documents_are_searched(team: Team) -> None:
    [exact] = team.tasks(hashed({"text": "50% of it"}))
    reply = traced(team, text="50% of it")
    assert ([task["task_id"] for task in reply["tasks"]], reply["note"]) == (
        [exact],
        "Found as an input of exactly this text.",
    )
    reply = traced(team, text="50% of")
    assert [task["task_id"] for task in reply["tasks"]] == [exact]
    assert "every document was searched" in reply["note"]
    assert found(team, text="50_ of it") == []
    assert team.operator(trace.tasks_of_text, text="50% of it") == [exact]
    assert team.operator(trace.tasks_of_text, text="50% of") == []


def test_what_hashes_are_made_of_is_told(team: Team) -> None:
    whole, keyed, given = team.tasks(
        hashed({"note": "no input key"}),
        hashed({"text": "x", "label": "A"}),
        {"text": "hashed by somebody else", "_input_hash": 1, "_task_hash": 2},
    )
    lives = [traced(team, task_id=task)["tasks"][0] for task in (whole, keyed, given)]
    assert [life["made_of"] for life in lives] == [
        {"input_hash": [], "task_hash": []},
        {"input_hash": ["text"], "task_hash": ["label"]},
        {"input_hash": None, "task_hash": None},
    ]
    assert found(team, hash=lives[1]["identity"]) == [keyed]
    assert found(team, hash=str(lives[1]["input_hash"])) == [keyed]


def test_tasks_about_the_same_input_name_each_other(team: Team) -> None:
    one, two = team.tasks({"text": "x", "label": "A"}, {"text": "x", "label": "B"})
    assert traced(team, task_id=one)["tasks"][0]["same_input"] == [two]


def test_what_is_no_hash_is_refused(team: Team) -> None:
    with pytest.raises(InputError, match="'abc' is no hash"):
        traced(team, hash="abc")


def test_every_lease_is_told_with_its_end(team: Team) -> None:
    team.clock.forward(1)
    ann, bob = team.people("ann", "bob")
    bob.lease()
    team.clock.forward(1000)
    ann.lease()
    team.clock.forward(1)
    ann.release()
    team.clock.forward(1)
    ann.lease()
    team.clock.forward(1)
    ann.submit("2")
    team.clock.forward(1)
    ann.undo("2")
    leases = traced(team, task_id="2")["tasks"][0]["leases"]
    at = [(each["session"], each["how"], each["leased_at"] - START, each["ended_at"]) for each in leases]
    assert [(name, how, begun, ended and ended - START) for name, how, begun, ended in at] == [
        ("bob", "expired", 1, 1001),
        ("ann", "released", 1001, 1002),
        ("ann", "answered", 1003, 1004),
        ("ann", "held", 1005, None),
    ]
    assert leases[-1]["lease_until"] == START + 1005 + 900
    ann.submit("2")
    assert traced(team, task_id="2")["tasks"][0]["leases"][-1]["how"] == "answered"


def test_revisions_say_what_they_changed_of_the_one_before(team: Team) -> None:
    ann = team.seat("ann")
    ann.submit("2", set={"spans": [{"start": 0}, {"start": 1}], "label": "A"})
    ann.submit("2", set={"spans": [{"start": 1}, {"start": 2}]}, unset=["label"], active_ms=1500)
    ann.submit("2", set={"spans": [{"start": 2}, {"start": 1}]}, base=1)
    first, second, third = traced(team, task_id="2")["tasks"][0]["answers"]
    assert first["difference"] == [
        {"key": "spans", "added": [{"start": 0}, {"start": 1}], "removed": []},
        {"key": "label", "to": "A"},
    ]
    assert second["difference"] == [
        {"key": "spans", "added": [{"start": 2}], "removed": [{"start": 0}]},
        {"key": "label", "from": "A"},
    ]
    assert (second["current"], second["standing"], second["active_ms"]) == (True, "counted", 1500)
    assert second["exported"]["spans"] == [{"start": 1}, {"start": 2}]
    assert (third["conflict"], third["current"], third["exported"]) == (True, False, None)


def test_a_list_whose_order_alone_changed_is_told_whole(team: Team) -> None:
    ann = team.seat("ann")
    ann.submit("2", set={"spans": [1, 2]})
    ann.submit("2", set={"spans": [2, 1]})
    assert traced(team, task_id="2")["tasks"][0]["answers"][1]["difference"] == [
        {"key": "spans", "from": [1, 2], "to": [2, 1]}
    ]


def test_drafts_forms_and_what_operators_did_are_told(team: Team) -> None:
    team.run(wants=["before_db"])
    ann = team.seat("ann")
    ann.submit("2", op_id="formed")
    team.hosted(settle.store_forms, forms={"formed": {"text": "b", "made": True}})
    ann.draft("2", set={"label": "half"})
    team.withdraw("2")
    [life] = traced(team, task_id="2")["tasks"]
    assert [(draft["session"], draft["changes"]["set"]) for draft in life["drafts"]] == [
        ("ann", {"label": "half"})
    ]
    assert life["answers"][0]["stored_form"] == {"text": "b", "made": True} == life["answers"][0]["exported"]
    assert [(event["kind"], event["at"]) for event in life["events"]] == [("task_withdrawn", START)]


def test_records_of_other_datasets_are_not_found(team: Team) -> None:
    other = team.other("books")
    assert (found(other, task_id="1"), found(other, row=1)) == ([], [])


def test_something_has_to_be_asked_for(team: Team) -> None:
    with pytest.raises(InputError, match="a task id, a row number, a hash or a text"):
        traced(team)
    with pytest.raises(NotKnown):
        team.do(trace.trace, dataset="other", row=1)
