"""Accounts: who may log in, what they may do, and the invitations that make them.

As soon as a database has one account its server asks everybody to log in. Passwords are stored as hashes
that the server makes; here they are texts like others. `epoch` grows whenever what was signed before must not
count any more: a new password, a disabled account.
"""

import secrets
from typing import Any

from tallymark.errors import InputError, NotKnown
from tallymark.names import canonical
from tallymark.queue.runs import note
from tallymark.queue.seats import NAME_LIMIT, is_name
from tallymark.store import Row, Statement, Transaction

ROLES = ("annotator", "operator")
DAY = 86_400.0
LONGEST_DAYS = 3_650

_ANY = Statement("Whether there is an account.", "SELECT 1 FROM account LIMIT 1")
_BY_NAME = Statement("An account by name.", "SELECT * FROM account WHERE name = :name")
_BY_ID = Statement("An account by id.", "SELECT * FROM account WHERE id = :account")
_NEW = Statement(
    "Make an account.",
    "INSERT INTO account (name, role, everywhere, created_at) VALUES (:name, :role, 0, :now) RETURNING id",
)
_ROLE = Statement("Give an account a role.", "UPDATE account SET role = :role WHERE id = :account")
_EVERYWHERE = Statement(
    "An account may annotate every dataset.", "UPDATE account SET everywhere = 1 WHERE id = :account"
)
_JOIN = Statement(
    "An account may annotate a dataset.",
    "INSERT INTO account_dataset (account, dataset) VALUES (:account, :dataset) ON CONFLICT DO NOTHING",
)
_DATASETS = Statement(
    "The datasets an account was invited to.",
    "SELECT dataset FROM account_dataset WHERE account = :account ORDER BY dataset",
)
_PASSWORD = Statement(
    "Set a password; what was signed before no longer counts.",
    "UPDATE account SET password_hash = :password_hash, epoch = epoch + 1 WHERE id = :account",
)
_DISABLE = Statement(
    "Shut an account, or open it again.",
    "UPDATE account SET disabled_at = :disabled_at, epoch = epoch + 1 WHERE id = :account",
)
_INVITE = Statement(
    "An invitation for an account.",
    "INSERT INTO invitation (nonce, account, created_at, expires_at)"
    " VALUES (:nonce, :account, :now, :expires_at)",
)
_INVITATION = Statement(
    "An invitation with its account.",
    "SELECT i.id, i.account, i.expires_at, i.used_at, a.name, a.disabled_at FROM invitation i"
    " JOIN account a ON a.id = i.account WHERE i.nonce = :nonce",
)
_USED = Statement(
    "The invitations of an account are used up.",
    "UPDATE invitation SET used_at = :now WHERE account = :account AND used_at IS NULL",
)
_ALL = Statement("All accounts by name.", "SELECT * FROM account ORDER BY name")
_KEY = Statement(
    "The key that logins and invitations are signed with.", "SELECT key FROM access_key WHERE id = 1"
)
_NEW_KEY = Statement(
    "Make the key, unless there is one.",
    "INSERT INTO access_key (id, key) VALUES (1, :key) ON CONFLICT DO NOTHING",
)


def any_accounts(tx: Transaction) -> bool:
    """Whether everybody has to log in."""
    return tx.value(_ANY) is not None


def signing_key(tx: Transaction) -> str | None:
    """The key that logins and invitations are signed with; None before there was need of one."""
    key: str | None = tx.value(_KEY)
    return key


def ensure_key(tx: Transaction) -> str:
    """The key that logins and invitations are signed with, made when it is missing."""
    tx.run(_NEW_KEY, {"key": secrets.token_urlsafe(48)})
    key = signing_key(tx)
    assert key is not None  # noqa: S101  (inserted above)
    return key


def account_named(tx: Transaction, name: str) -> dict[str, Any] | None:
    """An account by name, with its password's hash."""
    row = tx.one(_BY_NAME, {"name": canonical(name.strip())})
    return None if row is None else _account(tx, row)


def account_of(tx: Transaction, account: int) -> dict[str, Any] | None:
    """An account by id."""
    row = tx.one(_BY_ID, {"account": account})
    return None if row is None else _account(tx, row)


def ensure_account(
    tx: Transaction, *, name: str, role: str | None = None, dataset: str | None = None
) -> dict[str, Any]:
    """The account of a name, made when it is missing, with access to a dataset (None: to every one).

    A role that is given becomes the account's; a new account without one is an annotator's.
    Errors: `InputError` for the name or the role.
    """
    name = canonical(name.strip())
    if not is_name(name) or not name.isprintable():
        raise InputError(f"An account's name has 1 to {NAME_LIMIT} printable characters, not {name[:40]!r}.")
    if role is not None and role not in ROLES:
        raise InputError(f"There is no role {role!r}; there are {' and '.join(ROLES)}.")
    row = tx.one(_BY_NAME, {"name": name})
    if row is None:
        account = tx.insert(_NEW, {"name": name, "role": role or ROLES[0], "now": tx.now})
        note(tx, None, "account_made", name)
    else:
        account = row["id"]
        if role is not None:
            tx.run(_ROLE, {"account": account, "role": role})
    if dataset is None:
        tx.run(_EVERYWHERE, {"account": account})
    else:
        tx.run(_JOIN, {"account": account, "dataset": dataset})
    found = account_of(tx, account)
    assert found is not None  # noqa: S101  (made above)
    return found


