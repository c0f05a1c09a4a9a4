"""`/professionals`: who may answer for a technical access to patient data (R-38)."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import Field

from bastion.services.professionals import Choosable, ProfessionalForm, ProfessionalView
from web import fields
from web.api.bearer import Me, Use
from web.api.shapes import Shape

Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$", description="A day, as `2026-11-22`.")]


class ProfessionalShape(Shape):
    """`title` is the function; `ends` the first instant at which he answers no longer."""

    id: str
    facility: str
    name: str
    title: str
    rpps: str
    starts: datetime
    ends: datetime | None
    created_by: str
    created_at: datetime
    retired_by: str
    retired_at: datetime | None

    @classmethod
    def of(cls, view: ProfessionalView) -> Self:
        one = view.one
        return cls(
            id=one.id, facility=view.facility.code, name=one.name, title=one.title, rpps=one.rpps, starts=one.starts,
            ends=one.ends, created_by=one.created_by, created_at=one.created_at, retired_by=one.retired_by,
            retired_at=one.retired_at,
        )  # fmt: skip


class ChoosableShape(Shape):
    """`id` or `label` is what a request says as `plan.professional`."""

    id: str
    label: str

    @classmethod
    def of(cls, one: Choosable) -> Self:
        return cls(id=one.id, label=one.label)


class ProfessionalBody(Shape):
    """Days of the hospital's; without `since` from today on, without `until` until somebody retires the entry."""

    facility: str = Field(max_length=64)
    name: str = Field(max_length=200)
    title: str = Field(max_length=200, description="The function.")
    rpps: str = Field("", max_length=20, description="Eleven digits, if it is known.")
    since: Day | None = None
    until: Day | None = None


class Entry(Shape):
    id: str


def add_to(router: APIRouter) -> None:
    router.add_api_route("/professionals", search, methods=["GET"])
    router.add_api_route("/professionals", add, methods=["POST"], status_code=201)
    router.add_api_route("/professionals/{ident}/retire", retire, methods=["POST"])
    router.add_api_route("/device-professionals/{device}", choosable, methods=["GET"])


async def search(me: Me, use: Use, *, retired: bool = False) -> list[ProfessionalShape]:
    """List those of one's hospitals; with `retired` also those who answer no longer."""
    return [ProfessionalShape.of(view) for view in await use.professionals.listed(me, retired=retired)]


async def choosable(device: str, me: Me, use: Use) -> list[ChoosableShape]:
    """Whom a request for the device of this code may name."""
    return [ChoosableShape.of(one) for one in await use.professionals.choosable(me, device)]


async def add(body: ProfessionalBody, me: Me, use: Use) -> Entry:
    """Enter somebody. An administrator or a security officer of that hospital may."""
    since, until = (
        fields.day(said, name) if said else None for name, said in (("since", body.since), ("until", body.until))
    )
    form = ProfessionalForm(body.facility, body.name, body.title, body.rpps, since, until)
    return Entry(id=(await use.professionals.add(me, form)).id)


async def retire(ident: str, me: Me, use: Use) -> Entry:
    """Retire an entry: no request names him any more. An entry is never changed."""
    return Entry(id=(await use.professionals.retire(me, ident)).id)
