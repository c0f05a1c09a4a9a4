"""The seal: a SHA-256 chain over every chunk of every blob, and one signature over its head.

    seed      = SHA-256(canonical JSON of {chunk_bytes, format, recording_id})
    link n    = SHA-256(link n-1 | length of name u16 | name | chunk number u64 | chunk length u64 | chunk)
    seal.json = {format, recording_id, chunk_bytes, blobs: [{name, bytes, links}], head, key, signature}

The chain runs through the blobs in the order of the list; `head` is the last link and stands for the whole recording
in the audit chain. The signature covers the canonical JSON of all other fields, so every link is known to be genuine
before it is used; each chunk is then checked against the link before it, and one flip breaks one spot only.
"""

import base64
import hashlib
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from recordings.model import FORMAT, Fault, RecordingDamaged, canonical
from recordings.signing import Signer, fingerprint, signed

SEAL = "seal.json"
CHUNK = 256 * 1024
_PURPOSE = b"recording seal\0"


def seed(recording_id: str) -> bytes:
    about = {"chunk_bytes": CHUNK, "format": FORMAT, "recording_id": recording_id}
    return hashlib.sha256(canonical(about)).digest()


def link(previous: bytes, blob: str, number: int, chunk: bytes) -> bytes:
    name = blob.encode()
    digest = hashlib.sha256(previous + struct.pack(">H", len(name)) + name + struct.pack(">QQ", number, len(chunk)))
    digest.update(chunk)
    return digest.digest()


@dataclass(frozen=True, slots=True)
class SealedBlob:
    """One blob's links, in order. An empty blob has one, over an empty chunk."""

    name: str
    size: int
    links: tuple[bytes, ...]

    def length(self, number: int) -> int:
        """Return how long chunk `number` must be."""
        return min(CHUNK, self.size - number * CHUNK)


