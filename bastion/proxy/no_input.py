"""Keeps bytes from the input of a command: whoever may bring no file to a device does not bring it that way (R-20).

It stands between a technician's End and the relay for a channel without a terminal; a channel that may have input knows
nothing of it, so it costs the others nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bastion.proxy.frames import Data, End, Eof, Exit, Frame, Sink
from bastion.proxy.live_session import REFUSED

NO_INPUT: Final = (
    "Your authorisation covers no file to the device, so a command without a terminal gets no input: what you sent was "
    "refused."
)


class NoInput:
    """A technician's End without his bytes; what else he sends passes, the end of his input too.

    The device's input ends with the first byte that came, for a command that waits would wait for ever; `refused` is
    called then, once. From then on a success is told as `REFUSED`: no script may take what it sent for delivered.
    """

    def __init__(self, end: End, refused: Callable[[], None]) -> None:
        self._end = end
        self._refused = refused
        self._sink: Sink | None = None
        self._sent = False

    def refuse(self) -> bool:
        """Bytes have come. Always False: they go nowhere."""
        if not self._sent and self._sink is not None:
            self._sent = True
            self._refused()
            self._sink.deliver(Eof())
        return False

    # -- the End -------------------------------------------------------------------------------------------------------
    def attach(self, sink: Sink) -> None:
        self._sink = sink
        self._end.attach(self)

    def write(self, frame: Frame) -> None:
        self._end.write(replace(frame, status=REFUSED) if self._sent and frame == Exit() else frame)

    def pause(self) -> None:
        self._end.pause()

    def resume(self) -> None:
        self._end.resume()

    def close(self) -> None:
        self._end.close()

    # -- its Sink ------------------------------------------------------------------------------------------------------
    def deliver(self, frame: Frame) -> None:
        if isinstance(frame, Data):
            self.refuse()
        elif self._sink is not None and not (self._sent and isinstance(frame, Eof)):
            self._sink.deliver(frame)

    def ended(self, why: str) -> None:
        if self._sink is not None:
            self._sink.ended(why)

    def hold(self) -> None:
        if self._sink is not None:
            self._sink.hold()

    def release(self) -> None:
        if self._sink is not None:
            self._sink.release()
