"""Calls between processes: errors keep their kind, and only what may be repeated is."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.server.conftest import SECRET, Served

from tallymark.channel.client import Address, HttpChannel
from tallymark.channel.find import living_server
from tallymark.channel.locks import FileLock, LockHeld, held, holder
from tallymark.channel.wire import failure, to_error
from tallymark.errors import (
    ChannelDown,
    DatasetRequired,
    Fenced,
    InputError,
    NotKnown,
    RecipeError,
    TallymarkError,
)
from tallymark.server.channel import LocalChannel, open_channel


class OddError(TallymarkError):
    """An error the other side does not know."""

    code = "odd"


@pytest.mark.parametrize(
    "error", [NotKnown("no"), Fenced("gone"), RecipeError("title", "details"), DatasetRequired(["a", "b"])]
)
def test_errors_keep_kind_message_and_attributes(error: TallymarkError) -> None:
    again = to_error(dict(failure(error)))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_an_unknown_error_keeps_its_code() -> None:
    again = to_error(dict(failure(OddError("hm"))))
    assert (again.code, str(again)) == ("odd", "hm")


@pytest.fixture
def channel(served: Served) -> Iterator[HttpChannel]:
    """A channel to the app."""
    address = Address(str(served.client.base_url).rstrip("/"), SECRET)
    with closing(HttpChannel(lambda: address, retry=True)) as channel:
        yield channel


def test_calls_are_made_over_http_and_errors_raised_again(channel: HttpChannel) -> None:
    made = channel.call("datasets.ensure_dataset", name="news")
    assert made["created"] is True
    with pytest.raises(NotKnown, match="nowhere"):
        channel.call("seats.claim_seat", dataset="nowhere", name="ann")
    with pytest.raises(InputError, match=r"os\.system"):
        channel.call("os.system")


def test_local_and_remote_channels_are_alike(served: Served, channel: HttpChannel) -> None:
    local = LocalChannel(served.writer)
    local.call("datasets.ensure_dataset", name="news")
    assert channel.call("datasets.ensure_dataset", name="news") == local.call(
        "datasets.ensure_dataset", name="news"
    )
    with pytest.raises(NotKnown):
        local.call("seats.claim_seat", dataset="nowhere", name="ann")
    with pytest.raises(InputError):
        local.call("os.system")


@pytest.fixture
def broken() -> Iterator[tuple[Address, list[int]]]:
    """A port that takes requests and hangs up; how many connections there were."""
    connections: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as bound:

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = bound.accept()
                except OSError:
                    return
                connections.append(1)
                connection.recv(10)
                connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        yield Address(f"http://127.0.0.1:{bound.getsockname()[1]}", "s"), connections
        bound.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(("retry", "more_than_once"), [(True, True), (False, False)])
def test_a_call_that_may_have_been_carried_out_is_repeated_only_on_request(
    broken: tuple[Address, list[int]], retry: bool, more_than_once: bool
) -> None:
    address, connections = broken
    channel = HttpChannel(lambda: address, retry=retry)
    with pytest.raises(ChannelDown):
        channel.call("anything", timeout=0.3)
    assert (len(connections) > 1) is more_than_once


def test_a_channel_asks_anew_where_the_server_is(served: Served) -> None:
    good = Address(str(served.client.base_url).rstrip("/"), SECRET)
    places = iter([Address("http://127.0.0.1:1", "s"), Address(good.url, "other"), good])
    with closing(HttpChannel(lambda: next(places), retry=False)) as channel:
        assert channel.call("server.hello")["database_id"] == served.store.database_id


def test_a_lock_names_its_holder_and_ends_with_release(tmp_path: Path) -> None:
    import os

    path = tmp_path / "x.lock"
    assert not held(path)
    with FileLock(path):
        assert held(path)
        assert holder(path) is not None
        with pytest.raises(LockHeld, match=f"process {os.getpid()}"):
            FileLock(path, patience=0)
    assert not held(path)
    assert holder(path) is None


def test_without_a_database_nobody_serves_it_and_the_first_command_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    assert living_server(path) is None
    with open_channel(path) as channel:
        channel.call("datasets.ensure_dataset", name="news")
    with open_channel(f"sqlite:///{path}") as channel:
        assert channel.call("datasets.ensure_dataset", name="news")["created"] is False
