"""What the connection of a session to its device can do, whatever the device speaks."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from bastion.domain.session_effects import Audit
from bastion.proxy.frames import End
from bastion.proxy.ssh.channels import Asked
from bastion.proxy.ssh.ways import Way
from bastion.services.views import DeviceCredential

KeepTask = Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"]


class Link(Protocol):
    """The connection of one session. It may be dialled before the session is open, and logs in when `admit`ted."""

    way: Way

    def dial(self, task: KeepTask) -> None:
        """Begin to connect, if that can be done ahead of time; `task` keeps what runs."""

    def admit(self, credential: DeviceCredential, note: Callable[[Audit], None], lost: Callable[[str], None]) -> None:
        """The session is open: log in. `note` takes facts for the audit chain, `lost` is told when the device goes."""

    async def open_channel(self, asked: Asked) -> End:
        """Open what was asked for, or raise why it cannot be had."""

    def close(self) -> None:
        """End it, however far it has come. Synchronous."""
