"""What the bastion keeps about itself: small facts by name, and who does the periodic work."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bastion.store import tables as t
from bastion.store.repository import upsert
from bastion.store.transaction import Transaction


class Settings:
    """Small facts about this installation, by name."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def get(self, key: str) -> str | None:
        rows = await self._tx.rows(GET_SETTING, {"name": key})
        return rows[0][0] if rows else None

    async def put(self, key: str, value: str) -> None:
        await self._tx.change(PUT_SETTING, {"key": key, "value": value})

    async def remove(self, key: str) -> bool:
        return bool(await self._tx.change(REMOVE_SETTING, {"name": key}))


class Leases:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def take(self, name: str, node: str, ttl: timedelta, now: datetime) -> bool:
        """Take or renew; `False` while another node holds it."""
        row = {"name": name, "node": node, "until": now + ttl}
        return bool(await self._tx.change(_TAKE, {**row, "asked_at": now}))

    async def release(self, name: str, node: str) -> bool:
        return bool(await self._tx.change(_RELEASE, {"lease": name, "holder": node}))


GET_SETTING = sa.select(t.settings.c.value).where(t.settings.c.key == sa.bindparam("name"))
PUT_SETTING = upsert(t.settings)
REMOVE_SETTING = sa.delete(t.settings).where(t.settings.c.key == sa.bindparam("name"))
_L = t.leases.c
_NEW = insert(t.leases)
_TAKE = _NEW.on_conflict_do_update(
    index_elements=["name"],
    set_={"node": _NEW.excluded.node, "until": _NEW.excluded.until},
    where=(_L.node == _NEW.excluded.node) | (_L.until <= sa.bindparam("asked_at", type_=_L.until.type)),
)
_RELEASE = sa.delete(t.leases).where(_L.name == sa.bindparam("lease"), _L.node == sa.bindparam("holder"))
