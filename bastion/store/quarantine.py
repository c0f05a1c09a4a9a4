"""Where the content of held files lies: a folder of the bastion's own, one file for each, named by our id alone.

No name of a client or a device ever becomes a path here (T42). Writing is `pwrite` at the offset asked for, so memory
stays constant whatever the size; the hash is taken as the bytes pass, and by reading once more when they came in
another order. A file counts as arrived only when it is on the disk.
"""

import asyncio
import errno
import hashlib
import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from bastion.domain.held_file import Content
from bastion.errors import NoRoom, NotFound

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_CHUNK: Final = 1024 * 1024
_LOOK_EVERY: Final = 8 * 1024 * 1024
_HASHING: Final = ThreadPoolExecutor(2, thread_name_prefix="quarantine")
"""What is read once more may be large, or look so: a hole costs nothing. Nobody else waits for these threads."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Quarantine:
    def __init__(self, folder: Path, min_free: int) -> None:
        """`min_free`: bytes that stay free on that disk, whatever people send."""
        self._folder = folder
        self._min_free = min_free

    def create(self, ident: str) -> "Arrival":
        """Begin a new file. Raises `NoRoom`; an id is used once."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(ident)
        self._require_room()
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _trouble(error) from error
        return Arrival(fd, path, self._require_room)

    def open(self, ident: str) -> BinaryIO:
        """Read a file that has arrived. Raises `NotFound`."""
        try:
            return _reading(self._path(ident))
        except FileNotFoundError as error:
            raise NotFound(f"content of {ident}") from error

    async def intact(self, ident: str, content: Content) -> bool:
        """Whether what lies here still is exactly this content."""
        try:
            return await _content_of(self._path(ident)) == content
        except FileNotFoundError:
            return False

    def remove(self, ident: str) -> None:
        """Remove it, if it is there."""
        with suppress(FileNotFoundError):
            self._path(ident).unlink()

    def ids(self) -> Iterator[str]:
        """What lies here; names that are not ours are left alone."""
        if self._folder.is_dir():
            yield from (entry.name for entry in os.scandir(self._folder) if _NAME.fullmatch(entry.name))

    def _path(self, ident: str) -> Path:
        if not _NAME.fullmatch(ident):
            raise NotFound(f"{ident!r} is no id of ours")
        return self._folder / ident

    def _require_room(self, more: int = 0) -> None:
        state = os.statvfs(self._folder)
        if state.f_bavail * state.f_frsize - more < self._min_free:
            raise NoRoom(f"{self._folder}: less than {self._min_free} bytes would stay free")


class Arrival:
    """A file that is being written. It ends by `finish` or by `discard`; after an error only `discard` is left."""

    def __init__(self, fd: int, path: Path, require_room: "_Room") -> None:
        self._fd = fd
        self._path = path
        self._require_room = require_room
        self._hash = hashlib.sha256()
        self._hashed: int | None = 0
        self._unlooked = _LOOK_EVERY
        self.size = 0

    @property
    def in_order(self) -> bool:
        """Whether all that was written came from front to back, once."""
        return self._hashed == self.size

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Put `data` at `offset`. Raises `NoRoom` before the disk is full, and when it is."""
        self._look(max(offset + len(data) - self.size, len(data)))  # also what is written into a hole takes room
        left, at = memoryview(data), offset
        try:
            while left:
                done = os.pwrite(self._fd, left, at)
                left, at = left[done:], at + done
        except OSError as error:
            raise _trouble(error) from error
        if self._hashed == offset:
            self._hash.update(data)
            self._hashed += len(data)
        elif data:
            self._hashed = None
        self.size = max(self.size, at)

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._fd, min(size, _CHUNK), offset)

    def truncate(self, size: int) -> None:
        """Cut it off, or fill it with zeros, up to `size`."""
        self._look(max(size - self.size, 0))
        try:
            os.ftruncate(self._fd, size)
        except OSError as error:
            raise _trouble(error) from error
        self._hashed = self._hashed if size == self._hashed else None
        self.size = size
        if not size:
            self._hash, self._hashed = hashlib.sha256(), 0

    async def finish(self) -> Content:
        """Put it on the disk and say what it is. Raises `NoRoom`."""
        try:
            await asyncio.to_thread(self._settle)
            content = Content(self.size, self._hash.hexdigest()) if self.in_order else await _content_of(self._path)
        except OSError as error:
            raise _trouble(error) from error
        self._close()
        return content

    def discard(self) -> None:
        """Leave nothing of it. Can be called at any time, also twice."""
        self._close()
        with suppress(FileNotFoundError):
            self._path.unlink()

    def _settle(self) -> None:
        os.fsync(self._fd)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _look(self, more: int) -> None:
        """Ask the disk now and then, and before every large step."""
        self._unlooked += more
        if self._unlooked >= _LOOK_EVERY:
            self._require_room(more)
            self._unlooked = 0


class _Room(Protocol):
    """The type of `Quarantine._require_room`."""

    def __call__(self, more: int = 0) -> None: ...


def _reading(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb", buffering=0)


async def _content_of(path: Path) -> Content:
    """Read it all, or until nobody waits for it any more."""
    stop = threading.Event()
    try:
        return await asyncio.get_running_loop().run_in_executor(_HASHING, _read_again, path, stop)
    finally:
        stop.set()


def _read_again(path: Path, stop: threading.Event) -> Content:
    digest, at = hashlib.sha256(), 0
    with _reading(path) as file:
        while not stop.is_set() and (chunk := file.read(_CHUNK)):
            digest.update(chunk)
            at += len(chunk)
    return Content(at, digest.hexdigest())


def _trouble(error: OSError) -> NoRoom | OSError:
    return NoRoom(str(error)) if error.errno in _FULL else error
