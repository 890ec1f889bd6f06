"""`tallymark worker`: a further address of a PostgreSQL database."""

import contextlib
import socket
from pathlib import Path

from tests.crash.processes import Machine
from tests.postgresql import PostgreSQL


def test_a_port_that_is_taken_is_told(tmp_path: Path, postgresql: PostgreSQL) -> None:
    with contextlib.closing(Machine(tmp_path, postgresql.new())) as machine:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            worker = machine.start_worker(port)
            worker.heard(f"Port {port} is taken by another program")
            worker.heard("Annotate at")
        assert worker.interrupt() == 0
