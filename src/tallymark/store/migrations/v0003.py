"""Version 3: labels and instructions that change while a dataset is annotated."""

from alembic.operations import Operations
from sqlalchemy import CheckConstraint, Column, ForeignKey, text

from tallymark.store.schema import Int, Letters, Real


def upgrade(op: Operations) -> None:
    """From version 2."""
    op.create_table(
        "label_change",
        Column("id", Int, primary_key=True),
        Column("dataset", Int, ForeignKey("dataset.id"), nullable=False),
        Column("at", Real, nullable=False),
        Column(
            "kind",
            Letters,
            CheckConstraint("kind IN ('add', 'rename', 'merge', 'retire', 'instructions')"),
            nullable=False,
        ),
        Column("label", Letters),
        Column("new", Letters),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("label_change_dataset", "label_change", ["dataset"])
    op.add_column("dataset", Column("label_version", Int, nullable=False, server_default=text("0")))
    op.add_column("answer", Column("label_version", Int, nullable=False, server_default=text("0")))
