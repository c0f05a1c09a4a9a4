"""`/locks`: the kill switch."""

from datetime import datetime
from typing import Self

from fastapi import APIRouter

from bastion.domain.lock import Lock, LockScope
from web.api.bearer import Me, Use, fresh
from web.api.shapes import Code, Instant, Reason, Shape


class LockShape(Shape):
    id: str
    scope: LockScope
    subject_id: str
    reason: str
    imposed_by: str
    imposed_at: datetime
    until: datetime | None
    lifted_by: str

    @classmethod
    def of(cls, lock: Lock) -> Self:
        return cls.model_validate(lock, from_attributes=True)


class Impose(Shape):
    """`subject` is a supplier's or device's code or a technician's login; empty for `all`."""

    scope: LockScope
    subject: str = ""
    reason: Reason
    until: Instant | None = None
    code: Code


class Lift(Shape):
    why: Reason
    code: Code


def add_to(router: APIRouter) -> None:
    router.add_api_route("/locks", active, methods=["GET"])
    router.add_api_route("/locks", impose, methods=["POST"], status_code=201)
    router.add_api_route("/locks/{ident}/lift", lift, methods=["POST"])


async def active(me: Me, use: Use) -> list[LockShape]:
    """What is cut now."""
    return [LockShape.of(lock) for lock in await use.locks.active(me)]


async def impose(body: Impose, me: Me, use: Use) -> LockShape:
    """Cut: sessions end, grants are revoked, none can open until it is lifted. Needs a fresh code."""
    actor = await fresh(use, me, body.code)
    return LockShape.of(await use.locks.impose(actor, body.scope, body.subject, body.reason, body.until))


async def lift(ident: str, body: Lift, me: Me, use: Use) -> LockShape:
    """Let people ask again. Needs a fresh code."""
    return LockShape.of(await use.locks.lift(await fresh(use, me, body.code), ident, body.why))
