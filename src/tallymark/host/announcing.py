"""What people are told when a run can be reached: where it is, and who else gets in."""

import socket
import threading
import webbrowser
from urllib.parse import urlencode

from tallymark.config import Settings
from tallymark.errors import DatasetRequired
from tallymark.host.launch import Launch
from tallymark.host.say import Say
from tallymark.types import Channel

_OWN_MACHINE = ("localhost", "::1")
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared, not bound)


def announce(*, dataset: str, settings: Settings, launch: Launch, channel: Channel, say: Say) -> None:
    """Tell people where to go, and open the page where that is wanted."""
    address = launch.address().url
    page = address + _query(dataset, settings, channel)
    _say_where_it_moved(address, settings, launch, say)
    if not settings.host.startswith("127.") and settings.host not in _OWN_MACHINE:
        _say_who_gets_in(address, settings, channel, say)
    say(f"Dataset {dataset} in {launch.database}")
    say(f"Annotate at {page}")
    say("Press Ctrl-C to stop. Every answer is saved as it is given.")
    if settings.opens_browser:
        threading.Thread(target=webbrowser.open, args=(page,), daemon=True).start()


def _say_where_it_moved(address: str, settings: Settings, launch: Launch, say: Say) -> None:
    if launch.port_taken is not None:
        say(f"Port {launch.port_taken} is taken by another program, so the page is at {address}.")
    if launch.moved_from is not None:
        say(
            f"It was at {launch.moved_from} before. Work that a browser has not sent yet waits there: to "
            "have it sent, start again with that port."
        )
    wanted = settings.port if "port" in settings.model_fields_set else None
    if wanted and launch.adopted and not address.endswith(f":{wanted}"):
        say(
            f"The server of this database listens at {address} already, so port {wanted} is not used. "
            "`tallymark stop` ends that server."
        )


def _say_who_gets_in(address: str, settings: Settings, channel: Channel, say: Say) -> None:
    """Other machines reach the page."""
    open_to_all = not (settings.basic_auth_pass or settings.logs_in_at_provider)
    if open_to_all and not channel.call("accounts.any_accounts"):
        say(
            "Everybody who reaches this machine can annotate: there is no log-in. "
            "`tallymark invite` makes accounts; or set basic_auth_user and basic_auth_pass."
        )
    if settings.host in _EVERYWHERE:
        say(f"From other machines: http://{socket.gethostname()}:{address.rpartition(':')[2]}/")


def _query(dataset: str, settings: Settings, channel: Channel) -> str:
    """What the address of the page has to name."""
    named = {"session": settings.session} if settings.session else {}
    try:
        channel.call("runs.project")
    except DatasetRequired:
        named = {"dataset": dataset, **named}
    return f"/?{urlencode(named)}" if named else "/"
