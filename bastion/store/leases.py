"""Periodic work is done by one node at a time: whoever holds the lease row."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bastion.store.database import Database


async def run_if_mine(
    database: Database, name: str, node: str, ttl: timedelta, now: datetime, work: Callable[[], Awaitable[None]]
) -> bool:
    """Run `work` if this node holds the lease `name` or can take it. `work` must end within `ttl`."""
    async with database.write() as uow:
        mine = await uow.leases.take(name, node, ttl, now)
    if mine:
        await work()
    return mine
