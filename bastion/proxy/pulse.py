"""Tells whoever waits that something may have changed: he then reads for himself."""

import asyncio


class Pulse:
    def __init__(self) -> None:
        self._event = asyncio.Event()

    def beat(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()

    async def wait(self, most: float) -> None:
        """Return at the next beat, or after `most` seconds: a hint may be lost."""
        try:
            async with asyncio.timeout(most):
                await self._event.wait()
        except TimeoutError:
            return
