"""Calling the writer of a database over HTTP."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tallymark import jsontext
from tallymark.channel.wire import JSON_TYPE, SECRET_HEADER, to_error
from tallymark.errors import ChannelDown, DatabaseBusy

_RETRY_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Address:
    """Where a process answers: `http://host:port`, and the secret that opens its inner door."""

    url: str
    secret: str


def post(address: Address, path: str, document: Any, *, timeout: float) -> Any:
    """One call on a connection of its own. Errors: `ChannelDown`, or what the other side raised."""
    connection = _connect(address, timeout)
    try:
        return _exchange(connection, address, path, jsontext.dumps(document))
    finally:
        connection.close()


class HttpChannel:
    """A `Channel` to the server of a database; each thread has a connection of its own.

    `locate` says where the server answers now; it is asked again after every failure, and may start a
    dead server anew. With `retry` a call that broke off is sent again until its timeout: only for callers
    whose calls are idempotent. Without it only a call that certainly did not arrive is sent again.
    """

    def __init__(self, locate: Callable[[], Address], *, retry: bool) -> None:
        self._locate = locate
        self._retry = retry
        self._local = threading.local()
        self._open: set[http.client.HTTPConnection] = set()

    def call(self, name: str, /, *, timeout: float = 30.0, **arguments: Any) -> Any:
        """Run the named function where the writer lives (see `tallymark.types.Channel`)."""
        body = jsontext.dumps(arguments)
        deadline = time.monotonic() + timeout
        while True:
            try:
                address, connection = self._connection(timeout)
                return _exchange(connection, address, f"/internal/{name}", body)
            except (ChannelDown, DatabaseBusy) as error:
                self._drop()
                sent = isinstance(error, _BrokenOff)
                if time.monotonic() > deadline or (sent and not self._retry):
                    raise
                time.sleep(_RETRY_PAUSE)
            finally:
                if not self._retry:
                    self._drop()  # an idle connection the server closed could not be told from a lost call

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in list(self._open):
            connection.close()
        self._open.clear()

    def _connection(self, timeout: float) -> tuple[Address, http.client.HTTPConnection]:
        known = getattr(self._local, "connection", None)
        if known is not None:
            address, connection = known
            connection.timeout = timeout
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            return address, connection
        address = self._locate()
        connection = _connect(address, timeout)
        self._open.add(connection)
        self._local.connection = (address, connection)
        return address, connection

    def _drop(self) -> None:
        known = getattr(self._local, "connection", None)
        if known is not None:
            known[1].close()
            self._open.discard(known[1])
            self._local.connection = None


class _BrokenOff(ChannelDown):
    """The call was sent and no answer came: it may have been carried out."""


def _connect(address: Address, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(address.url)
    return http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=timeout)


def _exchange(connection: http.client.HTTPConnection, address: Address, path: str, body: str) -> Any:
    headers = {"content-type": JSON_TYPE, SECRET_HEADER: address.secret}
    try:
        if connection.sock is None:
            connection.connect()
    except OSError as error:
        raise ChannelDown(f"nobody answers at {address.url}: {error}") from error
    try:
        connection.request("POST", path, body.encode(), headers)
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOff(f"{address.url} broke off during {path}: {error!r}") from error
    if response.status == http.client.NOT_FOUND:
        raise ChannelDown(f"the process at {address.url} is not the one looked for")
    document = jsontext.loads(content)
    if response.status != http.client.OK:
        raise to_error(document)
    return document
