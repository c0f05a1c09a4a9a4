"""Recordings: find one, state why, watch it, take a copy (R-55). What may be seen is asked anew for every track."""

import json
import re
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.responses import Response, StreamingResponse

from bastion import clock
from bastion.domain.place import Place
from bastion.errors import BastionError, NotFound
from bastion.i18n import N_
from bastion.services import reasons
from bastion.services.replay import MEDIA, Playback
from bastion.services.views import SessionView
from recordings.model import TrackHead
from recordings.replay import SUFFIXES
from recordings.terminal import VERSIONS
from web import choices, fields, labels
from web.console import Console, Seen, Typed, go
from web.facts import Teller
from web.paging import PAGE, Turned, further, turned
from web.playbacks import Playbacks
from web.player_words import PLAYER
from web.security import token_of
from web.shield import CSP_PLAYER

router = APIRouter()
_SPOT = re.compile(r"([0-9]{1,5})\.([0-9]{1,7})")
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]


@router.get("/recordings")
async def listing(
    seen: Seen, text: Asked = "", technician: Asked = "", supplier: Asked = "", device: Asked = "", since: Asked = "",
    until: Asked = "", reason: Asked = "", health: Asked = "", differs: Asked = "", before: Asked = "",
) -> Response:  # fmt: skip
    filters = Typed(
        text=text.strip()[:200], technician=technician.strip()[:200], supplier=supplier, device=device, since=since,
        until=until, reason=reason if reason in labels.OUTCOMES else "", health="yes" if health else "",
        differs="yes" if differs else "", before=before,
    )  # fmt: skip
    page: Turned[SessionView] = Turned([], "", "")
    error, reach = None, None
    try:
        wanted = await _wanted(seen, filters)
        search = partial(seen.services.supervision.search, seen.actor, **wanted, to_replay=True)
        page = await turned(seen.request, search, lambda view: Place(view.record.started_at, view.record.id))
        reach = None if page.older else await seen.services.supervision.reach(seen.actor, **wanted)
    except BastionError as problem:
        error = problem
    return seen.page(
        "recordings.html", N_("Recordings"), error=error, rows=page.rows, filters=filters, newer=page.newer,
        older=page.older,
        reach=further(seen.request, "before", reach), **await _choices(seen, device),
    )  # fmt: skip


@router.get("/recordings/{ident}")
async def show(seen: Seen, ident: str, spot: Asked = "") -> Response:
    """`spot` is where the player begins, once the reason is given: a track and a second of the recording."""
    return await _show(seen, ident, spot=spot if _SPOT.fullmatch(spot) else "")


@router.post("/recordings/{ident}/open")
async def open_recording(seen: Seen, ident: str, why: Text = "", spot: Text = "") -> Response:
    """Keep why, check the seal, then show the player. The audit event stands before the first picture (T41)."""

    async def work() -> Response:
        playback = await seen.services.replay.open(seen.actor, ident, why.strip())
        _playbacks(seen).keep(token_of(seen.request), ident, playback, clock.now())
        return go(f"/recordings/{ident}/watch{f'?spot={spot}' if _SPOT.fullmatch(spot) else ''}")

    return await seen.attempt(work(), partial(_show, seen, ident, why=why, spot=spot))


@router.get("/recordings/{ident}/watch")
async def watch(seen: Seen, ident: str, at: Asked = "", track: Asked = "", spot: Asked = "") -> Response:
    """Show the player, the files and the tunnels; `track` is the one whose copy is to be taken."""
    return await _watch(seen, ident, at=at, track=track, spot=spot)


@router.get("/recordings/{ident}/tracks/{number}")
async def track(seen: Seen, ident: str, number: int) -> Response:
    """Stream one track to the player."""
    await seen.services.supervision.get(seen.actor, ident)  # still visible to this person?
    playback = _playbacks(seen).of(token_of(seen.request), ident, clock.now())
    if playback is None:
        raise NotFound(ident)
    return StreamingResponse(seen.services.replay.stream(playback, number), media_type=MEDIA["cast"])


