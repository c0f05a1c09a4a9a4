"""T3: what is offered to technicians is modern only; devices are asked for more only by name and one by one (R-10)."""

import re

import asyncssh
import pytest

from bastion.domain.derogation import LEGACY, SMALL_RSA, AlgorithmUse
from bastion.proxy.ssh import algorithms as offered

FRONT = {
    "kex": offered.FRONT_KEX,
    "ciphers": offered.FRONT_CIPHERS,
    "macs": offered.FRONT_MACS,
    "signatures": offered.FRONT_SIGNATURES,
}
DEVICE = {
    "kex": offered.DEVICE_KEX,
    "ciphers": offered.DEVICE_CIPHERS,
    "macs": offered.DEVICE_MACS,
    "signatures": offered.DEVICE_HOST_KEYS,
}
WEAK = re.compile(r"sha1(?!\d)|md5|cbc|3des|arcfour|rc4|dss|dsa-1024|group1-|group14|^ssh-rsa$|umac-64|-96|none")


@pytest.mark.parametrize("what", FRONT)
def test_T03_the_front_offers_nothing_weak(what):
    assert [name for name in FRONT[what] if WEAK.search(name)] == []


def test_the_test_knows_what_is_weak():
    weak = [
        "hmac-sha1",
        "diffie-hellman-group14-sha1",
        "aes128-cbc",
        "ssh-dss",
        "ssh-rsa",
        "3des-cbc",
        "hmac-sha1-etm@x",
    ]
    assert all(WEAK.search(name) for name in weak)


def test_T03_no_mac_of_the_front_leaves_the_length_to_guesses():
    """Encrypt-then-MAC only: the others authenticate the plain text."""
    assert all("-etm@" in name for name in offered.FRONT_MACS)


@pytest.mark.parametrize("lists", [FRONT, DEVICE], ids=["front", "device"])
def test_T03_the_best_comes_first(lists):
    assert lists["kex"][:2] == ("curve25519-sha256", "curve25519-sha256@libssh.org")
    assert lists["signatures"][0] == "ssh-ed25519"
    assert "gcm" in lists["ciphers"][0]


WEAK_NOT_SHA2 = re.compile(rf"(?!diffie-hellman-group14-sha256)(?:.*(?:{WEAK.pattern}))")
USES = {
    "kex": AlgorithmUse.KEX,
    "ciphers": AlgorithmUse.CIPHER,
    "macs": AlgorithmUse.MAC,
    "signatures": AlgorithmUse.HOST_KEY,
}


@pytest.mark.parametrize("what", DEVICE)
def test_R10_no_device_is_asked_for_anything_old_without_a_derogation(what):
    assert [name for name in DEVICE[what] if WEAK_NOT_SHA2.match(name)] == []
    assert offered.for_device(USES[what]) == DEVICE[what]


@pytest.mark.parametrize("name", sorted(LEGACY.keys() - {SMALL_RSA}))
def test_R10_a_derogation_adds_exactly_what_it_names_and_last(name):
    added = {use: offered.for_device(use, (name,))[len(offered.for_device(use)) :] for use in AlgorithmUse}
    assert added == {use: (name,) if use is LEGACY[name] else () for use in AlgorithmUse}
    assert WEAK_NOT_SHA2.match(name)


def test_R10_all_of_them_are_in_order_and_nothing_else_can_be_added():
    assert offered.for_device(AlgorithmUse.CIPHER, LEGACY)[-4:] == (
        "aes256-cbc",
        "aes192-cbc",
        "aes128-cbc",
        "3des-cbc",
    )
    every = {name for use in AlgorithmUse for name in offered.for_device(use, (*LEGACY, "ssh-dss", "none", "hmac-md5"))}
    assert not every & {"ssh-dss", "none", "hmac-md5", SMALL_RSA}


@pytest.mark.parametrize(("bits", "legacy", "good"), [(2048, (), True), (1024, (), False), (1024, (SMALL_RSA,), True)])
def test_R10_a_small_rsa_key_needs_a_derogation(bits, legacy, good):
    key = asyncssh.generate_private_key("ssh-rsa", key_size=bits).convert_to_public()
    assert offered.strong_enough(key, legacy) is good


def test_other_keys_have_no_size_to_judge():
    for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256"):
        assert offered.strong_enough(asyncssh.generate_private_key(kind).convert_to_public())


def test_old_dropbears_can_read_the_list():
    assert len(offered.for_device(AlgorithmUse.KEX, LEGACY)) <= 20


@pytest.mark.parametrize("names", [*FRONT.values(), *DEVICE.values()])
def test_nothing_is_offered_twice(names):
    assert len(set(names)) == len(names)


async def test_asyncssh_knows_every_name():
    """It refuses options with a name it does not know."""
    ours = asyncssh.SSHServerConnectionOptions(
        kex_algs=offered.FRONT_KEX, encryption_algs=offered.FRONT_CIPHERS, mac_algs=offered.FRONT_MACS,
        signature_algs=offered.FRONT_SIGNATURES, server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
    )  # fmt: skip
    theirs = asyncssh.SSHClientConnectionOptions(
        kex_algs=offered.for_device(AlgorithmUse.KEX, LEGACY), config=None,
        encryption_algs=offered.for_device(AlgorithmUse.CIPHER, LEGACY),
        mac_algs=offered.for_device(AlgorithmUse.MAC, LEGACY),
        server_host_key_algs=offered.for_device(AlgorithmUse.HOST_KEY, LEGACY),
    )  # fmt: skip
    assert [name.decode() for name in ours.kex_algs] == list(offered.FRONT_KEX)
    assert [name.decode() for name in theirs.kex_algs] == list(offered.for_device(AlgorithmUse.KEX, LEGACY))
    assert [name.decode() for name in theirs.encryption_algs][-1] == "3des-cbc"
