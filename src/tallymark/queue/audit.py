"""Do the books balance? Balances from the counters, and invariants that must find nothing.

Every counter and every rule of the queue has an invariant here: a query for the records that break it.
"""

from dataclasses import dataclass
from typing import Any

from tallymark.queue.datasets import find_dataset
from tallymark.queue.eligibility import belongs, eligible
from tallymark.store import Row, Statement, Transaction

SHOWN = 20

_SOURCES = Statement(
    "The sources of a dataset.",
    "SELECT id, uri, version, rows_read, known_rows, mark FROM source WHERE dataset = :dataset"
    " ORDER BY uri, version",
)
_FATES = Statement(
    "How many rows of a source have which fate.",
    "SELECT fate, sum(last - first + 1) AS n FROM row_fate WHERE source = :source GROUP BY fate",
)
_INVALID = Statement(
    "The first invalid rows of a source, with the reasons.",
    "SELECT first, last, note FROM row_fate WHERE source = :source AND fate = 'invalid'"
    " ORDER BY first LIMIT :limit",
)
_COUNTERS = Statement(
    "A dataset's counters.", "SELECT queued, done, withdrawn FROM dataset WHERE id = :dataset"
)
# `dataset + 0` keeps SQLite from walking through an index of inputs: it reads the tasks in order, once.
_TASKS = Statement(
    "Tasks of a dataset by state, and their slots: wanted from the overlaps, free from the counters.",
    """
    SELECT count(*) AS queued,
           coalesce(sum(CASE WHEN state = 'done' THEN 1 ELSE 0 END), 0) AS done,
           coalesce(sum(CASE WHEN state = 'withdrawn' THEN 1 ELSE 0 END), 0) AS withdrawn,
           coalesce(sum(CASE WHEN state = 'open' THEN 1 ELSE 0 END), 0) AS open,
           coalesce(sum(CASE WHEN state = 'withdrawn' OR overlap IS NULL THEN 0 ELSE overlap - taken END), 0)
               AS free,
           coalesce(sum(CASE WHEN overlap IS NULL THEN 0 WHEN state = 'withdrawn' THEN taken
                             ELSE overlap END), 0) AS wanted,
           coalesce(sum(counted), 0) AS answers
      FROM task WHERE dataset + 0 = :dataset
    """,
)
_FROM_ROWS = Statement(
    "Tasks of a dataset that came from rows.",
    "SELECT count(DISTINCT r.task) FROM source o CROSS JOIN task_row r"
    " WHERE o.dataset = :dataset AND r.source = o.id",
)
_PUSHED = Statement(
    "Tasks of a dataset that a recipe asked besides its stream.",
    "SELECT count(DISTINCT task) FROM event WHERE dataset = :dataset AND kind = 'pushed'",
)
_LIVE = Statement(
    "Leases of a dataset that hold a slot.",
    "SELECT count(*) FROM session s CROSS JOIN assignment a"
    " WHERE s.dataset = :dataset AND a.session = s.id AND a.state = 'leased' AND a.slot = 1",
)
# The states are all there are: they lead SQLite to the index of tasks that want everyone.
_SLOTS_EVERYONE = Statement(
    "Slots of tasks that want everyone: wanted by open seats, still free, taken by others.",
    f"""
    SELECT count(CASE WHEN e.open AND coalesce(a.standing, '') NOT IN ('surplus', 'uncounted', 'withdrawn')
                       AND coalesce(a.state, '') <> 'ineligible' THEN 1 END) AS wanted,
           count(CASE WHEN e.open AND coalesce(a.slot, 0) = 0
                       AND coalesce(a.state, '') NOT IN ('answered', 'ineligible') THEN 1 END) AS free,
           count(CASE WHEN NOT e.open AND (a.slot = 1 OR a.standing = 'counted') THEN 1 END) AS closed
      FROM (SELECT t.id AS task, s.id AS session,
                   s.kind = 'person' AND s.retired_at IS NULL AND t.state <> 'withdrawn'
                   AND {belongs("s.id")} AS open
              FROM task t JOIN session s ON s.dataset = t.dataset
             WHERE t.dataset = :dataset AND t.overlap IS NULL
               AND t.state IN ('open', 'done', 'withdrawn')) AS e
      LEFT JOIN assignment a ON a.task = e.task AND a.session = e.session
    """,  # noqa: S608
)
_HELD_TASKS = Statement(
    "Open tasks that somebody holds.",
    "SELECT count(DISTINCT a.task) FROM session s"
    " JOIN assignment a ON a.session = s.id AND a.state = 'leased'"
    " JOIN task t ON t.id = a.task AND t.state = 'open' WHERE s.dataset = :dataset",
)
_ANSWERED = Statement(
    "Answered assignments, from the seats' counters.",
    "SELECT coalesce(sum(answered), 0) FROM session WHERE dataset = :dataset",
)
_ASIDE = Statement(
    "Answered assignments that are not counted, by standing.",
    "SELECT a.standing, count(*) AS n FROM session s CROSS JOIN assignment a"
    " WHERE s.dataset = :dataset AND a.session = s.id"
    " AND a.standing IN ('surplus', 'uncounted', 'withdrawn') GROUP BY a.standing",
)
_APART = Statement(
    "What is listed apart.",
    """
    SELECT (SELECT count(*) FROM draft f CROSS JOIN task t
             WHERE t.id = f.task AND t.dataset + 0 = :dataset) AS drafts,
           (SELECT count(*) FROM answer n CROSS JOIN assignment a
             WHERE n.dataset = :dataset AND n.status = 'retracted' AND a.task = n.task
               AND a.session = n.session AND a.revision = n.revision AND a.state <> 'answered') AS retracted,
           (SELECT count(*) FROM quarantine WHERE dataset = :dataset) AS quarantined,
           (SELECT count(*) FROM answer WHERE dataset = :dataset AND beside = 1) AS conflicts,
           (SELECT count(*) FROM answer n WHERE n.dataset = :dataset AND n.beside = 1
               AND NOT EXISTS (SELECT 1 FROM answer m WHERE m.task = n.task AND m.session = n.session
                                  AND m.beside = 0 AND m.id + 0 > n.id)) AS conflicts_unresolved,
           (SELECT count(*) FROM delivery WHERE dataset = :dataset AND unseen = 1) AS unseen_changes,
           (SELECT count(*) FROM delivery WHERE dataset = :dataset AND delivered_at IS NULL
               AND run IS NOT NULL) AS updates_failed,
           (SELECT count(*) FROM answer WHERE dataset = :dataset AND form_state = 'failed') AS forms_failed
    """,
)


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule of the queue and the query for what breaks it."""

    name: str
    description: str
    statement: Statement


def _invariant(name: str, description: str, sql: str) -> Invariant:
    return Invariant(name, description, Statement(description, sql))


_OF = "({} = :dataset OR :dataset IS NULL)"
_TASK = _OF.format("t.dataset")
_SESSION = _OF.format("s.dataset")

INVARIANTS = (
    _invariant(
        "taken",
        "A task's taken slots are its live leases with a slot and its counted answers.",
        f"""
        SELECT t.id AS task, t.taken, count(a.task) AS found FROM task t
          LEFT JOIN assignment a ON a.task = t.id AND (a.slot = 1 OR a.standing = 'counted')
         WHERE {_TASK} GROUP BY t.id, t.taken HAVING t.taken <> count(a.task)
        """,  # noqa: S608
    ),
    _invariant(
        "counted",
        "A task's counted answers are its assignments that stand as counted.",
        f"""
        SELECT t.id AS task, t.counted, count(a.task) AS found FROM task t
          LEFT JOIN assignment a ON a.task = t.id AND a.standing = 'counted'
         WHERE {_TASK} GROUP BY t.id, t.counted HAVING t.counted <> count(a.task)
        """,  # noqa: S608
    ),
    _invariant(
        "overlap",
        "No task has more counted answers than it wants.",
        f"""
        SELECT t.id AS task, t.counted, t.overlap FROM task t
         WHERE {_TASK} AND t.counted > t.overlap
        """,  # noqa: S608
    ),
    _invariant(
        "bounds",
        "A task that takes from so many to so many answers wants as many as people have come for.",
        f"""
        SELECT t.id AS task, t.overlap, t.taken, t.least, t.most FROM task t
         WHERE {_TASK} AND t.most IS NOT NULL AND (t.overlap < t.least OR t.overlap > t.most
            OR (t.overlap > t.least AND t.overlap <> t.taken) OR (t.taken > t.overlap))
        """,  # noqa: S608
    ),
    _invariant(
        "members",
        "Who belongs to an audience has a seat in its dataset, and tasks are for audiences of their own.",
        f"""
        SELECT t.id AS task, u.id AS audience, t.audience AS named FROM task t
          LEFT JOIN audience u ON u.id = t.audience AND u.dataset = t.dataset
         WHERE {_TASK} AND t.audience <> 0 AND u.id IS NULL
         UNION ALL
        SELECT NULL, m.audience, m.session FROM member m
          JOIN audience u ON u.id = m.audience LEFT JOIN session s ON s.id = m.session
         WHERE {_OF.format("u.dataset")} AND (s.id IS NULL OR s.dataset <> u.dataset)
        """,  # noqa: S608
    ),
    _invariant(
        "state",
        "A task with a fixed overlap is done exactly when it has its answers.",
        f"""
        SELECT t.id AS task, t.state, t.counted, t.overlap FROM task t
         WHERE {_TASK} AND t.overlap IS NOT NULL AND t.state <> 'withdrawn'
           AND (t.state = 'done') <> (t.counted >= t.overlap)
        """,  # noqa: S608
    ),
    _invariant(
        "state_everyone",
        "A task that wants everyone is done exactly when every open person seat has answered.",
        f"""
        SELECT t.id AS task, t.state, t.counted FROM task t
         WHERE {_TASK} AND t.overlap IS NULL AND t.state <> 'withdrawn'
           AND (t.state = 'done') <> (EXISTS (
                SELECT 1 FROM assignment a JOIN session s ON s.id = a.session
                 WHERE a.task = t.id AND a.state = 'answered' AND s.kind = 'person') AND NOT EXISTS (
                SELECT 1 FROM session s
                 WHERE s.dataset = t.dataset AND s.kind = 'person' AND s.retired_at IS NULL
                   AND {eligible("s.id")}))
        """,  # noqa: S608
    ),
    _invariant(
        "promotion",
        "No surplus answer waits while its task has a free slot.",
        f"""
        SELECT t.id AS task, a.session FROM assignment a
          JOIN task t ON t.id = a.task JOIN session s ON s.id = a.session
         WHERE {_TASK} AND a.standing = 'surplus' AND s.kind = 'person' AND t.state <> 'withdrawn'
           AND (t.overlap IS NULL OR t.taken < coalesce(t.most, t.overlap))
        """,  # noqa: S608
    ),
    _invariant(
        "withdrawn_leases",
        "Nobody holds a slot of a withdrawn task.",
        f"""
        SELECT t.id AS task, a.session FROM assignment a JOIN task t ON t.id = a.task
         WHERE {_TASK} AND a.slot = 1 AND t.state = 'withdrawn'
        """,  # noqa: S608
    ),
    _invariant(
        "session_counts",
        "A seat's counters of answered, held and barred tasks are its assignments.",
        f"""
        SELECT s.id AS session, s.name, s.answered, s.held, s.ineligible FROM session s
          LEFT JOIN (SELECT a.session, count(*) AS n FROM assignment a WHERE a.state = 'ineligible'
                      GROUP BY a.session) i ON i.session = s.id
         WHERE {_SESSION} AND (
               s.answered <> (SELECT count(*) FROM assignment a
                               WHERE a.session = s.id AND a.position IS NOT NULL AND a.state = 'answered')
            OR s.held <> (SELECT count(*) FROM assignment a WHERE a.session = s.id AND a.state = 'leased')
            OR s.ineligible <> coalesce(i.n, 0))
        """,  # noqa: S608
    ),
    _invariant(
        "revision",
        "An assignment's revision exists, and is a submitted answer when it is answered.",
        f"""
        SELECT a.task, a.session, a.state, a.revision FROM assignment a JOIN task t ON t.id = a.task
          LEFT JOIN answer n ON n.task = a.task AND n.session = a.session AND n.revision = a.revision
         WHERE {_TASK} AND ((a.revision > 0 AND n.id IS NULL)
            OR (a.state = 'answered' AND (n.id IS NULL OR n.status <> 'submitted'))
            OR (a.state <> 'answered' AND n.status = 'submitted'))
        """,  # noqa: S608
    ),
    _invariant(
        "answers",
        "Every answer belongs to an assignment.",
        f"""
        SELECT n.id AS answer, n.task, n.session FROM answer n JOIN task t ON t.id = n.task
         WHERE {_TASK} AND n.status = 'submitted'
           AND NOT EXISTS (SELECT 1 FROM assignment a WHERE a.task = n.task AND a.session = n.session)
           AND NOT EXISTS (SELECT 1 FROM answer m
                            WHERE m.task = n.task AND m.session = n.session AND m.id + 0 > n.id)
        """,  # noqa: S608
    ),
    _invariant(
        "one_dataset",
        "Tasks, seats and answers that meet are of one dataset.",
        f"""
        SELECT a.task, a.session FROM assignment a
          JOIN task t ON t.id = a.task JOIN session s ON s.id = a.session
         WHERE {_TASK} AND t.dataset <> s.dataset
        """,  # noqa: S608
    ),
    _invariant(
        "documents",
        "Every task has its document.",
        f"""
        SELECT t.id AS task FROM task t
         WHERE {_TASK} AND NOT EXISTS (SELECT 1 FROM document d WHERE d.id = t.document)
        """,  # noqa: S608
    ),
    _invariant(
        "available",
        "A task everybody can see again lies after every cursor or among the returned ones.",
        f"""
        SELECT t.id AS task, s.id AS session FROM session s CROSS JOIN task t
         WHERE t.dataset = s.dataset AND {_TASK} AND t.state = 'open' AND t.overlap IS NOT NULL
           AND t.taken < t.overlap AND t.taken = 0 AND s.retired_at IS NULL AND s.cursor_rank IS NOT NULL
           AND (t.rank, t.id) <= (s.cursor_rank, s.cursor_task) AND {belongs("s.id")}
           AND NOT EXISTS (SELECT 1 FROM returned r
                            WHERE r.dataset = t.dataset AND r.rank = t.rank AND r.task = t.id)
           AND NOT EXISTS (SELECT 1 FROM assignment a WHERE a.task = t.id AND a.session = s.id
                              AND a.state IN ('leased', 'answered', 'ineligible'))
        """,  # noqa: S608
    ),
    _invariant(
        "fates_overlap",
        "No row of a source has two fates.",
        f"""
        SELECT f.source, f.first, f.last FROM row_fate f JOIN source o ON o.id = f.source
          JOIN row_fate g ON g.source = f.source AND g.first > f.first AND g.first <= f.last
         WHERE {_OF.format("o.dataset")}
        """,  # noqa: S608
    ),
    _invariant(
        "fates_read",
        "No row has a fate that was not read, and every row up to the mark has one.",
        f"""
        SELECT o.id AS source, o.rows_read, o.mark FROM source o
         WHERE {_OF.format("o.dataset")} AND (
               o.rows_read < (SELECT coalesce(max(f.last), 0) FROM row_fate f WHERE f.source = o.id)
            OR o.known_rows < o.rows_read
            OR o.mark > (SELECT coalesce(sum(CASE WHEN f.last < o.mark THEN f.last ELSE o.mark END
                                             - f.first + 1), 0)
                           FROM row_fate f WHERE f.source = o.id AND f.first <= o.mark))
        """,  # noqa: S608
    ),
    _invariant(
        "fates_tasks",
        "Every row that was made into a task or carried over has its task.",
        f"""
        SELECT o.id AS source, f.first, f.last FROM source o
          JOIN row_fate f ON f.source = o.id AND f.fate IN ('task', 'carried')
         WHERE {_OF.format("o.dataset")} AND (f.last - f.first + 1) <>
               (SELECT count(DISTINCT r.ordinal) FROM task_row r
                 WHERE r.source = o.id AND r.ordinal BETWEEN f.first AND f.last)
        """,  # noqa: S608
    ),
    _invariant(
        "dataset_counts",
        "A dataset's counters are its tasks.",
        f"""
        SELECT d.id AS dataset, d.queued, d.done, d.withdrawn FROM dataset d
          LEFT JOIN (SELECT t.dataset + 0 AS dataset, count(*) AS queued,
                            sum(CASE WHEN t.state = 'done' THEN 1 ELSE 0 END) AS done,
                            sum(CASE WHEN t.state = 'withdrawn' THEN 1 ELSE 0 END) AS withdrawn
                       FROM task t GROUP BY t.dataset + 0) c ON c.dataset = d.id
         WHERE {_OF.format("d.id")} AND (d.queued <> coalesce(c.queued, 0)
            OR d.done <> coalesce(c.done, 0) OR d.withdrawn <> coalesce(c.withdrawn, 0))
        """,  # noqa: S608
    ),
    _invariant(
        "deliveries",
        "An answer was given to the model at most once, and nothing is due twice for one task and session.",
        f"""
        SELECT y.task, y.session, count(*) AS due FROM delivery y
         WHERE {_OF.format("y.dataset")} AND y.handed_at IS NULL
         GROUP BY y.task, y.session HAVING count(*) > 1
        """,  # noqa: S608
    ),
)


def balances(tx: Transaction, *, dataset: str) -> dict[str, Any]:
    """The books of a dataset: rows per source, tasks, slots, answers, and what is listed apart.

    Rows, tasks, slots and answers each say whether they are `balanced`. Errors: `NotKnown`.
    """
    found = find_dataset(tx, dataset)
    named = {"dataset": found["id"]}
    sources = [_source(tx, row) for row in tx.all(_SOURCES, named)]
    found_tasks = _record(tx.one(_TASKS, named))
    tasks = _tasks(tx, named, found_tasks)
    answers = _answers(tx, named, found_tasks["answers"])
    slots = _slots(tx, named, found_tasks, answers["counted"])
    groups = [*sources, tasks, slots, answers]
    return {
        "dataset": dataset,
        "sources": sources,
        "tasks": tasks,
        "slots": slots,
        "answers": answers,
        "apart": _record(tx.one(_APART, named)),
        "balanced": all(group["balanced"] for group in groups),
    }


def invariants(tx: Transaction, *, dataset: str | None = None) -> list[dict[str, Any]]:
    """Every invariant as `{"name", "description", "broken", "records"}`, with at most 20 records each."""
    found = None if dataset is None else find_dataset(tx, dataset)["id"]
    return [_check(tx, invariant, found) for invariant in INVARIANTS]


def _check(tx: Transaction, invariant: Invariant, dataset: int | None) -> dict[str, Any]:
    broken, records = 0, list[dict[str, Any]]()
    for row in tx.stream(invariant.statement, {"dataset": dataset}):
        broken += 1
        if len(records) < SHOWN:
            records.append(_record(row))
    return {
        "name": invariant.name,
        "description": invariant.description,
        "broken": broken,
        "records": records,
    }


def _source(tx: Transaction, row: Row) -> dict[str, Any]:
    fates = {fate["fate"]: fate["n"] for fate in tx.all(_FATES, {"source": row["id"]})}
    read, known = row["rows_read"], row["known_rows"]
    pending = read - sum(fates.values())
    return {
        "uri": row["uri"],
        "version": row["version"],
        "known": known,
        "read": read,
        "unread": None if known is None else known - read,
        "fates": fates,
        "invalid": [_record(found) for found in tx.all(_INVALID, {"source": row["id"], "limit": SHOWN})],
        "pending": pending,
        "balanced": pending >= 0 and (known is None or known >= read),
    }


def _tasks(tx: Transaction, named: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    counters = _record(tx.one(_COUNTERS, named))
    states = {key: found[key] for key in ("queued", "done", "withdrawn", "open")}
    states["leased"] = tx.value(_HELD_TASKS, named)
    states["open"] -= states["leased"]
    states["from_rows"] = tx.value(_FROM_ROWS, named)
    states["without_row"] = states["queued"] - states["from_rows"]
    states["pushed"] = tx.value(_PUSHED, named)
    parts = states["done"] + states["withdrawn"] + states["leased"] + states["open"]
    same = all(counters[key] == states[key] for key in counters)
    return {**states, "balanced": same and parts == states["queued"]}


def _slots(tx: Transaction, named: dict[str, Any], found: dict[str, Any], counted: int) -> dict[str, Any]:
    everyone = _record(tx.one(_SLOTS_EVERYONE, named))
    slots = {
        "counted": counted,
        "live": tx.value(_LIVE, named),
        "free": found["free"] + everyone["free"],
        "wanted": found["wanted"] + everyone["wanted"] + everyone["closed"],
    }
    return {**slots, "balanced": slots["wanted"] == slots["counted"] + slots["live"] + slots["free"]}


def _answers(tx: Transaction, named: dict[str, Any], counted: int) -> dict[str, Any]:
    """Answered assignments by standing; the counted ones must be those that the tasks count."""
    answered = tx.value(_ANSWERED, named)
    aside = {row["standing"]: row["n"] for row in tx.all(_ASIDE, named)}
    standings = {"counted": answered - sum(aside.values())}
    standings |= {standing: aside.get(standing, 0) for standing in ("surplus", "uncounted", "withdrawn")}
    return {"answered": answered, **standings, "balanced": standings["counted"] == counted}


def _record(row: Row | None) -> dict[str, Any]:
    return {} if row is None else {key: row[key] for key in row.keys()}  # noqa: SIM118
