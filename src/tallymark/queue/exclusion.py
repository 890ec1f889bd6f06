"""Keep from annotators what they themselves have answered in other datasets."""

from collections import Counter
from collections.abc import Sequence

from tallymark import jsontext
from tallymark.queue.tasks import Tasks
from tallymark.store import Row, Statement, Transaction, json_ids

_BAR = """
    INSERT INTO assignment (task, session, state)
    SELECT DISTINCT t.id, s.id, 'ineligible' {tables}
       AND (:by_input = 1 OR o.identity = t.identity)
    ON CONFLICT (task, session) DO UPDATE SET state = 'ineligible', slot = 0, client = NULL
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
_MORE_INELIGIBLE = Statement(
    "A seat has more tasks it may not have.",
    "UPDATE session SET ineligible = ineligible + :n WHERE id = :session",
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
    dataset = run["dataset"]
    named = {"dataset": dataset, "seat": seat, "by_input": _by_input(run)}
    barred = [row for other in excluded_for_own(run) for row in tx.all(_SEATS, {"other": other, **named})]
    _count(tx, barred)
    Tasks.locked(tx, dataset, sorted({row["task"] for row in barred})).recheck()


def excluded_for_own(run: Row) -> list[int]:
    """The datasets of which a run excludes what an annotator has answered, for that annotator."""
    others: list[int] = jsontext.loads(run["excluded"]) if run["exclude_own"] else []
    return others


def _by_input(run: Row) -> int:
    return int(run["exclude_by"] == "input")


def _count(tx: Transaction, barred: Sequence[Row]) -> None:
    more = Counter(row["session"] for row in barred)
    tx.many(_MORE_INELIGIBLE, [{"session": seat, "n": n} for seat, n in sorted(more.items())])
