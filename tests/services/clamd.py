"""A real clamd with one signature of our own: there is no vendor's database on a machine without the Internet."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

EVIL = b"this is the file the signature is for, and no other" * 3
NAME = "Bastion.Test"


def _configuration(folder: Path, address: str, extra: str) -> str:
    host, colon, port = address.rpartition(":")
    socket = f"TCPAddr {host}\nTCPSocket {port}" if colon else f"LocalSocket {address}"
    return f"Foreground yes\nDatabaseDirectory {folder / 'db'}\nTemporaryDirectory {folder}\n{socket}\n{extra}\n"


@asynccontextmanager
async def clamd(folder: Path, address: str, extra: str = "AlertExceedsMax yes") -> AsyncIterator[str]:
    """Run it on a socket's path or on `127.0.0.1:port` until the block ends."""
    (folder / "db").mkdir(parents=True)
    (folder / "db" / "own.hdb").write_text(f"{hashlib.md5(EVIL).hexdigest()}:{len(EVIL)}:{NAME}\n")
    (folder / "db" / "own.ndb").write_text(f"{NAME}.Part:0:*:{b'a part that is evil'.hex()}\n")
    (folder / "clamd.conf").write_text(_configuration(folder, address, extra))
    program = shutil.which("clamd", path="/usr/sbin:/usr/bin")
    assert program, "clamd is missing; run `make system`"
    process = await asyncio.create_subprocess_exec(
        program, "--foreground", "-c", folder / "clamd.conf",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        await asyncio.wait_for(_answers(process, address), 30)
        yield address
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _answers(process: asyncio.subprocess.Process, address: str) -> None:
    host, colon, port = address.rpartition(":")
    while process.returncode is None:
        try:
            if colon:
                _, writer = await asyncio.open_connection(host, int(port))
            else:
                _, writer = await asyncio.open_unix_connection(address)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise AssertionError((await process.communicate())[0].decode())
