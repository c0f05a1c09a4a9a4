"""What the strict connection reads out of packets. How it behaves is held against real clients in tests/e2e."""

import asyncssh
import pytest
from asyncssh.packet import SSHPacket, String, UInt32

from bastion.proxy.ssh import front


def test_a_bare_key_is_a_key_and_must_be_touched_if_it_is_a_token():
    key = asyncssh.generate_private_key("ssh-ed25519")
    plain = front._plain_key(key.public_data)
    assert plain == key.convert_to_public()
    assert plain._touch_required


def test_T07_a_certificate_is_no_key():
    key = asyncssh.generate_private_key("ssh-ed25519")
    certificate = key.generate_user_certificate(key, "alice", principals=["alice"])
    assert front._plain_key(certificate.public_data) is None


@pytest.mark.parametrize(
    "data", [b"", b"\x00", String("ssh-ed25519"), String("ssh-unknown") + String("x"), b"\xff" * 40]
)
def test_noise_is_no_key(data):
    assert front._plain_key(data) is None


@pytest.mark.parametrize(
    ("kind", "signing", "modern"),
    [
        ("ssh-ed25519", b"ssh-ed25519", True),
        ("ssh-rsa", b"rsa-sha2-256", True),
        ("ssh-rsa", b"rsa-sha2-512", True),
        ("ssh-rsa", b"ssh-rsa", False),
        ("ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp256", True),
    ],
)
def test_T03_no_signature_with_sha1_counts(kind, signing, modern):
    key = asyncssh.generate_private_key(kind, **({"key_size": 2048} if kind == "ssh-rsa" else {}))
    assert front._modern(key.sign(b"data", signing)) is modern


@pytest.mark.parametrize("signature", [b"", b"\x00\x00\x00\xff", String(b"\xff\xfe")])
def test_noise_is_no_signature(signature):
    assert not front._modern(signature)


@pytest.mark.parametrize(
    ("kind", "rest", "where"),
    [
        (b"tcpip-forward", String("") + UInt32(8080), ":8080"),
        (b"direct-streamlocal@openssh.com", String("/run/docker.sock") + String("") + UInt32(0), "/run/docker.sock"),
        (b"env", String("LD_PRELOAD") + String("x.so"), "LD_PRELOAD"),
        (b"x@example.org", String("\x1b]0;owned\x07é"), "?]0;owned??"),
        (b"tcpip-forward", b"\x00\x00", ""),
        (b"auth-agent-req@openssh.com", b"", ""),
    ],
)
def test_what_a_refused_request_was_about_is_told_harmlessly(kind, rest, where):
    assert front._where(kind, SSHPacket(rest)) == where


def test_a_kind_has_a_word_or_its_own_harmless_name():
    assert front._name(b"tcpip-forward") == "remote port forwarding"
    assert front._name(b"evil\x1b[2J@example.org") == "evil?[2J@example.org"


def test_T17_nothing_is_both_taken_and_refused_in_silence():
    assert not front._CHANNEL & front._HARMLESS
    assert not {k.decode() for k in front._KINDS} & front._CHANNEL
    assert not set(front._KINDS) & front._GLOBAL
