"""The list of professionals who may answer for a technical access to patient data, hospital by hospital (R-38)."""

from datetime import date
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services.professionals import KEEPERS, ProfessionalForm
from web import fields
from web.console import Console, Seen, Typed, go

router = APIRouter(prefix="/directory/professionals")
Text = Annotated[str, Form()]


@router.get("")
async def listing(
    seen: Seen, retired: Annotated[str, Query()] = "", again: Annotated[str, Query()] = ""
) -> Response:  # fmt: skip
    """`again` is an entry that was retired: the form then holds what it said, so that he is entered anew."""
    return await _show(seen, retired=retired == "yes", typed=await _again(seen, again) if again else None)


@router.post("")
async def add(
    seen: Seen, facility: Text = "", name: Text = "", title: Text = "", rpps: Text = "", since: Text = "",
    until: Text = "",
) -> Response:  # fmt: skip
    typed = Typed(facility=facility, name=name, title=title, rpps=rpps, since=since, until=until)

    async def work() -> Response:
        form = ProfessionalForm(facility, name, title, rpps, _day(since, "since"), _day(until, "until"))
        await seen.services.professionals.add(seen.actor, form)
        return go("/directory/professionals", "professional_added")

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


async def _show(
    seen: Console, error: BastionError | None = None, *, retired: bool = False, typed: Typed | None = None
) -> Response:  # fmt: skip
    known = await seen.services.directory.facilities(seen.actor)
    return seen.page(
        "directory/professionals.html", N_("Authorised professionals"), error=error, typed=typed or Typed(),
        rows=await seen.services.professionals.listed(seen.actor, retired=retired), retired=retired,
        spots=[(one.code, one.name) for one in known if seen.actor.covers(one.id, *KEEPERS)], now=seen.face.now,
    )  # fmt: skip