def invite(
    tx: Transaction,
    *,
    name: str,
    dataset: str | None = None,
    role: str | None = None,
    days: float = 7.0,
    reset: bool = False,
) -> dict[str, Any]:
    """Invite somebody to a dataset, or to all. Gives `{"name", "nonce", "key"}`.

    The nonce lets them choose a password, once; it is None for somebody who has one, unless `reset`, which
    takes the old one away. Errors: `InputError`.
    """
    if not 0 < days <= LONGEST_DAYS:  # nor for what is no number
        raise InputError(f"An invitation is good for some days, up to {LONGEST_DAYS:,}, not {days:g}.")
    account = ensure_account(tx, name=name, role=role, dataset=dataset)
    nonce = None
    if reset:
        tx.run(_PASSWORD, {"account": account["id"], "password_hash": None})
    if reset or account["password_hash"] is None:
        nonce = secrets.token_urlsafe(18)
        expires = tx.now + days * DAY
        tx.run(_INVITE, {"nonce": nonce, "account": account["id"], "now": tx.now, "expires_at": expires})
    return {"name": account["name"], "nonce": nonce, "key": ensure_key(tx)}


def invited(tx: Transaction, *, nonce: str) -> dict[str, Any]:
    """Whom an invitation is for. Errors: `InputError` when it is used up, too old, or unknown."""
    row = _usable(tx, nonce)
    return {"name": row["name"], "datasets": _datasets(tx, row["account"])}


def accept(tx: Transaction, *, nonce: str, password_hash: str) -> dict[str, Any]:
    """Use an invitation: its account gets this password, and no other invitation of it counts.

    Errors: as `invited`.
    """
    row = _usable(tx, nonce)
    tx.run(_PASSWORD, {"account": row["account"], "password_hash": password_hash})
    tx.run(_USED, {"account": row["account"], "now": tx.now})
    note(tx, None, "invitation_accepted", row["name"])
    found = account_of(tx, row["account"])
    assert found is not None  # noqa: S101  (the invitation names it)
    return found


def disable(tx: Transaction, *, name: str) -> dict[str, Any]:
    """Shut an account: it is logged out everywhere. Its answers stay. Errors: `NotKnown`."""
    return _set_disabled(tx, name, tx.now)


def enable(tx: Transaction, *, name: str) -> dict[str, Any]:
    """Open an account again. Errors: `NotKnown`."""
    return _set_disabled(tx, name, None)


def accounts(tx: Transaction) -> list[dict[str, Any]]:
    """All accounts by name: role, datasets (None: all), whether they can log in."""
    return [_public(_account(tx, row)) for row in tx.all(_ALL)]


def _public(account: dict[str, Any]) -> dict[str, Any]:
    told = {key: account[key] for key in ("name", "role", "datasets", "created_at")}
    if account["disabled_at"] is not None:
        return {**told, "state": "disabled"}
    return {**told, "state": "active" if account["password_hash"] is not None else "invited"}


def _usable(tx: Transaction, nonce: str) -> Row:
    row = tx.one(_INVITATION, {"nonce": nonce})
    if row is None or row["disabled_at"] is not None:
        raise InputError("This invitation is not known here. Ask whoever sent it for another one.")
    if row["used_at"] is not None:
        raise InputError("This invitation was used already. Log in with the password you chose.")
    if row["expires_at"] < tx.now:
        raise InputError("This invitation is too old. Ask whoever sent it for another one.")
    return row


def _set_disabled(tx: Transaction, name: str, at: float | None) -> dict[str, Any]:
    account = account_named(tx, name)
    if account is None:
        raise NotKnown(f"There is no account {name!r}. `tallymark accounts` lists them.")
    tx.run(_DISABLE, {"account": account["id"], "disabled_at": at})
    note(tx, None, "account_enabled" if at is None else "account_disabled", account["name"])
    return {}


def _account(tx: Transaction, row: Row) -> dict[str, Any]:
    found = {
        key: row[key] for key in ("id", "name", "role", "password_hash", "epoch", "created_at", "disabled_at")
    }
    return {**found, "datasets": None if row["everywhere"] else _datasets(tx, row["id"])}


def _datasets(tx: Transaction, account: int) -> list[str]:
    return [row["dataset"] for row in tx.all(_DATASETS, {"account": account})]
