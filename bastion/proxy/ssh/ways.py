"""How the devices with a live session are reached: enough to begin to connect, and no secret."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self

from bastion.domain.access_request import AccessRequest
from bastion.domain.derogation import algorithms
from bastion.domain.device import Protocol
from bastion.domain.session import SessionState
from bastion.proxy.live_session import LiveSession
from bastion.services.views import Opened


@dataclass(frozen=True, slots=True)
class Way:
    """Where a device is, what it must prove, and as whom the hospital logs in there."""

    device: str
    host: str
    port: int
    host_keys: tuple[str, ...]
    login: str
    kind: str
    protocol: Protocol = Protocol.SSH
    legacy: tuple[str, ...] = ()
    """Algorithms that a derogation allows for this device, and for it alone (R-10)."""
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, opened: Opened) -> Self:
        endpoint, credential = opened.endpoint, opened.credential
        return cls(
            opened.device.code, endpoint.host, endpoint.port, endpoint.host_keys, credential.login, credential.kind,
            endpoint.protocol, algorithms(opened.derogations), tuple(sorted(endpoint.options.items())),
        )  # fmt: skip


class Ways:
    """The ways of the live sessions of this node, by grant.

    A further connection under that grant, its key proved and its proof standing, may begin to connect at once: all that
    opening a session checks was checked for the live one, and whatever changes since ends that one within a second.
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[str, tuple[LiveSession, Way]]] = {}
        self._agreed: dict[str, AccessRequest] = {}

    def learn(self, live: LiveSession, way: Way) -> None:
        self._known.setdefault(live.grant.id, {})[live.id] = live, way

    def forget(self, live: LiveSession) -> None:
        sessions = self._known.get(live.grant.id, {})
        sessions.pop(live.id, None)
        if not sessions:
            self._known.pop(live.grant.id, None)
            self._agreed.pop(live.grant.id, None)

    async def agreed(self, live: LiveSession, ask: Callable[[str], Awaitable[AccessRequest]]) -> AccessRequest:
        """The request behind a grant, asked for once while sessions under it live: what was agreed stays agreed."""
        grant = live.grant
        request = self._agreed.get(grant.id) or await ask(grant.request_id)
        if grant.id in self._known:
            self._agreed[grant.id] = request
        return request

    def to(self, grant_id: str) -> Way | None:
        """The way to the device of a grant, while a session under it is live and not frozen."""
        sessions = self._known.get(grant_id, {}).values()
        return next(
            (way for live, way in sessions if live.state is SessionState.ACTIVE and live.now() < live.end), None
        )
