"""Saving operations: every ack, every kind of base, and values that come back as they were given."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import SHAPES, START, Person, Team

from tallymark import jsontext
from tallymark.errors import NotKnown
from tallymark.hashing import identities
from tallymark.interfaces import SHAPES as INTERFACE_SHAPES
from tallymark.queue import answers, importing, operate
from tallymark.store.reading import StoredDatasets
from tallymark.types import Task

REFUSED = "failed: two labels overlap"


@pytest.fixture
def ann(team: Team) -> Person:
    """A person who holds the one task there is, with the id 1."""
    team.tasks(
        {"text": "a", "spans": [{"start": 0, "id": 2**70}, {"start": 5, "w": 0.1}], "meta": {"k": "v"}}
    )
    person = team.seat("ann")
    person.lease()
    return person


def current(person: Person) -> Task:
    """The answered document of task 1, as history gives it."""
    document: Task = person.history()["answers"][0]["task"]
    return document


def rows(person: Person) -> list[dict[str, Any]]:
    """All revisions of task 1."""
    found = person.team.sql("SELECT * FROM answer ORDER BY id")
    return [{key: row[key] for key in row.keys()} for row in found]  # noqa: SIM118


# -- acks ---------------------------------------------------------------------------------------------


def test_stored_names_the_revision(ann: Person) -> None:
    op = ann.op("1")
    assert ann.send(op) == {"op_id": op["op_id"], "revision": 1, "result": "stored", "detail": None}
    assert ann.send(ann.op("1"))["revision"] == 2


def test_operations_of_one_call_are_stored_in_their_order(ann: Person) -> None:
    first = ann.op("1", set={"label": "A"})
    second = ann.op("1", base=first["op_id"], set={"label": "B"})
    third = ann.op("1", "retracted", base=second["op_id"])
    fourth = ann.op("1", base=third["op_id"], set={"note": "n"})
    assert [ack["result"] for ack in ann.save(first, second, third, fourth)] == ["stored"] * 4
    assert (current(ann)["label"], current(ann)["note"]) == ("B", "n")


def test_sending_a_submission_again_changes_nothing(ann: Person) -> None:
    op = ann.op("1")
    ann.send(op)
    assert ann.send(op) == {"op_id": op["op_id"], "revision": 1, "result": "repeated", "detail": None}
    assert len(rows(ann)) == 1
    assert ann.team.counters("1") == (1, 1)


def test_sending_a_whole_lost_batch_again_changes_nothing(ann: Person) -> None:
    draft = ann.op("1", "draft", set={"label": "A"})
    submit = ann.op("1", base=draft["op_id"], set={"label": "A"})
    retract = ann.op("1", "retracted", base=submit["op_id"])
    ann.save(draft, submit, retract)
    assert [ack["result"] for ack in ann.save(draft, submit, retract)] == ["repeated"] * 3
    assert ann.team.sql("SELECT * FROM draft") == []
    assert ann.place("1") == "leased slot"


def test_surplus_is_acknowledged_as_such(ann: Person) -> None:
    bob = ann.team.seat("bob")
    assert bob.submit("1") == "surplus"


def test_a_stale_base_is_kept_beside_and_shown_with_the_current_revision(ann: Person) -> None:
    ann.submit("1", set={"label": "A"})
    ack = ann.send(ann.op("1", base=0, decision="reject", set={"label": "B"}))
    assert (ack["result"], ack["revision"]) == ("conflict", 2)
    assert ack["current"]["revision"] == 1
    assert (ack["current"]["status"], ack["current"]["decision"]) == ("submitted", "accept")
    assert ack["current"]["task"]["label"] == "A"
    assert (ann.revision("1"), current(ann)["label"]) == (1, "A")
    assert jsontext.loads(rows(ann)[1]["changes"]) == {"set": {"label": "B"}}


def test_the_choice_after_a_conflict_is_a_new_operation(ann: Person) -> None:
    ann.submit("1", set={"label": "A"})
    ann.submit("1", base=0, set={"label": "B"})
    assert ann.submit("1", set={"label": "B"}) == "stored"
    assert (ann.revision("1"), current(ann)["label"]) == (3, "B")


def test_a_conflict_sent_again_is_a_conflict_still(ann: Person) -> None:
    ann.submit("1")
    stale = ann.op("1", base=0)
    first, again = ann.send(stale), ann.send(stale)
    assert again == first
    assert len(rows(ann)) == 2


def test_a_conflict_with_a_retraction_says_so(ann: Person) -> None:
    ann.submit("1", set={"label": "A"})
    ann.undo("1")
    ack = ann.send(ann.op("1", base=1))
    assert ack["result"] == "conflict"
    assert (ack["current"]["status"], ack["current"]["revision"]) == ("retracted", 2)


def test_retracting_what_is_retracted_already_is_a_conflict(ann: Person) -> None:
    ann.submit("1")
    ann.undo("1")
    assert ann.undo("1") == "conflict"
    assert ann.place("1") == "leased slot"


def test_retracting_what_was_never_answered_is_a_conflict(ann: Person) -> None:
    ack = ann.send(ann.op("1", "retracted"))
    assert ack["result"] == "conflict"
    assert ack["current"] == {
        "revision": 0,
        "status": "leased",
        "decision": None,
        "task": ann.reply()["tasks"][0]["task"],
        "comment": None,
        "reason": None,
    }


def test_a_conflict_about_an_untouched_task_shows_the_task(team: Team) -> None:
    [task] = team.tasks("a")
    ack = team.seat("ann").send(team.seat("ann").op(task, "retracted"))
    assert (ack["result"], ack["current"]["status"]) == ("conflict", "leased")


def test_an_unknown_task_goes_to_quarantine(ann: Person) -> None:
    ack = ann.send(ann.op("99", set={"label": "A"}))
    assert (ack["result"], ack["revision"]) == ("quarantined", None)
    assert "no task 99" in str(ack["detail"])
    [kept] = ann.team.sql("SELECT * FROM quarantine")
    assert jsontext.loads(kept["body"])["set"] == {"label": "A"}
    assert ann.team.books()["apart"]["quarantined"] == 1


def test_a_task_of_another_dataset_goes_to_quarantine(ann: Person) -> None:
    [elsewhere] = ann.team.other("sport").tasks("b")
    assert ann.submit(elsewhere) == "quarantined"


def test_a_quarantined_operation_sent_again_is_kept_once(ann: Person) -> None:
    op = ann.op("99")
    assert ann.send(op) == ann.send(op)
    assert len(ann.team.sql("SELECT * FROM quarantine")) == 1


def test_an_op_id_of_another_session_goes_to_quarantine_each_with_its_own_words(ann: Person) -> None:
    op = ann.op("1")
    ann.send(op)
    for name in ("bob", "cyd"):
        ack = ann.team.seat(name).send({**op, "comment": name})
        assert (ack["result"], ack["detail"]) == (
            "quarantined",
            "This op_id was used before for another task or by another session.",
        )
    bodies = [jsontext.loads(row["body"]) for row in ann.team.sql("SELECT body FROM quarantine ORDER BY id")]
    assert [body["comment"] for body in bodies] == ["bob", "cyd"]


def test_an_op_id_of_another_task_goes_to_quarantine(ann: Person) -> None:
    [other] = ann.team.tasks("b")
    op = ann.op("1", "draft")
    ann.send(op)
    assert ann.send({**op, "task_id": other, "status": "submitted"})["result"] == "quarantined"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"status": "saved"}, "status 'saved'"),
        ({"decision": "maybe"}, "decision 'maybe'"),
        ({"decision": None}, "decision None"),
        ({"status": "retracted", "decision": "maybe"}, "decision 'maybe'"),
        ({"base": 1.5}, "'base' is float"),
        ({"base": True}, "'base' is bool"),
        ({"set": ["label"]}, "'set' is list"),
        ({"unset": "label"}, "'unset' is str"),
        ({"unset": [1]}, "'unset' is a list of keys"),
        ({"task": []}, "'task' is list"),
        ({"comment": 5}, "'comment' is int, not str"),
        ({"client_time": "now"}, "'client_time' is str, not int or float"),
        ({"task_id": None}, "no task None"),
        ({"task_id": "1 OR 1"}, "no task 1 OR 1"),
        ({"set": {"n": math.nan}}, "nan"),
        ({"set": {"spans": [{"$keep": 7}]}}, "no element 7"),
    ],
)
def test_what_cannot_be_understood_goes_to_quarantine_with_its_reason(
    ann: Person, wrong: dict[str, Any], reason: str
) -> None:
    ack = ann.send({**ann.op("1"), **wrong})
    assert ack["result"] == "quarantined"
    assert reason in str(ack["detail"])
    assert len(ann.team.sql("SELECT * FROM quarantine")) == 1
    assert ann.place("1") == "leased slot"
    assert ann.submit("1") == "stored"


def test_nothing_given_is_no_change(ann: Person) -> None:
    nothing = {"base": None, "set": None, "unset": None, "task": None, "comment": None, "active_ms": None}
    assert ann.send({**ann.op("1"), **nothing})["result"] == "stored"
    assert rows(ann)[0]["changes"] is None


def test_numbers_that_no_database_holds_do_not_stop_an_answer(ann: Person) -> None:
    assert ann.submit("1", active_ms=2**70, client_time=math.inf, shown_at=-math.inf) == "stored"
    [row] = rows(ann)
    assert (row["active_ms"], row["client_time"], row["shown_at"]) == (None, None, None)
    for base in (2**70, -1):
        ack = ann.send({**ann.op("1"), "base": base})
        assert (ack["result"], ack["detail"]) == (
            "quarantined",
            f"'base' is {base}, which is no number of a revision.",
        )


@pytest.mark.parametrize("time", [-1.0, 1e18, 253_402_300_800])
def test_a_time_that_cannot_be_is_none(ann: Person, time: float) -> None:
    assert ann.submit("1", client_time=time, shown_at=1.5, active_ms=-5) == "stored"
    [row] = rows(ann)
    assert (row["active_ms"], row["client_time"], row["shown_at"]) == (None, None, 1.5)


def test_halves_of_characters_in_comments_are_replaced_and_the_answer_stands(ann: Person) -> None:
    assert ann.submit("1", comment="half \ud83d", reason="joined \ud83d\ude00") == "stored"
    [row] = rows(ann)
    assert (row["comment"], row["reason"]) == ("half \ufffd", "joined 😀")


def test_an_op_id_with_half_a_character_is_one_all_the_same(ann: Person) -> None:
    op = {**ann.op("1"), "op_id": "x\ud83d"}
    assert [ann.send(op)["result"] for _ in range(2)] == ["stored", "repeated"]


def test_an_answer_that_is_missing_from_the_database_does_not_stop_the_others(team: Team) -> None:
    first, second = team.tasks("a", "b")
    ann = team.seat("ann")
    ann.submit(first)
    ann.submit(first)
    edit, other = ann.op(first, "retracted"), ann.op(second)
    team.sql("UPDATE answer SET revision = 5 WHERE revision = 2")
    acks = ann.save(edit, other)
    assert [ack["result"] for ack in acks] == ["quarantined", "stored"]
    assert acks[0]["detail"] == f"Revision 2 of task {first} is missing."
    team.sql("UPDATE answer SET revision = 2 WHERE revision = 5")


REFUSING = {
    "sqlite": (
        "CREATE TRIGGER no BEFORE INSERT ON answer WHEN new.task = 1 BEGIN SELECT RAISE(ABORT, 'no'); END",
        "DROP TRIGGER no",
    ),
    "postgresql": (
        "ALTER TABLE answer ADD CONSTRAINT no CHECK (task <> 1)",
        "ALTER TABLE answer DROP CONSTRAINT no",
    ),
}


def test_an_operation_that_fails_midway_leaves_the_counters_as_they_were(ann: Person) -> None:
    """The database refuses the last step; the next operation of the call must find everything unchanged."""
    team = ann.team
    [other] = team.tasks("b")
    refuse, allow = REFUSING["sqlite" if team.store.path else "postgresql"]
    team.sql(refuse)
    assert [ack["result"] for ack in ann.save(ann.op("1"), ann.op(other))] == ["quarantined", "stored"]
    team.sql(allow)
    assert (ann.place("1"), team.counters("1"), ann.row["held"]) == ("leased slot", (1, 0), 1)
    assert (ann.row["answered"], ann.row["position"]) == (1, 1)


def test_a_failing_database_is_not_the_operations_fault(ann: Person) -> None:
    ann.team.sql("DROP INDEX answer_session")
    ann.team.sql("ALTER TABLE draft_op RENAME TO gone")
    with pytest.raises(Exception, match=r"no such table|does not exist"):
        ann.submit("1")
    ann.team.sql("ALTER TABLE gone RENAME TO draft_op")
    assert ann.submit("1") == "stored"


def test_an_unknown_session_is_told_to_claim_its_seat(team: Team) -> None:
    with pytest.raises(NotKnown):
        team.do(answers.save, session="nobody", ops=[], shapes=SHAPES)


# -- bases --------------------------------------------------------------------------------------------


def test_a_base_that_names_an_unknown_operation_is_a_conflict_once_something_was_answered(
    ann: Person,
) -> None:
    ann.submit("1")
    assert ann.submit("1", base="never seen") == "conflict"
    assert rows(ann)[1]["base"] is None


def test_a_base_that_names_an_operation_of_another_task_is_a_conflict(ann: Person) -> None:
    [other] = ann.team.tasks("b")
    op = ann.op(other)
    ann.send(op)
    ann.submit("1")
    assert ann.submit("1", base=op["op_id"]) == "conflict"


def test_a_base_that_does_not_exist_is_a_conflict(ann: Person) -> None:
    ann.submit("1")
    assert ann.submit("1", base=9) == "conflict"


def test_where_nothing_was_answered_there_is_nothing_to_conflict_with(ann: Person) -> None:
    assert ann.submit("1", base="gone") == "stored"


def test_a_draft_may_be_the_base(ann: Person) -> None:
    ann.submit("1", set={"label": "A"})
    draft = ann.op("1", "draft", set={"label": "B"})
    assert ann.send(draft)["result"] == "stored"
    assert ann.submit("1", base=draft["op_id"], set={"label": "B"}) == "stored"


# -- changes ------------------------------------------------------------------------------------------


def test_changes_are_kept_against_the_original_document(ann: Person) -> None:
    ann.submit("1", set={"label": "A", "note": "n"}, unset=["meta"])
    ann.submit("1", set={"label": "B", "meta": {}}, unset=["note"])
    assert jsontext.loads(rows(ann)[1]["changes"]) == {"set": {"label": "B", "meta": {}}, "unset": ["note"]}
    assert current(ann)["label"] == "B"


def test_a_whole_document_says_the_same_as_its_changes(ann: Person) -> None:
    ann.submit("1", task={"text": "a", "label": "A", "spans": []})
    assert jsontext.loads(rows(ann)[0]["changes"]) == {"set": {"label": "A", "spans": []}, "unset": ["meta"]}


def test_a_whole_document_is_compared_with_the_one_at_its_base(ann: Person) -> None:
    ann.submit("1", set={"label": "A"})
    ann.submit("1", task={**current(ann), "label": "B"})
    ann.submit("1", task={key: value for key, value in current(ann).items() if key != "label"})
    assert "label" not in current(ann)


EXACT = [10**19, 10**20, -(10**30), 0.1, 5e-324, -0.0, 1e22, "a\x00b", "\ud83d", "é", [1, 1.0, True, None]]


@pytest.mark.parametrize("value", EXACT, ids=repr)
def test_a_value_that_is_set_comes_back_exactly(ann: Person, value: object) -> None:
    ann.submit("1", set={"value": value})
    [exported] = StoredDatasets(ann.team.store).answers("news")
    assert jsontext.dumps(exported["value"]) == jsontext.dumps(value)
    assert jsontext.dumps(current(ann)["value"]) == jsontext.dumps(value)


@pytest.mark.parametrize("value", EXACT, ids=repr)
def test_a_value_of_the_task_that_is_kept_comes_back_exactly(team: Team, value: object) -> None:
    [task] = team.tasks({"text": "a", "spans": [{"x": 1}, {"start": 0, "value": value}]})
    ann = team.seat("ann")
    ann.submit(task, set={"spans": [{"$keep": 1}, {"$keep": 1, "set": {"label": "A"}, "unset": ["start"]}]})
    [exported] = StoredDatasets(team.store).answers("news")
    wanted = [{"start": 0, "value": value}, {"value": value, "label": "A"}]
    assert jsontext.dumps(exported["spans"]) == jsontext.dumps(wanted)


def test_keep_refers_to_the_document_at_the_base(ann: Person) -> None:
    ann.submit("1", set={"spans": [{"$keep": 1}]})
    ann.submit("1", set={"spans": [{"$keep": 0}, {"start": 9}]})
    assert current(ann)["spans"] == [{"start": 5, "w": 0.1}, {"start": 9}]


def test_a_revision_carries_what_surrounded_it(ann: Person) -> None:
    more = {"client_time": 1.5, "shown_at": 1.0, "active_ms": 1234.4, "comment": "c", "reason": "r"}
    ann.submit("1", "ignore", **more)
    [row] = rows(ann)
    assert (row["client_time"], row["shown_at"], row["active_ms"]) == (1.5, 1.0, 1234)
    assert (row["comment"], row["reason"], row["decision"]) == ("c", "r", "ignore")
    assert (row["server_time"], row["run"], row["base"]) == (START, ann.team.fence["run"], 0)


# -- fingerprints -------------------------------------------------------------------------------------


def test_equal_answers_have_equal_fingerprints_whether_said_or_kept(team: Team) -> None:
    said, kept, other = team.tasks({"text": "a"}, {"text": "b", "label": "A"}, {"text": "c", "label": "A"})
    ann = team.seat("ann")
    ann.submit(said, set={"label": "A"})
    ann.submit(kept)
    ann.submit(other, unset=["label"])
    first, second, third = [row["fingerprint"] for row in rows(ann)]
    assert first == second != third


def test_a_retraction_has_no_fingerprint(ann: Person) -> None:
    ann.submit("1")
    ann.undo("1")
    assert rows(ann)[1]["fingerprint"] is None


def test_a_dataset_without_a_run_is_taken_for_text(ann: Person) -> None:
    ann.submit("1")
    ann.team.sql("UPDATE dataset SET run = NULL")
    ann.submit("1")
    assert rows(ann)[0]["fingerprint"] == rows(ann)[1]["fingerprint"]


def test_what_counts_in_blocks_is_told_by_the_settings_of_the_run(team: Team) -> None:
    """The fields are named there, so the whole document and the settings are asked."""
    blocks = [{"view_id": "text_input", "field_id": name} for name in ("who", "where")]
    team.run(view_id="blocks", config={"blocks": blocks})
    said, kept, other = team.tasks({"text": "a"}, {"text": "b", "who": "Ada"}, {"text": "c", "who": "Ada"})
    ann = team.seat("ann")

    def save(task: str, **changes: Any) -> None:
        operations: list[Any] = [ann.op(task, base=0, decision="accept", **changes)]
        team.do(answers.save, session=ann.token, ops=operations, shapes=INTERFACE_SHAPES)

    save(said, set={"who": "Ada", "meta": {"new": 1}})
    save(kept)
    save(other, set={"where": "London"})
    first, second, third = [row["fingerprint"] for row in rows(ann)]
    assert first == second != third


# -- drafts -------------------------------------------------------------------------------------------


def test_a_draft_comes_back_with_the_lease(ann: Person) -> None:
    assert ann.draft("1", set={"label": "A"}, unset=["meta"], decision=None, comment="half") == "stored"
    assert ann.reply()["tasks"][0]["draft"] == {
        "set": {"label": "A"},
        "unset": ["meta"],
        "decision": None,
        "comment": "half",
        "message": None,
        "base": 0,
    }
    assert ann.team.books()["apart"]["drafts"] == 1


def test_a_newer_draft_takes_the_place_of_the_older(ann: Person) -> None:
    ann.draft("1", set={"label": "A"})
    ann.draft("1", decision="reject")
    [entry] = ann.reply()["tasks"]
    assert (entry["draft"]["set"], entry["draft"]["decision"]) == ({}, "reject")


def test_a_draft_becomes_an_answer_and_is_gone(ann: Person) -> None:
    ann.draft("1", set={"label": "A"})
    ann.submit("1", set={"label": "A"})
    assert ann.team.sql("SELECT * FROM draft") == []


def test_a_draft_outlives_an_expired_lease(ann: Person) -> None:
    bob = ann.team.seat("bob")
    ann.draft("1", set={"label": "A"})
    ann.team.clock.forward(1000)
    bob.lease()
    bob.release()
    assert ann.reply()["tasks"][0]["draft"]["set"] == {"label": "A"}


def test_a_draft_of_a_task_never_leased_is_found_when_it_is(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    assert ann.draft(task, set={"label": "A"}) == "stored"
    assert ann.reply()["tasks"][0]["draft"]["set"] == {"label": "A"}


def test_a_draft_against_an_older_revision_is_kept_and_says_so(ann: Person) -> None:
    ann.submit("1")
    ack = ann.send(ann.op("1", "draft", base=0, set={"label": "A"}))
    assert (ack["result"], ack["revision"]) == ("conflict", 1)
    unknown = ann.send(ann.op("1", "draft", base="never seen", set={"label": "B"}))
    assert unknown["result"] == "conflict"
    assert ann.history()["answers"][0]["draft"]["set"] == {"label": "B"}


def test_a_draft_may_keep_elements(ann: Person) -> None:
    ann.draft("1", set={"spans": [{"$keep": 0}]})
    assert ann.reply()["tasks"][0]["draft"]["set"] == {"spans": [{"start": 0, "id": 2**70}]}


# -- validation ---------------------------------------------------------------------------------------


def test_a_refused_answer_is_kept_as_a_draft_with_the_message(ann: Person) -> None:
    op = ann.op("1", set={"label": "A"})
    [ack] = ann.save(op, validated={op["op_id"]: REFUSED})
    assert (ack["result"], ack["revision"], ack["detail"]) == ("invalid", 0, "two labels overlap")
    draft = ann.reply()["tasks"][0]["draft"]
    assert (draft["set"], draft["message"]) == ({"label": "A"}, "two labels overlap")
    assert rows(ann) == []


def test_a_refused_answer_sent_again_is_refused_again(ann: Person) -> None:
    op = ann.op("1")
    [first] = ann.save(op, validated={op["op_id"]: REFUSED})
    assert ann.send(op) == first


def test_a_refused_edit_is_found_in_history(ann: Person) -> None:
    ann.submit("1", set={"label": "A"})
    op = ann.op("1", set={"label": "B"})
    ann.save(op, validated={op["op_id"]: REFUSED})
    [entry] = ann.history()["answers"]
    assert (entry["task"]["label"], entry["draft"]["set"]) == ("A", {"label": "B"})


@pytest.mark.parametrize("verdict", ["valid", "unvalidated"])
def test_what_validation_said_is_noted(ann: Person, verdict: str) -> None:
    op = ann.op("1")
    ann.save(op, validated={op["op_id"]: verdict})
    assert rows(ann)[0]["validated"] == verdict


def test_a_stale_answer_is_not_noted_as_validated(ann: Person) -> None:
    ann.submit("1")
    op = ann.op("1", base=0)
    ann.save(op, validated={op["op_id"]: "valid"})
    assert rows(ann)[1]["validated"] is None


# -- preview ------------------------------------------------------------------------------------------


def preview(person: Person, op: dict[str, Any]) -> Task | None:
    return person.team.do(answers.preview, session=person.token, op=op)  # type: ignore[arg-type]


def test_a_preview_is_the_whole_answered_document(ann: Person) -> None:
    ann.submit("1", set={"label": "A"})
    document = preview(ann, ann.op("1", decision="reject", set={"spans": [{"$keep": 1}]}, unset=["meta"]))
    assert document == {"text": "a", "spans": [{"start": 5, "w": 0.1}], "label": "A", "answer": "reject"}
    assert ann.revision("1") == 1


def test_a_preview_of_what_makes_no_answer_is_nothing(ann: Person) -> None:
    sent = ann.op("1")
    ann.send(sent)
    for op in (
        sent,
        ann.op("1", "draft"),
        ann.op("99"),
        {**ann.op("1"), "task_id": "x"},
        ann.op("1", set={"spans": [{"$keep": 9}]}),
        ann.op("1", set=["wrong"]),
    ):
        assert preview(ann, op) is None


# -- everything at once -------------------------------------------------------------------------------


def test_what_an_operator_set_aside_stays_aside_whatever_its_author_says(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.submit(task)
    team.operator(operate.withdraw_answer, task_id=task, session="ann")
    ann.undo(task)
    assert (ann.place(task), team.counters(task)) == ("leased", (0, 0))
    assert ann.submit(task) == "stored"
    assert (ann.place(task), team.counters(task)) == ("answered withdrawn", (0, 0))


def test_a_slot_of_somebody_set_aside_goes_back(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.submit(task)
    team.operator(operate.withdraw_answer, task_id=task, session="ann")
    ann.undo(task)
    ann.release()
    assert ann.lease() == [task]
    ann.submit(task)
    assert (ann.place(task), team.counters(task)) == ("answered withdrawn", (0, 0))


def test_an_import_is_the_last_word_on_an_answer_that_was_set_aside(team: Team) -> None:
    document = {"text": "a"}
    made = identities(document)
    [task] = team.tasks(document, identity=made.task.hex(), input_identity=made.input.hex())
    ann = team.seat("ann")
    ann.submit(task)
    team.operator(operate.withdraw_answer, task_id=task, session="ann")
    ann.undo(task)
    ann.release()
    records = [{**document, "answer": "accept", "_session_id": "news-ann"}]
    team.operator(importing.import_answers, records=records, shapes=SHAPES)
    assert (ann.place(task), team.counters(task)) == ("answered counted", (1, 1))
    assert ann.submit(task, "reject") == "stored"
    assert (ann.place(task), team.counters(task)) == ("answered counted", (1, 1))


def test_retracting_a_counted_answer_of_a_withdrawn_task_leaves_no_slot(
    make_team: Callable[..., Team],
) -> None:
    team = make_team(overlap=2)
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.submit(task)
    team.withdraw(task)
    assert team.counters(task) == (1, 1)
    ann.undo(task)
    assert (ann.place(task), team.counters(task)) == ("leased", (0, 0))


def test_somebody_barred_who_answers_all_the_same_is_heard(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    team.operator(operate.set_ineligible, session="ann", task_ids=[task])
    assert ann.submit(task) == "stored"
    assert (ann.row["ineligible"], ann.row["answered"]) == (0, 1)
