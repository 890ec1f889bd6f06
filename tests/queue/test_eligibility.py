"""Who may have a task: tags, named people, what one has answered elsewhere; at first and at later leases."""

from collections.abc import Callable

import pytest
from tests.queue.team import Team

from tallymark.queue import demand, operate, people, routing, seats, waiting
from tallymark.queue.eligibility import Wish

GERMAN = {"languages": ["de"]}
HALF_AN_HOUR = 1800.0


def tag(team: Team, **annotators: dict[str, list[str]]) -> int:
    """Give annotators tags; how many seats that changes."""
    return int(team.do(seats.set_tags, annotators=annotators)["seats"])


# -- tags ------------------------------------------------------------------------------------------


def test_a_task_goes_only_to_those_who_have_its_tags(team: Team) -> None:
    tag(team, ann={"languages": ["de", "en"]})
    [german] = team.tasks("Hallo", needs=GERMAN)
    ann, bob = team.people("ann", "bob")
    assert (bob.lease(), bob.idle()) == ([], "exhausted")
    assert ann.lease() == [german]


def test_every_tag_that_is_asked_for_is_needed(team: Team) -> None:
    tag(team, ann=GERMAN, bob={"languages": ["de"], "level": ["expert"]})
    [task] = team.tasks("Hallo", needs={"languages": ["de"], "level": ["expert"]})
    ann, bob = team.people("ann", "bob")
    assert (ann.lease(), bob.lease()) == ([], [task])


def test_tags_hold_for_what_expires_is_released_and_is_taken_from_silent_people(team: Team) -> None:
    tag(team, ann=GERMAN)
    [task] = team.tasks("Hallo", needs=GERMAN)
    ann, bob = team.people("ann", "bob")
    ann.lease()
    team.clock.forward(100)
    assert bob.idle() == "exhausted", "ann is silent, and bob may not have it"
    team.clock.forward(1000)
    assert bob.idle() == "exhausted", "overdue"
    assert ann.lease() == [task]
    ann.release()
    assert bob.idle() == "exhausted", "returned"


def test_what_others_hold_is_waited_for_by_those_who_may_have_it(team: Team) -> None:
    tag(team, ann=GERMAN, cyd=GERMAN)
    team.tasks("Hallo", needs=GERMAN)
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    ann.lease()
    assert (bob.idle(), cyd.idle()) == ("exhausted", "waiting")


def test_tasks_of_several_audiences_come_in_their_order(team: Team) -> None:
    tag(team, ann=GERMAN)
    first = team.tasks("a", needs=GERMAN) + team.tasks("b") + team.tasks("c", needs=GERMAN) + team.tasks("d")
    assert team.seat("ann").lease(3) == first[:3]
    assert team.seat("bob").lease(3) == first[3:]


def test_new_tags_open_what_a_cursor_has_passed_and_close_nothing_that_is_held(team: Team) -> None:
    [german] = team.tasks("Hallo", needs=GERMAN)
    [plain] = team.tasks("Hello")
    ann = team.seat("ann")
    assert ann.lease(2) == [plain]
    assert tag(team, ann=GERMAN) == 1
    assert ann.lease(2) == [german, plain]
    assert tag(team, ann={}) == 1
    assert tag(team, ann={}) == 0
    assert ann.lease(2) == [german, plain]
    ann.release()
    assert ann.lease(2) == [plain]


def test_everyone_is_everyone_who_has_the_tags(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=None)
    tag(team, ann=GERMAN)
    [task] = team.tasks("Hallo", needs=GERMAN)
    ann, _bob = team.people("ann", "bob")
    ann.submit(task)
    assert team.state(task) == "done"
    tag(team, bob=GERMAN)
    assert team.state(task) == "open", "bob is one of them now"
    tag(team, bob={"languages": ["fr"]})
    assert team.state(task) == "done"


def test_the_host_feeds_for_those_who_have_too_few_tasks_of_their_own(team: Team) -> None:
    tag(team, ann=GERMAN)
    team.tasks("a", "b", ended=False)
    assert team.hosted(demand.demand, batch_size=2)["demand"] == 2, "nobody is here yet"
    team.tasks("c", needs=GERMAN, ended=False)
    team.seat("bob")
    assert team.hosted(demand.demand, batch_size=2)["demand"] == 2
    team.seat("ann")
    team.tasks("d", "e", ended=False)
    assert team.hosted(demand.demand, batch_size=2)["demand"] == 0
    assert team.hosted(demand.demand, batch_size=2, ahead=7)["demand"] == 2


