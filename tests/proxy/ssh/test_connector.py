"""What a device is told, and what it is not. Devices that answer are met in tests/e2e."""

import asyncio
from dataclasses import replace

import asyncssh
import pytest

from bastion.errors import DeviceNotReady, DeviceUnreachable
from bastion.i18n import catalogue
from bastion.proxy.ssh import connector, dialling, scan
from bastion.proxy.ssh.channels import Asked
from bastion.proxy.ssh.connector import DeviceLink, _algorithms_of, _usual_options
from bastion.proxy.ssh.device_login import KeyRing
from bastion.proxy.ssh.ways import Way
from bastion.proxy.tcp import Networks
from bastion.secret import Secret
from bastion.services.views import DeviceCredential


def test_the_device_is_asked_for_the_pinned_keys_and_no_others():
    ed25519 = asyncssh.generate_private_key("ssh-ed25519").convert_to_public()
    rsa = asyncssh.generate_private_key("ssh-rsa", key_size=2048).convert_to_public()
    assert _algorithms_of([ed25519]) == ["ssh-ed25519"]
    assert _algorithms_of([rsa]) == ["rsa-sha2-512", "rsa-sha2-256"]
    assert _algorithms_of([rsa], ("ssh-rsa", "aes128-cbc")) == ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]


def test_R10_what_one_device_is_allowed_no_other_is_asked_for():
    """Options are kept per way: the same device with and without its derogation are two."""
    old = _usual_options(replace(WAY, legacy=("diffie-hellman-group1-sha1", "3des-cbc", "hmac-sha1")))
    for other in (WAY, replace(WAY, device="ct-02")):
        modern = _usual_options(other)
        for names in ("kex_algs", "encryption_algs", "mac_algs", "signature_algs"):
            assert set(getattr(modern, names)) <= set(getattr(old, names))
        assert not {b"diffie-hellman-group1-sha1", b"3des-cbc", b"hmac-sha1", b"ssh-rsa"} & {
            *modern.kex_algs, *modern.encryption_algs, *modern.mac_algs, *modern.signature_algs,
        }  # fmt: skip
    assert {b"diffie-hellman-group1-sha1", b"3des-cbc", b"hmac-sha1"} <= {
        *old.kex_algs, *old.encryption_algs, *old.mac_algs,
    }  # fmt: skip
    assert b"ssh-rsa" not in old.signature_algs, "it was not named"


async def test_R10_a_small_rsa_key_is_no_identity_without_a_derogation(link):
    small = asyncssh.generate_private_key("ssh-rsa", key_size=1024).export_public_key().decode()
    link.way = replace(WAY, host_keys=(small,))
    link.dial(link.keep)
    with pytest.raises(DeviceNotReady):
        await link.open_channel(Asked())
    assert _usual_options(replace(link.way, legacy=("rsa-1024",))).server_host_key_algs == [
        "rsa-sha2-512", "rsa-sha2-256",
    ]  # fmt: skip


def test_every_sentence_about_old_devices_is_said_in_french():
    for said in (connector.TOO_OLD, scan.TOO_OLD, scan.TOO_SMALL):
        assert said in catalogue("fr")


PASSWORD = DeviceCredential("svc", "password", Secret.of("s3cret"))
PINNED = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
WAY = Way("ct-01", "127.0.0.1", 1, (PINNED,), "svc", "password")


@pytest.fixture
async def link():
    notes, lost, tasks = [], [], []
    made = DeviceLink(WAY, KeyRing(), Networks(["127.0.0.0/8"]))
    made.notes, made.lost, made.tasks = notes, lost, tasks
    made.keep = lambda work, name: tasks.append(asyncio.ensure_future(work)) or tasks[-1]
    return made


async def test_a_device_that_is_away_is_noted_once_and_told_to_every_channel(link, monkeypatch):
    async def refused(*_args, **_options):
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(dialling, "connect", refused)
    link.dial(link.keep)
    await asyncio.sleep(0)
    assert link.notes == [], "there is no session yet to put it down to"
    link.admit(PASSWORD, link.notes.append, link.lost.append)
    for _ in range(3):
        with pytest.raises(DeviceUnreachable):
            await link.open_channel(Asked())
    assert [fact.tag for fact in link.notes] == ["device:unreachable"]
    assert link.lost == []


async def test_nothing_is_opened_before_anybody_dialled(link):
    with pytest.raises(DeviceUnreachable):
        await link.open_channel(Asked())


async def test_closing_ends_the_dialling(link, monkeypatch):
    async def for_ever(*_args, **_options):
        await asyncio.sleep(60)

    monkeypatch.setattr(dialling, "connect", for_ever)
    link.dial(link.keep)
    await asyncio.sleep(0)
    link.close()
    await asyncio.wait(link.tasks, timeout=1)
    assert link.tasks[0].cancelled()


@pytest.mark.parametrize("keys", [(), ("ssh-dss AAAA",)])
async def test_a_device_without_a_usable_identity_is_not_ready(link, keys):
    link.way = replace(WAY, host_keys=keys)
    link.dial(link.keep)
    with pytest.raises(DeviceNotReady):
        await link.open_channel(Asked())
