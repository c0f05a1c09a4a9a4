"""`/undertakings`: the confidentiality undertaking, its versions, and who has accepted which (R-47)."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from bastion.domain.undertaking import MAX_TEXT, Way
from web.api.bearer import Me, Use
from web.api.shapes import Limit, Offset, Shape


class UndertakingShape(Shape):
    """Version 1 is the text that comes with the bastion. The first of a list is in force."""

    version: int
    text_fr: str
    text_en: str
    published_by: str
    published_at: datetime


class UndertakingBody(Shape):
    text_fr: str = Field(max_length=MAX_TEXT)
    text_en: str = Field(max_length=MAX_TEXT)


class AcceptanceShape(Shape):
    version: int
    accepted_at: datetime
    way: Way
    source: str


class AcceptedShape(Shape):
    """`owed`: the version in force is not accepted, so nothing opens for this technician."""

    technician: str
    current: int
    owed: bool
    acceptances: list[AcceptanceShape]


class OwingShape(Shape):
    id: str
    login: str
    name: str


def add_to(router: APIRouter) -> None:
    router.add_api_route("/undertakings", undertakings, methods=["GET"])
    router.add_api_route("/undertakings", publish, methods=["POST"], status_code=201)
    router.add_api_route("/undertakings/owing", owing, methods=["GET"])
    router.add_api_route("/technicians/{ident}/undertakings", accepted, methods=["GET"])


async def undertakings(me: Me, use: Use) -> list[UndertakingShape]:
    """Every version of the confidentiality undertaking, the one in force first."""
    return [UndertakingShape.model_validate(one) for one in await use.undertakings.versions(me)]


async def publish(body: UndertakingBody, me: Me, use: Use) -> UndertakingShape:
    """Publish a new version, which everybody accepts before his next session; needs a fresh code."""
    return UndertakingShape.model_validate(await use.undertakings.publish(me, body.text_fr, body.text_en))


async def owing(me: Me, use: Use, limit: Limit = 100, offset: Offset = 0) -> list[OwingShape]:
    """The technicians for whom nothing opens because they have not accepted the version in force."""
    people, _count = await use.undertakings.owing(me, limit, offset)
    return [OwingShape.model_validate(person) for person in people]


async def accepted(ident: str, me: Me, use: Use) -> AcceptedShape:
    """What a technician has accepted, when and where, the newest first."""
    view = await use.undertakings.of(me, ident)
    return AcceptedShape(
        technician=view.technician.login, current=view.current.version, owed=view.owed,
        acceptances=[AcceptanceShape.model_validate(one) for one in view.acceptances],
    )  # fmt: skip
