import asyncio

import asyncssh
import pytest

from bastion.proxy.ssh import device_login
from bastion.proxy.ssh.device_login import DeviceLogin, KeyRing
from bastion.secret import Secret
from bastion.services.views import DeviceCredential

PASSWORD = DeviceCredential("svc", "password", Secret.of("s3cret"))


@pytest.fixture
async def client():
    credential = asyncio.get_running_loop().create_future()
    credential.set_result(PASSWORD)
    return DeviceLogin(credential, KeyRing(), lambda why: None)


async def test_a_password_is_given_once(client):
    assert [await client.password_auth_requested(), await client.password_auth_requested()] == ["s3cret", None]


@pytest.mark.parametrize(
    ("prompts", "answers"),
    [
        ([("Password: ", False)], ["s3cret"]),
        ([], []),
        ([("Name: ", True)], None),
        ([("Password: ", False), ("Token: ", False)], None),
    ],
)
async def test_only_a_single_hidden_prompt_gets_it(client, prompts, answers):
    assert client.kbdint_auth_requested() == ""
    assert await client.kbdint_challenge_received("", "", "", prompts) == answers


async def test_it_is_not_offered_a_second_time_by_the_other_method(client):
    await client.password_auth_requested()
    assert client.kbdint_auth_requested() is None


async def test_a_key_that_is_not_pinned_is_noted_and_refused(client):
    key = asyncssh.generate_private_key("ssh-ed25519")
    assert not client.validate_host_public_key("h", "a", 22, key)
    assert client.seen is key


def test_a_private_key_is_parsed_once_and_the_ring_has_an_end(monkeypatch):
    ring, parsed = KeyRing(), []
    real = asyncssh.import_private_key
    monkeypatch.setattr(asyncssh, "import_private_key", lambda pem: parsed.append(pem) or real(pem))
    monkeypatch.setattr(device_login, "_KEYS_KEPT", 2)
    pems = [asyncssh.generate_private_key("ssh-ed25519").export_private_key() for _ in range(3)]
    for pem in (pems[0], pems[1], pems[0], pems[2], pems[0]):
        ring.parse(pem)
    assert parsed == pems
    ring.parse(pems[1])
    assert parsed == [*pems, pems[1]], "the one used longest ago was let go"


async def test_a_secret_that_is_still_on_its_way_is_waited_for():
    credential = asyncio.get_running_loop().create_future()
    login = DeviceLogin(credential, KeyRing(), lambda why: None)
    asking = asyncio.ensure_future(login.password_auth_requested())
    await asyncio.sleep(0)
    assert not asking.done()
    credential.set_result(PASSWORD)
    assert await asking == "s3cret"
