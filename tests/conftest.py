"""What holds for every test."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from tests.browsers import browser, playwright
from tests.postgresql import PostgreSQL, running

__all__ = ["browser", "playwright", "postgresql"]

settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

# A test run in the background may ignore Ctrl-C, and every process it starts would do so, too.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server for the tests of this process."""
    with running() as served:
        yield served
