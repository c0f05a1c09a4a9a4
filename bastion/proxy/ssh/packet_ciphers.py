"""AEAD ciphers of the packet path: key schedules kept for the life of the keys, frames opened without joining.

asyncssh builds an AESGCM (2.7 µs) or three ChaCha20 contexts anew for each packet. These subclasses keep them, and add:

- `length(seq, head)`   the packet length hidden in the first four bytes of a frame
- `open_into(...)`      a whole frame (length, ciphertext, tag), opened into a caller's buffer
- `seal(seq, packet)`   a padded packet, sealed, as (length field, ciphertext + tag)
- `opened`              a packet already opened here, that asyncssh's own `_recv_packet` is about to ask for

They stand in asyncssh's table of ciphers (`encryption._enc_params`), so key exchange builds them by itself.
Sources: RFC 5647 as OpenSSH reads it (PROTOCOL, "AES-GCM"), OpenSSH PROTOCOL.chacha20poly1305.
"""

from __future__ import annotations

from asyncssh.encryption import ChachaEncryption, Encryption, GCMEncryption
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.poly1305 import Poly1305

LENGTH = 4  # bytes of the packet length field
TAG = 16  # bytes of the authentication tag, of both ciphers
_COUNTER = 0xFFFF_FFFF_FFFF_FFFF
_POLY_KEY = bytes(32)
_FIRST_BLOCK = bytes(8)  # ChaCha20 block counter, little-endian: 0 makes the Poly1305 key,
_NEXT_BLOCK = b"\1" + bytes(7)  # 1 onwards is the payload


class KeptCipher(Encryption):
    """What the packet path asks of a cipher; one object serves one direction."""

    opened: bytes | None = None

    def length(self, seq: int, head: memoryview) -> int:
        raise NotImplementedError

    def open_into(self, seq: int, frame: memoryview, out: memoryview) -> bool:
        """Open `frame` into the start of `out`; False if it was not made with our keys (the connection must end)."""
        raise NotImplementedError

    def seal(self, seq: int, packet: memoryview) -> tuple[bytes, bytes]:
        raise NotImplementedError

    def _take_opened(self) -> bytes | None:
        packet, self.opened = self.opened, None
        return packet


class KeptGCM(KeptCipher, GCMEncryption):
    """AES-128-GCM and AES-256-GCM: the length is in clear and authenticated, the nonce counts packets."""

    def __init__(self, key: bytes, iv: bytes) -> None:
        self._aead = AESGCM(key)
        self._salt = iv[:4]
        self._count = int.from_bytes(iv[4:], "big")

    @classmethod
    def new(  # the signature is asyncssh's
        cls, _name: str, key: bytes, iv: bytes, _mac_alg: bytes = b"", _mac_key: bytes = b"", _etm: bool = False
    ) -> KeptGCM:
        return cls(key, iv)

    def _nonce(self) -> bytes:
        nonce = self._salt + self._count.to_bytes(8, "big")
        self._count = (self._count + 1) & _COUNTER
        return nonce

    def encrypt_packet(self, _seq: int, header: bytes, packet: bytes) -> tuple[bytes, bytes]:
        return header, self._aead.encrypt(self._nonce(), packet, header)

    def decrypt_packet(self, _seq: int, first: bytes, rest: bytes, header_len: int, mac: bytes) -> bytes | None:
        if self.opened is not None:
            return self._take_opened()
        try:
            return self._aead.decrypt(self._nonce(), b"".join((first[header_len:], rest, mac)), first[:header_len])
        except InvalidTag:
            return None

    def length(self, _seq: int, head: memoryview) -> int:
        return int.from_bytes(head, "big")

    def open_into(self, _seq: int, frame: memoryview, out: memoryview) -> bool:
        try:
            self._aead.decrypt_into(self._nonce(), frame[LENGTH:], frame[:LENGTH], out[: len(frame) - LENGTH - TAG])
        except InvalidTag:
            return False
        return True

    def seal(self, _seq: int, packet: memoryview) -> tuple[bytes, bytes]:
        header = len(packet).to_bytes(LENGTH, "big")
        return header, self._aead.encrypt(self._nonce(), packet, header)


class KeptChaCha(KeptCipher, ChachaEncryption):
    """chacha20-poly1305@openssh.com: the length has its own key, the nonce is the sequence number."""

    def __init__(self, key: bytes) -> None:
        self._main: CipherContext = Cipher(ChaCha20(key[:32], bytes(16)), mode=None).encryptor()
        self._head: CipherContext = Cipher(ChaCha20(key[32:], bytes(16)), mode=None).encryptor()

    @classmethod
    def new(  # the signature is asyncssh's
        cls, _name: str, key: bytes, _iv: bytes, _mac_alg: bytes = b"", _mac_key: bytes = b"", _etm: bool = False
    ) -> KeptChaCha:
        return cls(key)

    def _authenticator(self, nonce: bytes) -> Poly1305:
        self._main.reset_nonce(_FIRST_BLOCK + nonce)
        return Poly1305(self._main.update(_POLY_KEY))

    def _length_field(self, nonce: bytes, field: bytes | memoryview) -> bytes:
        self._head.reset_nonce(_FIRST_BLOCK + nonce)
        return self._head.update(field)

    def encrypt_packet(self, seq: int, header: bytes, packet: bytes | memoryview) -> tuple[bytes, bytes]:
        nonce = seq.to_bytes(8, "big")
        sealed_head = self._length_field(nonce, header)
        poly = self._authenticator(nonce)
        self._main.reset_nonce(_NEXT_BLOCK + nonce)
        sealed = self._main.update(packet)
        poly.update(sealed_head)
        poly.update(sealed)
        return sealed_head, sealed + poly.finalize()

    def decrypt_header(self, seq: int, first_block: bytes, header_len: int) -> tuple[bytes, bytes]:
        return first_block, self._length_field(seq.to_bytes(8, "big"), first_block[:header_len])

    def decrypt_packet(self, seq: int, first: bytes, rest: bytes, header_len: int, mac: bytes) -> bytes | None:
        if self.opened is not None:
            return self._take_opened()
        frame = b"".join((first, rest, mac))
        out = bytearray(len(frame) - header_len - TAG)
        return bytes(out) if self.open_into(seq, memoryview(frame), memoryview(out)) else None

    def length(self, seq: int, head: memoryview) -> int:
        return int.from_bytes(self._length_field(seq.to_bytes(8, "big"), head), "big")

    def open_into(self, seq: int, frame: memoryview, out: memoryview) -> bool:
        nonce, end = seq.to_bytes(8, "big"), len(frame) - TAG
        poly = self._authenticator(nonce)
        poly.update(frame[:end])
        try:
            poly.verify(bytes(frame[end:]))
        except InvalidSignature:
            return False
        self._main.reset_nonce(_NEXT_BLOCK + nonce)
        self._main.update_into(frame[LENGTH:end], out)
        return True

    def seal(self, seq: int, packet: memoryview) -> tuple[bytes, bytes]:
        return self.encrypt_packet(seq, len(packet).to_bytes(LENGTH, "big"), packet)
