"""Ends, taps and sessions that only remember what was done to them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bastion.domain.access_request import InterventionKind
from bastion.domain.device import ChannelKind
from bastion.domain.grant import Grant
from bastion.domain.lock import Lock, LockScope
from bastion.domain.session_record import SessionRecord
from bastion.services.views import Wish
from recordings.model import RecordingError

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class FakeEnd:
    """`got` is what was written to it; `say` plays its peer."""

    def __init__(self) -> None:
        self.got = []
        self.sink = None
        self.paused = False
        self.closed = 0
        self.trouble: Exception | None = None

    def attach(self, sink) -> None:
        self.sink = sink

    def write(self, frame) -> None:
        if self.trouble:
            raise self.trouble
        self.got.append(frame)

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def close(self) -> None:
        self.closed += 1
        if self.trouble:
            raise self.trouble

    def say(self, frame) -> None:
        self.sink.deliver(frame)

    def leave(self, why="gone") -> None:
        self.sink.ended(why)


@dataclass
class FakeTap:
    """Notes what passes, and what each End had got by then."""

    ends: tuple[FakeEnd, ...] = ()
    seen: list = field(default_factory=list)
    before: list = field(default_factory=list)
    trouble: Exception | None = None

    def typed(self, frame) -> None:
        self._note("typed", frame)

    def withheld(self, frame) -> None:
        self._note("withheld", frame)

    def shown(self, frame) -> None:
        self._note("shown", frame)

    def _note(self, way, frame) -> None:
        if self.trouble:
            raise self.trouble
        self.seen.append((way, frame))
        self.before.append([len(end.got) for end in self.ends])


class FakeTrack:
    def __init__(self) -> None:
        self.written = []
        self.closed = 0

    def write(self, direction, data) -> None:
        self.written.append((direction, bytes(data)))

    def resize(self, cols, rows) -> None:
        self.written.append(("r", (cols, rows)))

    def mark(self, text) -> None:
        self.written.append(("m", text))

    def exit(self, outcome) -> None:
        self.written.append(("x", outcome))

    def close(self) -> None:
        self.closed += 1


class FakeRecorder:
    def __init__(self) -> None:
        self.tracks = []
        self.synced = 0
        self.trouble: RecordingError | None = None
        self.finished = None
        self.bytes_written = 0

    def open_track(self, channel, kind, **about):
        if self.trouble:
            raise self.trouble
        self.tracks.append(FakeTrack())
        return self.tracks[-1]

    def sync(self) -> None:
        if self.trouble:
            raise self.trouble
        self.synced += 1

    def finish(self, ended_at, reason) -> None:
        self.finished = reason


class FakeClock:
    """Stands still until moved."""

    def __init__(self, now=NOW) -> None:
        self.time = now

    def now(self):
        return self.time

    def move(self, **span) -> None:
        self.time += timedelta(**span)


def a_grant(*, minutes=60, channels=frozenset({ChannelKind.SHELL, ChannelKind.EXEC}), idle=0, **changes) -> Grant:
    facts = {
        "id": "g1", "request_id": "r1", "technician_id": "t1", "supplier_id": "s1", "device_id": "d1",
        "facility_id": "f1", "account_id": "a1", "kind": InterventionKind.TELEMAINTENANCE, "channels": channels,
        "start": NOW, "end": NOW + timedelta(minutes=minutes), "idle_seconds": idle, "watcher": False,
        "policy_hash": "p", "approved_by": ("Eve",),
    }  # fmt: skip
    return Grant(**(facts | changes))


def a_record(ident="x1", **changes) -> SessionRecord:
    facts = {
        "id": ident, "grant_id": "g1", "request_id": "r1", "technician_id": "t1", "technician_name": "Alice",
        "supplier_id": "s1", "device_id": "d1", "facility_id": "f1", "account_login": "svc", "source": "192.0.2.1",
        "client": "OpenSSH", "node": "n1", "started_at": NOW,
    }  # fmt: skip
    return SessionRecord(**(facts | changes))


def a_lock(scope=LockScope.ALL, subject="", **changes):
    return Lock("l1", scope, subject, "ransomware suspected", "Ruth", NOW, **changes)


def a_wish(grant=None, **changes):
    facts = {"session_id": "x1", "frozen_by": "", "cut_by": "", "cut_why": "", "grant": grant or a_grant()}
    return Wish(**(facts | changes))
