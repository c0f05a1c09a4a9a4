"""Keeping the list of professionals who answer for patient data (R-38); who is named from it, `answering.py`."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from bastion import clock
from bastion.domain.ids import new_id
from bastion.domain.local_time import YEARS, day_end, local_date, midnight
from bastion.domain.parties import Actor, ActorKind, Facility, Role
from bastion.domain.professional import Professional, checked_rpps
from bastion.domain.work_plan import PatientData
from bastion.errors import Conflict, Forbidden, Invalid, NotFound
from bastion.services.answering import silent
from bastion.services.forms import MAX_NAME, check_name, need_reader, plain
from bastion.services.joins import Joins, found, scope
from bastion.services.revoking import withdraw_more_time
from bastion.services.twice import need_first
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

KEEPERS: Final = (Role.ADMIN, Role.SECURITY)
"""Who keeps the list: whoever agrees to a request does not write whom it may name (R-23)."""
SAID: Final = ("name", "title", "rpps", "starts", "ends", "retired_at")
"""What makes two entries the same one."""
ON_THE_LIST: Final = "This person is on the list already: retire that entry first."


@dataclass(frozen=True, slots=True)
class ProfessionalForm:
    """Days are the hospital's; without `since` from today on, without `until` for as long as nobody retires him."""

    facility_code: str
    name: str
    title: str
    rpps: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class ProfessionalView:
    """`may_retire` and `may_enter`: whether this reader may retire it, or enter the person anew where it was."""

    one: Professional
    facility: Facility
    may_retire: bool = False
    may_enter: bool = False


@dataclass(frozen=True, slots=True)
class Choosable:
    """What whoever asks reads of somebody: never more than that (a supplier's people have no use for a number)."""

    id: str
    name: str
    label: str

    @property
    def names(self) -> frozenset[str]:
        """What means him, in small letters."""
        return frozenset({self.id, self.name.casefold(), self.label.casefold()})


def known_as(facility_code: str, label: str) -> str:
    """By what an entry is found: its hospital, and how a request names it, whatever the case and the blanks."""
    return " ".join(f"{facility_code} {label}".split()).casefold()


