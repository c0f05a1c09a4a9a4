"""Joins a technician's End and a device's End through taps, with back-pressure both ways.

A tap sees a frame before the other End gets it, so "record before forward" is the order of two calls. Whatever a tap
raises stops the relay before the frame is passed on. Closing is synchronous and closes both ends, come what may.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from bastion.proxy.frames import Break, ChannelFault, Data, End, Eof, Exit, Frame, Resize, Signal, Sink, Stream

FROZEN: Final = "frozen"
FULL: Final = "full"
GATE: Final = "gate"
HIDDEN: Final = "hidden"
UNREAD: Final = "unread"
MOST_KEPT: Final = 256 * 1024
"""Bytes of the device that wait while the technician writes a line to the hospital."""
MOST_PIECES: Final = 1024


class Tap(Protocol):
    """Sees each frame before it is passed on. Raising stops the relay."""

    def typed(self, frame: Frame) -> None: ...

    def withheld(self, frame: Frame) -> None:
        """It was typed while the relay is frozen and is not passed on, now or later."""

    def shown(self, frame: Frame) -> None: ...


class Gate(Protocol):
    """Judges what a channel's bytes mean. It may hold them back, pass them itself, or answer in the device's place."""

    def from_technician(self, data: bytes | memoryview) -> bool:
        """True: pass it on as it is. Raises `ChannelFault` for what cannot be read."""

    def from_device(self, data: bytes | memoryview) -> bool: ...

    def ended(self, why: str) -> None:
        """The channel is over."""


class Owner(Protocol):
    """Whose relay it is."""

    def relay_failed(self, relay: "Relay", error: Exception) -> None:
        """A tap or an End raised. No frame passes any more; the owner says why and closes."""

    def relay_ended(self, relay: "Relay", outcome: str, problems: Sequence[Exception]) -> None:
        """Both ends are closed. Called once; `problems` is what raised while they were being closed."""


Shortcut = Callable[["Relay"], Callable[[], None]]
"""Opens a shorter way for data between the two ends, past `deliver`, and returns how to shut it again."""


class Valve:
    """Pauses an End while there is any reason to."""

    def __init__(self, end: End) -> None:
        self._end = end
        self._reasons: set[str] = set()

    def shut(self, reason: str) -> None:
        if not self._reasons:
            self._end.pause()
        self._reasons.add(reason)

    def open(self, reason: str) -> None:
        if reason in self._reasons:
            self._reasons.remove(reason)
            if not self._reasons:
                self._end.resume()

    def set(self, reason: str, *, shut: bool) -> None:
        self.shut(reason) if shut else self.open(reason)


class Relay:
    """`terminal` says that a person sits before a screen: only then is anything told there."""

    def __init__(
        self, technician: End, device: End, taps: Sequence[Tap], owner: Owner, *, terminal: bool,
        shortcut: Shortcut | None = None, gate: Gate | None = None, cols: int = 80,
    ) -> None:  # fmt: skip
        self.technician = technician
        self.device = device
        self.terminal = terminal
        self.cols = cols
        """How wide the technician's screen is now."""
        self._taps = tuple(taps)
        self._owner = owner
        self._shortcut = shortcut
        self._gate = gate
        self._unjoin: Callable[[], None] | None = None
        self._stopped = False
        self._over = False
        self._frozen = False
        self._hidden = False
        self._late_eof = False
        self._lent = False
        self._kept: list[Data] = []
        self._overflow: Callable[[], None] | None = None
        self._show: Callable[[Frame], None] = technician.write
        self._outcome = ""
        self._input = Valve(technician)
        self._output = Valve(device)

    def start(self) -> None:
        """Let frames pass: what the ends have kept so far at once, in order."""
        self.device.attach(_FromDevice(self))
        self.technician.attach(FromTechnician(self))
        self._join()

    # -- the two ways --------------------------------------------------------------------------------------------------
    def passes_typed(self, frame: Frame) -> bool:
        """Show a frame to the taps, then to the gate; True when it may go to the device as it is."""
        for tap in self._taps:
            tap.typed(frame)
        return self._gate is None or not isinstance(frame, Data) or self._gate.from_technician(frame.data)

    def passes_shown(self, frame: Frame) -> bool:
        for tap in self._taps:
            tap.shown(frame)
        if self._gate is None or not isinstance(frame, Data) or frame.stream is not Stream.OUT:
            return True
        return self._gate.from_device(frame.data)

    def to_device(self, frame: Frame) -> None:
        if isinstance(frame, Resize):
            self.cols = frame.cols
        if self._stopped:
            return
        try:
            if not self._withheld(frame) and self.passes_typed(frame):
                self.device.write(frame)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing may pass unrecorded; the owner reports it
            self.fail(error)

    def to_technician(self, frame: Frame) -> None:
        if self._stopped:
            return
        if isinstance(frame, Exit):
            self._outcome = frame.outcome
        try:
            if self.passes_shown(frame) and not self._unseen(frame):
                self._show(frame)
        except Exception as error:  # noqa: BLE001 - same
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Pass nothing more and tell the owner, who ends the session; if he does not, end at least this.

        What cannot be read on one channel ends that channel.
        """
        if self._stopped:
            return
        self._stopped = True
        if isinstance(error, ChannelFault):
            self.close([Data(f"{error}\n".encode(), Stream.ERR)], outcome=f"fault: {error}")
            return
        self._owner.relay_failed(self, error)
        self.close(outcome="failed")

    # -- back-pressure -------------------------------------------------------------------------------------------------
    def device_full(self, *, full: bool) -> None:
        self._input.set(FULL, shut=full)

    def technician_full(self, *, full: bool) -> None:
        """A gate answers what it refuses: who does not read the answers may not go on asking either."""
        self._output.set(FULL, shut=full)
        if self._gate is not None:
            self._input.set(UNREAD, shut=full)

    def gate_full(self, *, full: bool) -> None:
        """The gate has enough to do; it asks to hold what the technician sends."""
        self._input.set(GATE, shut=full)

    # -- what the session asks -----------------------------------------------------------------------------------------
    def freeze(self, *, on: bool) -> None:
        """Let no input through while on.

        At a terminal what is typed meanwhile is recorded and dropped, never played back later. A byte stream without a
        terminal (an upload through exec) is held instead: dropped bytes would damage the file on the device.
        """
        if on == self._frozen or self._over:
            return
        self._frozen = on
        if on and self.terminal:
            self._part()
        elif not self.terminal:
            self._input.set(FROZEN, shut=on)
        if not on:
            self._thawed()

    def hide(self, *, on: bool) -> None:
        """Show nothing of what the device says while on (T10).

        At a terminal it is read and recorded, never shown later: a program on the device must not stand still because
        nobody looks. A byte stream is held, as by `freeze`.
        """
        if on == self._hidden or self._over:
            return
        self._hidden = on
        if not self.terminal:
            self._output.set(HIDDEN, shut=on)
        elif on:
            self._part()
        else:
            self._join()

    def lend_keys(self, ear: Sink) -> None:
        """Let `ear` hear the technician first until `take_keys_back`; what is not for it, it gives to `to_device`.

        Meanwhile no shortcut is open. With nobody listening a key costs nothing more than it ever did.
        """
        if self._over or self._stopped:
            return
        self._lent = True
        self._part()
        self.technician.attach(ear)

    def take_keys_back(self) -> None:
        if not self._lent or self._over or self._stopped:
            return
        self._lent = False
        self.technician.attach(FromTechnician(self))
        self._join()

    def keep_back(self, overflow: Callable[[], None]) -> None:
        """Record what the device says and keep it until `show_kept`: the technician is writing a line of his own.

        When the device says more than is kept, or ends, it is shown at once, and from then on as it comes; after more
        than is kept `overflow` is called.
        """
        self._overflow, self._show = overflow, self._keep

    def show_kept(self) -> None:
        kept, self._kept, self._overflow = self._kept, [], None
        self._show = self.technician.write
        for data in kept:
            self.technician.write(data)

    def tell(self, text: bytes) -> None:
        """Write to the technician's screen, past the taps: the device did not say this."""
        if not self._over and self.terminal:
            self.technician.write(Data(text))

    def close(self, last: Sequence[Frame] = (), outcome: str = "closed") -> None:
        """End both sides now; `last` is what the technician still gets."""
        if self._over:
            return
        self._stopped = self._over = True
        why = self._outcome or outcome
        steps = [self._part, lambda: self._end_gate(why), self.show_kept]
        steps += [_writing(self.technician, frame) for frame in last]
        problems = _try_all([*steps, self.technician.close, self.device.close])
        self._owner.relay_ended(self, why, problems)

    # -- parts ---------------------------------------------------------------------------------------------------------
    def _join(self) -> None:
        held = self._stopped or self._frozen or self._hidden or self._lent
        if self._shortcut is not None and self._unjoin is None and not held:
            self._unjoin = self._shortcut(self)

    def _part(self) -> None:
        unjoin, self._unjoin = self._unjoin, None
        if unjoin is not None:
            unjoin()

    def _keep(self, frame: Frame) -> None:
        if isinstance(frame, Data):
            self._kept.append(Data(bytes(frame.data), frame.stream))
            if sum(len(data.data) for data in self._kept) <= MOST_KEPT and len(self._kept) <= MOST_PIECES:
                return
        overflow = self._overflow
        self.show_kept()
        if not isinstance(frame, Data):
            self.technician.write(frame)
        elif overflow is not None:
            overflow()

    def _end_gate(self, why: str) -> None:
        if self._gate is not None:
            self._gate.ended(why)

    def _thawed(self) -> None:
        if self._late_eof:
            self._late_eof = False
            self.to_device(Eof())
        if self.terminal:
            self._join()

    def _unseen(self, frame: Frame) -> bool:
        return self._hidden and self.terminal and isinstance(frame, Data)

    def _withheld(self, frame: Frame) -> bool:
        """Say whether a freeze keeps a frame from the device; what is dropped by it is shown to the taps."""
        if not self._frozen or not isinstance(frame, Data | Signal | Break | Eof):
            return False
        if isinstance(frame, Eof):
            self._late_eof = True
            return True
        for tap in self._taps:
            tap.withheld(frame)
        return True


def _writing(end: End, frame: Frame) -> Callable[[], None]:
    return lambda: end.write(frame)


def _try_all(steps: Sequence[Callable[[], None]]) -> list[Exception]:
    """Do every step: one side that fails to close must not keep the other open. Return what was raised."""
    problems: list[Exception] = []
    for step in steps:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - collected; the relay's owner reports them
            problems.append(error)
    return problems


class FromTechnician:
    """Hears the technician's End for a relay."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay

    def deliver(self, frame: Frame) -> None:
        self.relay.to_device(frame)

    def ended(self, why: str) -> None:
        self.relay.close(outcome=why)

    def hold(self) -> None:
        self.relay.technician_full(full=True)

    def release(self) -> None:
        self.relay.technician_full(full=False)


class _FromDevice:
    def __init__(self, relay: Relay) -> None:
        self.relay = relay

    def deliver(self, frame: Frame) -> None:
        self.relay.to_technician(frame)

    def ended(self, why: str) -> None:
        self.relay.close(outcome=why)

    def hold(self) -> None:
        self.relay.device_full(full=True)

    def release(self) -> None:
        self.relay.device_full(full=False)
