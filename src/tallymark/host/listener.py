"""The host's small HTTP door for its server: validate, event, wake. Standard library only."""

import logging
import secrets
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tallymark import jsontext
from tallymark.channel.client import Address
from tallymark.channel.wire import JSON_TYPE, SECRET_HEADER, failure, same_secret
from tallymark.errors import TallymarkError
from tallymark.host.inbox import Inbox, Kind

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 1.8  # a little less than the server waits, so that it hears why

_OK, _NOT_FOUND, _FAILED = 200, 404, 409


class Listener:
    """Listens on a free port of 127.0.0.1 from its making until `close`."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._answer))
        self._server.daemon_threads = True
        self.address = Address(f"http://127.0.0.1:{self._server.server_port}", secrets.token_urlsafe(32))
        self._thread = threading.Thread(target=self._server.serve_forever, name="host-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, path: str, secret: str | None, body: bytes) -> tuple[int, Any]:
        if not same_secret(secret, self.address.secret):
            return _NOT_FOUND, None
        try:
            return _OK, self._ask(path, body)
        except TallymarkError as error:
            return _FAILED, failure(error)

    def _ask(self, path: str, body: bytes) -> Any:
        if path == "/wake":
            self._inbox.wake()
            return {}
        kind: Kind = "validate" if path == "/validate" else "event"
        return self._inbox.ask(kind, jsontext.loads(body), timeout=ANSWER_SECONDS)


def _handler(answer: Callable[[str, str | None, bytes], tuple[int, Any]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, document = answer(self.path, self.headers.get(SECRET_HEADER), body)
            content = jsontext.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", JSON_TYPE)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            logger.debug(format, *args)

    return Handler
