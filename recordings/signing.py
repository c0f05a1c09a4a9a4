"""Ed25519 keys that sign seals. The private key lies in one file that only its owner may read."""

import base64
import hashlib
import os
import stat
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_public_key,
)

from recordings import durable
from recordings.model import RecordingError


class Signer:
    """Holds the private key. Made by `generate` or `load`, both of which try it out once: it must not fail silently."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key()
        self.prove()

    @classmethod
    def generate(cls, path: Path) -> Self:
        """Make a key and keep it at `path`, mode 0600. RecordingError if there is a file already."""
        key = Ed25519PrivateKey.generate()
        text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                durable.write_new(path.name, text, directory)
                durable.sync(path.name, directory)
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise RecordingError(f"the signing key cannot be written to {path}: {error.strerror}") from error
        return cls(key)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key. RecordingError if it is missing, readable by others, or no Ed25519 key (T36)."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(fd, "rb") as file:
                _require_private(path, os.fstat(file.fileno()))
                text = file.read()
        except OSError as error:
            raise RecordingError(f"the signing key {path} cannot be read: {error.strerror}") from error
        try:
            key = load_pem_private_key(text, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise RecordingError(f"{path} holds no usable signing key") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise RecordingError(f"{path} holds a key of another kind; an Ed25519 key is needed")
        return cls(key)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)

    def prove(self) -> None:
        """Sign and check a line; RecordingError if the key does not do its work."""
        if not signed(self.public, self._key.sign(b"recordings"), b"recordings"):
            raise RecordingError("the signing key makes signatures that do not hold")

    @property
    def public_pem(self) -> str:
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.public)


def _require_private(path: Path, state: os.stat_result) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise RecordingError(f"the signing key {path} is not a file")
    if state.st_mode & 0o077:
        raise RecordingError(f"the signing key {path} can be read by others: chmod 600 it")


def signed(public: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def load_public(text: str | bytes) -> Ed25519PublicKey:
    """Read a public key, PEM or one line of OpenSSH; RecordingError if it is none, or of another kind."""
    data = text.encode() if isinstance(text, str) else text
    try:
        pem = data.lstrip().startswith(b"-----")
        key = load_pem_public_key(data) if pem else load_ssh_public_key(data.strip())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise RecordingError("this is no public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise RecordingError("this public key is of another kind; an Ed25519 key is needed")
    return key


def fingerprint(public: Ed25519PublicKey) -> str:
    """Return the fingerprint as OpenSSH prints it, so that `ssh-keygen -l` can confirm it."""
    blob = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
    digest = hashlib.sha256(base64.b64decode(blob)).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
