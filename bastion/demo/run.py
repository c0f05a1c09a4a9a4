"""Runs the demo: devices, hospital, bastion and console in one process (and one `sshd` beside it)."""

import asyncio
import shutil
import sys
from pathlib import Path

import uvloop

from bastion import app, logs, parts
from bastion.config import Settings
from bastion.demo import hall, home, screen, world
from bastion.demo.facts import Facts
from bastion.demo.hall import Running
from bastion.errors import AlreadyExists, ConfigurationError, Phrase

KNOWN_NAMES = ("127.0.0.1", "localhost")


def run(settings: Settings, language: str) -> None:
    """Run until Ctrl-C. The log goes to a file: the screen belongs to the newcomer, and speaks his `language`."""
    home.claim(settings.home)
    parts.prepare(settings)
    with (settings.home / "bastion.log").open("a", buffering=1) as log:
        logs.setup(settings.log_format, settings.log_level, log)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(settings, language))


async def _run(settings: Settings, language: str) -> None:
    facts = Facts.read(settings.home) or Facts()
    ports = {device.code: facts.port_of(device.code) for device in facts.devices}
    # The lock comes first: a second start must not move the devices of the demo that runs.
    with app.alone(settings.home / home.LOCK), app.stop_signals() as told:
        async with hall.devices(settings.home / "devices", ports) as running, parts.opened(settings) as built:
            await _fill(built, facts, running)
            await world.refresh(built.services, facts, running)
            async with app.serving(built) as listening:
                _publish(settings, facts, listening)
                _show(facts, settings.home, running, language)
                await told.wait()
                sys.stdout.write("\nStopping…\n")


async def _fill(built: parts.Parts, facts: Facts, running: list[Running]) -> None:
    try:
        await world.fill(built.services, facts, built.settings, running)
    except AlreadyExists as error:
        why = Phrase("the demo's first start was cut short; forget it with `make demo-reset`, then start it again")
        raise ConfigurationError(str(error), why=why) from error


def _publish(settings: Settings, facts: Facts, listening: app.Listening) -> None:
    """Write `demo.json`, and the bastion's identity so that `ssh` need not ask about it."""
    facts.ssh_port, facts.web_url = listening.ssh_port, settings.console_url_at(listening.web_port)
    facts.supplier_url = f"{facts.web_url.rstrip('/')}/supplier/"
    facts.write(settings.home)
    public = settings.host_key.with_name(settings.host_key.name + ".pub").read_text().strip()
    lines = [f"[{name}]:{facts.ssh_port} {public}\n" for name in KNOWN_NAMES]
    (settings.home / "known_hosts").write_text("".join(lines))
    (settings.home / "ssh.conf").write_text(screen.ssh_config(facts, settings.home))


def _show(facts: Facts, folder: Path, running: list[Running], language: str) -> None:
    lines = screen.draw(facts, folder, real=any(device.real for device in running), language=language)
    if sys.stdout.isatty():
        size = shutil.get_terminal_size()
        lines = [*screen.codes(facts, size.columns, size.lines - len(lines) - 1), *lines]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
