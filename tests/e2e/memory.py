"""How much memory this process takes while something happens: the bastion runs in it, and so do simulated devices."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.e2e.test_ssh_hostile import resident


@asynccontextmanager
async def growth_below(limit: int) -> AsyncIterator[None]:
    before = peak = resident()

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, resident())
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
    assert peak - before < limit, f"{(peak - before) >> 20} MiB more than before"
