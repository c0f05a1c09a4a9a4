"""`/recordings`: sealed sessions, their tracks as asciicast or pcapng files, and what was done to files."""

from datetime import datetime, timedelta
from typing import Literal, Self

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from bastion.domain.place import Place
from bastion.services.replay import MEDIA, Copy
from recordings.file_table import Entry
from recordings.model import TrackInfo, TrackKind
from web.api.bearer import Me, Use
from web.api.session_shapes import SessionShape
from web.api.shapes import After, Limit, Offset, Reason, Shape, Whole, place_in, say_next


class Open(Shape):
    """`reason` is kept with the record (R-55)."""

    reason: Reason


class Take(Open):
    """`track` counts the session's channels from 0."""

    track: Whole = Field(0, ge=0, le=100_000)


class TakeCast(Take):
    """`version` of asciicast: 2 is what asciinema before 3 plays."""

    version: Literal[2, 3] = 3


class TrackShape(Shape):
    """One channel of the session. `cols` is 0 without a terminal; `began` counts from the session's start.

    `sent` and `received` are bytes to and from the device; `unkept` of them passed and are not in the recording.
    `command` names the target of a tunnel, `files` counts the lines about files.
    """

    number: int
    kind: TrackKind
    command: str
    cols: int
    rows: int
    began: float
    seconds: float
    outcome: str
    sent: int
    received: int
    unkept: int
    files: int

    @classmethod
    def of(cls, track: TrackInfo) -> Self:
        head = track.head
        return cls(
            number=head.number, kind=head.kind, command=head.command, cols=head.cols, rows=head.rows,
            began=track.began, seconds=track.seconds, outcome=track.outcome, sent=track.typed,
            received=track.shown + track.errors, unkept=track.unkept, files=track.files,
        )  # fmt: skip


class Look(Open):
    limit: Limit = 50
    offset: Offset = 0


class FileShape(Shape):
    """What was done to one name on the device. `began` is null when the recording's own start is not known.

    `op` is put, get, remove, rename, mkdir, rmdir, link, setstat or list; `direction` is `in` to the device, `out` from
    it. `sha256` is over the `size` bytes that passed; with `pieces` = `scattered`, over the pieces as they passed.
    `outcome` is `done`, `refused: …`, `held: …`, `failed: …`, `broken off`, or `begun` when no end was recorded.
    """

    began: datetime | None
    track: int
    op: str
    direction: str
    path: str
    target: str
    size: int
    sha256: str
    pieces: str
    seconds: float
    outcome: str

    @classmethod
    def of(cls, entry: Entry, started: datetime | None) -> Self:
        began = started + timedelta(microseconds=entry.at) if started else None
        return cls.model_validate(entry.line.as_json() | {"began": began, "track": entry.track})


class FilesShape(Shape):
    """Some of the files, in the order in which they began, and how many there are in all."""

    total: int
    files: list[FileShape]


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
        responses={200: {"content": {MEDIA["cast"]: {}}, "description": "asciicast, of the version asked for."}},
    )  # fmt: skip
    router.add_api_route("/recordings/{ident}/files", files, methods=["POST"])
    router.add_api_route(
        "/recordings/{ident}/capture", capture, methods=["POST"], response_class=StreamingResponse,
        responses={200: {"content": {MEDIA["pcapng"]: {}}, "description": "pcapng, as Wireshark reads it."}},
    )  # fmt: skip


async def search(
    answer: Response, me: Me, use: Use, text: str = "", health_data: bool = False, differs: bool = False,
    after: After = "", limit: Limit = 50, offset: Offset = 0,
) -> list[SessionShape]:  # fmt: skip
    """List ended sessions that have a sealed recording, newest first; `health_data`: only those that show some,
    `differs`: only those in which something else was observed than was declared.
    """
    found = await use.supervision.search(
        me,
        live=False,
        text=text,
        health_data=health_data,
        differs=differs,
        after=place_in(after),
        limit=limit,
        offset=offset,
        to_replay=True,
    )
    say_next(answer, limit, [Place(view.record.started_at, view.record.id) for view in found])
    return [SessionShape.of(view) for view in found if view.record.recording_digest]


async def open_recording(ident: str, body: Open, me: Me, use: Use) -> RecordingShape:
    """Check a recording against its seal and say what is in it. This counts as viewing it."""
    playback = await use.replay.open(me, ident, body.reason)
    tracks = [TrackShape.of(track) for track in playback.tracks]
    return RecordingShape(session=SessionShape.of(playback.session), digest=playback.verification.digest, tracks=tracks)


async def files(ident: str, body: Look, me: Me, use: Use) -> FilesShape:
    """List what was done to files: one entry a transfer or operation. This counts as viewing the recording."""
    playback = await use.replay.open(me, ident, body.reason)
    page = await use.replay.files(me, playback, body.limit, body.offset)
    started = playback.meta.started() if playback.meta.started_at else None
    return FilesShape(total=page.total, files=[FileShape.of(entry, started) for entry in page.entries])


async def cast(ident: str, body: TakeCast, me: Me, use: Use) -> StreamingResponse:
    """Download a terminal's track. The viewing is an audit event before the first byte, and the seal is checked."""
    playback = await use.replay.open(me, ident, body.reason, how="download")
    return _sent(ident, body.track, Copy("cast", MEDIA["cast"], use.replay.stream(playback, body.track, body.version)))


async def capture(ident: str, body: Take, me: Me, use: Use) -> StreamingResponse:
    """Download a tunnel's track as pcapng, under the rules of `cast`. What was not kept is a packet without content."""
    playback = await use.replay.open(me, ident, body.reason, how="download")
    return _sent(ident, body.track, use.replay.capture(playback, body.track))


def _sent(ident: str, track: int, copy: Copy) -> StreamingResponse:
    return StreamingResponse(
        copy.chunks, media_type=copy.media,
        headers={"content-disposition": f'attachment; filename="{ident}-{track}.{copy.suffix}"'},
    )  # fmt: skip
