"""Run one recipe: its stream, its callbacks, and the server of its database."""

import logging
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tallymark.channel.client import HttpChannel
from tallymark.components import RecipeComponents
from tallymark.config import Settings
from tallymark.databases import place_of
from tallymark.errors import Fenced, TallymarkError
from tallymark.host.announcing import announce
from tallymark.host.by_hand import ByHand
from tallymark.host.callbacks import Callbacks
from tallymark.host.controller import Controller
from tallymark.host.dataset_lock import DatasetLock
from tallymark.host.datasets import HostDatasets
from tallymark.host.feeder import Feeder, new_task
from tallymark.host.feeding import Feeding
from tallymark.host.following import following
from tallymark.host.inbox import Inbox
from tallymark.host.launch import Launch, ServerOptions
from tallymark.host.listener import Listener
from tallymark.host.outage import Outage
from tallymark.host.pulse import Pulse
from tallymark.host.pushing import Pushing
from tallymark.host.routing import Routing
from tallymark.host.run_channel import RunChannel
from tallymark.host.say import Say, failed_at_start
from tallymark.host.starting import start_run
from tallymark.host.stopping import Stopper
from tallymark.interfaces import SHAPES
from tallymark.stream import Source, Stream, follow
from tallymark.types import Channel

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
END_SECONDS = 10.0
UNSAVED = "unsaved"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is run: the components, and what names this start of them."""

    components: RecipeComponents
    name: str
    command: str
    sources: Sequence[Source]


def begin_server(settings: Settings) -> Launch:
    """Start the server of the settings' database and return at once.

    Call it before the recipe is run: spaCy and the web framework are then imported side by side.
    """
    launch = Launch(ServerOptions.of(settings))
    launch.begin()
    return launch


def run(
    components: RecipeComponents,
    *,
    recipe_name: str,
    command: str,
    settings: Settings,
    sources: Sequence[Source] = (),
    launch: Launch | None = None,
    say: Say = logger.info,
) -> int:
    """Serve what a recipe returned until Ctrl-C; gives the exit code.

    `sources` were collected while the recipe ran, `launch` comes from `begin_server`, `say` gets lines for
    people. Errors: `Busy` when another process serves the dataset, `DatabaseBusy` when one has the database.
    """
    recipe = Recipe(components, recipe_name, command, sources)
    with ExitStack() as stack:
        if components.dataset is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tallymark-")))
            settings = settings.model_copy(update={"database": str(folder / "unsaved.db")})
            say("Nothing is saved: the recipe gave no dataset.")
        launch = _launch_for(settings, launch)
        launch.begin()
        lock = DatasetLock(launch.database, components.dataset or UNSAVED, take_over=settings.take_over)
        stack.callback(lock.release)
        channel = HttpChannel(launch.address, retry=True)
        stack.callback(channel.close)
        stack.callback(launch.leave, say)
        launch.address()
        if settings.logging == "verbose":
            stack.enter_context(following(launch.log, say))
        return serve_recipe(
            recipe,
            settings=settings,
            channel=channel,
            launch=launch,
            say=say,
            started=lock.wait,
            keep=lock.keep,
        )


def serve_recipe(
    recipe: Recipe,
    *,
    settings: Settings,
    channel: Channel,
    launch: Launch | None,
    say: Say,
    started: Callable[[], None] = lambda: None,
    keep: Callable[[], None] = lambda: None,
    stopper: Stopper | None = None,
) -> int:
    """As `run`, over a channel that is there; without a `launch` the server is somebody else's care.

    `started` is called when the run has begun and older ones are fenced, `keep` now and then while it lives;
    it raises `Fenced` when the dataset is another process's by now.
    """
    inbox = Inbox()
    stopper = stopper or Stopper()
    stopper.on_request(inbox.wake)
    with ExitStack() as stack:
        stack.enter_context(stopper.signals())
        listener = Listener(inbox)
        stack.callback(listener.close)
        fenced = start_run(
            recipe.components,
            dataset=_dataset(recipe),
            recipe=recipe.name,
            command=recipe.command,
            settings=settings,
            channel=channel,
            address=listener.address,
            say=say,
        )
        started()
        database = launch.database if launch is not None else place_of(settings.database_url)
        db = HostDatasets(database, channel)
        stack.callback(db.close)
        stream = follow(recipe.components.stream, opened=list(recipe.sources))
        controller = Controller(
            dataset=_dataset(recipe),
            view_id=recipe.components.view_id,
            config={**recipe.components.config, **settings.for_page()},
            exclude_by=settings.exclude_by,
            stream=stream,
            db=db,
        )
        fenced.wait = Outage(stopper, say).wait

        seats = partial(db.seat_ids, _dataset(recipe))
        routing = Routing(recipe.components, controller, settings, fenced, say, seats=seats)
        prefix = controller.get_session_name("")
        pushing = Pushing(fenced, lambda task: new_task(task) | routing.wish(task), prefix=prefix)
        controller.push_through(pushing)
        callbacks = Callbacks(recipe.components, fenced, controller, settings, say, pushing=pushing)

        def feeder(fed: Stream, rows_before: int) -> Feeder:
            queued = partial(db.queued, _dataset(recipe))
            return Feeder(
                fed,
                fenced,
                settings,
                stopper,
                say,
                queued=queued,
                wish=routing.wish,
                problem=partial(SHAPES.problem, controller.view_id, settings=controller.config),
                rows_before=rows_before,
            )

        feeding = Feeding(stream, feeder, fenced, say, replacing=controller.take_next_stream)
        controller.act_through(
            ByHand(
                channel,
                db,
                _dataset(recipe),
                batch_size=settings.batch_size,
                feed=feeding.feed_now,
                validate=recipe.components.callback("validate_answer"),
            )
        )
        host = Host(fenced, feeding, callbacks, routing, inbox, stopper, say)
        return host.live(recipe, settings, launch, keep)


class Host:
    """The loop of one run: answer the server, give answers to the callbacks, feed."""

    def __init__(
        self,
        channel: RunChannel,
        feeder: Feeding,
        callbacks: Callbacks,
        routing: Routing,
        inbox: Inbox,
        stopper: Stopper,
        say: Say,
    ) -> None:
        self._channel = channel
        self._feeder = feeder
        self._callbacks = callbacks
        self._routing = routing
        self._inbox = inbox
        self._stopper = stopper
        self._say = say
        self._fenced: Fenced | None = None

    def live(
        self, recipe: Recipe, settings: Settings, launch: Launch | None, keep: Callable[[], None]
    ) -> int:
        """From opening the sources to the last settled answer; the address is told before any task."""
        pulse = Pulse(
            self._channel, self._feeder, launch, keep=keep, on_fenced=self._on_fenced, say=self._say
        )
        try:
            self._on_load()
            with pulse:
                self._feeder.start()
                self._announce(recipe, settings, launch)
                self._loop()
                self._check_fence()
                if launch is not None:
                    launch.needed = False
                self._stop()
        except Fenced as error:
            self._say(str(error))
            return 3
        except KeyboardInterrupt:
            self._say("Stopped at once. Answers are saved; settled ones are delivered at the next start.")
            self._end_run(error=None)
            if launch is not None:
                launch.needed = False
            return 130
        except (Exception, SystemExit) as error:
            self._end_run(error=f"{type(error).__name__}: {error}")
            if launch is not None and launch.needed:
                self._say("This process fails; the server goes on, and answers are saved.")
            if isinstance(error, SystemExit):
                self._say(f"The recipe ended its process ({_exit(error)}).")
            raise
        return 0

    def _loop(self) -> None:
        while not self._stopper.requested:
            done = self._inbox.answer_all(self._callbacks.answer)
            done = self._callbacks.round() or done
            done = self._routing.step(new_task) or done
            done = self._feeder.step() or done
            if not done and not self._stopper.requested:
                self._inbox.wait(POLL_SECONDS)

    def _stop(self) -> None:
        """No more leases; what is settled is delivered; leases stay."""
        self._say("Stopping: settled answers are delivered. Press Ctrl-C again to stop at once.")
        self._feeder.finish()
        self._end_run(error=None)
        while self._callbacks.round(stopping=True):
            self._inbox.answer_all(self._callbacks.answer)
        self._callbacks.on_exit()
        self._callbacks.sum_up()
        self._say("Stopped. The same command goes on where this one ended.")

    def _end_run(self, *, error: str | None) -> None:
        try:
            self._channel.call("runs.end_run", timeout=END_SECONDS, error=error)
        except TallymarkError as failure:
            logger.warning("the end of the run could not be written: %s", failure)

    def _on_load(self) -> None:
        try:
            self._callbacks.on_load()
        except Exception as error:
            raise failed_at_start("on_load", error) from error

    def _on_fenced(self, error: Fenced) -> None:
        self._fenced = error
        self._stopper.request()

    def _check_fence(self) -> None:
        if self._fenced is not None:
            raise self._fenced

    def _announce(self, recipe: Recipe, settings: Settings, launch: Launch | None) -> None:
        if launch is None:
            return
        launch.needed = recipe.components.dataset is not None
        channel = self._channel.channel
        announce(dataset=_dataset(recipe), settings=settings, launch=launch, channel=channel, say=self._say)


def _exit(error: SystemExit) -> str:
    return f"exit code {error.code or 0}" if isinstance(error.code, int | None) else str(error.code)


def _dataset(recipe: Recipe) -> str:
    return recipe.components.dataset or UNSAVED


def _launch_for(settings: Settings, begun: Launch | None) -> Launch:
    """The server begun before, unless the recipe's own settings turned out to want another one."""
    options = ServerOptions.of(settings)
    if begun is None:
        return Launch(options)
    if begun.options == options:
        return begun
    begun.cancel()
    return Launch(options)
