"""A channel to a database for commands: through the server that lives, else by writing itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tallymark import jsontext
from tallymark.channel.client import Address, HttpChannel
from tallymark.channel.find import busy, living_server
from tallymark.channel.locks import LockHeld, server_lock, take
from tallymark.databases import Place, address_of, place_of
from tallymark.errors import ChannelDown, InputError
from tallymark.queue.calls import BULK, CALLS, NEEDS_SHAPES
from tallymark.queue.writer import Writer
from tallymark.store import Store, Transaction
from tallymark.types import AnswerShapes, Channel

_PAUSE = 0.05


class LocalChannel:
    """A `Channel` to a writer in this process. Arguments and results take the same way as over HTTP."""

    def __init__(self, writer: Writer, *, shapes: AnswerShapes | None = None) -> None:
        self._writer = writer
        self._shapes = shapes

    def call(self, name: str, /, *, timeout: float = 30.0, **arguments: Any) -> Any:
        """Run the named function in a transaction (see `tallymark.types.Channel`)."""
        function = CALLS.get(name)
        if function is None:
            raise InputError(f"there is no call {name!r}")
        given = jsontext.loads(jsontext.dumps(arguments))
        if name in NEEDS_SHAPES:
            given["shapes"] = self._shapes or interface_shapes()

        def change(tx: Transaction) -> Any:
            return function(tx, **given)

        try:
            result = self._writer.submit(change, bulk=name in BULK).result(timeout)
        except TimeoutError as error:
            raise ChannelDown(f"{name} was not done within {timeout:.0f} s") from error
        return jsontext.loads(jsontext.dumps(result))

    def close(self) -> None:
        """Nothing to let go of: the writer belongs to somebody else."""


def interface_shapes() -> AnswerShapes:
    """What the interfaces of this program know of answers."""
    from tallymark.interfaces import SHAPES

    shapes: AnswerShapes = SHAPES
    return shapes


@contextmanager
def open_channel(database: str | Place, *, patience: float = 10.0) -> Iterator[Channel]:
    """A channel to the one writer of a database, for the length of the block.

    A living server does the writing; if there is none, this process takes the lock and writes itself.
    Errors: `DatabaseBusy` when somebody holds the lock and does not answer for `patience` seconds.
    """
    place = place_of(database)
    deadline = time.monotonic() + patience
    while True:
        server = living_server(place)
        if server is not None:
            with _through(server.address) as channel:
                yield channel
            return
        try:
            lock = take(server_lock(place))
        except LockHeld as error:
            if time.monotonic() > deadline:
                raise busy(place) from error
            time.sleep(_PAUSE)
            continue
        with lock, _own_writer(place) as channel:
            yield channel
        return


@contextmanager
def _through(address: Address) -> Iterator[Channel]:
    channel = HttpChannel(lambda: address, retry=False)
    try:
        yield channel
    finally:
        channel.close()


@contextmanager
def _own_writer(place: Place) -> Iterator[Channel]:
    store = Store.open(address_of(place))
    writer = Writer(store)
    try:
        yield LocalChannel(writer)
    finally:
        writer.close()
        store.close()
