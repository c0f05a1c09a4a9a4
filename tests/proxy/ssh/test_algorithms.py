"""T3: what is offered to technicians is modern only; what is offered to devices prefers the modern."""

import re

import asyncssh
import pytest

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


@pytest.mark.parametrize("what", DEVICE)
def test_old_algorithms_are_for_devices_and_come_last(what):
    names = DEVICE[what]
    weak = [n for n, name in enumerate(names) if WEAK.search(name) and name != "diffie-hellman-group14-sha256"]
    assert weak == list(range(len(names) - len(weak), len(names)))


def test_T03_not_even_devices_are_offered_dsa_md5_or_rc4():
    everything = {name for names in DEVICE.values() for name in names}
    assert not [name for name in everything if re.search(r"dss|md5|arcfour|3des|group1-|none", name)]


def test_old_dropbears_can_read_the_list():
    assert len(offered.DEVICE_KEX) <= 20


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
        kex_algs=offered.DEVICE_KEX, encryption_algs=offered.DEVICE_CIPHERS, mac_algs=offered.DEVICE_MACS,
        server_host_key_algs=offered.DEVICE_HOST_KEYS, config=None,
    )  # fmt: skip
    assert [name.decode() for name in ours.kex_algs] == list(offered.FRONT_KEX)
    assert [name.decode() for name in theirs.kex_algs] == list(offered.DEVICE_KEX)
    assert [name.decode() for name in theirs.encryption_algs] == list(offered.DEVICE_CIPHERS)
