"""How long something takes, judged fairly on a machine that may be busy with other things."""

import asyncio
from collections.abc import Callable

STEP = 0.01


async def seconds_until(condition: Callable[[], bool], patience: float = 30) -> float:
    """Wait until it is so; return how many seconds this process had for it.

    Counted in the steps that its event loop came to take: while the machine runs something else there are none. A
    `TimeoutError` after `patience` real seconds.
    """
    passed = 0.0
    async with asyncio.timeout(patience):
        while not condition():
            await asyncio.sleep(STEP)
            passed += STEP
    return passed
