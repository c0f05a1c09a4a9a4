"""Maintenance windows, and the requests that were agreed to by one."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bastion.domain.maintenance import MaintenanceWindow, WindowUse
from bastion.domain.place import Place
from bastion.store import tables as t
from bastion.store.columns import Instant
from bastion.store.paging import beyond, newest_first
from bastion.store.repository import Repository, Versioned

_W, _U = t.maintenance_windows.c, t.window_uses.c
_NOW = sa.bindparam("now", type_=Instant())


class MaintenanceWindows(Versioned[MaintenanceWindow]):
    kind, table, order = MaintenanceWindow, t.maintenance_windows, ("created_at", "id")

    async def of_device(self, device_id: str, now: datetime) -> list[MaintenanceWindow]:
        """Those of a device that are proposed or agreed to and not over."""
        return await self._many(OF_DEVICE, {"device_id": device_id, "now": now})

    async def standing(self, facility_ids: frozenset[str] | None, now: datetime) -> list[MaintenanceWindow]:
        """Those of these facilities (`None`: of all) that are proposed or agreed to and not over."""
        query = STANDING if facility_ids is None else STANDING.where(_W.facility_id.in_(facility_ids))
        return await self._many(query, {"now": now})

    async def between(
        self, since: datetime, until: datetime, facility_ids: frozenset[str] | None, device_id: str = ""
    ) -> list[MaintenanceWindow]:
        """Those that are proposed or agreed to, not over at `since`, and begin before `until`."""
        query = COMING if facility_ids is None else COMING.where(_W.facility_id.in_(facility_ids))
        if device_id:
            query = query.where(_W.device_id == device_id)
        return await self._many(query, {"now": since, "until": until})

    async def companies(self, now: datetime) -> frozenset[str]:
        """Ids of the suppliers who may come by any that is proposed or agreed to and not over, by their own or as they
        maintain the device. This is asked every few seconds, of thousands of windows.
        """
        rows = [*await self._tx.rows(NAMED, {"now": now}), *await self._tx.rows(MAINTAINING, {"now": now})]
        return frozenset(ident for (ident,) in rows)

    async def left_to(self, supplier_ids: Collection[str], now: datetime) -> frozenset[str]:
        """Of these suppliers, those who may come by one of such windows by which nobody but them may."""
        theirs = {"now": now, "ids": sorted(supplier_ids)}
        rows = [*await self._tx.rows(NAMED_OF, theirs), *await self._tx.rows(LEFT_TO, theirs)]
        return frozenset(ident for (ident,) in rows)

    async def search(
        self, facility_ids: frozenset[str] | None, limit: int, offset: int, after: Place | None = None
    ) -> list[MaintenanceWindow]:
        """All of them, newest first."""
        query = NEWEST if facility_ids is None else NEWEST.where(_W.facility_id.in_(facility_ids))
        query = beyond(query, _W.created_at, _W.id, after)
        return newest_first(await self._many(query.limit(limit).offset(offset)), after)


class WindowUses(Repository[WindowUse]):
    kind, table, order = WindowUse, t.window_uses, ("starts", "id")

    async def of_window(self, window_id: str, limit: int = 50) -> list[WindowUse]:
        """The latest first."""
        return await self._many(OF_WINDOW.limit(limit), {"window_id": window_id})


_ON = sa.and_(_W.ended_at.is_(None), _W.ends > _NOW)
STANDING = MaintenanceWindows.sql_all.where(_ON)
NAMED = sa.select(_W.supplier_id).where(_ON, _W.supplier_id.is_not(None)).distinct()
MAINTAINING = (
    sa.select(t.device_suppliers.c.supplier_id)
    .join(t.maintenance_windows, _W.device_id == t.device_suppliers.c.device_id)
    .where(_ON, _W.supplier_id.is_(None))
    .distinct()
)
_IDS: "Final[sa.BindParameter[Any]]" = sa.bindparam("ids", expanding=True)
_OTHER = t.device_suppliers.alias()
NAMED_OF = NAMED.where(_W.supplier_id.in_(_IDS))
LEFT_TO = MAINTAINING.where(
    ~sa.exists().where(_OTHER.c.device_id == _W.device_id, _OTHER.c.supplier_id.not_in(_IDS)),
)
COMING = STANDING.where(_W.starts < sa.bindparam("until", type_=Instant()))
OF_DEVICE = STANDING.where(_W.device_id == sa.bindparam("device_id"))
NEWEST = MaintenanceWindows.sql_select.order_by(_W.created_at.desc(), _W.id.desc())
OF_WINDOW = WindowUses.sql_select.where(_U.window_id == sa.bindparam("window_id")).order_by(
    _U.starts.desc(), _U.id.desc()
)
