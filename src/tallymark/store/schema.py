"""The tables, as one SQLAlchemy MetaData. What each column means is in docs/concepts/queue.md.

Times are seconds since 1970 (UTC, float), truth values 0/1 integers, documents JSON text. `task.id` and
`answer.id` grow with insertion. Nothing is deleted but drafts, clients, entries of `returned`, and datasets
that are dropped; what others may still name (a page that was asleep) never gets its id again.
"""

from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

SCHEMA_VERSION = 4

metadata = MetaData()

Int: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
Letters: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")  # one order everywhere
Real: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")


def _one_of(column: str, *values: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})")


def _table(
    name: str,
    *parts: Column[object] | CheckConstraint | Index | UniqueConstraint | PrimaryKeyConstraint,
    reused: bool = True,
) -> Table:
    """`reused`: whether the id of a deleted row may be given again."""
    return Table(name, metadata, *parts, sqlite_strict=True, sqlite_autoincrement=not reused)


def _flag(name: str, default: int = 0) -> Column[object]:
    return Column(
        name, Integer, CheckConstraint(f"{name} IN (0, 1)"), nullable=False, server_default=text(str(default))
    )


def _count(name: str) -> Column[object]:
    return Column(name, Int, nullable=False, server_default=text("0"))


def _id() -> Column[object]:
    return Column("id", Int, primary_key=True)


