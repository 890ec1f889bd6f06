"""The database: schema, transactions and named statements. Knows nothing of HTTP or recipes."""

from tallymark.store.engine import Row, Store, Transaction, is_database_failure, json_ids
from tallymark.store.statements import Statement

__all__ = ["Row", "Statement", "Store", "Transaction", "is_database_failure", "json_ids"]
