"""What the lobby asks of the services, always on behalf of one technician."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.parties import Actor
from bastion.domain.remark import Remark
from bastion.domain.request_template import RequestTemplate
from bastion.domain.undertaking import Way
from bastion.services.address import NOWHERE, Address
from bastion.services.bundle import Services
from bastion.services.commands import Command
from bastion.services.drafts import RequestDraft
from bastion.services.reports import Owed
from bastion.services.views import Entry


class Desk(Protocol):
    async def enter(self, device: str, account: str) -> Entry: ...

    async def coming(self, device_id: str) -> Grant | None:
        """The next authorisation on a device that has not begun yet."""

    async def still_coming(self, grant_id: str) -> None:
        """Raise what says why this authorisation will open nothing; nothing while it opens when its time has come."""

    async def acknowledge(self, grant_id: str) -> None: ...

    async def undertake(self, version: int) -> None:
        """Accept the confidentiality undertaking (R-47)."""

    async def usual(self, device: str) -> Sequence[RequestTemplate]:
        """What is usually asked for on a device of this model."""

    async def professionals(self, device: str) -> Sequence[str]:
        """The names and functions of those who may answer for patient data on a device."""

    async def longest(self, draft: RequestDraft) -> timedelta | None:
        """How long the rules let this last; `None` where they refuse it however short."""

    async def ask(self, draft: RequestDraft, others: Sequence[str] = ()) -> AccessRequest:
        """Ask for its device, and for the same on the others: all or none. Return the request for the first."""

    async def request(self, request_id: str) -> AccessRequest: ...

    async def withdraw(self, request_id: str) -> None: ...

    async def give_back(self, grant_id: str, reason: str) -> None:
        """End an authorisation that is not wanted any more."""

    async def thread(self, request_id: str) -> Sequence[Remark]:
        """What the hospital has asked about a request, and what was answered."""

    async def answer(self, request_id: str, text: str) -> None: ...

    async def extend(self, grant_id: str, minutes: int, reason: str) -> AccessRequest: ...

    async def hand_over(self, grant_id: str, login: str, reason: str) -> AccessRequest: ...

    async def owed(self) -> Sequence[Owed]:
        """The reports he owes, the oldest first."""

    @property
    def address(self) -> Address:
        """Where the bastion is found."""

    async def commands(self, device: str) -> Sequence[Command]:
        """What may be pasted for a device, as far as his authorisation goes."""


class ServiceDesk:
    """The real one."""

    def __init__(self, services: Services, actor: Actor, address: Address = NOWHERE) -> None:
        self.address = address
        self._services = services
        self._actor = actor

    async def enter(self, device: str, account: str) -> Entry:
        return await self._services.sessions.enter(self._actor, device, account)

    async def coming(self, device_id: str) -> Grant | None:
        grants = [view.grant for view in await self._services.asked.grants(self._actor, self._actor.id)]
        mine = [g for g in grants if g.device_id == device_id and g.status(clock.now()) is GrantStatus.SCHEDULED]
        return min(mine, key=lambda g: g.start, default=None)

    async def still_coming(self, grant_id: str) -> None:
        await self._services.sessions.still_coming(self._actor, grant_id)

    async def acknowledge(self, grant_id: str) -> None:
        await self._services.sessions.acknowledge(self._actor, grant_id, "terminal")

    async def undertake(self, version: int) -> None:
        await self._services.undertakings.accept(self._actor, version, Way.TERMINAL)

    async def usual(self, device: str) -> Sequence[RequestTemplate]:
        return await self._services.templates.offered(self._actor, device)

    async def professionals(self, device: str) -> Sequence[str]:
        return [one.label for one in await self._services.professionals.choosable(self._actor, device)]

    async def longest(self, draft: RequestDraft) -> timedelta | None:
        return await self._services.access.longest(self._actor, draft)

    async def ask(self, draft: RequestDraft, others: Sequence[str] = ()) -> AccessRequest:
        return (await self._services.access.request_several(self._actor, draft, (draft.device_code, *others)))[0]

    async def request(self, request_id: str) -> AccessRequest:
        return (await self._services.asked.get(self._actor, request_id)).request

    async def withdraw(self, request_id: str) -> None:
        await self._services.taking_back.withdraw(self._actor, request_id)

    async def give_back(self, grant_id: str, reason: str) -> None:
        await self._services.taking_back.give_back(self._actor, grant_id, reason)

    async def thread(self, request_id: str) -> Sequence[Remark]:
        return await self._services.threads.of(self._actor, request_id)

    async def answer(self, request_id: str, text: str) -> None:
        await self._services.threads.answer(self._actor, request_id, text)

    async def extend(self, grant_id: str, minutes: int, reason: str) -> AccessRequest:
        return await self._services.access.extend(self._actor, grant_id, minutes, reason)

    async def hand_over(self, grant_id: str, login: str, reason: str) -> AccessRequest:
        return await self._services.handovers.ask(self._actor, grant_id, login, reason)

    async def owed(self) -> Sequence[Owed]:
        return await self._services.reports.mine(self._actor)

    async def commands(self, device: str) -> Sequence[Command]:
        return await self._services.sessions.commands(self._actor, device, self.address)
