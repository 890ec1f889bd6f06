"""Random sequences of everything that can happen to a dataset, on a store and on the model at once.

After every step all tables must say what the model says, every invariant of the audit must hold and the
books must balance. The clock is moved by the test; nothing sleeps.
"""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tests.postgresql import PostgreSQL
from tests.property.feeding import File, Imports, Pushes
from tests.property.sayings import (
    CHANCE,
    CLIENT,
    LATER,
    LINE,
    NAMES,
    NOWHERE,
    NUMBER,
    OVERLAP,
    RECORD,
    SAYING,
    SIZE,
    WISH,
    WORD,
    Line,
    Record,
    Saying,
)
from tests.property.world import World


class QueueMachine(RuleBasedStateMachine):
    """Few rules of equal weight, so that people are at work in most steps."""

    world: World
    file: File
    imports: Imports
    pushes: Pushes

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()

    def place(self) -> Path | str:
        """Where the database of this sequence is."""
        return Path(self.folder.name) / "tallymark.db"

    @initialize(
        overlap=st.sampled_from([1, 1, 2, 3, None]),
        ignore_counts=st.booleans(),
        lease_seconds=st.sampled_from([900.0, 900.0, 900.0, None]),
        exclude_by=st.sampled_from(["task", "input"]),
        more=st.sampled_from([(0.0, None), (0.0, None), (0.5, None), (0.0, 3)]),
        routed=st.sampled_from([False, False, True]),
        people=st.integers(2, 4),
        words=st.lists(WORD, min_size=1, max_size=5),
    )
    def begin(
        self,
        overlap: int | None,
        ignore_counts: bool,
        lease_seconds: float | None,
        exclude_by: str,
        more: tuple[float, int | None],
        routed: bool,
        people: int,
        words: list[str],
    ) -> None:
        self.world = World(
            self.place(),
            overlap=overlap,
            ignore_counts=ignore_counts,
            lease_seconds=lease_seconds,
            exclude_by=exclude_by,
            share=more[0] if overlap is not None else 0.0,
            most=more[1] if overlap is not None else None,
            routed=routed,
        )
        self.file = File(self.world)
        self.imports = Imports(self.world)
        self.pushes = Pushes(self.world)
        self.file.feed([Line((word,), None) for word in words], stumble=False, die=False)
        self.world.set_stream("ended")
        for name in NAMES[:people]:
            self.world.join(name, "person", None)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.driver.close()
        self.folder.cleanup()

    @invariant()
    def store_and_model_agree(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    # -- people ------------------------------------------------------------------------------------

    @rule(pick=NUMBER, client=CLIENT, size=SIZE, hide=CHANCE, stumble=CHANCE, after=LATER)
    def lease(
        self, pick: int, client: str | None, size: int, hide: bool, stumble: bool, after: float
    ) -> None:
        self.world.tick(after)
        self.world.lease(self.world.seat(pick), client, size, hide=hide, stumble=stumble)

    @rule(pick=NUMBER, client=CLIENT, size=SIZE, sayings=st.lists(SAYING, max_size=4), after=LATER)
    def work(self, pick: int, client: str | None, size: int, sayings: list[Saying], after: float) -> None:
        self.world.tick(after)
        seat = self.world.seat(pick)
        self.world.lease(seat, client, size, hide=False, stumble=False)
        for saying in sayings:
            self.world.say(seat, client, [saying], stumble=False)

    @rule(pick=NUMBER, client=CLIENT, sayings=st.lists(SAYING, min_size=1, max_size=3), stumble=CHANCE)
    def say(self, pick: int, client: str | None, sayings: list[Saying], stumble: bool) -> None:
        self.world.say(self.world.seat(pick), client, sayings, stumble=stumble)

    @rule(pick=NUMBER, other=NUMBER, task_id=st.sampled_from(NOWHERE), what=st.integers(0, 5))
    def something_is_off(self, pick: int, other: int, task_id: str, what: int) -> None:
        """An ack was lost, a task is not ours, an op_id is somebody else's."""
        seat = self.world.seat(other)
        if what == 0:
            self.world.say_nowhere(seat, task_id)
        elif what == 1:
            self.world.say_nowhere(seat, self.world.driver.foreign)
        elif what == 2:
            self.world.use_an_op_id_twice(seat, pick)
        else:
            self.world.send_again(pick)

    @rule(pick=NUMBER, client=CLIENT, task=st.none() | NUMBER, what=st.integers(0, 4))
    def look_around(self, pick: int, client: str | None, task: int | None, what: int) -> None:
        seat = self.world.seat(pick)
        if what == 0:
            self.world.release(seat, client, task)
        elif what == 1:
            self.world.look_back(seat)
        elif what == 2:
            self.world.export()
        else:
            self.world.heartbeat(seat, client)

    @rule(
        name=st.sampled_from(NAMES), kind=st.sampled_from(["model", "function"]), client=CLIENT, what=NUMBER
    )
    def people_come_and_go(self, name: str, kind: str, client: str | None, what: int) -> None:
        if what % 4 == 0:
            self.world.retire(what)
        else:
            self.world.join(name, kind if what % 4 == 1 else "person", client)

    # -- time and processes --------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([5.0, 40.0, 40.0, 61.0, 61.0, 310.0, 850.0, 901.0, 5000.0, -100.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.tick(seconds)

    @rule(pick=NUMBER, client=CLIENT, size=SIZE, saying=SAYING, what=st.integers(0, 3))
    def processes_stop(self, pick: int, client: str | None, size: int, saying: Saying, what: int) -> None:
        if what == 0:
            self.world.restart()
        elif what == 1:
            self.world.everything_is_down(pick * 100.0)
        elif what == 2:
            self.world.start_host()
        else:
            self.world.die(self.world.seat(pick), client, size, saying)

    @rule(stopping=CHANCE, lost=CHANCE, late=CHANCE, fails=st.booleans())
    def the_host_works(self, stopping: bool, lost: bool, late: bool, fails: bool) -> None:
        if late:
            self.world.validate_late(fails=fails)
        elif self.world.given and not lost:
            self.world.mark_delivered()
        else:
            self.world.fetch_settled(stopping=stopping)

    # -- rows ----------------------------------------------------------------------------------------

    @rule(lines=st.lists(LINE, min_size=1, max_size=3), stumble=CHANCE, die=CHANCE, what=NUMBER)
    def rows_are_read(self, lines: list[Line], stumble: bool, die: bool, what: int) -> None:
        if what % 5 == 0:
            self.file.change(dedup=what % 2 == 0)
        elif what % 5 == 1:
            self.file.read_again(what)
        elif what % 5 == 2:
            self.world.set_stream(("open", "ended", "ended", "failed")[what % 4])
        else:
            self.file.feed(lines, stumble=stumble, die=die)

    @rule(records=st.lists(RECORD, min_size=1, max_size=3, unique=True), pick=NUMBER, stumble=CHANCE)
    def answers_are_imported(self, records: list[Record], pick: int, stumble: bool) -> None:
        if pick % 4 == 0:
            self.imports.bring_again(pick)
        else:
            self.imports.bring(records, stumble=stumble)

    @rule(word=WORD, person=st.none() | st.sampled_from(NAMES), repeat=CHANCE, again=CHANCE, stumble=CHANCE)
    def a_question_is_pushed(
        self, word: str, person: str | None, repeat: bool, again: bool, stumble: bool
    ) -> None:
        self.pushes.push(word, person, repeat=repeat, again=again, stumble=stumble)

    # -- operators -----------------------------------------------------------------------------------

    @rule(pick=NUMBER, name=st.sampled_from(NAMES), wish=WISH, overlap=OVERLAP, most=OVERLAP, what=NUMBER)
    def who_may_have_what(
        self, pick: int, name: str, wish: dict[str, Any], overlap: int | None, most: int | None, what: int
    ) -> None:
        """Routers are asked again, people are tagged, operators open tasks, a start wants other numbers."""
        world = self.world
        if what % 5 == 0:
            world.tag(name, ["de"] if pick % 2 else [])
        elif what % 5 == 1:
            world.route(pick, wish, overlap)
        elif what % 5 == 2:
            world.open_to_all(pick)
        elif what % 5 == 3:
            world.look_who_is_awaited()
        elif overlap is not None and most is not None and most > overlap:
            world.want(overlap, 0.0, most)
        else:
            world.want(overlap, 0.5 if overlap is not None and pick % 2 else 0.0, None)

    @rule(pick=NUMBER, task=NUMBER, overlap=OVERLAP, all_of_it=CHANCE, what=st.integers(0, 11))
    def an_operator(self, pick: int, task: int, overlap: int | None, all_of_it: bool, what: int) -> None:
        world, one = self.world, None if all_of_it else pick
        if what == 0:
            world.pause(paused=not world.model.paused and all_of_it)
        elif what == 1:
            world.withdraw_task(pick)
        elif what == 2:
            world.reopen_task(pick)
        elif what == 3:
            world.withdraw_answer(pick)
        elif what == 4:
            world.reinstate_answer(pick)
        elif what == 5:
            world.set_overlap(one, overlap)
        elif what == 6:
            world.release_all(one)
        elif what == 7:
            world.bar(pick, task)
        elif what == 8:
            world.withdraw_answers(pick, 60.0 * task, back=all_of_it)
        elif what == 9:
            world.send_back(pick)
        elif what == 10:
            world.merge_seats(pick, task)
        else:
            world.rename_seat(pick)


COMMON = settings(
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
FAST = settings(COMMON, max_examples=50, stateful_step_count=30, derandomize=True, database=None)
SHORT = settings(FAST, max_examples=12, stateful_step_count=25)
SOAK = settings(COMMON, max_examples=3000, stateful_step_count=80, print_blob=True, derandomize=False)


def test_store_and_model_agree_on_the_same_sequences_every_time() -> None:
    run_state_machine_as_test(QueueMachine, settings=FAST)


def on(postgresql: PostgreSQL) -> type[QueueMachine]:
    """The machine on PostgreSQL."""

    class OnPostgreSQL(QueueMachine):
        def place(self) -> str:
            return postgresql.emptied()

    return OnPostgreSQL


def test_postgresql_and_model_agree_on_the_same_sequences_every_time(postgresql: PostgreSQL) -> None:
    run_state_machine_as_test(on(postgresql), settings=SHORT)


@pytest.mark.soak
def test_store_and_model_agree_on_new_sequences() -> None:
    run_state_machine_as_test(QueueMachine, settings=SOAK)


@pytest.mark.soak
def test_postgresql_and_model_agree_on_new_sequences(postgresql: PostgreSQL) -> None:
    run_state_machine_as_test(on(postgresql), settings=settings(SOAK, max_examples=500))
