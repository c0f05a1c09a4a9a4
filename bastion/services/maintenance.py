"""Maintenance windows: proposed by one, agreed to by others, used by requests that fall into them, and ended (R-22)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest, InterventionKind, Person
from bastion.domain.device import Device
from bastion.domain.ids import new_id
from bastion.domain.maintenance import MaintenanceWindow, Rhythm, WindowStatus, WindowUse, checked, promised_until
from bastion.domain.own_words import AGREED_BEFORE
from bastion.domain.parties import Actor, ActorKind, Facility, Role, Staff, Supplier
from bastion.domain.place import Place
from bastion.domain.review import RightKind, barred
from bastion.domain.timebox import TimeBox, whole_minutes
from bastion.domain.work_plan import PatientData
from bastion.errors import BastionError, Conflict, Forbidden, Invalid, NotFound
from bastion.i18n import sentence
from bastion.services import reasons
from bastion.services.actors import reviewed, staff_actor
from bastion.services.approvals import Approvals
from bastion.services.authentication import Authentication
from bastion.services.decisions import Decisions, explained, refusal
from bastion.services.joins import Joins, found, scope
from bastion.services.paperwork import Lacks, lacks_of_companies, lacks_of_company
from bastion.services.requests import audit_decision
from bastion.services.waiting import with_askers
from bastion.services.window_terms import audit_window, companies_of
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action

LOOK_AHEAD: Final = timedelta(days=62)
LEAST_USE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class WindowForm:
    """`supplier` empty: whoever maintains the device. Without `starts` it holds from now."""

    device: str
    supplier: str
    kind: InterventionKind
    rhythm: Rhythm
    ends: datetime
    reason: str
    starts: datetime | None = None


@dataclass(frozen=True, slots=True)
class WindowView:
    """`next` are the coming occurrences that are promised; `standing`: within them the rules ask nobody again."""

    window: MaintenanceWindow
    device: Device
    facility: Facility
    supplier: Supplier | None
    next: tuple[TimeBox, ...]
    standing: bool
    why_not: str = ""
    """Why this reader cannot agree to it; empty when he can."""
    uses: tuple[WindowUse, ...] = ()
    until: datetime | None = None
    """Before when they must begin to be promised; `None`: nobody who may come is under contract (R-18)."""


class Maintenance:
    def __init__(
        self, database: Database, decisions: Decisions, authentication: Authentication, approvals: Approvals
    ) -> None:
        self._database = database
        self._decisions = decisions
        self._authentication = authentication
        self._approvals = approvals

    # -- what people do ------------------------------------------------------------------------------------------------
    async def propose(self, actor: Actor, form: WindowForm) -> MaintenanceWindow:
        """Propose times that come again. Who may ask for a technician may; as many others must agree (R-23)."""
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()  # of two at once the second sees that they overlap
            now = clock.now()
            device, suppliers = await self._named(uow, actor, form)
            quorum, rules = await self._quorum(uow, actor, device, suppliers, form, now)
            window = checked(
                MaintenanceWindow(
                    new_id(now), device.facility_id, device.id, suppliers[0].id if form.supplier else "", form.kind,
                    form.rhythm.week, form.rhythm.weekday, form.rhythm.begins, form.rhythm.minutes,
                    max(form.starts or now, now), form.ends, form.reason, actor.id, actor.name, now, quorum,
                )
            )  # fmt: skip
            await _refuse_overlaps(uow, window, device, now)
            await uow.windows.add(window)
            await audit_window(
                uow, "window:proposed", actor, window, device, now, kind=window.kind, minutes=window.minutes,
                supplier=form.supplier, start=window.starts.isoformat(), end=window.ends.isoformat(), quorum=quorum,
                reason=window.reason, **rules,
            )  # fmt: skip
        return window

    async def agree(self, actor: Actor, ident: str, version: int) -> MaintenanceWindow:
        """Agree to all of its occurrences. The last one of the quorum makes it stand."""
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()  # a contract may end at this moment
            now = clock.now()
            window, device = await self._seen(uow, actor, ident)
            decision = self._decisions.require_about(Action.APPROVE, actor, device, now, len(window.agreed_ids))
            agreed = window.agree(actor.id, actor.name, version, now)
            _need_contract(window, (await companies_of(Joins(uow), [window]))[window.id], now)
            saved = await uow.windows.save(agreed)
            said = explained(decision)
            await audit_window(uow, "window:agreed", actor, saved, device, now, missing=saved.missing, **said)
        return saved

    async def end(self, actor: Actor, ident: str, reason: str) -> MaintenanceWindow:
        """Refuse it, take it back or revoke it; what was opened by it closes now."""
        reasons.for_the_technician(reason, "reason")
        async with self._database.write() as uow:
            await uow.locks.hold()
            now = clock.now()
            window, device = await self._seen(uow, actor, ident)
            decision = self._decisions.require_about(Action.INTERRUPT, actor, device, now)
            saved = await uow.windows.save(window.end(actor.name, reason.strip(), now))
            said = explained(decision)
            await audit_window(uow, "window:ended", actor, saved, device, now, why=saved.end_reason, **said)
            for use in await uow.window_uses.of_window(window.id):
                if use.ends > now:
                    await self._approvals.revoke_within(uow, actor, use.id, saved.end_reason, now)
        return saved

    # -- what a request does -------------------------------------------------------------------------------------------
    async def stand_in(
        self, uow: UnitOfWork, actor: Actor, request: AccessRequest, device: Device, supplier: Supplier, now: datetime
    ) -> AccessRequest:
        """Let the agreement to a window stand for the agreement to a technician's request that falls into it now.

        The request is then agreed to by the very people who agreed to the window, as long as all of them may still
        decide; in every other case it waits for somebody as it is.
        """
        if actor.kind is not ActorKind.TECHNICIAN or request.start is not None:
            return request
        if request.plan.patients not in {PatientData.NONE, PatientData.VISIBLE}:  # a person reads why they are needed
            return request
        if not await self._stands(uow, actor, device, supplier, request.kind, now):
            return request
        facility = found(await uow.facilities.get(device.facility_id))
        windows = await uow.windows.of_device(device.id, now)
        involved = (await with_askers(Joins(uow), request, now)).involved  # they decide on no part of the work
        said = await uow.review_lines.words(RightKind.WINDOW, {one.id for one in windows}, now)
        for window in windows:
            if barred(said.get((window.id, window.kind.value), ()), device.facility_id):
                continue
            box = window.at(facility.timezone, now) if window.covers(supplier.id, request.kind) else None
            able = await self._still_deciding(uow, window, device, now)
            people = [one for one in able if one.id not in involved]
            enough = window.status(now) is WindowStatus.AGREED and len(people) >= max(window.quorum, request.quorum)
            if box is not None and enough and box.left(now) >= LEAST_USE:
                return await self._use(uow, actor, request, device, window, people, box, now)
        return request

    async def _use(
        self, uow: UnitOfWork, actor: Actor, request: AccessRequest, device: Device, window: MaintenanceWindow,
        people: list[Staff], box: TimeBox, now: datetime,
    ) -> AccessRequest:  # fmt: skip
        note = AGREED_BEFORE.format(ref=window.ref)
        length = min(request.wanted, request.max_duration, box.left(now))
        for one in people[: request.quorum]:
            request = request.approve(Person(one.id, one.name), length, note, now)
        agreed = await self._approvals.conclude(uow, actor, request, device, now)
        saved = await uow.requests.save(agreed)
        await uow.window_uses.add(WindowUse(request.id, window.id, box.start, box.end))
        await audit_decision(
            uow, "request:approved", actor, saved, now, missing=0, note=note, window=window.ref,
            minutes=whole_minutes(length), agreed=whole_minutes(length),
            policy=" ".join(saved.policy_ids),
        )  # fmt: skip
        return saved

    # -- reading -------------------------------------------------------------------------------------------------------
    async def search(
        self, actor: Actor, limit: int = 50, offset: int = 0, after: Place | None = None
    ) -> list[WindowView]:
        """Every window there ever was in the actor's facilities, newest first."""
        _need_staff(actor)
        async with self._database.read() as uow:
            return await self._views(uow, actor, await uow.windows.search(scope(actor), limit, offset, after))

    async def to_agree(self, actor: Actor) -> list[WindowView]:
        """Those that wait for this very person's agreement, the oldest first."""
        if Role.APPROVER not in actor.roles:
            return []
        async with self._database.read() as uow:
            now = clock.now()
            waiting = [
                one for one in await uow.windows.standing(scope(actor), now)
                if one.status(now) is WindowStatus.PROPOSED and one.created_by_id != actor.id
            ]  # fmt: skip
            views = await self._views(uow, actor, waiting)
        return [view for view in views if not view.why_not]

    async def get(self, actor: Actor, ident: str) -> WindowView:
        async with self._database.read() as uow:
            window, _device = await self._seen(uow, actor, ident)
            (view,) = await self._views(uow, actor, [window])
            return replace(view, uses=tuple(await uow.window_uses.of_window(window.id)))

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _named(self, uow: UnitOfWork, actor: Actor, form: WindowForm) -> tuple[Device, list[Supplier]]:
        device = await uow.devices.by_code(form.device)
        if device is None or not device.active or not actor.covers(device.facility_id):
            raise Invalid(form.device, field="device", sentence="Choose a device from the list.")
        maintain = [found(await uow.suppliers.get(ident)) for ident in sorted(device.supplier_ids)]
        suppliers = [one for one in maintain if form.supplier in {"", one.code}]
        if not suppliers:
            raise Invalid(form.supplier, field="supplier", sentence="This company does not maintain this device.")
        return device, suppliers

    async def _quorum(
        self, uow: UnitOfWork, actor: Actor, device: Device, suppliers: list[Supplier], form: WindowForm, now: datetime
    ) -> tuple[int, dict[str, str]]:
        """As many as for one request of this kind and length, of whichever company asks for most, at least one; and the
        rules that say so, for the trail.
        """
        quorum, rules = 1, dict[str, str]()
        for supplier in suppliers:
            decision = self._decisions.on_device(
                Action.REQUEST, actor, supplier, device, form.kind, timedelta(), now,
                lacks=await lacks_of_company(uow, supplier, now),
            )  # fmt: skip
            if not decision.allowed:
                raise refusal(decision, actor.language)
            if decision.obligations.approvals > quorum or not rules:
                quorum, rules = max(quorum, decision.obligations.approvals), explained(decision)
        return quorum, rules

    async def _seen(self, uow: UnitOfWork, actor: Actor, ident: str) -> tuple[MaintenanceWindow, Device]:
        _need_staff(actor)
        window = found(await uow.windows.get(ident), ident)
        if not actor.covers(window.facility_id):
            raise NotFound(ident)
        return window, found(await uow.devices.get(window.device_id))

    async def _stands(
        self, uow: UnitOfWork, actor: Actor, device: Device, supplier: Supplier, kind: InterventionKind, now: datetime
    ) -> bool:
        lacks = await lacks_of_company(uow, supplier, now)
        return self._standing(actor, device, supplier, kind, lacks, now)

    def _standing(
        self, actor: Actor, device: Device, supplier: Supplier, kind: InterventionKind, lacks: Lacks, now: datetime
    ) -> bool:
        decision = self._decisions.on_device(
            Action.STANDING, actor, supplier, device, kind, timedelta(), now, lacks=lacks
        )
        return decision.allowed

    async def _still_deciding(
        self, uow: UnitOfWork, window: MaintenanceWindow, device: Device, now: datetime
    ) -> list[Staff]:
        """Those who agreed, if all of them may still decide: who has left no longer stands for anything."""
        people = [found(await uow.staff.get(ident)) for ident in window.agreed_ids]
        able = [
            one for before, one in enumerate(people)
            if one.active and self._decisions.about(
                Action.APPROVE, await reviewed(uow, staff_actor(one, "", None), now), device, now, before
            ).allowed
        ]  # fmt: skip
        return able if len(able) == len(people) else []

    async def _views(self, uow: UnitOfWork, actor: Actor, rows: Sequence[MaintenanceWindow]) -> list[WindowView]:
        now, joins = clock.now(), Joins(uow)
        its = await companies_of(joins, rows)
        first = {those[0].id: those[0] for those in its.values() if those}
        lacks = await lacks_of_companies(uow, [*first.values()], now)
        return [await self._view(joins, actor, one, its[one.id], lacks, now) for one in rows]

    async def _view(
        self, joins: Joins, actor: Actor, window: MaintenanceWindow, companies: Sequence[Supplier],
        lacks: Mapping[str, Lacks], now: datetime,
    ) -> WindowView:  # fmt: skip
        """`companies` are those that may come; what the first of them lacks says whether the window stands."""
        device, facility = await joins.device(window.device_id), await joins.facility(window.facility_id)
        supplier = await joins.supplier(window.supplier_id) if window.supplier_id else None
        until = promised_until(window, companies, now)
        coming = window.promised(facility.timezone, now, now + LOOK_AHEAD, until) if window.ended_at is None else ()
        standing = False
        if companies:
            asker = Actor(ActorKind.TECHNICIAN, "", "", "", _first_address(companies[0]), supplier_id=companies[0].id)
            standing = self._standing(asker, device, companies[0], window.kind, lacks[companies[0].id], now)
        return WindowView(
            window, device, facility, supplier, tuple(box for box, _ in zip(coming, range(5), strict=False)), standing,
            self._why_not(actor, window, device, companies, now), until=until,
        )  # fmt: skip

    def _why_not(
        self, actor: Actor, window: MaintenanceWindow, device: Device, companies: Sequence[Supplier], now: datetime
    ) -> str:
        try:
            window.agree(actor.id, actor.name, window.version, now)
            _need_contract(window, companies, now)
            self._decisions.require_about(Action.APPROVE, actor, device, now, len(window.agreed_ids))
        except BastionError as problem:
            return sentence(problem, actor.language)
        return ""


