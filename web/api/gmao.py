"""`/gmao`: where the hospitals' GMAOs answer (domain 3.5)."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from bastion.domain.work_order import Gmao, OrderRule
from bastion.services.work_orders import GmaoForm
from web.api.bearer import Me, Use
from web.api.shapes import Shape


class GmaoShape(Shape):
    """`secret` is there when it was made by this very call, and never again."""

    id: str
    facility_id: str
    url: str
    rule: OrderRule
    created_at: datetime
    created_by: str
    secret: str = ""

    @classmethod
    def of(cls, one: Gmao, secret: str = "") -> "GmaoShape":
        return cls(
            id=one.id, facility_id=one.facility_id, url=one.url, rule=one.rule, created_at=one.created_at,
            created_by=one.created_by, secret=secret,
        )  # fmt: skip


class GmaoBody(Shape):
    """`facility` is a code."""

    facility: str = Field(max_length=32)
    url: str = Field(max_length=500)
    rule: OrderRule


def add_to(router: APIRouter) -> None:
    router.add_api_route("/gmao", listing, methods=["GET"])
    router.add_api_route("/gmao", save, methods=["PUT"])
    router.add_api_route("/gmao/{ident}", remove, methods=["DELETE"], status_code=204)


async def listing(me: Me, use: Use) -> list[GmaoShape]:
    """List the GMAOs of one's facilities."""
    return [GmaoShape.of(one) for one in await use.work_orders.all(me)]


async def save(body: GmaoBody, me: Me, use: Use) -> GmaoShape:
    """Say where a facility's GMAO answers. Needs a fresh code."""
    made, secret = await use.work_orders.save(me, GmaoForm(body.facility, body.url, body.rule))
    return GmaoShape.of(made, secret)


async def remove(ident: str, me: Me, use: Use) -> None:
    """Ask it and tell it nothing more. Needs a fresh code."""
    await use.work_orders.remove(me, ident)
