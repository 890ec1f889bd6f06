"""Errors and JSON as they travel between two processes of one database."""

import hmac
from hashlib import blake2b
from typing import Any, TypedDict

from tallymark import errors
from tallymark.errors import TallymarkError

SECRET_HEADER = "x-tallymark-secret"  # noqa: S105 (a header's name)
JSON_TYPE = "application/json"
ACCESS_VARIABLE = "TALLYMARK_SERVER_ACCESS"
"""The environment variable through which a host tells its server who may come in, as JSON."""


class FailureDict(TypedDict):
    """A `TallymarkError` on the wire; `attributes` are what else it knows, as far as JSON has it."""

    code: str
    message: str
    attributes: dict[str, Any]


def access_digest(access: str) -> str:
    """What tells one such JSON text from another without giving it away."""
    return blake2b(access.encode(), digest_size=16).hexdigest()


def same_secret(given: str | None, expected: str) -> bool:
    """Whether the secrets are equal, in time that does not depend on where they differ."""
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())


def failure(error: TallymarkError) -> FailureDict:
    """What the other side needs to raise the same error."""
    attributes = {key: value for key, value in vars(error).items() if _is_plain(value)}
    return {"code": error.code, "message": str(error), "attributes": attributes}


def to_error(document: dict[str, Any]) -> TallymarkError:
    """The error a failure describes; a code unknown here becomes a plain `TallymarkError` that keeps it."""
    code = str(document.get("code"))
    message = str(document.get("message") or document.get("detail") or "the server failed without a word")
    kind = _kinds().get(code, TallymarkError)
    error = kind.__new__(kind, message)  # its own __init__ would make the message anew
    error.args = (message,)
    vars(error).update(document.get("attributes") or {})
    if error.code != code:
        error.code = code
    return error


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(part, str | int) for part in value)
    return value is None or isinstance(value, str | int)


def _kinds() -> dict[str, type[TallymarkError]]:
    found: dict[str, type[TallymarkError]] = {}
    for name in errors.__all__:
        kind = getattr(errors, name)
        found.setdefault(kind.code, kind)
    return found
