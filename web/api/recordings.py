"""`/recordings`: sealed sessions, and their tracks as asciicast files."""

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import StreamingResponse

from recordings.model import TrackKind
from web.api.bearer import Me, Use
from web.api.shapes import Limit, Offset, Reason, SessionShape, Shape


class Open(Shape):
    """`reason` is kept with the record (R-55)."""

    reason: Reason


class Take(Open):
    """`track` counts the session's channels from 0."""

    track: int = Field(0, ge=0)


class TrackShape(Shape):
    """One channel of the session. `cols` is 0 without a terminal; `began` counts from the session's start."""

    number: int
    kind: TrackKind
    command: str
    cols: int
    rows: int
    began: float
    seconds: float
    outcome: str


class RecordingShape(Shape):
    """A recording that was found whole: `digest` is the head of its chain."""

    session: SessionShape
    digest: str
    tracks: list[TrackShape]


def add_to(router: APIRouter) -> None:
    router.add_api_route("/recordings", search, methods=["GET"])
    router.add_api_route("/recordings/{ident}/open", open_recording, methods=["POST"])
    router.add_api_route(
        "/recordings/{ident}/cast", cast, methods=["POST"], response_class=StreamingResponse,
        responses={200: {"content": {"application/x-asciicast": {}}, "description": "asciicast version 3."}},
    )  # fmt: skip


async def search(me: Me, use: Use, text: str = "", limit: Limit = 50, offset: Offset = 0) -> list[SessionShape]:
    """List ended sessions that have a sealed recording, newest first."""
    found = await use.supervision.search(me, live=False, text=text, limit=limit, offset=offset)
    return [SessionShape.of(view) for view in found if view.record.recording_digest]


async def open_recording(ident: str, body: Open, me: Me, use: Use) -> RecordingShape:
    """Check a recording against its seal and say what is in it. This counts as viewing it."""
    playback = await use.replay.open(me, ident, body.reason)
    tracks = [
        TrackShape(
            number=t.head.number, kind=t.head.kind, command=t.head.command, cols=t.head.cols, rows=t.head.rows,
            began=t.began, seconds=t.seconds, outcome=t.outcome,
        )
        for t in playback.tracks
    ]  # fmt: skip
    return RecordingShape(session=SessionShape.of(playback.session), digest=playback.verification.digest, tracks=tracks)


async def cast(ident: str, body: Take, me: Me, use: Use) -> StreamingResponse:
    """Download one track. The viewing is an audit event before the first byte, and the seal is checked first."""
    playback = await use.replay.open(me, ident, body.reason, how="download")
    return StreamingResponse(
        use.replay.stream(playback, body.track), media_type="application/x-asciicast",
        headers={"content-disposition": f'attachment; filename="{ident}-{body.track}.cast"'},
    )  # fmt: skip
