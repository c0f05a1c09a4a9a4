"""The words a session says on the technician's screen, and how the screen is left behind."""

import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bastion import clock
from bastion.domain.grant import GIVEN_BACK
from bastion.domain.local_time import time_of_day
from bastion.domain.own_words import told
from bastion.domain.session_effects import Notice
from bastion.domain.session_events import EndReason
from bastion.errors import DeviceLoginFailed, Phrase, sentence_end
from bastion.i18n import translator

LEAVE_SCREEN: Final = (
    b"\x18\x1b\\"  # end whatever escape sequence the device was in the middle of
    b"\x1b7\x1b[?1049l"  # leave the second screen; saving first keeps the cursor in place where there was none
    b"\x1b[!p\x1b[0m\x1b(B\x0f\x1b[?25h\x1b[?7h\x1b[?2004l\x1b[?1004l"
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1l\x1b>"
)
"""Undo what a full-screen program had set: colours, cursor, mouse, keypad, bracketed paste."""

HEARD: Final = 2
"""Minutes after a warning, or a question of the hospital, in which the key is heard (`lobby.aside`)."""
_NOTICES: Final[Mapping[Notice, str]] = {
    Notice.TIME_LEFT: (
        "{minutes} min left. The session ends at {end}. "
        "More time: press Ctrl-T twice within {heard} min; later, sign in once more without a device, and type +."
    ),
    Notice.IDLE_SOON: "Nothing was typed for a while. The session ends in {seconds} s unless you press a key.",
    Notice.FROZEN: "{by} has frozen your session: nothing you type reaches the device.",
    Notice.FROZEN_FIRST: (
        "{by} has agreed on condition that you begin together. Wait here until the hospital lets you: nothing you type "
        "reaches the device."
    ),
    Notice.THAWED: "The session goes on. What you typed meanwhile was not sent.",
    Notice.UNWATCHED: "Nobody of the hospital follows this session now: nothing passes until somebody does.",
    Notice.WATCHED: "{by} follows your session; it goes on. What you typed meanwhile was not sent.",
    Notice.WATCHERS: "Your session is followed by {by}.",
    Notice.EXTENDED: "Your time was extended: the session now ends at {end}.",
}
_ENDINGS: Final[Mapping[EndReason, str]] = {
    EndReason.TECHNICIAN_LEFT: "The session is closed.",
    EndReason.TIME_OVER: "The agreed time is over. The session is closed.",
    EndReason.IDLE: "Nothing was typed for too long. The session is closed.",
    EndReason.CUT: "{by} has ended the session: {why}",
    EndReason.LOCKED: "Remote access is cut at the moment: {why} Please call the hospital.",
    EndReason.REVOKED: "Your authorisation for this device was withdrawn: {why}",
    EndReason.DEVICE_LOST: "The connection to the device is lost. The session is closed.",
    EndReason.RECORDING_FAILED: "The session can no longer be recorded, so it is closed. The hospital has been told.",
    EndReason.RECORDS_LOST: "The bastion cannot reach its own records any more, so the session is closed.",
    EndReason.SHUTDOWN: "The bastion is being stopped. The session is closed.",
    EndReason.CRASHED: "The session is closed.",
}
_GIVEN_BACK: Final = "Your authorisation for this device was given back by {by}. The session is closed."

_CUT_AND_WITHDRAWN: Final = (
    "Your authorisation is withdrawn with it. To go on, call the hospital, then make a new request."
)
_CUT_ONLY: Final = "Your authorisation still runs until {end}: you can connect again; call the hospital first."
WAITS_FOR_WATCHER: Final = (
    "Somebody of the hospital must follow this session. It begins as soon as somebody does; they have been asked."
)
PAPERS_LACK: Final = (
    "Papers of your company are missing at the hospital or have run out ({papers}). You may finish; no new session "
    "opens without them."
)


_BOUND: Final = re.compile("(?<=«) | (?=[:;!?»])")
UNBROKEN: Final = "\u00a0"
"""A blank at which no line of ours is broken; on the screen it is a blank like any other."""
USUAL_WIDTH: Final = 77
NARROWEST: Final = 8


def plain(text: str) -> str:
    """Make text from anywhere harmless on a terminal: what is not printable becomes a space."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


@dataclass(frozen=True, slots=True)
class Words:
    """One technician's language, and the hospital's time zone for times of day."""

    language: str
    zone: str = "Europe/Paris"

    @property
    def say(self) -> Callable[[str], str]:
        return translator(self.language)

    def clock(self, moment: datetime) -> str:
        """Show the time of day in the hospital and where that is, with the date when it is not today."""
        return self.phrase(time_of_day(moment, self.zone, clock.now()))

    def phrase(self, ours: Phrase) -> str:
        """Words of ours that stand within a sentence."""
        return self.say(ours.msgid).format(**ours.facts)

    def notice(self, notice: Notice, params: Mapping[str, object], end: datetime) -> str:
        if notice is Notice.ENDED:
            return self.ending(EndReason(str(params["reason"])), str(params["by"]), str(params["why"]))
        facts = {**{k: plain(str(v)) for k, v in params.items()}, "end": self.clock(end), "heard": HEARD}
        return self.say(_NOTICES[notice]).format(**facts)

    def ending(self, reason: EndReason, by: str = "", why: str = "") -> str:
        """`why` is what a person wrote, or one of our own sentences, which is translated."""
        if reason is EndReason.DEVICE_LOST and why == DeviceLoginFailed.code:
            return self.say("The device refused the account. The session is closed.")
        if reason is EndReason.REVOKED and why == GIVEN_BACK:
            return self.say(_GIVEN_BACK).format(by=plain(by))
        return self.say(_ENDINGS[reason]).format(by=plain(by), why=sentence_end(plain(told(why, self.say))))

    def after_cut(self, end: datetime, *, withdrawn: bool) -> str:
        """What whoever was cut can do now."""
        return self.say(_CUT_AND_WITHDRAWN if withdrawn else _CUT_ONLY).format(end=self.clock(end))


def on_screen(text: str, cols: int) -> bytes:
    """Frame a notice as lines of their own, for a terminal of `cols` columns in raw mode."""
    framed = "".join(f"\x1b[0;7m {line} \x1b[0m\r\n" for line in _lines(text, cols - 3))
    return f"\r\n{framed}".encode()


def last_on_screen(text: str, cols: int) -> bytes:
    lines = "".join(f"{line}\r\n" for line in _lines(text, cols - 1))
    return LEAVE_SCREEN + f"\r\n{lines}".encode()


def _lines(text: str, width: int) -> list[str]:
    """Break between words where the screen ends; a screen that says no width is taken to have the usual one."""
    return folded(text, width if width >= NARROWEST else USUAL_WIDTH, break_on_hyphens=False)


def folded(text: str, width: int, **how: Any) -> list[str]:
    """Break between words, but never before the sign that French sets off with a blank, nor after its opening quote."""
    lines = textwrap.wrap(_BOUND.sub(UNBROKEN, text), width, **how)
    return [line.replace(UNBROKEN, " ") for line in lines]
