"""`ctrl.db`: annotated data to read at any time, and to add to through the one writer."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tallymark.databases import Place, address_of
from tallymark.types import Channel, Decision, Task

if TYPE_CHECKING:
    from tallymark.store import Store
    from tallymark.store.reading import StoredDatasets


class HostDatasets:
    """`Datasets` that can also be written to; the database is opened for reading when first asked."""

    def __init__(self, database: Place, channel: Channel) -> None:
        self._database = database
        self._channel = channel
        self._store: Store | None = None

    @cached_property
    def store(self) -> "Store":
        """The database, for reading."""
        from tallymark.store import Store

        self._store = Store.open(address_of(self._database), read_only=True)
        return self._store

    @cached_property
    def _datasets(self) -> "StoredDatasets":
        from tallymark.store.reading import StoredDatasets

        return StoredDatasets(self.store)

    @property
    def datasets(self) -> list[str]:
        """All datasets, by name."""
        return self.names()

    def names(self) -> list[str]:
        """All datasets, by name."""
        return self._datasets.names()

    def __contains__(self, name: object) -> bool:
        return name in self._datasets

    def __len__(self) -> int:
        return len(self._datasets)

    def count(self, name: str) -> int:
        """Counted, current answers of persons."""
        return self._datasets.count(name)

    def answers(
        self,
        name: str,
        *,
        decision: Decision | None = None,
        include_surplus: bool = False,
        flagged_only: bool = False,
    ) -> Iterator[Task]:
        """The answered documents in the order they were stored."""
        return self._datasets.answers(
            name, decision=decision, include_surplus=include_surplus, flagged_only=flagged_only
        )

    def get_dataset_examples(self, name: str) -> list[Task]:
        """All answered documents of a dataset."""
        return list(self.answers(name))

    def input_hashes(self, name: str) -> Iterator[int]:
        """The 32-bit input hash of every answered task."""
        return self._datasets.input_hashes(name)

    def task_hashes(self, name: str) -> Iterator[int]:
        """The 32-bit task hash of every answered task."""
        return self._datasets.task_hashes(name)

    def get_input_hashes(self, *names: str) -> set[int]:
        """The input hashes of all answered tasks of some datasets."""
        return {value for name in names for value in self.input_hashes(name)}

    def get_task_hashes(self, *names: str) -> set[int]:
        """The task hashes of all answered tasks of some datasets."""
        return {value for name in names for value in self.task_hashes(name)}

    def add_dataset(self, name: str) -> None:
        """Create a dataset unless there is one."""
        self._channel.call("datasets.ensure_dataset", name=name)

    def add_examples(self, examples: Sequence[Task], datasets: Sequence[str]) -> dict[str, Any]:
        """Add answered documents to existing datasets, each as an answer of its `_session_id`."""
        return {
            name: self._channel.call("importing.import_answers", dataset=name, records=list(examples))
            for name in datasets
        }

    def seats(self, dataset: str) -> dict[str, int]:
        """The open, named seats of a dataset in the order they joined, with the answers each gave."""
        from tallymark.store import Statement

        seats = Statement(
            "The seats of a dataset.",
            "SELECT s.name, s.answered FROM session s JOIN dataset d ON d.id = s.dataset"
            " WHERE d.name = :dataset AND s.kind = 'person' AND s.retired_at IS NULL AND s.name <> ''"
            " ORDER BY s.id",
        )
        with self.store.reading() as tx:
            return {row["name"]: row["answered"] for row in tx.all(seats, {"dataset": dataset})}

    def seat_ids(self, dataset: str) -> dict[str, int]:
        """The open, named seats of a dataset in the order they joined, with their ids."""
        from tallymark.store import Statement

        seats = Statement(
            "The seats of a dataset.",
            "SELECT s.id, s.name FROM session s JOIN dataset d ON d.id = s.dataset"
            " WHERE d.name = :dataset AND s.kind = 'person' AND s.retired_at IS NULL AND s.name <> ''"
            " ORDER BY s.id",
        )
        with self.store.reading() as tx:
            return {row["name"]: row["id"] for row in tx.all(seats, {"dataset": dataset})}

    def queued(self, dataset: str) -> int:
        """How many tasks a dataset has."""
        from tallymark.store import Statement

        queued = Statement(
            "How many tasks a dataset has.", "SELECT queued FROM dataset WHERE name = :dataset"
        )
        with self.store.reading() as tx:
            return int(tx.value(queued, {"dataset": dataset}))

    def close(self) -> None:
        """Let go of the database."""
        if self._store is not None:
            self._store.close()
