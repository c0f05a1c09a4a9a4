"""What is left of a recording that was erased at its term (R-54): one signed note in its place.

    erased.json     {digest, erased_at, format, key, recording_id, signature}

`digest` is what the audit chain holds. Without the signature anybody who may write to the store could pass off a
recording he removed as one whose time was over.
"""

import base64
import json
from dataclasses import dataclass, replace
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from recordings.blobs import BlobStore
from recordings.model import FORMAT, Fault, RecordingDamaged, Verification, canonical, instant
from recordings.signing import Signer, fingerprint, signed

ERASED = "erased.json"
_PURPOSE = b"recording erased\0"
_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class ErasureNote:
    """`erased.json`. Trust nothing in it before `objection` had none."""

    recording_id: str
    digest: str
    erased_at: str
    key: str
    signature: bytes = b""

    def _body(self) -> dict[str, Any]:
        return {
            "format": FORMAT, "recording_id": self.recording_id, "digest": self.digest, "erased_at": self.erased_at,
            "key": self.key,
        }  # fmt: skip

    def message(self) -> bytes:
        return _PURPOSE + canonical(self._body())

    def as_bytes(self) -> bytes:
        return canonical(self._body() | {"signature": base64.b64encode(self.signature).decode()}) + b"\n"

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read what `as_bytes` wrote, to the byte; RecordingDamaged if it is something else."""
        try:
            values = json.loads(text)
            signature = base64.b64decode(values["signature"], validate=True)
            told = {name: str(values[name]) for name in ("recording_id", "digest", "erased_at", "key")}
            note = cls(**told, signature=signature)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise RecordingDamaged(f"{ERASED}: it cannot be read") from error
        if note.as_bytes() != text:
            raise RecordingDamaged(f"{ERASED}: it has been changed")
        return note

    def objection(self, recording_id: str, public: Ed25519PublicKey) -> str:
        """Return why this note does not hold for `recording_id` under this key; "" when it does."""
        if self.recording_id != recording_id:
            return f"it belongs to the recording {self.recording_id}"
        if self.key != fingerprint(public):
            return f"it was made with another key ({self.key})"
        return "" if signed(public, self.signature, self.message()) else "the signature does not hold"


def erase(store: BlobStore, recording_id: str, digest: str, erased_at: str, signer: Signer) -> None:
    """Put the note in the place of a recording. Cut short, it may be run again.

    The note comes first: at no point is there less than a recording or its note.
    """
    instant(erased_at)
    if ERASED not in store.names(recording_id):
        note = ErasureNote(recording_id, digest, erased_at, signer.fingerprint)
        store.put(recording_id, ERASED, [replace(note, signature=signer.sign(note.message())).as_bytes()])
    store.keep_only(recording_id, ERASED)


def is_erased(store: BlobStore, recording_id: str) -> bool:
    """Return whether nothing but a note is left."""
    return store.names(recording_id) == [ERASED]


def read(store: BlobStore, recording_id: str, public: Ed25519PublicKey) -> ErasureNote | None:
    """Return the note, or None when there is none; RecordingDamaged when it does not hold."""
    if ERASED not in store.names(recording_id):
        return None
    if store.size(recording_id, ERASED) > _LARGEST:
        raise RecordingDamaged(f"{ERASED}: it is too large")
    note = ErasureNote.parse(b"".join(store.chunks(recording_id, ERASED)))
    if objection := note.objection(recording_id, public):
        raise RecordingDamaged(f"{ERASED}: {objection}")
    return note


def verdict(store: BlobStore, recording_id: str, public: Ed25519PublicKey) -> Verification | None:
    """Judge an erased recording: nothing of it may be left. None when it was not erased."""
    note = read(store, recording_id, public)
    if note is None:
        return None
    left = tuple(Fault(n, "it is still there although it was erased") for n in store.names(recording_id) if n != ERASED)
    return Verification(recording_id, note.digest, 0, left, note.erased_at)
