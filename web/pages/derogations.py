"""What is allowed on an old device, by whom, until when: made and taken back on the device's page (R-10)."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.domain.derogation import DerogationKind
from bastion.errors import Invalid
from bastion.services.derogations import DerogationForm
from web import fields
from web.console import Seen, Typed, go
from web.pages.devices import show_device

router = APIRouter(prefix="/directory/devices")
Text = Annotated[str, Form()]
Many = Annotated[list[str], Form(default_factory=list)]


@router.post("/{ident}/derogations")
async def make(
    seen: Seen, ident: str, algorithms: Many, allows: Text = "", owner: Text = "", reason: Text = "", ends: Text = "",
    code: Text = "",
) -> Response:  # fmt: skip
    typed = Typed(allows=allows, algorithms=algorithms, owner=owner, reason=reason, ends=ends)

    async def work() -> Response:
        view = await seen.services.inventory.device(seen.actor, ident)
        kind, last = (
            fields.choice(allows, DerogationKind, "allows"),
            fields.day_end(ends, "ends", view.facility.timezone),
        )
        if last is None:
            raise Invalid("ends", field="ends", sentence="Say until which day this is allowed.")
        named = tuple(algorithms) if kind is DerogationKind.SSH_LEGACY else ()
        form = DerogationForm(kind, owner, reason, last, named)
        await seen.services.derogations.make(await seen.fresh(code), ident, form)
        return go(f"/directory/devices/{ident}", "derogated")

    return await seen.attempt(work(), partial(show_device, seen, ident, typed=typed))


@router.post("/{ident}/derogations/{derogation}/withdraw")
async def withdraw(seen: Seen, ident: str, derogation: str, code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.derogations.withdraw(await seen.fresh(code), derogation, ident)
        return go(f"/directory/devices/{ident}", "no_longer_derogated")

    return await seen.attempt(work(), partial(show_device, seen, ident))
