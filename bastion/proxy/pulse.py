"""Tells whoever waits that something may have changed: he then reads for himself."""

import asyncio


class Pulse:
    def __init__(self) -> None:
        self._event = asyncio.Event()

    def beat(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()

    def coming(self) -> asyncio.Event:
        """The next beat. Taken before reading what it may tell of, it is not missed when it comes meanwhile."""
        return self._event

    async def wait(self, most: float, beat: asyncio.Event | None = None) -> None:
        """Return at the next beat, or at `beat`, or after `most` seconds: a hint may be lost."""
        try:
            async with asyncio.timeout(most):
                await (beat or self._event).wait()
        except TimeoutError:
            return
