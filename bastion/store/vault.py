"""The vault: AES-256-GCM envelope encryption of device secrets and TOTP seeds.

Each secret has a data key of its own; the master key wraps only data keys. Master keys live in one file, outside the
database, readable by its owner alone; the newest seals, all of them open. Changing the master key (`rotate`, then
`rewrap` of every row, then `retire`) therefore never touches, and never shows, a secret.

Sealed form, in bytes: magic 4, key id 8, nonce 12, wrapped data key 48, nonce 12, ciphertext and tag. `aad` says
whose secret it is and is bound to both layers, so that one row's bytes do not open in the place of another's.
"""

import base64
import binascii
import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bastion.errors import ConfigurationError, Phrase
from bastion.secret import Secret

_MAGIC = b"BSV1"
_TITLE = "bastion master keys 1"
_KEY = 32
_ID = 8
_NONCE = 12
_WRAPPED = _KEY + 16
_HEAD = len(_MAGIC) + _ID + _NONCE + _WRAPPED + _NONCE
_LARGEST_FILE = 64 * 1024


class Vault:
    """Seals and opens. Holds the master keys in memory; nothing prints them.

    Another process may rotate (`bastion vault rotate` beside a running server), so the file is looked at again
    whenever it is not the one that was read.
    """

    def __init__(self, key_file: Path) -> None:
        self._file = key_file
        self._seen: tuple[int, int] | None = None
        self._keys: dict[str, Secret] = {}

    @classmethod
    def open(cls, key_file: Path) -> Self:
        """Read the key file, or make it with one fresh key. `ConfigurationError` if it is not ours alone to read."""
        vault = cls(key_file)
        if not key_file.is_symlink() and not key_file.exists():
            _write(key_file, _fresh())
            _settle(key_file.parent)
        vault._refresh()
        return vault

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Oldest first; the last one seals."""
        self._refresh()
        return tuple(self._keys)

    def seal(self, plain: Secret, aad: str) -> bytes:
        data_key, nonce = AESGCM.generate_key(256), os.urandom(_NONCE)
        body = AESGCM(data_key).encrypt(nonce, plain.reveal(), _MAGIC + aad.encode())
        return self._wrap(data_key, aad) + nonce + body

    def unseal(self, sealed: bytes, aad: str) -> Secret:
        """`ConfigurationError` when no key here opens it, or when it was sealed for another `aad`."""
        nonce, body = sealed[_HEAD - _NONCE : _HEAD], sealed[_HEAD:]
        try:
            return Secret(AESGCM(self._unwrap(sealed, aad)).decrypt(nonce, body, _MAGIC + aad.encode()))
        except InvalidTag as error:
            raise _shut(sealed) from error

    def rewrap(self, sealed: bytes, aad: str) -> bytes:
        """The same secret under the newest master key; its ciphertext is not touched."""
        return self._wrap(self._unwrap(sealed, aad), aad) + sealed[_HEAD - _NONCE :]

    def key_of(self, sealed: bytes) -> str:
        """The id of the master key that wraps it."""
        return sealed[len(_MAGIC) : len(_MAGIC) + _ID].hex()

    def rotate(self) -> str:
        """Add a master key, which seals from now on, and return its id. Older keys still open."""
        self._refresh()
        added = _fresh()
        self._replace({**self._keys, **added})
        return next(iter(added))

    def retire(self) -> int:
        """Forget all but the newest key, once every row is rewrapped; return how many went."""
        *old, newest = self.key_ids
        self._replace({newest: self._keys[newest]})
        return len(old)

    def _wrap(self, data_key: bytes, aad: str) -> bytes:
        newest, nonce = self.key_ids[-1], os.urandom(_NONCE)
        head = _MAGIC + bytes.fromhex(newest)
        return head + nonce + AESGCM(self._keys[newest].reveal()).encrypt(nonce, data_key, head + aad.encode())

    def _unwrap(self, sealed: bytes, aad: str) -> bytes:
        self._refresh()
        head = sealed[: len(_MAGIC) + _ID]
        nonce, wrapped = sealed[len(head) : len(head) + _NONCE], sealed[len(head) + _NONCE : _HEAD - _NONCE]
        master = self._keys.get(self.key_of(sealed))
        if master is None or len(sealed) < _HEAD or not sealed.startswith(_MAGIC):
            raise _shut(sealed)
        try:
            return AESGCM(master.reveal()).decrypt(nonce, wrapped, head + aad.encode())
        except InvalidTag as error:
            raise _shut(sealed) from error

    def _refresh(self) -> None:
        """Read the key file if it is another one than before. Sealing under a key that was retired loses a secret."""
        try:
            facts = self._file.lstat()
            if (seen := (facts.st_ino, facts.st_mtime_ns)) != self._seen:
                self._keys = _read(self._file)
                self._seen = seen
        except OSError as error:
            raise _refused(self._file, "it cannot be read, or is a link") from error

    def _replace(self, keys: dict[str, Secret]) -> None:
        """Whole or not at all: a key file cut short by a crash would lose every secret."""
        beside = self._file.with_name(self._file.name + ".new")
        with contextlib.suppress(FileNotFoundError):  # left by a rotation that died
            beside.unlink()
        _write(beside, keys)
        beside.replace(self._file)
        _settle(self._file.parent)
        self._refresh()


def _fresh() -> dict[str, Secret]:
    return {secrets.token_hex(_ID): Secret(AESGCM.generate_key(256))}


def _read(path: Path) -> dict[str, Secret]:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not hang us
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode) or facts.st_mode & 0o077:
            raise _refused(path, "others may read it: chmod 600")
        if facts.st_uid != os.geteuid():
            raise _refused(path, "it belongs to somebody else")
        text = os.read(handle, _LARGEST_FILE + 1)
    finally:
        os.close(handle)
    return _parsed(path, text)


def _parsed(path: Path, text: bytes) -> dict[str, Secret]:
    """A title line, then one line per key: its id, and 32 bytes in base64. Anything else is refused whole."""
    lines = text.decode("ascii", "replace").splitlines()
    if len(text) > _LARGEST_FILE or not text.endswith(b"\n") or lines[0] != _TITLE or len(lines) < 2:
        raise _refused(path, "it is not a key file, or is cut short")
    try:
        keys = dict(_key(line) for line in lines[1:])
    except (ValueError, binascii.Error):
        raise _refused(path, "a key in it is damaged") from None
    if len(keys) != len(lines) - 1:
        raise _refused(path, "a key stands in it twice")
    return keys


def _key(line: str) -> tuple[str, Secret]:
    name, encoded = line.split(" ")
    key = base64.b64decode(encoded, validate=True)
    if len(key) != _KEY or len(bytes.fromhex(name)) != _ID or name != name.lower():
        raise ValueError("wrong size")
    return name, Secret(key)


def _write(path: Path, keys: dict[str, Secret]) -> None:
    lines = [_TITLE, *(f"{name} {base64.b64encode(key.reveal()).decode()}" for name, key in keys.items())]
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _refused(path, "it cannot be made") from error
    with os.fdopen(handle, "w") as file:
        os.fchmod(handle, 0o600)
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(handle)


def _settle(directory: Path) -> None:
    """A new name is on the disk only once its directory is."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refused(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"vault key file {path}: {why}", why=f"the vault's key file is refused, {why}")


def _shut(sealed: bytes) -> ConfigurationError:
    return ConfigurationError(
        f"sealed under {sealed[4:12].hex()}", why=Phrase("a stored secret does not open with the vault's key file")
    )
