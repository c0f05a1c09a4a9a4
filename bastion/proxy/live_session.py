"""Carries out what `domain/session.py` decides for one session: timers, channels, the screen, the recorder, the end.

Everything that can stop the session is an event fed to the machine; the effects are done here, synchronously and in
order. Only what comes after the last byte waits for anything: sealing the recording and writing the last facts.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bastion.domain.derogation import Derogation
from bastion.domain.device import ChannelKind
from bastion.domain.grant import Grant
from bastion.domain.paper import PaperKind
from bastion.domain.session import Session, SessionState
from bastion.domain.session_effects import (
    Audit,
    CloseChannels,
    Effect,
    HideOutput,
    HoldInput,
    Notice,
    RefusalReason,
    RefuseChannel,
    Say,
    SealRecording,
    WakeAt,
)
from bastion.domain.session_events import (
    ChannelAsked,
    ChannelEnded,
    EndReason,
    Event,
    GrantBound,
    RecordingFailed,
    RecordingSealed,
    TimePassed,
)
from bastion.domain.session_record import SessionRecord
from bastion.errors import BastionError, ChannelRefused, GrantOver, NoGrant, RecordingUnavailable
from bastion.proxy.frames import Data, Exit, Stream
from bastion.proxy.journal import Journal
from bastion.proxy.notices import PAPERS_LACK, Words, last_on_screen, on_screen
from bastion.proxy.relay import Relay
from bastion.proxy.steady import SteadyClock
from bastion.proxy.taps import Activity
from bastion.services.paperwork import named
from recordings.model import RecordingError, TrackKind
from recordings.recorder import Recorder, Track

REFUSED: Final = 254
"""Exit status of a channel the bastion refused or ended."""
UNWATCHED: Final = "Somebody of the hospital must follow this session, and nobody does now. Wait until it goes on."

_KINDS: Final = {
    ChannelKind.SHELL: TrackKind.SHELL,
    ChannelKind.EXEC: TrackKind.EXEC,
    ChannelKind.SFTP: TrackKind.FILES,
    ChannelKind.FORWARD: TrackKind.TUNNEL,
}
_log = structlog.get_logger(__name__)


class LiveSession:
    """One technician on one device. `finish` seals and keeps the end; it is started once, by the machine's own word."""

    def __init__(
        self, record: SessionRecord, grant: Grant, recorder: Recorder, words: Words, journal: Journal,
        finish: Callable[["LiveSession"], None], clock: SteadyClock | None = None,
    ) -> None:  # fmt: skip
        self.record = record
        self.grant = grant
        self.recorder = recorder
        self.words = words
        self.derogations: tuple[Derogation, ...] = ()
        """What the session stands on besides its grant (R-10)."""
        self.activity = Activity()
        self.warned: Callable[[Sequence[Relay]], None] = lambda _relays: None
        """Called with the open channels when the technician has been told that little time is left."""
        self.more_asked: Callable[[Sequence[str]], None] = lambda _requests: None
        """Called with the ids of the requests for more time that have been made, again and again."""
        self.reached = False
        """Something was opened on the device."""
        self.ended = asyncio.Event()
        """Set when every channel is closed; the recording may still be being sealed."""
        self.ended_by: tuple[EndReason, str, str] | None = None
        self.withdrawn = False
        """Whether the authorisation was taken back, as far as is known."""
        self._clock = clock or SteadyClock()
        self._machine = Session()
        self._journal = journal
        self._finish = finish
        self._relays: dict[int, Relay] = {}
        self._tracks: dict[int, Track] = {}
        self._tunnels: set[int] = set()
        self._wake: asyncio.TimerHandle | None = None
        self._numbers = 0
        self._lacks: tuple[PaperKind, ...] = ()
        self._shown = asyncio.Event()
        self._shown.set()
        idle = timedelta(seconds=grant.idle_seconds)
        self.feed(GrantBound(grant.box, grant.channels, idle, grant.watcher, record.frozen_by))

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def state(self) -> SessionState:
        return self._machine.state

    @property
    def live(self) -> bool:
        return self.state in {SessionState.ACTIVE, SessionState.FROZEN}

    @property
    def frozen_by_hand(self) -> bool:
        return self._machine.frozen_by_hand

    @property
    def unwatched(self) -> bool:
        """Somebody of the hospital must follow it, and nobody does."""
        return self._machine.unwatched

    @property
    def watchers(self) -> tuple[str, ...]:
        return self._machine.watchers

    async def followed(self) -> None:
        """Wait until somebody follows the session, if somebody must. Raises when it ends before that."""
        await self._shown.wait()
        if not self.live:
            raise _refusal(RefusalReason.ENDING, ChannelKind.SHELL)

    @property
    def end(self) -> datetime:
        return self._machine.box.end if self._machine.box else self.grant.end

    @property
    def open_channels(self) -> tuple[Relay, ...]:
        return tuple(self._relays.values())

    def now(self) -> datetime:
        return self._clock.now()

    # -- events in -----------------------------------------------------------------------------------------------------
    def feed(self, event: Event) -> list[Effect]:
        """Give the machine an event and do what it says."""
        effects = self._machine.handle(event, self.now())
        for effect in effects:
            self._perform(effect)
        return effects

    def tick(self) -> None:
        """Look at the clock.

        Called by the session's own timer, and each second by the supervisor: a clock set forward fires no timer.
        """
        quiet_since = self.now() - timedelta(seconds=self.activity.quiet_for)
        self.feed(TimePassed(quiet_since))

    def note(self, fact: Audit) -> None:
        self._journal.add(fact)

    # -- channels ------------------------------------------------------------------------------------------------------
    def allow(self, kind: ChannelKind, detail: str = "") -> int:
        """Ask for a channel: its number, or the error to show. Synchronous, so that a refusal is a proper refusal."""
        self._numbers += 1
        for effect in self.feed(ChannelAsked(self._numbers, kind, detail)):
            if isinstance(effect, RefuseChannel):
                raise _refusal(effect.reason, kind)
        return self._numbers

    def open_track(
        self, number: int, kind: ChannelKind, *, cols: int, rows: int, term: str, command: str, pty: bool,
        modes: Mapping[str, int] | None = None,
    ) -> Track:  # fmt: skip
        """Start recording a channel. Without a track there is no channel, and no session either."""
        try:
            track = self.recorder.open_track(
                number, _KINDS[kind], cols=cols, rows=rows, term=term, command=command, pty=pty, modes=modes
            )
        except RecordingError as error:
            self.feed(RecordingFailed(str(error)))
            raise RecordingUnavailable(str(error)) from error
        self._tracks[number] = track
        if self.watchers:
            self.mark(self.words.notice(Notice.WATCHERS, {"by": ", ".join(self.watchers)}, self.end))
        if kind is ChannelKind.FORWARD:
            self._tunnels.add(number)
        return track

    def carry(self, number: int, relay: Relay) -> None:
        """Take a channel over: from here on it ends with the session. Raises if the session has ended meanwhile."""
        if not self.live:
            relay.device.close()
            raise _refusal(RefusalReason.ENDING, ChannelKind.SHELL)
        self._relays[number], self.reached = relay, True
        if self.state is SessionState.FROZEN:
            relay.freeze(on=True)
        if self.unwatched:
            relay.hide(on=True)
        relay.start()
        if self.frozen_by_hand and self.record.frozen_by:
            self.tell(self.words.notice(Notice.FROZEN_FIRST, {"by": self.record.frozen_by}, self.end))

    def channel_ended(self, number: int, outcome: str) -> None:
        self._relays.pop(number, None)
        track = self._tracks.pop(number, None)
        if track is not None:
            self._note_end(number, track, outcome)
            track.close()
        self.feed(ChannelEnded(number, outcome))

    def _note_end(self, number: int, track: Track, outcome: str) -> None:
        """A tunnel has no exit status that would tell of its end. A recording that fails now has ended the session."""
        if number in self._tunnels:
            self._tunnels.discard(number)
            with suppress(RecordingError):
                track.exit(outcome)

    def relay_failed(self, _relay: Relay, error: Exception) -> None:
        """A relay stopped because something could not be recorded, or because of a fault of ours: end everything."""
        if not isinstance(error, RecordingError):
            _log.error("relay failed", session=self.id, exc_info=error)
        self.feed(RecordingFailed(str(error) if isinstance(error, RecordingError) else type(error).__name__))

    def relay_ended(self, relay: Relay, outcome: str, problems: Sequence[Exception]) -> None:
        for problem in problems:
            _log.error("a channel did not close cleanly", session=self.id, exc_info=problem)
        for number, mine in list(self._relays.items()):
            if mine is relay:
                self.channel_ended(number, outcome)

    # -- the end -------------------------------------------------------------------------------------------------------
    def sealed(self, digest: str) -> None:
        self.feed(RecordingSealed(digest))

    async def facts_written(self) -> None:
        await self._journal.flush()

    def warn_of_papers(self, lacks: tuple[PaperKind, ...]) -> None:
        """Say, once for each change, that papers of the supplier are wanting (R-67). The work goes on."""
        if lacks and lacks != self._lacks:
            said = self.words.say(PAPERS_LACK)
            self.tell(said.format(papers=named(lacks, self.words.language)))
        self._lacks = lacks

    def last_words(self, language: str = "") -> str:
        """Why the session ended and, after a cut, what he can do now, in the technician's words; empty before."""
        if not self.ended_by:
            return ""
        words = replace(self.words, language=language or self.words.language)
        said = words.ending(*self.ended_by)
        if self.ended_by[0] is not EndReason.CUT:
            return said
        return f"{said} {words.after_cut(self.end, withdrawn=self.withdrawn)}"

    # -- effects out ---------------------------------------------------------------------------------------------------
    def _perform(self, effect: Effect) -> None:
        match effect:
            case Audit(tag) if (
                tag != "session:closed"
            ):  # the service writes that one, with the seal, in its transaction
                self._journal.add(effect)
            case Say(Notice.ENDED, params):
                self.ended_by = (EndReason(str(params["reason"])), str(params["by"]), str(params["why"]))
                self.mark(_with_name(self.words.ending(*self.ended_by), str(params["by"])))
            case Say(notice, params):
                self.tell(self.words.notice(notice, params, self.end))
                if notice is Notice.TIME_LEFT:
                    self.warned(self.open_channels)
            case WakeAt(when):
                self._wake_at(when)
            case HoldInput() | HideOutput():
                self._hold(effect)
            case CloseChannels():
                self._close_channels()
            case SealRecording():
                self._finish(self)

    def _hold(self, effect: HoldInput | HideOutput) -> None:
        relays = list(self._relays.values())
        if isinstance(effect, HoldInput):
            for relay in relays:
                relay.freeze(on=effect.on)
            return
        self._shown.clear() if effect.on else self._shown.set()
        for relay in relays:
            relay.hide(on=effect.on)

    def tell(self, text: str) -> None:
        """Say it on every screen, and in the recording of every channel: whoever replays it sees why it stood still."""
        self.mark(text)
        for relay in list(self._relays.values()):
            relay.tell(on_screen(text, relay.cols))

    def mark(self, text: str, only: int | None = None) -> None:
        """Write it into the recording of every channel, or of `only` that one, as long as it is open."""
        try:
            for number, track in list(self._tracks.items()):
                if only in {None, number}:
                    track.mark(text)
        except RecordingError as error:
            if self.live:
                self.feed(RecordingFailed(str(error)))
            else:  # it ends already, maybe for this very reason
                _log.error("the end of a session is not marked in its recording", session=self.id, why=str(error))

    def _wake_at(self, when: datetime) -> None:
        if self._wake is not None:
            self._wake.cancel()
        if not self.live:
            return
        delay = max((when - self.now()).total_seconds(), 0.0)
        self._wake = asyncio.get_running_loop().call_later(delay, self.tick)

    def _close_channels(self) -> None:
        """Close every channel now, whatever any of them does about it."""
        if self._wake is not None:
            self._wake.cancel()
        for relay in list(self._relays.values()):
            text = self.last_words()
            last = Data(last_on_screen(text, relay.cols)) if relay.terminal else Data(f"{text}\n".encode(), Stream.ERR)
            relay.close([last, Exit(REFUSED)], outcome="session ended")
        self._shown.set()
        self.ended.set()


def _with_name(text: str, who: str) -> str:
    """Some words leave out who decided; whoever replays the session should read it all the same."""
    return f"{text} ({who})" if who and who not in text else text


def _refusal(reason: RefusalReason, kind: ChannelKind) -> BastionError:
    match reason:
        case RefusalReason.NO_GRANT:
            return NoGrant(reason)
        case RefusalReason.OUTSIDE_BOX:
            return GrantOver(reason)
        case RefusalReason.KIND_NOT_GRANTED:
            return ChannelRefused(reason, kind=kind.value)
        case RefusalReason.FROZEN:
            return ChannelRefused(reason, sentence="The hospital has frozen this session. Wait until it goes on.")
        case RefusalReason.UNWATCHED:
            return ChannelRefused(reason, sentence=UNWATCHED)
        case RefusalReason.ENDING:
            return ChannelRefused(reason, sentence="This session has ended.")
