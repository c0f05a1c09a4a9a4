"""`/requests` and `/grants`: asking on a technician's behalf, deciding, and the rights that come of it."""

from fastapi import APIRouter, Response

from bastion import clock
from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.conditions import Condition, Terms
from bastion.domain.place import Place
from web.api.asked import NewWork
from web.api.bearer import Me, Use, fresh
from web.api.grant_shapes import GrantShape
from web.api.request_shapes import RequestShape
from web.api.shapes import (
    After,
    Code,
    Instant,
    Limit,
    Minutes,
    Offset,
    Reason,
    Several,
    Shape,
    Version,
    place_in,
    say_next,
)


class NewRequest(NewWork):
    """The same on behalf of a technician, by login."""

    technician: str


class Approve(Shape):
    """`conditions` and a later `start` hold whatever others who must agree say. `not_caller`: I did not make the call
    about this emergency; needed of whose name is like the caller's (R-27).
    """

    version: Version
    minutes: Minutes
    note: str = ""
    code: Code
    conditions: Several[Condition] = frozenset()
    start: Instant | None = None
    not_caller: bool = False


class Deny(Shape):
    version: Version
    note: Reason
    code: Code


class Note(Shape):
    note: str = ""


class Said(Shape):
    text: Reason


class Revoke(Shape):
    reason: Reason


class GiveBack(Shape):
    reason: str = ""


class HandOver(Shape):
    """`technician` is the login of a colleague of the same company."""

    technician: str
    reason: Reason


class Extend(Shape):
    minutes: Minutes
    reason: Reason


def add_to(router: APIRouter) -> None:
    router.add_api_route("/requests", search, methods=["GET"])
    router.add_api_route("/requests", create, methods=["POST"], status_code=201)
    router.add_api_route("/requests/{ident}", get, methods=["GET"])
    router.add_api_route("/requests/{ident}/approve", approve, methods=["POST"])
    router.add_api_route("/requests/{ident}/deny", deny, methods=["POST"])
    router.add_api_route("/requests/{ident}/question", question, methods=["POST"], status_code=201)
    router.add_api_route("/requests/{ident}/answer", answer, methods=["POST"], status_code=201)
    router.add_api_route("/requests/{ident}/withdraw", withdraw, methods=["POST"])
    router.add_api_route("/technicians/{ident}/grants", grants, methods=["GET"])
    router.add_api_route("/grants/{ident}/revoke", revoke, methods=["POST"])
    router.add_api_route("/grants/{ident}/give-back", give_back, methods=["POST"])
    router.add_api_route("/grants/{ident}/hand-over", hand_over, methods=["POST"], status_code=201)
    router.add_api_route("/grants/{ident}/extend", extend, methods=["POST"], status_code=201)


async def search(
    answer: Response, me: Me, use: Use, state: RequestState | None = None, text: str = "",
    before: Instant | None = None, after: After = "", limit: Limit = 50, offset: Offset = 0,
) -> list[RequestShape]:  # fmt: skip
    """List requests of one's facilities, newest first; `state=pending` lists what waits for a decision.

    A reference, work order, device code, login or full name is found however old it is. Any other `text` is looked for
    among the five thousand newest; where there are more, the header `Looked-Back-To` is what to give as `before`.
    """
    now = clock.now()
    if state is RequestState.PENDING:
        return [RequestShape.of(view, now) for view in await use.asked.pending(me)]
    found = await use.asked.search(
        me, state=state or "", text=text, before=before, after=place_in(after), limit=limit, offset=offset
    )
    say_next(answer, limit, [Place(view.request.created_at, view.request.id) for view in found])
    reach = await use.asked.reach(me, text=text, state=state or "", before=before)
    if reach is not None:
        answer.headers["looked-back-to"] = reach.isoformat()
    return [RequestShape.of(view, now) for view in found]


async def get(ident: str, me: Me, use: Use) -> RequestShape:
    """Everything about one request."""
    return RequestShape.of(await use.asked.get(me, ident), clock.now())


async def create(body: NewRequest, me: Me, use: Use) -> RequestShape:
    """Ask for access on behalf of a technician. Whoever asks does not decide (R-23)."""
    return await _shown(me, use, await use.access.request(me, body.draft(body.technician)))


async def approve(ident: str, body: Approve, me: Me, use: Use) -> RequestShape:
    """Agree, to `minutes` at most. Needs a fresh code."""
    actor = await fresh(use, me, body.code)
    terms = Terms(body.conditions, body.start)
    agreed = await use.approvals.approve(
        actor, ident, body.version, body.minutes, body.note, terms, not_caller=body.not_caller
    )
    return await _shown(me, use, agreed)


async def deny(ident: str, body: Deny, me: Me, use: Use) -> RequestShape:
    """Refuse, with the reason the technician reads. Needs a fresh code."""
    actor = await fresh(use, me, body.code)
    return await _shown(me, use, await use.approvals.deny(actor, ident, body.version, body.note))


async def question(ident: str, body: Said, me: Me, use: Use) -> RequestShape:
    """Ask whoever made the request; only who may decide on it asks."""
    await use.threads.ask(me, ident, body.text)
    return RequestShape.of(await use.asked.get(me, ident), clock.now())


async def answer(ident: str, body: Said, me: Me, use: Use) -> RequestShape:
    """Answer the open question on a request one has made oneself."""
    await use.threads.answer(me, ident, body.text)
    return RequestShape.of(await use.asked.get(me, ident), clock.now())


async def withdraw(ident: str, body: Note, me: Me, use: Use) -> RequestShape:
    """Take back a request one has made oneself."""
    return await _shown(me, use, await use.taking_back.withdraw(me, ident, body.note))


async def grants(ident: str, me: Me, use: Use) -> list[GrantShape]:
    """The open and coming rights of a technician."""
    now = clock.now()
    return [
        GrantShape.of(view.grant, now, view.device.code, view.technician.login)
        for view in await use.asked.grants(me, ident)
    ]


async def revoke(ident: str, body: Revoke, me: Me, use: Use) -> GrantShape:
    """Take a right back; its live sessions end."""
    return GrantShape.of(await use.approvals.revoke(me, ident, body.reason), clock.now())


async def give_back(ident: str, body: GiveBack, me: Me, use: Use) -> GrantShape:
    """Note that the supplier does not want a right, or no longer; its live sessions end, and who agreed is told."""
    return GrantShape.of(await use.taking_back.give_back(me, ident, body.reason), clock.now())


async def extend(ident: str, body: Extend, me: Me, use: Use) -> RequestShape:
    """Ask for more time under a grant; it is decided on like any request (R-35)."""
    return await _shown(me, use, await use.access.extend(me, ident, body.minutes, body.reason))


async def hand_over(ident: str, body: HandOver, me: Me, use: Use) -> RequestShape:
    """Ask that a colleague takes over an open right; once agreed to, the first one ends, and its sessions with it."""
    return await _shown(me, use, await use.handovers.ask(me, ident, body.technician, body.reason))


async def _shown(me: Me, use: Use, request: AccessRequest) -> RequestShape:
    return RequestShape.of(await use.asked.get(me, request.id), clock.now())
