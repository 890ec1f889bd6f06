"""Keep from annotators what they themselves have answered in other datasets."""

from collections import Counter
from collections.abc import Sequence

from tallymark import jsontext
from tallymark.queue.tasks import Tasks
from tallymark.store import Row, Statement, Transaction, json_ids

_BAR = """
    INSERT INTO assignment (task, session, state, barred_by)
    SELECT DISTINCT t.id, s.id, 'ineligible', o.dataset {tables}
       AND (:by_input = 1 OR o.identity = t.identity)
    ON CONFLICT (task, session) DO UPDATE
       SET state = 'ineligible', slot = 0, client = NULL, barred_by = excluded.barred_by
     WHERE assignment.state IN ('released', 'expired')
    RETURNING task, session
"""
_NEW_TASKS = Statement(
    "Bar annotators from new tasks that they have answered in another dataset.",
    _BAR.replace(
        "{tables}",
        """
      FROM task t JOIN task o ON o.dataset = :other AND o.input_identity = t.input_identity
      JOIN assignment b ON b.task = o.id AND b.state = 'answered'
      JOIN session z ON z.id = b.session
      JOIN session s ON s.dataset = t.dataset AND s.annotator = z.annotator
     WHERE t.id IN {ids}""",
    ),
)
_SEATS = Statement(
    "Bar the annotators of seats from all tasks that they have answered in another dataset.",
    _BAR.replace(
        "{tables}",
        """
      FROM session s JOIN session z ON z.annotator = s.annotator AND z.dataset = :other
      JOIN assignment b ON b.session = z.id AND b.position IS NOT NULL AND b.state = 'answered'
      JOIN task o ON o.id = b.task
      JOIN task t ON t.dataset = s.dataset AND t.input_identity = o.input_identity
     WHERE s.dataset = :dataset AND (s.id = :seat OR :seat IS NULL)""",
    ),
)
_MEANWHILE = Statement(
    "Whether the annotator of a seat has answered one of some tasks in another dataset.",
    """
    SELECT 1 FROM session s JOIN session z ON z.annotator = s.annotator AND z.dataset = :other
      JOIN task t ON t.id IN {ids}
      JOIN task o ON o.dataset = z.dataset AND o.input_identity = t.input_identity
      JOIN assignment b ON b.task = o.id AND b.session = z.id AND b.state = 'answered'
     WHERE s.id = :seat AND (:by_input = 1 OR o.identity = t.identity) LIMIT 1
    """,
)
_LIFT = Statement(
    "Annotators are no longer barred by what they have answered in datasets other than these.",
    """
    UPDATE assignment SET state = 'released', barred_by = NULL
     WHERE session IN (SELECT s.id FROM session s WHERE s.dataset = :dataset)
       AND barred_by IS NOT NULL AND barred_by NOT IN {ids} AND state = 'ineligible'
    RETURNING task, session
    """,
)
_MORE_INELIGIBLE = Statement(
    "A seat has more tasks it may not have.",
    "UPDATE session SET ineligible = ineligible + :n WHERE id = :session",
)
_LOOKS_ANEW = Statement(
    "A seat has fewer tasks it may not have, and looks at everything anew.",
    "UPDATE session SET ineligible = ineligible - :n, cursor_rank = NULL, cursor_task = NULL, none_at = NULL,"
    " none_more_at = NULL WHERE id = :session",
)


def bar_new_tasks(tx: Transaction, run: Row, ids: Sequence[int]) -> None:
    """New tasks are not for those who have answered them in the datasets a run excludes."""
    _count(
        tx,
        [
            row
            for other in excluded_for_own(run)
            for row in tx.all(_NEW_TASKS, {"other": other, "ids": json_ids(ids), "by_input": _by_input(run)})
        ],
    )


def bar_seats(tx: Transaction, run: Row, seat: int | None = None) -> None:
    """No task that is there is for a seat whose annotator has answered it in the datasets a run excludes."""
    barred = _bar(tx, run, seat)
    _count(tx, barred)
    _recheck(tx, run, barred)


def bar_meanwhile(tx: Transaction, run: Row, seat: int, ids: Sequence[int]) -> int:
    """Bar a seat from what its annotator has answered elsewhere since the run started, if any of these was.

    How many tasks that are; the caller, who has the seat, counts them.
    """
    named = {"seat": seat, "ids": json_ids(ids), "by_input": _by_input(run)}
    others = excluded_for_own(run) if ids else []
    if all(tx.value(_MEANWHILE, {"other": other, **named}) is None for other in others):
        return 0
    barred = _bar(tx, run, seat)
    _recheck(tx, run, barred)
    return len(barred)


def lift_bars(tx: Transaction, run: Row) -> None:
    """What annotators were spared for the sake of datasets that a run no longer excludes is theirs again."""
    named = {"dataset": run["dataset"], "ids": json_ids(excluded_for_own(run))}
    lifted = tx.all(_LIFT, named)
    fewer = Counter(row["session"] for row in lifted)
    tx.many(_LOOKS_ANEW, [{"session": seat, "n": n} for seat, n in sorted(fewer.items())])
    _recheck(tx, run, lifted)


def _bar(tx: Transaction, run: Row, seat: int | None) -> list[Row]:
    named = {"dataset": run["dataset"], "seat": seat, "by_input": _by_input(run)}
    return [row for other in excluded_for_own(run) for row in tx.all(_SEATS, {"other": other, **named})]


def _recheck(tx: Transaction, run: Row, rows: Sequence[Row]) -> None:
    """Tasks that want everyone may be done now, or open again."""
    Tasks.locked(tx, run["dataset"], sorted({row["task"] for row in rows})).recheck()


def excluded_for_own(run: Row) -> list[int]:
    """The datasets of which a run excludes what an annotator has answered, for that annotator."""
    others: list[int] = jsontext.loads(run["excluded"]) if run["exclude_own"] else []
    return others


def _by_input(run: Row) -> int:
    return int(run["exclude_by"] == "input")


def _count(tx: Transaction, barred: Sequence[Row]) -> None:
    more = Counter(row["session"] for row in barred)
    tx.many(_MORE_INELIGIBLE, [{"session": seat, "n": n} for seat, n in sorted(more.items())])
