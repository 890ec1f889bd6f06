"""What tests of crashes share with those of the queue."""

from tests.queue.conftest import memory

__all__ = ["memory"]
