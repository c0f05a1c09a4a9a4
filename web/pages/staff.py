"""The hospital's staff: roles, facilities, and the one-time secret a person starts with (T51)."""

from dataclasses import asdict
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.responses import Response

from bastion.domain.parties import EVERYWHERE, Role
from bastion.errors import BastionError
from bastion.services.people import StaffForm
from web import fields, labels
from web.console import Console, Seen, go, one_of
from web.labels import N_
from web.security import address_of

router = APIRouter(prefix="/directory/staff")


class StaffFields(BaseModel):
    """The staff form as it was typed; no facility ticked means all of them."""

    login: str = ""
    name: str = ""
    email: str = ""
    language: str = "fr"
    roles: list[str] = []
    facility_codes: list[str] = []
    active: bool = False


@router.get("")
async def listing(seen: Seen) -> Response:
    facilities = await seen.services.directory.facilities(seen.actor)
    return seen.page(
        "directory/staff.html", N_("Hospital staff"), rows=await seen.services.people.staff(seen.actor),
        names={f.id: f.name for f in facilities}, intro=N_("Who decides, watches, audits and keeps the bastion."),
        add=N_("New person"),
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
    everywhere = EVERYWHERE in kept.facilities
    codes = [] if everywhere else [f.code for f in facilities if f.id in kept.facilities]
    return StaffFields(**asdict(kept) | {"roles": [role.value for role in kept.roles], "facility_codes": codes})


async def _save(seen: Console, ident: str, typed: StaffFields) -> Response:
    form = StaffForm(
        typed.login.strip(), typed.name, typed.email,
        frozenset(fields.choice(role, Role, "roles") for role in typed.roles), tuple(typed.facility_codes),
        typed.language, typed.active, ident,
    )  # fmt: skip
    saved = await seen.services.people.save_staff(seen.actor, form)
    return go(f"/directory/staff/{saved.id}", "saved")


async def _form(
    seen: Console, ident: str, typed: StaffFields, error: BastionError | None = None, invitation: str = ""
) -> Response:
    t = seen.t
    return seen.page(
        "directory/staff_form.html", N_("Edit person") if ident else N_("New person"), error=error, typed=typed,
        ident=ident, invitation=invitation, setup_address=f"{address_of(seen.request)}/setup",
        roles=[(role.value, t(labels.ROLES[role]), t(labels.ROLE_DUTIES[role])) for role in Role],
        facilities=[(f.code, f.name, "") for f in await seen.services.directory.facilities(seen.actor)],
    )  # fmt: skip
