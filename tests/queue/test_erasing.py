"""What is erased is in no table any more, and the books balance all the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.queue.team import SHAPES, Team

from tallymark.errors import Erased, InputError, NotKnown
from tallymark.queue import accounts, datasets, enqueue, erasing, importing, lease, seats, settle, trace
from tallymark.store import Statement, Store
from tallymark.store.reading import StoredDatasets
from tallymark.store.schema import metadata

SECRET = "Ada Lovelace lives here"


def everything(team: Team) -> str:
    """Every value of every table, as one text."""
    with team.store.reading() as tx:
        rows: list[Any] = [
            [row[key] for key in row.keys()]  # noqa: SIM118
            for table in metadata.sorted_tables
            for row in tx.all(Statement("Everything.", f"SELECT * FROM {table.name}"))
        ]
    return repr(rows)


@pytest.fixture
def lived(team: Team) -> Team:
    """A record that left traces everywhere, beside one that stays."""
    team.run(wants=["update", "before_db"])
    source = team.source()
    team.rows(source, {"text": SECRET, "meta": {"id": 7}}, "other")
    team.hosted(enqueue.enqueue, fates=[[source, 3, "invalid", f"{SECRET}: no label"]])
    team.hosted(enqueue.enqueue, fates=[[source, 4, "invalid", "no text"]], read={str(source): 4})
    ann, bob = team.people("ann", "bob")
    ann.submit("1", op_id="said", set={"note": SECRET}, comment=SECRET, reason=SECRET)
    team.hosted(settle.store_forms, forms={}, failed={"said": f"cannot transform {SECRET}"})
    ann.submit("1", op_id="formed", set={"label": SECRET})
    team.hosted(settle.store_forms, forms={"formed": {"text": SECRET, "form": True}})
    bob.draft("1", set={"label": SECRET})
    bob.send(
        {"op_id": "odd", "task_id": "1", "status": "submitted", "decision": "maybe", "set": {"a": SECRET}}
    )
    bob.send(
        {"op_id": "lost", "task_id": "77", "status": "submitted", "decision": "accept", "set": {"a": SECRET}}
    )
    bob.send({"op_id": "kept", "task_id": "78", "status": "submitted", "decision": "accept"})
    team.stream("failed", detail=f"no idea what to do with {SECRET}")
    bob.lease(2)
    return team


def test_a_record_is_gone_from_every_table(lived: Team) -> None:
    assert everything(lived).count(SECRET) > 8
    done = lived.operator(erasing.erase_record, task_ids=["1"])
    assert done == {"tasks": 1, "datasets": 1}
    assert SECRET not in everything(lived)
    assert lived.broken() == []
    assert lived.books()["balanced"]
    assert (lived.state("1"), lived.counters("1")) == ("withdrawn", (0, 0))
    assert [record["text"] for record in StoredDatasets(lived.store).answers("news")] == []
    kept = lived.sql("SELECT body FROM quarantine WHERE op_id = 'kept'")
    assert "kept" in kept[0]["body"]
    assert lived.sql("SELECT note FROM row_fate WHERE first = 4")[0]["note"] == "no text"
    assert lived.hosted(settle.forms_due) == []


def test_erasing_a_record_takes_nothing_from_others(team: Team) -> None:
    span = {"start": 0, "end": 3, "label": "PERSON"}
    tokens = [{"text": word, "id": place} for place, word in enumerate(SECRET.split())]
    record = {"text": SECRET, "meta": {"from": "text"}, "spans": [span], "tokens": tokens, "_view_id": "mark"}
    team.run(command="tallymark mark news --label PERSON")
    [task, _] = team.tasks(record, "other")
    other = {"text": "another one who lives here", "spans": [span], "meta": {"from": "text"}}
    bob = team.seat("bob")
    for op_id, said in (("other", other), ("same", {**other, "text": SECRET})):
        bob.send({"op_id": op_id, "task_id": "77", "status": "submitted", "decision": "accept", "set": said})
    team.do(erasing.erase_record, dataset="news", task_ids=[task])
    [kept, gone] = team.sql("SELECT body FROM quarantine ORDER BY id")
    assert "another one" in kept["body"]
    assert gone["body"] == erasing.TOMBSTONE
    assert team.sql("SELECT detail FROM event WHERE kind = 'run_started'")[-1]["detail"].endswith("PERSON")


@pytest.mark.parametrize("written", [json.dumps, repr], ids=["json", "python"])
def test_a_record_is_found_in_messages_as_json_and_python_write_it(
    team: Team, written: Callable[[str], str]
) -> None:
    text = 'Ada\'s „Straße“ in "Zürich"'
    [task] = team.tasks(text)
    team.stream("failed", detail=f"no idea what to do with {written(text)}")
    team.operator(erasing.erase_record, task_ids=[task])
    assert team.sql("SELECT stream_detail FROM run ORDER BY id")[-1]["stream_detail"] == erasing.MARK


def bytes_of(path: Path) -> bytes:
    """What stands in the files of a database."""
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def test_a_record_is_gone_from_the_files(store: Store, lived: Team) -> None:
    if store.path is None:
        pytest.skip("PostgreSQL cleans its files up itself")
    long = [f"{SECRET} {n} " * 300 for n in range(20)]
    ann = lived.seat("ann")
    for text in long:  # drafts of every length move what stands on the pages of the file
        ann.draft("1", set={"label": text})
    assert SECRET.encode() in bytes_of(store.path)
    lived.operator(erasing.erase_record, task_ids=["1"])
    assert SECRET.encode() not in bytes_of(store.path)
    assert lived.broken() == []


def test_a_person_is_gone_from_the_files(store: Store, team: Team) -> None:
    if store.path is None:
        pytest.skip("PostgreSQL cleans its files up itself")
    [task] = team.tasks("a")
    team.seat(NAME).submit(task, comment=f"{NAME} was here")
    assert NAME.encode() in bytes_of(store.path)
    team.do(erasing.erase_person, name=NAME)
    assert NAME.encode() not in bytes_of(store.path)


def test_what_was_erased_is_not_queued_again_and_leaves_a_tombstone(lived: Team) -> None:
    lived.operator(erasing.erase_record, task_ids=["1"])
    again = lived.source(fingerprint="2")
    assert lived.rows(again, {"text": SECRET}) == {"duplicate": 1}
    assert SECRET not in everything(lived)
    with lived.store.reading() as tx:
        [life] = trace.trace(tx, dataset="news", task_id="1")["tasks"]
    assert life["task"] == {"_erased": True}
    assert [answer["decision"] for answer in life["answers"]] == ["accept", "accept"]
    assert [event["detail"] for event in life["events"]] == []
    assert lived.sql("SELECT detail FROM event WHERE kind = 'erased'")[0]["detail"] == "1 tasks"


def test_a_record_is_gone_from_every_dataset(lived: Team) -> None:
    books = lived.other("books")
    [task] = books.tasks({"text": SECRET, "label": "A"})
    books.seat("eve").submit(task)
    assert lived.operator(erasing.erase_record, task_ids=["1"]) == {"tasks": 2, "datasets": 2}
    assert SECRET not in everything(lived)
    assert books.books()["balanced"]
    assert books.state(task) == "withdrawn"


def test_a_record_without_texts_is_erased(team: Team) -> None:
    team.tasks({"n": 5, "ok": [1, "ab"]})
    team.operator(erasing.erase_record, task_ids=["1", "nonsense"])
    assert '"n":5' not in everything(team)


@pytest.mark.parametrize("task_ids", [["99"], ["x"]])
def test_a_record_must_be_there(team: Team, task_ids: list[str]) -> None:
    with pytest.raises(NotKnown, match="no task"):
        team.operator(erasing.erase_record, task_ids=task_ids)


# -- people -------------------------------------------------------------------------------------------

NAME = "annabella"


def test_a_person_is_gone_from_every_table(team: Team) -> None:
    private = {"_server": {"allowed_sessions": [NAME, "bob"]}}
    team.run(command=f"tallymark mark news --session {NAME},bob", config=private)
    tasks = team.tasks("a", "b", {"text": "c", "versions": [{"_session_id": f"news-{NAME}", "n": 1}]})
    person, bob = team.people(NAME, "bob")
    person.submit(tasks[0], comment="I did this", set={"label": "A"})
    person.draft(tasks[1], set={"label": "half"})
    person.send(person.op("99"))
    bob.send(bob.op("98"))
    team.other("books").seat(NAME)
    team.do(
        importing.import_answers,
        dataset="news",
        records=[
            {"text": "d", "answer": "accept", "_session_id": f"news-{NAME}", "_annotator_id": f"news-{NAME}"}
        ],
        shapes=SHAPES,
    )
    team.operator(erasing_event, name=NAME)
    for people in (["bob"], [NAME, "bob"]):
        team.tasks(f"for {len(people)}", people=people)
    team.do(accounts.ensure_account, name=NAME)
    done = team.do(erasing.erase_person, name=NAME)
    assert done["sessions"] == 2
    assert done["name"].startswith("erased-")
    left = everything(team)
    assert NAME not in left
    assert "I did this" not in left
    assert "half" not in left
    assert (team.broken(), team.books()["balanced"]) == ([], True)
    exported = list(StoredDatasets(team.store).answers("news"))
    assert {record["_session_id"] for record in exported} == {f"news-{done['name']}"}
    assert exported[0]["label"] == "A"
    with pytest.raises(Erased, match="has erased this name"):
        person.heartbeat()
    with pytest.raises(NotKnown, match="Claim the seat again"):
        team.do(lease.heartbeat, session=seats.erased_token(person.token))
    assert team.sql("SELECT body FROM quarantine WHERE task_id = '98'")[0]["body"] != erasing.TOMBSTONE


def erasing_event(tx: Any, *, dataset: str, name: str) -> None:
    """An event that names a person, as operators' moves leave it."""
    from tallymark.queue.runs import note

    note(tx, datasets.find_dataset(tx, dataset)["id"], "seat_renamed", f"anna → {name}")


def test_the_rest_of_the_world_stays(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.submit(task, comment="mine")
    team.people("annabella")
    team.run(command="tallymark mark annabella-news")
    team.do(erasing.erase_person, name="annabella")
    left = everything(team)
    assert "mine" in left
    assert ann.heartbeat()["state"]


def test_a_person_must_be_there(team: Team) -> None:
    with pytest.raises(NotKnown, match="no annotator 'nobody'"):
        team.do(erasing.erase_person, name="nobody")
    with pytest.raises(InputError, match="is nobody"):
        team.do(erasing.erase_person, name="")


def test_work_of_an_erased_task_is_still_acknowledged(lived: Team) -> None:
    bob = lived.seat("bob")
    lived.operator(erasing.erase_record, task_ids=["1"])
    ack = bob.send(bob.op("1"))
    assert ack["result"] in ("stored", "surplus")
    assert lived.broken() == []
