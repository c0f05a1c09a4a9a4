"""Periodic work is done by one node at a time: whoever holds the lease row."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bastion.store import tables as t
from bastion.store.transaction import Transaction

if TYPE_CHECKING:
    from bastion.store.database import Database


class Leases:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def take(self, name: str, node: str, ttl: timedelta, now: datetime) -> bool:
        """Take or renew; `False` while another node holds it."""
        row = {"name": name, "node": node, "until": now + ttl}
        return bool(await self._tx.change(_TAKE, {**row, "asked_at": now}))

    async def release(self, name: str, node: str) -> bool:
        return bool(await self._tx.change(_RELEASE, {"lease": name, "holder": node}))


async def run_if_mine(
    database: "Database", name: str, node: str, ttl: timedelta, now: datetime, work: Callable[[], Awaitable[None]]
) -> bool:
    """Run `work` if this node holds the lease `name` or can take it. `work` must end within `ttl`."""
    async with database.write() as uow:
        mine = await uow.leases.take(name, node, ttl, now)
    if mine:
        await work()
    return mine


_L = t.leases.c
_NEW = insert(t.leases)
_TAKE = _NEW.on_conflict_do_update(
    index_elements=["name"],
    set_={"node": _NEW.excluded.node, "until": _NEW.excluded.until},
    where=(_L.node == _NEW.excluded.node) | (_L.until <= sa.bindparam("asked_at", type_=_L.until.type)),
)
_RELEASE = sa.delete(t.leases).where(_L.name == sa.bindparam("lease"), _L.node == sa.bindparam("holder"))
