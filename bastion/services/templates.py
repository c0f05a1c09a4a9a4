"""What is usually asked for on a model of device: written by those who know it, offered to whoever asks (R-25, R-28).

A template opens nothing: it fills in a form, which everybody may change, and the request is decided on like any other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest, InterventionKind
from bastion.domain.conditions import Condition
from bastion.domain.device import Device
from bastion.domain.ids import new_id
from bastion.domain.parties import EVERYWHERE, Actor, ActorKind, Facility, Role
from bastion.domain.request_template import Origin, RequestTemplate, checked, model_key
from bastion.domain.work_plan import UNSAID, WorkPlan
from bastion.errors import Conflict, Forbidden, Invalid, NotFound
from bastion.services.authentication import Authentication
from bastion.services.forms import MAX_NAME, need_reader, plain
from bastion.services.joins import Joins, found, scope
from bastion.services.twice import need_first
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

WRITERS: Final = (Role.APPROVER,)
RETIRERS: Final = (Role.APPROVER, Role.ADMIN)
NOT_OFFERED: Final = "This usual request is no longer offered for this device. Choose another, or send yours without."
SAID: Final = ("facility_id", "name", "kind", "reason", "wanted", "plan", "conditions")
MOST: Final = 40
"""Templates of one model in one place: more of them nobody reads."""


@dataclass(frozen=True, slots=True)
class TemplateForm:
    """`facility` is the code of a hospital; empty: for the whole group."""

    maker: str
    model: str
    name: str
    kind: InterventionKind
    reason: str
    minutes: int
    facility: str = ""
    plan: WorkPlan = UNSAID
    conditions: frozenset[Condition] = frozenset()


@dataclass(frozen=True, slots=True)
class TemplateView:
    """Without `facility` it is the whole group's. `may_write` and `may_retire`: what this reader may do with it."""

    template: RequestTemplate
    facility: Facility | None
    may_write: bool = False
    may_retire: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    maker: str
    model: str
    devices: int

    @property
    def label(self) -> str:
        return " · ".join(part for part in (self.maker, self.model) if part)


class Templates:
    def __init__(self, database: Database, authentication: Authentication) -> None:
        self._database = database
        self._authentication = authentication

    # -- reading -------------------------------------------------------------------------------------------------------
    async def search(
        self, actor: Actor, *, text: str = "", retired: bool = False, limit: int = 50, offset: int = 0
    ) -> list[TemplateView]:
        """Those of the actor's hospitals and of the group, by model; with `retired` also those no longer offered."""
        need_reader(actor)
        async with self._database.read() as uow:
            rows = await uow.request_templates.search(
                scope(actor), text=text.strip(), retired=retired, limit=limit, offset=offset
            )
            joins = Joins(uow)
            await joins.know("facility", (one.facility_id for one in rows if one.facility_id != EVERYWHERE))
            return [await _view(joins, actor, one) for one in rows]

    async def get(self, actor: Actor, ident: str) -> TemplateView:
        need_reader(actor)
        async with self._database.read() as uow:
            return await _view(Joins(uow), actor, await _seen(uow, actor, ident))

    async def models(self, actor: Actor) -> list[Model]:
        """The models of the devices in use in the actor's hospitals, each once however it was typed."""
        need_reader(actor)
        async with self._database.read() as uow:
            return _models(await uow.request_templates.models(scope(actor)))

    async def offered(self, actor: Actor, device_code: str) -> list[RequestTemplate]:
        """What may be chosen from by whoever may ask for this device: the hospital's own first."""
        async with self._database.read() as uow:
            device = _askable(actor, await uow.devices.by_code(device_code), device_code)
            key = model_key(device.maker, device.model)
            rows = await uow.request_templates.of_model(key, device.facility_id) if key.strip() else []
        return sorted(rows, key=lambda one: (one.facility_id == EVERYWHERE, one.name.casefold()))

    # -- writing -------------------------------------------------------------------------------------------------------
    async def add(self, actor: Actor, form: TemplateForm) -> RequestTemplate:
        """Write one. Whoever decides on that hospital's devices may; for the group, who decides in all of it."""
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()
            place = await _place(uow, actor, form.facility)
            made = await _written(uow, actor, form, place)
            standing = await uow.request_templates.of_model(made.key, place)
            need_first(made, standing, *SAID)
            if len(standing) >= MOST:
                raise Conflict(
                    made.key, sentence="There are {count} usual requests for this model; retire one first.", count=MOST
                )
            await uow.request_templates.add(made)
            await _audit(uow, "template:added", actor, made)
        return made

    async def correct(self, actor: Actor, ident: str, form: TemplateForm) -> RequestTemplate:
        """Put another edition in its place; requests made from the old one still name the old one."""
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            old = await _seen(uow, actor, ident)
            _need(actor, old.facility_id, WRITERS)
            place = await _place(uow, actor, form.facility)
            fresh = await _written(uow, actor, form, place)
            made = replace(fresh, replaces_id=old.id, edition=old.edition + 1)
            await uow.request_templates.save(old.retire(actor.name, fresh.created_at))
            await uow.request_templates.add(made)
            await _audit(uow, "template:replaced", actor, made, changed=" ".join(_changes(old, made)))
        return made

    async def retire(self, actor: Actor, ident: str) -> RequestTemplate:
        """Offer it no longer."""
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            old = await _seen(uow, actor, ident)
            _need(actor, old.facility_id, RETIRERS)
            gone = await uow.request_templates.save(old.retire(actor.name, clock.now()))
            await _audit(uow, "template:retired", actor, gone)
        return gone


