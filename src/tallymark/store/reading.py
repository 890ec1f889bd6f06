"""Read annotated data: the `Datasets` protocol on a store, one record at a time."""

from collections.abc import Iterator, Sequence

from tallymark.errors import NotKnown
from tallymark.names import canonical, listed
from tallymark.store.engine import Store
from tallymark.store.records import RECORD_COLUMNS, RECORD_TABLES, record, revision_record
from tallymark.store.statements import Statement
from tallymark.store.transaction import json_ids
from tallymark.types import Decision, Task

PAGE = 500

_NAMES = Statement("All datasets by name.", "SELECT name FROM dataset ORDER BY name")
_FIND = Statement("A dataset by name.", "SELECT id FROM dataset WHERE name = :name")
# `m.id + 0` keeps SQLite from walking through all answers of a session instead of those of one task.
_CURRENT = """
      n.id <= :last AND n.beside = 0 AND n.status = 'submitted' AND s.kind = 'person'
      AND NOT EXISTS (SELECT 1 FROM answer m WHERE m.task = n.task AND m.session = n.session
                         AND m.revision > n.revision AND m.beside = 0 AND m.id + 0 <= :last)
      AND (a.standing = 'counted' OR (:surplus = 1 AND a.standing = 'surplus'))
"""
_PAGE = Statement(
    "Current answers after one, in the order they were stored.",
    f"""
    SELECT n.id, {RECORD_COLUMNS} FROM answer n {RECORD_TABLES}
     WHERE n.dataset = :dataset AND n.id > :after AND {_CURRENT}
       AND (n.decision = :decision OR :decision IS NULL)
     ORDER BY n.id LIMIT {PAGE}
    """,  # noqa: S608
)
_HISTORY = Statement(
    "Everything that was said, after one, in the order it was stored.",
    f"""
    SELECT n.id, n.revision, n.base, n.beside, n.active_ms, n.shown_at, s.kind AS annotator_kind,
           a.revision AS current_revision, {RECORD_COLUMNS} FROM answer n {RECORD_TABLES}
     WHERE n.dataset = :dataset AND n.id > :after AND n.id <= :last
       AND (n.decision = :decision OR :decision IS NULL)
     ORDER BY n.id LIMIT {PAGE}
    """,  # noqa: S608
)
_GIVEN = Statement(
    "When the current answers of a dataset were given, and by whom.",
    f"""
    SELECT coalesce(n.client_time, n.server_time) AS given, n.decision, s.id AS session FROM answer n
      JOIN assignment a ON a.task = n.task AND a.session = n.session JOIN session s ON s.id = n.session
     WHERE n.dataset = :dataset AND {_CURRENT}
    """,  # noqa: S608
)
_FIRST_GIVEN = Statement(
    "When each input of some datasets was answered first.",
    """
    SELECT min(coalesce(n.client_time, n.server_time)) AS given FROM task t
      JOIN assignment a ON a.task = t.id AND a.standing = 'counted'
      JOIN answer n ON n.task = a.task AND n.session = a.session AND n.revision = a.revision
     WHERE t.dataset IN {ids} GROUP BY t.input_identity
    """,
)
_LAST = Statement("The newest answer.", "SELECT coalesce(max(id), 0) FROM answer")
_COUNT = Statement(
    "How many counted, current answers of persons a dataset has.",
    # CROSS JOIN keeps SQLite from walking through the assignments of all datasets.
    "SELECT count(*) FROM session s CROSS JOIN assignment a"
    " WHERE s.dataset = :dataset AND s.kind = 'person' AND a.session = s.id"
    " AND a.position IS NOT NULL AND a.standing = 'counted'",
)
_HASHES = Statement(
    "The 32-bit hashes of answered tasks.",
    "SELECT input_hash, task_hash FROM task t WHERE dataset = :dataset AND EXISTS"
    " (SELECT 1 FROM assignment a WHERE a.task = t.id AND a.state = 'answered') ORDER BY t.id",
)


