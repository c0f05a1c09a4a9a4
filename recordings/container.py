"""Seal a spool into a signed container, recover what a killed process left, verify what is stored.

    track-N.zst     the frames of track N, exactly as in the spool, as one zstd stream (`zstd -d` undoes it)
    track-N.tail    only after a crash: the bytes after the last whole frame, as they were found
    manifest.json   what the recording is about and what is in it
    seal.json       see `chain`; written last, so that a container without it is unfinished, never half trusted

Sealing streams: its memory does not grow with the recording. Run it in a thread. It may be cut short at any point and
run again; the spool goes only when the sealed container is on the disk and has been read back and verified.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from recordings import erasure, spool
from recordings.blobs import BlobStore
from recordings.chain import CHUNK, SEAL, Builder, SealDocument, walked
from recordings.manifest import MANIFEST, Manifest
from recordings.model import (
    Fault,
    RecordingBusy,
    RecordingDamaged,
    RecordingError,
    RecordingGone,
    Seal,
    Verification,
    printable,
    safe_name,
)
from recordings.sealing import Look, SpoolReading
from recordings.signing import Signer, load_public

LARGEST_JSON = 256 * 1024 * 1024
"""A seal or manifest beyond this is not read at all: it would fill the memory."""


def seal(spool_dir: Path, store: BlobStore, signer: Signer, look: Look | None = None) -> Seal:
    """Seal the finished (or crashed) recording in `spool_dir` and remove the spool. `look` makes what looks at the
    screens while they are read; what it finds stands in the manifest, under the seal.

    Sealing again what is sealed returns the seal it has; when another thread or process is at it, its seal is waited
    for. RecordingBusy when it is still being recorded, other RecordingErrors when it cannot be stored or another
    recording of that id is sealed; the spool then stays as it is.
    """
    recording_id = safe_name(spool_dir.name)
    finished = spool.read_end(spool_dir) is not None
    try:
        with spool.locked(spool_dir, wait=finished):
            if spool_dir.exists():
                return _sealed(spool_dir, store, signer, look)
    except RecordingGone:
        pass  # sealed before, or by another while we waited: the store has it, or the next line says that nobody does
    return _seal_of(Sealed.open(store, recording_id, signer.public))


def _sealed(spool_dir: Path, store: BlobStore, signer: Signer, look: Look | None) -> Seal:
    reading = SpoolReading(spool_dir, look)
    if SEAL not in store.names(spool_dir.name):
        _store(spool_dir.name, reading, store, signer)
    sealed = Sealed.open(store, spool_dir.name, signer.public)
    if _facts(sealed.manifest()) != _facts(reading.manifest()):
        raise RecordingError(f"another recording is sealed under the id {spool_dir.name}")
    made = _seal_of(sealed)
    spool.discard(spool_dir)
    return made


def _facts(manifest: Manifest) -> Manifest:
    """What must be the same when a recording is sealed again. A later release may see more on its screens."""
    return replace(manifest, tracks=tuple(replace(track, findings=(), acts=()) for track in manifest.tracks))


def _store(recording_id: str, reading: SpoolReading, store: BlobStore, signer: Signer) -> None:
    builder = Builder(recording_id)

    def put(name: str, blocks: Iterator[bytes]) -> None:
        store.put(recording_id, name, builder.through(name, blocks))

    for track in reading.tracks:
        put(track.blob, track.packed())
        if track.left:
            put(track.left.blob, track.tail())
    put(MANIFEST, iter([reading.manifest().as_bytes()]))
    store.put(recording_id, SEAL, [builder.seal(signer).as_bytes()])


def _seal_of(sealed: "Sealed") -> Seal:
    """Read everything back; RecordingDamaged unless all of it is as it was sealed."""
    for fault in sealed.faults():
        raise RecordingDamaged(str(fault))
    manifest = sealed.manifest()
    return Seal(sealed.recording_id, sealed.document.head, sealed.size(), manifest.ending.seconds, manifest.tracks)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of one spool: its seal, or why it could not be sealed."""

    recording_id: str
    seal: Seal | None
    problem: str = ""


