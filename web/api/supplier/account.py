"""`/me`, `/tokens` and `/bastion`: who the token speaks for, his tokens, and where the bastion is."""

from datetime import datetime

from fastapi import APIRouter, Request

from bastion.services.address import told_address
from web.api.shapes import Shape
from web.api.supplier.bearer import Use, Who
from web.api.supplier.shapes import DoorShape


class MeShape(Shape):
    """`undertaking_owed`: the confidentiality undertaking is accepted in person, at the entrance, before any work."""

    login: str
    name: str
    company: str
    company_name: str
    correspondent: bool
    undertaking_owed: bool
    language: str
    token_id: str


class TokenShape(Shape):
    id: str
    label: str
    writes: bool
    people: bool
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def add_to(router: APIRouter) -> None:
    router.add_api_route("/me", me, methods=["GET"])
    router.add_api_route("/bastion", bastion, methods=["GET"])
    router.add_api_route("/tokens", tokens, methods=["GET"])
    router.add_api_route("/tokens/{ident}", revoke, methods=["DELETE"], status_code=204)


async def me(who: Who, use: Use) -> MeShape:
    """Say who this token speaks for."""
    mine = await use.portal.account(who.actor)
    return MeShape(
        login=who.actor.login, name=who.actor.name, company=mine.supplier.code, company_name=mine.supplier.name,
        correspondent=who.correspondent, language=who.actor.language, token_id=who.actor.token_id,
        undertaking_owed=bool(await use.undertakings.owed(who.actor)),
    )  # fmt: skip


async def bastion(request: Request, _who: Who) -> DoorShape:
    """Say where the bastion is, and by which fingerprints it is known."""
    return door_of(request)


async def tokens(who: Who, use: Use) -> list[TokenShape]:
    """List one's own tokens; their text is not kept."""
    return [TokenShape.model_validate(token) for token in await use.supplier_tokens.mine(who.actor)]


async def revoke(ident: str, who: Who, use: Use) -> None:
    """Make a token useless."""
    await use.supplier_tokens.revoke(who.actor, ident)


def door_of(request: Request) -> DoorShape:
    address = told_address(request.app.state.settings)
    return DoorShape(host=address.host, port=address.port, fingerprints=list(address.fingerprints))