def _need_contract(window: MaintenanceWindow, companies: Sequence[Supplier], now: datetime) -> None:
    if promised_until(window, companies, now) is None:
        raise Conflict(
            f"nobody under contract for window {window.id}",
            sentence="Nobody who would come is under contract. Propose the window anew once a contract runs.",
        )


def _first_address(supplier: Supplier) -> str:
    """Where its people would come from: the real one is judged when somebody asks (R-5)."""
    return supplier.declared[0].split("/")[0] if supplier.declared else ""


def _need_staff(actor: Actor) -> None:
    if actor.kind is ActorKind.TECHNICIAN:
        raise Forbidden(f"{actor.login} is not of the hospital")


async def _refuse_overlaps(uow: UnitOfWork, window: MaintenanceWindow, device: Device, now: datetime) -> None:
    """Two suppliers are not told to come at the same time (R-37)."""
    facility = found(await uow.facilities.get(device.facility_id))
    for other in await uow.windows.of_device(device.id, now):
        both = window.overlaps(other, facility.timezone)
        if both is not None and (other.supplier_id != window.supplier_id or other.kind is window.kind):
            raise Conflict(
                f"{window.id} and {other.id}",
                sentence="Window {ref} on this device would be on at the same time. Choose another time.",
                ref=other.ref,
            )
