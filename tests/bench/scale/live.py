"""How soon a decision stands on the open pages, with two hundred of them open, and how soon all else on them is as new.

Each page is a connection of its own that listens, as a browser's does. The event itself says what became of a request,
and a browser shows it without asking (`tests/web/browser/test_decided.py`); it asks for the board when the server said
that it is its turn. Meanwhile somebody else goes on working.
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
"""Seconds the console's pages wait for a second hint before they read, when it is their turn."""
READ_FOR: Final = frozenset({"request", "grant"})
"""What a decision changes: the first of them says when the page reads."""
TIMED: Final = ("pages", "stands", "first", "last", "aside", "cpu")
_SAID: Final = re.compile(rb'role="alert"[^>]*>(.{0,300})', re.DOTALL)


@dataclass(frozen=True)
class Asked:
    """A request that waits, as somebody who decides on it has read it."""

    id: str
    version: int
    facility_id: str


@dataclass(frozen=True)
class Reached:
    """Milliseconds after the decision was sent: it `stands` on the last page it concerns; the `first` and the `last`
    board without the request. `aside` is the longest that somebody else waited meanwhile for a page of his; `cpu` is
    what the console computed for all of it.
    """

    pages: int
    stands: float
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
        while (await page.line())[0] != "resync":
            pass
        return page

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            if line.startswith(b"data: "):
                self.heard.put_nowait(line[6:].strip().decode())

    async def line(self) -> tuple[str, str, str]:
        """Wait for the next line of the stream; its words."""
        async with asyncio.timeout(PATIENCE):
            first, second, third, *_ = [*(await self.heard.get()).split(" "), "", ""]
        return first, second, third

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
    stands, shown = (sorted((one - began) * 1000 for one in column) for column in zip(*times, strict=True))
    aside.cancel()
    waited = await aside
    return Reached(len(times), stands[-1], shown[0], shown[-1], waited * 1000, (running.cpu() - used) * 1000)


async def _read_again(port: int, page: Page, request: Asked) -> tuple[float, float]:
    """When the decision stood on the page, and when it had read all that it shows."""
    stands = turn = 0.0
    while not (stands and turn):
        topic, second, third = await page.line()
        now = time.perf_counter()
        if (topic, second, third) == ("state", request.id, "approved"):
            stands = now
        elif topic in READ_FOR and not turn:
            turn = now + float(second or 0) / 1000
    await asyncio.sleep(turn + DELAY - time.perf_counter())
    board = await _exchange(port, _head("GET", "/board", page.badge))
    shown = time.perf_counter()
    if not board.startswith(b"HTTP/1.1 200") or request.id.encode() in board:
        raise RuntimeError(f"request {request.id} still waits on a page: {board[:200]!r}")
    return stands, shown


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
