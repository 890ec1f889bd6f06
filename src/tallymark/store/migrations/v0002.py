"""Version 2: routing, accounts, the life of a record, servers on several machines."""

from alembic.operations import Operations
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)

from tallymark.store.schema import Int, Letters, Real


def upgrade(op: Operations) -> None:
    """From version 1."""
    op.create_table(
        "access_key",
        Column("id", Int, primary_key=True),
        Column("key", Letters, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "account",
        Column("id", Int, primary_key=True),
        Column("name", Letters, nullable=False, unique=True),
        Column("role", Letters, CheckConstraint("role IN ('annotator', 'operator')"), nullable=False),
        Column("password_hash", Letters),
        Column(
            "everywhere",
            Integer,
            CheckConstraint("everywhere IN (0, 1)"),
            nullable=False,
            server_default=text("0"),
        ),
        Column("epoch", Int, nullable=False, server_default=text("0")),
        Column("created_at", Real, nullable=False),
        Column("disabled_at", Real),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.add_column("dataset", Column("overlap_share", Real, nullable=False, server_default=text("0.0")))
    op.add_column("dataset", Column("overlap_most", Int))
    op.add_column("event", Column("task", Int))
    _partial(op, "event_task", "event", ["task"], "task IS NOT NULL")
    op.add_column("server", Column("machine", Letters))
    op.create_table(
        "account_dataset",
        Column("account", Int, ForeignKey("account.id"), nullable=False),
        Column("dataset", Letters, nullable=False),
        PrimaryKeyConstraint("account", "dataset"),
        sqlite_strict=True,
    )
    op.create_table(
        "audience",
        Column("id", Int, primary_key=True),
        Column("dataset", Int, ForeignKey("dataset.id"), nullable=False),
        Column("key", Letters, nullable=False),
        Column("people", Letters),
        Column("needs", Letters),
        Column("fallback", Real),
        Column(
            "opened", Integer, CheckConstraint("opened IN (0, 1)"), nullable=False, server_default=text("0")
        ),
        UniqueConstraint("dataset", "key"),
        sqlite_strict=True,
    )
    op.create_table(
        "invitation",
        Column("id", Int, primary_key=True),
        Column("nonce", Letters, nullable=False, unique=True),
        Column("account", Int, ForeignKey("account.id"), nullable=False),
        Column("created_at", Real, nullable=False),
        Column("expires_at", Real, nullable=False),
        Column("used_at", Real),
        sqlite_strict=True,
    )
    op.add_column(
        "run",
        Column(
            "exclude_own",
            Integer,
            CheckConstraint("exclude_own IN (0, 1)"),
            nullable=False,
            server_default=text("0"),
        ),
    )
    op.add_column(
        "run",
        Column(
            "again", Integer, CheckConstraint("again IN (0, 1)"), nullable=False, server_default=text("0")
        ),
    )
    op.add_column("run", Column("routed", Int, nullable=False, server_default=text("0")))
    op.add_column("task", Column("least", Int))
    op.add_column("task", Column("most", Int))
    op.add_column("task", Column("audience", Int, nullable=False, server_default=text("0")))
    op.drop_index("task_open", "task")
    _partial(
        op,
        "task_more",
        "task",
        ["dataset", "audience", "rank", "id"],
        "taken < most AND state <> 'withdrawn'",
    )
    _partial(op, "task_open", "task", ["dataset", "audience", "rank", "id"], "state = 'open'")
    _partial(
        op,
        "answer_apart",
        "answer",
        ["dataset", "id"],
        "status = 'retracted' OR beside = 1 OR form_state = 'failed'",
    )
    _partial(
        op,
        "assignment_aside",
        "assignment",
        ["session", "standing"],
        "standing IN ('surplus', 'uncounted', 'withdrawn')",
    )
    op.create_table(
        "member",
        Column("audience", Int, ForeignKey("audience.id"), nullable=False),
        Column("session", Int, nullable=False),
        PrimaryKeyConstraint("audience", "session"),
        sqlite_strict=True,
    )
    op.create_index("member_session", "member", ["session", "audience"])
    op.create_table(
        "past_lease",
        Column("id", Int, primary_key=True),
        Column("task", Int, ForeignKey("task.id"), nullable=False),
        Column("session", Int, nullable=False),
        Column("leased_at", Real, nullable=False),
        Column("ended_at", Real, nullable=False),
        Column("how", Letters, CheckConstraint("how IN ('released', 'expired', 'answered')"), nullable=False),
        sqlite_strict=True,
    )
    op.create_index("past_lease_task", "past_lease", ["task"])
    _partial(op, "delivery_unseen", "delivery", ["dataset"], "unseen = 1")


def _partial(op: Operations, name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=text(where), postgresql_where=text(where))
