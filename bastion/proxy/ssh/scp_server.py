"""The old SCP protocol towards the technician (`scp -O`), over the same desk server as SFTP, both ways.

What fails is said for that file; the others go on. Names come from our own list of the device's, never as it sent them
(T44).
"""

import fnmatch
import posixpath
import shlex
import stat
from dataclasses import dataclass
from typing import Final

import asyncssh
from asyncssh import SFTPAttrs

from bastion.proxy.files import wire
from bastion.proxy.ssh import scp_wire
from bastion.proxy.ssh.desk import Download, Upload
from bastion.proxy.ssh.desk_end import DeskEnd, Work
from bastion.proxy.ssh.scp_wire import Head, ScpTrouble

DEEPEST: Final = 64
_CHUNK: Final = 256 * 1024
_WRITE: Final = wire.PF_WRITE | wire.PF_CREAT | wire.PF_TRUNC
_OPTIONS: Final = frozenset("dfprtv")
_MAGIC: Final = frozenset(b"*?[")


@dataclass(frozen=True, slots=True)
class Asked:
    """What `scp` asks of the other side: `source` sends, else it receives."""

    source: bool
    path: bytes
    recursive: bool = False
    preserve: bool = False
    folder: bool = False


def asked(command: str) -> Asked | None:
    """Read the command `scp -O` runs on the far side; `None` when it is another one, or not plainly this one."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if len(words) < 3 or words[0] != "scp":
        return None
    flags: set[str] = set()
    rest = words[1:]
    while rest and rest[0].startswith("-") and len(rest[0]) > 1:
        word = rest.pop(0)
        if word == "--":
            break
        flags |= set(word[1:])
    if len(rest) != 1 or flags - _OPTIONS or ("f" in flags) == ("t" in flags):
        return None
    path = rest[0].encode("utf-8", "surrogateescape")
    return Asked("f" in flags, path, "r" in flags, "p" in flags, "d" in flags)


def scp(wanted: Asked) -> Work:
    async def work(end: DeskEnd) -> int:
        serving = _Source(end, wanted) if wanted.source else _Sink(end, wanted)
        try:
            await serving.run()
        except (EOFError, ScpTrouble) as problem:
            if isinstance(problem, ScpTrouble):
                end.send(scp_wire.trouble(problem.words))
            return 1
        return serving.status

    return work


class _Side:
    def __init__(self, end: DeskEnd, wanted: Asked) -> None:
        self.status = 0
        self._end = end
        self._wanted = wanted
        self._server = end.server

    async def run(self) -> None:
        raise NotImplementedError

    def _fine(self) -> None:
        self._end.send(scp_wire.FINE)

    def _failed(self, words: str) -> None:
        self.status = 1
        self._end.send(scp_wire.trouble(words))

    async def _mode(self, path: bytes) -> int | None:
        """Return what there is under `path`: its kind and rights, or `None` for nothing."""
        try:
            found = await self._server.stat(path)
        except asyncssh.SFTPNoSuchFile:
            return None
        return stat.S_IFREG | 0o644 if found.permissions is None else found.permissions

    async def _answer(self) -> None:
        await scp_wire.answer(self._end.reader)


class _Sink(_Side):
    """`scp -t`: the technician sends."""

    async def run(self) -> None:
        mode = await self._mode(self._wanted.path)
        folder = mode is not None and stat.S_ISDIR(mode)
        if self._wanted.folder and not folder:
            self._failed("not a directory")
            return
        await self._receive(self._wanted.path, folder=folder, depth=0)

    async def _receive(self, target: bytes, *, folder: bool, depth: int) -> None:
        self._fine()
        times: tuple[int, int] | None = None
        while text := await scp_wire.line(self._end.reader):
            if text[:1] in {b"\1", b"\2"}:
                self.status = 1
                if text[:1] == b"\2":
                    return
            elif text == b"E":
                self._fine()
                return
            elif text[:1] == b"T":
                times = scp_wire.times(text)
                self._fine()
            else:
                head = scp_wire.head(text)
                path = posixpath.join(target, head.name) if folder else target
                await self._one(head, path, times, depth)
                times = None

    async def _one(self, head: Head, path: bytes, times: tuple[int, int] | None, depth: int) -> None:
        try:
            if head.folder:
                await self._folder(head, path, depth)
            else:
                await self._file(head, path, times)
        except asyncssh.SFTPError as problem:
            self._failed(problem.reason)
        except ScpTrouble as problem:
            if problem.fatal:
                raise
            self.status = 1
            self._fine()

    async def _folder(self, head: Head, path: bytes, depth: int) -> None:
        if not self._wanted.recursive or depth >= DEEPEST:
            raise ScpTrouble("a folder, where none may come", fatal=True)
        if await self._mode(path) is None:
            await self._server.mkdir(path, SFTPAttrs(permissions=head.mode))
        await self._receive(path, folder=True, depth=depth + 1)

    async def _file(self, head: Head, path: bytes, times: tuple[int, int] | None) -> None:
        upload = await self._server.open(path, _WRITE, SFTPAttrs(permissions=head.mode))
        self._fine()
        try:
            await self._content(upload, head.size)
        except BaseException:
            if isinstance(upload, Upload):
                upload.spoiled = True
                await self._give_up(upload)
            raise
        if times is not None and self._wanted.preserve:
            await self._server.fsetstat(upload, SFTPAttrs(atime=times[0], mtime=times[1]))
        await self._server.close(upload)
        self._fine()

    async def _give_up(self, upload: Upload) -> None:
        """Nothing of it goes anywhere; what went wrong first is what is said."""
        try:
            await self._server.close(upload)
        except asyncssh.SFTPError:
            self.status = 1

    async def _content(self, upload: object, size: int) -> None:
        """Take all of it, also what can no longer be kept: the next line stands behind it."""
        at = 0
        trouble: asyncssh.SFTPError | None = None
        while at < size:
            data = await self._end.reader.read(min(_CHUNK, size - at))
            if not data:
                raise EOFError("broken off")
            if trouble is None:
                try:
                    await self._server.write(upload, at, data)
                except asyncssh.SFTPError as problem:
                    trouble = problem
            at += len(data)
        await self._answer()
        if trouble is not None:
            raise trouble


class _Source(_Side):
    """`scp -f`: the technician fetches."""

    async def run(self) -> None:
        await self._answer()
        for path in await self._matching(self._wanted.path):
            await self._one(path, depth=0)

    async def _matching(self, pattern: bytes) -> list[bytes]:
        """Do what the shell of a device would do with `*.log`."""
        folder, name = posixpath.split(pattern)
        if not _MAGIC & set(name) or await self._mode(pattern) is not None:
            return [pattern]
        try:
            names = [entry.filename async for entry in self._server.scandir(folder or b".")]
        except asyncssh.SFTPError:
            return [pattern]
        known = sorted(one for one in names if isinstance(one, bytes) and not one.startswith(b"."))
        found = [one for one in known if fnmatch.fnmatchcase(one, name)]
        return [posixpath.join(folder, one) for one in found] or [pattern]

    async def _one(self, path: bytes, depth: int) -> None:
        try:
            found = await self._server.stat(path)
            mode = stat.S_IFREG | 0o644 if found.permissions is None else found.permissions
            if self._wanted.preserve and found.mtime is not None:
                self._end.send(b"T%d 0 %d 0\n" % (found.mtime, found.atime or found.mtime))
                await self._answer()
            if stat.S_ISDIR(mode):
                await self._folder(path, mode, depth)
            else:
                await self._file(path, mode)
        except asyncssh.SFTPError as problem:
            self._failed(problem.reason)
        except ScpTrouble as problem:
            self.status = 1
            if problem.fatal:
                raise EOFError(problem.words) from problem

    async def _folder(self, path: bytes, mode: int, depth: int) -> None:
        if not self._wanted.recursive or depth >= DEEPEST:
            raise asyncssh.SFTPFailure("not a regular file")
        names = [entry.filename async for entry in self._server.scandir(path)]
        self._end.send(scp_wire.head_line("D", mode, 0, _last(path)))
        await self._answer()
        for name in names:
            if isinstance(name, bytes) and name not in {b".", b".."}:
                await self._one(posixpath.join(path, name), depth + 1)
        self._end.send(b"E\n")
        await self._answer()

    async def _file(self, path: bytes, mode: int) -> None:
        download = await self._server.open(path, wire.PF_READ, SFTPAttrs())
        try:
            size = (await self._server.fstat(download)).size or 0
            self._end.send(scp_wire.head_line("C", mode, size, _last(path)))
            await self._answer()
            await self._content(download, size)
            self._fine()
            await self._answer()
        finally:
            if isinstance(download, Download):
                await self._server.close(download)

    async def _content(self, download: object, size: int) -> None:
        at = 0
        while at < size:
            await self._end.may_write.wait()
            data = await self._server.read(download, at, min(_CHUNK, size - at))
            if not data:
                raise EOFError("the copy is shorter than it was")
            self._end.send(data)
            at += len(data)


def _last(path: bytes) -> bytes:
    return posixpath.basename(path.rstrip(b"/")) or b"files"
