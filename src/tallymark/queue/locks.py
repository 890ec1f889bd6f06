"""Locks for what no row stands for, held until the end of a transaction.

They matter where several transactions write at once (PostgreSQL); SQLite's one writer holds the whole
database already. Rows are locked by the statements that read them, in the order: seat, tasks, other seats.
"""

from tallymark.store import Statement, Transaction


def _exclusive(number: int, purpose: str) -> Statement:
    return Statement(purpose, f"SELECT pg_advisory_xact_lock({number}, CAST(:of AS INTEGER))")


def _shared(number: int, purpose: str) -> Statement:
    return Statement(purpose, f"SELECT pg_advisory_xact_lock_shared({number}, CAST(:of AS INTEGER))")


_DATASETS, _RUN, _TASKS, _SEATS = 84_001, 84_002, 84_003, 84_004

_DATASET_MADE = _exclusive(_DATASETS, "One at a time makes datasets, or starts a run on one.")
_RUN_FENCED = _exclusive(_RUN, "Nobody writes for this run while another takes its place.")
_RUN_WRITES = _shared(_RUN, "This run keeps its place until what it writes is stored.")
_TASKS_ADDED = _exclusive(_TASKS, "One at a time adds tasks, so that their ids grow as they are committed.")
_SEATS_CHANGE = _exclusive(_SEATS, "Nobody decides what everyone has answered while seats come or go.")
_SEATS_STAY = _shared(_SEATS, "No seat comes or goes while it is decided what everyone has answered.")

ALL = 0


def makes_dataset(tx: Transaction, dataset: int = ALL) -> None:
    """Before a dataset is made (`ALL`), or a run is started on one."""
    tx.lock(_DATASET_MADE, {"of": dataset})


def fences_run(tx: Transaction, run: int) -> None:
    """Before a run loses its place to another: what is being written for it comes first."""
    tx.lock(_RUN_FENCED, {"of": run})


def writes_for_run(tx: Transaction, run: int) -> None:
    """Before a host's call is checked against the newest run."""
    tx.lock(_RUN_WRITES, {"of": run})


def adds_tasks(tx: Transaction, dataset: int) -> None:
    """Before tasks are looked up that may be added."""
    tx.lock(_TASKS_ADDED, {"of": dataset})


def changes_seats(tx: Transaction, dataset: int) -> None:
    """Before a seat is made, taken again or retired."""
    tx.lock(_SEATS_CHANGE, {"of": dataset})


def keeps_seats(tx: Transaction, dataset: int) -> None:
    """Before it is decided whether every seat has answered."""
    tx.lock(_SEATS_STAY, {"of": dataset})