class Builder:
    """Grows the chain while blobs stream through it; constant memory but for 32 bytes per chunk."""

    def __init__(self, recording_id: str) -> None:
        self._recording_id = recording_id
        self._last = seed(recording_id)
        self._blobs: list[SealedBlob] = []

    def through(self, name: str, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the bytes of `blocks` as chunks, each linked before it is handed on."""
        links: list[bytes] = []
        size = 0
        for chunk in rechunked(blocks):
            self._last = link(self._last, name, len(links), chunk)
            links.append(self._last)
            size += len(chunk)
            yield chunk
        self._blobs.append(SealedBlob(name, size, tuple(links)))

    def seal(self, signer: Signer) -> "SealDocument":
        """Sign what has gone through."""
        head = self._last.hex()
        unsigned = SealDocument(self._recording_id, tuple(self._blobs), head, signer.fingerprint, b"")
        return replace(unsigned, signature=signer.sign(unsigned.message()))


@dataclass(frozen=True, slots=True)
class SealDocument:
    """`seal.json`. Trust nothing in it before `objection` had none."""

    recording_id: str
    blobs: tuple[SealedBlob, ...]
    head: str
    key: str
    signature: bytes

    def _body(self) -> dict[str, Any]:
        blobs = [{"name": b.name, "bytes": b.size, "links": [link.hex() for link in b.links]} for b in self.blobs]
        about = {"format": FORMAT, "recording_id": self.recording_id, "chunk_bytes": CHUNK}
        return about | {"blobs": blobs, "head": self.head, "key": self.key}

    def message(self) -> bytes:
        return _PURPOSE + canonical(self._body())

    def as_bytes(self) -> bytes:
        return canonical(self._body() | {"signature": base64.b64encode(self.signature).decode()}) + b"\n"

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read `seal.json`; RecordingDamaged unless it is one, written in its one form to the byte.

        Nothing is verified here.
        """
        try:
            values = json.loads(text)
            _require_known(values)
            blobs = tuple(_blob(item) for item in values["blobs"])
            parts = (str(values["recording_id"]), str(values["head"]), str(values["key"]))
            signature = base64.b64decode(values["signature"], validate=True)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise RecordingDamaged(f"{SEAL}: it cannot be read as a seal") from error
        document = cls(parts[0], blobs, parts[1], parts[2], signature)
        if document.as_bytes() != text:
            raise RecordingDamaged(f"{SEAL}: it has been changed")
        return document

    def objection(self, recording_id: str, public: Ed25519PublicKey) -> str:
        """Return why this seal does not hold for `recording_id` under this key; "" when it does."""
        if self.recording_id != recording_id:
            return f"it belongs to the recording {self.recording_id}"
        if self.key != fingerprint(public):
            return f"it was made with another key ({self.key})"
        if not signed(public, self.signature, self.message()):
            return "the signature does not hold"
        last = self.blobs[-1].links[-1] if self.blobs else seed(self.recording_id)
        return "" if last.hex() == self.head else "its head is not the end of its chain"

    def before(self, index: int) -> bytes:
        """Return the link before the first chunk of blob number `index`."""
        return self.blobs[index - 1].links[-1] if index else seed(self.recording_id)

    def index(self, blob: str) -> int:
        """Return the position of a blob by name; RecordingDamaged when it was never sealed."""
        for position, sealed in enumerate(self.blobs):
            if sealed.name == blob:
                return position
        raise RecordingDamaged(f"{blob}: it is not part of the seal")


def _require_known(values: Mapping[str, Any]) -> None:
    if (values["format"], values["chunk_bytes"]) != (FORMAT, CHUNK):
        raise ValueError("another format")


def _blob(values: Mapping[str, Any]) -> SealedBlob:
    links = tuple(bytes.fromhex(text) for text in values["links"])
    sealed = SealedBlob(str(values["name"]), int(values["bytes"]), links)
    needed = max(1, -(-sealed.size // CHUNK))
    if sealed.size < 0 or len(links) != needed or {len(one) for one in links} != {32}:
        raise ValueError("the links do not fit the size")
    return sealed


def rechunked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in chunks of CHUNK, the last one shorter; one empty chunk for no bytes at all."""
    held: list[bytes] = []
    size, sent = 0, False
    for block in blocks:
        held.append(block)
        size += len(block)
        if size < CHUNK:
            continue
        joined = b"".join(held)
        whole = size - size % CHUNK
        for start in range(0, whole, CHUNK):
            yield joined[start : start + CHUNK]
        held, size, sent = [joined[whole:]], size - whole, True
    if size or not sent:
        yield b"".join(held)


def walked(document: SealDocument, index: int, chunks: Iterable[bytes]) -> Iterator[tuple[bytes, Fault | None]]:
    """Yield each stored chunk of blob number `index` with what is wrong with it, and a last fault for the end.

    `chunks` are CHUNK bytes each but the last; an empty blob may yield none. Goes on after a fault: every link is
    genuine, so what follows a broken chunk is judged on its own.
    """
    sealed = document.blobs[index]
    previous, number = document.before(index), 0
    for number, chunk in enumerate(chunks, 1):
        at = number - 1
        if at >= len(sealed.links):
            yield chunk, Fault(sealed.name, "bytes were added after the sealed end", at)
            return
        fault = _judged(sealed, previous, at, chunk)
        previous = sealed.links[at]
        yield chunk, fault
        if len(chunk) < sealed.length(at):
            return
    if number < len(sealed.links) and sealed.size:
        missing = sealed.size - number * CHUNK
        yield b"", Fault(sealed.name, f"it ends here, {missing} bytes are missing", number)


def _judged(sealed: SealedBlob, previous: bytes, number: int, chunk: bytes) -> Fault | None:
    length = sealed.length(number)
    first = number * CHUNK
    if len(chunk) < length:
        return Fault(sealed.name, f"it ends in here, {sealed.size - first - len(chunk)} bytes are missing", number)
    if len(chunk) > length:
        return Fault(sealed.name, f"{len(chunk) - length} bytes were added after the sealed end", number)
    if link(previous, sealed.name, number, chunk) == sealed.links[number]:
        return None
    return Fault(sealed.name, f"bytes {first} to {first + length - 1} are not what was sealed", number)
