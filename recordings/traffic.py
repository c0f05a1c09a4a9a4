"""What passed through a tunnel: its target, bytes each way, how long. From the manifest, or frame by frame."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from recordings.model import TrackInfo, TrackKind, printable


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


def of(tracks: Iterable[TrackInfo]) -> tuple[Traffic, ...]:
    """Return the traffic of every tunnel of a recording."""
    return tuple(Traffic.of(info) for info in tracks if info.head.kind is TrackKind.TUNNEL)
