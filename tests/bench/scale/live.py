"""How soon a decision reaches an open page, with two hundred of them open: hint by event stream, then the fragment.

Each page is a connection of its own that listens, as a browser's does. A few of them read their fragment again when
the hint comes, as all browsers would; a person on the telephone looks at one.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.scale.asking import Badge

PAGES: Final = 200
DECISIONS: Final = 10
PATIENCE: Final = 20.0
_SAID: Final = re.compile(rb'role="alert"[^>]*>(.{0,300})', re.DOTALL)


@dataclass
class Page:
    """An open event stream."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    badge: Badge

    @classmethod
    async def open(cls, port: int, badge: Badge) -> "Page":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_head("GET", "/live", badge))
        page = cls(reader, writer, badge)
        await page.hint("resync")
        return page

    async def hint(self, topic: str) -> float:
        """Wait for a hint; when it came."""
        async with asyncio.timeout(PATIENCE):
            while (await self.reader.readline()).strip() != f"data: {topic}".encode():
                if self.reader.at_eof():
                    raise ConnectionError("the stream has ended")
        return time.perf_counter()


async def measure(
    port: int, readers: Sequence[Badge], approver: Badge, requests: Sequence[tuple[str, int]]
) -> list[float]:
    """Milliseconds from sending the decision until an open page shows it, for each of these requests (id, version)."""
    pages = [await Page.open(port, reader) for reader in readers]
    try:
        return [await _decided(port, pages, approver, ident, version) for ident, version in requests]
    finally:
        for page in pages:
            page.writer.close()


async def _decided(port: int, pages: Sequence[Page], approver: Badge, ident: str, version: int) -> float:
    form = f"version={version}&minutes=30&note=ok".encode()
    hints = [asyncio.create_task(page.hint("request")) for page in pages]
    began = time.perf_counter()
    answer = await _exchange(port, _head("POST", f"/requests/{ident}/approve", approver, form))
    if not answer.startswith(b"HTTP/1.1 303"):
        raise RuntimeError(f"request {ident} was not agreed to: {answer[:200]!r} {_SAID.findall(answer)!r}")
    await asyncio.gather(*hints)
    if ident.encode() in await _exchange(port, _head("GET", "/board", pages[-1].badge)):
        raise RuntimeError(f"request {ident} still waits on the page")
    return (time.perf_counter() - began) * 1000


async def _exchange(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENCE):
            return await reader.read()
    finally:
        writer.close()


def _head(method: str, path: str, badge: Badge, body: bytes = b"") -> bytes:
    headers = badge.headers(path) | {"host": "127.0.0.1", "sec-fetch-site": "same-origin"}
    if path != "/live":
        headers["connection"] = "close"
    if body:
        headers |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
