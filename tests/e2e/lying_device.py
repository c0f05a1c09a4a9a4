"""A device whose shell works, and whose SFTP server says what a test wants it to."""

import asyncio
from collections.abc import Callable, Iterable

import asyncssh

from bastion.domain.device import Device
from bastion.proxy.files import wire
from tests.e2e.world import PasswordDevice, World
from tests.proxy.files import table as say

SIZE = 100_000
_SIZE, _MODE = 1, 4
_REGULAR, _FOLDER = 0o100644, 0o40755

Answer = Callable[[int, wire.Fields], bytes | Iterable[bytes]]
"""Takes the number of a request and what stands in it; returns what is said then, in one piece or many."""


def file(offset: int = 0, size: int = SIZE) -> bytes:
    """The content of every file the device has."""
    return bytes(at % 251 for at in range(offset, min(offset + size, SIZE)))


def attributes(size: int = SIZE, mode: int = _REGULAR) -> bytes:
    return say.number(_SIZE | _MODE) + say.long(size) + say.number(mode)


class LyingDevice:
    """Where a path ends with `folder`, there is one, and in it `names`; all else is a file. `lies` are told by kind of
    request, instead of the truth."""

    def __init__(self, lies: dict[int, Answer] | None = None, names: tuple[bytes, ...] = ()) -> None:
        self.names = names
        self.remark = b""  # said beside the protocol, as a file channel opens
        self.asked: list[int] = []
        self._handles = 0
        self._listed: set[bytes] = set()
        self._answers: dict[int, Answer] = {
            wire.INIT: lambda *_: say.version(), wire.OPEN: self._handle, wire.OPENDIR: self._handle,
            wire.STAT: self._stat, wire.LSTAT: self._stat, wire.FSTAT: lambda n, _: _attributes(n),
            wire.REALPATH: self._realpath, wire.READ: self._read, wire.READDIR: self._readdir,
        } | (lies or {})  # fmt: skip

    async def commission(self, world: World) -> Device:
        class Server(PasswordDevice):
            def session_requested(_server):  # noqa: N805 - `self` is the device
                return _Session(self)

        return await world.simulated_device(None, "ct-01", server=Server)

    def answer(self, kind: int, packet: wire.Fields) -> bytes | Iterable[bytes]:
        self.asked.append(kind)
        number = packet.number()
        return self._answers.get(kind, lambda n, _: say.ok(n))(number, packet)

    def _handle(self, number: int, _: wire.Fields) -> bytes:
        self._handles += 1
        return say.handle(number, b"%d" % self._handles)

    def _stat(self, number: int, packet: wire.Fields) -> bytes:
        parts = [part for part in packet.string().split(b"/") if part not in {b"", b"."}]
        return _attributes(number, _FOLDER if not parts or parts[-1] == b"folder" else _REGULAR)

    def _realpath(self, number: int, packet: wire.Fields) -> bytes:
        path = packet.string()
        return say.name(number, b"/" if path == b"." else path)

    def _read(self, number: int, packet: wire.Fields) -> bytes:
        packet.string()
        found = file(packet.long(), packet.number())
        return say.data(number, found) if found else say.status(number, wire.EOF)

    def _readdir(self, number: int, packet: wire.Fields) -> bytes:
        handle = packet.string()
        if handle in self._listed:
            return say.status(number, wire.EOF)
        self._listed.add(handle)
        return say.name(number, *self.names, attributes=attributes())


def _attributes(number: int, mode: int = _REGULAR) -> bytes:
    return say.packet(wire.ATTRS, say.number(number), attributes(mode=mode))


class _Session(asyncssh.SSHServerSession):
    def __init__(self, device: LyingDevice) -> None:
        self._device = device
        self._reader = asyncio.StreamReader()
        self._room = asyncio.Event()
        self._room.set()
        self._files = False

    def connection_made(self, chan) -> None:
        self._channel = chan

    def pty_requested(self, *_) -> bool:
        return True

    def shell_requested(self) -> bool:
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        self._files = True
        return subsystem == "sftp"

    def session_started(self) -> None:
        self._task = asyncio.ensure_future(self._serve_files() if self._files else self._serve_shell())

    def data_received(self, data: bytes, _datatype) -> None:
        self._reader.feed_data(data)

    def eof_received(self) -> bool:
        self._reader.feed_eof()
        return True

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def connection_lost(self, _exc) -> None:
        self._task.cancel()

    async def _serve_shell(self) -> None:
        self._channel.write(b"# ")
        while await self._reader.readline():
            self._channel.write(b"still here\r\n# ")
        self._channel.exit(0)

    async def _serve_files(self) -> None:
        if self._device.remark:
            self._channel.write_stderr(self._device.remark)
        try:
            while True:
                size = int.from_bytes(await self._reader.readexactly(4), "big")
                packet = await self._reader.readexactly(size)
                said = self._device.answer(packet[0], wire.Fields(packet[1:]))
                for piece in [said] if isinstance(said, bytes) else said:
                    self._channel.write(piece)
                    await self._room.wait()
        except asyncio.IncompleteReadError:
            self._channel.exit(0)
