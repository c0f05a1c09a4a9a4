"""What passed through a tunnel: its target, bytes each way, how long. From the manifest, or frame by frame."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from recordings.frames import Frame, passed
from recordings.model import TrackHead, TrackInfo, TrackKind, printable


@dataclass(frozen=True, slots=True)
class Target:
    """What a tunnel leads to: `tcp ct-01:104 dicom`. `port` is 0 and the rest empty when it was not said so."""

    transport: str = ""
    host: str = ""
    port: int = 0
    service: str = ""

    @classmethod
    def parse(cls, command: str) -> Self:
        transport, _, rest = printable(command, 1000).partition(" ")
        address, _, service = rest.partition(" ")
        host, _, port = address.rpartition(":")
        known = bool(host) and port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536
        return cls(transport, host, int(port), service.strip()) if known else cls()


@dataclass(frozen=True, slots=True)
class Traffic:
    """`sent` went to the device, `received` came back; of both, `unkept` bytes passed and were not recorded.

    `began` counts from the start of the recording, `seconds` from there.
    """

    number: int
    target: str
    began: float
    seconds: float
    sent: int
    received: int
    unkept: int
    outcome: str

    @property
    def kept(self) -> bool:
        """Whether every byte is in the recording."""
        return not self.unkept

    @classmethod
    def of(cls, info: TrackInfo) -> Self:
        return cls(
            info.head.number, info.head.command, info.began, info.seconds, info.typed, info.shown + info.errors,
            info.unkept, info.outcome,
        )  # fmt: skip

    @classmethod
    def measured(cls, head: TrackHead, frames: Iterable[Frame]) -> Self:
        """Sum the frames of a track, of one still being written too."""
        sent = received = unkept = 0
        began = last = None
        outcome = ""
        for frame in frames:
            began, last = frame.at if began is None else began, frame.at
            direction, size = passed(frame.data) if frame.code == "p" else (frame.code, 0)
            unkept += size
            size = frame.size if frame.code in "ioe" else size
            sent += size if direction == "i" else 0
            received += size if direction in "oe" else 0
            if frame.code == "x":
                outcome = frame.data.decode("utf-8", "replace")
        start, end = began or 0, last or 0
        return cls(head.number, head.command, start / 1e6, (end - start) / 1e6, sent, received, unkept, outcome)


def of(tracks: Iterable[TrackInfo]) -> tuple[Traffic, ...]:
    """Return the traffic of every tunnel of a recording."""
    return tuple(Traffic.of(info) for info in tracks if info.head.kind is TrackKind.TUNNEL)
