"""`/me` and `/tokens`: who the token speaks for, and his tokens. Tokens are made in the console, by a person."""

from datetime import datetime

from fastapi import APIRouter

from bastion.domain.parties import Role
from web.api.bearer import Me, Use
from web.api.register_shapes import AssignmentShape
from web.api.shapes import Shape


class MeShape(Shape):
    """`assignments` are what this token may do and where: its own scope, as far as its owner still has it.

    `roles` and `facilities` sum them up.
    """

    id: str
    login: str
    name: str
    roles: frozenset[Role]
    facilities: frozenset[str]
    assignments: tuple[AssignmentShape, ...]
    language: str
    token_id: str


class TokenShape(Shape):
    id: str
    label: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    roles: frozenset[Role]
    facilities: frozenset[str]


def add_to(router: APIRouter) -> None:
    router.add_api_route("/me", me, methods=["GET"])
    router.add_api_route("/tokens", tokens, methods=["GET"])
    router.add_api_route("/tokens/{ident}", revoke, methods=["DELETE"], status_code=204)


async def me(actor: Me) -> MeShape:
    """Say who this token speaks for."""
    return MeShape.model_validate(actor)


async def tokens(actor: Me, use: Use) -> list[TokenShape]:
    """List one's own tokens; their text is not kept."""
    return [TokenShape.model_validate(token) for token in await use.tokens.mine(actor)]


async def revoke(ident: str, actor: Me, use: Use) -> None:
    """Make a token useless."""
    await use.tokens.revoke(actor, ident)
