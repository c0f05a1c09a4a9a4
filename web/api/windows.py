"""`/windows`: times that come again, agreed to once (maintenance windows)."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import Field

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.maintenance import Rhythm, WindowStatus
from bastion.domain.timebox import TimeBox
from bastion.services.maintenance import WindowForm, WindowView
from web.api.bearer import Me, Use, fresh
from web.api.shapes import Code, Instant, Limit, Offset, Reason, Shape, Version, Whole

Week = Annotated[Whole, Field(ge=-1, le=4, description="0 every week; 1 to 4 and -1 (last): that one of the month.")]


class RhythmShape(Shape):
    """When it comes again, on the wall of the hospital. `begins` counts minutes from midnight."""

    week: Week
    weekday: Whole = Field(ge=0, le=6, description="0 is Monday.")
    begins: Whole = Field(ge=0, le=1439)
    minutes: Whole = Field(ge=15, le=720)


class NewWindow(Shape):
    """`supplier` empty: whoever maintains the device. Without `starts` it holds from now; it ends within a year."""

    device: str
    supplier: str = ""
    kind: InterventionKind
    rhythm: RhythmShape
    starts: Instant | None = None
    ends: Instant
    reason: Reason
    code: Code


class Agree(Shape):
    version: Version
    code: Code


class End(Shape):
    reason: Reason


class BoxShape(Shape):
    start: datetime
    end: datetime

    @classmethod
    def of(cls, box: TimeBox) -> Self:
        return cls(start=box.start, end=box.end)


class WindowShape(Shape):
    """`standing`: while it is on, the rules ask nobody again. `next` are the coming times that are promised: those that
    begin before `promised_until`; null where nobody who may come is under contract.
    """

    id: str
    ref: str
    status: WindowStatus
    version: int
    device: str
    facility: str
    supplier: str
    kind: InterventionKind
    rhythm: RhythmShape
    starts: datetime
    ends: datetime
    reason: str
    created_by: str
    quorum: int
    agreed_names: list[str]
    agreed_at: datetime | None
    ended_at: datetime | None
    ended_by: str
    end_reason: str
    standing: bool
    promised_until: datetime | None
    why_not: str
    next: list[BoxShape]
    requests: list[str]

    @classmethod
    def of(cls, view: WindowView, now: datetime) -> Self:
        one = view.window
        return cls(
            id=one.id, ref=one.ref, status=one.status(now), version=one.version, device=view.device.code,
            facility=view.facility.code, supplier=view.supplier.code if view.supplier else "", kind=one.kind,
            rhythm=RhythmShape.model_validate(one.rhythm), starts=one.starts, ends=one.ends, reason=one.reason,
            created_by=one.created_by, quorum=one.quorum, agreed_names=list(one.agreed_names), agreed_at=one.agreed_at,
            ended_at=one.ended_at, ended_by=one.ended_by, end_reason=one.end_reason, standing=view.standing,
            promised_until=view.until, why_not=view.why_not,
            next=[BoxShape.of(box) for box in view.next], requests=[use.id for use in view.uses],
        )  # fmt: skip


def add_to(router: APIRouter) -> None:
    router.add_api_route("/windows", search, methods=["GET"])
    router.add_api_route("/windows", propose, methods=["POST"], status_code=201)
    router.add_api_route("/windows/{ident}", get, methods=["GET"])
    router.add_api_route("/windows/{ident}/agree", agree, methods=["POST"])
    router.add_api_route("/windows/{ident}/end", end, methods=["POST"])


async def search(me: Me, use: Use, limit: Limit = 50, offset: Offset = 0) -> list[WindowShape]:
    """List the maintenance windows of one's facilities, newest first."""
    now = clock.now()
    return [WindowShape.of(view, now) for view in await use.maintenance.search(me, limit, offset)]


async def get(ident: str, me: Me, use: Use) -> WindowShape:
    """One window, with the requests that were agreed to by it."""
    return WindowShape.of(await use.maintenance.get(me, ident), clock.now())


async def propose(body: NewWindow, me: Me, use: Use) -> WindowShape:
    """Propose times that come again; others agree. Needs a fresh code."""
    actor = await fresh(use, me, body.code)
    rhythm = Rhythm(**body.rhythm.model_dump())
    form = WindowForm(body.device, body.supplier, body.kind, rhythm, body.ends, body.reason, body.starts)
    return await get((await use.maintenance.propose(actor, form)).id, actor, use)


async def agree(ident: str, body: Agree, me: Me, use: Use) -> WindowShape:
    """Agree to all of its times. Needs a fresh code; not the proposer."""
    actor = await fresh(use, me, body.code)
    await use.maintenance.agree(actor, ident, body.version)
    return await get(ident, actor, use)


async def end(ident: str, body: End, me: Me, use: Use) -> WindowShape:
    """Refuse it, take it back or revoke it; what it opened closes now."""
    await use.maintenance.end(me, ident, body.reason)
    return await get(ident, me, use)
