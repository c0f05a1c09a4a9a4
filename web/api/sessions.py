"""`/sessions`: live and past ones; follow, freeze, thaw, cut."""

from datetime import datetime

from fastapi import APIRouter, Response

from bastion.domain.device import ChannelKind
from bastion.domain.parties import Actor
from bastion.domain.place import Place
from bastion.domain.session_record import Outcome
from web.api.bearer import Me, Use, fresh
from web.api.session_shapes import SessionShape
from web.api.shapes import After, Code, Flag, Instant, Limit, Offset, Reason, Shape, place_in, say_next


class ChannelDoingShape(Shape):
    """`detail` is the command, or where a tunnel leads."""

    number: int
    kind: ChannelKind
    detail: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: str
    refused: bool


class FileDoingShape(Shape):
    at: datetime
    tag: str
    op: str
    direction: str
    path: str
    target: str
    size: int
    sha256: str
    outcome: str


class DoingsShape(Shape):
    channels: list[ChannelDoingShape]
    files: list[FileDoingShape]
    more_files: bool


class Cut(Shape):
    """`withdraw`: what was agreed ends with the session; without it the technician can connect again."""

    why: Reason
    code: Code
    withdraw: Flag = False


class Watch(Shape):
    code: Code


def add_to(router: APIRouter) -> None:
    router.add_api_route("/sessions", search, methods=["GET"])
    router.add_api_route("/sessions/{ident}", get, methods=["GET"])
    router.add_api_route("/sessions/{ident}/doings", doings, methods=["GET"])
    router.add_api_route("/sessions/{ident}/freeze", freeze, methods=["POST"])
    router.add_api_route("/sessions/{ident}/thaw", thaw, methods=["POST"])
    router.add_api_route("/sessions/{ident}/cut", cut, methods=["POST"])
    router.add_api_route("/sessions/{ident}/watch", watch, methods=["POST"])
    router.add_api_route("/sessions/{ident}/watch/beat", beat, methods=["POST"], status_code=204)
    router.add_api_route("/sessions/{ident}/watch/leave", leave, methods=["POST"], status_code=204)


async def search(
    answer: Response, me: Me, use: Use, *, live: bool | None = None, text: str = "", technician: str = "",
    supplier_id: str = "", device_id: str = "", end_reason: Outcome | None = None, since: Instant | None = None,
    until: Instant | None = None, after: After = "", limit: Limit = 50, offset: Offset = 0,
) -> list[SessionShape]:  # fmt: skip
    """List sessions of one's facilities, newest first; `live=true` lists those going on now."""
    found = await use.supervision.search(
        me, live=live, text=text, technician=technician, supplier_id=supplier_id, device_id=device_id,
        outcome=end_reason or "", since=since, until=until, after=place_in(after), limit=limit, offset=offset,
    )  # fmt: skip
    say_next(answer, limit, [Place(view.record.started_at, view.record.id) for view in found])
    return [SessionShape.of(view) for view in found]


async def get(ident: str, me: Me, use: Use) -> SessionShape:
    """Everything about one session."""
    return SessionShape.of(await use.supervision.get(me, ident))


async def doings(ident: str, me: Me, use: Use) -> DoingsShape:
    """What is being done in a session: its channels (open ones first) and its newest files."""
    return DoingsShape.model_validate(await use.doing.of(me, ident))


async def freeze(ident: str, me: Me, use: Use) -> SessionShape:
    """Hold the technician's input back; the device keeps its connection. No code: it is the safe thing to do."""
    await use.supervision.freeze(me, ident)
    return await get(ident, me, use)


async def thaw(ident: str, me: Me, use: Use) -> SessionShape:
    """Let the technician go on."""
    await use.supervision.thaw(me, ident)
    return await get(ident, me, use)


async def cut(ident: str, body: Cut, me: Me, use: Use) -> SessionShape:
    """End the session now; the technician reads who did it and why. Needs a fresh code."""
    await use.supervision.cut(await fresh(use, me, body.code), ident, body.why, withdraw=body.withdraw)
    return await get(ident, me, use)


async def watch(ident: str, body: Watch, me: Me, use: Use) -> SessionShape:
    """Follow a session that somebody of the hospital must follow. Needs a fresh code.

    From then on send `/watch/beat` four times a second: after 0.7 s without one the technician is held, and after 30 s
    the watch is over.
    """
    await use.watching.take(await fresh(use, me, body.code), ident, _holder(me))
    return await get(ident, me, use)


async def beat(ident: str, me: Me, use: Use) -> None:
    """Say that you are still there."""
    await use.watching.beat(me, ident, _holder(me))


async def leave(ident: str, me: Me, use: Use) -> None:
    """Stop following."""
    await use.watching.leave(me, ident, _holder(me))


def _holder(me: Actor) -> str:
    return f"token:{me.token_id}"
