"""Who gets which task: what a client holds, what expires, and what a page is told while it waits."""

from collections.abc import Callable
from functools import partial

import orjson
import pytest
from tests.queue.team import START, Team

from tallymark import jsontext
from tallymark.errors import NotKnown
from tallymark.queue import lease, numbers, operate, runs, seats, servers
from tallymark.store import Store

FIFTEEN_MINUTES = 900.0


def test_a_lease_holds_the_tasks_in_their_order(team: Team) -> None:
    tasks = team.tasks("a", "b", "c")
    [ann] = team.people("ann")
    reply = ann.reply(2)
    assert reply["state"] == "ready"
    assert reply["detail"] is None
    assert [entry["task_id"] for entry in reply["tasks"]] == tasks[:2]
    assert reply["tasks"][0] == {
        "task_id": tasks[0],
        "lease_until": START + FIFTEEN_MINUTES,
        "revision": 0,
        "row": None,
        "ahead": False,
        "draft": None,
        "task": {"text": "a"},
    }


def test_asking_again_changes_nothing(team: Team) -> None:
    team.tasks("a", "b", "c")
    [ann] = team.people("ann")
    assert ann.lease(2) == ann.lease(2)
    assert ann.row["held"] == 2


def test_the_reply_leaves_out_what_the_page_is_holding(team: Team) -> None:
    first, second = team.tasks("a", "b")
    [ann] = team.people("ann")
    reply = ann.reply(2, holding=[first, "never heard of"])
    assert [entry["task_id"] for entry in reply["tasks"]] == [second]
    assert ann.reply(2, holding=[first, second])["state"] == "ready"


def test_asking_for_nothing_leases_nothing_and_says_what_there_is(team: Team) -> None:
    tasks = team.tasks("a", "b")
    ann = team.seat("ann")
    reply = ann.reply(0)
    assert (reply["state"], reply["tasks"]) == ("ready", [])
    assert ann.lease(1) == tasks[:1]
    assert ann.reply(0)["state"] == "ready"