@router.post("/recordings/{ident}/download")
async def download(
    seen: Seen, ident: str, track: Text = "0", version: Text = "3", why: Text = "", code: Text = ""
) -> Response:  # fmt: skip
    """Hand out one track as a file: a viewing of its own, with its own reason and a fresh code."""

    async def work() -> Response:
        number, wanted = fields.whole(track, "track"), fields.whole_of(version, VERSIONS, "version")
        reasons.for_the_record(why, "why")
        actor = await seen.fresh(code)
        seen.services.authentication.require_fresh(actor)
        playback = await seen.services.replay.open(actor, ident, why.strip(), how="download")
        copy = seen.services.replay.copy(playback, number, wanted)
        name = f"{playback.meta.device_code or 'recording'}-{ident[-8:]}-{number}.{copy.suffix}"
        headers = {"content-disposition": f'attachment; filename="{_file_name(name)}"'}
        return StreamingResponse(copy.chunks, media_type=copy.media, headers=headers)

    return await seen.attempt(work(), partial(_watch, seen, ident, why=why, track=track, version=version))


# -- parts -------------------------------------------------------------------------------------------------------------
def _playbacks(seen: Console) -> Playbacks:
    playbacks: Playbacks = seen.request.app.state.playbacks
    return playbacks


def _file_name(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in text)


async def _wanted(seen: Console, filters: Typed) -> dict[str, Any]:
    """What is looked for; whoever looks further back looks before that instant."""
    return {
        "text": filters.text, "technician": filters.technician, "supplier_id": filters.supplier, "live": False,
        "device_id": await choices.device_id(seen, filters.device), "outcome": filters.reason,
        "health_data": bool(filters.health), "differs": bool(filters.differs),
        "since": fields.day_start(filters.since, "since"),
        "until": fields.instant(filters.before) or fields.day_end(filters.until, "until"),
    }  # fmt: skip


async def _choices(seen: Console, typed: str) -> dict[str, Any]:
    services, actor = seen.services, seen.actor
    return {
        "suppliers": [(s.id, s.name) for s in await services.directory.suppliers(actor)],
        "devices": await choices.devices(seen, typed, by_id=True),
        "reasons": [(reason, seen.t(words)) for reason, words in labels.OUTCOMES.items()],
    }


async def _show(seen: Console, ident: str, error: BastionError | None = None, **typed: str) -> Response:
    view = await seen.services.supervision.get(seen.actor, ident)
    if view.record.live:
        return go(f"/sessions/{ident}")
    return seen.page("recording.html", view=view, error=error, typed=Typed(typed))


async def _watch(seen: Console, ident: str, error: BastionError | None = None, **typed: str) -> Response:
    playback = _playbacks(seen).of(token_of(seen.request), ident, clock.now())
    if playback is None:
        return go(f"/recordings/{ident}")
    view = await seen.services.supervision.get(seen.actor, ident)
    number = fields.page_number(typed.get("at", ""))
    response = seen.page(
        "watch.html", error=error, view=view, playback=playback, typed=Typed(typed),
        track_names=_names(seen, playback), outcome=Teller(seen.t, seen.face).outcome, files_page=number,
        files=await seen.services.replay.files(seen.actor, playback, PAGE, number * PAGE), files_at_once=PAGE,
        spot=_spot(typed.get("spot", "")),
        spoken=json.dumps({said: seen.t(ours) for said, ours in PLAYER.items()}),
    )  # fmt: skip
    response.headers["content-security-policy"] = CSP_PLAYER
    return response


def _spot(text: str) -> tuple[int, int]:
    """A track and a second of the recording: the very beginning, unless `text` names one."""
    named = _SPOT.fullmatch(text)
    return (int(named[1]), int(named[2])) if named else (-1, 0)


def _names(seen: Console, playback: Playback) -> list[tuple[int, str]]:
    """Each track by the name the page shows, and what its copy is."""

    def name(head: TrackHead) -> str:
        ours = labels.OWN_CHANNELS.get(head.command)
        command = seen.t(ours) if ours else head.command[:40]
        said = f"{seen.t(labels.TRACKS[head.kind])} {head.number + 1} {command}".strip()
        return f"{said} (.{SUFFIXES[head.kind]})"

    return [(info.head.number, name(info.head)) for info in playback.tracks]
