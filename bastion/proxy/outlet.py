"""How an End hands frames to its Sink: in order, none while it is paused, and kept while nobody listens.

For the Ends whose peer is a plain socket. What is kept is bounded: beyond `ROOM` bytes the peer is slowed down by its
own window, as long as nobody has come to listen.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from bastion.proxy.frames import Data, Frame, Sink

ROOM: Final = 64 * 1024


class Outlet:
    """`read` is told whether the peer may go on sending. A Sink may be followed by another (login, then the relay)."""

    def __init__(self, read: Callable[[bool], None]) -> None:
        self._read = read
        self._sink: Sink | None = None
        self._kept: deque[Frame] = deque()
        self._size = 0
        self._paused = False
        self._full = False
        self._gone: str | None = None
        self._told = False

    # -- what the End's owner asks -------------------------------------------------------------------------------------
    def attach(self, sink: Sink) -> None:
        self._sink, self._told = sink, False
        if self._full:
            sink.hold()
        self._flush()

    def pause(self) -> None:
        self._paused = True
        self._read(False)

    def resume(self) -> None:
        self._paused = False
        self._flush()

    # -- what the peer causes ------------------------------------------------------------------------------------------
    def put(self, frame: Frame) -> None:
        if self._gone is not None:
            return
        if self._sink is not None and not self._paused and not self._kept:
            self._sink.deliver(frame)
            return
        self._kept.append(frame)
        self._size += len(frame.data) if isinstance(frame, Data) else 1
        if self._sink is None and self._size >= ROOM:
            self._read(False)

    def full(self, *, full: bool) -> None:
        """The peer takes no more at the moment, or takes more again."""
        if full == self._full:
            return
        self._full = full
        if self._sink is not None:
            self._sink.hold() if full else self._sink.release()

    def ended(self, why: str) -> None:
        """Only the first reason counts; it comes after all that was kept."""
        if self._gone is None:
            self._gone = why
            self._tell()

    def forget(self) -> None:
        """Drop what was kept."""
        self._kept.clear()
        self._size = 0
        self._flush()

    # -- parts ---------------------------------------------------------------------------------------------------------
    def _flush(self) -> None:
        while self._kept and self._sink is not None and not self._paused:
            frame = self._kept.popleft()
            self._size -= len(frame.data) if isinstance(frame, Data) else 1
            self._sink.deliver(frame)
        if not self._paused and self._sink is not None:
            self._read(True)
        self._tell()

    def _tell(self) -> None:
        if self._gone is not None and not self._kept and self._sink is not None and not self._told:
            self._told = True
            self._sink.ended(self._gone)
