"""A serial port behind a port server: RFC 2217, which is an option of telnet, or a plain TCP stream.

Whatever the server has kept from before is thrown away at the start: it was said to somebody else.
"""

import asyncio
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from bastion.errors import DeviceNotReady, DeviceUnreachable
from bastion.proxy import tcp
from bastion.proxy.frames import Break, Data, End, Exit, Frame
from bastion.proxy.tcp import Networks
from bastion.proxy.telnet import BINARY, DO, SGA, WILL, TelnetLine

COM_PORT: Final = 44
BAUD, BITS, PARITY, STOP, CONTROL, LINE_MASK, MODEM_MASK, PURGE = 1, 2, 3, 4, 5, 10, 11, 12
HOLD, GO = 108, 109
_ANSWERED: Final = 100  # the server answers command n with n + 100
_BREAK_ON, _BREAK_OFF, _PURGE_BOTH = 5, 6, 3
_PARITIES: Final = {"none": 1, "odd": 2, "even": 3, "mark": 4, "space": 5}
_STOPS: Final = {"1": 1, "2": 2, "1.5": 3}
_USUAL_BREAK: Final = 0.5
_LONGEST_BREAK: Final = 3.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How bits pass on the line."""

    baud: int = 9600
    bits: int = 8
    parity: str = "none"
    stop: str = "1"

    @classmethod
    def from_options(cls, options: Mapping[str, str], *, device: str) -> Self:
        """Read `baud`, `bits`, `parity` and `stop` of an endpoint."""
        baud, bits = options.get("baud", "9600"), options.get("bits", "8")
        made = {"parity": options.get("parity", "none"), "stop": options.get("stop", "1")}
        sound = {
            "baud": re.fullmatch("[1-9][0-9]{1,6}", baud), "bits": bits in set("5678"),
            "parity": made["parity"] in _PARITIES, "stop": made["stop"] in _STOPS,
        }  # fmt: skip
        wrong = ", ".join(name for name, right in sound.items() if not right)
        if wrong:
            raise DeviceNotReady(
                wrong, device=device, name=wrong,
                sentence="The line of the device {device} is badly described: {name}. Ask the hospital to correct it.",
            )  # fmt: skip
        return cls(int(baud), int(bits), **made)

    @property
    def commands(self) -> dict[int, bytes]:
        return {
            BAUD: struct.pack(">I", self.baud),
            BITS: bytes((self.bits,)),
            PARITY: bytes((_PARITIES[self.parity],)),
            STOP: bytes((_STOPS[self.stop],)),
        }


class SerialEnd(TelnetLine):
    """A serial line as an End. It has a break, but neither windows nor signals nor an end of input."""

    ours = frozenset({BINARY, SGA, COM_PORT})
    theirs = frozenset({BINARY, SGA, COM_PORT})

    def __init__(self, stream: End, settings: Settings, device: str) -> None:
        self._device = device
        self._wanted = settings.commands
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._break: asyncio.TimerHandle | None = None
        self._stopped = self._crowded = False
        super().__init__(stream)  # which may hear the server at once
        for verb, option in ((WILL, COM_PORT), (WILL, BINARY), (DO, BINARY), (WILL, SGA), (DO, SGA)):
            self._ask(verb, option)

    async def ready(self) -> None:
        """Wait until the server has set the line; raise why it has not. The caller bounds the time."""
        await self._ready

    def close(self) -> None:
        self._end_break()
        super().close()

    def ended(self, why: str) -> None:
        if not self._ready.done():
            self._ready.set_exception(DeviceUnreachable(why, device=self._device))
        self._cancel_break()
        super().ended(why)

    # -- back-pressure: the socket's, and the line's own ---------------------------------------------------------------
    def hold(self) -> None:
        self._crowded = True
        self._outlet.full(full=True)

    def release(self) -> None:
        self._crowded = False
        self._outlet.full(full=self._stopped)

    # -- telnet --------------------------------------------------------------------------------------------------------
    def _send(self, frame: Frame) -> None:
        if isinstance(frame, Break):
            self._begin_break(frame.milliseconds / 1000)
        elif isinstance(frame, Exit | Data):
            raise TypeError(f"{type(frame).__name__} does not go to a device")

    def _settled(self, side: int, option: int, *, on: bool) -> None:
        if (side, option) != (WILL, COM_PORT) or self._ready.done():
            return
        if not on:
            self._not_ready(
                sentence="The line of the device {device} speaks no RFC 2217. Ask the hospital to register it as TCP."
            )
            return
        self._command(LINE_MASK, b"\0")
        self._command(MODEM_MASK, b"\0")
        for command, value in self._wanted.items():
            self._command(command, value)
        self._command(PURGE, bytes((_PURGE_BOTH,)))

    def _told(self, option: int, text: bytes) -> None:
        if option != COM_PORT or not text:
            return
        if text[0] in {HOLD, GO}:
            self._stopped = text[0] == HOLD
            self._outlet.full(full=self._stopped or self._crowded)
        elif not self._ready.done():
            self._answered(text[0] - _ANSWERED, text[1:])

    # -- parts ---------------------------------------------------------------------------------------------------------
    def _command(self, command: int, value: bytes) -> None:
        self._say_sub(COM_PORT, bytes((command,)) + value)

    def _answered(self, command: int, value: bytes) -> None:
        """The server tells what the line is set to now, which need not be what was asked."""
        if command in self._wanted and self._wanted.pop(command) != value:
            self._not_ready(
                sentence="The line of the device {device} cannot be set as registered. Ask the hospital to correct it."
            )
        elif not self._wanted:
            self._outlet.forget()
            self._ready.set_result(None)

    def _not_ready(self, *, sentence: str) -> None:
        self._ready.set_exception(DeviceNotReady(sentence, device=self._device, sentence=sentence))

    def _begin_break(self, seconds: float) -> None:
        self._cancel_break()
        self._command(CONTROL, bytes((_BREAK_ON,)))
        length = min(seconds, _LONGEST_BREAK) if seconds > 0 else _USUAL_BREAK
        self._break = asyncio.get_running_loop().call_later(length, self._end_break)

    def _end_break(self) -> None:
        if self._break is not None:
            self._command(CONTROL, bytes((_BREAK_OFF,)))
        self._cancel_break()

    def _cancel_break(self) -> None:
        if self._break is not None:
            self._break.cancel()
            self._break = None


async def dial(
    host: str, port: int, networks: Networks, patience: float, *, device: str, settings: Settings | None = None
) -> SerialEnd:
    """Connect and set the line within `patience` seconds.

    Raises what `tcp.dial` does, and `DeviceNotReady` when the server cannot do what is registered. A server that is
    plain TCP is dialled with `tcp.dial` itself: nothing is set there, and a break is not known.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    end = SerialEnd(await tcp.dial(host, port, networks, patience, device=device), settings or Settings(), device)
    try:
        async with asyncio.timeout_at(deadline):
            await end.ready()
    except BaseException as error:
        end.close()
        if isinstance(error, TimeoutError):
            raise DeviceUnreachable("the serial server did not answer", device=device) from error
        raise
    return end
