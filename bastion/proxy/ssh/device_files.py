"""A device's files as the release desk needs them: fetched and put whole, and all else passed on.

`SftpFiles` speaks to the device's SFTP server; `ScpFiles` (in `scp_device.py`) is for devices that have none. What a
device says is not believed: its names are filtered (T44), its sizes are looked at again, and it may take only so long.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Protocol

import asyncssh
from asyncssh import SFTPAttrs, SFTPClient, SFTPName

from bastion.errors import DeviceUnreachable
from bastion.proxy.files.wire import escapes

PIECE: Final = 4 * 1024 * 1024
PATIENCE: Final = 60.0
"""Seconds for a device to answer; the same for each piece of a file."""
MOST_LISTED: Final = 64 * 1024 * 1024
"""Bytes that the names of one folder take at most."""

Piece = Callable[[int, bytes], None]
"""Takes the bytes that belong at an offset."""
Content = Callable[[int], Awaitable[bytes]]
"""Gives the next bytes of a file, so many at most; none at its end."""


class DeviceFiles(Protocol):
    """Paths are the device's own bytes. Everything raises `asyncssh.SFTPError` with the device's own words."""

    async def canonical(self, path: bytes) -> bytes:
        """One name for one file, as far as the device can tell."""

    async def stat(self, path: bytes, *, follow: bool = True) -> SFTPAttrs: ...

    async def fetch(self, path: bytes, piece: Piece) -> None:
        """Read a file from front to back. What `piece` raises ends it."""

    async def put(self, path: bytes, content: Content, size: int, mode: int | None) -> None:
        """Write a file whole and look whether all of it is there."""

    def names(self, path: bytes) -> AsyncIterator[SFTPName]: ...

    async def client(self) -> SFTPClient:
        """What else can be asked. Raises `NotThere` where there is no SFTP server."""

    def close(self) -> None: ...


class Room:
    """Memory for the names of all folders that are being listed, by whomever: devices may send as many as they like."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, size: int) -> None:
        if size > self.left:
            raise asyncssh.SFTPFailure("too many names at once")
        self.left -= size

    def give(self, size: int) -> None:
        self.left += size


LISTINGS: Final = Room(8 * MOST_LISTED)


def room(name: SFTPName) -> int:
    """Return how much memory a name takes, about."""
    return 500 + len(name.filename)


class NotThere(asyncssh.SFTPOpUnsupported):
    """The device has no server that could do this. `sentence` is ours and tells the technician so."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class HarmfulName(asyncssh.SFTPFailure):
    """The device sent a name that could make a client write elsewhere (T44)."""

    def __init__(self) -> None:
        super().__init__("harmful name")


class SftpFiles:
    def __init__(self, client: SFTPClient) -> None:
        self._client = client

    async def canonical(self, path: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE):
            found = await self._client.realpath(path)
        if not isinstance(found, bytes):
            raise asyncssh.SFTPBadMessage("no path")
        return found

    async def stat(self, path: bytes, *, follow: bool = True) -> SFTPAttrs:
        async with asyncio.timeout(PATIENCE):
            return await (self._client.stat(path) if follow else self._client.lstat(path))

    async def fetch(self, path: bytes, piece: Piece) -> None:
        """The device's word on the size is not asked: it ends where there is nothing more to read."""
        async with asyncio.timeout(PATIENCE):
            file = await self._client.open(path, "rb", encoding=None)
        try:
            at = 0
            while True:
                async with asyncio.timeout(PATIENCE):
                    data = await file.read(PIECE, at)
                if not data:
                    return
                piece(at, _raw(data))
                at += len(data)
        finally:
            await self._shut(file)

    async def put(self, path: bytes, content: Content, size: int, mode: int | None) -> None:
        attrs = SFTPAttrs() if mode is None else SFTPAttrs(permissions=mode)
        async with asyncio.timeout(PATIENCE):
            file = await self._client.open(path, "wb", attrs, encoding=None)
        try:
            at = 0
            while data := await content(PIECE):
                async with asyncio.timeout(PATIENCE):
                    await file.write(data, at)
                at += len(data)
        except BaseException:
            await self._shut(file)
            raise
        async with asyncio.timeout(PATIENCE):
            await file.close()
        await require_size(self, path, size)

    async def names(self, path: bytes) -> AsyncIterator[SFTPName]:
        left = Room(MOST_LISTED)
        async for name in self._client.scandir(path):
            raw = _raw(name.filename)
            if escapes(raw):
                raise HarmfulName
            name.attrs.extended = []  # whatever that may be
            listed = SFTPName(raw, b"", name.attrs)
            left.take(room(listed))
            yield listed

    async def client(self) -> SFTPClient:
        return self._client

    def close(self) -> None:
        self._client.exit()

    async def _shut(self, file: asyncssh.SFTPClientFile) -> None:
        """Give the handle back; a device that does not answer to that either keeps it."""
        try:
            async with asyncio.timeout(PATIENCE):
                await file.close()
        except (asyncssh.Error, OSError):
            self._client.exit()


async def require_size(files: DeviceFiles, path: bytes, size: int) -> None:
    """Look whether the device has as much as it was given."""
    there = (await files.stat(path)).size
    if there != size:
        raise asyncssh.SFTPFailure(f"the device has {there} bytes of {size}")


async def over_sftp(connection: asyncssh.SSHClientConnection) -> SftpFiles | None:
    """Ask for the device's SFTP server; `None` when it has none."""
    try:
        async with asyncio.timeout(PATIENCE):
            return SftpFiles(await connection.start_sftp_client(path_encoding=None))
    except asyncssh.ChannelOpenError:
        return None
    except asyncssh.SFTPError:
        return None  # a server that takes the subsystem and then says nothing we understand, or just goes
    except (OSError, asyncssh.Error) as error:
        raise DeviceUnreachable(repr(error), device="") from error


def _raw(name: bytes | str) -> bytes:
    return name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
