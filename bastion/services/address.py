"""Where technicians find the bastion, and by what they know it."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from bastion.config import Settings
from bastion.services.keys import fingerprint_of


@dataclass(frozen=True, slots=True)
class Address:
    """`fingerprints` are those of the bastion's own SSH identity; none where it is not known. `portal` is where the
    same people find their entrance in a browser; empty where none is open.
    """

    host: str
    port: int
    fingerprints: tuple[str, ...] = ()
    portal: str = ""


NOWHERE: Final = Address("", 0)


def told_name(settings: Settings) -> str:
    """Return the name technicians are told to use; who listens everywhere and says no name is called as his machine."""
    return settings.ssh_name or (settings.node if _everywhere(settings.ssh_host) else settings.ssh_host)


def told_address(settings: Settings) -> Address:
    """The same with the port, and the identity as far as this machine has it: a console may stand apart."""
    return Address(told_name(settings), settings.ssh_port, _identity(settings))


def entrance(settings: Settings, console: str) -> str:
    """Where suppliers' people find their door, for mails; empty where none is open. `console` is where ours is."""
    return (settings.portal_url or (console if settings.portal else "")).rstrip("/")


def invitation_link(settings: Settings, secret: str, seen_at: str = "") -> str:
    """The link of an invitation. Its secret stands behind a `#`, which no browser sends and no log holds (T34).

    `seen_at` is where the console was found just now, for whoever has set no address.
    """
    address = settings.portal_url or settings.web_url or seen_at or settings.console_url
    return f"{address.rstrip('/')}/supplier/welcome#{secret}"


def setup_link(settings: Settings, secret: str) -> str:
    """The same for a person of the hospital, at the console's `/setup`."""
    return f"{(settings.web_url or settings.console_url).rstrip('/')}/setup#{secret}"


def _identity(settings: Settings) -> tuple[str, ...]:
    public = settings.host_key.with_name(f"{settings.host_key.name}.pub")
    try:
        return (fingerprint_of(public.read_text(encoding="ascii").strip()),)
    except (OSError, ValueError, IndexError):
        return ()


def _everywhere(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return not host
