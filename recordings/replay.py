"""Watch recordings: sealed ones from the store, verified; running ones from the spool, up to the last whole frame."""

import typing
from collections.abc import Iterator
from heapq import merge

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from recordings import erasure, file_table, pcapng
from recordings.blobs import BlobStore
from recordings.container import Sealed
from recordings.file_table import Told
from recordings.files import FileLine
from recordings.frames import Frame, Parser
from recordings.model import (
    RecordingDamaged,
    RecordingErased,
    RecordingError,
    RecordingMeta,
    TrackInfo,
    TrackKind,
    Verification,
)
from recordings.signing import load_public
from recordings.terminal import NEWEST, cast

_STEP = 16 * 1024
"""So much is unpacked at a time: a few kilobytes of chunk may hold gigabytes of zeros, and a session running in this
process should not wait until many frames are turned into text."""

_PIECE = 32 * 1024

SUFFIXES = {TrackKind.SHELL: "cast", TrackKind.EXEC: "cast", TrackKind.FILES: "csv", TrackKind.TUNNEL: "pcapng"}
"""What a copy of a track is, by the track's kind."""


class Replay:
    """A sealed recording that was found whole. Each chunk is checked again while it streams."""

    def __init__(self, sealed: Sealed, verification: Verification) -> None:
        self._sealed = sealed
        self.verification = verification
        self.manifest = sealed.manifest()

    @property
    def meta(self) -> RecordingMeta:
        return self.manifest.meta

    @property
    def tracks(self) -> tuple[TrackInfo, ...]:
        return self.manifest.tracks

    def track(self, number: int) -> TrackInfo:
        """Return what is known of a track; RecordingError when there is none of that number."""
        for info in self.tracks:
            if info.head.number == number:
                return info
        raise RecordingError(f"the recording has no track {number}")

    def frames(self, number: int) -> Iterator[Frame]:
        """Yield the exact bytes of a track as they were recorded; RecordingDamaged where they no longer are."""
        info = self.track(number)
        parser = Parser()
        for block in _unpacked(self._sealed.blob(info.blob)):
            yield from parser.feed(block)
        if parser.broken or parser.left or parser.valid != info.spool_bytes:
            raise RecordingDamaged(f"{info.blob}: it does not hold what the manifest says")

    def cast(self, number: int, version: int = NEWEST) -> Iterator[bytes]:
        """Yield a track as an asciicast file, whole lines, tens of kilobytes at a time."""
        info = self._of_kind(number, TrackKind.SHELL, TrackKind.EXEC)
        return _pieces(cast(self.meta, info.head, info.began, self.frames(number), version))

    def capture(self, number: int) -> Iterator[bytes]:
        """Yield a tunnel's track as a pcapng file."""
        info = self._of_kind(number, TrackKind.TUNNEL)
        return _pieces(pcapng.export(self.meta, info.head, info.began, self.frames(number)))

    def copy(self, number: int, version: int = NEWEST) -> Iterator[bytes]:
        """Yield a track as the file its kind makes (`SUFFIXES`); `version`: of asciicast, for what is one."""
        kind = self.track(number).head.kind
        if kind.terminal:
            return self.cast(number, version)
        if kind is TrackKind.TUNNEL:
            return self.capture(number)
        started = self.meta.started() if self.meta.started_at else None
        return file_table.as_csv(started, self._file_lines(number))

    def files(self, offset: int = 0, limit: int = 1000) -> file_table.Page:
        """Return rows of the table of files, those of all tracks in the order in which they began."""
        told = (self._file_lines(info.head.number) for info in self.tracks if info.files)
        return file_table.page(merge(*told, key=lambda one: one.at), offset, limit)

    def _file_lines(self, number: int) -> Iterator[Told]:
        for frame in self.frames(number):
            if frame.code == "f":
                yield Told(frame.at, number, FileLine.parse(frame.data))

    def _of_kind(self, number: int, *kinds: TrackKind) -> TrackInfo:
        info = self.track(number)
        if info.head.kind not in kinds:
            raise RecordingError(f"track {number} is of the kind {info.head.kind}")
        return info


def open_recording(store: BlobStore, recording_id: str, public_key: Ed25519PublicKey | str) -> Replay:
    """Verify a recording from end to end and open it; RecordingDamaged, with the spot, unless it is whole.

    RecordingErased when its time was over.
    """
    public = load_public(public_key) if isinstance(public_key, str) else public_key
    if erased := erasure.read(store, recording_id, public):
        raise RecordingErased(recording_id, erased.erased_at)
    sealed = Sealed.open(store, recording_id, public_key)
    faults = tuple(sealed.faults())
    verification = Verification(recording_id, sealed.document.head, sealed.chunks(), faults)
    if not verification.ok:
        raise RecordingDamaged(verification.where)
    return Replay(sealed, verification)


def _pieces(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Join lines: whoever sends them on pays for each piece, and a line may be a single keystroke."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= _PIECE:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Undo the compression of a track, in steps of bounded size."""
    source = typing.cast(typing.IO[bytes], _Stream(chunks))
    reader = zstandard.ZstdDecompressor().stream_reader(source, read_size=_STEP, read_across_frames=True)
    try:
        while block := reader.read(_STEP):
            yield block
    except zstandard.ZstdError as error:
        raise RecordingDamaged("a track cannot be unpacked") from error


class _Stream:
    """Chunks as the file the decompressor wants: it calls `read` and nothing else."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        taken, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return taken
