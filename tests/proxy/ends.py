"""Ends made by hand, whose peer the test plays, and an Owner that notes what it is told."""

from collections import deque

from bastion.proxy.frames import Data, Frame, Sink


class HandEnd:
    """An End that keeps the contract of `frames.End`.

    `send` plays the peer; what a paused End does not deliver waits in `unsent`, as it would in the peer's window.
    `got` is what was written to the peer. With `room` (bytes) the End asks its Sink to hold when more than that is
    written and not yet taken by `take`.
    """

    def __init__(self, room: int | None = None) -> None:
        self.got: list[Frame] = []
        self.unsent: deque[Frame] = deque()
        self.paused = False
        self.closed = 0
        self.most = 0
        self.write_trouble: Exception | None = None
        self.close_trouble: Exception | None = None
        self._room = room
        self._waiting = 0
        self._held = False
        self._sink: Sink | None = None

    # -- the peer ------------------------------------------------------------------------------------------------------
    def send(self, *frames: Frame | bytes) -> None:
        self.unsent += [Data(frame) if isinstance(frame, bytes) else frame for frame in frames]
        self._pump()

    def leave(self, why: str = "gone") -> None:
        assert self._sink is not None
        self._sink.ended(why)

    def take(self) -> None:
        """The peer takes all that was written."""
        self._waiting = 0
        if self._held and self._sink is not None:
            self._held = False
            self._sink.release()

    def bytes(self, stream: int | None = None) -> bytes:
        data = [f for f in self.got if isinstance(f, Data) and (stream is None or f.stream == stream)]
        return b"".join(bytes(f.data) for f in data)

    @property
    def text(self) -> str:
        return self.bytes().decode()

    # -- the End -------------------------------------------------------------------------------------------------------
    def attach(self, sink: Sink) -> None:
        self._sink = sink
        self._pump()

    def write(self, frame: Frame) -> None:
        if self.write_trouble is not None:
            raise self.write_trouble
        if self.closed:
            return
        self.got.append(frame)
        self._waiting += len(frame.data) if isinstance(frame, Data) else 0
        self.most = max(self.most, self._waiting)
        if self._room is not None and self._waiting > self._room and not self._held and self._sink is not None:
            self._held = True
            self._sink.hold()

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False
        self._pump()

    def close(self) -> None:
        self.closed += 1
        if self.close_trouble is not None:
            raise self.close_trouble

    def _pump(self) -> None:
        while self.unsent and not self.paused and self._sink is not None:
            self._sink.deliver(self.unsent.popleft())


class HandOwner:
    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.endings: list[tuple[str, list[Exception]]] = []

    def relay_failed(self, _relay, error: Exception) -> None:
        self.failures.append(error)

    def relay_ended(self, _relay, outcome: str, problems) -> None:
        self.endings.append((outcome, list(problems)))
