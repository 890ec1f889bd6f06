"""One call that saves operations: what holds for all of them, and the revisions they are stored as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tallymark import jsontext
from tallymark.queue.operations import milliseconds, time_or_none, whole_or_none
from tallymark.queue.revisions import SETTINGS, Place, original
from tallymark.queue.seats import Seat
from tallymark.queue.tasks import LockedTask, Tasks
from tallymark.store import Statement, Transaction
from tallymark.store.documents import apply
from tallymark.types import AnswerShapes, Decision, OperationDict

_NEW_ANSWER = Statement(
    "Append a revision.",
    """
    INSERT INTO answer (op_id, dataset, task, session, revision, base, status, decision, changes,
                        form_state, fingerprint, run, client_time, server_time, shown_at, active_ms,
                        comment, reason, validated, beside, label_version)
    VALUES (:op_id, :dataset, :task, :session, :revision, :base, :status, :decision, :changes,
            :form_state, :fingerprint, :run, :client_time, :server_time, :shown_at, :active_ms,
            :comment, :reason, :validated, :beside, :label_version)
    RETURNING id
    """,
)
_NEW_ANSWER_UNNAMED = Statement(
    _NEW_ANSWER.purpose,
    _NEW_ANSWER.sql.replace("RETURNING id", ""),
    types={
        **dict.fromkeys(("op_id", "status", "decision", "changes", "form_state"), "text"),
        **dict.fromkeys(("comment", "reason", "validated"), "text"),
        **dict.fromkeys(("dataset", "task", "session", "revision", "base", "run"), "bigint"),
        **dict.fromkeys(("active_ms", "beside", "label_version"), "bigint"),
        **dict.fromkeys(("client_time", "server_time", "shown_at"), "float8"),
        "fingerprint": "bytea",
    },
)


@dataclass(frozen=True, slots=True)
class Saving:
    """What holds for all operations of one call."""

    tx: Transaction
    seat: Seat
    client: str
    tasks: Tasks
    shapes: AnswerShapes | None
    validated: Mapping[str, str]
    wants: Sequence[str]
    """The callbacks that the run has."""

    @property
    def view_id(self) -> str:
        """The interface of the run."""
        return self.seat.row["view_id"] or "text"

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the run, as the page has them."""
        row = self.tx.one(SETTINGS, {"run": self.seat.row["run"]})
        settings: Mapping[str, Any] = {} if row is None else jsontext.loads(row["config"])
        return settings


def append(
    saving: Saving,
    op: OperationDict,
    place: Place,
    revision: int,
    base: int | None,
    changes: dict[str, Any],
    *,
    current: bool = True,
) -> int | None:
    """Append a revision; its id where a model will be told of it."""
    tx, seat = saving.tx, saving.seat
    submitted = op["status"] == "submitted"
    validated = saving.validated.get(op["op_id"])
    told = {
        "op_id": op["op_id"],
        "dataset": seat.dataset,
        "task": place.task.id,
        "session": seat.id,
        "revision": revision,
        "base": base,
        "status": op["status"],
        "decision": op.get("decision"),
        "changes": jsontext.dumps(changes) if changes else None,
        "form_state": "due" if current and submitted and "before_db" in saving.wants else None,
        "fingerprint": _fingerprint(saving, op, place.task, changes),
        "run": seat.row["run"],
        "client_time": time_or_none(op.get("client_time")),
        "server_time": tx.now,
        "shown_at": time_or_none(op.get("shown_at")),
        "active_ms": milliseconds(op.get("active_ms")),
        "comment": whole_or_none(op.get("comment")),
        "reason": whole_or_none(op.get("reason")),
        "beside": int(not current),
        "label_version": seat.row["label_version"],
        "validated": validated if current and submitted and validated in ("valid", "unvalidated") else None,
    }
    if "update" in saving.wants:
        return tx.insert(_NEW_ANSWER, told)
    tx.run(_NEW_ANSWER_UNNAMED, told)  # nobody waits for an id
    return None


def _fingerprint(
    saving: Saving, op: OperationDict, task: LockedTask, changes: dict[str, Any]
) -> bytes | None:
    if saving.shapes is None or op["status"] != "submitted":
        return None
    keys = saving.shapes.fingerprint_keys(saving.view_id)
    decision = cast(Decision, op.get("decision"))
    if keys is None:
        document = original(saving.tx, task)
        apply(document, changes)
        return saving.shapes.fingerprint(saving.view_id, decision, document, settings=saving.settings)
    new, gone = changes.get("set", {}), changes.get("unset", ())
    values = {key: new[key] for key in keys if key in new}
    missing = [key for key in keys if key not in new and key not in gone]
    if missing:
        document = original(saving.tx, task)
        values |= {key: document[key] for key in missing if key in document}
    return saving.shapes.fingerprint(saving.view_id, decision, values)
