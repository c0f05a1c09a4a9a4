"""Files of a device without an SFTP server, over the old SCP protocol: a command on the device for each."""

import asyncio
import posixpath
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import asyncssh
from asyncssh import SFTPAttrs, SFTPClient, SFTPName

from bastion.proxy.ssh import scp_wire
from bastion.proxy.ssh.channels import PACKET, WINDOW
from bastion.proxy.ssh.device_files import PATIENCE, Content, NotThere, Piece, require_size

NO_SFTP: Final = "This device has no SFTP server, so only whole files can be sent and fetched."
NO_FILES: Final = "This device transfers no files: it has neither an SFTP server nor scp. Work on it in a terminal."
_FOLDER: Final = 0o040755
_FILE: Final = 0o100000
_NO_FILE: Final = ("not a regular file", "is a directory")
_CHUNK: Final = 256 * 1024


class ScpFiles:
    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        self._connection = connection

    async def canonical(self, path: bytes) -> bytes:
        """Nobody to ask: the text alone tells."""
        return posixpath.normpath(path) if path else b"."

    async def stat(self, path: bytes, *, follow: bool = True) -> SFTPAttrs:
        """What `scp -f` says before it sends anything. It has no word for a folder but that it is no file."""
        del follow
        if path in {b".", b"/", b""}:
            return SFTPAttrs(permissions=_FOLDER, size=0)
        try:
            async with self._running(b"-f", path) as (reader, writer):
                found = await self._head(reader, writer)
        except asyncssh.SFTPFailure as error:
            if any(words in error.reason.lower() for words in _NO_FILE):
                return SFTPAttrs(permissions=_FOLDER, size=0)
            raise
        return SFTPAttrs(permissions=_FILE | found.mode, size=found.size)

    async def fetch(self, path: bytes, piece: Piece) -> None:
        async with self._running(b"-f", path) as (reader, writer):
            found = await self._head(reader, writer)
            writer.write(scp_wire.FINE)
            at = 0
            while at < found.size:
                async with asyncio.timeout(PATIENCE):
                    data = await reader.read(min(_CHUNK, found.size - at))
                if not data:
                    raise asyncssh.SFTPConnectionLost("the device broke off")
                piece(at, data)
                at += len(data)
            async with asyncio.timeout(PATIENCE):
                await scp_wire.answer(reader)
            writer.write(scp_wire.FINE)

    async def put(self, path: bytes, content: Content, size: int, mode: int | None) -> None:
        async with self._running(b"-t", path) as (reader, writer):
            await self._begun(reader)
            name = posixpath.basename(path) or b"file"
            writer.write(scp_wire.head_line("C", 0o644 if mode is None else mode, size, name))
            await self._answered(reader)
            while data := await content(_CHUNK):
                writer.write(data)
                async with asyncio.timeout(PATIENCE):
                    await writer.drain()
            writer.write(scp_wire.FINE)
            await self._answered(reader)
            writer.write_eof()
        await require_size(self, path, size)

    async def names(self, path: bytes) -> AsyncIterator[SFTPName]:
        """SCP does not list; there is nothing to give out."""
        for name in await self._listed(path):
            yield name

    async def _listed(self, path: bytes) -> list[SFTPName]:
        del path
        raise await self._lack()

    async def client(self) -> SFTPClient:
        raise await self._lack()

    def close(self) -> None:
        """Each command has had a channel of its own."""

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _lack(self) -> NotThere:
        """What the device is without: an `scp` that has anything to say to us is one."""
        try:
            async with self._running(b"-f", b".") as (reader, writer):
                await self._head(reader, writer)
        except NotThere as lack:
            return lack
        except (asyncssh.Error, OSError):
            return NotThere(NO_SFTP)
        return NotThere(NO_SFTP)

    @asynccontextmanager
    async def _running(self, way: bytes, path: bytes) -> AsyncIterator[tuple[Any, Any]]:
        """Run `scp` on the device; the path is one word for its shell, and never an option."""
        word = b"./" + path if path.startswith(b"-") else path
        quoted = shlex.quote(word.decode("latin-1")).encode("latin-1")
        async with asyncio.timeout(PATIENCE):
            writer, reader, _ = await self._connection.open_session(
                b"scp " + way + b" " + quoted, env=None, send_env=None, encoding=None, window=WINDOW,
                max_pktsize=PACKET, x11_forwarding=False,
            )  # fmt: skip
        try:
            yield reader, writer
        except scp_wire.ScpTrouble as error:
            raise _as_sftp(error) from error
        except EOFError as error:
            raise asyncssh.SFTPConnectionLost("the device broke off") from error
        finally:
            writer.channel.abort()

    async def _head(self, reader: Any, writer: Any) -> scp_wire.Head:
        with suppress(BrokenPipeError):  # it is gone already; what it said before that is read
            writer.write(scp_wire.FINE)
        async with asyncio.timeout(PATIENCE):
            text = await scp_wire.line(reader)
        if not text:
            raise NotThere(NO_FILES)
        if text[:1] in {b"\1", b"\2"}:
            raise scp_wire.ScpTrouble(scp_wire.shown(text[1:]))
        found = scp_wire.head(text)
        if found.folder:
            raise scp_wire.ScpTrouble("not a regular file")
        return found

    async def _begun(self, reader: Any) -> None:
        try:
            await self._answered(reader)
        except EOFError as error:
            raise NotThere(NO_FILES) from error

    async def _answered(self, reader: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            await scp_wire.answer(reader)


def _as_sftp(error: scp_wire.ScpTrouble) -> asyncssh.SFTPError:
    words = error.words.lower()
    if "no such file" in words:
        return asyncssh.SFTPNoSuchFile(error.words)
    if "permission denied" in words:
        return asyncssh.SFTPPermissionDenied(error.words)
    return asyncssh.SFTPFailure(error.words)