def test_a_task_is_never_held_by_more_than_want_it(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    [task] = team.tasks("a")
    people = team.people("ann", "bob", "cyd")
    assert [person.lease() for person in people] == [[task], [task], []]
    assert team.counters(task) == (2, 0)


def test_a_task_says_which_row_it_came_from(team: Team) -> None:
    team.rows(team.source(), "a", first=7)
    assert team.seat("ann").reply()["tasks"][0]["row"] == 7


def test_the_first_row_is_named_when_several_made_a_task(team: Team) -> None:
    for uri, ordinal in (("/f", 9), ("/g", 4)):
        team.run()
        team.rows(team.source(uri), "a", first=ordinal)
    assert team.seat("ann").reply()["tasks"][0]["row"] == 4


def test_rank_decides_the_order(team: Team) -> None:
    [later] = team.tasks("a", rank=2.0)
    [sooner] = team.tasks("b", rank=-1.0)
    [middle] = team.tasks("c")
    assert team.seat("ann").lease(3) == [sooner, middle, later]


def test_an_unknown_session_is_told_to_claim_its_seat(team: Team) -> None:
    with pytest.raises(NotKnown, match="Claim the seat"):
        team.do(lease.lease, session="nobody")


def test_a_person_may_come_back_to_an_overdue_lease_that_nobody_took(team: Team) -> None:
    [task] = team.tasks("a")
    [ann] = team.people("ann")
    ann.lease()
    team.clock.forward(10 * FIFTEEN_MINUTES)
    assert ann.lease() == [task]
    assert ann.reply()["tasks"][0]["lease_until"] == team.clock.now + FIFTEEN_MINUTES


@pytest.mark.parametrize(("silence", "gets"), [(900.0, False), (900.5, True)])
def test_a_lease_expires_after_its_time_and_not_before(team: Team, silence: float, gets: bool) -> None:
    tasks = team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    team.clock.forward(silence)
    assert bob.lease(2) == (tasks if gets else tasks[1:])


def test_any_call_keeps_all_leases_of_a_seat(team: Team) -> None:
    team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    for call in (ann.heartbeat, lambda: ann.draft("1"), lambda: ann.submit("2"), ann.release):
        ann.lease()
        team.clock.forward(800)
        call()
        team.clock.forward(800)
        assert bob.lease(0) == []
        assert ann.place("1") != "expired"


def test_leases_without_a_time_limit_never_expire(make_team: Callable[..., Team]) -> None:
    team = make_team(lease_seconds=None)
    team.tasks("a")
    ann, bob = team.people("ann", "bob")
    assert ann.reply()["tasks"][0]["lease_until"] is None
    team.clock.forward(1_000_000)
    assert bob.idle() == "waiting"


def test_expiring_leases_of_several_people_go_in_one_call(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    tasks = team.tasks("a", "b")
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    ann.lease(2)
    bob.lease(2)
    team.clock.forward(FIFTEEN_MINUTES + 1)
    assert cyd.lease(2) == tasks
    assert [person.place(task) for person in (ann, bob) for task in tasks] == ["expired"] * 4
    assert [person.row["held"] for person in (ann, bob, cyd)] == [0, 0, 2]


def test_downtime_of_all_servers_does_not_count_against_leases(team: Team) -> None:
    team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    begin = partial(servers.register_server, address="127.0.0.1:1", secret="s", pid=1, version="1")
    team.do(begin)
    ann.lease()
    team.clock.forward(36_000)
    assert team.do(begin)["gap"] == 36_000
    team.clock.forward(100)
    assert bob.lease(2) == ["2"]
    assert ann.place("1") == "leased slot"


def test_silent_peoples_leases_go_before_their_time_when_nothing_else_is_open(team: Team) -> None:
    tasks = team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease(2)
    team.clock.forward(61)
    assert bob.lease(1) == [tasks[0]]
    assert ann.place(tasks[0]) == "expired"
    assert ann.place(tasks[1]) == "leased slot"


def test_silent_peoples_leases_stay_while_something_else_is_open(team: Team) -> None:
    first, second = team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease(1)
    team.clock.forward(61)
    assert bob.lease(2) == [second]
    assert bob.lease(2) == [second]
    assert ann.place(first) == "leased slot"


def test_people_who_called_within_a_minute_keep_their_leases(team: Team) -> None:
    team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    team.clock.forward(60)
    assert bob.idle() == "waiting"


def test_a_silent_lease_of_a_task_already_answered_is_not_taken(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    bob.submit(task)
    team.clock.forward(61)
    assert bob.idle() == "exhausted"
    assert ann.place(task) == "leased slot"


def test_expired_and_released_do_not_count_as_had(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    team.clock.forward(FIFTEEN_MINUTES + 1)
    bob.lease()
    bob.release()
    assert ann.lease() == [task]


# -- clients ------------------------------------------------------------------------------------------


def test_two_tabs_of_a_seat_hold_different_tasks(team: Team) -> None:
    tasks = team.tasks("a", "b")
    ann = team.seat("ann")
    assert ann.tab("x").lease() == [tasks[0]]
    assert ann.tab("y").lease() == [tasks[1]]
    assert ann.tab("x").reply()["tasks"][0]["task_id"] == tasks[0]


def test_leases_of_a_closed_tab_go_to_the_next_after_a_minute(team: Team) -> None:
    tasks = team.tasks("a", "b")
    ann = team.seat("ann")
    ann.tab("x").lease()
    team.clock.forward(60)
    assert ann.tab("y").lease() == tasks[:1]


def test_leases_of_a_living_tab_stay_with_it(team: Team) -> None:
    team.tasks("a")
    ann = team.seat("ann")
    ann.tab("x").lease()
    team.clock.forward(59)
    assert ann.tab("y").idle() == "waiting"


def test_callers_without_a_client_are_one_client(team: Team) -> None:
    tasks = team.tasks("a", "b")
    ann = team.seat("ann")
    assert ann.lease() == tasks[:1]
    assert ann.lease() == tasks[:1]


def test_a_tab_gives_back_only_what_it_holds(team: Team) -> None:
    first, second = team.tasks("a", "b")
    ann = team.seat("ann")
    ann.tab("x").lease()
    ann.tab("y").lease()
    assert ann.tab("x").release() == 1
    assert (ann.place(first), ann.place(second)) == ("released", "leased slot")


def test_some_leases_may_be_given_back_by_name(team: Team) -> None:
    first, second = team.tasks("a", "b")
    [ann] = team.people("ann")
    ann.lease(2)
    assert ann.release(second, "nonsense", "99") == 1
    assert ann.lease(1) == [first]


def test_giving_back_nothing_is_no_error(team: Team) -> None:
    [task] = team.tasks("a")
    [ann] = team.people("ann")
    assert ann.release() == 0
    assert ann.release(task) == 0


# -- returned tasks and the cursor --------------------------------------------------------------------


def test_what_becomes_available_again_comes_first(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=1)
    tasks = team.tasks("a", "b", "c", "d")
    ann, bob = team.people("ann", "bob")
    ann.lease(1)
    bob.lease(1)
    ann.release()
    assert bob.lease(2) == tasks[:2]


def test_a_returned_task_that_somebody_took_is_forgotten(team: Team) -> None:
    team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    ann.release()
    assert len(team.sql("SELECT * FROM returned")) == 1
    ann.lease()
    bob.lease()
    assert team.sql("SELECT * FROM returned") == []


def test_a_returned_task_that_is_not_for_me_waits_for_another(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    [task] = team.tasks("a")
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    ann.submit(task)
    bob.lease()
    bob.release()
    assert ann.idle() == "exhausted"
    assert cyd.lease() == [task]


def test_a_full_search_finds_what_the_cursor_has_passed(make_team: Callable[..., Team]) -> None:
    """More tasks are returned than one call looks at, all of them answered by the one who asks."""
    team = make_team(overlap=2)
    tasks = team.tasks(*[f"t{number}" for number in range(130)])
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    assert ann.lease(130) == tasks
    ann.save(*[ann.op(task) for task in tasks[:110]])
    bob.lease(130)
    bob.release()
    ann.release()
    assert ann.lease(130) == tasks[110:]
    assert cyd.lease(130) == tasks


# -- states -------------------------------------------------------------------------------------------


def test_searching_while_the_stream_has_nothing_yet(team: Team) -> None:
    [ann] = team.people("ann")
    team.stream("open", rows_read=12_408)
    reply = ann.reply()
    assert reply["state"] == "searching"
    assert reply["detail"] == {
        "code": "rows_read",
        "message": "Searching: 12,408 rows read.",
        "rows_read": 12_408,
    }


def test_searching_says_when_the_host_does_not_answer(team: Team) -> None:
    [ann] = team.people("ann")
    team.clock.forward(15.5)
    assert ann.reply()["detail"]["code"] == "host_down"
    team.hosted(runs.beat)
    assert ann.reply()["detail"]["code"] == "rows_read"


def test_searching_says_when_the_host_has_failed_and_goes_on_leasing(team: Team) -> None:
    [task] = team.tasks("a", ended=False)
    [ann] = team.people("ann")
    team.hosted(runs.end_run, error="boom")
    assert ann.lease() == [task]
    ann.submit(task)
    assert ann.reply()["detail"]["code"] == "host_down"


def test_waiting_says_how_many_are_with_others(team: Team) -> None:
    team.tasks("a", "b", "c")
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    ann.lease(2)
    assert cyd.reply(1)["state"] == "ready"
    cyd.submit("3")
    assert cyd.reply()["detail"] == {
        "code": "with_others",
        "message": "2 tasks are with others.",
        "with_others": 2,
    }
    ann.submit("1")
    assert bob.reply()["detail"]["message"] == "1 task is with others."


def test_exhausted_when_all_is_answered_by_me(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    tasks = team.tasks("a", "b")
    [ann] = team.people("ann")
    for task in tasks:
        ann.submit(task)
    reply = ann.reply()
    assert (reply["state"], reply["detail"]["code"]) == ("exhausted", "done")


def test_exhausted_when_the_rest_is_not_for_me(team: Team) -> None:
    tasks = team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    team.operator(operate.set_ineligible, session="ann", task_ids=tasks)
    assert ann.idle() == "exhausted"
    assert bob.lease(2) == tasks


def test_paused_by_an_operator_keeps_what_is_held_and_leases_nothing_more(team: Team) -> None:
    team.tasks("a", "b")
    [ann] = team.people("ann")
    ann.lease(1)
    team.operator(operate.pause)
    reply = ann.reply(2)
    assert (reply["state"], reply["detail"]["code"]) == ("paused", "paused")
    assert [entry["task_id"] for entry in reply["tasks"]] == ["1"]
    assert ann.submit("1") == "stored"
    team.operator(operate.resume)
    assert ann.lease(2) == ["2"]


def test_paused_when_the_run_ended_in_good_order(team: Team) -> None:
    team.tasks("a")
    [ann] = team.people("ann")
    team.hosted(runs.end_run)
    reply = ann.reply()
    assert (reply["state"], reply["tasks"]) == ("paused", [])
    assert "stopped" in reply["detail"]["message"]
    team.run()
    assert ann.lease() == ["1"]


def test_paused_for_a_retired_seat(team: Team) -> None:
    team.tasks("a")
    [ann] = team.people("ann")
    team.operator(seats.retire_seat, name="ann")
    reply = ann.reply()
    assert (reply["state"], reply["tasks"]) == ("paused", [])
    assert "retired" in reply["detail"]["message"]


def test_failed_says_where_the_stream_failed(team: Team) -> None:
    [ann] = team.people("ann")
    team.stream("failed", detail="bad thing at row 57", row=57)
    reply = ann.reply()
    assert reply["state"] == "failed"
    assert reply["detail"] == {"code": "stream_failed", "message": "bad thing at row 57", "row": 57}


def test_failed_without_a_row_or_a_reason(team: Team) -> None:
    [ann] = team.people("ann")
    team.stream("failed")
    assert ann.reply()["detail"] == {"code": "stream_failed", "message": "The stream failed."}


def test_a_failed_stream_does_not_keep_the_tasks_that_are_there(team: Team) -> None:
    tasks = team.tasks("a")
    team.stream("failed")
    assert team.seat("ann").lease() == tasks


def test_a_dataset_without_a_run_leases_too(store: Store, team: Team) -> None:
    team.sql("UPDATE dataset SET run = NULL")
    assert team.seat("ann").idle() == "exhausted"


# -- heartbeat ----------------------------------------------------------------------------------------


def test_a_heartbeat_tells_the_deadlines(team: Team) -> None:
    tasks = team.tasks("a", "b")
    [ann] = team.people("ann")
    ann.lease(2)
    team.clock.forward(20)
    reply = ann.heartbeat()
    assert reply["leases"] == dict.fromkeys(tasks, START + 20 + FIFTEEN_MINUTES)
    assert (reply["state"], reply["detail"], reply["also_open"]) == ("ready", None, False)
    assert reply["project_version"] == team.fence["run"]


def test_a_heartbeat_tells_that_there_is_something_to_lease_and_leases_nothing(team: Team) -> None:
    [task] = team.tasks("a")
    [ann] = team.people("ann")
    assert ann.heartbeat()["state"] == "ready"
    assert team.counters(task) == (0, 0)
    team.operator(operate.pause)
    assert ann.heartbeat()["state"] == "paused"


def test_a_heartbeat_does_not_move_the_cursor(team: Team) -> None:
    [task] = team.tasks("a")
    [ann] = team.people("ann")
    ann.heartbeat()
    assert ann.row["cursor_rank"] is None
    assert ann.lease() == [task]


def test_a_heartbeat_tells_what_another_tab_changed(team: Team) -> None:
    first, second = team.tasks("a", "b")
    ann = team.seat("ann")
    cursor = ann.tab("x").heartbeat()["cursor"]
    ann.tab("y").submit(first)
    ann.tab("y").submit(second)
    reply = ann.tab("x").heartbeat(cursor)
    assert reply["changed"] == [{"task_id": first, "revision": 1}, {"task_id": second, "revision": 1}]
    assert reply["also_open"] is True
    again = ann.tab("x").heartbeat(reply["cursor"])
    assert (again["changed"], again["cursor"]) == ([], reply["cursor"])


def test_a_first_heartbeat_begins_at_the_newest_change(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.submit(task)
    assert ann.heartbeat()["changed"] == []
    assert ann.heartbeat()["cursor"] == 1


def test_a_heartbeat_tells_how_much_was_returned(team: Team) -> None:
    team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease(2)
    ann.release()
    assert bob.heartbeat()["returned"] == 2


def test_a_heartbeat_of_another_tab_takes_over_a_closed_ones_leases(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.tab("x").lease()
    team.clock.forward(61)
    assert list(ann.tab("y").heartbeat()["leases"]) == [task]


# -- the reply as text --------------------------------------------------------------------------------


def test_the_reply_as_text_carries_every_value_as_it_is_stored(team: Team) -> None:
    document = {"text": "a\x00b\ud83d", "big": 12345678901234567890123, "float": 0.1, "tiny": 5e-324}
    [task] = team.tasks(document)
    [ann] = team.people("ann")
    raw = team.do(lease.lease_json, session=ann.token)
    reply = jsontext.loads(raw)
    assert reply["tasks"][0]["task"] == document
    assert reply["tasks"][0]["task_id"] == task
    assert jsontext.dumps(document).encode() in raw


@pytest.mark.parametrize("value", [10**20, "\ud83d", "é\x00", 0.1, None])
def test_a_draft_in_the_reply_as_text_carries_every_value(team: Team, value: object) -> None:
    [task] = team.tasks("a")
    [ann] = team.people("ann")
    ann.lease()
    ann.draft(task, set={"note": value}, unset=["text"])
    raw = team.do(lease.lease_json, session=ann.token, client_id=None)
    assert jsontext.loads(raw)["tasks"][0]["draft"]["set"] == {"note": value}


def test_the_reply_as_text_says_the_same_as_the_other(team: Team) -> None:
    team.tasks("a", "b")
    [ann] = team.people("ann")
    assert orjson.loads(team.do(lease.lease_json, session=ann.token)) == ann.reply(10)


@pytest.mark.parametrize(
    ("task_id", "ours"),
    [("1", True), ("999999999999999999", True), ("", False), ("-1", False), ("1234567890123456789", False),
     ("²", False), (1, False), (None, False)],
)  # fmt: skip
def test_what_has_the_form_of_a_task_id(task_id: object, ours: bool) -> None:
    assert numbers.is_task_id(task_id) is ours
