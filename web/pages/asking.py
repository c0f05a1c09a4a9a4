"""Asking for a technician from the hospital's side; another person then decides (R-23, R-25)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Final, Protocol

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from bastion.domain import announced_file
from bastion.domain.access_request import InterventionKind
from bastion.domain.device import Device
from bastion.domain.emergency import Call
from bastion.domain.parties import Actor, Facility
from bastion.domain.request_template import RequestTemplate
from bastion.domain.work_plan import WorkPlan
from bastion.errors import BastionError, Faults, Invalid, NotFound
from bastion.i18n import N_
from bastion.services.bundle import Services
from bastion.services.drafts import RequestDraft
from bastion.services.joins import found
from bastion.services.views import DeviceView, Forecast
from web import choices, fields, labels, plan_words, template_words
from web.console import ELSEWHERE, Console, Seen, Typed, go
from web.plan_fields import PlanFields
from web.views import Clockface

router = APIRouter()
Asked = Annotated[str, Query()]
ASK_MINUTES: Final = (30, 60, 120, 240)
DAY: Final = 24 * 60
TICKED: Final = 40
USUAL: Final = {"kind": InterventionKind.TELEMAINTENANCE.value, "minutes": "60"}
"""What a new form begins with. What the work touches is never among it: whoever asks says so (R-25)."""
NOT_THEIRS: Final = N_(
    "The company of this technician does not maintain this device. Choose another device or technician."
)


class Seer(Protocol):
    """Who asks, at either door."""

    @property
    def services(self) -> Services: ...
    @property
    def actor(self) -> Actor: ...
    @property
    def face(self) -> Clockface: ...


class AskForm(PlanFields):
    """The form as it was typed: every field is text, and none is missing."""

    technician: str = ""
    device: str = ""
    kind: str = ""
    reason: str = ""
    work_order: str = ""
    minutes: str = ""
    start: str = ""
    announced: str = ""
    emergency: str = ""
    caller: str = ""
    callee: str = ""
    call_back: str = ""
    people: str = ""
    backup_at: str = ""
    template: str = ""
    others: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """Every device that was named, the first one first."""
        return (self.device, *(code for said in self.others for code in fields.listed(said)))

    def call(self) -> Call | None:
        """Who called whom, where it is an emergency: ticked, or anything was said of a call. Asking then wants to know
        who called: of an emergency nothing else is made for want of a word (R-26).
        """
        said = self.emergency or self.caller or self.callee or self.call_back
        return Call(self.caller, self.callee, self.call_back) if said else None

    def plan(self, zone: str) -> WorkPlan:
        """What it says about the work; a time is on the hospital's own clock."""
        saved = fields.local_moment(self.backup_at, "backup_at", zone)
        return replace(self.work(), people=tuple(self.people.splitlines()), backup_at=saved)

    def question(self, device: Device, facility: Facility) -> RequestDraft:
        """As much of it as the rules look at, and whatever else may refuse it before anybody reads it."""
        return RequestDraft(
            device.code, fields.choice(self.kind, InterventionKind, "kind"), "",
            fields.count(self.minutes), technician_login=self.technician,
            start=fields.local_moment(self.start, "start", facility.timezone), plan=self.work(),
            emergency=self.call(),
        )  # fmt: skip

    def draft(self, device: Device, facility: Facility) -> RequestDraft:
        """What it asks for, on a device of this hospital."""
        zone = facility.timezone
        return RequestDraft(
            device.code, fields.choice(self.kind, InterventionKind, "kind"), self.reason,
            fields.count(self.minutes), work_order=self.work_order,
            technician_login=self.technician, start=fields.local_moment(self.start, "start", zone),
            announced=announced_file.parse(self.announced), plan=self.plan(zone), emergency=self.call(),
            template=self.template,
        )  # fmt: skip


@router.get("/requests/new")
async def new(seen: Seen, device: Asked = "", technician: Asked = "", professional: Asked = "") -> Response:
    """Show the form; htmx reads the list of devices anew when another technician is chosen."""
    return await _form(seen, Typed(USUAL, device=device, technician=technician, professional=professional))


@router.post("/requests/new")
async def ask(seen: Seen, said: Annotated[AskForm, Form()]) -> Response:
    return await seen.attempt(_ask(seen, said), partial(_form, seen, Typed(said.model_dump())))


@router.post("/requests/fill")
async def fill(seen: Seen, said: Annotated[AskForm, Form()], fill: Annotated[str, Form()] = "") -> Response:
    """Show the form as a usual request fills it in. Nothing is asked."""
    offers = await offered(seen, said.device)
    return await _form(seen, typed_with(said, offers, fill))


