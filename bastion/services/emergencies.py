"""Emergencies: what goes with the request, what follows the agreement, and the review by another (R-26, R-27)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.caller import Likeness, likeness
from bastion.domain.device import Device
from bastion.domain.emergency import Call, Emergency, EmergencyStatus, Outcome
from bastion.domain.own_words import REVIEWED_MEANWHILE
from bastion.domain.parties import Actor, Facility, Role, Staff, Supplier
from bastion.domain.place import Place
from bastion.domain.session_record import SessionRecord
from bastion.domain.working_days import WorkingDays
from bastion.errors import NotFound
from bastion.services.authentication import Authentication
from bastion.services.decisions import Decisions, explained
from bastion.services.joins import Joins, found, scope
from bastion.services.revoking import withdraw
from bastion.services.works import Part, askers, askers_of, parts_of
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action

REVIEWERS = frozenset({Role.APPROVER, Role.SECURITY})
TO_REVIEW: Final = frozenset({EmergencyStatus.DUE, EmergencyStatus.OVERDUE})
REVIEW_WITHIN: Final = WorkingDays(3)


@dataclass(frozen=True, slots=True)
class EmergencyView:
    """`can_review`: whether it is this reader's to do. `under_way`: it is agreed to and the work is not over.

    `parts` are the whole work, in whoever's hands and for how long it was: who reviews it answers for all of it.
    """

    emergency: Emergency
    request: AccessRequest
    device: Device
    supplier: Supplier
    facility: Facility
    can_review: bool
    under_way: bool
    parts: tuple[Part, ...]

    @property
    def technicians(self) -> tuple[str, ...]:
        """For whom it was asked first, and who was let take it over."""
        theirs = (part.request for part in self.parts if part.request.grant_id or not part.request.first_id)
        return tuple(dict.fromkeys(one.technician_name for one in theirs))

    @property
    def agreed_by(self) -> tuple[str, ...]:
        """Who agreed to any part of it."""
        return tuple(dict.fromkeys(one.staff_name for part in self.parts for one in part.request.approvals))

    @property
    def sessions(self) -> tuple[SessionRecord, ...]:
        """What was done, in whoever's hands, the earliest first."""
        done = (one for part in self.parts for one in part.sessions)
        return tuple(sorted(done, key=lambda one: (one.started_at, one.id)))


