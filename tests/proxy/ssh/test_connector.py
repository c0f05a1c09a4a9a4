"""What a device is told, and what it is not. Devices that answer are met in tests/e2e."""

import asyncio
from dataclasses import dataclass

import asyncssh
import pytest

from bastion.errors import DeviceUnreachable
from bastion.proxy.ssh import connector
from bastion.proxy.ssh.channels import Asked
from bastion.proxy.ssh.connector import DeviceLink, KeyRing, _algorithms_of, _Client
from bastion.secret import Secret
from bastion.services.views import DeviceCredential

PASSWORD = DeviceCredential("svc", "password", Secret.of("s3cret"))


@pytest.fixture
def client():
    return _Client(PASSWORD, KeyRing(), lambda why: None)


def test_a_password_is_given_once(client):
    assert [client.password_auth_requested(), client.password_auth_requested()] == ["s3cret", None]


@pytest.mark.parametrize(
    ("prompts", "answers"),
    [
        ([("Password: ", False)], ["s3cret"]),
        ([], []),
        ([("Name: ", True)], None),
        ([("Password: ", False), ("Token: ", False)], None),
    ],
)
def test_only_a_single_hidden_prompt_gets_it(client, prompts, answers):
    assert client.kbdint_auth_requested() == ""
    assert client.kbdint_challenge_received("", "", "", prompts) == answers


def test_it_is_not_offered_a_second_time_by_the_other_method(client):
    client.password_auth_requested()
    assert client.kbdint_auth_requested() is None


def test_a_key_that_is_not_pinned_is_noted_and_refused(client):
    key = asyncssh.generate_private_key("ssh-ed25519")
    assert not client.validate_host_public_key("h", "a", 22, key)
    assert client.seen is key


def test_a_private_key_is_parsed_once_and_the_ring_has_an_end(monkeypatch):
    ring, parsed = KeyRing(), []
    real = asyncssh.import_private_key
    monkeypatch.setattr(asyncssh, "import_private_key", lambda pem: parsed.append(pem) or real(pem))
    monkeypatch.setattr(connector, "_KEYS_KEPT", 2)
    pems = [asyncssh.generate_private_key("ssh-ed25519").export_private_key() for _ in range(3)]
    for pem in (pems[0], pems[1], pems[0], pems[2], pems[0]):
        ring.parse(pem)
    assert parsed == pems
    ring.parse(pems[1])
    assert parsed == [*pems, pems[1]], "the one used longest ago was let go"


def test_the_device_is_asked_for_the_pinned_keys_and_no_others():
    ed25519 = asyncssh.generate_private_key("ssh-ed25519").convert_to_public()
    rsa = asyncssh.generate_private_key("ssh-rsa", key_size=2048).convert_to_public()
    assert _algorithms_of([ed25519]) == ["ssh-ed25519"]
    assert _algorithms_of([rsa]) == ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]


@dataclass
class Thing:
    code: str = "ct-01"
    host: str = "127.0.0.1"
    port: int = 1
    host_keys: tuple = ()


@dataclass
class Opened:
    device = endpoint = Thing()
    credential = PASSWORD


@pytest.fixture
def link():
    notes, lost, tasks = [], [], []
    made = DeviceLink(Opened(), KeyRing(), notes.append, lost.append)
    made.notes, made.lost, made.tasks = notes, lost, tasks
    made.keep = lambda work, name: tasks.append(asyncio.ensure_future(work)) or tasks[-1]
    return made


async def test_a_device_that_is_away_is_noted_once_and_told_to_every_channel(link, monkeypatch):
    async def refused(*_args, **_options):
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(asyncssh, "connect", refused)
    link.dial(link.keep)
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

    monkeypatch.setattr(asyncssh, "connect", for_ever)
    link.dial(link.keep)
    await asyncio.sleep(0)
    link.close()
    await asyncio.wait(link.tasks, timeout=1)
    assert link.tasks[0].cancelled()
