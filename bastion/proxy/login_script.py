"""Logging in where a device asks for it in words: telnet, serial lines.

The prompts are data, one set for each model of device. A prompt counts when it is the last thing the device said and
the device then waits: the same words within a banner do not. The password is given once, to a password prompt only;
what the device said up to there nobody sees, and what it says afterwards is free of the password, should it echo it.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Self

from bastion.errors import BastionError, DeviceLoginFailed, DeviceNotReady, DeviceUnreachable, Invalid
from bastion.proxy.frames import Data, End, Frame, Sink
from bastion.secret import Secret

BEAT: Final = 0.12
"""Seconds of silence that make the last line a prompt."""
SETTLE: Final = 1.0
"""Seconds of silence after which a device that has said something else than a refusal has let us in."""
HIDDEN: Final = b"********"
_TAIL: Final = 4096  # characters in which a prompt or a refusal is looked for
_MOST_SAID: Final = 64 * 1024
_ESCAPES: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78A-Z])|[\0\x07]"
)


@dataclass(frozen=True, slots=True)
class Prompts:
    """Regular expressions, found without regard to case at the very end of what the device said."""

    login: str = (
        r"(?<!last )(?<!failed )(?<!successful )\b(?:login|logon|user ?name|user|user ?id|identifiant|utilisateur"
        r"|nom d.utilisateur|compte)(?: name)?\s?[:>?]\s*"
    )
    password: str = r"\b(?:password|passwd|passcode|mot de passe|code d.acc.s)(?: for [\w.@-]+)?\s?[:>?]\s*"  # noqa: S105 - what a device asks
    refused: str = (
        r"(?:login|password|username|credentials?|identifiant|mot de passe)\b.{0,20}"
        r"\b(?:incorrecte?|invalide?|failed|wrong)"
        r"|(?:incorrect|invalid|wrong|bad) (?:login|password|username|credentials?)|(?:access|permission|login) denied"
        r"|authentication (?:failed|failure|error)|acc.s refus.|.chec de l.authentification|non autoris."
    )
    """Within the last line, when the device says no more."""
    ready: str = r"(?:\A|[\w\s~/)\]}:@-])[$#>%]\s?"
    """What a device shows when it waits for a command."""
    wake: str = ""
    """What is typed to a device that has not asked for anything: `\\r` for most serial lines."""
    enter: str = "\r"

    def __post_init__(self) -> None:
        for name in _PATTERNS:
            try:
                _at_the_end(getattr(self, name))
            except re.error as error:
                raise Invalid(
                    f"{name}: {error}", field=f"prompt_{name}", name=name,
                    sentence="The prompt “{name}” of this device is not a regular expression. Please correct it.",
                ) from error  # fmt: skip

    def with_options(self, options: Mapping[str, str]) -> Self:
        """Take what an endpoint's options say differently: `prompt_login`, `prompt_password`, … `prompt_enter`."""
        told = {name: options[f"prompt_{name}"] for name in (*_PATTERNS, *_TYPED) if f"prompt_{name}" in options}
        plain = {name: told[name].replace("\\r", "\r").replace("\\n", "\n") for name in _TYPED if name in told}
        return replace(self, **(told | plain))


@lru_cache(maxsize=1024)
def _at_the_end(pattern: str) -> re.Pattern[str]:
    return re.compile(f"(?:{pattern})\\Z" if pattern else r"(?!)", re.IGNORECASE)


_PATTERNS: Final = ("login", "password", "refused", "ready")
_TYPED: Final = ("wake", "enter")
COMMON: Final = Prompts()
SERIAL: Final = Prompts(wake="\r")


