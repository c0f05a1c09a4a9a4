"""Watching what was recorded: a reason first, an audit event before the first byte, the seal checked (R-52, R-55)."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bastion.services.decisions import Decisions
from bastion.store.database import Database
from recordings.blobs import BlobStore


@dataclass(frozen=True, slots=True)
class RecordingStore:
    """Where sealed recordings lie, and the key that proves them."""

    blobs: BlobStore
    public: Ed25519PublicKey


class Replay:
    def __init__(self, database: Database, decisions: Decisions, recordings: RecordingStore) -> None:
        self._database = database
        self._decisions = decisions
        self._recordings = recordings
