"""Who is away, and who decides in another's place until when (R-23)."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.domain.parties import Role
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services.standins import DelegationForm
from web.console import Console, Seen, Typed, go

router = APIRouter(prefix="/standins")
Text = Annotated[str, Form()]
PATH = "/standins"


@router.get("")
async def show(seen: Seen) -> Response:
    return await _show(seen)


@router.post("/delegations")
async def delegate(
    seen: Seen, to: Text = "", facility: Text = "", starts: Text = "", ends: Text = "", reason: Text = "",
    code: Text = "",
) -> Response:  # fmt: skip
    typed = Typed(form="delegation", to=to, facility=facility, starts=starts, ends=ends, reason=reason)

    async def work() -> Response:
        form = DelegationForm(to, starts, ends, reason, facility)
        await seen.services.standins.delegate(await seen.fresh(code), form)
        return go(PATH, "delegated")

    return await seen.attempt(work(), partial(_show, seen, typed=typed))


@router.post("/delegations/{ident}/revoke")
async def revoke(seen: Seen, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.standins.revoke(seen.actor, ident)
        return go(PATH, "delegation_revoked")

    return await seen.attempt(work(), partial(_show, seen))


@router.post("/absences")
async def away(seen: Seen, login: Text = "", starts: Text = "", ends: Text = "") -> Response:
    typed = Typed(form="absence", login=login, starts=starts, ends=ends)

    async def work() -> Response:
        await seen.services.standins.away(seen.actor, starts, ends, login)
        return go(PATH, "away")

    return await seen.attempt(work(), partial(_show, seen, typed=typed))


@router.post("/absences/{ident}/withdraw")
async def back(seen: Seen, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.standins.back(seen.actor, ident)
        return go(PATH, "back")

    return await seen.attempt(work(), partial(_show, seen))


async def _show(seen: Console, error: BastionError | None = None, typed: Typed | None = None) -> Response:
    services, actor = seen.services, seen.actor
    people = [one for one in await services.people.staff(actor) if one.active]
    mine = next((one for one in people if one.id == actor.id), None)
    lends = mine is not None and Role.APPROVER in mine.roles
    spots = [
        (f.code, f.name)
        for f in await services.directory.facilities(actor)
        if mine and mine.covers(f.id, Role.APPROVER)
    ]
    kept = [one for one in people if one.id == actor.id or _keeps(seen, one.facilities)]
    return seen.page(
        "standins.html", N_("Absences and stand-ins"), error=error, typed=typed or Typed(), lends=lends, spots=spots,
        absences=await services.standins.absences(actor), delegations=await services.standins.delegations(actor),
        others=[(one.login, one.name) for one in people if one.id != actor.id and Role.ADMIN not in one.roles],
        away_people=[(one.login, one.name) for one in kept], me=mine.login if mine else "",
        keeps={one.id for one in kept}, ends_any=bool(actor.roles & {Role.ADMIN, Role.SECURITY}),
    )  # fmt: skip


def _keeps(seen: Console, facilities: frozenset[str]) -> bool:
    return bool(facilities) and all(seen.actor.covers(ident, Role.ADMIN) for ident in facilities)