class Emergencies:
    def __init__(self, database: Database, decisions: Decisions, authentication: Authentication) -> None:
        self._database = database
        self._decisions = decisions
        self._authentication = authentication

    async def to_review(self, actor: Actor) -> list[EmergencyView]:
        """What waits for a review in the actor's facilities, the earliest due first; nothing for who reviews none."""
        if not actor.roles & REVIEWERS:
            return []
        async with self._database.read() as uow:
            return await self._views(uow, actor, await uow.emergencies.to_review(scope(actor, *REVIEWERS)))

    async def search(
        self, actor: Actor, limit: int = 50, offset: int = 0, after: Place | None = None
    ) -> list[EmergencyView]:
        """Every one there ever was in the actor's facilities, newest first."""
        async with self._database.read() as uow:
            return await self._views(uow, actor, await uow.emergencies.search(scope(actor), limit, offset, after))

    async def get(self, actor: Actor, ident: str) -> EmergencyView:
        async with self._database.read() as uow:
            one = found(await uow.emergencies.get(ident), ident)
            if not actor.covers(one.facility_id):
                raise NotFound(ident)
            return (await self._views(uow, actor, [one]))[0]

    async def review(self, actor: Actor, ident: str, version: int, outcome: Outcome, note: str) -> Emergency:
        """Say afterwards whether it was one, and what was found. What still waits of the work is withdrawn: nobody may
        agree to it any more, and nobody is woken for it.
        """
        async with self._database.write() as uow:
            await uow.locks.hold()  # or more of it would be asked for, or agreed to, that nobody reviews
            now = clock.now()
            one = found(await uow.emergencies.get(ident), ident)
            if not actor.covers(one.facility_id):
                raise NotFound(ident)
            device = found(await uow.devices.get(one.device_id))
            decision = self._decisions.require_about(Action.REVIEW, actor, device, now)
            self._authentication.require_fresh(actor)
            late = one.status(now) is EmergencyStatus.OVERDUE
            asked = await askers(uow, one.id)
            saved = await uow.emergencies.save(one.review(actor, outcome, note, version, now, askers=asked))
            await uow.audit.append(
                "emergency:reviewed", actor=actor, subject=("request", one.id), facility_id=one.facility_id, at=now,
                device=device.code, verdict=outcome, late="yes" if late else "", note=saved.review_note,
                **explained(decision),
            )  # fmt: skip
            uow.hint("request", one.id)
            parts = await uow.requests.of_works({one.id})
            await withdraw(uow, actor, [part.id for part in parts], REVIEWED_MEANWHILE, now)
        return saved

    async def warn(self, actor: Actor) -> int:
        """Note in the trail, once for each, that nobody has reviewed it in time; return how many."""
        now = clock.now()
        async with self._database.read() as uow:
            late = [one for one in await uow.emergencies.to_review(None) if one.status(now) is EmergencyStatus.OVERDUE]
            fresh = [one for one in late if await uow.settings.get(_warned(one)) is None]
        for one in fresh:
            async with self._database.write() as uow:
                await uow.locks.hold()  # another node may be at it
                if await uow.settings.get(_warned(one)) is not None:
                    continue
                await uow.settings.put(_warned(one), now.isoformat())
                device = found(await uow.devices.get(one.device_id))
                supplier = found(await uow.suppliers.get(one.supplier_id))
                await uow.audit.append(
                    "emergency:overdue", actor=actor, subject=("request", one.id), facility_id=one.facility_id, at=now,
                    device=device.code, supplier=supplier.code,
                    until=one.review_due_at.isoformat() if one.review_due_at else "",
                )  # fmt: skip
                uow.hint("request", one.id)
        return len(fresh)

    async def _views(self, uow: UnitOfWork, actor: Actor, rows: list[Emergency]) -> list[EmergencyView]:
        joins, now = Joins(uow), clock.now()
        await joins.around(rows)
        works = await parts_of(uow, [one.id for one in rows])
        asked = askers_of(part.request for parts in works.values() for part in parts)
        views = []
        for one in rows:
            device = await joins.device(one.device_id)
            allowed = self._decisions.about(Action.REVIEW, actor, device, now).allowed
            waits = one.status(now) in TO_REVIEW
            parts = works[one.id]
            other = one.may_review(actor.id, actor.login, actor.name, askers=asked[one.id])
            views.append(
                EmergencyView(
                    one, parts[0].request, device, await joins.supplier(one.supplier_id),
                    await joins.facility(one.facility_id),
                    waits and allowed and other,
                    waits and any(part.under_way(now) for part in parts),
                    parts,
                )
            )  # fmt: skip
        return views


def _warned(one: Emergency) -> str:
    return f"review_overdue:{one.id}"


# -- what asking and deciding do with it -------------------------------------------------------------------------------
async def announce(uow: UnitOfWork, request: AccessRequest, call: Call, now: datetime) -> Emergency:
    """Keep beside a request that it is an emergency, and whether the caller is a person of the register. `call` has
    been `checked`.
    """
    made = emergency_of(request, call, await uow.staff.all(), now)
    await uow.emergencies.add(made)
    return made


def emergency_of(request: AccessRequest, said: Call, staff: Iterable[Staff], now: datetime) -> Emergency:
    """What a call makes of a request; the caller is a person of `staff` if name, login or address is his alone."""
    known = [one for one in staff if likeness(said.caller, one.login, one.name, one.email) is Likeness.FULL]
    return Emergency(
        request.id, request.supplier_id, request.device_id, request.facility_id, said.caller,
        said.callee or request.technician_name, said.call_back, known[0].id if len(known) == 1 else "", now,
    )  # fmt: skip


async def agreed(
    uow: UnitOfWork,
    actor: Actor,
    one: Emergency,
    request: AccessRequest,
    device: Device,
    within: WorkingDays,
    now: datetime,
) -> None:
    """Note who agreed, and until when another person reviews it. A caller who agreed to his own call is marked."""
    one = found(await uow.emergencies.get(one.id))
    facility = found(await uow.facilities.get(device.facility_id))
    by = tuple(voice for approval in request.approvals for voice in sorted(approval.voices))
    people = [found(await uow.staff.get(ident)) for ident in by]
    own = any(one.is_caller(person.id, person.login, person.name) for person in people)
    saved = await uow.emergencies.save(one.agreed(by, now, within, facility.timezone, by_caller=own))
    await uow.audit.append(
        "emergency:agreed", actor=actor, subject=("request", one.id), facility_id=one.facility_id, at=now,
        device=device.code, until=saved.review_due_at.isoformat() if saved.review_due_at else "",
        own="yes" if own else "", caller=one.caller,
    )  # fmt: skip
