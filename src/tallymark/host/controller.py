"""What callbacks are handed as `ctrl`."""

from collections.abc import Mapping
from typing import Any

from tallymark.host.datasets import HostDatasets
from tallymark.host.progress import Session
from tallymark.types import TaskStream


class Controller:
    """The run as a recipe sees it: dataset, settings, stream, sessions, and a database to read and write."""

    def __init__(
        self,
        *,
        dataset: str,
        view_id: str,
        config: Mapping[str, Any],
        exclude_by: str,
        stream: TaskStream,
        db: HostDatasets,
    ) -> None:
        self.dataset = dataset
        self.view_id = view_id
        self.config = dict(config)
        self.exclude_by = exclude_by
        self.stream = stream
        self.db = db

    @property
    def session_ids(self) -> list[str]:
        """Every open session in its full form `<dataset>-<name>`, in the order they joined."""
        return [self.get_session_name(name) for name in self.db.seats(self.dataset)]

    @property
    def all_session_ids(self) -> list[str]:
        """An older name of `session_ids`."""
        return self.session_ids

    def get_session_name(self, name: str) -> str:
        """The full form of a session's name."""
        return f"{self.dataset}-{name}"

    def session(self, name: str | None) -> Session:
        """A session by its short name, and how many answers it gave."""
        return Session(self.get_session_name(name or ""), self.db.seats(self.dataset).get(name or "", 0))