def test_a_wish_is_the_same_however_it_is_written() -> None:
    one = Wish.of(["bob", "ann", "bob"], {"b": ["2", "1"], "a": ["x"], "none": []}, 60.0)
    assert one == Wish.of(["ann", "bob"], {"a": ["x"], "b": ["1", "2"]}, 60.0)
    assert Wish.of(None, {"a": []}, 60.0) == Wish()


def test_a_new_name_keeps_its_tags_and_what_is_for_the_old_name_is_not_for_it(team: Team) -> None:
    tag(team, ann=GERMAN)
    german, named = team.tasks("a", needs=GERMAN) + team.tasks("b", people=["ann"])
    ann = team.seat("ann")
    assert ann.lease(5) == [german, named]
    ann.release()
    team.operator(people.rename_seat, name="ann", new_name="anna")
    assert ann.lease(5) == [german]


def test_two_names_of_one_person_who_said_something_beside(team: Team) -> None:
    [task] = team.tasks("a")
    ann, anna = team.people("ann", "anna")
    ann.submit(task)
    anna.undo(task)
    assert team.operator(people.merge_seats, name="ann", into="anna") == {"moved": 0, "both": 0}


# -- named people -----------------------------------------------------------------------------------


def test_a_task_goes_only_to_the_people_a_router_named(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    [task] = team.tasks("a", people=["ann", "cyd"])
    ann, bob = team.people("ann", "bob")
    assert (ann.lease(), bob.lease()) == ([task], [])
    assert team.seat("cyd").lease() == [task], "who comes later belongs to it, too"


def test_open_tasks_are_routed_anew_and_answers_stay(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    tag(team, ann=GERMAN, bob=GERMAN)
    [task] = team.tasks("a", people=["ann"], needs=GERMAN)
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    ann.submit(task)
    assert bob.lease() == []
    found = team.hosted(routing.to_route, after=0, limit=10)
    assert found == [{"id": int(task), "text": '{"text":"a"}'}]
    routes = [{"id": int(task), "people": ["bob", "cyd"], "overlap": 1}, {"id": 99, "people": None}]
    assert team.hosted(routing.route, tasks=routes)["changed"] == 1
    assert team.state(task) == "done", "it wants one answer now, and has it"
    ann.undo(task)
    ann.release(task)
    assert (ann.lease(), cyd.lease(), bob.lease()) == ([], [], [task]), "cyd lacks the tag"
    again = [{"id": int(task), "people": ["bob", "cyd"], "overlap": 1}]
    assert team.hosted(routing.route, tasks=again)["changed"] == 0


def test_a_task_that_wants_everyone_waits_for_the_people_it_is_for(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=None)
    [task] = team.tasks("a", people=["ann", "bob"])
    ann, bob, _cyd = team.people("ann", "bob", "cyd")
    ann.submit(task)
    assert team.state(task) == "open"
    bob.submit(task)
    assert team.state(task) == "done"


def test_a_seat_that_no_router_was_asked_about_is_told_to_wait(team: Team) -> None:
    fence = team.run(wants=["task_router"])
    [task] = team.tasks("a", people=[])
    ann = team.seat("ann")
    assert ann.idle() == "searching"
    team.do(routing.route, **team.fence, tasks=[{"id": int(task), "people": ["bob"]}])
    team.do(routing.routed, **team.fence, seat=ann.id)
    assert fence["run"] == team.fence["run"]
    assert ann.idle() == "exhausted"
    assert team.seat("model", kind="model").idle() == "exhausted"


# -- people who do not come --------------------------------------------------------------------------


def test_a_task_whose_people_do_not_come_is_opened_to_all_who_have_the_tags(team: Team) -> None:
    tag(team, bob=GERMAN)
    [task] = team.tasks("a", people=["ann"], needs=GERMAN, fallback=HALF_AN_HOUR)
    _ann, bob, cyd = team.people("ann", "bob", "cyd")
    team.clock.forward(HALF_AN_HOUR - 10)
    assert bob.lease() == []
    team.clock.forward(20)
    assert cyd.lease() == [], "cyd lacks the tag"
    assert bob.lease() == [task]
    team.hosted(routing.route, tasks=[{"id": int(task), "people": ["ann"]}])
    bob.release()
    assert bob.lease() == [task], "what was opened stays open"


def test_a_task_whose_people_are_here_is_left_to_them(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    [task] = team.tasks("a", people=["ann", "bob"], fallback=HALF_AN_HOUR)
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    team.clock.forward(2 * HALF_AN_HOUR)
    ann.heartbeat()
    bob.heartbeat()
    assert cyd.lease() == []
    ann.submit(task)
    team.clock.forward(2 * HALF_AN_HOUR)
    ann.heartbeat()
    assert cyd.lease() == [task], "bob has left, and one answer is wanted"


def test_as_many_people_as_are_wanted_are_enough(team: Team) -> None:
    team.tasks("a", people=["ann", "bob"], fallback=HALF_AN_HOUR)
    ann, _bob, cyd = team.people("ann", "bob", "cyd")
    team.clock.forward(2 * HALF_AN_HOUR)
    ann.heartbeat()
    assert cyd.lease() == [], "one answer is wanted, and ann is here for it"


def test_no_more_is_opened_than_is_taken(team: Team) -> None:
    tasks = team.tasks("a", "b", "c", people=["ann"], fallback=HALF_AN_HOUR)
    more = team.tasks("d", people=["zoe"], fallback=HALF_AN_HOUR)
    ann, bob = team.people("ann", "bob")
    team.clock.forward(2 * HALF_AN_HOUR)
    assert bob.lease(2) == tasks[:2]
    assert ann.lease(2) == tasks[2:]
    assert team.seat("cyd").lease(2) == more


def test_without_a_fallback_a_task_waits_for_its_people_for_ever(team: Team) -> None:
    team.tasks("a", people=["ann"])
    [bob] = team.people("bob")
    team.clock.forward(1e7)
    assert bob.idle() == "exhausted"


# -- what one has answered elsewhere -----------------------------------------------------------------


@pytest.mark.parametrize(("exclude_by", "same", "other"), [("task", "x", "y"), ("input", "y", "y")])
def test_one_is_not_asked_again_what_one_has_answered_elsewhere(
    make_team: Callable[..., Team], exclude_by: str, same: str, other: str
) -> None:
    before = make_team()
    [old] = before.tasks({"text": "a", "label": "x"})
    before.seat("ann").submit(old)
    team = before.other("later", exclude_by=exclude_by)
    ann = team.seat("ann")
    team.run(exclude=["news"], exclude_own=True)
    [task] = team.tasks({"text": "a", "label": same})
    assert ann.idle() == "exhausted"
    bob, dan = team.people("bob", "dan")
    assert bob.lease() == [task]
    bob.release()
    assert (ann.place(task), dan.place(task)) == ("ineligible", "open")
    [different] = team.tasks({"text": "a" if exclude_by == "task" else "b", "label": other})
    assert ann.lease() == [different]
    assert team.broken() == []


def test_what_was_queued_before_is_looked_through_when_a_run_starts_and_when_somebody_comes(
    make_team: Callable[..., Team],
) -> None:
    before = make_team()
    old = before.tasks("a", "b")
    ann, bob = before.people("ann", "bob")
    for person in (ann, bob):
        person.submit(old[0])
    team = before.other("later", overlap=None)
    first, second = team.tasks("a", "b")
    here = team.seat("ann")
    here.lease()
    here.release()
    team.run(exclude=["news"], exclude_own=True)
    team.stream("ended")
    assert (here.place(first), here.row["ineligible"]) == ("ineligible", 1)
    assert team.seat("bob").lease(2) == [second]
    cyd = team.seat("cyd")
    assert cyd.lease(2) == [first, second]
    cyd.submit(first)
    assert team.state(first) == "done", "ann and bob are not asked"
    assert team.broken() == []


def test_without_that_nobody_is_asked_what_anybody_has_answered(make_team: Callable[..., Team]) -> None:
    before = make_team()
    [old] = before.tasks("a")
    before.seat("ann").submit(old)
    team = before.other("later")
    team.run(exclude=["news"])
    assert team.tasks("a") == []


# -- asked again -------------------------------------------------------------------------------------


def test_a_run_may_ask_again_what_was_answered_before_it(team: Team) -> None:
    source = team.source()
    team.rows(source, "a", "b")
    ann = team.seat("ann")
    ann.submit("1")
    team.clock.forward(1)
    team.run(again=True)
    source = team.source()
    for _ in range(2):
        assert team.rows(source, "a", "b") == {}, "rows keep their fates"
    old, again = ann.lease(5)
    assert (old, team.task(again)["repeat"]) == ("2", 1), "b waits since before, a is asked again, once"
    ann.submit(again)
    team.clock.forward(1)
    team.run(again=True)
    team.tasks("a", "b", "a")
    old, again = ann.lease(5)
    assert (old, team.task(again)["repeat"]) == ("2", 2)


def test_operators_bar_people_as_before(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    team.operator(operate.set_ineligible, session="ann", task_ids=[task])
    assert ann.idle() == "exhausted"


def test_what_one_answers_elsewhere_during_a_run_is_not_asked_again(make_team: Callable[..., Team]) -> None:
    before = make_team(overlap=2)
    old = before.tasks("a", "b", "c", "d")
    team = before.other("later", overlap=1, most=3)
    team.run(exclude=["news"], exclude_own=True)
    first, *middle, last = team.tasks("a", "b", "c", "d")
    there, ann = before.seat("ann"), team.seat("ann")
    assert ann.lease(1) == [first]
    for task in old[:3]:
        there.submit(task)
    assert ann.lease(2) == [first, last], "what one holds stays one's own"
    assert (ann.row["ineligible"], ann.reply(2)["progress"]["remaining"]) == (2, 2)
    assert team.seat("bob").lease(9) == middle
    assert team.broken() == []


def test_a_further_answer_is_not_asked_of_who_gave_it_elsewhere_meanwhile(
    make_team: Callable[..., Team],
) -> None:
    before = make_team()
    [old] = before.tasks("a")
    team = before.other("later", overlap=1, most=2)
    team.run(exclude=["news"], exclude_own=True)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    bob.submit(task)
    before.seat("ann").submit(old)
    assert (ann.idle(), ann.place(task)) == ("exhausted", "ineligible")
    assert team.seat("cyd").lease() == [task]


def test_who_was_spared_for_a_dataset_that_is_no_longer_excluded_is_asked(
    make_team: Callable[..., Team],
) -> None:
    before = make_team()
    third = before.other("third")
    for team, texts in ((before, ("a", "b")), (third, ("b",))):
        for task in team.tasks(*texts):
            team.seat("ann").submit(task)
    team = before.other("later", overlap=None)
    a, b, c = team.tasks("a", "b", "c")
    ann, bob = team.people("ann", "bob")
    team.run(exclude=["news", "third"], exclude_own=True)
    team.stream("ended")
    team.operator(operate.set_ineligible, session="ann", task_ids=[c])
    assert ann.idle() == "exhausted"
    for task in (a, b):
        bob.submit(task)
    assert [team.state(task) for task in (a, b)] == ["done", "done"], "ann is not asked"
    team.run(exclude=["third"], exclude_own=True)
    team.stream("ended")
    assert [ann.place(task) for task in (a, b, c)] == ["released", "ineligible", "ineligible"]
    assert (ann.lease(5), ann.row["ineligible"], team.state(a)) == ([a], 2, "open")
    ann.release()
    team.run(exclude=["news"])
    team.stream("ended")
    assert ann.lease(5) == [a, b], "nobody in particular is spared any more; who barred her from c is unknown"
    assert team.broken() == []


# -- people who may no longer come -------------------------------------------------------------------


def test_who_is_no_longer_allowed_gets_nothing_more_and_is_told_why(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=None)
    tasks = team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    assert bob.lease(1) == tasks[:1]
    ann.submit(tasks[0])
    team.run(config={"_server": {"allowed_sessions": ["ann", "cyd"]}})
    team.stream("ended")
    told = team.operator(seats.allow_seats, names=["ann", "cyd"])
    assert told == {"made": ["cyd"], "retired": ["bob"]}
    assert team.operator(seats.allow_seats, names=["ann", "cyd"]) == {"made": [], "retired": []}
    reply = bob.reply(2)
    assert (reply["tasks"], reply["state"]) == ([], "paused")
    assert "'bob' is not among those who may annotate now (ann, cyd)" in reply["detail"]["message"]
    team.seat("cyd").submit(tasks[0])
    assert team.state(tasks[0]) == "done", "bob is not waited for"
    assert bob.submit(tasks[1]) == "stored", "what he says all the same is kept"
    team.run(config={"_server": {"allowed_sessions": ["ann", "bob"]}})
    team.stream("ended")
    assert "retired by an operator" in bob.reply()["detail"]["message"]
    assert team.seat("bob").lease(2) == tasks[:1]


# -- tasks that become those of certain people ---------------------------------------------------------


def test_tasks_that_are_queued_already_become_those_of_who_is_named(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=None)
    tag(team, ann=GERMAN)
    a, b, c, d = (
        team.tasks("a") + team.tasks("b", needs=GERMAN) + team.tasks("c") + team.tasks("d", people=["zoe"])
    )
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    for person in (ann, bob, cyd):
        person.submit(c)
    team.operator(waiting.open_to_all, task_ids=[d])
    for name in ("ann", "bob", "bob"):
        team.tasks("a", "b", "c", "d", people=[name], overlap=1, narrow=True)
    assert cyd.lease(5) == [d]
    assert bob.lease(5) == [a, d], "b wants what he cannot do"
    assert ann.lease(5) == [a, b, d]
    assert [team.task(task)["overlap"] for task in (a, b, c, d)] == [2, 2, None, None]
    assert team.state(c) == "done"
    assert team.tasks("new", "new", people=["ann"], overlap=1, narrow=True) != []
    assert len(bob.lease(9)) == 2
