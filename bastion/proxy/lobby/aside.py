r"""What a technician says to the hospital from inside his session: that he needs more time, and why; and what he hears
of that, wherever it was asked for: here, from the menu, by his company (R-35).

For `LIVE` seconds after each warning Ctrl-T, pressed twice, turns what he types from the device to the hospital. No
console loses a key by it. Pressed once, Ctrl-T goes to the device with the next key, or after a second; a third
press sends the device two. Within pasted text it is text. OpenSSH takes `~` after Return, telnet Ctrl-], screen Ctrl-A,
tmux Ctrl-B, Cisco's consoles Ctrl-^; on a French keyboard `]`, `\` and `^` stand behind AltGr or are dead keys. A T is
on every keyboard.

What he writes goes to no tap and to no device: the recording has marks instead. What the device says meanwhile is
recorded as always and shown when he has done; or at once when it is too much to keep, and he writes on all the same:
half a sentence meant for the hospital is no command for a device.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, Final

from bastion import clock
from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.remark import Remark, open_questions
from bastion.domain.session import SessionState
from bastion.errors import BastionError, Invalid, Unavailable
from bastion.i18n import sentence
from bastion.proxy.frames import Data, Frame
from bastion.proxy.live_session import LiveSession
from bastion.proxy.lobby import errands, screens
from bastion.proxy.lobby.desk import Desk
from bastion.proxy.lobby.terminal import Line, LineEditor
from bastion.proxy.notices import HEARD, on_screen, plain
from bastion.proxy.pulse import Pulse
from bastion.proxy.relay import FromTechnician, Relay

KEY: Final = b"\x14"
LIVE: Final = 60.0 * HEARD
TWICE_WITHIN: Final = 1.0
PATIENCE: Final = 60.0
"""Seconds without a key after which the device gets the keys back."""
LOOK_AGAIN: Final = 2.0
_TWO: Final = 2

TO_HOSPITAL: Final = "You write to the hospital now, not to the device. Ctrl-C goes back to the device."
TO_DEVICE: Final = "What you type goes to the device again."
STILL: Final = "Your session still stands still: nothing you type reaches the device."
ANSWER: Final = "Your answer: "
ANSWER_AGAIN: Final = "This cannot be left empty. Your answer: "
NOW: Final = "To answer, press Ctrl-T twice within {heard} min; later, sign in once more without a device."

Script = Generator[str, str, Coroutine[Any, Any, None]]
"""Yields what to ask, in English; takes the answers; returns what is then to be done."""
Spawn = Callable[[Coroutine[Any, Any, None], str], object]


class Aside:
    """One session's. `offer` after a warning; `follow` whenever more time may have been asked for."""

    def __init__(self, live: LiveSession, desk: Desk, news: Pulse, spawn: Spawn) -> None:
        self.live = live
        self._desk = desk
        self._news = news
        self._spawn = spawn
        self._ears: dict[Relay, _Keys] = {}
        self._asked: tuple[AccessRequest, Remark] | None = None
        self._heard: set[str] = set()
        self._followed: set[str] = set()

    def offer(self, relays: Sequence[Relay]) -> None:
        """Hear the key at each of these terminals for a while."""
        for relay in relays:
            if relay.terminal:
                self._ears.setdefault(relay, _Keys(self, relay)).listen()

    def done(self, relay: Relay) -> None:
        self._ears.pop(relay, None)

    def script(self) -> Script:
        """What to talk about now: a question that waits for its answer comes first."""
        return self._longer() if self._asked is None else self._answer(*self._asked)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self._spawn(work, f"more time for {self.live.id}")

    def say(self, english: str) -> str:
        return self.live.words.say(english)

    # -- what is written -----------------------------------------------------------------------------------------------
    def _longer(self) -> Script:
        minutes, why = yield from errands.more_time()
        return self._extend(minutes, why)

    async def _extend(self, minutes: int, why: str) -> None:
        said = self.say("The technician asks for {minutes} min more: {why}")
        self.live.mark(said.format(minutes=minutes, why=plain(why)))
        try:
            request = await self._desk.extend(self.live.grant.id, minutes, why)
        except BastionError as problem:
            self.live.tell(sentence(problem, self.live.words.language))
            return
        self.live.tell(self.say(errands.ASKED_FOR_MORE))
        self.follow([request.id])

    def _answer(self, request: AccessRequest, question: Remark) -> Script:
        text = yield ANSWER
        while not text:
            text = yield ANSWER_AGAIN
        return self._give_answer(request, question, text)

    async def _give_answer(self, request: AccessRequest, question: Remark, text: str) -> None:
        self.live.mark(self.say("The technician answers: {what}").format(what=plain(text)))
        try:
            await self._desk.answer(request.id, text)
        except BastionError as problem:
            self.live.tell(sentence(problem, self.live.words.language))
            return
        if self._asked is not None and self._asked[1].id == question.id:
            self._asked = None
        self.live.tell(self.say("Your answer is with the hospital."))

    # -- what comes back -----------------------------------------------------------------------------------------------
    def follow(self, requests: Sequence[str]) -> None:
        """Tell what becomes of these requests for more time; of each once, however often it is said."""
        for request_id in requests:
            if request_id not in self._followed:
                self._followed.add(request_id)
                self.run(self._follow(request_id))

    async def _follow(self, request_id: str) -> None:
        """Tell what becomes of a request, until it is decided or the session ends."""
        agreed: int | None = 0
        while agreed is not None and self.live.live:
            beat = self._news.coming()
            agreed = await self._progress(request_id, agreed)
            if agreed is not None:
                await self._news.wait(LOOK_AGAIN, beat)

    async def _progress(self, request_id: str, before: int) -> int | None:
        """Return how many have agreed; `None` when it is decided. Until when it is agreed, the session says itself."""
        try:
            request = await self._desk.request(request_id)
            thread = await self._desk.thread(request_id)
        except Unavailable:
            return before
        match request.state(clock.now()):
            case RequestState.PENDING:
                self._hear(request, open_questions(thread))
                if len(request.approvals) > before:
                    self.live.tell(screens.agreed_so_far(self.live.words, request))
                return len(request.approvals)
            case RequestState.APPROVED:
                for said in screens.more_agreed(self.live.words, request):
                    self.live.tell(said)
            case state:
                self.live.tell(screens.not_agreed(self.live.words, request, state))
        self._asked = None
        return None

    def _hear(self, request: AccessRequest, asked: Sequence[Remark]) -> None:
        self._asked = (request, asked[-1]) if asked else None
        for remark in asked:
            if remark.id not in self._heard:
                self._heard.add(remark.id)
                said = self.say("{who} asks: {what}").format(who=plain(remark.author_name), what=plain(remark.text))
                self.live.tell(f"{said} — {self.say(NOW).format(heard=HEARD)}")
                self.offer(self.live.open_channels)


