"""The command run in this process, on a home of its own that `init` has made."""

import asyncio
import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from bastion.cli.main import run
from bastion.demo import imaging


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("BASTION_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("BASTION_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BASTION_TEST_NETWORKS", "127.0.0.0/8")


@pytest.fixture
def bastion(capsys):
    """Run one command line; a traceback anywhere fails the test."""

    def call(*words: str) -> Outcome:
        code = run(list(words))
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err, err
        return Outcome(code, out, err)

    return call


@pytest.fixture(scope="session")
def initialised(tmp_path_factory):
    """A home as `bastion init` leaves it, and the secret it printed."""
    folder = tmp_path_factory.mktemp("initialised")
    before = os.environ.get("BASTION_HOME")
    os.environ["BASTION_HOME"] = str(folder / "home")
    try:
        assert run(["init", "--login", "root"]) == 0
    finally:
        os.environ.pop("BASTION_HOME")
        if before is not None:
            os.environ["BASTION_HOME"] = before
    return folder / "home"


@pytest.fixture
def home(initialised, tmp_path) -> Path:
    return Path(shutil.copytree(initialised, tmp_path / "home"))


@pytest.fixture
def device_port():
    """An SSH server that answers while the command, which has an event loop of its own, runs."""
    loop, started, ports = asyncio.new_event_loop(), threading.Event(), []

    async def serve():
        acceptor = await imaging.serve("127.0.0.1", 0, asyncssh.generate_private_key("ssh-ed25519"), "x")
        ports.append(acceptor.get_port())
        started.set()
        return acceptor

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    acceptor = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    yield ports[0]

    async def close():
        acceptor.close()
        await acceptor.wait_closed()

    asyncio.run_coroutine_threadsafe(close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
