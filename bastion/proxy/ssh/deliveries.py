"""Brings to the device what a person has released meanwhile, and tells the technician what was decided (R-41).

A hint only says that something changed; what is to be delivered stands in the records, so what was released while
nobody was here is found as well when the next session begins.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import structlog

from bastion.domain.device import ChannelKind, FileRight
from bastion.domain.held_file import Direction, FileState, HeldFile
from bastion.domain.session import SessionState
from bastion.domain.session_events import RecordingFailed
from bastion.errors import BastionError, IllegalTransition, NotFound
from bastion.i18n import translator
from bastion.proxy.files.ledger import Ledger
from bastion.proxy.live_session import LiveSession
from bastion.proxy.notices import plain
from bastion.proxy.ssh.desk import DEVICE_TROUBLES, Desk
from bastion.proxy.ssh.device_files import DeviceFiles
from bastion.services.files import Files
from recordings.model import RecordingError

EVERYTHING: Final = "*"
"""The topic that says: read everything again."""
DECISIONS: Final = "held_file"
"""The topic that says: somebody decided on a held file."""
A_MOMENT: Final = 0.5
COMMAND: Final = "release desk"
"""What the recording calls the channel over which a released file is delivered."""
DELIVERED: Final = "The release desk has delivered {name} ({ref}) to the device."
RELEASED: Final = "{who} has released {name} ({ref}). Fetch it again under the same name."
RELEASED_ELSEWHERE: Final = (
    "{who} has released {name} ({ref}), which comes from another device. Fetch it there again under the same name."
)
REFUSED: Final = "{who} has refused {name} ({ref}): {why}"
DELIVERED_ELSEWHERE: Final = "The release desk has delivered {name} ({ref}) to another device."
NOT_DELIVERED: Final = "{name} ({ref}) is released, but the device does not take it. It is tried again next time."
_SPELLED: Final = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([\\tnr]))")
_PLAIN: Final = {"\\": b"\\", "t": b"\t", "n": b"\n", "r": b"\r"}

_log = structlog.get_logger(__name__)


class Deliveries:
    """One session's. `device` opens the way to the device's files, `tell` puts a sentence before the technician."""

    def __init__(
        self, live: LiveSession, files: Files, device: Callable[[], Awaitable[DeviceFiles]],
        tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._live = live
        self._files = files
        self._device = device
        self._tell = tell
        self._say = translator(live.words.language)
        self._told: set[tuple[str, str]] = set()

    async def run(self, hints: AsyncIterator[tuple[str, str]]) -> None:
        """Look after each hint (topic, key) until the session ends; the first one says to look at everything."""
        async for topic, key in hints:
            if self._live.ended.is_set():
                return
            if topic == EVERYTHING or (topic == DECISIONS and await self._decided_for_him(key)):
                await self.look()

    async def look(self) -> None:
        """Deliver what waits, if this session may bring files; while it is frozen, nothing moves.

        Another session of his on this device may be at it already: that one leaves its marks then, and this one none.
        """
        grant, live = self._live.grant, self._live
        if ChannelKind.SFTP not in grant.channels or FileRight.UPLOAD not in grant.files:
            return
        waiting = await self._files.waiting_for(live.record)
        while waiting and live.state is SessionState.FROZEN:  # noqa: ASYNC110 - nothing tells of a thaw
            await asyncio.sleep(A_MOMENT)
        with self._files.carrying(waiting) as mine:
            still = [file for file in await self._files.waiting_for(live.record) if file.id in mine] if mine else []
            if still and live.state is SessionState.ACTIVE:
                await self._deliver(still)

    async def _deliver(self, waiting: list[HeldFile]) -> None:
        live = self._live
        try:
            number = live.allow(ChannelKind.SFTP, COMMAND)
        except BastionError:  # ended, or frozen, this very moment: the next look finds it
            return
        outcome = "failed"
        try:
            track = live.open_track(number, ChannelKind.SFTP, cols=0, rows=0, term="", command=COMMAND, pty=False)
            device = await self._device()
            try:
                desk = Desk(live, self._files, device, Ledger(track.file, live.note))
                for file in waiting:
                    await self._one(desk, file)
            finally:
                device.close()
            outcome = "closed"
        except RecordingError as error:  # nothing is done on a device that is not recorded, nor by us
            live.feed(RecordingFailed(str(error)))
        except (*DEVICE_TROUBLES, BastionError) as problem:
            _log.warning("released files are not delivered", session=live.id, why=repr(problem))
        finally:
            live.channel_ended(number, outcome)

    async def _one(self, desk: Desk, file: HeldFile) -> None:
        try:
            await desk.deliver(file, raw(file.path))
        except (*DEVICE_TROUBLES, BastionError) as problem:
            _log.warning("a released file is not delivered", file=file.id, why=repr(problem))
            if not isinstance(problem, IllegalTransition):  # it ran out this moment, and is nothing to try again
                self._once(file, NOT_DELIVERED)
            return
        self._once(file, DELIVERED)

    async def _decided_for_him(self, key: str) -> bool:
        """Tell him what a person has decided; True if there is something to deliver. Most hints are about others."""
        try:
            file = await self._files.get(key)
        except NotFound:
            return False
        if file.technician_id != self._live.record.technician_id or not file.decided_by:
            return False
        here = file.device_id == self._live.record.device_id
        if file.stored_state is FileState.REFUSED:
            self._once(file, REFUSED)
        elif file.stored_state is FileState.RELEASED and file.direction is Direction.OUT:
            self._once(file, RELEASED if here else RELEASED_ELSEWHERE)
        elif file.stored_state is FileState.DELIVERED and file.direction is Direction.IN:
            self._once(file, DELIVERED if here else DELIVERED_ELSEWHERE)
        return file.stored_state is FileState.RELEASED and file.direction is Direction.IN

    def _once(self, file: HeldFile, sentence: str) -> None:
        if (file.id, sentence) not in self._told:
            self._told.add((file.id, sentence))
            self._tell(self._words(file, sentence))

    def _words(self, file: HeldFile, sentence: str) -> str:
        return plain(self._say(sentence).format(name=file.name, ref=file.ref, who=file.decided_by, why=file.note))


def raw(path: str) -> bytes:
    r"""Return the bytes that `wire.text` spelled: `\xff`, `\u202e`, `\n`, `\\`."""
    parts, at = [], 0
    for found in _SPELLED.finditer(path):
        parts += [path[at : found.start()].encode(), _meant(found)]
        at = found.end()
    return b"".join([*parts, path[at:].encode()])


def _meant(found: re.Match[str]) -> bytes:
    byte, short, long, plain = found.groups()
    if byte:
        return bytes([int(byte, 16)])
    return _PLAIN[plain] if plain else chr(int(short or long, 16)).encode()
