"""Where a running recording lies: one directory, named by its id, below the spool directory.

    start.json      RecordingMeta and the monotonic clock, written before the first track opens
    end.json        4 KiB of zeros from the start, overwritten in place by the ending: a full disk can still end well
    track-N.spool   frames (see `frames`), appended to

The directory appears under its id when it is complete. Whoever records or seals holds a lock on it; the kernel drops
the lock when the process dies, however it dies.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recordings import durable
from recordings.frames import Frame
from recordings.model import (
    Ending,
    RecordingBusy,
    RecordingDamaged,
    RecordingError,
    RecordingGone,
    RecordingMeta,
    TrackHead,
    TrackKind,
    canonical,
    safe_name,
)

START = "start.json"
END = "end.json"
END_BYTES = 4096
BEGINNING = ".new-"
SEALED = ".sealed-"
BLOCK = 256 * 1024


def track_name(number: int) -> str:
    return f"track-{number}.spool"


@dataclass(frozen=True, slots=True)
class Start:
    """What `start.json` says; `note` is not empty when it could not be read and `meta` is only a name."""

    meta: RecordingMeta
    monotonic_ns: int | None
    note: str = ""


def lock(directory: Path, *, wait: bool = False) -> int:
    """Open and lock `directory`; return the descriptor, which holds the lock until it is closed.

    RecordingGone when there is none. Somebody else's lock is waited for, or raises RecordingBusy.
    """
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise RecordingGone(f"{directory} does not exist") from error
    except OSError as error:
        raise RecordingError(f"{directory}: {error.strerror}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        os.close(fd)
        raise RecordingBusy(f"{directory} is being recorded") from error
    return fd


@contextmanager
def locked(directory: Path, *, wait: bool = False) -> Iterator[int]:
    fd = lock(directory, wait=wait)
    try:
        yield fd
    finally:
        os.close(fd)


def start_bytes(meta: RecordingMeta, monotonic_ns: int) -> bytes:
    return canonical({"format": 1, "meta": meta.as_json(), "monotonic_ns": monotonic_ns})


def end_bytes(ending: Ending) -> bytes:
    """Return the ending, to be written over the first bytes of `end.json`; the newline says that it is whole."""
    return canonical({"ended_at": ending.ended_at, "reason": ending.reason, "seconds": ending.seconds}) + b"\n"


def read_start(directory: Path) -> Start:
    """Read `start.json`. What was recorded must not be lost with it, so a broken one yields the bare id and a note."""
    try:
        values = json.loads((directory / START).read_bytes())
        meta = RecordingMeta.from_json(values["meta"])
        if meta.recording_id == directory.name:
            return Start(meta, values["monotonic_ns"])
        why = "it belongs to another recording"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = type(error).__name__
    return Start(RecordingMeta(recording_id=safe_name(directory.name), started_at=""), None, f"start.json: {why}")


def read_end(directory: Path) -> Ending | None:
    """Return the ending, or None when the recorder did not live to write one."""
    try:
        text, whole, _ = (directory / END).read_bytes().partition(b"\n")
        return Ending(**json.loads(text)) if whole else None
    except (OSError, ValueError, TypeError):
        return None


def waiting(root: Path) -> list[Path]:
    """Return the recordings below a spool directory, running ones among them, in order of their ids."""
    try:
        return sorted(
            path for path in root.iterdir() if path.is_dir() and not path.name.startswith((".", "lost+found"))
        )
    except OSError as error:
        raise RecordingError(f"{root}: {error.strerror}") from error


def sweep(root: Path) -> None:
    """Remove what a killed process left half begun (no byte was recorded in it) or sealed and half removed."""
    for prefix in (BEGINNING, SEALED):
        for rest in root.glob(prefix + "*"):
            with suppress(RecordingBusy), locked(rest):
                shutil.rmtree(rest)


def discard(directory: Path) -> None:
    """Remove a sealed spool; renamed first, so that a removal cut short is never taken for a recording."""
    rest = directory.with_name(SEALED + directory.name)
    try:
        directory.rename(rest)
        durable.sync(str(directory.parent))
        shutil.rmtree(rest)
    except OSError as error:
        raise RecordingError(f"the sealed spool {directory} cannot be removed: {error.strerror}") from error


def tracks(directory: Path) -> list[int]:
    """Return the numbers of the tracks in `directory`, in order."""
    names = (path.stem.removeprefix("track-") for path in directory.glob("track-*.spool"))
    return sorted(int(name) for name in names if name.isdecimal())


def head_bytes(head: TrackHead) -> bytes:
    return canonical(
        {
            "number": head.number, "channel": head.channel, "kind": head.kind, "cols": head.cols, "rows": head.rows,
            "term": head.term, "command": head.command, "pty": head.pty, "modes": head.modes,
        }
    )  # fmt: skip


def read_head(frame: Frame) -> TrackHead:
    """Read the first frame of a track; RecordingDamaged if it is no head."""
    try:
        values: dict[str, Any] = json.loads(frame.data)
        return TrackHead(**(values | {"kind": TrackKind(values["kind"])}))
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingDamaged("a track does not begin with its head") from error


def blocks(directory: Path, number: int, start: int = 0, end: int | None = None, step: int = BLOCK) -> Iterator[bytes]:
    """Yield the bytes `[start, end)` of a track, at most `step` at a time; RecordingError when it cannot be read."""
    try:
        with (directory / track_name(number)).open("rb", buffering=0) as file:
            file.seek(start)
            while block := file.read(step if end is None else min(step, end - start)):
                start += len(block)
                yield block
    except OSError as error:
        raise RecordingError(f"{directory.name}, track {number}: {error.strerror}") from error
