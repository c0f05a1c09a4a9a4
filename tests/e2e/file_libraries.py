"""Libraries that carry files, used as their users use them, with nothing but a key."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import paramiko

from tests.e2e.file_clients import LONG, Client


class Asyncssh(Client):
    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncssh.SFTPClient]:
        async with (
            asyncssh.connect(
                "127.0.0.1", self.port, username=self.login, client_keys=[str(self.world.alice.key)],
                known_hosts=None, config=None, agent_path=None, preferred_auth="publickey",
            ) as connection,
            connection.start_sftp_client() as sftp,
        ):  # fmt: skip
            self.connection = connection
            yield sftp

    async def put(self, local, remote):
        async with self.connected() as sftp:
            await sftp.put(local, remote)

    async def get(self, remote, local):
        async with self.connected() as sftp:
            await sftp.get(remote, local)

    async def put_tree(self, local, remote):
        async with self.connected() as sftp:
            await sftp.put(local, remote, recurse=True)

    async def get_tree(self, remote, local):
        async with self.connected() as sftp:
            await sftp.get(remote, local, recurse=True)

    async def put_rest(self, local, remote):
        async with self.connected() as sftp:
            there = await sftp.getsize(remote)
            async with sftp.open(remote, "r+b", block_size=32768) as file:
                await file.write(local.read_bytes()[there:], there)

    async def get_rest(self, remote, local):
        async with self.connected() as sftp, sftp.open(remote, "rb") as file:
            here = local.stat().st_size
            with local.open("ab") as end:
                end.write(await file.read(-1, here))

    @contextlib.asynccontextmanager
    async def broken_off(self, local, remote):
        async with self.connected() as sftp:
            transfer = asyncio.create_task(sftp.put(local, remote))
            yield
            self.connection.abort()
            assert isinstance((await asyncio.gather(transfer, return_exceptions=True))[0], Exception)


class Paramiko(Client):
    """In threads of its own, as it works."""

    def _open(self) -> paramiko.SFTPClient:
        self.transport = paramiko.Transport(("127.0.0.1", self.port))
        self.transport.connect(
            username=self.login, pkey=paramiko.Ed25519Key.from_private_key_file(str(self.world.alice.key))
        )
        opened = paramiko.SFTPClient.from_transport(self.transport)
        assert opened is not None
        return opened

    async def _with(self, work) -> None:
        def story() -> None:
            with self._open() as sftp:
                work(sftp)
            self.transport.close()

        async with asyncio.timeout(LONG):
            await asyncio.to_thread(story)

    async def put(self, local, remote):
        await self._with(lambda sftp: sftp.put(str(local), str(remote)))

    async def get(self, remote, local):
        await self._with(lambda sftp: sftp.get(str(remote), str(local)))

    async def put_tree(self, local, remote):
        def walk(sftp) -> None:
            for folder, _, names in os.walk(local):
                there = remote / Path(folder).relative_to(local)
                sftp.mkdir(str(there))
                for name in names:
                    sftp.put(str(Path(folder) / name), str(there / name))

        await self._with(walk)

    async def get_tree(self, remote, local):
        def walk(sftp, remote=remote, local=local) -> None:
            local.mkdir()
            for entry in sftp.listdir_attr(str(remote)):
                there, here = remote / entry.filename, local / entry.filename
                if entry.st_mode & 0o40000:
                    walk(sftp, there, here)
                else:
                    sftp.get(str(there), str(here))

        await self._with(walk)

    async def put_rest(self, local, remote):
        def append(sftp) -> None:
            with sftp.open(str(remote), "ab") as file:
                file.set_pipelined(True)
                file.write(local.read_bytes()[file.tell() :])

        await self._with(append)

    async def get_rest(self, remote, local):
        def read_on(sftp) -> None:
            with sftp.open(str(remote), "rb") as file, local.open("ab") as end:
                file.seek(local.stat().st_size)
                end.write(file.read())

        await self._with(read_on)

    @contextlib.asynccontextmanager
    async def broken_off(self, local, remote):
        sftp = await asyncio.to_thread(self._open)
        transfer = asyncio.create_task(asyncio.to_thread(sftp.put, str(local), str(remote)))
        yield
        self.transport.sock.close()
        self.transport.close()
        assert isinstance((await asyncio.gather(transfer, return_exceptions=True))[0], Exception)
