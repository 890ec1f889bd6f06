"""`tallymark stats`: the installation, its datasets, and how far each is."""

import json
import platform
from typing import TYPE_CHECKING, Any

from tallymark.cli.catalog import command
from tallymark.cli.commands._database import reading_store
from tallymark.cli.commands._terminal import console, table
from tallymark.databases import shown as without_secret
from tallymark.errors import NotKnown
from tallymark.names import canonical
from tallymark.recipe import Arg
from tallymark.registry import did_you_mean

if TYPE_CHECKING:
    from tallymark.config import Settings
    from tallymark.store import Store

__all__ = ["stats"]

_TOTALS = "SELECT (SELECT count(*) FROM dataset) AS datasets, (SELECT count(*) FROM session) AS sessions"
_DATASETS = """
    SELECT d.id, d.name, d.created_at, d.queued AS tasks, d.done, d.withdrawn,
           (SELECT count(*) FROM session s WHERE s.dataset = d.id AND s.kind = 'person') AS sessions
      FROM dataset d ORDER BY d.name
"""
_DECISIONS = """
    SELECT s.name AS session, n.decision, count(*) AS n FROM assignment a
      JOIN session s ON s.id = a.session
      JOIN answer n ON n.task = a.task AND n.session = a.session AND n.revision = a.revision
     WHERE s.dataset = :dataset AND a.state = 'answered' GROUP BY s.name, n.decision ORDER BY s.name
"""


@command(
    "stats",
    set_id=Arg(help="Dataset to show; all of them when left out."),
    list_datasets=Arg("--list-datasets", "-l", help="List all datasets."),
    list_sessions=Arg("--list-sessions", "-ls", help="Also list sessions."),
    no_format=Arg("--no-format", "-NF", help="Print JSON instead of tables."),
)
def stats(
    set_id: str | None = None,
    list_datasets: bool = False,
    list_sessions: bool = False,
    no_format: bool = False,
    *,
    settings: "Settings",
) -> None:
    """Show the installation, its datasets, and the answers of one dataset or all."""
    from tallymark.cli.commands._database import is_there

    shown: dict[str, Any] = {"installation": _installation(settings)}
    if is_there(settings):
        with reading_store(settings) as store:
            datasets = _datasets(store, set_id, answers=set_id is not None or list_sessions)
            shown["installation"] |= _totals(store)
    else:
        datasets = _nothing_yet(set_id)
    if set_id is not None or list_datasets or list_sessions:
        shown["datasets"] = datasets
    if no_format:
        print(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        _print(shown, list_sessions=list_sessions or set_id is not None)


def _installation(settings: "Settings") -> dict[str, Any]:
    from importlib.metadata import version
    from pathlib import Path

    import tallymark

    return {
        "Version": tallymark.__version__,
        "Location": str(Path(tallymark.__file__).parent),
        "Home": str(settings.home),
        "Platform": platform.platform(),
        "Python Version": platform.python_version(),
        "spaCy Version": version("spacy"),
        "Database": without_secret(settings.database_url),
    }


def _totals(store: "Store") -> dict[str, Any]:
    from tallymark.store import Statement

    with store.reading() as tx:
        row = tx.all(Statement("How many datasets and sessions there are.", _TOTALS))[0]
    return {
        "Database Id": store.database_id,
        "Total Datasets": row["datasets"],
        "Total Sessions": row["sessions"],
    }


def _nothing_yet(set_id: str | None) -> list[dict[str, Any]]:
    if set_id is not None:
        raise NotKnown(f'There is no dataset "{set_id}": there is no database yet.')
    return []


def _datasets(store: "Store", set_id: str | None, *, answers: bool) -> list[dict[str, Any]]:
    from tallymark.store import Statement

    with store.reading() as tx:
        found = [dict(row) for row in tx.all(Statement("Every dataset with its counters.", _DATASETS))]
        chosen = [row for row in found if set_id is None or row["name"] == canonical(set_id)]
        if set_id is not None and not chosen:
            names = [row["name"] for row in found]
            raise NotKnown(f'There is no dataset "{set_id}".{did_you_mean(set_id, names)}')
        for row in chosen:
            dataset = row.pop("id")
            if answers:
                counts = tx.all(
                    Statement("Answers by session and decision.", _DECISIONS), {"dataset": dataset}
                )
                row["answers"] = _by_session([dict(count) for count in counts])
    return chosen


def _by_session(counts: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    sessions: dict[str, dict[str, int]] = {}
    for count in counts:
        empty = {"accept": 0, "reject": 0, "ignore": 0}
        sessions.setdefault(count["session"] or "(none)", empty)[count["decision"]] = count["n"]
    return sessions


def _print(shown: dict[str, Any], *, list_sessions: bool) -> None:
    out = console()
    about = table("Tallymark", "", "")
    for name, value in shown["installation"].items():
        about.add_row(name, str(value))
    out.print(about)
    if "datasets" not in shown:
        return
    listed = table("Datasets", "name", "tasks", "done", "withdrawn", "sessions", numbers=(1, 2, 3, 4))
    for row in shown["datasets"]:
        numbers = [f"{row[name]:,}" for name in ("tasks", "done", "withdrawn", "sessions")]
        listed.add_row(row["name"], *numbers)
    out.print(listed if shown["datasets"] else "No datasets yet.")
    for row in shown["datasets"] if list_sessions else ():
        out.print(_answers_table(row))


def _answers_table(row: dict[str, Any]) -> Any:
    made = table(
        f"Answers in {row['name']}", "session", "accept", "reject", "ignore", "all", numbers=(1, 2, 3, 4)
    )
    total = {"accept": 0, "reject": 0, "ignore": 0}
    for session, counts in row["answers"].items():
        made.add_row(session, *(f"{n:,}" for n in (*counts.values(), sum(counts.values()))))
        total = {decision: total[decision] + counts[decision] for decision in total}
    made.add_section()
    made.add_row("all", *(f"{n:,}" for n in (*total.values(), sum(total.values()))))
    return made
