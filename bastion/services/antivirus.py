"""Asks ClamAV about a file, through clamd's socket: clean, infected, or nobody could look.

Whatever keeps clamd from looking (none configured, gone, slow, too large, an answer nobody understands) is
`Scan.UNSCANNED` with the reason, and never an error: the file is then held for a person.

clamd answers OK for what it did not look at because of its own limits, unless it runs with `AlertExceedsMax yes`; so
`limit` must not be above its `StreamMaxLength`, `MaxFileSize` and `MaxScanSize`.
"""

import asyncio
import re
import socket
from dataclasses import dataclass
from typing import BinaryIO, Final

import structlog

from bastion.config import socket_address
from bastion.domain.held_file import Scan

_CHUNK: Final = 256 * 1024
_MOST_AT_ONCE: Final = 4
_LONGEST_ANSWER: Final = 4096
_FOUND: Final = re.compile(r"stream: (?P<name>.+) FOUND")
_LIMITS: Final = "Heuristics.Limits.Exceeded"

NOT_CONFIGURED: Final = "not_configured"
TOO_LARGE: Final = "too_large"
AWAY: Final = "away"
SLOW: Final = "slow"
FAILED: Final = "failed"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Scanned:
    """`name` is the signature that matched, or why nobody could look."""

    scan: Scan
    name: str = ""


class Antivirus:
    def __init__(self, address: str = "", limit: int = 100 * 1024 * 1024, patience: float = 60.0) -> None:
        """`address`: a socket's path or `host:port`; `patience`: seconds without any progress."""
        self._address = address
        self._limit = limit
        self._patience = patience
        self._turns = asyncio.Semaphore(_MOST_AT_ONCE)

    @property
    def set_up(self) -> bool:
        """Whether there is a scanner to ask; without one a person decides on each file."""
        return bool(self._address)

    async def scan(self, file: BinaryIO, size: int) -> Scanned:
        """Read `file` to its end and say what it is."""
        if not self._address:
            return Scanned(Scan.UNSCANNED, NOT_CONFIGURED)
        if size > self._limit:
            return Scanned(Scan.UNSCANNED, TOO_LARGE)
        async with self._turns:
            try:
                return await self._ask(file)
            except TimeoutError:
                return self._nobody(SLOW, "no progress")
            except (OSError, EOFError, asyncio.LimitOverrunError) as error:
                return self._nobody(AWAY, repr(error))

    async def _ask(self, file: BinaryIO) -> Scanned:
        async with asyncio.timeout(self._patience):
            reader, writer = await self._connect()
        try:
            answering = asyncio.ensure_future(reader.readuntil(b"\0"))
            try:
                await self._send(file, writer.get_extra_info("socket").dup(), answering)
                async with asyncio.timeout(self._patience):
                    answer = await answering
            finally:
                answering.cancel()
                await asyncio.wait([answering])
            return self._understand(answer[:-1].decode("utf-8", "replace"))
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = socket_address(self._address)
        if isinstance(address, str):
            return await asyncio.open_unix_connection(address, limit=_LONGEST_ANSWER)
        return await asyncio.open_connection(*address, limit=_LONGEST_ANSWER)

    async def _send(self, file: BinaryIO, out: socket.socket, answering: "asyncio.Future[bytes]") -> None:
        """Send it in pieces. clamd answers before the end when it has seen enough, or does not want more.

        `out` is a second handle on the connection: a stream that cannot write any more throws away what it has not
        read yet, and that would be the answer of a clamd that hung up on the rest.
        """
        with out:
            try:
                await self._send_all(out, b"zINSTREAM\0")
                while (chunk := await asyncio.to_thread(file.read, _CHUNK)) and not answering.done():
                    await self._send_all(out, len(chunk).to_bytes(4, "big") + chunk)
                await self._send_all(out, bytes(4))
            except ConnectionError:
                return  # what it said before it hung up is in `answering`

    async def _send_all(self, out: socket.socket, data: bytes) -> None:
        async with asyncio.timeout(self._patience):
            await asyncio.get_running_loop().sock_sendall(out, data)

    def _understand(self, answer: str) -> Scanned:
        if answer == "stream: OK":
            return Scanned(Scan.CLEAN)
        found = _FOUND.fullmatch(answer)
        if found is None:
            return self._nobody(TOO_LARGE if "size limit exceeded" in answer else FAILED, answer[:200])
        if found["name"].startswith(_LIMITS):
            return Scanned(Scan.UNSCANNED, TOO_LARGE)
        return Scanned(Scan.INFECTED, found["name"][:200])

    def _nobody(self, why: str, detail: str) -> Scanned:
        _log.warning("a file could not be scanned", why=why, detail=detail)
        return Scanned(Scan.UNSCANNED, why)
