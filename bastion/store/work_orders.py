"""Where the hospitals' GMAOs answer, and what they said of the work orders of requests."""

import sqlalchemy as sa

from bastion.domain.work_order import Gmao, OrderLook
from bastion.store import tables as t
from bastion.store.columns import storable
from bastion.store.repository import Repository


class Gmaos(Repository[Gmao]):
    kind, table, order = Gmao, t.gmaos, ("facility_id",)

    async def of(self, facility_id: str) -> Gmao | None:
        return await self._one(OF_FACILITY, {"facility": facility_id}) if storable(facility_id) else None


class OrderLooks(Repository[OrderLook]):
    kind, table, order = OrderLook, t.order_looks, ("checked_at", "id")

    async def of(self, request_id: str) -> list[OrderLook]:
        """All there were for a request, the first one first."""
        return await self._many(OF_REQUEST, {"request": request_id}) if storable(request_id) else []


OF_REQUEST = OrderLooks.sql_all.where(t.order_looks.c.request_id == sa.bindparam("request"))
OF_FACILITY = Gmaos.sql_select.where(t.gmaos.c.facility_id == sa.bindparam("facility"))
