"""Steps from one version of the tables to the next, run when a database is opened for writing.

`vNNNN.py` has `upgrade(op)`, which makes version NNNN of the one before with Alembic's operations, on SQLite
and PostgreSQL alike. A new database is made from `schema.py` at once; a test holds the sum of the steps equal
to it. Whoever changes `schema.py` adds a step and raises `SCHEMA_VERSION`; a step that was released is final.

"""

from importlib import import_module

from sqlalchemy import Connection, text

from tallymark.store.schema import SCHEMA_VERSION


def upgrade(connection: Connection, *, version: int = 0) -> None:
    """Run the steps after a version, in the transaction of the connection."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    operations = Operations(MigrationContext.configure(connection))
    for number in range(version + 1, SCHEMA_VERSION + 1):
        import_module(f"tallymark.store.migrations.v{number:04d}").upgrade(operations)
    connection.execute(text("UPDATE database SET schema_version = :version"), {"version": SCHEMA_VERSION})


def version_of(connection: Connection) -> int:
    """The version of the tables of a database."""
    version: int = connection.execute(text("SELECT schema_version FROM database WHERE id = 1")).scalar_one()
    return version