def redacted(said: bytes, password: bytes) -> bytes:
    """Return `said` without the password, should a device have echoed it: as it is, wrapped at the margin, as stars."""
    if not password:
        return said
    said = re.sub(rb"\A\*+", HIDDEN, said)
    letters = (re.escape(password[at : at + 1]) for at in range(len(password)))
    return re.sub(rb"[\r\n\0\b]*".join(letters), HIDDEN, said, flags=re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LoginScript:
    """Answers a device's prompts with the hospital's account."""

    prompts: Prompts
    login: str
    password: Secret
    device: str

    async def run(self, end: End, patience: float) -> End:
        """Log in on `end` within `patience` seconds and return the End the technician is joined to.

        Raises `DeviceLoginFailed`, or `DeviceUnreachable` when nothing was said; `end` is closed then, as it is when
        the caller is cancelled.
        """
        try:
            self._check()
            dialogue = _Dialogue(end, self)
            end.attach(dialogue)
            await dialogue.over(patience)
        except BaseException:
            end.close()
            raise
        return _LoggedIn(end, dialogue.heard())

    def _check(self) -> None:
        """A line end within the password would be typed where a command is expected."""
        if any(byte < 0x20 or byte == 0x7F for byte in self.login.encode() + self.password.reveal()):
            raise DeviceNotReady(
                "control characters in login or password", device=self.device,
                sentence="The account of the device {device} cannot be typed. Ask the hospital to change it.",
            )  # fmt: skip


class _LoggedIn:
    """The End after the login: first what the device said since the password was given."""

    def __init__(self, end: End, heard: Sequence[Frame]) -> None:
        self._end = end  # paused
        self._heard = heard
        self._paused = False

    def attach(self, sink: Sink) -> None:
        heard, self._heard = self._heard, ()
        for frame in heard:
            sink.deliver(frame)
        self._end.attach(sink)
        if not self._paused:
            self._end.resume()

    def write(self, frame: Frame) -> None:
        self._end.write(frame)

    def pause(self) -> None:
        self._paused = True
        self._end.pause()

    def resume(self) -> None:
        self._paused = False
        self._end.resume()

    def close(self) -> None:
        self._end.close()


class _Dialogue:
    """The Sink while the script runs. Of what it hears, only what came after the password leaves it (`heard`)."""

    def __init__(self, end: End, script: LoginScript) -> None:
        self._end = end
        self._script = script
        self._prompts = script.prompts
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._said = bytearray()
        self._last: list[Frame] = []
        self._ever = self._woken = self._named = self._given = False

    async def over(self, patience: float) -> None:
        """Wait until the device lets us in; raise what went wrong."""
        if self._timer is None:  # else it has spoken already
            self._later(SETTLE, self._wake)
        try:
            async with asyncio.timeout(patience):
                await self._over
        except TimeoutError as error:
            raise self._too_late() from error
        finally:
            self._cancel_timer()
            self._end.pause()  # what comes now is for the next Sink

    def heard(self) -> Sequence[Frame]:
        return [Data(redacted(bytes(self._said), self._script.password.reveal())), *self._last]

    # -- Sink ----------------------------------------------------------------------------------------------------------
    def deliver(self, frame: Frame) -> None:
        if isinstance(frame, Data):
            self._ever = True
            self._said += frame.data
        elif self._over.done():
            self._last.append(frame)
        else:
            self.ended("closed by the device")
        if self._over.done():
            return
        if self._given and len(self._said) > _MOST_SAID:
            self._settle()
        elif not self._given:
            del self._said[:-_MOST_SAID]
        self._later(BEAT, self._waits)

    def ended(self, why: str) -> None:
        self._fail(self._refused(why) if self._given else DeviceUnreachable(why, device=self._script.device))

    def hold(self) -> None:
        """A few short lines always fit."""

    def release(self) -> None:
        """Same."""

    # -- the device waits ----------------------------------------------------------------------------------------------
    def _waits(self) -> None:
        text = self._text()
        asks_password = _at_the_end(self._prompts.password).search(text)
        asks_login = _at_the_end(self._prompts.login).search(text)
        if self._given:
            self._judge(text, again=bool(asks_password or asks_login))
        elif asks_password:
            self._given = True
            self._type(self._script.password.reveal(), self._prompts.enter)
        elif asks_login and self._named:
            self._fail(self._refused("the device asked for the login again"))
        elif asks_login:
            self._named = True
            self._type(self._script.login.encode(), self._prompts.enter)
        else:
            self._later(SETTLE, self._wake)

    def _judge(self, text: str, *, again: bool) -> None:
        if again:
            self._fail(self._refused("the device asked again"))
        elif _at_the_end(self._prompts.ready).search(text):
            self._settle()
        elif text.strip():
            self._later(SETTLE, self._settle)

    def _settle(self) -> None:
        """It has said something and no more: let us in, unless that was a refusal."""
        *_, last = self._text().strip().splitlines() or ("",)
        if self._prompts.refused and re.search(self._prompts.refused, last, re.IGNORECASE):
            self._fail(self._refused("the device said no"))
        elif not self._over.done():
            self._over.set_result(None)

    def _wake(self) -> None:
        if self._prompts.wake and not (self._woken or self._named):
            self._woken = True
            self._type(b"", self._prompts.wake)

    # -- parts ---------------------------------------------------------------------------------------------------------
    def _type(self, text: bytes, enter: str) -> None:
        self._said.clear()
        self._end.write(Data(text + enter.encode()))

    def _text(self) -> str:
        """Return what was said last, without the echo of the password, colours and the like."""
        said = bytes(self._said[-_TAIL:])
        if self._given:
            said = redacted(said, self._script.password.reveal()).replace(HIDDEN, b"")
        return _ESCAPES.sub("", said.decode("utf-8", "replace"))

    def _later(self, seconds: float, step: Callable[[], None]) -> None:
        self._cancel_timer()
        self._timer = self._loop.call_later(seconds, step)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _fail(self, error: BastionError) -> None:
        if not self._over.done():
            self._over.set_exception(error)

    def _refused(self, why: str) -> DeviceLoginFailed:
        return DeviceLoginFailed(why, device=self._script.device)

    def _too_late(self) -> BastionError:
        if not self._ever:
            return DeviceUnreachable("it said nothing", device=self._script.device)
        if self._given:
            return self._refused("no answer to the password")
        return DeviceLoginFailed(
            "no known prompt", device=self._script.device,
            sentence="The device {device} does not ask for its login as it is registered. The hospital has been told.",
        )  # fmt: skip
