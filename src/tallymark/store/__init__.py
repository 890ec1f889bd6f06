"""The database: schema, transactions and named statements. Knows nothing of HTTP or recipes."""

from tallymark.store.engine import DATABASE_FAILURES, Row, Store, Transaction, json_ids
from tallymark.store.statements import Statement

__all__ = ["DATABASE_FAILURES", "Row", "Statement", "Store", "Transaction", "json_ids"]
