"""What became of each row of a source, as ranges: neighbours with the same fate and note are one."""

from collections.abc import Iterator, Mapping
from typing import Any

from tallymark.store import Row, Statement, Transaction
from tallymark.types import FATES, Fate

_OVERLAPPING = Statement(
    "Ranges that touch or border on these rows.",
    "SELECT first, last, fate, note FROM row_fate"
    " WHERE source = :source AND first <= :last + 1 AND last >= :first - 1 ORDER BY first",
)
_DROP = Statement("A range is rewritten.", "DELETE FROM row_fate WHERE source = :source AND first = :first")
_NEW = Statement(
    "A range of rows with one fate.",
    "INSERT INTO row_fate (source, first, last, fate, note) VALUES (:source, :first, :last, :fate, :note)",
)

Range = tuple[int, int, Fate, str | None]


def record_fates(tx: Transaction, fates: Mapping[tuple[int, int], tuple[Fate, str | None]]) -> dict[str, int]:
    """Store final fates by (source, ordinal). A row that has one keeps it, but what made a task says so.

    Returns how many rows got which fate now.
    """
    counts: dict[str, int] = {}
    for source in sorted({source for source, _ in fates}):
        new = {ordinal: fate for (of, ordinal), fate in fates.items() if of == source}
        _record(tx, source, new, counts)
    return counts


def rows_with_fate(tx: Transaction, rows: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those of these rows, as (source, ordinal), that have a final fate."""
    found: set[tuple[int, int]] = set()
    for source in {source for source, _ in rows}:
        ordinals = [ordinal for of, ordinal in rows if of == source]
        ranges = tx.all(_OVERLAPPING, {"source": source, "first": min(ordinals), "last": max(ordinals)})
        found |= {(source, ordinal) for ordinal in ordinals if _fate_at(ranges, ordinal) is not None}
    return found


def _record(
    tx: Transaction, source: int, new: dict[int, tuple[Fate, str | None]], counts: dict[str, int]
) -> None:
    first, last = min(new), max(new)
    old = tx.all(_OVERLAPPING, {"source": source, "first": first, "last": last})
    fresh = {ordinal: fate for ordinal, fate in new.items() if _improves(_fate_at(old, ordinal), fate[0])}
    if not fresh:
        return
    for fate, _ in fresh.values():
        counts[fate] = counts.get(fate, 0) + 1
    tx.many(_DROP, [{"source": source, "first": row["first"]} for row in old])
    pieces = sorted([*_left_over(old, fresh), *((n, n, fate, note) for n, (fate, note) in fresh.items())])
    tx.many(_NEW, [_named(source, piece) for piece in _coalesced(pieces)])


def _improves(current: Fate | None, fate: Fate) -> bool:
    return current is None or FATES.index(fate) < FATES.index(current)


def _fate_at(ranges: list[Row], ordinal: int) -> Fate | None:
    return next((row["fate"] for row in ranges if row["first"] <= ordinal <= row["last"]), None)


def _left_over(ranges: list[Row], fresh: Mapping[int, Any]) -> Iterator[Range]:
    """What remains of the old ranges around rows with a new fate."""
    for row in ranges:
        start = row["first"]
        for ordinal in sorted(n for n in fresh if row["first"] <= n <= row["last"]):
            if start < ordinal:
                yield start, ordinal - 1, row["fate"], row["note"]
            start = ordinal + 1
        if start <= row["last"]:
            yield start, row["last"], row["fate"], row["note"]


def _coalesced(pieces: list[Range]) -> Iterator[Range]:
    current = pieces[0]
    for piece in pieces[1:]:
        if piece[0] == current[1] + 1 and piece[2:] == current[2:]:
            current = (current[0], piece[1], current[2], current[3])
        else:
            yield current
            current = piece
    yield current


def _named(source: int, piece: Range) -> dict[str, Any]:
    return {"source": source, "first": piece[0], "last": piece[1], "fate": piece[2], "note": piece[3]}
