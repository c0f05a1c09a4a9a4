"""The hospital's staff: who has which role where, and the one-time secret a person starts with (T51)."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.responses import Response

from bastion.domain.parties import EVERYWHERE, Role
from bastion.errors import BastionError, NotFound
from bastion.i18n import N_
from bastion.services.duties import Duty
from bastion.services.people import StaffForm
from web import fields, labels
from web.console import Console, Seen, go, one_of
from web.security import address_of

router = APIRouter(prefix="/directory/staff")


class StaffFields(BaseModel):
    """The staff form as it was typed. A duty is `role@code`; each of `places` has a line of `wards`, in its order."""

    login: str = ""
    name: str = ""
    email: str = ""
    language: str = "fr"
    duties: list[str] = []
    places: list[str] = []
    wards: list[str] = []
    active: bool = False

    def wards_of(self, code: str) -> str:
        return dict(zip(self.places, self.wards, strict=False)).get(code, "")


@router.get("")
async def listing(seen: Seen) -> Response:
    facilities = await seen.services.directory.facilities(seen.actor)
    return seen.page(
        "directory/staff.html", N_("Hospital staff"), rows=await seen.services.people.staff(seen.actor),
        names={f.id: f.name for f in facilities}, intro=N_("Who decides, watches, audits and keeps the bastion."),
        add=N_("New person"), from_file="staff",
    )  # fmt: skip


@router.get("/new")
async def new(seen: Seen) -> Response:
    return await _form(seen, "", StaffFields(active=True))


@router.post("/new")
async def create(seen: Seen, typed: Annotated[StaffFields, Form()]) -> Response:
    return await seen.keep(_save, _form, "", typed)


@router.get("/{ident}")
async def show(seen: Seen, ident: str) -> Response:
    return await _form(seen, ident, await _kept(seen, ident))


@router.post("/{ident}")
async def save(seen: Seen, ident: str, typed: Annotated[StaffFields, Form()]) -> Response:
    return await seen.keep(_save, _form, ident, typed)


@router.post("/{ident}/invite")
async def invite(seen: Seen, ident: str) -> Response:
    """Show the one-time secret in the answer itself; it is kept as a hash only."""
    typed = await _kept(seen, ident)

    async def work() -> Response:
        secret = await seen.services.enrolment.invite(seen.actor, ident)
        return await _form(seen, ident, typed, invitation=secret)

    return await seen.attempt(work(), partial(_form, seen, ident, typed))


async def _kept(seen: Console, ident: str) -> StaffFields:
    kept = one_of(await seen.services.people.staff(seen.actor), ident)
    facilities = await seen.services.directory.facilities(seen.actor)
    codes = {f.id: f.code for f in facilities} | {EVERYWHERE: EVERYWHERE}
    if not kept.facilities <= codes.keys():
        raise NotFound(ident)  # he works where this administrator does not: the form could not show what it would keep
    limited = [(codes[one.facility_id], ", ".join(one.wards)) for one in kept.assignments if one.wards]
    return StaffFields(
        login=kept.login, name=kept.name, email=kept.email, language=kept.language, active=kept.active,
        duties=[f"{one.role}@{codes[one.facility_id]}" for one in kept.assignments],
        places=[code for code, _ in limited], wards=[wards for _, wards in limited],
    )  # fmt: skip


async def _save(seen: Console, ident: str, typed: StaffFields) -> Response:
    form = StaffForm(
        typed.login.strip(), typed.name, typed.email, language=typed.language, active=typed.active, id=ident,
        duties=tuple(_duty(typed, one) for one in typed.duties),
    )  # fmt: skip
    saved = await seen.services.people.save_staff(seen.actor, form)
    group = EVERYWHERE in saved.places(Role.APPROVER) and len(await seen.services.directory.facilities(seen.actor)) > 1
    return go(f"/directory/staff/{saved.id}", "saved_for_the_group" if group else "saved")


def _duty(typed: StaffFields, text: str) -> Duty:
    name, _, code = text.partition("@")
    role = fields.choice(name, Role, "duties")
    wards = fields.listed(typed.wards_of(code)) if role is Role.APPROVER else ()
    return Duty(role, "" if code == EVERYWHERE else code, wards)


async def _form(
    seen: Console, ident: str, typed: StaffFields, error: BastionError | None = None, invitation: str = ""
) -> Response:
    t = seen.t
    return seen.page(
        "directory/staff_form.html", N_("Edit person") if ident else N_("New person"), error=error, typed=typed,
        ident=ident, invitation=invitation, setup_address=f"{address_of(seen.request)}/setup",
        roles=[(role.value, t(labels.ROLES[role]), t(labels.ROLE_DUTIES[role])) for role in Role],
        spots=[(f.code, f.name) for f in await seen.services.directory.facilities(seen.actor)],
        group=seen.actor.covers(EVERYWHERE, Role.ADMIN),
    )  # fmt: skip
