"""Sources in the database: versions of them, and how far each was read."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tallymark.queue.runs import fenced
from tallymark.store import Row, Statement, Transaction

_VERSIONS = Statement(
    "The newest version of a source.",
    "SELECT * FROM source WHERE dataset = :dataset AND uri = :uri ORDER BY version DESC LIMIT 1",
)
_NEW_SOURCE = Statement(
    "A new source, or a new version of one.",
    "INSERT INTO source (dataset, uri, version, fingerprint, dedup, known_rows, run)"
    " VALUES (:dataset, :uri, :version, :fingerprint, :dedup, :known_rows, :run) RETURNING id",
)
_SOURCE_FINGERPRINT = Statement(
    "A source has grown: the same version goes on.",
    "UPDATE source SET fingerprint = :fingerprint, known_rows = :known_rows WHERE id = :source",
)
_SOURCE_RUN = Statement("A run reads a source.", "UPDATE source SET run = :run WHERE id = :source")
_SOURCE_READ = Statement(
    "How far a source was read.",
    "UPDATE source SET rows_read = :rows_read WHERE id = :source AND rows_read < :rows_read",
)
_SOURCE_MARK = Statement(
    "The last row of a source such that it and all before have a final fate.",
    "UPDATE source SET mark = :mark, position = :position WHERE id = :source AND mark <= :mark",
)
_SOURCE_DONE = Statement(
    "A source was read through.", "UPDATE source SET known_rows = :known_rows WHERE id = :source"
)
_RUN_READ = Statement(
    "How many rows a run has read, and how many there are.",
    "UPDATE run SET rows_read = (SELECT coalesce(sum(rows_read), 0) FROM source WHERE run = :run),"
    " rows_known = :rows_known, beat_at = :now WHERE id = :run",
)


def open_source(
    tx: Transaction,
    *,
    run: int,
    generation: int,
    uri: str,
    fingerprint: str,
    known_rows: int | None = None,
    dedup: bool = True,
    same_start: bool | None = None,
) -> dict[str, Any]:
    """Start or go on reading a source.

    `fingerprint` describes the source's content. When it is the stored one, the same version goes on from
    its mark. When it differs, `same_start` decides: True = the content up to the mark is unchanged and the
    source has only grown; None = not checked yet, and the reply says what was stored; False = a new version.

    Returns `{"source", "version", "mark", "position", "changed", "grown", "stored"}`. Errors: `Fenced`.
    """
    dataset = fenced(tx, run, generation)["dataset"]
    row = tx.one(_VERSIONS, {"dataset": dataset, "uri": uri})
    if row is not None and row["fingerprint"] != fingerprint and same_start is None:
        return _opened(row, changed=True, grown=False)
    if row is not None and (row["fingerprint"] == fingerprint or same_start):
        grown = row["fingerprint"] != fingerprint
        tx.run(_SOURCE_RUN, {"source": row["id"], "run": run})
        if grown or row["known_rows"] is None:
            known = known_rows if known_rows is not None or grown else row["known_rows"]
            tx.run(
                _SOURCE_FINGERPRINT, {"source": row["id"], "fingerprint": fingerprint, "known_rows": known}
            )
        return _opened(row, changed=False, grown=grown)
    version = 1 if row is None else row["version"] + 1
    source = tx.insert(
        _NEW_SOURCE,
        {
            "dataset": dataset,
            "uri": uri,
            "version": version,
            "fingerprint": fingerprint,
            "dedup": int(dedup),
            "known_rows": known_rows,
            "run": run,
        },
    )
    return {
        "source": source,
        "version": version,
        "mark": 0,
        "position": None,
        "changed": version > 1,
        "grown": False,
        "stored": None,
    }


def source_done(
    tx: Transaction, *, run: int, generation: int, source: int, known_rows: int
) -> dict[str, Any]:
    """A source was read through; it has this many rows. Errors: `Fenced`."""
    fenced(tx, run, generation)
    tx.run(_SOURCE_DONE, {"source": source, "known_rows": known_rows})
    return {}


def note_read(
    tx: Transaction,
    run: int,
    *,
    read: Mapping[str, int],
    marks: Mapping[str, Sequence[Any]],
    rows_known: int | None,
) -> None:
    """How far a run has read its sources, by their ids: rows read, and `[mark, position]`."""
    for name, rows in read.items():
        tx.run(_SOURCE_READ, {"source": int(name), "rows_read": rows})
    for name, (mark, position) in marks.items():
        place = orjson.dumps(position).decode()
        tx.run(_SOURCE_MARK, {"source": int(name), "mark": mark, "position": place})
    if read:
        tx.run(_RUN_READ, {"run": run, "rows_known": rows_known, "now": tx.now})


def _opened(row: Row, *, changed: bool, grown: bool) -> dict[str, Any]:
    position = row["position"]
    return {
        "source": row["id"],
        "version": row["version"],
        "mark": row["mark"],
        "position": None if position is None else orjson.loads(position),
        "changed": changed,
        "grown": grown,
        "stored": row["fingerprint"],
    }
