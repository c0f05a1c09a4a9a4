"""File calls that either did what they say or raise OSError. Names are relative to an open directory."""

import errno
import os
from pathlib import Path

from recordings.model import RecordingError


def create(name: str, directory: int, flags: int = 0) -> int:
    """Open a new file, readable by its owner only; FileExistsError if there is one."""
    return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | flags, 0o600, dir_fd=directory)


def write_all(fd: int, content: bytes | memoryview) -> None:
    """Write everything in as few calls as the kernel needs."""
    left = memoryview(content)
    while left:
        left = left[os.write(fd, left) :]


def write_new(name: str, content: bytes, directory: int) -> None:
    fd = create(name, directory)
    try:
        write_all(fd, content)
    finally:
        os.close(fd)


def reserve(name: str, size: int, directory: int) -> None:
    """Make a file of zeros whose blocks are the file's own already, so that overwriting it needs no room."""
    fd = create(name, directory)
    try:
        os.posix_fallocate(fd, 0, size)
    finally:
        os.close(fd)


def overwrite(name: str, content: bytes, directory: int) -> None:
    """Replace the first bytes of a reserved file by one call."""
    fd = os.open(name, os.O_WRONLY | os.O_NOFOLLOW, dir_fd=directory)
    try:
        if os.write(fd, content) != len(content):
            raise OSError(errno.EIO, "the disk took only a part")
    finally:
        os.close(fd)


def sync(name: str, directory: int | None = None) -> None:
    """Put a file or directory on the disk; works for files other descriptors have written."""
    fd = os.open(name, os.O_RDONLY, dir_fd=directory)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def require_space(directory: Path, least: int) -> None:
    """RecordingError when `directory` is missing or has less than `least` bytes left for us."""
    try:
        state = os.statvfs(directory)
    except OSError as error:
        raise RecordingError(f"{directory}: {error.strerror}") from error
    if state.f_bavail * state.f_frsize < least:
        raise RecordingError(f"{directory}: less than {least // 2**20} MiB free")
