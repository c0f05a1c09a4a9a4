"""Reports on interventions, and which are owed."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bastion.domain.report import LATE, REMIND_BEFORE, Report, ReportDue
from bastion.store import tables as t
from bastion.store.columns import Instant, storable
from bastion.store.repository import Repository, upsert

LONGEST_LIST: Final = 100
_D = t.report_dues.c


class Reports(Repository[Report]):
    kind, table, order = Report, t.reports, ("at", "id")

    async def of(self, request_id: str) -> list[Report]:
        """What was reported on an intervention, the first entry first."""
        return await self._many(OF_REQUEST, {"request": request_id}) if storable(request_id) else []


class ReportDues(Repository[ReportDue]):
    kind, table, order = ReportDue, t.report_dues, ("owed_since", "id")

    async def put(self, due: ReportDue) -> None:
        await self._tx.change(PUT, self._row(due))

    async def of_technician(self, technician_id: str) -> list[ReportDue]:
        """What one person owes, the oldest first."""
        return await self._many(OF_TECHNICIAN, {"who": technician_id})

    async def of_supplier(self, supplier_id: str) -> list[ReportDue]:
        """What everybody of a company owes, the oldest first."""
        return await self._many(OF_SUPPLIER, {"whose": supplier_id})

    async def overdue(self, supplier_id: str, now: datetime, limit: int) -> list[ReportDue]:
        """What blocks a supplier."""
        return await self._many(OVERDUE.limit(limit), {"whose": supplier_id, "now": now})

    async def to_remind_of(self, now: datetime, limit: int) -> list[ReportDue]:
        """What may have to be said, the most urgent first: the lack of these blocks soon, or has begun to."""
        return await self._many(NEAR.limit(limit), {"soon": now + REMIND_BEFORE})


NEAR = ReportDues.sql_select.where(_D.due_at <= sa.bindparam("soon", type_=Instant()), _D.reminders < LATE).order_by(
    _D.due_at
)
OF_REQUEST = Reports.sql_all.where(t.reports.c.request_id == sa.bindparam("request"))
PUT = upsert(t.report_dues)
_OWED = ReportDues.sql_all.where(_D.owed_since.is_not(None)).limit(LONGEST_LIST)
OF_TECHNICIAN = _OWED.where(_D.technician_id == sa.bindparam("who"))
OF_SUPPLIER = _OWED.where(_D.supplier_id == sa.bindparam("whose"))
OVERDUE = ReportDues.sql_select.where(
    _D.supplier_id == sa.bindparam("whose"), _D.due_at <= sa.bindparam("now", type_=Instant())
).order_by(_D.due_at)
