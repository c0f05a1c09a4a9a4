"""OpenSSH's sftp, paramiko and asyncssh as they are, on a `Bridge`."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import paramiko
from asyncssh.logging import logger
from asyncssh.sftp import start_sftp_client

from tests.proxy.files import plug
from tests.proxy.files.bridge import Bridge


def openssh(bridge: Bridge, folder: Path, batch: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the commands of `batch` in `folder`, one a line; one after `-` may fail."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / "door"))
        door.listen(1)
        command = ["sftp", *options, "-b", "-", "-D", f"{sys.executable} {plug.__file__} {folder / 'door'}"]
        with subprocess.Popen(command, cwd=folder, stdin=-1, stdout=-1, stderr=-1, text=True) as client:
            plugged, _ = door.accept()
            ways = [threading.Thread(target=_copy, args=way) for way in
                    ((plugged, bridge.client), (bridge.client, plugged))]  # fmt: skip
            for way in ways:
                way.start()
            out, err = client.communicate(batch, timeout=60)
            for way in ways:
                way.join(10)
            plugged.close()
    (folder / "door").unlink()
    bridge.close()
    return subprocess.CompletedProcess(command, client.returncode, out, err)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def with_paramiko(bridge: Bridge) -> Iterator[paramiko.SFTPClient]:
    client = paramiko.SFTPClient(bridge.client)
    try:
        yield client
    finally:
        bridge.close()


class _Channel:
    """What asyncssh's SFTP client wants of an SSH channel, over a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.logger = logger
        self.readexactly = reader.readexactly
        self.write, self.close, self.write_eof = writer.write, writer.close, writer.close
        self.wait_closed = writer.wait_closed
        self.channel = self
        self._tasks: list[asyncio.Task] = []

    def get_extra_info(self, _name: str, _default: object = None) -> str:
        return "OpenSSH"

    def is_closing(self) -> bool:
        return False

    def create_task(self, work, _logger) -> None:
        self._tasks.append(asyncio.ensure_future(work))


@contextlib.asynccontextmanager
async def with_asyncssh(bridge: Bridge):
    end = socket.socket(fileno=os.dup(bridge.client.fileno()))
    channel = _Channel(*await asyncio.open_connection(sock=end))
    client: asyncssh.SFTPClient = await start_sftp_client(
        channel, asyncio.get_running_loop(), "strict", channel, channel, "utf-8", "strict", 3
    )
    try:
        yield client
    finally:
        client.exit()
        bridge.client.shutdown(socket.SHUT_RDWR)
        await asyncio.to_thread(bridge.close)
        await asyncio.gather(*channel._tasks)