@router.post("/requests/forecast")
async def foresee(seen: Seen, said: Annotated[AskForm, Form()]) -> Response:
    """Show the form with who would have to agree; htmx takes that part only. Nothing is asked."""
    typed = Typed(said.model_dump())
    try:
        return await _form(seen, typed, forecast=await _foresee(seen, said))
    except ELSEWHERE:
        raise
    except BastionError as error:
        return await _form(seen, typed, unclear=error)


def typed_with(said: AskForm, offers: Sequence[RequestTemplate], fill: str) -> Typed:
    """The form with a usual request in it; what is not among those offered only ceases to be named."""
    typed, template = {**said.model_dump(), "template": ""}, template_words.chosen(offers, fill)
    return Typed(template_words.filled(typed, template) if template else typed)


async def answering(seen: Seer, device: str, said: str) -> dict[str, object]:
    """Who may answer for patient data on this device; nobody on one that is not there for this person (R-38)."""
    try:
        known = await seen.services.professionals.choosable(seen.actor, device) if device else []
    except NotFound:
        known = []
    people, meant = plan_words.answering(known, said)
    return {"professionals": people, "professional": meant}


async def offered(seen: Seer, device: str) -> list[RequestTemplate]:
    """What is usual on this device; nothing on one that is not there for this person."""
    try:
        return await seen.services.templates.offered(seen.actor, device) if device else []
    except NotFound:
        return []


def several(devices: choices.Choice) -> list[tuple[str, str]]:
    """The other devices to tick, while somebody can still read them all; else their codes are typed."""
    return devices.options if devices.whole and len(devices.options) <= TICKED else []


def durations(seen: Seer, minutes: str = "") -> list[tuple[str, str, str]]:
    """What can be chosen, with what a usual request says."""
    more = fields.count(minutes)
    listed = sorted({*ASK_MINUTES, more} if 0 < more <= DAY else ASK_MINUTES)
    return [(str(one), seen.face.span(fields.length(one)), "") for one in listed]


async def _foresee(seen: Console, said: AskForm) -> Forecast:
    device = await _device(seen, said)
    try:
        return await seen.services.forecasts.of(seen.actor, said.question(device.device, device.facility))
    except NotFound as error:
        raise Invalid(error.detail, field="device", sentence=NOT_THEIRS) from error


async def _device(seen: Console, said: AskForm) -> DeviceView:
    """The device that was named; what is missing besides is told with it."""
    device, faults = await seen.services.inventory.by_code(seen.actor, said.device), Faults()
    if not said.technician:
        faults.add(Invalid("none", field="technician", sentence="Choose a technician from the list."))
    if device is None:
        faults.add(Invalid(said.device, field="device", sentence="Choose a device from the list."))
    faults.check(fields.choice, said.kind, InterventionKind, "kind")
    faults.settle()
    return found(device)


async def _ask(seen: Console, said: AskForm) -> Response:
    device = await _device(seen, said)
    try:
        made = await seen.services.access.request_several(
            seen.actor, said.draft(device.device, device.facility), said.codes
        )
    except NotFound as error:
        raise Invalid(error.detail, field="device", sentence=NOT_THEIRS) from error
    return go(f"/requests/{made[0].id}", "asked" if len(made) == 1 else "asked_several")


async def _form(
    seen: Console, typed: Typed, error: BastionError | None = None, *, forecast: Forecast | None = None,
    unclear: BastionError | None = None,
) -> Response:  # fmt: skip
    t = seen.t
    chosen = await seen.services.people.by_login(seen.actor, typed.technician)
    out = await seen.services.people.out_of(seen.actor, chosen.technician) if chosen else []
    devices = await choices.devices(
        seen, typed.device, chosen.supplier.id if chosen else "", without={one.id for one in out}
    )
    if error and devices.whole and typed.device not in {code for code, _ in devices.options}:
        devices.options.extend(one for one in (await choices.devices(seen)).options if one[0] == typed.device)
    return seen.page(
        "request_new.html", N_("Ask for a technician"), error=error, typed=typed, chosen=chosen,
        forecast=forecast, unclear=unclear, out_of=", ".join(one.name for one in out), devices=devices,
        technicians=await choices.technicians(
            seen, typed.technician, usable=True, device="" if chosen else typed.device
        ),
        kinds=[(kind.value, t(labels.KINDS[kind]), "") for kind in InterventionKind],
        durations=durations(seen, typed.minutes), offers=await offered(seen, typed.device), asking="/requests",
        many=several(devices), **plan_words.choices(t, typed),
        **await answering(seen, typed.device, typed.professional),
    )  # fmt: skip
