"""Joins each kind of a technician's channel to the device, recorded from its first byte.

A shell or a command becomes a channel on the device whose bytes are recorded; a file channel passes the gate, which
notes what is done to each file; a tunnel is a TCP connection to a service of that very device.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from bastion.domain.device import SESSIONS, ChannelKind, Device, Endpoint, Protocol, Recordability, recordability
from bastion.domain.session_effects import Audit
from bastion.errors import BastionError, ChannelRefused
from bastion.i18n import translator
from bastion.proxy import tcp
from bastion.proxy.files.gate import SftpGate
from bastion.proxy.files.ledger import Ledger
from bastion.proxy.frames import Data, End, Stream
from bastion.proxy.live_session import LiveSession
from bastion.proxy.no_input import NO_INPUT, NoInput
from bastion.proxy.relay import Relay, Shortcut, Tap
from bastion.proxy.ssh.channels import Asked, DeviceEnd, TechnicianEnd, TunnelEnd
from bastion.proxy.ssh.line_link import SHELL_ONLY
from bastion.proxy.ssh.links import Link
from bastion.proxy.ssh.modes import named
from bastion.proxy.ssh.packet_path import splice
from bastion.proxy.taps import PassageTap, RecorderTap, RemarksTap, Traffic
from bastion.services.address import Address
from bastion.services.commands import Command, ready

PATIENCE: Final = 10.0
"""Seconds for a service of the device to take a connection."""
SFTP: Final = "sftp"
NOT_OF_DEVICE: Final = (
    "{target} is no service of {device}. Through this session you reach: {services}. Write the device's name, not "
    "localhost: {device}:port."
)
NO_SERVICES: Final = "The hospital has registered no service of {device} for tunnels; ask it to."


@dataclass(frozen=True, slots=True)
class Carriage:
    """One session's ways to its device. `services` are the endpoints a tunnel may reach, as the inventory has them."""

    live: LiveSession
    link: Link
    device: Device
    services: tuple[Endpoint, ...]
    networks: tcp.Networks

    def commands(self, address: Address, login: str) -> tuple[Command, ...]:
        """What the technician may paste for this session's device."""
        return ready(address, login, self.device.code, self.live.grant, self.services, self.link.way.protocol)

    # -- shell, command ------------------------------------------------------------------------------------------------
    async def terminal(self, end: TechnicianEnd) -> None:
        asked = replace(end.asked)  # as it is now: what is asked later is recorded later, and so is passed on later
        kind = ChannelKind.EXEC if asked.command else ChannelKind.SHELL
        live = self.live
        self._check(kind, asked.command or "")

        async def join(number: int) -> Relay:
            track = live.open_track(
                number, kind, cols=asked.size.cols, rows=asked.size.rows, term=asked.term,
                command=asked.command or "", pty=asked.pty, modes=named(asked.modes),
            )  # fmt: skip
            device = await self.link.open_channel(asked)
            if self.link.way.protocol is not Protocol.SSH:
                say = translator(live.words.language)
                track.mark(say("The bastion connected and logged in as {login}.").format(login=self.link.way.login))
            taps: list[Tap] = [RecorderTap(track), live.activity if asked.pty else Traffic(live.activity)]
            heard = asked.pty or live.grant.takes_input
            deaf = None if heard else NoInput(end, lambda: self._refuse_input(end, number, kind))
            shortcut = _short_way(end, device, deaf)
            return Relay(deaf or end, device, taps, live, terminal=asked.pty, shortcut=shortcut, cols=asked.size.cols)

        await self._carry(kind, asked.command or "", join)

    def _refuse_input(self, end: TechnicianEnd, number: int, kind: ChannelKind) -> None:
        """Say so to the technician, in the recording and in the trail."""
        said = self.live.words.say(NO_INPUT)
        end.write(Data(f"{said}\n".encode(), Stream.ERR))
        self.live.mark(said, number)
        facts = {"channel": number, "kind": kind, "why": "input_not_granted", "detail": end.asked.command or ""}
        self.live.note(Audit("channel:refused", facts))

    # -- files ---------------------------------------------------------------------------------------------------------
    async def files(self, end: TechnicianEnd) -> None:
        """Straight through, beside the gate: for a grant whose files need no release desk."""
        live, grant = self.live, self.live.grant
        self._check(ChannelKind.SFTP, SFTP)

        async def join(number: int) -> Relay:
            track = live.open_track(number, ChannelKind.SFTP, cols=0, rows=0, term="", command=SFTP, pty=False)
            device = await self.link.open_channel(Asked(subsystem=SFTP))
            gate = SftpGate(
                grant.files, Ledger(track.file, live.note), translator(live.words.language),
                lambda data: device.write(Data(data)), lambda data: end.write(Data(data)),
                lambda on: relay.gate_full(full=on),
                lambda said: end.write(Data(f"{said}\n".encode(), Stream.ERR)),
            )  # fmt: skip
            taps: list[Tap] = [RemarksTap(track), Traffic(live.activity)]
            shortcut = _short_way(end, device)
            relay = Relay(end, device, taps, live, terminal=False, shortcut=shortcut, gate=gate)
            return relay

        await self._carry(ChannelKind.SFTP, SFTP, join)

    # -- tunnels -------------------------------------------------------------------------------------------------------
    async def tunnel(self, end: TunnelEnd, host: str, port: int) -> None:
        """Connect to a service of the device, before the client is told that its tunnel stands."""
        live = self.live
        service = self._service(host, port)
        target = f"{service.protocol} {self.device.code}:{service.port}"

        async def join(number: int) -> Relay:
            track = live.open_track(number, ChannelKind.FORWARD, cols=0, rows=0, term="", command=target, pty=False)
            device = await tcp.dial(service.host, service.port, self.networks, PATIENCE, device=self.device.code)
            kept = recordability(service.protocol) is Recordability.FULL
            taps: list[Tap] = [RecorderTap(track) if kept else PassageTap(track), Traffic(live.activity)]
            return Relay(end, device, taps, live, terminal=False)

        await self._carry(ChannelKind.FORWARD, target, join)

    def _service(self, host: str, port: int) -> Endpoint:
        """The endpoint a tunnel means (T50): by the device's name or its address as registered, never anything else."""
        for service in self.services:
            if host.lower() in {self.device.code.lower(), service.host.lower()} and port == service.port:
                return service
        offered = ", ".join(f"{self.device.code}:{service.port} ({service.protocol})" for service in self.services)
        facts = {"channel": 0, "kind": ChannelKind.FORWARD, "why": "no service of it", "detail": f"{host}:{port}"}
        self.live.note(Audit("channel:refused", facts))
        raise ChannelRefused(
            f"{host}:{port}", sentence=NOT_OF_DEVICE if offered else NO_SERVICES, target=f"{host}:{port}",
            device=self.device.code, services=offered,
        )  # fmt: skip

    # -- parts ---------------------------------------------------------------------------------------------------------
    def _check(self, kind: ChannelKind, detail: str) -> None:
        """A telnet or serial line is a terminal and nothing else; what else is asked is refused before it is opened."""
        if self.link.way.protocol is Protocol.SSH or kind is ChannelKind.SHELL:
            return
        facts = {"channel": 0, "kind": kind, "why": "not offered", "detail": detail}
        self.live.note(Audit("channel:refused", facts))
        raise ChannelRefused("shell only", sentence=SHELL_ONLY, device=self.device.code)

    async def _carry(self, kind: ChannelKind, detail: str, join: Callable[[int], Awaitable[Relay]]) -> None:
        """Ask the session, join, hand over. Whatever stops that on the way, the channel is over for the session too."""
        number = self.live.allow(kind, detail)
        try:
            self.live.carry(number, await join(number))
        except BaseException as problem:
            outcome = problem.code if isinstance(problem, BastionError) else type(problem).__name__
            self.live.channel_ended(number, outcome)
            raise


def services_of(endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
    """What tunnels may reach: never where a session logs in, which would go round the recording and the vault."""
    return tuple(endpoint for endpoint in endpoints if endpoint.protocol not in SESSIONS)


def _short_way(technician: TechnicianEnd, device: End, deaf: NoInput | None = None) -> Shortcut | None:
    """Let the packet path carry the data between two channels; the relay's taps see it all the same.

    Where a command gets no input, `deaf` is shown what was sent instead of them.
    """
    if not isinstance(device, DeviceEnd):
        return None

    def join(relay: Relay) -> Callable[[], None]:
        if technician.channel is None or device.channel is None:
            return lambda: None
        joined = splice(
            technician.channel, device.channel,
            lambda _, data: relay.passes_typed(Data(data)) if deaf is None else deaf.refuse(),
            lambda stream, data: relay.passes_shown(Data(data, Stream.ERR if stream else Stream.OUT)),
            relay.fail,
        )  # fmt: skip
        return joined.close

    return join
