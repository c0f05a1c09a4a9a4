"""`/rota`, `/delegations` and `/absences`: who is on call, who decides in another's place, and who is away."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from bastion import clock
from bastion.domain.rota import Shift
from bastion.services.rota import ShiftForm, ShiftView
from bastion.services.standins import AbsenceView, DelegationForm, DelegationView
from web.api.bearer import Me, Use
from web.api.imports import FILE, BadLineShape
from web.api.shapes import Shape, Whole

WALL = "The hospital's wall clock, as `2026-11-22T18:00`; an hour that does not exist is refused."
DryRun = Annotated[bool, Query(description="Only say what would be entered and which lines are wrong.")]
Wall = Annotated[str, Field(max_length=40, description=WALL)]


class ShiftShape(Shape):
    """`line` 1 is told first, 2 when the first does not answer; an empty `ward` is the whole hospital."""

    id: str
    login: str
    name: str
    facility: str
    ward: str
    line: int
    starts: datetime
    ends: datetime

    @classmethod
    def of(cls, view: ShiftView) -> "ShiftShape":
        one = view.shift
        return cls(
            id=one.id, login=view.person.login, name=view.person.name, facility=view.facility.code, ward=one.ward,
            line=one.line, starts=one.starts, ends=one.ends,
        )  # fmt: skip


class ShiftBody(Shape):
    login: str = Field(max_length=64)
    facility: str = Field(max_length=64)
    starts: Wall
    ends: Wall
    ward: str = Field("", max_length=200)
    line: Whole = Field(1, ge=1, le=3)


class Made(Shape):
    id: str


class EnteredShape(Shape):
    """`made` are the new entries; with any `bad` line nothing was entered. `count`: how many were, or by a dry run
    would be.
    """

    count: int

    made: list[Made]
    bad: list[BadLineShape]


class DelegationShape(Shape):
    """`lender`'s approving is `to`'s, in `facility` or (empty) wherever the lender has it."""

    id: str
    lender: str
    to: str
    facility: str
    starts: datetime
    ends: datetime
    reason: str
    in_force: bool

    @classmethod
    def of(cls, view: DelegationView) -> "DelegationShape":
        one = view.delegation
        return cls(
            id=one.id, lender=view.lender.login, to=view.to.login, facility=view.facility.code if view.facility else "",
            starts=one.starts, ends=one.ends, reason=one.reason, in_force=one.stands(clock.now()),
        )  # fmt: skip


class DelegationBody(Shape):
    to: str = Field(max_length=64)
    starts: Wall
    ends: Wall
    reason: str = Field(max_length=200)
    facility: str = Field("", max_length=64)


class AbsenceShape(Shape):
    id: str
    login: str
    name: str
    starts: datetime
    ends: datetime
    away_now: bool

    @classmethod
    def of(cls, view: AbsenceView) -> "AbsenceShape":
        one, who = view.absence, view.person
        return cls(
            id=one.id, login=who.login, name=who.name, starts=one.starts, ends=one.ends,
            away_now=one.stands(clock.now()),
        )  # fmt: skip


class AbsenceBody(Shape):
    """Without `login`: oneself."""

    starts: Wall
    ends: Wall
    login: str = Field("", max_length=64)


def add_to(router: APIRouter) -> None:
    router.add_api_route("/rota", rota, methods=["GET"])
    router.add_api_route("/rota", enter, methods=["POST"], status_code=201)
    router.add_api_route(
        "/rota/export", take_away, methods=["GET"], response_class=Response,
        responses={200: {"content": {"text/csv": {}}, "description": "As `/rota/import` takes it."}},
    )  # fmt: skip
    router.add_api_route("/rota/import", enter_all, methods=["POST"], openapi_extra=FILE)
    router.add_api_route("/rota/{ident}/withdraw", withdraw, methods=["POST"])
    router.add_api_route("/delegations", delegations, methods=["GET"])
    router.add_api_route("/delegations", delegate, methods=["POST"], status_code=201)
    router.add_api_route("/delegations/{ident}/revoke", revoke, methods=["POST"])
    router.add_api_route("/absences", absences, methods=["GET"])
    router.add_api_route("/absences", away, methods=["POST"], status_code=201)
    router.add_api_route("/absences/{ident}/withdraw", back, methods=["POST"])


async def rota(me: Me, use: Use, days: Annotated[int, Query(ge=1, le=366)] = 7) -> list[ShiftShape]:
    """Who is on call now and in the coming days, the earliest first."""
    now = clock.now()
    return [ShiftShape.of(view) for view in await use.rota.between(me, now, now + timedelta(days=days))]


async def enter(body: ShiftBody, me: Me, use: Use) -> Made:
    """Enter that somebody is on call."""
    form = ShiftForm(body.login, body.facility, body.starts, body.ends, body.ward, body.line)
    made: Shift = await use.rota.add(me, form)
    return Made(id=made.id)


async def take_away(me: Me, use: Use, days: Annotated[int, Query(ge=1, le=366)] = 7) -> Response:
    """Who is on call now and in the coming days, as CSV; times are those of each hospital's wall."""
    now = clock.now()
    sheet = await use.rota.export(me, now, now + timedelta(days=days))
    kept = {"content-disposition": f'attachment; filename="rota-{now:%Y-%m-%d}.csv"'}
    return Response(sheet, media_type="text/csv; charset=utf-8", headers=kept)


async def enter_all(request: Request, me: Me, use: Use, *, dry_run: DryRun = False) -> EnteredShape:
    """Enter every line of a CSV file (`login,facility,starts,ends,ward,line`), or none of them."""
    made, bad = await use.rota.add_all(me, await request.body(), only_look=dry_run)
    return EnteredShape(
        count=len(made),
        made=[] if dry_run else [Made(id=one.id) for one in made],
        bad=[BadLineShape.told(b.number, b.problem, me.language) for b in bad],
    )


async def withdraw(ident: str, me: Me, use: Use) -> Made:
    """Take an entry of the rota back."""
    return Made(id=(await use.rota.withdraw(me, ident)).id)


async def delegations(me: Me, use: Use) -> list[DelegationShape]:
    """Those in force and to come."""
    return [DelegationShape.of(view) for view in await use.standins.delegations(me)]


async def delegate(body: DelegationBody, me: Me, use: Use) -> Made:
    """Lend one's own approving to somebody; it takes a fresh code, so a person."""
    form = DelegationForm(body.to, body.starts, body.ends, body.reason, body.facility)
    return Made(id=(await use.standins.delegate(me, form)).id)


async def revoke(ident: str, me: Me, use: Use) -> Made:
    """End a delegation at once."""
    return Made(id=(await use.standins.revoke(me, ident)).id)


async def absences(me: Me, use: Use) -> list[AbsenceShape]:
    """Who is away, or will be."""
    return [AbsenceShape.of(view) for view in await use.standins.absences(me)]


async def away(body: AbsenceBody, me: Me, use: Use) -> Made:
    """Note an absence: nobody tells that person anything meanwhile."""
    return Made(id=(await use.standins.away(me, body.starts, body.ends, body.login)).id)


async def back(ident: str, me: Me, use: Use) -> Made:
    """End an absence, or take it back."""
    return Made(id=(await use.standins.back(me, ident)).id)
