"""The release desk as the device's end of a channel: what the relay gives it a server reads, what it answers goes back.

So a file channel through the desk is carried like any other: it freezes, ends and slows down with the session.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import asyncssh
import structlog
from asyncssh.logging import SSHLogger, logger
from asyncssh.packet import SSHPacket, String, UInt64
from asyncssh.sftp import SFTPServerHandler

from bastion.proxy.files import wire
from bastion.proxy.files.rights import TOO_MANY_FILES
from bastion.proxy.frames import Data, Eof, Exit, Frame, Sink, Stream
from bastion.proxy.ssh.desk_server import DeskServer

LIMIT: Final = 256 * 1024
"""Bytes of the technician's that wait here; twice as many, and he waits."""
SFTP_VERSION: Final = 3
MOST_FOLDERS: Final = 16
"""Folders a channel may have open at once: the names of each are kept until they are asked for."""
_OFFERED: Final = (
    (b"posix-rename@openssh.com", b"1"), (b"hardlink@openssh.com", b"1"), (b"fsync@openssh.com", b"1"),
    (b"lsetstat@openssh.com", b"1"), (b"limits@openssh.com", b"1"), (b"statvfs@openssh.com", b"2"),
)  # fmt: skip
_NOT_OFFERED: Final = frozenset({b"copy-data", b"ranges@asyncssh.com", b"fstatvfs@openssh.com"})

_log = structlog.get_logger(__name__)
Work = Callable[["DeskEnd"], Awaitable[int]]
"""Serves until the technician has had enough; returns the exit status he is told."""
KeepTask = Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"]


class DeskEnd:
    """An `End`. `work` is the server behind it; it begins when somebody listens, and `close` ends it wherever it is."""

    def __init__(self, work: Work, server: DeskServer, keep: KeepTask) -> None:
        self.reader = _Reader(self)
        self.may_write = asyncio.Event()
        self.may_write.set()
        self._work = work
        self.server = server
        self._keep = keep
        self._sink: Sink | None = None
        self._late: list[Frame] = []
        self._task: asyncio.Task[Any] | None = None
        self._over = False

    # -- the End -------------------------------------------------------------------------------------------------------
    def attach(self, sink: Sink) -> None:
        self._sink = sink
        if not self._over:
            self._task = self._keep(self._serve(), "release desk")

    def write(self, frame: Frame) -> None:
        if self._over:
            return
        if isinstance(frame, Data):
            self.reader.feed_data(bytes(frame.data))
        elif isinstance(frame, Eof):
            self.reader.feed_eof()

    def pause(self) -> None:
        self.may_write.clear()

    def resume(self) -> None:
        late, self._late = self._late, []
        self.may_write.set()
        for frame in late:
            self._emit(frame)

    def close(self) -> None:
        if self._over:
            return
        self._over = True
        self.server.broken = True
        if self._task is not None:
            self._task.cancel()
        self._keep(self.server.exit(), "release desk put in order")

    # -- for the server ------------------------------------------------------------------------------------------------
    def send(self, data: bytes, stream: Stream = Stream.OUT) -> None:
        self._emit(Data(data, stream))

    def tell(self, sentence: str) -> None:
        """Say something beside the protocol: OpenSSH and PuTTY show it, the others leave it alone."""
        self.send(f"{sentence}\n".encode(), Stream.ERR)

    def hold(self, *, on: bool) -> None:
        if self._sink is not None:
            self._sink.hold() if on else self._sink.release()

    def _emit(self, frame: Frame) -> None:
        if self._over or self._sink is None:
            return
        if self.may_write.is_set():
            self._sink.deliver(frame)
        else:
            self._late.append(frame)

    async def _serve(self) -> None:
        status = 1
        try:
            status = await self._work(self)
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - the channel ends by it; it is in the log
            _log.exception("the release desk failed")
        finally:
            self.server.broken = True
        await self.may_write.wait()
        self._emit(Eof())
        self._emit(Exit(status))
        self._over = True
        await self.server.exit()
        if self._sink is not None:
            self._sink.ended("closed by the device")


class _Reader(asyncio.StreamReader):
    """What a server reads from. It gives nothing out while answers wait, so that they never pile up."""

    def __init__(self, end: DeskEnd) -> None:
        super().__init__(limit=LIMIT)
        self._end = end
        self.set_transport(_Valve(end))  # type: ignore[arg-type]
        self.logger: SSHLogger = logger

    async def readexactly(self, n: int) -> bytes:
        await self._end.may_write.wait()
        try:
            return await super().readexactly(n)
        except asyncio.IncompleteReadError:
            self._end.server.broken = True
            raise

    async def read(self, n: int = -1) -> bytes:
        await self._end.may_write.wait()
        data = await super().read(n)
        if not data:
            self._end.server.broken = True
        return data


class _Valve:
    """What `StreamReader` takes for its transport: full and empty again."""

    def __init__(self, end: DeskEnd) -> None:
        self._end = end

    def pause_reading(self) -> None:
        self._end.hold(on=True)

    def resume_reading(self) -> None:
        self._end.hold(on=False)


# -- SFTP --------------------------------------------------------------------------------------------------------------
class _Handler(SFTPServerHandler):
    """asyncssh's server of SFTP packets, without what no grant covers (T43)."""

    _extensions = list(_OFFERED)  # noqa: RUF012 - the base class has both so

    async def _open_folder(self, packet: SSHPacket) -> bytes:
        if len(self._dir_handles) >= MOST_FOLDERS:
            raise asyncssh.SFTPFailure(TOO_MANY_FILES.sentence)
        return await self._process_opendir(packet)

    async def _write_content(self, packet: SSHPacket) -> int:
        """Leave aside what stands behind the content: Go's client sends its whole buffer (rclone 1.60 for one)."""
        handle, offset, content = packet.get_string(), packet.get_uint64(), packet.get_string()
        packet.get_remaining_payload()
        return await self._process_write(SSHPacket(String(handle) + UInt64(offset) + String(content)))

    _opendir: Any = _open_folder
    _write: Any = _write_content
    _packet_handlers = {
        kind: handler
        for kind, handler in SFTPServerHandler._packet_handlers.items()  # noqa: SLF001 - nothing public lists them
        if kind not in _NOT_OFFERED
    } | {wire.OPENDIR: _opendir, wire.WRITE: _write}

    async def _cleanup(self, exc: Exception | None) -> None:
        """It is over, for whatever reason: the base class closes what the client has not closed."""
        if isinstance(self._server, DeskServer):
            self._server.broken = True
        await super()._cleanup(exc)


class _Ear:
    """An asyncssh reader over ours."""

    def __init__(self, end: DeskEnd, client: str) -> None:
        self.readexactly = end.reader.readexactly
        self.logger = logger
        self._client = client

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._client if name == "client_version" else default


class _Mouth:
    """An asyncssh writer over ours; it is its own channel, which never closes by itself."""

    def __init__(self, end: DeskEnd) -> None:
        self.write = end.send
        self.channel = self

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """The end says when it is over."""


def sftp(client: str) -> Work:
    """Serve SFTP; `client` is how the technician's program calls itself."""

    async def work(end: DeskEnd) -> int:
        ear: Any = _Ear(end, client)
        mouth: Any = _Mouth(end)
        await _Handler(end.server, ear, mouth, SFTP_VERSION).run()
        return 0

    return work
