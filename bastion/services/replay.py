"""Watching what was recorded: a reason first, an audit event before the first byte, the seal checked (R-52, R-55)."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bastion import clock
from bastion.domain.parties import Actor
from bastion.domain.session_record import SessionRecord
from bastion.errors import NotFound, RecordingDamaged
from bastion.services import reasons
from bastion.services.authentication import Authentication
from bastion.services.decisions import Decisions
from bastion.services.joins import Joins, found
from bastion.services.supervision import REPLAYERS
from bastion.services.views import SessionView
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action
from recordings.blobs import BlobStore
from recordings.file_table import Page
from recordings.model import RecordingDamaged as Damaged
from recordings.model import RecordingErased, RecordingError, RecordingMeta, TrackInfo, Verification
from recordings.replay import SUFFIXES, open_recording
from recordings.replay import Replay as Opened
from recordings.terminal import NEWEST
from recordings.traffic import Traffic
from recordings.traffic import of as traffic_of

DOWNLOAD = "download"
MEDIA: Final = MappingProxyType(
    {"cast": "application/x-asciicast", "csv": "text/csv; charset=utf-8", "pcapng": "application/x-pcapng"}
)
"""The media type of a copy, by the end of its name."""
OTHER_SEAL: Final = "its seal is not the one in the audit trail"
"""A recording that was made anew, by whoever holds the key that signs: whole, and not what was recorded."""


@dataclass(frozen=True, slots=True)
class RecordingStore:
    """Where sealed recordings lie, and the key that proves them."""

    blobs: BlobStore
    public: Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Playback:
    """A recording somebody may watch now: found whole, and its viewing is in the audit chain already."""

    session: SessionView
    recording: Opened

    @property
    def meta(self) -> RecordingMeta:
        return self.recording.meta

    @property
    def tracks(self) -> tuple[TrackInfo, ...]:
        return self.recording.tracks

    @property
    def tunnels(self) -> tuple[Traffic, ...]:
        """What each tunnel led to, and how much passed."""
        return traffic_of(self.tracks)

    @property
    def verification(self) -> Verification:
        return self.recording.verification


@dataclass(frozen=True, slots=True)
class Copy:
    """A track as a file to take away; `suffix` is the end of its name."""

    suffix: str
    media: str
    chunks: Iterator[bytes]


class Replay:
    def __init__(
        self, database: Database, decisions: Decisions, authentication: Authentication, recordings: RecordingStore
    ) -> None:
        self._database = database
        self._authentication = authentication
        self._decisions = decisions
        self._recordings = recordings

    async def open(self, actor: Actor, session_id: str, why: str, how: str = "watch") -> Playback:
        """Open a sealed recording to watch or download it (`how`).

        Taking a copy away needs a fresh code. Raises `ReasonNeeded` without a reason, `RecordingDamaged` (and an
        alarm in the trail) when it is not whole, or not what was sealed when the session ended (R-52).
        """
        said = reasons.for_the_record(why, "why")
        if how == DOWNLOAD:
            self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            record = await self._seen_by(uow, actor, session_id)
            await uow.audit.append(
                "recording:viewed", actor=actor, subject=("session", record.id), facility_id=record.facility_id,
                at=clock.now(), session=record.id, how=how, why=said, reach=_reach(actor, record),
            )  # fmt: skip
            view = await Joins(uow).session(record)
        try:
            recording = await asyncio.to_thread(self._whole, record)
        except Damaged as damage:
            await self._alarm(actor, record, damage.where)
            raise RecordingDamaged(damage.where, where=damage.where) from damage
        except RecordingErased as error:
            raise _erased(error.at) from error
        except RecordingError as error:
            raise NotFound(str(error), sentence="This recording is not in the store (any more).") from error
        return Playback(view, recording)

    def stream(self, playback: Playback, track: int, version: int = NEWEST) -> Iterator[bytes]:
        """Yield a terminal's track as asciicast; each chunk is checked against its seal once more as it streams."""
        try:
            return playback.recording.cast(track, version)
        except RecordingError as error:
            raise NotFound(str(error)) from error

    def capture(self, playback: Playback, track: int) -> Copy:
        """Return a tunnel's track as pcapng."""
        try:
            return Copy("pcapng", MEDIA["pcapng"], playback.recording.capture(track))
        except RecordingError as error:
            raise NotFound(str(error)) from error

    def copy(self, playback: Playback, track: int, version: int = NEWEST) -> Copy:
        """Return a track as the file its kind makes: asciicast, a table of files, or pcapng."""
        try:
            suffix = SUFFIXES[playback.recording.track(track).head.kind]
            return Copy(suffix, MEDIA[suffix], playback.recording.copy(track, version))
        except RecordingError as error:
            raise NotFound(str(error)) from error

    async def files(self, actor: Actor, playback: Playback, limit: int, offset: int = 0) -> Page:
        """Return rows of the table of files of an opened recording, in the order in which they began."""
        try:
            return await asyncio.to_thread(playback.recording.files, offset, limit)
        except Damaged as damage:
            await self._alarm(actor, playback.session.record, damage.where)
            raise RecordingDamaged(damage.where, where=damage.where) from damage
        except RecordingError as error:
            raise NotFound(str(error), sentence="This recording is not in the store (any more).") from error

    async def _seen_by(self, uow: UnitOfWork, actor: Actor, session_id: str) -> SessionRecord:
        """The session whose recording the actor may see; what he may not see is not there (T31)."""
        record = found(await uow.sessions.get(session_id), session_id)
        if not actor.covers(record.facility_id):
            raise NotFound(session_id)
        device = found(await uow.devices.get(record.device_id))
        self._decisions.require_about(Action.REPLAY, actor, device, clock.now())
        if record.live or not record.recording_digest:
            raise NotFound(session_id, sentence="This session has no sealed recording (yet).")
        return record

    def _whole(self, record: SessionRecord) -> Opened:
        recording = open_recording(self._recordings.blobs, record.id, self._recordings.public)
        if recording.verification.digest != record.recording_digest:
            raise Damaged(OTHER_SEAL)
        return recording

    async def _alarm(self, actor: Actor, record: SessionRecord, where: str) -> None:
        async with self._database.write() as uow:
            await uow.audit.append(
                "recording:damaged", actor=actor, subject=("session", record.id), facility_id=record.facility_id,
                at=clock.now(), session=record.id, where=where,
            )  # fmt: skip


def _reach(actor: Actor, record: SessionRecord) -> str:
    """Whether somebody of this hospital looks, or the group's oversight (R-70): its people read which in the trail."""
    local = any(one.facility_id == record.facility_id and one.role in REPLAYERS for one in actor.assignments)
    return "facility" if local else "group"


def _erased(at: str) -> NotFound:
    return NotFound(at, sentence="This recording was erased on {day}: its time was over.", day=at[:10])
