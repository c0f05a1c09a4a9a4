"""How soon a decision stands on the open pages, with two hundred of them open: hint by event stream, then the fragment.

Each page is a connection of its own that listens, as a browser's does, and asks for what a browser asks for when a hint
comes: the number beside the link at once, the board a moment later. Meanwhile somebody else goes on working.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bastion.domain.parties import EVERYWHERE
from tests.bench.scale.asking import Badge, Running

PAGES: Final = 200
DECISIONS: Final = 5
PATIENCE: Final = 60.0
DELAY: Final = 0.05
"""Seconds the console's pages wait for a second hint before they read."""
TIMED: Final = ("pages", "heard", "first", "last", "aside", "cpu")
_SAID: Final = re.compile(rb'role="alert"[^>]*>(.{0,300})', re.DOTALL)


@dataclass(frozen=True)
class Asked:
    """A request that waits, as somebody who decides on it has read it."""

    id: str
    version: int
    facility_id: str


@dataclass(frozen=True)
class Reached:
    """Milliseconds after the decision was sent: the hint at the last page it concerns, the first board and the last one
    without the request; `aside` is the longest that somebody else waited meanwhile for a page of his; `cpu` is what the
    console computed for all of it.
    """

    pages: int
    heard: float
    first: float
    last: float
    aside: float
    cpu: float


@dataclass
class Page:
    """An open event stream of somebody who sees these hospitals."""

    badge: Badge
    places: frozenset[str]
    writer: asyncio.StreamWriter
    heard: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    listening: "asyncio.Task[None] | None" = None

    @classmethod
    async def open(cls, port: int, badge: Badge, places: frozenset[str]) -> "Page":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_head("GET", "/live", badge))
        page = cls(badge, places, writer)
        page.listening = asyncio.create_task(page._listen(reader))
        await page.hint("resync")
        return page

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            if line.startswith(b"data: "):
                self.heard.put_nowait(line[6:].strip().decode())

    async def hint(self, topic: str) -> float:
        """Wait for a hint; when it came."""
        async with asyncio.timeout(PATIENCE):
            while await self.heard.get() != topic:
                pass
        return time.perf_counter()

    def forget(self) -> None:
        """What was heard until now belongs to an earlier decision."""
        while not self.heard.empty():
            self.heard.get_nowait()

    def sees(self, facility_id: str) -> bool:
        return not self.places.isdisjoint({facility_id, EVERYWHERE})

    async def close(self) -> None:
        self.writer.close()
        if self.listening is not None:
            self.listening.cancel()
            await asyncio.gather(self.listening, return_exceptions=True)


async def measure(
    running: Running, readers: Sequence[tuple[Badge, frozenset[str]]], approver: Callable[[], Awaitable[Badge]],
    requests: Sequence[Asked],
) -> list[Reached]:  # fmt: skip
    """Agree to each of these requests while `readers` (who, and the hospitals he sees) look on.

    `approver` signs in anew each time: a decision wants a code of this minute.
    """
    pages = [await Page.open(running.port, badge, places) for badge, places in readers]
    try:
        return [await _decided(running, pages, await approver(), one) for one in requests]
    finally:
        for page in pages:
            await page.close()


async def _decided(running: Running, pages: Sequence[Page], approver: Badge, request: Asked) -> Reached:
    port, used = running.port, running.cpu()
    form = f"version={request.version}&minutes=30&note=ok".encode()
    for page in pages:
        page.forget()
    began = time.perf_counter()
    concerned = [asyncio.create_task(_read_again(port, one, request)) for one in pages if one.sees(request.facility_id)]
    aside = asyncio.create_task(_work_on(port, approver, f"/requests/{request.id}"))
    answer = await _exchange(port, _head("POST", f"/requests/{request.id}/approve", approver, form))
    if not answer.startswith(b"HTTP/1.1 303"):
        raise RuntimeError(f"request {request.id} was not agreed to: {answer[:200]!r} {_SAID.findall(answer)!r}")
    times = await asyncio.gather(*concerned)
    heard, shown = (sorted((one - began) * 1000 for one in column) for column in zip(*times, strict=True))
    aside.cancel()
    waited = await aside
    return Reached(len(times), heard[-1], shown[0], shown[-1], waited * 1000, (running.cpu() - used) * 1000)


async def _read_again(port: int, page: Page, request: Asked) -> tuple[float, float]:
    """When the page heard, and when it had read what it shows."""
    heard = await page.hint("request")
    count = asyncio.create_task(_exchange(port, _head("GET", "/count", page.badge)))
    await asyncio.sleep(DELAY)
    board = await _exchange(port, _head("GET", "/board", page.badge))
    shown = time.perf_counter()
    await count
    if not board.startswith(b"HTTP/1.1 200") or request.id.encode() in board:
        raise RuntimeError(f"request {request.id} still waits on a page: {board[:200]!r}")
    return heard, shown


async def _work_on(port: int, badge: Badge, path: str) -> float:
    """Read a page again and again until told to stop; the longest it took, in seconds, the one under way counted."""
    longest, began = 0.0, time.perf_counter()
    try:
        while True:
            began = time.perf_counter()
            await _exchange(port, _head("GET", path, badge))
            longest = max(longest, time.perf_counter() - began)
            await asyncio.sleep(DELAY)
    except asyncio.CancelledError:
        return max(longest, time.perf_counter() - began - DELAY)


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
