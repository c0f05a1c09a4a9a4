"""The confidentiality undertaking, read and accepted in person (R-47)."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.domain.undertaking import Way
from bastion.errors import BastionError, Invalid
from bastion.i18n import N_
from web import fields
from web.console import go
from web.portal.visit import Come, Visit

router = APIRouter()
Text = Annotated[str, Form()]


@router.get("/undertaking")
async def show(seen: Come) -> Response:
    return await _show(seen)


@router.post("/undertaking")
async def accept(seen: Come, version: Text = "", agreed: Text = "") -> Response:
    async def work() -> Response:
        if not agreed:
            raise Invalid("not ticked", field="agreed", sentence="Tick that you have read it and accept it.")
        await seen.services.undertakings.accept(seen.actor, fields.whole(version, "version"), Way.WEB)
        return go("/supplier/", "accepted")

    return await seen.attempt(work(), partial(_show, seen))


async def _show(seen: Visit, error: BastionError | None = None) -> Response:
    accepted = await seen.services.undertakings.of(seen.actor, seen.actor.id)
    return seen.page("undertaking.html", N_("Confidentiality undertaking"), error=error, accepted=accepted)
