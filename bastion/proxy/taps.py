"""What watches the frames of a channel as they pass."""

import time
from collections.abc import Callable

from bastion.proxy.frames import Data, Exit, Frame, Resize, Stream
from recordings.model import Direction
from recordings.recorder import Track

_SHOWN: dict[Stream, Direction] = {Stream.OUT: "o", Stream.ERR: "e"}


class RecorderTap:
    """Writes a channel's frames to its track. A frame that cannot be written raises, and is not passed on."""

    def __init__(self, track: Track) -> None:
        self._track = track

    def typed(self, frame: Frame) -> None:
        if isinstance(frame, Data):
            self._track.write("i", frame.data)
        elif isinstance(frame, Resize):
            self._track.resize(frame.cols, frame.rows)

    def shown(self, frame: Frame) -> None:
        if isinstance(frame, Data):
            self._track.write(_SHOWN[frame.stream], frame.data)
        elif isinstance(frame, Exit):
            self._track.exit(frame.signal or str(frame.status))


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

    def shown(self, _frame: Frame) -> None:
        """Nothing to note."""


class Traffic:
    """Without a terminal nobody sits there typing: whatever passes, either way, keeps the session from being idle."""

    def __init__(self, activity: Activity) -> None:
        self._activity = activity

    def typed(self, frame: Frame) -> None:
        self._activity.typed(frame)

    def shown(self, frame: Frame) -> None:
        self._activity.typed(frame)
