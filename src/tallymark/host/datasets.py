"""`ctrl.db`: annotated data to read at any time, and to add to through the one writer."""

import itertools
import logging
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from tallymark import jsontext
from tallymark.databases import DatabaseUrl, Place, address_of
from tallymark.errors import InputError, NoDatabase
from tallymark.hashing import set_hashes, without_private
from tallymark.types import Channel, Decision, Task

if TYPE_CHECKING:
    from tallymark.store import Statement, Store
    from tallymark.store.reading import StoredDatasets

logger = logging.getLogger(__name__)

DROP_SECONDS: Final = 120.0
BATCH: Final = 200

HashName = Literal["task_hash", "input_hash"]


class HostDatasets:
    """`Datasets` that can also be written to; the database is opened for reading when first asked.

    A session is named in its full form, `<dataset>-<name>`, where a dataset is asked for, too.
    """

    def __init__(self, database: Place, channel: Channel) -> None:
        self._database = database
        self._channel = channel
        self._store: Store | None = None
        self._runs: dict[str, tuple[str, float]] = {}

    @property
    def place(self) -> Place:
        """Where the database is."""
        return self._database

    @property
    def db_id(self) -> str:
        """The kind of database: `sqlite` or `postgresql`."""
        return "postgresql" if isinstance(self.place, DatabaseUrl) else "sqlite"

    @property
    def db_name(self) -> str:
        """The kind of database, for people."""
        return "PostgreSQL" if isinstance(self.place, DatabaseUrl) else "SQLite"

    @cached_property
    def store(self) -> "Store":
        """The database, for reading."""
        from tallymark.store import Store

        self._store = Store.open(address_of(self.place), read_only=True)
        weakref.finalize(self, self._store.close)  # recipes that connect by themselves never close
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
        """All datasets, by name; none while there is no database."""
        try:
            return self._datasets.names()
        except NoDatabase:
            return []

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __len__(self) -> int:
        return len(self.names())

    def count(self, name: str) -> int:
        """Counted, current answers of persons."""
        return self._datasets.count(name)

    def count_since(self, name: str, since: float) -> int:
        """Counted answers of persons that were given since a time, in seconds since 1970."""
        from tallymark.store import Statement

        counted = Statement(
            "Answers of persons since a time.",
            "SELECT count(*) AS n FROM dataset d JOIN session s ON s.dataset = d.id AND s.kind = 'person'"
            " JOIN assignment a ON a.session = s.id AND a.position IS NOT NULL AND a.standing = 'counted'"
            " WHERE d.name = :dataset AND a.answered_at >= :since",
        )
        return sum(int(row["n"]) for row in self._rows(counted, dataset=name, since=since))

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

    def get_dataset(self, name: str, default: Any = None, session: bool = False) -> Any:  # noqa: ARG002
        """All answered documents of a dataset or session; `default` or no documents when there is none."""
        found = self._documents(name)
        if found is None:
            logger.warning("There is no dataset or session %r; nothing is read of it.", name)
            return [] if default is None else default
        return list(map(_hashed, found))

    def get_dataset_examples(self, name: str) -> list[Task]:
        """All answered documents of a dataset or session. Errors: `NotKnown`."""
        return list(self.iter_dataset_examples(name))

    def iter_dataset_examples(self, name: str) -> Iterator[Task]:
        """The answered documents of a dataset or session, one at a time. Errors: `NotKnown`."""
        found = self._documents(name)
        return map(_hashed, self.answers(name) if found is None else found)

    def get_dataset_page(self, name: str, page_number: int, page_size: int) -> tuple[int, list[Task]]:
        """How many answered documents a dataset has, and those of one page; the first page is 1."""
        start = (page_number - 1) * page_size
        page = itertools.islice(self.answers(name), start, start + page_size)
        return self.count(name), list(map(_hashed, page))

    def get_examples(self, ids: Iterable[int], by: HashName = "task_hash") -> list[Task]:
        """The answered documents of all datasets that have one of these hashes."""
        wanted = set(ids)
        every = (_hashed(answer) for name in self.names() for answer in self.answers(name))
        return [answer for answer in every if answer.get(f"_{by}") in wanted]

    def count_dataset(self, name: str, session: bool = False) -> int:
        """How many answered documents a dataset has, or with `session` a session."""
        return len(self.get_dataset(name)) if session else self.count(name)

    def get_meta(self, name: str) -> dict[str, Any] | None:
        """When a dataset was made, in seconds since 1970; None when there is none."""
        from tallymark.store import Statement

        created = Statement("When a dataset was made.", "SELECT created_at FROM dataset WHERE name = :name")
        rows = self._rows(created, name=name)
        return {"created": rows[0]["created_at"]} if rows else None

    @property
    def sessions(self) -> list[str]:
        """All named sessions of all datasets in their full form."""
        return [session for name in self.names() for session in self.get_dataset_sessions(name)]

    def get_dataset_sessions(self, name: str) -> list[str]:
        """The named sessions of a dataset in their full form."""
        from tallymark.store import Statement

        sessions = Statement(
            "The named sessions of a dataset, those of imports too.",
            "SELECT s.name FROM session s JOIN dataset d ON d.id = s.dataset"
            " WHERE d.name = :dataset AND s.name <> '' ORDER BY s.id",
        )
        return [f"{name}-{row['name']}" for row in self._rows(sessions, dataset=name)]

    def get_sessions_examples(self, session_ids: Iterable[str]) -> list[Task]:
        """The answered documents of some sessions."""
        return [answer for session in session_ids for answer in self.get_dataset(session)]

    def name_run(self, session_id: str, dataset: str, since: float) -> None:
        """Let the answers of a dataset from a time on be read under the name of the run."""
        self._runs[session_id] = (dataset, since)

    def _documents(self, name: str) -> Iterator[Task] | None:
        """The answered documents of a dataset, session or run; None when there is none of that name."""
        if name in self:
            return self.answers(name)
        if name in self._runs:
            dataset, since = self._runs[name]
            return (answer for answer in self.answers(dataset) if answer.get("_timestamp", 0) >= int(since))
        dataset = next((dataset for dataset in self.names() if self._has_session(dataset, name)), "")
        if not dataset:
            return None
        return (answer for answer in self.answers(dataset) if answer.get("_session_id") == name)

    def _has_session(self, dataset: str, session: str) -> bool:
        return session.startswith(f"{dataset}-") and session in self.get_dataset_sessions(dataset)

    def _rows(self, statement: "Statement", **named: Any) -> list[Any]:
        try:
            store = self.store
        except NoDatabase:
            return []
        with store.reading() as tx:
            return list(tx.all(statement, named))

    def input_hashes(self, name: str) -> Iterator[int]:
        """The 32-bit input hash of every answered task."""
        return self._datasets.input_hashes(name)

    def task_hashes(self, name: str) -> Iterator[int]:
        """The 32-bit task hash of every answered task."""
        return self._datasets.task_hashes(name)

    def get_input_hashes(self, *names: str) -> set[int]:
        """The input hashes of all answered tasks of some datasets; none of those that are not there yet."""
        return {value for name in names if name in self for value in self.input_hashes(name)}

    def get_task_hashes(self, *names: str) -> set[int]:
        """The task hashes of all answered tasks of some datasets; none of those that are not there yet."""
        return {value for name in names if name in self for value in self.task_hashes(name)}

    def add_dataset(self, name: str, meta: Any = None, session: bool = False) -> bool:  # noqa: ARG002
        """Create a dataset unless there is one. Sessions make themselves: for them nothing is done."""
        if not session and name not in self:
            self._channel.call("datasets.ensure_dataset", name=name)
        return True

    def add_examples(
        self, examples: Iterable[Task], datasets: Sequence[str] = (), **_more: Any
    ) -> dict[str, Any]:
        """Add answered documents to existing datasets, each as an answer of its `_session_id`.

        Those without an `answer` count as accepted. What was added before to the letter is not added again.
        Errors: `NotKnown` for a dataset.
        """
        records = [_hashed({"answer": "accept", **example}) for example in examples]
        numbers = _occurrences(records)
        return {name: self._add(name, records, numbers) for name in datasets}

    def _add(self, name: str, records: list[Task], numbers: list[int]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for start in range(0, len(records), BATCH):
            counts.update(
                self._channel.call(
                    "importing.import_answers",
                    dataset=name,
                    records=records[start : start + BATCH],
                    occurrences=numbers[start : start + BATCH],
                )
            )
        return counts

    def stored_datasets(self) -> list[dict[str, Any]]:
        """Every dataset as `{"id", "name", "created"}`, the time in seconds since 1970."""
        from tallymark.store import Statement

        every = Statement("All datasets.", "SELECT id, name, created_at FROM dataset ORDER BY id")
        return [
            {"id": row["id"], "name": row["name"], "created": row["created_at"]} for row in self._rows(every)
        ]

    def numbered(self, name: str) -> Iterator[tuple[int, Task]]:
        """The answered documents of a dataset with their numbers, which `link` and `unlink` take."""
        return ((number, _hashed(answer)) for number, answer in self._datasets.numbered(name))

    def link(self, ids: Iterable[int], datasets: Sequence[str]) -> dict[str, Any]:
        """Add the answers with these numbers to existing datasets, too. Errors: `NotKnown`."""
        wanted = set(ids)
        every = (pair for name in self.names() for pair in self.numbered(name))
        return self.add_examples([answer for number, answer in every if number in wanted], datasets=datasets)

    def unlink(self, ids: Iterable[int]) -> int:
        """Set the answers with these numbers aside, so that they are in their dataset no more; how many.

        They stay in the history, and `tallymark reopen` brings them back; their questions are asked again.
        """
        return self._set_aside("number", ids)

    def drop_examples(self, ids: Iterable[int], by: HashName = "task_hash") -> int:
        """Set the answers to all tasks with one of these hashes aside, as `unlink` does; how many."""
        if by not in ("task_hash", "input_hash"):
            raise InputError(f'drop_examples(…, by=…) is "task_hash" or "input_hash", not {by!r}.')
        return self._set_aside(by, ids)

    def _set_aside(self, by: Literal["number", "task_hash", "input_hash"], ids: Iterable[int]) -> int:
        from tallymark.store import Statement, json_ids

        answers = Statement(
            "Answers of persons that stand.",
            "SELECT n.task, s.name AS session, d.name AS dataset FROM task t"
            " JOIN assignment a ON a.task = t.id AND a.standing IN ('counted', 'surplus')"
            " JOIN answer n ON n.task = a.task AND n.session = a.session AND n.revision = a.revision"
            " JOIN session s ON s.id = a.session JOIN dataset d ON d.id = t.dataset"
            " WHERE CASE :by WHEN 'number' THEN n.id WHEN 'task_hash' THEN t.task_hash ELSE t.input_hash END"
            " IN {ids} ORDER BY n.id",
        )
        found = self._rows(answers, by=by, ids=json_ids(ids))
        for row in found:
            self._channel.call(
                "operate.withdraw_answer",
                dataset=row["dataset"],
                task_id=str(row["task"]),
                session=row["session"],
            )
        return len(found)

    def drop_dataset(self, name: str, batch_size: int | None = None) -> bool:  # noqa: ARG002
        """Delete a dataset with everything in it; whether there was one.

        Errors: `InputError` while it is being served.
        """
        from tallymark.channel.locks import dataset_lock, held, holder

        if name not in self:
            return False
        lock = dataset_lock(self.place, name)
        if held(lock):
            raise InputError(f"Dataset {name!r} is being served by {holder(lock)}. Stop that process first.")
        begun = self._channel.call("dropping.begin_drop", dataset=name)
        while not self._channel.call("dropping.drop_part", timeout=DROP_SECONDS, dataset=begun["dataset"])[
            "gone"
        ]:
            pass
        return True

    def save(self) -> None:
        """Nothing is left to do: everything is saved when it is added."""

    def reconnect(self) -> None:
        """Open the database anew when it is next read."""
        self.close()
        for name in ("store", "_datasets"):
            self.__dict__.pop(name, None)

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

    def reserve(self, dataset: str, names: Sequence[str]) -> None:
        """Make seats for people who have not come yet."""
        self._channel.call("seats.reserve_seats", dataset=dataset, names=list(names))

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


def _hashed(answer: Task) -> Task:
    """An answered document with its hashes, which imported ones may lack."""
    return without_private(set_hashes(answer))


def _occurrences(records: Iterable[Task]) -> list[int]:
    """How many records before each are equal to it: equal ones of one call are all kept."""
    seen: Counter[str] = Counter()
    numbers = []
    for record in records:
        text = jsontext.dumps(record)
        numbers.append(seen[text])
        seen[text] += 1
    return numbers
