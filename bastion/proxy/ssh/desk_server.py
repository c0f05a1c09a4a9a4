"""The SFTP server a technician's client talks to when his files go through the release desk.

Every operation asks the same table of rights as the gate does; no path of his is ever one of ours (T42). Uploads and
downloads go through `desk`, all else to the device's own SFTP server. It serves one request after the other.
"""

# ruff: noqa: ARG002 - the signatures are asyncssh's

import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import asyncssh
from asyncssh import SFTPAttrs, SFTPName, SFTPServer

from bastion.domain.device import FileRight
from bastion.errors import BastionError, NoRoom
from bastion.i18n import sentence, translator
from bastion.proxy.files import wire
from bastion.proxy.files.rights import (
    EXTENSIONS,
    HARMFUL_NAMES,
    NOT_OPEN,
    RULES,
    TOO_LONG,
    TOO_MANY_FILES,
    UNSUPPORTED,
    ZERO_BYTE,
    Refusal,
    ways,
)
from bastion.proxy.files.wire import text
from bastion.proxy.ssh.desk import DEVICE_TROUBLES, Desk, Download, Refused, Upload
from bastion.proxy.ssh.device_files import LISTINGS, HarmfulName, NotThere, room
from bastion.services.files import DEVICE_FAILED, TECHNICIAN_LEFT

MOST_OPEN: Final = 64
LONGEST_READ: Final = 256 * 1024
FAILED: Final = "The device did not do this: {why}"
SILENT: Final = "The device did not answer in time."
POSIX_RENAME, HARDLINK, STATVFS = b"posix-rename@openssh.com", b"hardlink@openssh.com", b"statvfs@openssh.com"

R = TypeVar("R")
_KNOWN: Final = (
    asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied, asyncssh.SFTPOpUnsupported, asyncssh.SFTPEOFError,
)  # fmt: skip
_CODES: Final = {wire.PERMISSION_DENIED: asyncssh.SFTPPermissionDenied, wire.OP_UNSUPPORTED: asyncssh.SFTPOpUnsupported}


