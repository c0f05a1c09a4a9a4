"""How a telling is made of whom it concerns: names and days that its readers are told, whom of them a mail reaches, and
which programs listen.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bastion import clock
from bastion.config import MAILABLE
from bastion.domain.access_request import AccessRequest
from bastion.domain.events import AuditEvent
from bastion.domain.parties import EVERYWHERE, Role, Staff, Technician
from bastion.domain.telling import Recipient, RecipientKind, Topic
from bastion.domain.timebox import whole_minutes
from bastion.services.former_addresses import former_of
from bastion.services.joins import Joins
from bastion.services.standby import standby
from bastion.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Telling:
    """What one event comes to."""

    facility_id: str
    facts: dict[str, str]
    path: str
    recipients: tuple[Recipient, ...]


class Tellings:
    """Reads within one unit of work. `by_mail`: whether people can be told at all."""

    def __init__(self, uow: UnitOfWork, *, by_mail: bool) -> None:
        self._uow = uow
        self._joins = Joins(uow)
        self.by_mail = by_mail

    async def can_be_told(self, people: Iterable[Staff]) -> bool:
        """Whether a mail reaches any of them, if he wants it."""
        return bool(await self.mailed(Topic.REQUEST_UNANSWERED, people))

    async def mailed(self, topic: Topic, people: Iterable[Staff]) -> list[Recipient]:
        """Those of them who are not away, have an address and did not decline this topic."""
        away = {one.staff_id for one in await self._uow.absences.standing(clock.now())}
        there = [one for one in people if one.id not in away]
        able = [one for one in there if MAILABLE.fullmatch(one.email)] if self.by_mail else []
        choices = await self._uow.mail_choices.of([one.id for one in able])
        muted = {ident for ident, choice in choices.items() if topic in choice.muted}
        return [Recipient(RecipientKind.STAFF, one.id) for one in able if one.id not in muted]

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _about(
        self, topic: Topic, request: AccessRequest, more: dict[str, str], people: Iterable[Staff],
        declined: Topic | None = None,
    ) -> Telling:  # fmt: skip
        facts = await self._names(request.device_id, request.supplier_id)
        facts |= {"request": request.id, "ref": request.ref, "kind": request.kind.value} | more
        facts |= {"batch": request.batch_id} if request.batch_id else {}
        facts |= await self._longer(request)
        return await self._telling(topic, request.facility_id, facts, f"/requests/{request.id}", people, declined)

    async def _telling(
        self, topic: Topic, facility_id: str, facts: dict[str, str], path: str, people: Iterable[Staff],
        declined: Topic | None = None, also: Collection[str] = (),
    ) -> Telling:  # fmt: skip
        """`declined`: as which topic people may have declined it, if not as `topic`. `also`: the hospitals that
        something of the whole group concerns; programs of these hear of it too.
        """
        recipients = await self.mailed(declined or topic, people)
        places = (facility_id, *also)
        hooks = [one for one in await self._uow.webhooks.all() if any(one.hears(topic, place) for place in places)]
        recipients += [Recipient(RecipientKind.WEBHOOK, one.id, facility_id=one.facility_id) for one in hooks]
        return Telling(facility_id, facts, path, tuple(recipients))

    async def _names(self, device_id: str, supplier_id: str) -> dict[str, str]:
        device = await self._joins.device(device_id)
        facility = await self._joins.facility(device.facility_id)
        supplier = {"supplier": (await self._joins.supplier(supplier_id)).name} if supplier_id else {}
        return {"device": device.code, "facility": facility.name} | supplier

    async def _longer(self, request: AccessRequest) -> dict[str, str]:
        """Of a request for more time: how much, and on the hospital's clock the end before and after."""
        if not request.extends_grant_id:
            return {}
        grant = await self._joins.grant(request.extends_grant_id)
        zone = ZoneInfo((await self._joins.facility(request.facility_id)).timezone)
        end, later = (f"{one.astimezone(zone):%H:%M}" for one in grant.prolonged(request, clock.now()))
        return {"more": str(whole_minutes(request.agreed)), "end": end, "later": later}

    async def _day(self, facility_id: str, end: datetime | None) -> dict[str, str]:
        """The day in its hospital on which something must be done."""
        zone = ZoneInfo((await self._joins.facility(facility_id)).timezone)
        return {"until": end.astimezone(zone).date().isoformat()} if end else {}

    async def _to_theirs_too(self, told: Telling, technicians: Collection[str], path: str = "") -> Telling:
        """The same, to these people of the supplier as well; `path`: their way to it at the suppliers' entrance."""
        people = await self._uow.technicians.some(technicians)
        able = [one for one in people if self.by_mail and one.active and MAILABLE.fullmatch(one.email)]
        theirs = (Recipient(RecipientKind.TECHNICIAN, one.id, path) for one in able)
        return replace(told, recipients=(*theirs, *told.recipients))

    async def _others(self, people: Collection[str], event: AuditEvent) -> list[Staff]:
        """Those of the staff, but for who did it himself."""
        return [one for one in await self._uow.staff.some(people) if one.active and one.id != event.actor_id]

    async def _staff(self, facility_id: str, *roles: Role) -> list[Staff]:
        """Active people of these duties in a hospital; all of them for what concerns every hospital."""
        able = [one for one in await self._uow.staff.all() if one.active and one.roles & set(roles)]
        return [one for one in able if not facility_id or one.covers(facility_id, *roles)]

    async def _group(self, *roles: Role) -> list[Staff]:
        return await self._staff(EVERYWHERE, *roles)

    async def _approvers(self, device_id: str) -> list[Staff]:
        return list((await standby(self._uow, await self._joins.device(device_id), clock.now())).people)

    async def _speakers(self, person: Technician) -> set[str]:
        """Who speaks for somebody's company, but for himself."""
        return {one.technician_id for one in await self._uow.correspondents.of(person.supplier_id)} - {person.id}

    async def _warning(self, told: Telling, person: Staff | Technician) -> Telling:
        """The same, to the person it is about as well, whatever he declined and wherever he can be reached."""
        reached = MAILABLE.fullmatch(person.email) or await former_of(self._uow, person, clock.now())
        if not self.by_mail or not person.active or not reached:
            return told
        kind = RecipientKind.TECHNICIAN if isinstance(person, Technician) else RecipientKind.STAFF
        return replace(told, recipients=(Recipient(kind, person.id), *told.recipients))
