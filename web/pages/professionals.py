"""The list of professionals who may answer for a technical access to patient data, hospital by hospital (R-38)."""

from datetime import date
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from bastion.errors import BastionError, NotFound
from bastion.i18n import N_
from bastion.services.professionals import KEEPERS, ProfessionalForm
from bastion.services.views import RequestView
from web import fields
from web.console import Console, Seen, Typed, go

router = APIRouter(prefix="/directory/professionals")
Text = Annotated[str, Form()]


@router.get("")
async def listing(
    seen: Seen, retired: Annotated[str, Query()] = "", again: Annotated[str, Query()] = "",
    request: Annotated[str, Query()] = "",
) -> Response:  # fmt: skip
    """`again` is an entry that was retired: the form then holds what it said, so that he is entered anew. `request`
    names somebody who does not answer: the form then holds that name, and leads back there.
    """
    typed = await _again(seen, again) if again else await _named(seen, request) if request else None
    return await _show(seen, retired=retired == "yes", typed=typed)


@router.post("")
async def add(
    seen: Seen, facility: Text = "", name: Text = "", title: Text = "", rpps: Text = "", since: Text = "",
    until: Text = "", request: Text = "",
) -> Response:  # fmt: skip
    typed = Typed(facility=facility, name=name, title=title, rpps=rpps, since=since, until=until, request=request)

    async def work() -> Response:
        form = ProfessionalForm(facility, name, title, rpps, _day(since, "since"), _day(until, "until"))
        await seen.services.professionals.add(seen.actor, form)
        about = await _request(seen, request) if request else None
        return go(f"/requests/{about.request.id}" if about else "/directory/professionals", "professional_added")

    return await seen.attempt(work(), partial(_show, seen, typed=typed))


@router.post("/{ident}/retire")
async def retire(seen: Seen, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.professionals.retire(seen.actor, ident)
        return go("/directory/professionals", "professional_retired")

    return await seen.attempt(work(), partial(_show, seen))


def _day(text: str, name: str) -> date | None:
    return fields.day(text, name) if text.strip() else None


async def _again(seen: Console, ident: str) -> Typed | None:
    rows = await seen.services.professionals.listed(seen.actor, retired=True)
    return next(
        (
            Typed(facility=row.facility.code, name=row.one.name, title=row.one.title, rpps=row.one.rpps)
            for row in rows
            if row.one.id == ident and row.may_enter
        ),
        None,
    )


async def _named(seen: Console, ident: str) -> Typed | None:
    """Whom a request names, to be entered just so: only then he is who was meant."""
    view = await _request(seen, ident)
    if view is None:
        return None
    name, _, title = view.request.plan.professional.partition(", ")
    known = await seen.services.directory.facilities(seen.actor)
    place = next((one.code for one in known if one.id == view.device.facility_id), "")
    return Typed(facility=place, name=name, title=title, request=ident)


async def _request(seen: Console, ident: str) -> RequestView | None:
    """The request from which one comes, as far as one may see it."""
    try:
        return await seen.services.asked.get(seen.actor, ident)
    except NotFound:
        return None


async def _show(
    seen: Console, error: BastionError | None = None, *, retired: bool = False, typed: Typed | None = None
) -> Response:  # fmt: skip
    known = await seen.services.directory.facilities(seen.actor)
    return seen.page(
        "directory/professionals.html", N_("Authorised professionals"), error=error, typed=typed or Typed(),
        rows=await seen.services.professionals.listed(seen.actor, retired=retired), retired=retired,
        spots=[(one.code, one.name) for one in known if seen.actor.covers(one.id, *KEEPERS)], now=seen.face.now,
    )  # fmt: skip
