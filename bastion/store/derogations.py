"""Derogations, by device and by the day they end."""

from datetime import datetime

import sqlalchemy as sa

from bastion.domain.derogation import Derogation
from bastion.store import tables as t
from bastion.store.columns import Instant, storable
from bastion.store.repository import Repository

_D = t.derogations.c


class Derogations(Repository[Derogation]):
    kind, table, order = Derogation, t.derogations, ("starts", "id")

    async def of(self, device_id: str) -> list[Derogation]:
        """Every derogation a device ever had, the earliest first."""
        return await self._many(OF_DEVICE, {"device_id": device_id}) if storable(device_id) else []

    async def of_several(self, device_ids: frozenset[str]) -> list[Derogation]:
        return await self._many(OF_DEVICES, {"device_ids": list(device_ids)}) if device_ids else []

    async def ending(self, now: datetime, before: datetime) -> list[Derogation]:
        """Those in force that end before a day, the next to end first."""
        return await self._many(ENDING, {"now": now, "before": before})


OF_DEVICE = Derogations.sql_all.where(_D.device_id == sa.bindparam("device_id"))
OF_DEVICES = Derogations.sql_all.where(_D.device_id.in_(sa.bindparam("device_ids", expanding=True)))
_NOW, _BEFORE = sa.bindparam("now", type_=Instant()), sa.bindparam("before", type_=Instant())
ENDING = Derogations.sql_select.where(
    _D.withdrawn_at.is_(None), _D.starts <= _NOW, _D.ends > _NOW, _D.ends <= _BEFORE
).order_by(_D.ends, _D.id)
