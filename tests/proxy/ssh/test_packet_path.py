"""The packet path is put in place once, or not at all; where it does not apply the sessions carry everything."""

import inspect
import logging
from collections.abc import Iterator
from typing import Any

import asyncssh
import pytest
from asyncssh import connection, encryption
from asyncssh.packet import SSHPacketLogger

from bastion.proxy.ssh import packet_path
from bastion.proxy.ssh.packet_ciphers import KeptGCM
from bastion.proxy.ssh.packet_connection import FastServerConnection
from tests.bench.servers import Lab
from tests.proxy.ssh.packet_lab import front


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        lab.start_sshd("device")
        yield lab


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncssh as it comes, whatever was installed before; put back afterwards."""
    for name in packet_path._CLASSES:
        monkeypatch.setattr(connection, name, getattr(asyncssh, name))
    monkeypatch.setattr(encryption, "_enc_params", dict(encryption._enc_params))
    monkeypatch.setitem(encryption._enc_params, b"aes128-gcm@openssh.com", (encryption.GCMEncryption, "aes128-gcm"))
    for owner, name, _ in packet_path._WRAPPED:
        monkeypatch.setattr(owner, name, inspect.unwrap(getattr(owner, name)))


def test_install_is_idempotent(stock: None) -> None:
    assert packet_path.install()
    logger = SSHPacketLogger._log_packet
    assert packet_path.install()
    assert SSHPacketLogger._log_packet is logger
    assert connection.SSHServerConnection is FastServerConnection
    assert encryption._enc_params[b"aes128-gcm@openssh.com"] == (KeptGCM, "aes128-gcm")


def test_another_asyncssh_keeps_its_own_path_and_says_so(
    stock: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(asyncssh, "__version__", "2.25.0")
    with caplog.at_level(logging.WARNING):
        assert not packet_path.install()
    assert connection.SSHServerConnection is asyncssh.SSHServerConnection
    assert "asyncssh 2.25.0" in caplog.text


@pytest.mark.parametrize("change", ["gone", "another signature"])
def test_another_shape_keeps_asyncsshs_own_path(stock: None, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    if change == "gone":
        monkeypatch.delattr(connection.SSHConnection, "_recv_packet")
    else:
        monkeypatch.setattr(connection.SSHConnection, "_recv_packet", lambda self, more: None)
    assert not packet_path.install()
    assert connection.SSHServerConnection is asyncssh.SSHServerConnection
    assert packet_path._misfit() == "SSHConnection._recv_packet has another shape"


async def test_without_install_the_sessions_carry_everything(
    lab: Lab, stock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packet_path, "install", lambda: True)
    async with front(lab) as near:
        data = bytes(range(256)) * 8000
        same = await near.run("cat", data=data) == data
        assert same
        assert [splice.active for splice in near.proxy.splices] == [False]
        assert near.proxy.splices[0].carried == (0, 0)
        assert near.proxy.by_callback == 2 * len(data)


async def test_a_channel_with_an_encoding_or_already_spliced_is_left_alone(lab: Lab) -> None:
    async with front(lab) as near, near.python() as one, near.python() as two:
        text = (await one.create_process("cat")).channel
        first, second = [(await each.create_process("cat", encoding=None)).channel for each in (one, two)]
        assert not splice(text, second).active
        assert not splice(first, first).active
        joined = splice(first, second)
        assert joined.active
        assert not splice(second, first).active
        joined.close()
        joined.close()
        assert not joined.active


async def test_the_splice_ends_with_either_channel(lab: Lab) -> None:
    async with front(lab) as near, near.python() as client:
        process = await client.create_process("cat", encoding=None)
        await near.settle()
        process.stdin.write_eof()
        await process.wait_closed()
        await near.run("true")  # the proxy has had its turns by now
        assert not near.proxy.splices[0].active
        assert near.proxy.fronts[0].lanes == near.proxy.backs[0].lanes == {}


def splice(a: Any, b: Any) -> packet_path.Splice:
    return packet_path.splice(a, b, _ignore, _ignore, pytest.fail)


def _ignore(_stream: int, _data: memoryview) -> bool:
    return True


def test_the_log_of_packets_is_asked_for_before_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []
    log = packet_path._when_debugging(lambda *given: written.append(given))
    log(None, "Sent", 94, 0, b"", "")
    assert written == []
    monkeypatch.setattr(packet_path.SSHLogger, "_debug_level", 3)
    log(None, "Sent", 94, 0, b"", "")
    assert len(written) == 1


def test_other_lines_are_written_when_their_level_is_wanted() -> None:
    written: list[object] = []
    log = packet_path._when_enabled(lambda *given: written.append(given[1:]))
    logger = packet_path.SSHLogger(logging.getLogger("of this test"))
    logger.setLevel(logging.INFO)
    log(logger, logging.DEBUG, "unheard")
    log(logger, logging.INFO, "%s", "heard")
    assert written == [(logging.INFO, "%s", "heard")]


def test_a_login_name_asyncssh_refuses_is_still_refused(stock: None) -> None:
    packet_path.install()
    for _ in range(2):
        assert connection.saslprep("alice") == "alice"
        with pytest.raises(asyncssh.saslprep.SASLPrepError):
            connection.saslprep("ali\x07ce")
