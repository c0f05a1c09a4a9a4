"""Which addresses may be dialled at all, and a socket to one of them (T50, R-5): devices and webhooks alike.

A name is resolved once. Every address it has is judged, and the connection goes to one of those very addresses, so that
a name which means something else a moment later leads nowhere.
"""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from bastion.errors import AddressRefused, DeviceUnreachable, Phrase

_Network = IPv4Network | IPv6Network
_Address = tuple[Any, ...]  # as the socket module gives it: host, port, and for IPv6 flow and scope

_REFUSED: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("this machine", ("127.0.0.0/8", "::1/128")),
    ("unspecified", ("0.0.0.0/8", "::/128")),
    # 169.254.169.254 and its like are link-local; these are the clouds' other ways to hand out credentials.
    ("cloud metadata", (
        "169.254.169.254/32", "169.254.42.42/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
        "fd00:ec2::254/128", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128", "fd00:42::42/128",
    )),
    ("link-local", ("169.254.0.0/16", "fe80::/10")),
    ("multicast", ("224.0.0.0/4", "ff00::/8")),
    ("broadcast or reserved", ("240.0.0.0/4", "192.0.0.0/24")),
    # An IPv4 address in IPv6 clothes would pass the rules above: nothing in a hospital needs to be written so.
    ("an IPv4 address within IPv6", (
        "::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32",
    )),
)  # fmt: skip


NOT_DIALLED: Final = (
    "The address {host} may not be dialled ({why}). Enter the device’s own address. Where it is a test or a demo, its "
    "network stands in the bastion’s setting test_networks."
)
"""What staff are told, who can mend it."""


class Networks:
    """The address rule. `excepted` are the networks which the configuration names as a test or a demo."""

    _refused: Final = tuple((kind, ip_network(text)) for kind, texts in _REFUSED for text in texts)

    def __init__(self, excepted: Iterable[str] = ()) -> None:
        self._excepted: tuple[_Network, ...] = tuple(ip_network(text) for text in excepted)

    def why_not(self, address: str) -> str:
        """Return why nothing may connect to `address`; empty if it may."""
        at = ip_address(address)
        if any(at in network for network in self._excepted):
            return ""
        kind = next((kind for kind, network in self._refused if at in network), "")
        return kind or ("this machine" if _is_here(at) else "")

    def why_not_host(self, host: str) -> str:
        """The same of a host that is entered now: a name is judged by its addresses, each time it is dialled."""
        try:
            ip_address(host)
        except ValueError:
            return "this machine" if host.rstrip(".").lower() == "localhost" else ""
        return self.why_not(host)


def _is_here(at: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is one of this machine's own. The kernel knows; nothing is sent."""
    family = socket.AF_INET if at.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(at), 9))
            return ip_address(probe.getsockname()[0]) == at
    except OSError:
        return False  # there is no way to it at all, as connecting will say


# -- dialling ----------------------------------------------------------------------------------------------------------
async def connect(host: str, port: int, networks: Networks, patience: float, *, device: str) -> socket.socket:
    """Resolve once, judge, and return a connected socket. `DeviceUnreachable` has the last trouble as its cause."""
    deadline = asyncio.get_running_loop().time() + patience
    problems: list[str] = []
    cause: Exception | None = None
    try:
        async with asyncio.timeout_at(deadline):
            addresses = _allowed(await _resolve(host, port), networks, device)
        for count, (family, address) in enumerate(addresses):
            try:
                async with asyncio.timeout_at(_fair_share(deadline, len(addresses) - count)):
                    return await _connect(family, address)
            except OSError as error:  # asyncio's own timeout is one too
                cause = error
                problems.append(f"{address[0]}: {error or type(error).__name__}")
    except (OSError, ValueError, OverflowError) as error:  # no such name, or none at all, or no port
        cause = error
        problems.append(f"{type(error).__name__}: {error}")
    raise DeviceUnreachable("; ".join(problems), device=device) from cause


async def _resolve(host: str, port: int) -> list[tuple[int, _Address]]:
    """The only resolution there is; a host that is an address stands for itself."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _allowed(found: list[tuple[int, _Address]], networks: Networks, device: str) -> list[tuple[int, _Address]]:
    verdicts = {str(address[0]): networks.why_not(str(address[0])) for _, address in found}
    allowed = [(family, address) for family, address in found if not verdicts[str(address[0])]]
    if not allowed:
        detail = "; ".join(f"{address}: {why}" for address, why in verdicts.items())
        raise AddressRefused(detail, device=device, why=Phrase(next(iter(verdicts.values()), "")))
    return allowed


def _fair_share(deadline: float, candidates: int) -> float:
    """One address that swallows everything leaves time for the next."""
    now = asyncio.get_running_loop().time()
    return now + (deadline - now) / candidates


async def _connect(family: int, address: _Address) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A device that was switched off is noticed within a minute, and one byte sent "urgently" (telnet does) stays
        # in its place in the stream instead of falling out of it.
        for level, name, value in (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.SOL_SOCKET, socket.SO_OOBINLINE, 1),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30), (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
            (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
        ):  # fmt: skip
            sock.setsockopt(level, name, value)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock
