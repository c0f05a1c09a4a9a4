"""The least an asyncssh proxy can be, recording included: to compare asyncssh's callbacks with the packet path.

`python -m tests.bench.minimal_proxy --port … --device … --folder … [--fast] [--record FILE]`
"""

import argparse
import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import uvloop

from bastion.proxy.ssh import packet_path
from tests.bench.servers import login

Tap = Callable[[int, memoryview], None]


def no_tap(_stream: int, _data: memoryview) -> None:
    pass


def seeing(tap: Tap) -> packet_path.Tap:
    """A tap that only looks: whatever it sees passes."""

    def passes(stream: int, data: memoryview) -> bool:
        tap(stream, data)
        return True

    return passes


class DeviceSession(asyncssh.SSHClientSession[bytes]):
    """What the device says goes to the technician's channel."""

    def __init__(self, front: "FrontSession") -> None:
        self.front = front
        self.outcome: tuple[Any, ...] = ()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self.front.proxy.tap_out(datatype or 0, memoryview(data))
        self.front.proxy.by_callback += len(data)
        self.front.channel.write(data, datatype)

    def eof_received(self) -> bool:
        self.front.channel.write_eof()
        return True

    def exit_status_received(self, status: int) -> None:
        self.outcome = (status,)

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self.outcome = (signal, core_dumped, msg, lang)

    def pause_writing(self) -> None:
        self.front.channel.pause_reading()

    def resume_writing(self) -> None:
        self.front.channel.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.front.device_gone(self.outcome)


class FrontSession(asyncssh.SSHServerSession[bytes]):
    """What the technician types goes to the device's channel; a channel there for each channel here."""

    def __init__(self, proxy: "MinimalProxy", server: "FrontServer") -> None:
        self.proxy, self.server = proxy, server
        self.device: asyncssh.SSHClientChannel[bytes] | None = None
        self.waiting: list[bytes] = []  # came in the same read as the request, before `hold`
        self.eof = self.ended = False
        self.request: dict[str, Any] = {}

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self.channel = chan

    def pty_requested(self, term_type: str, term_size: Any, term_modes: Any) -> bool:
        self.request.update(term_type=term_type, term_size=term_size, term_modes=term_modes)
        return True

    def shell_requested(self) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        self.request["command"] = command
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        self.request["subsystem"] = subsystem
        return True

    def session_started(self) -> None:
        asyncio.get_running_loop().call_soon(self.hold)  # asyncssh resumes reading when this returns
        self.proxy.tasks.add(task := asyncio.create_task(self.join()))
        task.add_done_callback(self.proxy.tasks.discard)

    def hold(self) -> None:
        if self.device is None and not self.ended:
            self.channel.pause_reading()

    async def join(self) -> None:
        try:
            connection = await self.server.device_connection()
            channel, _ = await connection.create_session(lambda: DeviceSession(self), encoding=None, **self.request)
        except (OSError, asyncssh.Error):
            self.channel.exit(255)
            return
        self.device = channel
        if self.ended:
            channel.close()
            return
        for data in self.waiting:
            self.data_received(data, None)
        if self.eof:
            channel.write_eof()
        if self.proxy.fast:
            joined = packet_path.splice(
                self.channel, channel, seeing(self.proxy.tap_in), seeing(self.proxy.tap_out), self.refused
            )
            self.proxy.splices.append(joined)
        self.channel.resume_reading()

    def refused(self, error: Exception) -> None:
        self.proxy.errors.append(error)
        self.channel.abort()
        if self.device is not None:
            self.device.abort()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self.device is None:
            self.waiting.append(data)
            return
        self.proxy.tap_in(datatype or 0, memoryview(data))
        self.proxy.by_callback += len(data)
        self.device.write(data)

    def eof_received(self) -> bool:
        self.eof = True
        if self.device is not None:
            self.device.write_eof()
        return True

    def pause_writing(self) -> None:
        if self.device is not None:
            self.device.pause_reading()

    def resume_writing(self) -> None:
        if self.device is not None:
            self.device.resume_reading()

    def device_gone(self, outcome: tuple[Any, ...]) -> None:
        if self.ended:
            return
        if len(outcome) == 1:
            self.channel.exit(outcome[0])
        elif outcome:
            self.channel.exit_with_signal(*outcome)
        else:
            self.channel.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        if self.device is not None:
            self.device.close()


class FrontServer(asyncssh.SSHServer):
    def __init__(self, proxy: "MinimalProxy") -> None:
        self.proxy = proxy
        self.device: asyncio.Task[asyncssh.SSHClientConnection] | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.conn = conn
        self.proxy.fronts.append(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key.public_data == self.proxy.user_key.public_data

    def auth_completed(self) -> None:
        self.device = asyncio.create_task(self.proxy.connect())

    async def device_connection(self) -> asyncssh.SSHClientConnection:
        assert self.device is not None
        return await asyncio.shield(self.device)

    def session_requested(self) -> Any:
        channel = self.conn.create_server_channel(encoding=None)
        return channel, FrontSession(self.proxy, self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.proxy.lost.append(exc)
        if self.device is not None:
            self.device.add_done_callback(_close)


def _close(task: "asyncio.Task[asyncssh.SSHClientConnection]") -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()


class MinimalProxy:
    """One device, one technician's key. `front` and `back` are options of asyncssh for the two sides."""

    def __init__(self, folder: Path, device_port: int, *, fast: bool, front: Any = None, back: Any = None) -> None:
        self.fast = fast and packet_path.install()
        self.device_port = device_port
        self.user_key = asyncssh.read_public_key(str(folder / "user_key.pub"))
        self.host_key = asyncssh.read_private_key(str(folder / "host_key"))
        self.device_key = asyncssh.read_private_key(str(folder / "bastion_key"))
        self.front: dict[str, Any] = front or {}
        self.back: dict[str, Any] = back or {}
        self.tap_in: Tap = no_tap
        self.tap_out: Tap = no_tap
        self.by_callback = 0  # bytes that took asyncssh's own path, both directions
        self.splices: list[packet_path.Splice] = []
        self.errors: list[Exception] = []  # what taps raised
        self.lost: list[Exception | None] = []  # why each technician's connection ended
        self.fronts: list[asyncssh.SSHServerConnection] = []
        self.backs: list[asyncssh.SSHClientConnection] = []
        self.tasks: set[asyncio.Task[None]] = set()

    async def connect(self) -> asyncssh.SSHClientConnection:
        connection = await asyncssh.connect(
            "127.0.0.1", self.device_port, username=login(), client_keys=[self.device_key], known_hosts=None,
            config=None, agent_path=None, kex_algs=["curve25519-sha256"], **self.back,
        )  # fmt: skip
        self.backs.append(connection)
        return connection

    async def listen(self, port: int = 0) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1", port, server_factory=lambda: FrontServer(self), server_host_keys=[self.host_key],
            line_editor=False, encoding=None, login_timeout=60, backlog=2000, **self.front,
        )  # fmt: skip

    @property
    def carried(self) -> int:
        return sum(sum(splice.carried) for splice in self.splices)


def record_to(path: Path) -> Tap:
    """A tap that writes before it returns, as the recorder does."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def tap(_stream: int, data: memoryview) -> None:
        os.write(file, data)

    return tap


async def serve(arguments: argparse.Namespace) -> None:
    back = {"encryption_algs": ["aes128-gcm@openssh.com"]}
    proxy = MinimalProxy(arguments.folder, arguments.device, fast=arguments.fast, back=back)
    if arguments.record:
        proxy.tap_in = proxy.tap_out = record_to(arguments.record)
    await proxy.listen(arguments.port)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--device", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--record", type=Path)
    uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
