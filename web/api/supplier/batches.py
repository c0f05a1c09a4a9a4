"""`/batches`: asking for the same on several devices at once (R-25)."""

from fastapi import APIRouter

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.errors import Invalid, NotFound
from web.api.asked import NewWork
from web.api.batches import Codes
from web.api.supplier.bearer import Use, Who
from web.api.supplier.shapes import Note, WorkShape


class NewBatch(NewWork):
    """What is asked for, on `device` and on each of `others`: one request each, all of them or none."""

    others: Codes


def add_to(router: APIRouter) -> None:
    router.add_api_route("/batches", create, methods=["POST"], status_code=201)
    router.add_api_route("/batches/{ident}", get, methods=["GET"])
    router.add_api_route("/batches/{ident}/withdraw", withdraw, methods=["POST"])


async def create(body: NewBatch, who: Who, use: Use) -> list[WorkShape]:
    """Ask for the same on several devices; `batch` of each is their common id."""
    try:
        made = await use.access.request_several(who.actor, body.draft(), (body.device, *body.others))
    except NotFound as error:
        raise Invalid(error.detail, field="others", sentence="Choose devices from the list.") from error
    return await _shown(who, use, made)


async def get(ident: str, who: Who, use: Use) -> list[WorkShape]:
    """One's own requests that were made at once."""
    return await _shown(who, use, await use.batches.of(who.actor, ident))


async def withdraw(ident: str, body: Note, who: Who, use: Use) -> list[WorkShape]:
    """Take back all of them that still wait."""
    return await _shown(who, use, await use.batches.withdraw(who.actor, ident, body.note))


async def _shown(who: Who, use: Use, rows: list[AccessRequest]) -> list[WorkShape]:
    return [WorkShape.of(await use.asked.get(who.actor, one.id), clock.now()) for one in rows]
