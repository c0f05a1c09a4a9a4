"""A demo that runs, as a newcomer starts it, and the doors to it: API, unmodified OpenSSH."""

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pyotp

from tests.e2e.clients import Screen

ROOT = Path(__file__).parent.parent.parent
KINDLY_CLEAN = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TERM": "xterm", "LANG": "C.UTF-8"}


class Demo:
    def __init__(self, home: Path, screen: str) -> None:
        self.home, self.screen = home, screen
        self.facts = json.loads((home / "demo.json").read_text())
        self.accounts = {account["login"]: account for account in self.facts["accounts"]}

    def code(self, login: str) -> str:
        return pyotp.TOTP(self.accounts[login]["totp_secret"]).now()

    async def ask(self, login: str, method: str, path: str, *, sure: bool = False, **body: object) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.accounts[login]['api_token']}"}
        headers |= {"authenticator-code": self.code(login)} if sure else {}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as client:
            return await client.request(method, f"{self.facts['web_url']}/api/v1{path}", json=body or None)

    def ssh(self, target: str, *command: str) -> Screen:
        """An unmodified OpenSSH; a script hands it the code, as it has no terminal of its own to ask on."""
        answer = self.home.parent / "askpass"
        answer.write_text(f"#!/bin/sh\necho {self.code(target.split('+', maxsplit=1)[0])}\n")
        answer.chmod(0o700)
        environment = KINDLY_CLEAN | {"SSH_ASKPASS": str(answer), "SSH_ASKPASS_REQUIRE": "force"}
        return Screen(["ssh", "-tt", "-F", str(self.home / "ssh.conf"), f"{target}@bastion", *command], environment)


@asynccontextmanager
async def running(home: Path, ssh_port: int, web_port: int):
    """Run `python -m bastion demo` until its screen stands; Ctrl-C it at the end, and look that nothing stays."""
    environment = KINDLY_CLEAN | {
        "BASTION_HOME": str(home), "BASTION_SSH_PORT": str(ssh_port), "BASTION_WEB_PORT": str(web_port),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bastion", "demo", cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        screen = b""
        async with asyncio.timeout(60):
            while b"Ctrl-C" not in screen:
                line = await process.stdout.readline()
                assert line, screen.decode()
                screen += line
        yield Demo(home, screen.decode())
    finally:
        process.send_signal(signal.SIGINT)
        rest = await asyncio.wait_for(process.stdout.read(), 30)
        assert await process.wait() == 0, rest.decode()


async def typed(demo: Demo, device: str) -> Screen:
    """README step 1 at the technician's terminal, until it waits."""
    alice = demo.ssh(f"alice+{device}")
    for question, answer in (
        ("Motif", "Erreur E-2207"),
        ("Numéro", "2"),
        ("reste utilisable", "1"),
        ("Données de patients", "1"),
        ("Bon de travail", "OT-1"),
        ("Durée", "45 min"),
    ):
        await alice.expect(question)
        await alice.expect(" : ")
        alice.send(f"{answer}\r")
    await alice.expect("(oui/non)")
    alice.send("oui\r")
    await alice.expect("Sollicités")
    return alice
