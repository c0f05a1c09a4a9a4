"""`/batches`: the same asked for on several devices at once; decided on in one act, each by itself."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.batch import MOST
from bastion.domain.conditions import Condition, Terms
from bastion.services.batches import Outcome
from web.api.bearer import Me, Use, fresh
from web.api.request_shapes import RequestShape
from web.api.requests import NewRequest, Note
from web.api.shapes import Code, Instant, Minutes, Reason, Several, Shape

Codes = Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(max_length=MOST)]
Versions = Annotated[
    dict[str, int],
    Field(max_length=MOST, description="The id of each request to decide on, with the version that was read."),
]


class NewBatch(NewRequest):
    """What is asked for, on `device` and on each of `others`: one request each, all of them or none."""

    others: Codes


class ApproveAll(Shape):
    versions: Versions
    minutes: Minutes
    note: str = ""
    code: Code
    conditions: Several[Condition] = frozenset()
    start: Instant | None = None
    not_caller: bool = False


class DenyAll(Shape):
    versions: Versions
    note: Reason
    code: Code


class OutcomeShape(Shape):
    """What became of one: `why_not` is empty when it was decided on as wished; `followed`: its session has to be."""

    id: str
    ref: str
    device: str
    why_not: str
    followed: bool = False

    @classmethod
    def of(cls, one: Outcome) -> "OutcomeShape":
        return cls(
            id=one.request.id, ref=one.request.ref, device=one.device.code, why_not=one.why_not, followed=one.followed
        )


def add_to(router: APIRouter) -> None:
    router.add_api_route("/batches", create, methods=["POST"], status_code=201)
    router.add_api_route("/batches/{ident}", get, methods=["GET"])
    router.add_api_route("/batches/{ident}/approve", approve, methods=["POST"])
    router.add_api_route("/batches/{ident}/deny", deny, methods=["POST"])
    router.add_api_route("/batches/{ident}/withdraw", withdraw, methods=["POST"])


async def create(body: NewBatch, me: Me, use: Use) -> list[RequestShape]:
    """Ask for the same on several devices, on behalf of a technician; `batch` of each is their common id."""
    made = await use.access.request_several(me, body.draft(body.technician), (body.device, *body.others))
    return await _shown(me, use, made)


async def get(ident: str, me: Me, use: Use) -> list[RequestShape]:
    """Those of a batch that are of one's facilities."""
    return await _shown(me, use, await use.batches.of(me, ident))


async def approve(ident: str, body: ApproveAll, me: Me, use: Use) -> list[OutcomeShape]:
    """Agree to several, each as it was read, to `minutes` at most. Needs a fresh code."""
    actor, terms = await fresh(use, me, body.code), Terms(body.conditions, body.start)
    done = await use.batches.approve(
        actor, ident, body.versions, body.minutes, body.note, terms, not_caller=body.not_caller
    )
    return [OutcomeShape.of(one) for one in done]


async def deny(ident: str, body: DenyAll, me: Me, use: Use) -> list[OutcomeShape]:
    """Refuse several, with the reason the technician reads. Needs a fresh code."""
    actor = await fresh(use, me, body.code)
    return [OutcomeShape.of(one) for one in await use.batches.deny(actor, ident, body.versions, body.note)]


async def withdraw(ident: str, body: Note, me: Me, use: Use) -> list[RequestShape]:
    """Take back all of one's own that still wait."""
    return await _shown(me, use, await use.batches.withdraw(me, ident, body.note))


async def _shown(me: Me, use: Use, rows: list[AccessRequest]) -> list[RequestShape]:
    return [RequestShape.of(await use.asked.get(me, one.id), clock.now()) for one in rows]