class StoredDatasets:
    """`Datasets` on a store. Every call reads what is stored at that moment."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def names(self) -> list[str]:
        """All datasets, by name."""
        with self._store.reading() as tx:
            return [str(row["name"]) for row in tx.all(_NAMES)]

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __len__(self) -> int:
        return len(self.names())

    def count(self, name: str) -> int:
        """Current answers of persons that are within their task's overlap. Errors: `NotKnown`."""
        dataset = self._find(name)
        with self._store.reading() as tx:
            return int(tx.value(_COUNT, {"dataset": dataset}))

    def answers(
        self,
        name: str,
        *,
        decision: Decision | None = None,
        include_surplus: bool = False,
        flagged_only: bool = False,
    ) -> Iterator[Task]:
        """The answered documents as of now, in the order they were stored, in constant memory.

        What is answered or edited while this is read is not in it; what is retracted meanwhile is left out.
        Errors: `NotKnown`.
        """
        numbered = self.numbered(name, decision=decision, include_surplus=include_surplus)
        return (document for _, document in numbered if not flagged_only or document.get("flagged"))

    def numbered(
        self, name: str, *, decision: Decision | None = None, include_surplus: bool = False
    ) -> Iterator[tuple[int, Task]]:
        """As `answers`, each with its number in the database. Errors: `NotKnown`."""
        dataset = self._find(name)
        with self._store.reading() as tx:
            last = tx.value(_LAST)
        after = 0
        while True:
            named = {
                "dataset": dataset,
                "after": after,
                "last": last,
                "decision": decision,
                "surplus": int(include_surplus),
            }
            with self._store.reading() as tx:
                rows = tx.all(_PAGE, named)
            for row in rows:
                document = record(row)
                if row["standing"] == "surplus":
                    document["_standing"] = "surplus"
                yield row["id"], document
            if len(rows) < PAGE:
                return
            after = rows[-1]["id"]

    def history(self, name: str, *, decision: Decision | None = None) -> Iterator[Task]:
        """Every revision of every answer as of now, in the order they were stored, in constant memory.

        Each is the document as it was given (before `before_db`), with `_revision`, `_base` (the revision it
        changes), `_status` (submitted or retracted), `_current`, `_standing` (of the current one: counted,
        surplus, uncounted, withdrawn), `_stored_at` (seconds by the database's clock) and, where known,
        `_shown_at` and `_active_ms`. Errors: `NotKnown`.
        """
        dataset = self._find(name)
        with self._store.reading() as tx:
            last = tx.value(_LAST)
        after = 0
        while True:
            named = {"dataset": dataset, "after": after, "last": last, "decision": decision}
            with self._store.reading() as tx:
                rows = tx.all(_HISTORY, named)
            yield from map(revision_record, rows)
            if len(rows) < PAGE:
                return
            after = rows[-1]["id"]

    def given(self, name: str) -> Iterator[tuple[float, Decision, int]]:
        """When each current answer was given (seconds since 1970), its decision and its session's number.

        In no certain order, as of now, in constant memory. Errors: `NotKnown`.
        """
        dataset = self._find(name)
        with self._store.reading() as tx:
            last = tx.value(_LAST)
            for row in tx.stream(_GIVEN, {"dataset": dataset, "last": last, "surplus": 0}):
                yield row["given"], row["decision"], row["session"]

    def first_given(self, names: Sequence[str]) -> Iterator[float]:
        """When each input of some datasets got its first answer (seconds since 1970), in no certain order.

        Errors: `NotKnown`.
        """
        ids = json_ids(self._find(name) for name in names)
        with self._store.reading() as tx:
            for row in tx.stream(_FIRST_GIVEN, {"ids": ids}):
                yield row["given"]

    def input_hashes(self, name: str) -> Iterator[int]:
        """The 32-bit input hash of every answered task. Errors: `NotKnown`."""
        return self._hashes(name, "input_hash")

    def task_hashes(self, name: str) -> Iterator[int]:
        """The 32-bit task hash of every answered task. Errors: `NotKnown`."""
        return self._hashes(name, "task_hash")

    def _hashes(self, name: str, column: str) -> Iterator[int]:
        dataset = self._find(name)
        with self._store.reading() as tx:
            for row in tx.stream(_HASHES, {"dataset": dataset}):
                yield row[column]

    def _find(self, name: str) -> int:
        with self._store.reading() as tx:
            dataset = tx.value(_FIND, {"name": canonical(name)})
        if dataset is None:
            raise NotKnown(f"There is no dataset {name!r}. There are: {listed(self.names())}.")
        return int(dataset)
