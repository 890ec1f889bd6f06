"""The database: schema, transactions and named statements. Knows nothing of HTTP or recipes."""

from tallymark.store.engine import Store, is_database_failure
from tallymark.store.statements import Statement
from tallymark.store.transaction import Row, Transaction, json_ids

__all__ = ["Row", "Statement", "Store", "Transaction", "is_database_failure", "json_ids"]
