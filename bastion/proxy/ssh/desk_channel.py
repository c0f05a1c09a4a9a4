"""Opens a technician's file channel through the release desk, and keeps delivering what is released later."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import asyncssh

from bastion.domain.device import ChannelKind, FileRight
from bastion.errors import BastionError, DeviceUnreachable
from bastion.proxy.files.ledger import Ledger
from bastion.proxy.live_session import LiveSession
from bastion.proxy.relay import Relay, Tap
from bastion.proxy.ssh import desk_end, scp_server
from bastion.proxy.ssh.channels import TechnicianEnd
from bastion.proxy.ssh.connector import DeviceLink
from bastion.proxy.ssh.deliveries import DECISIONS, Deliveries
from bastion.proxy.ssh.desk import Desk
from bastion.proxy.ssh.desk_server import DeskServer
from bastion.proxy.ssh.device_files import DeviceFiles, over_sftp
from bastion.proxy.ssh.scp_device import ScpFiles
from bastion.proxy.taps import Traffic
from bastion.services.bundle import Services
from policies.model import Sas

SFTP: Final = "sftp"
KeepTask = Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"]


@dataclass(frozen=True, slots=True)
class DeskChannels:
    """One session's. `keep` keeps a task until it is done."""

    live: LiveSession
    link: DeviceLink
    services: Services
    keep: KeepTask

    def takes(self, end: TechnicianEnd) -> bool:
        """Whether this channel goes through the desk: files that are not free, and `scp -O` in any case."""
        grant = self.live.grant
        ways = ((FileRight.UPLOAD, grant.uploads), (FileRight.DOWNLOAD, grant.downloads))
        if end.asked.subsystem == SFTP:
            return any(sas is not Sas.FREE for right, sas in ways if right in grant.files)
        return end.asked.command is not None and scp_server.asked(end.asked.command) is not None

    async def serve(self, end: TechnicianEnd) -> None:
        """Serve SFTP, or `scp -O` if that is what he asked. Raises what keeps a channel from opening."""
        command = end.asked.command
        wanted = scp_server.asked(command) if command else None
        detail = SFTP if wanted is None else (command or "")
        work = desk_end.sftp(_client(end)) if wanted is None else scp_server.scp(wanted)
        number = self.live.allow(ChannelKind.SFTP, detail)
        try:
            self.live.carry(number, await self._relay(number, end, work, detail))
        except BaseException as problem:
            outcome = problem.code if isinstance(problem, BastionError) else type(problem).__name__
            self.live.channel_ended(number, outcome)
            raise

    async def deliver(self, tell: Callable[[str], None]) -> None:
        """Bring what is released later, until the session ends; `tell` puts a sentence before the technician."""
        deliveries = Deliveries(self.live, self.services.files, self.device, tell)
        hints = ((hint.topic, hint.key) async for hint in self.services.hints(DECISIONS))
        looking = self.keep(deliveries.run(hints), f"deliveries of {self.live.id}")
        await self.live.ended.wait()
        looking.cancel()

    async def device(self) -> DeviceFiles:
        """Open the way to the device's files: its SFTP server, or where there is none, its `scp`."""
        connection = await self.link.connected()
        try:
            found = await over_sftp(connection)
        except (OSError, asyncssh.Error) as error:
            raise DeviceUnreachable(repr(error), device=self.link.way.device) from error
        return found or ScpFiles(connection)

    async def _relay(self, number: int, end: TechnicianEnd, work: desk_end.Work, detail: str) -> Relay:
        live = self.live
        track = live.open_track(number, ChannelKind.SFTP, cols=0, rows=0, term="", command=detail, pty=False)
        desk = Desk(live, self.services.files, await self.device(), Ledger(track.file, live.note))
        server = DeskServer(desk)
        behind = desk_end.DeskEnd(work, server, self.keep)
        taps: list[Tap] = [Traffic(live.activity)]
        relay = Relay(end, behind, taps, live, terminal=False)
        server.tell, server.fault = behind.tell, relay.fail
        return relay


def _client(end: TechnicianEnd) -> str:
    """How the technician's program calls itself: OpenSSH swaps the two names of a symbolic link."""
    return str(end.channel.get_extra_info("client_version", "")) if end.channel is not None else ""
