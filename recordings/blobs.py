"""Where sealed recordings are kept: a folder of named blobs per recording."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from recordings import durable
from recordings.model import RecordingError, safe_name

BLOCK = 256 * 1024
_TRASH = ".trash-"


class BlobStore(Protocol):
    """The seam for other kinds of storage. Every failure is a RecordingError; names must pass `safe_name`."""

    def put(self, recording_id: str, name: str, blocks: Iterable[bytes]) -> int:
        """Store a blob, replacing one of that name; durable and whole on return, else absent. Return its bytes."""

    def chunks(self, recording_id: str, name: str, size: int = BLOCK) -> Iterator[bytes]:
        """Yield the blob in pieces of exactly `size` bytes, the last one shorter; none when it is empty."""

    def size(self, recording_id: str, name: str) -> int: ...

    def names(self, recording_id: str) -> list[str]:
        """Return everything that lies in the recording's folder, fit or unfit, sorted; [] when there is none."""

    def recordings(self) -> list[str]:
        """Return the ids kept here, sorted."""

    def delete(self, recording_id: str) -> None:
        """Remove a recording for good. Nothing happens when there is none."""

    def keep_only(self, recording_id: str, name: str) -> None:
        """Remove for good everything of a recording but one blob."""

    def check(self, min_free: int) -> None:
        """RecordingError unless at least `min_free` bytes can be written."""


class FileBlobs:
    """A directory per recording below `root`, which must exist: a missing one may be a disk not mounted."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, recording_id: str, name: str, blocks: Iterable[bytes]) -> int:
        folder = self._root / safe_name(recording_id)
        part = f".{safe_name(name)}.part"
        with _named(f"{recording_id}/{name}"):
            self._make(folder)
            directory = _opened(folder)
            try:
                size = _write(part, blocks, directory)
                os.rename(part, name, src_dir_fd=directory, dst_dir_fd=directory)
                os.fsync(directory)
            finally:
                os.close(directory)
        return size

    def chunks(self, recording_id: str, name: str, size: int = BLOCK) -> Iterator[bytes]:
        with _named(f"{recording_id}/{name}"):
            fd = self._open(recording_id, name)
        try:
            while chunk := _piece(fd, size, f"{recording_id}/{name}"):
                yield chunk
        finally:
            os.close(fd)

    def size(self, recording_id: str, name: str) -> int:
        with _named(f"{recording_id}/{name}"):
            fd = self._open(recording_id, name)
            try:
                return os.fstat(fd).st_size
            finally:
                os.close(fd)

    def names(self, recording_id: str) -> list[str]:
        with _named(recording_id):
            try:
                return sorted(path.name for path in (self._root / safe_name(recording_id)).iterdir())
            except FileNotFoundError:
                self._require_root()
                return []

    def recordings(self) -> list[str]:
        with _named(str(self._root)), os.scandir(self._root) as entries:
            names = (entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            return sorted(name for name in names if not name.startswith(".") and name != "lost+found")

    def delete(self, recording_id: str) -> None:
        """Renamed first, so that a deletion cut short never looks like a damaged recording; the next one ends it."""
        with _named(recording_id):
            try:
                (self._root / safe_name(recording_id)).rename(self._root / (_TRASH + recording_id))
            except FileNotFoundError:
                self._require_root()
            for rubbish in self._root.glob(_TRASH + "*"):
                shutil.rmtree(rubbish)
            durable.sync(str(self._root))

    def keep_only(self, recording_id: str, name: str) -> None:
        with _named(recording_id):
            directory = _opened(self._root / safe_name(recording_id))
            try:
                for other in self.names(recording_id):
                    if other != name:
                        os.unlink(other, dir_fd=directory)
                os.fsync(directory)
            finally:
                os.close(directory)

    def check(self, min_free: int) -> None:
        durable.require_space(self._root, min_free)
        probe = f".probe-{os.getpid()}"
        with _named(str(self._root)):
            directory = _opened(self._root)
            try:
                _write(probe, [b"probe"], directory)
                os.unlink(probe, dir_fd=directory)
            finally:
                os.close(directory)

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            return
        durable.sync(str(self._root))

    def _open(self, recording_id: str, name: str) -> int:
        """Open a blob for reading; links (to the folder or to the blob) are not followed, pipes not waited for."""
        directory = _opened(self._root / safe_name(recording_id))
        try:
            return os.open(safe_name(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
        finally:
            os.close(directory)

    def _require_root(self) -> None:
        if not self._root.is_dir():
            raise RecordingError(f"{self._root} is missing")


@contextmanager
def _named(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RecordingError(f"{what}: {error.strerror or error}") from error


def _opened(directory: Path) -> int:
    return os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


def _write(name: str, blocks: Iterable[bytes], directory: int) -> int:
    """Write and sync a file nobody may change later; an older unfinished one is replaced."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    fd = os.open(name, flags, 0o600, dir_fd=directory)
    size = 0
    try:
        for block in blocks:
            durable.write_all(fd, block)
            size += len(block)
        os.fchmod(fd, 0o400)
        os.fsync(fd)
    except BaseException:
        os.unlink(name, dir_fd=directory)
        raise
    finally:
        os.close(fd)
    return size


def _piece(fd: int, size: int, what: str) -> bytes:
    """Read exactly `size` bytes, fewer only at the end."""
    with _named(what):
        parts = [os.read(fd, size)]
        got = len(parts[0])
        while got < size and parts[-1]:
            parts.append(os.read(fd, size - got))
            got += len(parts[-1])
    return parts[0] if len(parts) == 1 else b"".join(parts)
