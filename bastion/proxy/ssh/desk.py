"""A session's files on their way through the release desk: brought, taken, and delivered later (R-41 to R-44).

Nothing passes from one side to the other here but by way of the quarantine: what the technician brings lies there until
it is judged, what he takes is read from there. `desk_server` speaks SFTP to his client and `scp_server` the old SCP.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Final

import asyncssh
import structlog

from bastion.domain.device import FileRight
from bastion.domain.held_file import Direction, FileState, HeldFile
from bastion.domain.session import SessionState
from bastion.errors import BastionError, FileHeld
from bastion.proxy.files.ledger import Ledger
from bastion.proxy.files.rights import Refusal, missing
from bastion.proxy.files.run import Run, Window
from bastion.proxy.files.wire import LONGEST_PATH, text
from bastion.proxy.live_session import LiveSession
from bastion.proxy.ssh.device_files import DeviceFiles
from bastion.services.files import DEVICE_FAILED, TECHNICIAN_LEFT, Arrival, Files
from policies.model import Sas
from recordings.files import BEGUN, BROKEN_OFF, DONE, FileLine

HELD_IN: Final = (
    "The hospital's release desk holds this file ({ref}). Once somebody has released it, it goes to the device by "
    "itself, in this session or in your next one."
)
HELD_OUT: Final = (
    "The hospital's release desk holds this file ({ref}). Fetch it again under the same name once somebody has "
    "released it."
)
ELSEWHERE: Final = "on the device this path leads to another file now"
A_MOMENT: Final = 0.25
DEVICE_TROUBLES: Final = (asyncssh.Error, OSError, TimeoutError)

_log = structlog.get_logger(__name__)


class Refused(Exception):
    """The grant does not cover it; `refusal` has the words."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.why)
        self.refusal = refusal