class DeskServer(SFTPServer):
    """`tell` puts a sentence before the technician; `fault` is told what must end the channel, or the session."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._language = desk.live.words.language
        self.tell: Callable[[str], None] = lambda _said: None
        self.fault: Callable[[Exception], None] = lambda _error: None
        self._told: set[str] = set()
        self.broken = False
        """The technician's client is gone: what is closed now was not closed by him."""

    # -- files ---------------------------------------------------------------------------------------------------------
    async def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> object:
        return await self._answer(self._open(path, pflags, attrs))

    async def _open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> Upload | Download:
        how = ways(pflags)
        if how is None:
            raise self._refusal(UNSUPPORTED)
        reads, writes = how
        op = "put" if writes else "get"
        self._sound(op, path)
        needs = {FileRight.UPLOAD: writes, FileRight.DOWNLOAD: reads}
        self._desk.require(frozenset(right for right, needed in needs.items() if needed), op, path)
        if self._desk.open_files >= MOST_OPEN:
            self._desk.turn_away(TOO_MANY_FILES, op, path)
        if not writes:
            return await self._desk.download(path)
        exists = await self._exists(path)
        if exists and pflags & wire.PF_EXCL:
            raise asyncssh.SFTPFailure("file exists")
        if not exists and not pflags & wire.PF_CREAT:
            raise asyncssh.SFTPNoSuchFile("no such file")
        mode = None if attrs.permissions is None else stat.S_IMODE(attrs.permissions)
        keep = exists and not pflags & wire.PF_TRUNC
        return await self._desk.upload(path, keep=keep, append=bool(pflags & wire.PF_APPEND), mode=mode)

    async def _exists(self, path: bytes) -> bool:
        try:
            found = await self._desk.device.stat(path)
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return False
        if found.permissions is not None and stat.S_ISDIR(found.permissions):
            raise asyncssh.SFTPFailure("is a directory")
        return True

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        async def read() -> bytes:
            if not isinstance(file_obj, Download):
                raise Refused(NOT_OPEN)
            return self._desk.read(file_obj, offset, min(size, LONGEST_READ))

        return await self._answer(read())

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        async def write() -> int:
            if not isinstance(file_obj, Upload):
                raise Refused(NOT_OPEN)
            with file_obj.whole():
                file_obj.arrival.write(file_obj.arrival.size if file_obj.append else offset, data)
            return len(data)

        return await self._answer(write())

    async def close(self, file_obj: object) -> None:
        """A client that is gone has closed nothing: what it left open broke off."""
        if not isinstance(file_obj, Upload | Download):
            return
        if self.broken or (isinstance(file_obj, Upload) and file_obj.spoiled):
            await self._answer(self._desk.abandon(file_obj, TECHNICIAN_LEFT))
        elif isinstance(file_obj, Download):
            await self._answer(self._desk.taken(file_obj))
        else:
            await self._answer(self._brought(file_obj))
        if isinstance(file_obj, Upload) and file_obj.spoiled:
            raise asyncssh.SFTPFailure(sentence(NoRoom(), self._language))

    async def _brought(self, upload: Upload) -> None:
        await self._desk.brought(upload)
        if upload.times is not None:
            accessed, changed = upload.times
            with suppress(asyncssh.SFTPOpUnsupported):  # it is there, whole; without SFTP nobody can set its times
                client = await self._desk.device.client()
                await client.setstat(upload.path, SFTPAttrs(atime=accessed, mtime=changed))

    async def fstat(self, file_obj: object) -> SFTPAttrs:
        size = file_obj.arrival.size if isinstance(file_obj, Upload) else 0
        if isinstance(file_obj, Download):
            size = file_obj.file.size
        return SFTPAttrs(size=size, permissions=stat.S_IFREG | 0o644)

    async def fsetstat(self, file_obj: object, attrs: SFTPAttrs) -> None:
        """Kept until the file goes to the device."""

        async def change() -> None:
            if not isinstance(file_obj, Upload):
                raise Refused(NOT_OPEN)
            if attrs.size is not None:
                with file_obj.whole():
                    file_obj.arrival.truncate(attrs.size)
            if attrs.permissions is not None:
                file_obj.mode = stat.S_IMODE(attrs.permissions)
            if attrs.atime is not None and attrs.mtime is not None:
                file_obj.times = int(attrs.atime), int(attrs.mtime)

        await self._answer(change())

    async def fsync(self, file_obj: object) -> None:
        """It is put on the disk when it is closed."""

    # -- looking -------------------------------------------------------------------------------------------------------
    async def stat(self, path: bytes) -> SFTPAttrs:
        self._sound("stat", path)
        return await self._answer(self._desk.device.stat(path))

    async def lstat(self, path: bytes) -> SFTPAttrs:
        self._sound("stat", path)
        return await self._answer(self._desk.device.stat(path, follow=False))

    async def realpath(self, path: bytes) -> bytes:
        self._sound("stat", path)
        return await self._answer(self._desk.device.canonical(path))

    async def readlink(self, path: bytes) -> bytes:
        self._sound("stat", path)
        found: Any = await self._passed_on("readlink", path)
        return found if isinstance(found, bytes) else str(found).encode("utf-8", "surrogateescape")

    async def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
        """List names, none of which leads out of the folder (T44); a list with such a name is withheld whole."""
        self._sound("list", path)
        names: list[SFTPName] = []
        try:
            await self._list(path, names)
            for name in names:
                yield name
        finally:
            LISTINGS.give(sum(map(room, names)))

    async def _list(self, path: bytes, names: list[SFTPName]) -> None:
        entry = self._desk.ledger.begin("list", text(path))
        try:
            async for name in self._desk.device.names(path):
                LISTINGS.take(room(name))
                names.append(name)
        except HarmfulName:
            self._desk.ledger.turned_away(HARMFUL_NAMES, "list", text(path))
            entry.end(f"refused: {HARMFUL_NAMES.sentence}")
            raise self._refusal(HARMFUL_NAMES) from None
        except DEVICE_TROUBLES as problem:
            entry.end("failed: device")
            raise self._trouble(problem) from problem
        entry.end("done")

    async def statvfs(self, path: bytes) -> Any:
        self._sound("stat", path)
        return await self._passed_on("statvfs", path)

    # -- changing ------------------------------------------------------------------------------------------------------
    async def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        await self._set(path, attrs)

    async def lsetstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        await self._set(path, attrs, follow_symlinks=False)

    async def _set(self, path: bytes, attrs: SFTPAttrs, **how: bool) -> None:
        """Change owner, rights and times. Content is not changed past the desk, so neither is a size."""
        if attrs.size is not None and self._desk.strict:
            self._desk.ledger.refused(UNSUPPORTED, "setstat", text(path))
            raise self._refusal(UNSUPPORTED)
        await self._change(RULES[wire.SETSTAT].needs, "setstat", "setstat", path, attrs, **how)

    async def remove(self, path: bytes) -> None:
        await self._change(RULES[wire.REMOVE].needs, "remove", "remove", path)

    async def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:
        await self._change(RULES[wire.MKDIR].needs, "mkdir", "mkdir", path, attrs)

    async def rmdir(self, path: bytes) -> None:
        await self._change(RULES[wire.RMDIR].needs, "rmdir", "rmdir", path)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._change(RULES[wire.RENAME].needs, "rename", "rename", oldpath, newpath)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._change(EXTENSIONS[POSIX_RENAME].needs, "rename", "posix_rename", oldpath, newpath)

    async def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        await self._change(RULES[wire.SYMLINK].needs, "link", "symlink", oldpath, newpath)

    async def link(self, oldpath: bytes, newpath: bytes) -> None:
        await self._change(EXTENSIONS[HARDLINK].needs, "link", "link", oldpath, newpath)

    # -- not here ------------------------------------------------------------------------------------------------------
    async def open56(self, path: bytes, desired_access: int, flags: int, attrs: SFTPAttrs) -> object:
        raise self._refusal(UNSUPPORTED)

    async def lock(self, file_obj: object, offset: int, length: int, flags: int) -> None:
        raise self._refusal(UNSUPPORTED)

    async def unlock(self, file_obj: object, offset: int, length: int) -> None:
        raise self._refusal(UNSUPPORTED)

    async def fstatvfs(self, file_obj: object) -> Any:
        raise self._refusal(UNSUPPORTED)

    async def exit(self) -> None:
        await self._desk.abandon_all()

    # None of ours is asked for: whose files, which paths, who they belong to.
    def map_path(self, path: bytes) -> bytes:
        raise self._refusal(UNSUPPORTED)

    def reverse_map_path(self, path: bytes) -> bytes:
        raise self._refusal(UNSUPPORTED)

    def format_user(self, uid: int | None) -> str:
        return "" if uid is None else str(uid)

    def format_group(self, gid: int | None) -> str:
        return "" if gid is None else str(gid)

    # -- parts ---------------------------------------------------------------------------------------------------------
    def _sound(self, op: str, path: bytes) -> None:
        """Refuse a path that no device should get."""
        unsound = ZERO_BYTE if b"\0" in path else TOO_LONG if len(path) > wire.LONGEST_PATH else None
        if unsound is not None:
            self._desk.ledger.turned_away(unsound, op, text(path[: wire.LONGEST_PATH]))
            raise self._refusal(unsound)

    async def _change(self, needs: Any, op: str, method: str, path: bytes, *rest: Any, **how: bool) -> None:
        """Pass an operation on that changes the device, with a line before and one after."""
        target = rest[0] if rest and isinstance(rest[0], bytes) else b""
        for one in (path, target):
            self._sound(op, one)

        async def change() -> None:
            await self._desk.thawed()  # what was asked before, and waits here
            self._desk.require(needs, op, path, target)
            entry = self._desk.ledger.begin(op, text(path), text(target))
            try:
                client = await self._desk.device.client()
                await getattr(client, method)(path, *rest, **how)
            except BaseException:
                entry.end("failed: device", DEVICE_FAILED)
                raise
            entry.end("done")

        await self._answer(change())

    async def _passed_on(self, method: str, path: bytes) -> Any:
        async def ask() -> Any:
            return await getattr(await self._desk.device.client(), method)(path)

        return await self._answer(ask())

    async def _answer(self, work: Awaitable[R]) -> R:
        """Do something, and turn whatever goes wrong into an answer SFTP has, in the technician's language."""
        try:
            return await work
        except Refused as problem:
            raise self._refusal(problem.refusal) from problem
        except BastionError as problem:
            said = sentence(problem, self._language)
            self.tell(said)
            raise asyncssh.SFTPFailure(said) from problem
        except DEVICE_TROUBLES as problem:
            raise self._trouble(problem) from problem
        except Exception as problem:
            self.fault(problem)
            raise asyncssh.SFTPFailure(sentence(BastionError(), self._language)) from problem

    def _refusal(self, refusal: Refusal) -> asyncssh.SFTPError:
        """The answer, and its sentence."""
        return _CODES.get(refusal.code, asyncssh.SFTPFailure)(self._said(refusal.sentence))

    def _said(self, english: str) -> str:
        """Say it once beside the protocol: many clients show an answer's code and nothing else."""
        said = translator(self._language)(english)
        if said not in self._told:
            self._told.add(said)
            self.tell(said)
        return said

    def _trouble(self, problem: BaseException) -> asyncssh.SFTPError:
        """Give the device's own answer where SFTP has a code for it; its words on one line, and short."""
        say = translator(self._language)
        if isinstance(problem, NotThere):
            return asyncssh.SFTPOpUnsupported(self._said(problem.sentence))
        if isinstance(problem, TimeoutError):
            return asyncssh.SFTPFailure(say(SILENT))
        words = problem.reason if isinstance(problem, asyncssh.Error) else type(problem).__name__
        said = say(FAILED).format(why=text(words.encode("utf-8", "replace"))[:200])
        kind = next((kind for kind in _KNOWN if isinstance(problem, kind)), asyncssh.SFTPFailure)
        return kind(said)