database = _table(
    "database",
    _id(),
    Column("uuid", Letters, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("created_at", Real, nullable=False),
    Column("beat_at", Real),
    Column("address", Letters),
)

dataset = _table(
    "dataset",
    _id(),
    Column("name", Letters, nullable=False, unique=True),
    Column("created_at", Real, nullable=False),
    Column("exclude_by", Letters, _one_of("exclude_by", "task", "input"), nullable=False),
    Column("overlap", Int, CheckConstraint("overlap >= 1")),
    Column("overlap_share", Real, nullable=False, server_default=text("0.0")),
    Column("overlap_most", Int),
    _flag("ignore_counts", 1),
    Column("lease_seconds", Real),
    _flag("paused"),
    Column("run", Int),
    _count("label_version"),
    _count("queued"),
    _count("done"),
    _count("withdrawn"),
    _count("freed"),
    reused=False,
)

source = _table(
    "source",
    _id(),
    Column("dataset", Int, ForeignKey("dataset.id"), nullable=False),
    Column("uri", Letters, nullable=False),
    Column("version", Int, nullable=False),
    Column("fingerprint", Letters, nullable=False),
    _flag("dedup", 1),
    _count("mark"),
    Column("position", Letters),
    _count("rows_read"),
    Column("known_rows", Int),
    Column("run", Int, nullable=False),
    UniqueConstraint("dataset", "uri", "version"),
    reused=False,
)

row_fate = _table(
    "row_fate",
    Column("source", Int, ForeignKey("source.id"), nullable=False),
    Column("first", Int, nullable=False),
    Column("last", Int, nullable=False),
    Column(
        "fate",
        Letters,
        _one_of("fate", "task", "carried", "excluded", "duplicate", "invalid", "passed"),
        nullable=False,
    ),
    Column("note", Letters),
    PrimaryKeyConstraint("source", "first"),
    CheckConstraint("first <= last"),
)

document = _table("document", _id(), Column("text", Letters, nullable=False))

task = _table(
    "task",
    _id(),
    Column("dataset", Int, ForeignKey("dataset.id"), nullable=False),
    Column("document", Int, nullable=False),
    Column("dedup_key", LargeBinary, nullable=False),
    _count("repeat"),
    Column("identity", LargeBinary, nullable=False),
    Column("input_identity", LargeBinary, nullable=False),
    Column("input_hash", Int, nullable=False),
    Column("task_hash", Int, nullable=False),
    Column("rank", Real, nullable=False, server_default=text("0.0")),
    Column("state", Letters, _one_of("state", "open", "done", "withdrawn"), nullable=False),
    Column("overlap", Int, CheckConstraint("overlap >= 1")),
    Column("least", Int),
    Column("most", Int),
    _count("audience"),
    _count("taken"),
    _count("counted"),
    Column("score", Real),
    Column("model_version", Letters),
    Column("created_at", Real, nullable=False),
    UniqueConstraint("dataset", "dedup_key", "repeat"),
    CheckConstraint("taken >= counted AND counted >= 0"),
    reused=False,
)
Index(
    "task_open",
    task.c.dataset,
    task.c.audience,
    task.c.rank,
    task.c.id,
    sqlite_where=text("state = 'open'"),
    postgresql_where=text("state = 'open'"),
)
Index(
    "task_everyone",
    task.c.dataset,
    task.c.state,
    sqlite_where=text("overlap IS NULL"),
    postgresql_where=text("overlap IS NULL"),
)
Index(
    "task_more",
    task.c.dataset,
    task.c.audience,
    task.c.rank,
    task.c.id,
    sqlite_where=text("taken < most AND state <> 'withdrawn'"),
    postgresql_where=text("taken < most AND state <> 'withdrawn'"),
)
Index("task_input", task.c.dataset, task.c.input_identity)

audience = _table(
    "audience",
    _id(),
    Column("dataset", Int, ForeignKey("dataset.id"), nullable=False),
    Column("key", Letters, nullable=False),
    Column("people", Letters),
    Column("needs", Letters),
    Column("fallback", Real),
    _flag("opened"),
    UniqueConstraint("dataset", "key"),
)

member = _table(
    "member",
    Column("audience", Int, ForeignKey("audience.id"), nullable=False),
    Column("session", Int, nullable=False),
    PrimaryKeyConstraint("audience", "session"),
)
Index("member_session", member.c.session, member.c.audience)

task_row = _table(
    "task_row",
    Column("source", Int, nullable=False),
    Column("ordinal", Int, nullable=False),
    Column("task", Int, ForeignKey("task.id"), nullable=False),
    Column("how", Letters, _one_of("how", "exact", "hash", "window"), nullable=False),
    Column("run", Int, nullable=False),
    PrimaryKeyConstraint("source", "ordinal", "task"),
)
Index("task_row_task", task_row.c.task)

annotator = _table(
    "annotator",
    _id(),
    Column("name", Letters, nullable=False),
    Column("kind", Letters, _one_of("kind", "person", "model", "function"), nullable=False),
    Column("tags", Letters),
    UniqueConstraint("kind", "name"),
)

session = _table(
    "session",
    _id(),
    Column("token", Letters, nullable=False, unique=True),
    Column("dataset", Int, ForeignKey("dataset.id"), nullable=False),
    Column("annotator", Int, ForeignKey("annotator.id"), nullable=False),
    Column("name", Letters, nullable=False),
    Column("kind", Letters, _one_of("kind", "person", "model", "function"), nullable=False),
    Column("cursor_rank", Real),
    Column("cursor_task", Int),
    _count("answered"),
    _count("ineligible"),
    _count("held"),
    _count("position"),
    _flag("idle"),
    Column("none_at", Int),
    Column("none_more_at", Int),
    Column("progress", Real),
    Column("joined_at", Real, nullable=False),
    Column("last_call", Real, nullable=False),
    Column("retired_at", Real),
    UniqueConstraint("dataset", "annotator"),
    reused=False,
)
Index(
    "session_holding",
    session.c.dataset,
    session.c.last_call,
    sqlite_where=text("held > 0"),
    postgresql_where=text("held > 0"),
)

client = _table(
    "client",
    Column("session", Int, nullable=False),
    Column("id", Letters, nullable=False),
    Column("last_call", Real, nullable=False),
    PrimaryKeyConstraint("session", "id"),
)

assignment = _table(
    "assignment",
    Column("task", Int, ForeignKey("task.id"), nullable=False),
    Column("session", Int, nullable=False),
    Column(
        "state",
        Letters,
        _one_of("state", "leased", "answered", "released", "expired", "ineligible"),
        nullable=False,
    ),
    _flag("slot"),
    Column("client", Letters),
    Column("leased_at", Real),
    Column("standing", Letters, _one_of("standing", "counted", "surplus", "uncounted", "withdrawn")),
    _count("revision"),
    Column("position", Int),
    Column("answered_at", Real),
    _flag("set_aside"),
    Column("barred_by", Int),
    PrimaryKeyConstraint("task", "session"),
    CheckConstraint("slot = 0 OR state = 'leased'"),
    CheckConstraint("(state = 'answered') = (standing IS NOT NULL)"),
)
Index(
    "assignment_leased",
    assignment.c.session,
    sqlite_where=text("state = 'leased'"),
    postgresql_where=text("state = 'leased'"),
)
Index(
    "assignment_history",
    assignment.c.session,
    assignment.c.position,
    sqlite_where=text("position IS NOT NULL"),
    postgresql_where=text("position IS NOT NULL"),
)

Index(
    "assignment_aside",
    assignment.c.session,
    assignment.c.standing,
    sqlite_where=text("standing IN ('surplus', 'uncounted', 'withdrawn')"),
    postgresql_where=text("standing IN ('surplus', 'uncounted', 'withdrawn')"),
)

Index(
    "assignment_barred",
    assignment.c.session,
    sqlite_where=text("barred_by IS NOT NULL"),
    postgresql_where=text("barred_by IS NOT NULL"),
)

past_lease = _table(
    "past_lease",
    _id(),
    Column("task", Int, ForeignKey("task.id"), nullable=False),
    Column("session", Int, nullable=False),
    Column("leased_at", Real, nullable=False),
    Column("ended_at", Real, nullable=False),
    Column("how", Letters, _one_of("how", "released", "expired", "answered"), nullable=False),
)
Index("past_lease_task", past_lease.c.task)

answer = _table(
    "answer",
    _id(),
    Column("op_id", Letters, nullable=False, unique=True),
    Column("dataset", Int, nullable=False),
    Column("task", Int, ForeignKey("task.id"), nullable=False),
    Column("session", Int, nullable=False),
    Column("revision", Int, nullable=False),
    Column("base", Int),
    Column("status", Letters, _one_of("status", "submitted", "retracted"), nullable=False),
    Column("decision", Letters, _one_of("decision", "accept", "reject", "ignore")),
    Column("changes", Letters),
    Column("stored_form", Int),
    Column("form_state", Letters, _one_of("form_state", "due", "made", "failed")),
    Column("fingerprint", LargeBinary),
    Column("run", Int),
    Column("client_time", Real),
    Column("server_time", Real, nullable=False),
    Column("shown_at", Real),
    Column("active_ms", Int),
    Column("comment", Letters),
    Column("reason", Letters),
    Column("validated", Letters, _one_of("validated", "valid", "unvalidated", "failed")),
    _flag("beside"),
    _count("label_version"),
    UniqueConstraint("task", "session", "revision"),
    reused=False,
)
Index("answer_dataset", answer.c.dataset, answer.c.id)
Index("answer_session", answer.c.session, answer.c.id)
Index(
    "answer_form_due",
    answer.c.dataset,
    answer.c.id,
    sqlite_where=text("form_state = 'due'"),
    postgresql_where=text("form_state = 'due'"),
)
Index(
    "answer_unvalidated",
    answer.c.dataset,
    answer.c.id,
    sqlite_where=text("validated = 'unvalidated'"),
    postgresql_where=text("validated = 'unvalidated'"),
)
Index(
    "answer_apart",
    answer.c.dataset,
    answer.c.id,
    sqlite_where=text("status = 'retracted' OR beside = 1 OR form_state = 'failed'"),
    postgresql_where=text("status = 'retracted' OR beside = 1 OR form_state = 'failed'"),
)

draft = _table(
    "draft",
    Column("task", Int, ForeignKey("task.id"), nullable=False),
    Column("session", Int, nullable=False),
    Column("op_id", Letters, nullable=False),
    Column("base", Int, nullable=False),
    Column("changes", Letters),
    Column("decision", Letters),
    Column("comment", Letters),
    Column("message", Letters),
    Column("saved_at", Real, nullable=False),
    PrimaryKeyConstraint("task", "session"),
)

draft_op = _table(
    "draft_op",
    Column("op_id", Letters, primary_key=True),
    Column("task", Int, nullable=False),
    Column("session", Int, nullable=False),
    Column("base", Int, nullable=False),
)

delivery = _table(
    "delivery",
    Column("answer", Int, ForeignKey("answer.id"), primary_key=True),
    Column("dataset", Int, nullable=False),
    Column("task", Int, nullable=False),
    Column("session", Int, nullable=False),
    Column("kind", Letters, _one_of("kind", "update", "replace", "remove"), nullable=False),
    Column("position", Int, nullable=False),
    Column("run", Int),
    Column("handed_at", Real),
    Column("delivered_at", Real),
    _flag("unseen"),
)
Index("delivery_task", delivery.c.task, delivery.c.session)
Index(
    "delivery_due",
    delivery.c.dataset,
    delivery.c.answer,
    sqlite_where=text("delivered_at IS NULL"),
    postgresql_where=text("delivered_at IS NULL"),
)
Index(
    "delivery_unseen",
    delivery.c.dataset,
    sqlite_where=text("unseen = 1"),
    postgresql_where=text("unseen = 1"),
)

returned = _table(
    "returned",
    Column("dataset", Int, nullable=False),
    Column("rank", Real, nullable=False),
    Column("task", Int, nullable=False),
    PrimaryKeyConstraint("dataset", "rank", "task"),
)

quarantine = _table(
    "quarantine",
    _id(),
    Column("op_id", Letters, nullable=False),
    Column("dataset", Int, nullable=False),
    Column("session", Int, nullable=False),
    Column("task_id", Letters, nullable=False),
    Column("body", Letters, nullable=False),
    Column("reason", Letters, nullable=False),
    Column("received_at", Real, nullable=False),
    UniqueConstraint("op_id", "session", "task_id"),
)

run = _table(
    "run",
    _id(),
    Column("dataset", Int, ForeignKey("dataset.id"), nullable=False),
    Column("generation", Int, nullable=False),
    Column("recipe", Letters, nullable=False),
    Column("command", Letters, nullable=False),
    Column("view_id", Letters, nullable=False),
    Column("config", Letters, nullable=False),
    Column("labels", Letters, nullable=False),
    Column("instructions", Letters),
    Column("wants", Letters, nullable=False),
    Column("excluded", Letters, nullable=False),
    _flag("exclude_own"),
    _flag("again"),
    _count("routed"),
    Column("host_pid", Int),
    Column("address", Letters),
    Column("secret", Letters),
    Column("started_at", Real, nullable=False),
    Column("beat_at", Real, nullable=False),
    Column("ended_at", Real),
    Column("error", Letters),
    Column("stream", Letters, _one_of("stream", "open", "ended", "failed"), nullable=False),
    Column("stream_detail", Letters),
    Column("stream_row", Int),
    _count("rows_read"),
    Column("rows_known", Int),
    Column("progress", Real),
    UniqueConstraint("dataset", "generation"),
)

server = _table(
    "server",
    _id(),
    Column("address", Letters, nullable=False),
    Column("secret", Letters, nullable=False),
    Column("pid", Int, nullable=False),
    Column("version", Letters, nullable=False),
    Column("started_at", Real, nullable=False),
    Column("beat_at", Real, nullable=False),
    Column("stopped_at", Real),
    Column("machine", Letters),
)

event = _table(
    "event",
    _id(),
    Column("at", Real, nullable=False),
    Column("dataset", Int),
    Column("kind", Letters, nullable=False),
    Column("detail", Letters),
    Column("task", Int),
)
Index(
    "event_task",
    event.c.task,
    sqlite_where=text("task IS NOT NULL"),
    postgresql_where=text("task IS NOT NULL"),
)

label_change = _table(
    "label_change",
    _id(),
    Column("dataset", Int, ForeignKey("dataset.id"), nullable=False),
    Column("at", Real, nullable=False),
    Column(
        "kind", Letters, _one_of("kind", "add", "rename", "merge", "retire", "instructions"), nullable=False
    ),
    Column("label", Letters),
    Column("new", Letters),
    reused=False,
)
Index("label_change_dataset", label_change.c.dataset)

media = _table(
    "media",
    _id(),
    Column("dataset", Int, ForeignKey("dataset.id"), nullable=False),
    Column("mount", Letters, nullable=False),
    Column("folder", Letters, nullable=False),
    UniqueConstraint("dataset", "mount"),
)

added_source = _table(
    "added_source",
    _id(),
    Column("dataset", Int, ForeignKey("dataset.id"), nullable=False),
    Column("uri", Letters, nullable=False),
    Column("loader", Letters),
    Column("text_key", Letters),
    Column("state", Letters, _one_of("state", "waiting", "reading", "done", "refused"), nullable=False),
    Column("detail", Letters),
    Column("added_at", Real, nullable=False),
)
Index("added_source_dataset", added_source.c.dataset)

account = _table(
    "account",
    _id(),
    Column("name", Letters, nullable=False, unique=True),
    Column("role", Letters, _one_of("role", "annotator", "operator"), nullable=False),
    Column("password_hash", Letters),
    _flag("everywhere"),
    _count("epoch"),
    Column("created_at", Real, nullable=False),
    Column("disabled_at", Real),
    reused=False,
)

account_dataset = _table(
    "account_dataset",
    Column("account", Int, ForeignKey("account.id"), nullable=False),
    Column("dataset", Letters, nullable=False),
    PrimaryKeyConstraint("account", "dataset"),
)

invitation = _table(
    "invitation",
    _id(),
    Column("nonce", Letters, nullable=False, unique=True),
    Column("account", Int, ForeignKey("account.id"), nullable=False),
    Column("created_at", Real, nullable=False),
    Column("expires_at", Real, nullable=False),
    Column("used_at", Real),
)

access_key = _table(
    "access_key",
    _id(),
    Column("key", Letters, nullable=False),
)
