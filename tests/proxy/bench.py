"""A relay between two ends made by hand, with taps that note what passes."""

from bastion.proxy.relay import Relay
from tests.proxy.ends import HandEnd, HandOwner


class HandTap:
    """Notes each frame and what the other End had got by then."""

    def __init__(self) -> None:
        self.typed_frames: list = []
        self.withheld_frames: list = []
        self.shown_frames: list = []
        self.passed_first: list = []
        self.trouble: Exception | None = None
        self.relay: Relay | None = None

    def typed(self, frame) -> None:
        self._see(frame, self.typed_frames, self.relay.device)

    def withheld(self, frame) -> None:
        self._see(frame, self.withheld_frames, self.relay.device)

    def shown(self, frame) -> None:
        self._see(frame, self.shown_frames, self.relay.technician)

    def _see(self, frame, seen, target) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.passed_first += [f for f in target.got if f is frame]
        seen.append(frame)


class HandShortcut:
    def __init__(self) -> None:
        self.open = 0
        self.trouble: Exception | None = None

    def __call__(self, _relay):
        self.open += 1
        return self._shut

    def _shut(self) -> None:
        self.open -= 1
        if self.trouble is not None:
            raise self.trouble


class Bench:
    def __init__(self, *, terminal=True, technician=None, device=None, shortcut=None, start=True) -> None:
        self.technician = technician or HandEnd()
        self.device = device or HandEnd()
        self.owner = HandOwner()
        self.tap, self.tap2 = HandTap(), HandTap()
        self.relay = Relay(
            self.technician, self.device, [self.tap, self.tap2], self.owner, terminal=terminal, shortcut=shortcut
        )
        self.tap.relay = self.tap2.relay = self.relay
        if start:
            self.relay.start()
