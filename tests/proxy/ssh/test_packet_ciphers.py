"""Kept ciphers speak with asyncssh's own, packet after packet, in both directions, and refuse what was touched."""

import os

import pytest
from asyncssh.crypto import ChachaCipher, GCMCipher
from asyncssh.encryption import ChachaEncryption, Encryption, GCMEncryption

from bastion.proxy.ssh.packet_ciphers import KeptChaCha, KeptCipher, KeptGCM

KEY, IV = bytes(range(64)), bytes(range(100, 112))
SIZES = [16, 32, 4096, 32768]


def pair(name: str) -> tuple[KeptCipher, Encryption]:
    """A kept cipher and asyncssh's, with the same keys."""
    if name == "chacha20-poly1305":
        return KeptChaCha.new(name, KEY, b""), ChachaEncryption(ChachaCipher(KEY))
    key = KEY[: 16 if name == "aes128-gcm" else 32]
    return KeptGCM.new(name, key, IV), GCMEncryption(GCMCipher(name, key, IV))


def header(packet: bytes) -> bytes:
    return len(packet).to_bytes(4, "big")


NAMES = pytest.mark.parametrize("name", ["aes128-gcm", "aes256-gcm", "chacha20-poly1305"])


@NAMES
def test_asyncssh_opens_what_we_seal(name: str) -> None:
    ours, theirs = pair(name)
    for seq, size in enumerate(SIZES):
        packet = os.urandom(size)
        sealed = b"".join(ours.seal(seq, memoryview(packet)))
        first, length = theirs.decrypt_header(seq, sealed[:16], 4)
        assert int.from_bytes(length, "big") == size
        assert theirs.decrypt_packet(seq, first, sealed[16:-16], 4, sealed[-16:]) == packet


@NAMES
def test_we_open_what_asyncssh_seals(name: str) -> None:
    ours, theirs = pair(name)
    out = bytearray(40000)
    for seq, size in enumerate(SIZES):
        packet = os.urandom(size)
        frame = memoryview(b"".join(theirs.encrypt_packet(seq, header(packet), packet)))
        assert ours.length(seq, frame[:4]) == size
        assert ours.open_into(seq, frame, memoryview(out))
        assert out[:size] == packet


@NAMES
def test_the_interface_of_asyncssh_is_kept(name: str) -> None:
    (ours, theirs), packet = pair(name), os.urandom(48)
    for seq in range(3):
        sealed = b"".join(theirs.encrypt_packet(seq, header(packet), packet))
        first, length = ours.decrypt_header(seq, sealed[:8], 4)
        assert int.from_bytes(length, "big") == 48
        assert ours.decrypt_packet(seq, first, sealed[8:-16], 4, sealed[-16:]) == packet
    assert b"".join(ours.encrypt_packet(9, header(packet), packet)) != packet


@NAMES
@pytest.mark.parametrize("place", [0, 4, 20, -17, -1])
def test_a_touched_frame_is_refused(name: str, place: int) -> None:
    ours, theirs = pair(name)
    packet = os.urandom(64)
    frame = bytearray(b"".join(theirs.encrypt_packet(0, header(packet), packet)))
    frame[place] ^= 1
    assert not ours.open_into(0, memoryview(frame), memoryview(bytearray(100)))
    again, _ = pair(name)
    assert again.decrypt_packet(0, bytes(frame[:8]), bytes(frame[8:-16]), 4, bytes(frame[-16:])) is None


@NAMES
def test_an_opened_packet_is_given_once(name: str) -> None:
    ours, _ = pair(name)
    ours.opened = b"packet"
    assert ours.decrypt_packet(0, b"", b"", 4, b"") == b"packet"
    assert ours.opened is None


def test_the_counter_of_gcm_wraps_as_openssh_does() -> None:
    ours = KeptGCM(KEY[:16], bytes(4) + b"\xff" * 8)
    assert ours._nonce() == bytes(4) + b"\xff" * 8
    assert ours._nonce() == bytes(12)