class Professionals:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(self, actor: Actor, *, retired: bool = False) -> list[ProfessionalView]:
        """Those of the actor's hospitals, by hospital and name; with `retired` also those who answer no longer."""
        need_reader(actor)
        now = clock.now()
        async with self._database.read() as uow:
            rows = await uow.professionals.of(scope(actor))
            places = {one.id: one for one in await uow.facilities.all()}
        shown = [
            ProfessionalView(
                one,
                places[one.facility_id],
                may_retire=keeps and one.retired_at is None,
                may_enter=keeps and one.retired_at is not None,
            )
            for one, keeps in ((one, actor.covers(one.facility_id, *KEEPERS)) for one in rows)
            if retired or not one.over(now)
        ]
        return sorted(shown, key=lambda view: (view.facility.name, view.one.name.casefold(), view.one.id))

    async def add(self, actor: Actor, form: ProfessionalForm) -> Professional:
        """Enter somebody; `Conflict` when he stands there already, just so."""
        need_reader(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()
            now = clock.now()
            facility = await uow.facilities.by_code(form.facility_code)
            if facility is None or not actor.covers(facility.id):
                raise Invalid(form.facility_code, field="facility", sentence="Choose a facility from the list.")
            _need_keeper(actor, facility.id)
            made = made_of(form, facility, actor, now)
            there = await uow.professionals.of(frozenset({facility.id}))
            need_first(made, there, *SAID)
            if any(one.label.casefold() == made.label.casefold() and not one.over(now) for one in there):
                raise Conflict("twice", sentence=ON_THE_LIST)
            await uow.professionals.add(made)
            await audit_professional(uow, "professional:added", actor, made, facility, now)
        return made

    async def retire(self, actor: Actor, ident: str) -> Professional:
        """Nobody names him any more, and nothing opens in his name: whoever agreed to that is told, and whoever follows
        what is open already. What was asked stays as it was, but for more time under what opens no more.
        """
        async with self._database.write() as uow:
            await uow.locks.hold()  # else a session opens in his name while he leaves the list
            now = clock.now()
            one = found(await uow.professionals.get(ident), ident)
            if not actor.covers(one.facility_id):
                raise NotFound(ident)
            _need_keeper(actor, one.facility_id)
            gone = await uow.professionals.save(one.retire(actor.name, now))
            facility = found(await uow.facilities.get(one.facility_id))
            await audit_professional(uow, "professional:retired", actor, gone, facility, now)
            await _tell_of_silence(uow, actor, gone, now)
        return gone

    async def choosable(self, actor: Actor, device_code: str) -> list[Choosable]:
        """Who may be named in a request for this device, now or later; `NotFound` for a device that is not his."""
        now = clock.now()
        async with self._database.read() as uow:
            device = await uow.devices.by_code(device_code)
            if device is None or not device.active:
                raise NotFound(device_code)
            theirs = actor.kind is ActorKind.TECHNICIAN and actor.supplier_id in device.supplier_ids
            if not theirs and not actor.covers(device.facility_id):
                raise NotFound(device_code)
            known = [one for one in await uow.professionals.of(frozenset({device.facility_id})) if not one.over(now)]
        return [Choosable(one.id, one.name, one.label) for one in sorted(known, key=lambda one: one.label.casefold())]


def adds_nothing(form: ProfessionalForm, made: Professional, there: Professional) -> bool:
    """Whether `made` of this form is the entry that is there: what the form leaves out, the entry may say."""
    said = (("rpps", form.rpps), ("starts", form.since), ("ends", form.until))
    return all(getattr(made, name) == getattr(there, name) for name, value in said if value)


def made_of(form: ProfessionalForm, facility: Facility, actor: Actor, now: datetime) -> Professional:
    """The entry that a form makes; `Invalid` at the field that is wrong."""
    check_name(form.name)
    title = form.title.strip()
    if not 1 <= len(title) <= MAX_NAME or plain(title) != title:
        raise Invalid("title", field="title", sentence="Give the function in 1 to 200 characters.")
    zone = facility.timezone
    for name, day in (("since", form.since), ("until", form.until)):
        if day is not None and day.year not in YEARS:
            raise Invalid(name, field=name, sentence="Give a date such as 2026-11-22.")
    since = form.since or local_date(now, zone)
    if form.until is not None and form.until < max(since, local_date(now, zone)):
        raise Invalid("until", field="until", sentence="The last day lies before the first one, or has passed.")
    ends = day_end(form.until, zone) if form.until else None
    return Professional(
        new_id(now), facility.id, " ".join(form.name.split()), " ".join(title.split()), checked_rpps(form.rpps),
        midnight(since, zone), ends, actor.name, now,
    )  # fmt: skip


async def _tell_of_silence(uow: UnitOfWork, actor: Actor, gone: Professional, now: datetime) -> None:
    """Note each authorisation for which nobody answers now that he is gone; it stands all the same, for he may be
    entered again. More time under it is waited for no longer; whoever waits for another request that names him, or has
    it before him, is shown what it says now.
    """
    joins, grants = Joins(uow), await uow.grants.with_patient_data(gone.facility_id, now)
    await joins.know("request", (one.request_id for one in grants))  # at once: every cut waits for the locks
    listed = await uow.professionals.of(frozenset({gone.facility_id}))
    unanswered = []
    for grant in grants:
        plan = (await joins.request(grant.request_id)).plan
        if gone.named(plan.professional) and silent(plan, listed, max(grant.start, now)):
            await uow.audit.append(
                "grant:unanswered", actor=actor, subject=("grant", grant.id), facility_id=grant.facility_id, at=now,
                request=grant.request_id, professional=plan.professional,
            )  # fmt: skip
            uow.hint("grant", grant.id)
            unanswered.append(grant.id)
    await withdraw_more_time(uow, actor, unanswered, now)
    for request in await uow.requests.pending(now, frozenset({gone.facility_id})):
        if request.plan.patient_data is PatientData.NEEDED and gone.named(request.plan.professional):
            uow.hint("request", request.id)  # whoever waits for it reads that nobody can agree any more


def _need_keeper(actor: Actor, facility_id: str) -> None:
    if not actor.covers(facility_id, *KEEPERS):
        raise Forbidden(f"{actor.login} keeps no list of professionals")


async def audit_professional(
    uow: UnitOfWork, tag: str, actor: Actor, one: Professional, facility: Facility, now: datetime
) -> None:  # fmt: skip
    await uow.audit.append(
        tag, actor=actor, subject=("facility", facility.id), facility_id=facility.id, at=now, entry=one.id,
        professional=one.label, start=one.starts.isoformat(), end=one.ends.isoformat() if one.ends else "",
    )  # fmt: skip
