"""Technicians of suppliers: named people, with their SSH keys and authenticators (R-11)."""

from dataclasses import asdict
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel
from starlette.responses import Response

from bastion.domain.country import HOME
from bastion.domain.parties import EVERYWHERE, Role
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services.people import TechnicianForm
from web import country_words, fields
from web.console import Console, Seen, Typed, go
from web.facts import WAYS, WHERE
from web.paging import PAGE, pages
from web.portal.links import link_of
from web.render import qr, secret_of
from web.views import local_last_day

router = APIRouter(prefix="/directory/technicians")
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]


class TechnicianFields(BaseModel):
    """The technician form as it was typed; `valid_until` is the last local day."""

    login: str = ""
    name: str = ""
    email: str = ""
    supplier_code: str = ""
    language: str = "fr"
    valid_until: str = ""
    employer_id: str = ""
    country: str = HOME
    active: bool = False


@router.get("")
async def listing(seen: Seen, text: Asked = "", at: Asked = "") -> Response:
    number, filters = fields.page_number(at), Typed(text=text.strip()[:200])
    rows = await seen.services.people.technicians(seen.actor, filters.text, limit=PAGE + 1, offset=number * PAGE)
    newer, older = pages(seen.request, number, len(rows))
    return seen.page(
        "directory/technicians.html", N_("Technicians"), rows=rows[:PAGE], filters=filters, newer=newer, older=older,
        intro=N_("Named people of suppliers; each signs in as himself."), add=N_("New technician"),
        from_file="technicians",
    )  # fmt: skip


@router.get("/new")
async def new(seen: Seen) -> Response:
    return await _form(seen, "", TechnicianFields(active=True))


@router.post("/new")
async def create(seen: Seen, typed: Annotated[TechnicianFields, Form()]) -> Response:
    return await seen.keep(_save, _form, "", typed)


@router.get("/{ident}")
async def show(seen: Seen, ident: str) -> Response:
    return await _show(seen, ident)


@router.get("/{ident}/edit")
async def edit(seen: Seen, ident: str) -> Response:
    view = await seen.services.people.technician(seen.actor, ident)
    until = view.technician.valid_until
    kept = asdict(view.technician) | {
        "supplier_code": view.supplier.code,
        "valid_until": local_last_day(until) if until else "",
    }
    return await _form(seen, ident, TechnicianFields(**kept))


@router.post("/{ident}/edit")
async def save(seen: Seen, ident: str, typed: Annotated[TechnicianFields, Form()]) -> Response:
    return await seen.keep(_save, _form, ident, typed)


@router.post("/{ident}/keys")
async def add_key(seen: Seen, ident: str, key: Text = "", label: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.people.add_key(seen.actor, ident, key, label)
        return go(f"/directory/technicians/{ident}", "saved")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(key=key, label=label)))


@router.post("/{ident}/keys/{key}/remove")
async def remove_key(seen: Seen, ident: str, key: str) -> Response:
    async def work() -> Response:
        await seen.services.people.remove_key(seen.actor, ident, key)
        return go(f"/directory/technicians/{ident}", "removed")

    return await seen.attempt(work(), partial(_show, seen, ident))


@router.post("/{ident}/totp")
async def enrol(seen: Seen, ident: str) -> Response:
    """Show the QR code in the answer itself: it is shown once, so there is nothing to redirect to."""

    async def work() -> Response:
        return await _show(seen, ident, uri=await seen.services.enrolment.technician_totp(seen.actor, ident))

    return await seen.attempt(work(), partial(_show, seen, ident))


@router.post("/{ident}/tokens/{token}/revoke")
async def revoke_token(seen: Seen, ident: str, token: str) -> Response:
    async def work() -> Response:
        await seen.services.supplier_tokens.revoke_of(seen.actor, ident, token)
        return go(f"/directory/technicians/{ident}", "revoked_token")

    return await seen.attempt(work(), partial(_show, seen, ident))


@router.post("/{ident}/leave")
async def leave(seen: Seen, ident: str, why: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.rosters.leave(await seen.fresh(code), ident, why)
        return go(f"/directory/technicians/{ident}", "left")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(why=why)))


@router.post("/{ident}/invite")
async def invite(seen: Seen, ident: str) -> Response:
    """Show the link in the answer itself: it is never kept, so there is nothing to redirect to."""

    async def work() -> Response:
        secret = await seen.services.invitations.invite(seen.actor, ident)
        return await _show(seen, ident, link=link_of(seen.request, secret))

    return await seen.attempt(work(), partial(_show, seen, ident))


@router.post("/{ident}/correspondent")
async def correspondent(seen: Seen, ident: str, named: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.company.name_correspondent(seen.actor, ident, named=bool(named))
        return go(f"/directory/technicians/{ident}", "saved")

    return await seen.attempt(work(), partial(_show, seen, ident))


async def _save(seen: Console, ident: str, typed: TechnicianFields) -> Response:
    known = (await seen.services.people.technician(seen.actor, ident)).technician.valid_until if ident else None
    form = TechnicianForm(
        typed.login.strip(), typed.name, typed.email, typed.supplier_code, typed.language,
        fields.day_end(typed.valid_until, "valid_until", known=known),
        typed.active, ident, typed.employer_id, typed.country,
    )  # fmt: skip
    saved = await seen.services.people.save_technician(seen.actor, form)
    return go(f"/directory/technicians/{saved.id}", "saved")


async def _form(seen: Console, ident: str, typed: TechnicianFields, error: BastionError | None = None) -> Response:
    companies = await seen.services.directory.suppliers(seen.actor)
    suppliers = [(s.code, s.name) for s in companies]
    named = {s.id: s.name for s in companies}
    employers = [
        (one.id, f"{one.name} ({named.get(one.supplier_id, '')})")
        for one in await seen.services.subcontractors.employers(seen.actor)
    ]
    title = N_("Edit technician") if ident else N_("New technician")
    return seen.page(
        "directory/technician_form.html",
        title,
        error=error,
        typed=typed,
        ident=ident,
        suppliers=suppliers,
        employers=employers,
        countries=country_words.choices(seen.face.language),
    )


async def _show(
    seen: Console, ident: str, error: BastionError | None = None, typed: Typed | None = None, uri: str = "",
    link: str = "",
) -> Response:  # fmt: skip
    view = await seen.services.people.technician(seen.actor, ident)
    keeper = seen.actor.covers(EVERYWHERE, Role.ADMIN)
    tokens = await seen.services.supplier_tokens.of(seen.actor, ident) if keeper else None
    return seen.page(
        "directory/technician.html", tokens=tokens,
        error=error, view=view, typed=typed or Typed(), qr=qr(uri) if uri else "",
        totp_secret=secret_of(uri), link=link, wheres=WAYS | WHERE,
        standing=await seen.services.rosters.person(seen.actor, ident),
        undertaking=await seen.services.undertakings.of(seen.actor, ident),
    )  # fmt: skip
