"""What watches the frames of a channel as they pass."""

import time
from collections.abc import Callable

from bastion.proxy.frames import Break, Data, Eof, Exit, Frame, Resize, Signal, Stream
from recordings.model import Direction
from recordings.recorder import Track

_SHOWN: dict[Stream, Direction] = {Stream.OUT: "o", Stream.ERR: "e"}


class RecorderTap:
    """Writes a channel's frames to its track. A frame that cannot be written raises, and is not passed on.

    Every kind of frame that reaches the device leaves a trace: what is not data stands there as a marker.
    """

    def __init__(self, track: Track) -> None:
        self._track = track

    def typed(self, frame: Frame) -> None:
        match frame:
            case Data(data):
                self._track.write("i", data)
            case Resize(cols, rows):
                self._track.resize(cols, rows)
            case Signal(name):
                self._track.mark(f"signal {name}")
            case Break(milliseconds):
                self._track.mark(f"break {milliseconds} ms")
            case Eof():
                self._track.mark("end of input")
            case _:
                raise TypeError(f"{type(frame).__name__} does not go to a device")

    def withheld(self, frame: Frame) -> None:
        """What is typed during a freeze is recorded as such: the device never had it."""
        match frame:
            case Data(data):
                self._track.write("w", data)
            case Signal(name):
                self._track.mark(f"signal {name}, not passed on")
            case Break(milliseconds):
                self._track.mark(f"break {milliseconds} ms, not passed on")
            case _:
                raise TypeError(f"{type(frame).__name__} is not withheld")

    def shown(self, frame: Frame) -> None:
        if isinstance(frame, Data):
            self._track.write(_SHOWN[frame.stream], frame.data)
        elif isinstance(frame, Exit):
            if frame.message:
                self._track.mark(frame.message)
            self._track.exit(frame.signal or str(frame.status))


class RemarksTap:
    """Records what a device says beside a protocol that has a gate of its own: nothing passes unrecorded that way."""

    def __init__(self, track: Track) -> None:
        self._track = track

    def typed(self, _frame: Frame) -> None:
        """The gate's."""

    def withheld(self, _frame: Frame) -> None:
        """The gate's."""

    def shown(self, frame: Frame) -> None:
        if isinstance(frame, Data) and frame.stream is Stream.ERR:
            self._track.write("e", frame.data)


class PassageTap:
    """Notes when, which way and how much of what is encrypted from end to end, whose content would tell nothing."""

    def __init__(self, track: Track) -> None:
        self._track = track

    def typed(self, frame: Frame) -> None:
        if isinstance(frame, Data):
            self._track.passed("i", len(frame.data))
        elif isinstance(frame, Eof):
            self._track.mark("end of input")

    def withheld(self, _frame: Frame) -> None:
        """A stream waits for the end of a freeze; nothing of it is dropped."""

    def shown(self, frame: Frame) -> None:
        if isinstance(frame, Data):
            self._track.passed("o", len(frame.data))


class Activity:
    """When the technician last sent anything, for the idle limit (R-35). What the device says does not count."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last = monotonic()

    @property
    def quiet_for(self) -> float:
        """Seconds since the technician last sent anything."""
        return self._monotonic() - self._last

    def typed(self, _frame: Frame) -> None:
        self._last = self._monotonic()

    def withheld(self, _frame: Frame) -> None:
        """A key that does nothing keeps no session open."""

    def shown(self, _frame: Frame) -> None:
        """Nothing to note."""


class Traffic:
    """Without a terminal nobody sits there typing: whatever passes, either way, keeps the session from being idle."""

    def __init__(self, activity: Activity) -> None:
        self._activity = activity

    def typed(self, frame: Frame) -> None:
        self._activity.typed(frame)

    def withheld(self, frame: Frame) -> None:
        self._activity.withheld(frame)

    def shown(self, frame: Frame) -> None:
        self._activity.typed(frame)
