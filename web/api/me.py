"""`/me` and `/tokens`: who the token speaks for, what he chose, and his tokens, made in the console by a person."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter

from bastion.domain.parties import Actor, Role
from bastion.domain.telling import Choices, Topic, offered_to
from web.api.bearer import Me, Use
from web.api.register_shapes import AssignmentShape
from web.api.shapes import Several, Shape


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


class MailsShape(Shape):
    """`offered` may be declined; of these `wanted` comes by mail. What is not offered is an alarm and comes anyway."""

    offered: list[Topic]
    wanted: list[Topic]


class MailsBody(Shape):
    wanted: Several[Topic]


class LanguageBody(Shape):
    language: Literal["en", "fr"]


def add_to(router: APIRouter) -> None:
    router.add_api_route("/me", me, methods=["GET"])
    router.add_api_route("/me/mails", mails, methods=["GET"])
    router.add_api_route("/me/mails", choose, methods=["PUT"])
    router.add_api_route("/me/language", speak, methods=["PUT"], status_code=204)
    router.add_api_route("/tokens", tokens, methods=["GET"])
    router.add_api_route("/tokens/{ident}", revoke, methods=["DELETE"], status_code=204)


async def me(actor: Me) -> MeShape:
    """Say who this token speaks for."""
    return MeShape.model_validate(actor)


async def mails(actor: Me, use: Use) -> MailsShape:
    """What one may be told by mail, and what of it one wants."""
    return _mails(actor, await use.notifications.choices(actor))


async def choose(body: MailsBody, actor: Me, use: Use) -> MailsShape:
    """Be told by mail of these only."""
    return _mails(actor, await use.notifications.choose(actor, body.wanted))


async def speak(body: LanguageBody, actor: Me, use: Use) -> None:
    """Be spoken to in this language, here and in the console."""
    await use.people.set_language(actor, body.language)


async def tokens(actor: Me, use: Use) -> list[TokenShape]:
    """List one's own tokens; their text is not kept."""
    return [TokenShape.model_validate(token) for token in await use.tokens.mine(actor)]


async def revoke(ident: str, actor: Me, use: Use) -> None:
    """Make a token useless."""
    await use.tokens.revoke(actor, ident)


def _mails(actor: Actor, chosen: Choices) -> MailsShape:
    offered = offered_to(actor.roles)
    return MailsShape(offered=list(offered), wanted=[topic for topic in offered if topic not in chosen.muted])
