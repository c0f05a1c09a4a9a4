"""A live session carried by hand: real recorder, journal and relays; the clock and the two people are the test's."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bastion.domain.device import ChannelKind
from bastion.domain.grant import Grant
from bastion.domain.session_effects import Audit
from bastion.domain.session_record import SessionRecord
from bastion.proxy.journal import Journal
from bastion.proxy.live_session import LiveSession
from bastion.proxy.notices import Words
from bastion.proxy.relay import Relay
from bastion.proxy.steady import SteadyClock
from bastion.proxy.taps import Activity, RecorderTap
from recordings.model import RecordingMeta
from recordings.recorder import Recorder
from tests.proxy.ends import HandEnd
from tests.proxy.fakes import NOW, a_grant, a_record


class HandTime:
    """`passes` moves the wall clock and what has really passed; `is_set` moves the wall clock alone."""

    def __init__(self) -> None:
        self.wall = NOW
        self.passed = 0.0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.passed)

    def passes(self, **span: float) -> None:
        step = timedelta(**span)
        self.wall += step
        self.passed += step.total_seconds()

    def is_set(self, **span: float) -> None:
        self.wall += timedelta(**span)


@dataclass
class Channel:
    number: int
    technician: HandEnd
    device: HandEnd
    relay: Relay


class Carried:
    def __init__(
        self, spool: Path, grant: Grant | None = None, record: SessionRecord | None = None, *, language: str = "en"
    ) -> None:
        self.time = HandTime()
        self.facts: list[Audit] = []
        self.seals: list[str] = []
        self.record = record or a_record()
        meta = RecordingMeta(recording_id=self.record.id, started_at=NOW.isoformat())
        self.recorder = Recorder.start(spool, meta, min_free=0)
        self.live = LiveSession(
            self.record, grant or a_grant(), self.recorder, Words(language, "UTC"),
            Journal(self._note, lambda work, _name: asyncio.ensure_future(work)),
            lambda live: self.seals.append(live.id), self.time.clock,
        )  # fmt: skip
        self.live.activity = Activity(lambda: self.time.passed)

    async def _note(self, facts) -> None:
        self.facts += facts

    async def tags(self) -> list[str]:
        await self.live.facts_written()
        return [fact.tag for fact in self.facts]

    def channel(self, kind: ChannelKind = ChannelKind.SHELL, *, terminal: bool = True) -> Channel:
        number = self.live.allow(kind)
        track = self.live.open_track(number, kind, cols=80, rows=24, term="xterm", command="", pty=terminal)
        technician, device = HandEnd(), HandEnd()
        taps = [RecorderTap(track), self.live.activity]
        relay = Relay(technician, device, taps, self.live, terminal=terminal)
        self.live.carry(number, relay)
        return Channel(number, technician, device, relay)

    def recorded(self) -> bytes:
        """Everything that stands in the spool now."""
        return b"".join(file.read_bytes() for file in sorted(self.recorder.directory.iterdir()))
