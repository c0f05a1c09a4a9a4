"""How long something takes, judged fairly on a machine that may be busy with other things."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

STEP = 0.01
_KEPT_WAITING = Path("/proc/self/schedstat")
"""Of the thread that runs the event loop: nanoseconds on a processor, and ready to run but without one (Linux)."""


async def seconds_until(condition: Callable[[], bool], patience: float = 30) -> float:
    """Wait until it is so; return how many seconds this process had for it.

    What it waited for a processor, because the machine ran something else, does not count; what its own event loop was
    held up by does. A `TimeoutError` after `patience` real seconds.
    """
    passed, before, waited = 0.0, time.monotonic(), _waited()
    async with asyncio.timeout(patience):
        while not condition():
            await asyncio.sleep(STEP)
            now, so_far = time.monotonic(), _waited()
            passed += max(STEP, now - before - (so_far - waited))
            before, waited = now, so_far
    return passed


def _waited() -> float:
    return int(_KEPT_WAITING.read_text().split()[1]) / 1e9
