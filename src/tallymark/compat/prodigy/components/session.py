"""`prodigy.components.session`."""

from tallymark.host.progress import Session

__all__ = ["Session"]
