"""What is signed for accounts: logins, tokens, invitations. One key per database, one salt per purpose."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from itsdangerous import URLSafeTimedSerializer

__all__ = ["seal", "serializer"]


def serializer(key: str, salt: str) -> "URLSafeTimedSerializer":
    """Signs and reads values for one purpose."""
    from itsdangerous import URLSafeTimedSerializer

    return URLSafeTimedSerializer(key, salt=f"tallymark {salt}")


def seal(key: str, value: Any, *, salt: str) -> str:
    """A value that nobody can change on its way."""
    return str(serializer(key, salt).dumps(value))
