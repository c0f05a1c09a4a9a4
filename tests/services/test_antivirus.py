import asyncio
import io
import shutil
import tempfile
from pathlib import Path

import pytest

from bastion.domain.held_file import Scan
from bastion.services.antivirus import AWAY, FAILED, NOT_CONFIGURED, SLOW, TOO_LARGE, Antivirus, Scanned
from tests.services.clamd import EVIL, NAME, clamd

MIB = 1024 * 1024
UNSCANNED = Scan.UNSCANNED


async def scan(antivirus: Antivirus, content: bytes) -> Scanned:
    return await antivirus.scan(io.BytesIO(content), len(content))


@pytest.fixture
def short():
    """A socket's path has 107 characters at most."""
    folder = Path(tempfile.mkdtemp(prefix="clam-"))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("tcp", [False, True], ids=["unix", "tcp"])
async def test_a_real_clamd_tells_the_evil_from_the_good(short, tcp, unused_tcp_port):
    address = f"127.0.0.1:{unused_tcp_port}" if tcp else str(short / "s")
    async with clamd(short, address):
        antivirus = Antivirus(address)
        assert await scan(antivirus, b"firmware") == Scanned(Scan.CLEAN)
        assert await scan(antivirus, b"") == Scanned(Scan.CLEAN)
        assert await scan(antivirus, EVIL) == Scanned(Scan.INFECTED, f"{NAME}.UNOFFICIAL")
        deep = bytes(3 * MIB) + b"a part that is evil" + bytes(3 * MIB)
        assert await scan(antivirus, deep) == Scanned(Scan.INFECTED, f"{NAME}.Part.UNOFFICIAL")
        both = await asyncio.gather(*(scan(antivirus, EVIL if n % 2 else b"good") for n in range(20)))
        assert [one.scan for one in both] == [Scan.INFECTED if n % 2 else Scan.CLEAN for n in range(20)]
    assert await scan(antivirus, EVIL) == Scanned(UNSCANNED, AWAY)


async def test_what_is_over_clamd_s_own_limits_is_not_called_clean(short):
    async with clamd(short, str(short / "s"), "AlertExceedsMax yes\nMaxFileSize 1M\nStreamMaxLength 8M") as address:
        antivirus = Antivirus(address)
        assert await scan(antivirus, bytes(2 * MIB)) == Scanned(UNSCANNED, TOO_LARGE)
        assert await scan(antivirus, bytes(9 * MIB)) == Scanned(UNSCANNED, TOO_LARGE)
        assert await scan(antivirus, b"small") == Scanned(Scan.CLEAN)


async def test_nobody_looks_where_nobody_is_or_where_it_is_too_large(tmp_path):
    assert await scan(Antivirus(), b"x") == Scanned(UNSCANNED, NOT_CONFIGURED)
    assert await scan(Antivirus(str(tmp_path / "none")), b"x") == Scanned(UNSCANNED, AWAY)
    assert await scan(Antivirus(str(tmp_path / "none"), limit=3), b"four") == Scanned(UNSCANNED, TOO_LARGE)


async def answering(folder, handle):
    return await asyncio.start_unix_server(handle, folder / "s")


@pytest.mark.parametrize(("answer", "told"), [
    (b"stream: OK\0", Scanned(Scan.CLEAN)), (b"stream: OK but\0", Scanned(UNSCANNED, FAILED)),
    (b"UNKNOWN COMMAND\0", Scanned(UNSCANNED, FAILED)), (b"stream: \xff FOUND\0", Scanned(Scan.INFECTED, "\ufffd")),
    (b"stream: OK", Scanned(UNSCANNED, AWAY)), (b"", Scanned(UNSCANNED, AWAY)),
    (b"x" * 10_000 + b"\0", Scanned(UNSCANNED, AWAY)),
    (b"stream: Heuristics.Limits.Exceeded.MaxFiles FOUND\0", Scanned(UNSCANNED, TOO_LARGE)),
])  # fmt: skip
async def test_only_a_plain_ok_is_clean(short, answer, told):
    async def handle(reader, writer):
        await reader.readuntil(bytes(4))
        writer.write(answer)
        writer.close()

    async with await answering(short, handle):
        assert await scan(Antivirus(str(short / "s")), b"x") == told


async def test_an_answer_before_the_end_is_heard(short):
    async def handle(reader, writer):
        await reader.readexactly(100)
        writer.write(b"stream: Evil FOUND\0")
        await writer.drain()
        writer.transport.abort()

    async with await answering(short, handle):
        assert await scan(Antivirus(str(short / "s")), bytes(30 * MIB)) == Scanned(Scan.INFECTED, "Evil")


@pytest.mark.parametrize("reads", [True, False], ids=["never answers", "never reads"])
async def test_a_slow_one_is_not_waited_for_for_ever(short, reads):
    gone = asyncio.Event()

    async def handle(reader, writer):
        while reads and await reader.read(65536):
            pass
        await gone.wait()
        writer.close()

    async with await answering(short, handle):
        antivirus = Antivirus(str(short / "s"), patience=0.3)
        assert await asyncio.wait_for(scan(antivirus, bytes(4 * MIB)), 5) == Scanned(UNSCANNED, SLOW)
        gone.set()