# -- what a request needs ----------------------------------------------------------------------------------------------
async def offered_for(uow: UnitOfWork, ident: str, device: Device, *, others: bool) -> str:
    """The template a request says it came from; one that is not offered for this device is like none there is.

    Of several devices, those of another model come from none.
    """
    if not ident:
        return ""
    template = await uow.request_templates.get(ident)
    if template is None or template.retired_at is not None or not (others or template.fits(device)):
        raise Invalid(ident, field="template", sentence=NOT_OFFERED)
    return template.id if template.fits(device) else ""


async def origin_of(uow: UnitOfWork, request: AccessRequest) -> Origin | None:
    template = await uow.request_templates.get(request.template_id) if request.template_id else None
    return Origin(template, template.differs(request)) if template else None


# -- parts -------------------------------------------------------------------------------------------------------------
def _need(actor: Actor, place: str, roles: Iterable[Role]) -> None:
    """One of these duties in all of that hospital, or of the whole group for what is the group's: a model stands in any
    ward, so whoever decides for some wards writes nothing that the others are offered.
    """
    if not any(role in actor.roles for role in roles):
        raise Forbidden(f"{actor.login} writes no templates")
    if not actor.covers(place, *roles):
        raise NotFound(f"{actor.login} outside {sorted(actor.facilities)}")
    if not _whole(actor, place, roles):
        raise Forbidden(f"{actor.login} decides for some wards only")


def may_write(actor: Actor, place: str) -> bool:
    """Whether this person may write one for a hospital, or (`EVERYWHERE`) for the group."""
    return _whole(actor, place, WRITERS)


def _whole(actor: Actor, place: str, roles: Iterable[Role]) -> bool:
    """What has no ward is in none of those to which a duty may be limited."""
    return any(actor.reaches(role, place, ward="") for role in roles)


async def _place(uow: UnitOfWork, actor: Actor, code: str) -> str:
    facility = await uow.facilities.by_code(code) if code else None
    if code and facility is None:
        raise NotFound(code)
    place = facility.id if facility else EVERYWHERE
    _need(actor, place, WRITERS)
    return place


async def _seen(uow: UnitOfWork, actor: Actor, ident: str) -> RequestTemplate:
    template = found(await uow.request_templates.get(ident), ident)
    if template.facility_id != EVERYWHERE and not actor.covers(template.facility_id):
        raise NotFound(ident)
    return template


async def _view(joins: Joins, actor: Actor, one: RequestTemplate) -> TemplateView:
    facility = None if one.facility_id == EVERYWHERE else await joins.facility(one.facility_id)
    writes, retires = (
        one.retired_at is None and _whole(actor, one.facility_id, roles) for roles in (WRITERS, RETIRERS)
    )
    return TemplateView(one, facility, writes, retires)


async def _written(uow: UnitOfWork, actor: Actor, form: TemplateForm, place: str) -> RequestTemplate:
    """What the form says, in the words of the register: a model nobody has gets no template."""
    key = model_key(form.maker, form.model)
    places = scope(actor) if place == EVERYWHERE else frozenset({place})
    known = {model_key(one.maker, one.model): one for one in _models(await uow.request_templates.models(places))}
    if key not in known:
        raise Invalid(form.model, field="model", sentence="Choose a model that a device in use there has.")
    name, now = form.name.strip(), clock.now()
    if not 1 <= len(name) <= MAX_NAME or plain(name) != name:
        raise Invalid(name, field="name", sentence="Give a name of 1 to 200 characters.")
    if not 1 <= form.minutes <= 24 * 60:
        raise Invalid("minutes", field="minutes", sentence="Choose a duration of at least one minute.")
    return checked(
        RequestTemplate(
            new_id(now), place, known[key].maker, known[key].model, name, form.kind, form.reason,
            timedelta(minutes=form.minutes), actor.id, actor.name, now, form.plan, form.conditions,
        )
    )  # fmt: skip


def _models(rows: Iterable[tuple[str, str, int]]) -> list[Model]:
    """Of several spellings of a model the most frequent."""
    best: dict[str, Model] = {}
    for maker, model, count in sorted(rows, key=lambda row: -row[2]):
        key = model_key(maker, model)
        so_far = best.get(key, Model(maker, model, 0))
        best[key] = replace(so_far, devices=so_far.devices + count)
    return sorted(best.values(), key=lambda one: one.label.casefold())


def _askable(actor: Actor, device: Device | None, code: str) -> Device:
    if device is None or not device.active:
        raise NotFound(code)
    theirs = actor.supplier_id in device.supplier_ids if actor.kind is ActorKind.TECHNICIAN else False
    if not theirs and not actor.covers(device.facility_id):
        raise NotFound(code)
    return device


def _changes(old: RequestTemplate, new: RequestTemplate) -> list[str]:
    """The names of what the new edition says otherwise."""
    own = ("facility_id", "maker", "model", "name", "kind", "reason", "wanted", "conditions")
    plans = (name for name in WorkPlan.__dataclass_fields__ if getattr(old.plan, name) != getattr(new.plan, name))
    answered = {*(name for name in plans if name != "said"), *(old.plan.said ^ new.plan.said)}
    return [name for name in own if getattr(old, name) != getattr(new, name)] + sorted(answered)


async def _audit(uow: UnitOfWork, tag: str, actor: Actor, one: RequestTemplate, **more: object) -> None:
    place = "" if one.facility_id == EVERYWHERE else one.facility_id
    await uow.audit.append(
        tag, actor=actor, subject=("template", one.id), facility_id=place, at=clock.now(), template=one.id,
        name=one.name, maker=one.maker, model=one.model, edition=one.edition, kind=one.kind, **more,
    )  # fmt: skip
