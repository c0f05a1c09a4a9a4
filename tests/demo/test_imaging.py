"""The simulated console as a device: password, menu in two languages, commands with apart outputs and exit codes."""

import asyncio
from datetime import timedelta

import asyncssh
import pytest

from bastion import clock
from bastion.demo import imaging, imaging_menu
from bastion.demo.scanner import LOG_STEP

PASSWORD = "night shift"


@pytest.fixture
async def port():
    acceptor = await imaging.serve("127.0.0.1", 0, asyncssh.generate_private_key("ssh-ed25519"), PASSWORD)
    yield acceptor.get_port()
    acceptor.close()
    await acceptor.wait_closed()


def connect(port, password=PASSWORD, username=imaging.LOGIN):
    return asyncssh.connect(
        "127.0.0.1", port, username=username, password=password, known_hosts=None, client_keys=None, config=None
    )


async def test_commands_answer_on_the_right_stream_with_the_right_code(port):
    async with connect(port) as device:
        dry = await device.run("reboot --dry-run")
        assert (dry.exit_status, dry.stdout, dry.stderr) == (
            0, "would stop: recon, das, gantry\n", "reboot: dry run, nothing was changed\n",
        )  # fmt: skip
        wet = await device.run("reboot")
        assert (wet.exit_status, wet.stdout) == (1, "")
        assert (await device.run("nonsense")).exit_status == 127
        assert (await device.run("status 'open quote")).exit_status == 2
        assert (await device.run("cat logs/das.log")).stdout.startswith("2026-11-20")
        assert (await device.run("cat ../../etc/passwd")).exit_status == 1
        assert len((await device.run("log -n 4")).stdout.splitlines()) == 4


async def test_bytes_go_through_cat_unchanged(port):
    everything = bytes(range(256)) * 1000
    async with connect(port) as device:
        back = await device.run("cat", input=everything, encoding=None)
    assert back.stdout == everything


async def test_the_menu_speaks_two_languages_and_shows_files(port):
    async with connect(port) as device, device.create_process(term_type="xterm") as terminal:
        await terminal.stdout.readuntil("Choix : ")
        terminal.stdin.write("6\r")
        await terminal.stdout.readuntil("Choice: ")
        terminal.stdin.write("5\rcd logs\rls\rexit\r")
        assert "das.log" in await terminal.stdout.readuntil("Choice: ")
        terminal.change_terminal_size(100, 40)
        terminal.stdin.write("1\r")
        assert "E-2207" in await terminal.stdout.readuntil("Choice: ")
        terminal.stdin.write("7\r")
        assert (await terminal.wait()).exit_status == 0


async def test_the_log_can_be_followed_and_left(port, monkeypatch):
    begun, real = clock.now(), clock.now
    monkeypatch.setattr(imaging_menu, "LOG_STEP", timedelta(seconds=0.04))
    monkeypatch.setattr(imaging_menu.clock, "now", lambda: begun)
    async with connect(port) as device, device.create_process(term_type="xterm") as terminal:
        await terminal.stdout.readuntil("Choix : ")
        terminal.stdin.write("2\r")
        await terminal.stdout.readuntil("Entrée pour arrêter.")
        await terminal.stdout.readline()
        shown = [await terminal.stdout.readline() for _ in range(8)]
        monkeypatch.setattr(imaging_menu.clock, "now", lambda: begun + LOG_STEP)
        shown.append(await asyncio.wait_for(terminal.stdout.readline(), 5))
        assert len(set(shown)) == 9, "eight lines of the past, then a new one as it is written"
        assert shown == sorted(shown)
        monkeypatch.setattr(imaging_menu.clock, "now", real)
        terminal.stdin.write("\r")
        assert "1  État du système" in await terminal.stdout.readuntil("Choix : "), "back in the menu"


@pytest.mark.parametrize(("login", "password"), [("service", "wrong"), ("root", PASSWORD), ("service", "")])
async def test_a_wrong_login_stays_outside(port, login, password):
    with pytest.raises(asyncssh.PermissionDenied):
        await connect(port, password, login)