@dataclass(eq=False, slots=True)
class Upload:
    """A file that is being brought; it goes to the device when it is closed and let through."""

    file: HeldFile
    arrival: Arrival
    path: bytes
    began: float
    append: bool = False
    mode: int | None = None
    times: tuple[int, int] | None = None
    spoiled: bool = False
    """Something of it could not be written here: however it is closed, it goes nowhere."""

    @contextmanager
    def whole(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.spoiled = True
            raise


@dataclass(eq=False, slots=True)
class Download:
    """A file that is being handed out; `reached` is how far it was read."""

    file: HeldFile
    content: BinaryIO
    taken: AsyncExitStack
    began: float
    run: Run = field(default_factory=lambda: Run(Window(), writes=False))
    reached: int = 0


class Desk:
    """What one channel does with files. `ledger` notes each of them in the recording and in the audit trail."""

    def __init__(self, live: LiveSession, files: Files, device: DeviceFiles, ledger: Ledger) -> None:
        self.live = live
        self.device = device
        self.ledger = ledger
        self._files = files
        self._open: set[Upload | Download] = set()

    @property
    def open_files(self) -> int:
        return len(self._open)

    @property
    def strict(self) -> bool:
        """Whether what is brought has to be looked at."""
        return self.live.grant.uploads is not Sas.FREE

    def require(self, needs: frozenset[FileRight], op: str, path: bytes, target: bytes = b"") -> None:
        """Refuse, and note it, unless the grant covers what is needed."""
        refusal = missing(needs, self.live.grant.files)
        if refusal is not None:
            self.turn_away(refusal, op, path, target)

    def turn_away(self, refusal: Refusal, op: str, path: bytes, target: bytes = b"") -> None:
        self.ledger.refused(refusal, op, text(path), text(target))
        raise Refused(refusal)

    # -- to the device -------------------------------------------------------------------------------------------------
    async def upload(self, path: bytes, *, keep: bool, append: bool = False, mode: int | None = None) -> Upload:
        """Begin to take a file. `keep`: it changes what the device has already, so that is looked at with it."""
        path = await self._canonical(path)
        began = time.monotonic()
        self.ledger.line(FileLine("put", Direction.IN, text(path), outcome=BEGUN))
        file, arrival = await self._arriving("put", Direction.IN, path, began)
        upload = Upload(file, arrival, path, began, append, mode)
        self._open.add(upload)
        if keep:
            try:
                await self.device.fetch(path, arrival.write)
            except asyncssh.SFTPNoSuchFile:
                pass
            except BaseException:
                await self.abandon(upload, DEVICE_FAILED)
                raise
        return upload

    async def brought(self, upload: Upload) -> None:
        """All of it is here: judge it; then deliver it, or raise `FileHeld`."""
        try:
            file = await self._files.arrived(self.live.record, upload.file, upload.arrival)
        except BastionError as problem:
            await self._lost(upload, problem.code, f"failed: {problem.public}")
            raise
        if file.stored_state is FileState.HELD:
            self._open.discard(upload)
            self._end("put", file, upload.began, f"held: {file.ref}", audited=False)
            raise FileHeld(file.id, sentence=HELD_IN, ref=file.ref)
        try:
            await self._put(file, upload.path, upload.mode)
        except (*DEVICE_TROUBLES, BastionError) as problem:
            await self._lost(upload, DEVICE_FAILED, f"failed: {_words(problem)}", file)
            raise
        self._open.discard(upload)
        self._end("put", file, upload.began, DONE)

    async def deliver(self, file: HeldFile, path: bytes) -> None:
        """Bring a file to the device that a person has released meanwhile. Whatever fails, it stays released."""
        began = time.monotonic()
        self.ledger.line(FileLine("put", Direction.IN, file.path, outcome=BEGUN))
        try:
            await self._put(file, path, None)
        except (*DEVICE_TROUBLES, BastionError) as problem:
            self._end("put", file, began, f"failed: {_words(problem)}")
            raise
        self._end("put", file, began, DONE)

    async def _put(self, file: HeldFile, path: bytes, mode: int | None) -> None:
        """Bring it to the very path it was let through for, and to nobody else before that is noted (T43)."""
        async with self._files.take(file) as content:

            async def piece(size: int) -> bytes:
                await self.thawed()
                return await asyncio.to_thread(content.read, size)

            await self.thawed()
            if await self._canonical(path) != path:
                raise asyncssh.SFTPFailure(ELSEWHERE)
            await self.device.put(path, piece, file.size, mode)
            await self._files.delivered(self.live.record, file)

    # -- from the device -----------------------------------------------------------------------------------------------
    async def download(self, path: bytes) -> Download:
        """Open a file: the copy a person released, once; else a new one, looked at first. Raises `FileHeld`."""
        path = await self._canonical(path)
        began = time.monotonic()
        self.ledger.line(FileLine("get", Direction.OUT, text(path), outcome=BEGUN))
        file = await self._files.fetched(self.live.record, text(path)) or await self._fetch(path, began)
        if file.stored_state is FileState.HELD:
            self._end("get", file, began, f"held: {file.ref}", audited=False)
            raise FileHeld(file.id, sentence=HELD_OUT, ref=file.ref)
        taken = AsyncExitStack()
        try:
            content = await taken.enter_async_context(self._files.take(file))
        except BastionError as problem:
            self._end("get", file, began, f"failed: {problem.public}")
            raise
        download = Download(file, content, taken, began)
        self._open.add(download)
        return download

    async def _fetch(self, path: bytes, began: float) -> HeldFile:
        file, arrival = await self._arriving("get", Direction.OUT, path, began)
        try:
            await self.device.fetch(path, arrival.write)
            return await self._files.arrived(self.live.record, file, arrival)
        except BaseException as problem:
            arrival.discard()
            why = problem.code if isinstance(problem, BastionError) else DEVICE_FAILED
            await self._files.broken(self.live.record, file, why)
            self._end("get", file, began, f"failed: {_words(problem)}")
            raise

    def read(self, download: Download, offset: int, size: int) -> bytes:
        """Hand out some of it."""
        download.content.seek(offset)
        data = download.content.read(size)
        if data:
            download.run.piece(offset, len(data))(data)
            download.reached = max(download.reached, offset + len(data))
        return data

    async def taken(self, download: Download) -> None:
        """The technician closes it: once it has been read to its end it is delivered, and gone."""
        whole = download.reached >= download.file.size
        self._open.discard(download)
        async with download.taken:  # nobody else gets it before that is noted
            if whole:
                await self._files.delivered(self.live.record, download.file)
            elif not download.file.decided_by:
                await self._files.broken(self.live.record, download.file, TECHNICIAN_LEFT)
        self._end_download(download, DONE if whole else BROKEN_OFF)

    # -- the end -------------------------------------------------------------------------------------------------------
    async def abandon(self, transfer: Upload | Download, why: str) -> None:
        """It breaks off in the middle: nothing of an upload stays; a person's release waits for the next time."""
        if isinstance(transfer, Download):
            await self.taken(transfer)
            return
        await self._lost(transfer, why, BROKEN_OFF)

    async def abandon_all(self) -> None:
        """The channel is over. Each file for itself: what cannot be noted of one must not keep the others open."""
        for transfer in list(self._open):
            try:
                await self.abandon(transfer, TECHNICIAN_LEFT)
            except Exception:  # noqa: BLE001 - each file for itself; it is in the log
                _log.exception("a file that broke off is not noted", file=transfer.file.id)
        self.ledger.broken_off("channel closed")
        self.device.close()

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def thawed(self) -> None:
        """While the session is frozen, nothing is done on the device."""
        while self.live.state is SessionState.FROZEN:  # noqa: ASYNC110 - nothing tells of a thaw
            await asyncio.sleep(A_MOMENT)

    async def _canonical(self, path: bytes) -> bytes:
        """Return one name for one file; a device that cannot say has the technician's."""
        try:
            found = await self.device.canonical(path)
        except asyncssh.SFTPError:
            return path
        return found if 0 < len(found) <= LONGEST_PATH and b"\0" not in found else path

    async def _arriving(self, op: str, direction: Direction, path: bytes, began: float) -> tuple[HeldFile, Arrival]:
        try:
            return await self._files.arriving(self.live.record, self.live.grant, direction, text(path))
        except BastionError as problem:
            seconds = time.monotonic() - began
            outcome = f"failed: {problem.public}"
            line = FileLine(op, direction, text(path), seconds=seconds, outcome=outcome)
            self.ledger.line(line)
            self.ledger.passed(line, problem.code)
            raise

    async def _lost(self, upload: Upload, why: str, outcome: str, file: HeldFile | None = None) -> None:
        self._open.discard(upload)
        size = upload.arrival.size
        upload.arrival.discard()
        await self._files.broken(self.live.record, upload.file, why)
        self._end("put", file or upload.file, upload.began, outcome, size=size)

    def _end(self, op: str, file: HeldFile, began: float, outcome: str, *, size: int = 0, audited: bool = True) -> None:
        line = FileLine(
            op, file.direction, file.path, "", file.size or size, file.sha256, "", time.monotonic() - began, outcome
        )
        self.ledger.line(line)
        if audited:
            self.ledger.passed(line, "")

    def _end_download(self, download: Download, outcome: str) -> None:
        digest, pieces = download.run.summary()
        seconds = time.monotonic() - download.began
        size = download.run.size
        line = FileLine("get", Direction.OUT, download.file.path, "", size, digest, pieces, seconds, outcome)
        self.ledger.line(line)
        self.ledger.passed(line, "")


def _words(problem: BaseException) -> str:
    """What a device, or the bastion, says about a trouble, on one line."""
    said = problem.reason if isinstance(problem, asyncssh.Error) else str(problem) or type(problem).__name__
    return text(said.encode("utf-8", "replace"))[:200]
