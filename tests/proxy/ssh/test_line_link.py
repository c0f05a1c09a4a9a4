"""Terminals on telnet and serial lines: one connection each, logged in from the vault, closed with the session."""

import asyncio
import socket
import struct
from dataclasses import replace

import pytest

from bastion.domain.device import Protocol, SecretKind
from bastion.errors import (
    AddressRefused,
    ChannelRefused,
    DeviceLoginFailed,
    DeviceNotReady,
    DeviceUnreachable,
    Invalid,
)
from bastion.i18n import catalogue
from bastion.proxy.frames import Data, Exit
from bastion.proxy.ssh import line_link
from bastion.proxy.ssh.channels import Asked
from bastion.proxy.ssh.line_link import LineLink
from bastion.proxy.ssh.ways import Way
from bastion.proxy.tcp import Networks
from bastion.secret import Secret
from bastion.services.views import DeviceCredential
from tests.proxy.old_device import LOGIN, PASSWORD
from tests.proxy.peers import LOOPBACK, Ear, served, telnetd

CREDENTIAL = DeviceCredential(LOGIN, SecretKind.PASSWORD, Secret.of(PASSWORD))
TERMINAL = Asked(pty=True, term="xterm")


class Session:
    """A link and what its session was told."""

    def __init__(self, port, protocol=Protocol.TELNET, credential=CREDENTIAL, networks=LOOPBACK, **options):
        way = Way("ct-01", "127.0.0.1", port, (), LOGIN, "password", protocol, (), tuple(options.items()))
        self.notes, self.lost, self.tasks = [], [], []
        self.link = LineLink(way, networks)
        self.link.dial(lambda work, name: self.tasks.append(asyncio.ensure_future(work)) or self.tasks[-1])
        self.link.admit(credential, self.notes.append, self.lost.append)

    async def open(self):
        end = await self.link.open_channel(TERMINAL)
        end.attach(ear := Ear())
        return end, ear


async def gruff(reader, writer):
    """A device without a login that says hello and stays."""
    writer.write(b"hello\r\n> ")
    await reader.read(1)


async def test_who_logs_out_leaves_with_status_zero():
    async with telnetd() as port:
        session = Session(port)
        end, ear = await session.open()
        await ear.hears("old$ ")
        end.write(Data(b"exit\r"))
        await ear.end()
    assert ear.frames[-1] == Exit(0)
    assert (session.lost, session.notes) == ([], [])


async def test_two_terminals_are_two_connections_and_close_with_the_session():
    async with telnetd() as port:
        session = Session(port)
        (_, first), (_, second) = await session.open(), await session.open()
        await first.hears("old$ ")
        await second.hears("old$ ")
        session.link.close()
        await first.end()
        await second.end()
    assert session.lost == [], "the session ended it, the device did not"


async def test_a_serial_line_has_one_user():
    async with served(gruff) as port:
        session = Session(port, Protocol.SERIAL, server="tcp", login="none")
        end, ear = await session.open()
        await ear.hears("hello")
        with pytest.raises(ChannelRefused) as refused:
            await session.open()
        assert "in use already" in refused.value.public
        end.close()
        await ear.end()
        await (await session.open())[1].hears("hello")
        session.link.close()


@pytest.mark.parametrize("asked", [Asked(command="id"), Asked(command=""), Asked(subsystem="sftp")], ids=str)
async def test_R20_nothing_but_a_terminal_is_opened(asked):
    async with served(gruff) as port:
        session = Session(port, login="none")
        with pytest.raises(ChannelRefused, match="shell only"):
            await session.link.open_channel(asked)
        assert session.tasks == [], "nobody was dialled"


async def test_a_device_that_is_away_is_noted_and_said():
    session = Session(1)
    with pytest.raises(DeviceUnreachable):
        await session.open()
    assert [fact.tag for fact in session.notes] == ["device:unreachable"]


async def test_T50_an_address_that_may_not_be_dialled_is_not():
    async with telnetd() as port:
        with pytest.raises(AddressRefused):
            await Session(port, networks=Networks()).open()


async def test_a_wrong_password_is_noted_and_said():
    async with telnetd() as port:
        session = Session(port, credential=replace(CREDENTIAL, secret=Secret.of("wrong")))
        with pytest.raises(DeviceLoginFailed):
            await session.open()
    assert [(fact.tag, fact.fields["account"]) for fact in session.notes] == [("device:login_failed", LOGIN)]


async def test_a_second_terminal_that_fails_leaves_the_first_alone():
    async with telnetd() as port:
        session = Session(port)
        _, ear = await session.open()
        session.link.way = replace(session.link.way, port=1)
        with pytest.raises(ChannelRefused) as refused:
            await session.open()
        assert "does not answer" in refused.value.public
        assert ear.endings == []
        session.link.close()


@pytest.mark.parametrize(
    ("options", "credential", "error"),
    [
        ({}, replace(CREDENTIAL, kind=SecretKind.PRIVATE_KEY), DeviceNotReady),
        ({"prompt_login": "("}, CREDENTIAL, Invalid),
    ],
    ids=["a key", "a broken prompt"],
)
async def test_what_cannot_be_typed_is_said_and_the_line_is_left(options, credential, error):
    gone = asyncio.Event()

    async def wait(reader, _writer):
        await reader.read()
        gone.set()

    async with served(wait) as port:
        with pytest.raises(error):
            await Session(port, credential=credential, **options).open()
        async with asyncio.timeout(5):
            await gone.wait()


async def test_closing_while_it_logs_in_leaves_nothing_open():
    gone = asyncio.Event()

    async def mute(reader, writer):
        writer.write(b"wait...")
        await reader.read()
        gone.set()

    async with served(mute) as port:
        session = Session(port)
        opening = asyncio.ensure_future(session.open())
        await asyncio.sleep(0.2)
        session.link.close()
        with pytest.raises(ChannelRefused, match="closed"):
            await opening
        async with asyncio.timeout(5):
            await gone.wait()
        with pytest.raises(DeviceUnreachable):
            await session.open()


async def test_a_line_that_breaks_is_lost_for_the_session():
    async def slam(reader, writer):
        writer.write(b"> ")
        await reader.read(1)
        reset = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        writer.transport.abort()

    async with served(slam) as port:
        session = Session(port, login="none")
        end, ear = await session.open()
        await ear.hears("> ")
        end.write(Data(b"xx"))
        why = await ear.end()
    assert why.startswith("device lost")
    assert session.lost == [why]
    assert Exit(0) not in ear.frames


async def test_before_the_session_is_open_nobody_is_dialled():
    link = LineLink(Way("ct-01", "127.0.0.1", 1, (), LOGIN, "password", Protocol.TELNET), LOOPBACK)
    with pytest.raises(DeviceUnreachable, match="nobody has dialled"):
        await link.open_channel(TERMINAL)


def test_every_sentence_is_said_in_french():
    for said in (line_link.SHELL_ONLY, line_link.NO_KEYS, line_link.IN_USE):
        assert said in catalogue("fr")
