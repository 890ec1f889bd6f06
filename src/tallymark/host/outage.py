"""What a host does while the database cannot be written."""

from tallymark.errors import StoreUnavailable
from tallymark.host.say import Say
from tallymark.host.stopping import Stopper

TRY_SECONDS = 1.0


class Outage:
    """Waits while the database cannot be written, and tells people why, once for each reason."""

    def __init__(self, stopper: Stopper, say: Say) -> None:
        self._stopper = stopper
        self._say = say
        self._told = ""

    def wait(self, error: StoreUnavailable) -> bool:
        """Wait a moment; False when this process is to stop."""
        if str(error) != self._told:
            self._told = str(error)
            self._say(f"{error} This goes on by itself when it can.")
        return not self._stopper.wait(TRY_SECONDS)
