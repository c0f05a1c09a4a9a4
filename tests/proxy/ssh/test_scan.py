"""Reading a device's identity (R-9): every kind it has, and nothing given away."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import asyncssh
import pytest
from asyncssh.packet import String

from bastion import networks
from bastion.errors import AddressRefused, DeviceNotReady, DeviceUnreachable
from bastion.proxy.ssh import scan as module
from bastion.proxy.ssh.scan import scan_host_keys
from bastion.proxy.tcp import Networks
from tests.e2e.raw import packet

ED25519 = asyncssh.generate_private_key("ssh-ed25519")
ECDSA = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
RSA = asyncssh.generate_private_key("ssh-rsa", key_size=2048)

HERE = Networks(["127.0.0.0/8"])


class Nosy(asyncssh.SSHServer):
    """A device that notes whoever gets as far as naming a user."""

    users: list[str]

    def begin_auth(self, username: str) -> bool:
        self.users.append(username)
        return True


@pytest.fixture
async def device() -> AsyncIterator[Callable]:
    """Starts devices with the keys given; returns their port, and the users that were named."""
    listening = []

    async def start(*keys: asyncssh.SSHKey, **options) -> tuple[int, list[str]]:
        kind = type("Device", (Nosy,), {"users": []})
        acceptor = await asyncssh.listen("127.0.0.1", 0, server_factory=kind, server_host_keys=list(keys), **options)
        listening.append(acceptor)
        return acceptor.get_port(), kind.users

    yield start
    for acceptor in listening:
        acceptor.close()
        await acceptor.wait_closed()


@pytest.fixture
async def stranger() -> AsyncIterator[Callable]:
    """Starts servers that speak no SSH."""
    servers = []

    async def start(answer: Callable[[asyncio.StreamWriter], None]) -> int:
        async def handle(reader, writer) -> None:
            answer(writer)
            await reader.read(65536)
            writer.close()

        servers.append(await asyncio.start_server(handle, "127.0.0.1", 0))
        return servers[-1].sockets[0].getsockname()[1]

    yield start
    for server in servers:
        server.close()


def lines(*keys: asyncssh.SSHKey) -> list[list[str]]:
    """Type and key of each, without the comment."""
    return [key.export_public_key().decode().split()[:2] for key in keys]


async def test_R09_every_kind_of_key_is_read_once_the_best_first(device):
    port, _ = await device(RSA, ECDSA, ED25519)
    found = await scan_host_keys("127.0.0.1", port, HERE)
    assert [line.split()[:2] for line in found] == lines(ED25519, ECDSA, RSA)
    assert all("\n" not in line for line in found)


@pytest.mark.parametrize("key", [ED25519, ECDSA, RSA], ids=["ed25519", "ecdsa", "rsa"])
async def test_a_device_with_one_key_is_read(device, key):
    port, _ = await device(key)
    assert [line.split()[:2] for line in await scan_host_keys("127.0.0.1", port, HERE)] == lines(key)


async def test_R09_no_user_name_is_given_away(device):
    port, users = await device(ED25519)
    await scan_host_keys("127.0.0.1", port, HERE)
    assert users == []


OLD = {
    "kex_algs": ["diffie-hellman-group14-sha1"], "encryption_algs": ["aes128-cbc"], "mac_algs": ["hmac-sha1"],
    "signature_algs": ["ssh-rsa"],
}  # fmt: skip
NAMES = ("ssh-rsa", "diffie-hellman-group14-sha1", "aes128-cbc", "hmac-sha1")


async def test_R10_an_old_device_is_read_under_a_derogation_that_names_all_it_needs(device):
    port, _ = await device(RSA, **OLD)
    assert [line.split()[:2] for line in await scan_host_keys("127.0.0.1", port, HERE, NAMES)] == lines(RSA)
    for missing in ("diffie-hellman-group14-sha1", "aes128-cbc", "hmac-sha1"):
        with pytest.raises(DeviceNotReady) as refused:
            await scan_host_keys("127.0.0.1", port, HERE, set(NAMES) - {missing})
        assert f"({missing})" in refused.value.public
    with pytest.raises(DeviceNotReady) as refused:
        await scan_host_keys("127.0.0.1", port, HERE)
    assert "(diffie-hellman-group14-sha1, aes128-cbc, hmac-sha1)" in refused.value.public, "all it needs, at once"


async def test_R10_a_device_whose_key_signs_with_sha1_only_says_so(stranger):
    """asyncssh's own server would sign with SHA-2 whatever it is told, so this one is played by hand."""

    def offer(writer) -> None:
        lists = (b"curve25519-sha256", b"ssh-rsa,ssh-dss", *[b"aes128-ctr"] * 2, *[b"hmac-sha2-256"] * 2)
        names = b"".join(String(names) for names in (*lists, b"none", b"none", b"", b""))
        writer.write(b"SSH-2.0-OpenSSH_5.1\r\n" + packet(b"\x14" + bytes(16) + names + bytes(5)))

    port = await stranger(offer)
    with pytest.raises(DeviceNotReady) as refused:
        await scan_host_keys("127.0.0.1", port, HERE)
    assert "(ssh-rsa)" in refused.value.public


async def test_R10_a_small_rsa_key_is_read_under_its_own_name_only(device):
    port, _ = await device(asyncssh.generate_private_key("ssh-rsa", key_size=1024))
    with pytest.raises(DeviceNotReady) as refused:
        await scan_host_keys("127.0.0.1", port, HERE)
    assert "below 2048 bits" in refused.value.public
    assert len(await scan_host_keys("127.0.0.1", port, HERE, ("rsa-1024",))) == 1


async def test_where_nobody_listens_the_device_is_unreachable():
    with pytest.raises(DeviceUnreachable) as refused:
        await scan_host_keys("127.0.0.1", 1, HERE)
    assert refused.value.params == {"device": "127.0.0.1", "port": 1}
    assert "nothing listens on port 1" in refused.value.public


async def test_a_name_without_address_is_said_to_be_the_trouble(monkeypatch):
    async def unknown(*_given: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    impossible = "a" * 64
    with pytest.raises(DeviceUnreachable) as refused:
        await scan_host_keys(impossible, 22, HERE)
    assert f"finds no address for the name {impossible}." in refused.value.public
    monkeypatch.setattr(networks, "_resolve", unknown)  # what a name server says differs from place to place
    with pytest.raises(DeviceUnreachable) as refused:
        await scan_host_keys("irm-7", 22, HERE)
    assert "finds no address for the name irm-7." in refused.value.public


async def test_a_device_that_slams_the_door_each_time_is_unreachable(stranger):
    port = await stranger(lambda writer: writer.transport.abort())
    with pytest.raises(DeviceUnreachable):
        await scan_host_keys("127.0.0.1", port, HERE)


async def test_what_speaks_no_ssh_is_unreachable(stranger):
    port = await stranger(lambda writer: writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 5000 + b"\n"))
    with pytest.raises(DeviceUnreachable) as refused:
        await scan_host_keys("127.0.0.1", port, HERE)
    assert "does not speak SSH" in refused.value.public


async def test_a_device_that_says_nothing_is_given_up(stranger, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    port = await stranger(lambda writer: None)
    async with asyncio.timeout(5):
        with pytest.raises(DeviceUnreachable):
            await scan_host_keys("127.0.0.1", port, HERE)


async def test_T50_this_machine_is_not_scanned_unless_the_configuration_names_it(device):
    port, _ = await device(ED25519)
    with pytest.raises(AddressRefused):
        await scan_host_keys("127.0.0.1", port, Networks())
