"""Version 4: what a seat has looked for in vain, and by which dataset's answers it is barred from a task."""

from alembic.operations import Operations
from sqlalchemy import Column, text

from tallymark.store.schema import Int


def upgrade(op: Operations) -> None:
    """From version 3."""
    op.add_column("dataset", Column("freed", Int, nullable=False, server_default=text("0")))
    op.add_column("session", Column("none_at", Int))
    op.add_column("session", Column("none_more_at", Int))
    op.add_column("assignment", Column("barred_by", Int))
    op.create_index(
        "assignment_barred",
        "assignment",
        ["session"],
        sqlite_where=text("barred_by IS NOT NULL"),
        postgresql_where=text("barred_by IS NOT NULL"),
    )