class _Keys(FromTechnician):
    """Hears one terminal: for the key, and then what is written to the hospital."""

    def __init__(self, aside: Aside, relay: Relay) -> None:
        super().__init__(relay)
        self._aside = aside
        self._until: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._pressed = False
        self._talk: _Talk | None = None

    def listen(self) -> None:
        """Hear the key from now on, for a while; the while begins anew when it is said again."""
        if self._until is not None:
            self._until.cancel()
        self._until = asyncio.get_running_loop().call_later(LIVE, self._enough)
        self.relay.lend_keys(self)

    # -- as a Sink -----------------------------------------------------------------------------------------------------
    def deliver(self, frame: Frame) -> None:
        presses = _presses(frame)
        if isinstance(frame, Data) and self._talk is not None:
            self._written(self._talk, bytes(frame.data), presses)
        elif presses and self._pressed + presses == _TWO:
            self._begin()
        elif presses == 1 and not self._pressed:
            self._pressed = True
            self._wait(TWICE_WITHIN, self._pass_press)
        else:
            self._pass_press()
            super().deliver(frame)

    def ended(self, why: str) -> None:
        self._forget()
        super().ended(why)

    # -- the key -------------------------------------------------------------------------------------------------------
    def _pass_press(self) -> None:
        """It was pressed once: the device gets it."""
        if self._pressed:
            self._pressed = False
            self._wait(None)
            self.relay.to_device(Data(KEY))

    def _enough(self) -> None:
        """The while is over. Whoever is writing finishes."""
        self._until = None
        if self._talk is None:
            self._pass_press()
            self._forget()
            self.relay.take_keys_back()

    def _forget(self) -> None:
        self._wait(None)
        if self._until is not None:
            self._until.cancel()
        self._aside.done(self.relay)

    def _wait(self, seconds: float | None, then: Callable[[], None] = lambda: None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, then)

    # -- the talk ------------------------------------------------------------------------------------------------------
    def _begin(self) -> None:
        self._pressed = False
        self._talk = _Talk(self._aside.script())
        self.relay.keep_back(self._write_on)
        self._aside.live.mark(self._aside.say("The technician writes to the hospital; the device gets none of it."))
        self.relay.tell(on_screen(self._aside.say(TO_HOSPITAL), self.relay.cols))
        self._prompt(self._talk.prompt)
        self._wait(PATIENCE, self._leave)

    def _written(self, talk: "_Talk", data: bytes, presses: int) -> None:
        """Keys of the talk. What stands behind its last Return in the same packet was not meant for the device."""
        self._aside.live.activity.typed(Data(data))
        if presses and talk.untouched:
            self._leave()
            self.relay.to_device(Data(KEY * (1 + presses)))
            return
        self._wait(PATIENCE, self._leave)
        for key in data:
            echo, lines = talk.editor.feed(bytes((key,)))
            self.relay.tell(echo.encode())
            for line in lines:
                if not self._answered(talk, line):
                    return
        talk.untouched = False

    def _answered(self, talk: "_Talk", line: Line) -> bool:
        """Take a line; say whether the talk goes on."""
        if line is None:
            self._leave()
            return False
        if isinstance(line, Invalid):
            self.relay.tell(on_screen(sentence(line, self._aside.live.words.language), self.relay.cols))
            self._prompt(talk.prompt)
            return True
        try:
            talk.prompt = talk.script.send(line.strip())
            self._prompt(talk.prompt)
        except StopIteration as done:
            self._leave()
            self._aside.run(done.value)
            return False
        return True

    def _prompt(self, english: str) -> None:
        self.relay.tell(self._aside.say(english).encode())

    def _write_on(self) -> None:
        """The screen is full of what the device says: say again who is being written to."""
        if self._talk is not None:
            self.relay.tell(on_screen(self._aside.say(TO_HOSPITAL), self.relay.cols))

    def _leave(self) -> None:
        """Give the keys back, and say so."""
        if self._talk is not None:
            frozen = self._aside.live.state is SessionState.FROZEN
            said = self._aside.say(STILL if frozen else TO_DEVICE)
            self._aside.live.mark(said)
            self.relay.tell(on_screen(said, self.relay.cols))
            self._finish()

    def _finish(self) -> None:
        self._talk = None
        self._wait(None)
        self.relay.show_kept()
        if self._until is None:
            asyncio.get_running_loop().call_soon(self._enough)


class _Talk:
    """One exchange: its lines, and whether anything has been typed yet."""

    def __init__(self, script: Script) -> None:
        self.editor = LineEditor()
        self.script = script
        self.prompt = next(script)
        self.untouched = True


def _presses(frame: Frame) -> int:
    """How often the key was pressed, if the frame holds nothing else."""
    if not isinstance(frame, Data) or len(frame.data) > _TWO:
        return 0
    data = bytes(frame.data)
    return len(data) if data == KEY * len(data) else 0