def recover(spool_root: Path, store: BlobStore, signer: Signer, look: Look | None = None) -> tuple[Recovered, ...]:
    """Seal every recording below `spool_root` that nobody is recording any more.

    One the process did not live to end is sealed with the reason "crashed". One that cannot be sealed is reported,
    kept, and hinders no other.
    """
    spool.sweep(spool_root)
    found = (_recovered(directory, store, signer, look) for directory in spool.waiting(spool_root))
    return tuple(one for one in found if one)


def _recovered(directory: Path, store: BlobStore, signer: Signer, look: Look | None) -> Recovered | None:
    try:
        return Recovered(directory.name, seal(directory, store, signer, look))
    except RecordingBusy:
        return None
    except RecordingError as error:
        return Recovered(printable(directory.name, 200), None, str(error))


class Sealed:
    """A container whose seal holds. Its blobs are checked as they are read, every time."""

    def __init__(self, store: BlobStore, document: SealDocument) -> None:
        self._store = store
        self.document = document
        self.recording_id = document.recording_id

    @classmethod
    def open(cls, store: BlobStore, recording_id: str, public_key: Ed25519PublicKey | str) -> Self:
        """Check the seal itself; RecordingDamaged when it is missing or does not hold under this key."""
        public = load_public(public_key) if isinstance(public_key, str) else public_key
        if SEAL not in store.names(recording_id):
            raise RecordingDamaged(f"{SEAL}: it is missing")
        if store.size(recording_id, SEAL) > LARGEST_JSON:
            raise RecordingDamaged(f"{SEAL}: it cannot be read as a seal")
        document = SealDocument.parse(b"".join(store.chunks(recording_id, SEAL)))
        if objection := document.objection(recording_id, public):
            raise RecordingDamaged(f"{SEAL}: {objection}")
        return cls(store, document)

    def blob(self, name: str) -> Iterator[bytes]:
        """Yield a blob chunk by chunk, each checked before it is handed out; RecordingDamaged at the first fault."""
        for chunk, fault in self._walked(self.document.index(name)):
            if fault:
                raise RecordingDamaged(str(fault))
            yield chunk

    def faults(self) -> Iterator[Fault]:
        """Yield everything that is not as it was sealed, in the order of the chain."""
        stored = self._store.names(self.recording_id)
        for index, sealed in enumerate(self.document.blobs):
            if sealed.name not in stored:
                yield Fault(sealed.name, "it is missing")
                continue
            try:
                yield from (fault for _, fault in self._walked(index) if fault)
            except RecordingError as error:
                yield Fault(sealed.name, f"it cannot be read: {error}")
        known = {SEAL, *(sealed.name for sealed in self.document.blobs)}
        yield from (Fault(name, "it is not part of the seal") for name in stored if name not in known)

    def manifest(self) -> Manifest:
        sealed = self.document.blobs[self.document.index(MANIFEST)]
        if sealed.size > LARGEST_JSON:
            raise RecordingDamaged(f"{MANIFEST}: it is too large")
        return Manifest.parse(b"".join(self.blob(MANIFEST)))

    def size(self) -> int:
        """Return what the container weighs in the store, in bytes."""
        return sum(blob.size for blob in self.document.blobs) + self._store.size(self.recording_id, SEAL)

    def chunks(self) -> int:
        return sum(len(blob.links) for blob in self.document.blobs)

    def _walked(self, index: int) -> Iterator[tuple[bytes, Fault | None]]:
        name = self.document.blobs[index].name
        return walked(self.document, index, self._store.chunks(self.recording_id, name, CHUNK))


def verify(store: BlobStore, recording_id: str, public_key: Ed25519PublicKey | str) -> Verification:
    """Check a whole recording with the public key alone (a key, or its PEM or OpenSSH text).

    Damage is told, not raised: `where` names the blob and the chunk. RecordingError only for a key that is none.
    """
    public = load_public(public_key) if isinstance(public_key, str) else public_key
    try:
        if erased := erasure.verdict(store, recording_id, public):
            return erased
        sealed = Sealed.open(store, recording_id, public)
        return Verification(recording_id, sealed.document.head, sealed.chunks(), tuple(sealed.faults()))
    except RecordingDamaged as damage:
        blob, _, what = damage.where.partition(": ")
        return Verification(recording_id, "", 0, (Fault(blob, what),))
    except RecordingError as error:
        return Verification(recording_id, "", 0, (Fault(SEAL, str(error)),))
