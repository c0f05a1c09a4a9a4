"""Telnet and serial lines through a real `ssh`, each under its derogation (R-10)."""

import asyncio
import signal
from contextlib import asynccontextmanager

import pytest

from bastion.domain.derogation import DerogationKind
from bastion.domain.device import Protocol, SecretKind
from bastion.secret import Secret
from tests.e2e.old_devices import (
    DAY,
    answers_at,
    code_now,
    derogate,
    in_clear,
    marks,
    opened,
)
from tests.e2e.world import OPERATOR, clock_moved
from tests.proxy.old_device import PASSWORD
from tests.proxy.peers import ser2net, served, telnetd
from tests.proxy.test_serial_line import modes, on_the_line


# -- telnet ------------------------------------------------------------------------------------------------------------
@asynccontextmanager
async def telnet_device(world, *words, **options):
    async with telnetd(*words) as port:
        device = await in_clear(world, port, Protocol.TELNET, options)
        await derogate(world, device, kind=DerogationKind.TELNET)
        yield device


async def test_R10_telnet_with_the_login_from_the_vault(world, screens):
    async with telnet_device(world, "banner"):
        await world.grant()
        screen = screens(world.screen())
        await screen.expect("old$ ")
        screen.send("term\r")
        await screen.expect("<xterm>")
        screen.send("size\r")
        await screen.expect("100x30")
        screen.resize(132, 40)
        (await screen.process()).send_signal(signal.SIGWINCH)
        await screen.insist("size\r", "132x40")
        screen.send("exit\r")
        assert await screen.ended() == 0
    assert PASSWORD not in screen.seen.decode()
    kept = await opened(world)
    frames = list(kept.frames(0))
    assert not [frame for frame in frames if PASSWORD.encode() in frame.data]
    assert b"size\r" in b"".join(frame.data for frame in frames if frame.code == "i")
    assert b"132x40" in b"".join(frame.data for frame in frames if frame.code == "o")
    assert marks(kept)[0] == "The bastion connected and logged in as service."
    assert kept.meta.derogations[0].startswith("telnet until ")
    assert {record.end_reason for record in await world.records()} == {"technician_left"}


async def test_R10_telnet_interrupts_reach_the_device(world, screens):
    async with telnet_device(world):
        await world.grant()
        screen = screens(world.screen())
        await screen.expect("old$ ")
        screen.send("\x03")
        await screen.expect("[interrupted]")


async def test_telnet_prompts_of_the_model(world, screens):
    async with telnet_device(world, "french", prompt_login="Identifiant : ", prompt_password="Mot de passe : "):
        await world.grant()
        screen = screens(world.screen())
        await screen.expect("old$ ")


@pytest.mark.parametrize("what", ["command", "sftp", "scp"])
async def test_R20_only_a_terminal_goes_over_telnet(world, what):
    async with telnet_device(world):
        await world.grant()
        if what == "command":
            done = await world.ssh("echo no")
        elif what == "sftp":
            done = await world.ssh("sftp", before=["-s"])
        else:
            done = await world.ssh("scp -t /tmp")
        assert done.status == 254
        assert "has a terminal only" in done.says
        await world.settled()
        assert "channel:refused" in await world.tags()
        assert "channel:opened" not in await world.tags()


async def test_R10_telnet_without_a_derogation_or_after_it_is_refused_with_whom_to_ask(world):
    async with telnetd() as port:
        device = await in_clear(world, port, Protocol.TELNET)
        await world.grant()
        done = await world.ssh(before=["-tt"])
        assert "no derogation allows that" in " ".join(done.says.split())
        await derogate(world, device, kind=DerogationKind.TELNET, days=1)
        await world.forget_codes()
        with clock_moved((2 * DAY).total_seconds()):
            await world.grant()
            done = await world.ssh(before=["-tt"], code=code_now(world))
        assert "has run out. Ask the hospital to renew it: Dr Vasseur answers for it." in " ".join(done.says.split())
        assert await world.records() == []


async def test_R10_a_telnet_session_ends_with_its_derogation(world, screens):
    async with telnetd() as port:
        device = await in_clear(world, port, Protocol.TELNET)
        made = await derogate(world, device, kind=DerogationKind.TELNET)
        await world.grant()
        screen = screens(world.screen())
        await screen.expect("old$ ")
        await world.services.derogations.withdraw(OPERATOR, made.id)
        await screen.expect("the derogation for this device has ended.", within=3)
        await screen.ended(within=3)


async def test_a_telnet_device_that_refuses_the_account_says_so(world, screens):
    async with telnetd() as port:
        device = await in_clear(world, port, Protocol.TELNET)
        view = await world.services.inventory.device(OPERATOR, device.id)
        await world.services.inventory.save_account(
            OPERATOR, device.id, "service", SecretKind.PASSWORD, Secret.of("wrong"), view.accounts[0].id
        )
        await derogate(world, device, kind=DerogationKind.TELNET)
        await world.grant()
        screen = screens(world.screen())
        await screen.expect("refused the account the hospital keeps for it")
        await screen.ended()
        await world.settled()
        assert "device:login_failed" in await world.tags()


# -- a serial line -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("server", ["rfc2217", "tcp"])
async def test_R10_a_serial_line_with_login_settings_and_break(world, screens, tmp_path, server):
    accepter = "telnet(rfc2217=true),tcp" if server == "rfc2217" else "tcp"
    async with ser2net(tmp_path, accepter) as line, on_the_line(line, "echo"):
        device = await in_clear(world, line.port, Protocol.SERIAL, {"baud": "19200", "stop": "2", "server": server})
        made = await derogate(world, device, kind=DerogationKind.SERIAL)
        await world.grant()
        screen = screens(world.screen())
        await screen.expect("old$ ")
        assert ("speed 19200 baud" in modes(line)) is (server == "rfc2217")
        screen.send("term\r")
        await screen.expect("<")
        await screen.expect("old$ ")
        screen.send("\r~B")
        await asyncio.sleep(0.3)
        screen.send("\rterm\r")
        await screen.expect("<")
        screen.send("\r~.")
        await screen.ended()
    kept = await opened(world)
    assert kept.meta.derogations == (made.words,)
    assert "break 1000 ms" in marks(kept)
    assert PASSWORD not in screen.seen.decode()


async def test_a_serial_line_without_a_login(world, screens, tmp_path):
    async with ser2net(tmp_path) as line:
        device = await in_clear(world, line.port, Protocol.SERIAL, {"login": "none"})
        await derogate(world, device, kind=DerogationKind.SERIAL)
        await world.grant()
        screen = screens(world.screen())
        screen.send("*IDN?\r")
        assert await line.hears(6) == b"*IDN?\n", "socat and ssh's own terminal have turned the key into a line end"
        line.say(b"Analyser 7\r\n")
        await screen.expect("Analyser 7")


# -- beside the line ---------------------------------------------------------------------------------------------------
async def test_the_other_services_of_a_telnet_device_are_reached_by_tunnel(world):
    async def give(_reader, writer):
        writer.write(b"RFB 003.008\n")
        await writer.drain()

    async with telnet_device(world) as device, served(give) as port:
        await answers_at(world, device, port, Protocol.VNC)
        await world.grant()
        done = await world.ssh(before=["-W", f"{device.code}:{port}"])
        assert done.out == b"RFB 003.008\n", done
