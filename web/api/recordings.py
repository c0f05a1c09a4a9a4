"""`/recordings`: sealed sessions, and their tracks as asciicast files."""

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import StreamingResponse

from web.api.bearer import Me, Use
from web.api.shapes import Reason, SessionShape, Shape


class Take(Shape):
    """`reason` is kept with the record (R-55); `track` counts the session's channels from 1."""

    reason: Reason
    track: int = Field(1, ge=1)


def add_to(router: APIRouter) -> None:
    router.add_api_route("/recordings", search, methods=["GET"])
    router.add_api_route(
        "/recordings/{ident}/cast", cast, methods=["POST"], response_class=StreamingResponse,
        responses={200: {"content": {"application/x-asciicast": {}}, "description": "asciicast version 3."}},
    )  # fmt: skip


async def search(me: Me, use: Use, text: str = "", limit: int = 50, offset: int = 0) -> list[SessionShape]:
    """List ended sessions that have a sealed recording, newest first."""
    found = await use.supervision.search(me, live=False, text=text, limit=limit, offset=offset)
    return [SessionShape.of(view) for view in found if view.record.recording_digest]


async def cast(ident: str, body: Take, me: Me, use: Use) -> StreamingResponse:
    """Download one track. The viewing is an audit event before the first byte, and the seal is checked first."""
    playback = await use.replay.open(me, ident, body.reason, how="download")
    return StreamingResponse(
        use.replay.stream(playback, body.track), media_type="application/x-asciicast",
        headers={"content-disposition": f'attachment; filename="{ident}-{body.track}.cast"'},
    )  # fmt: skip
