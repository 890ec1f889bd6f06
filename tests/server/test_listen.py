"""Where a server listens."""

import pytest

from tallymark.errors import InputError
from tallymark.server.listen import listen
from tallymark.server.settings import ServerSettings


@pytest.mark.parametrize("host", ["192.0.2.1", "256.1.1.1"])
def test_an_address_that_this_machine_does_not_have_is_told(host: str) -> None:
    with pytest.raises(InputError, match=f"Nobody can listen at {host}.*0.0.0.0"):
        listen(ServerSettings(host=host), None)
