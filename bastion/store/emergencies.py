"""Emergencies, each under the id of its request."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bastion.domain.emergency import Emergency
from bastion.domain.place import Place
from bastion.store import tables as t
from bastion.store.columns import Instant
from bastion.store.paging import beyond, newest_first
from bastion.store.repository import Versioned

_E = t.emergencies.c


class Emergencies(Versioned[Emergency]):
    kind, table, order = Emergency, t.emergencies, ("created_at", "id")

    async def of_several(self, ids: Sequence[str]) -> dict[str, Emergency]:
        """Those of these requests that are emergencies, by id."""
        found = await self._many(OF_SEVERAL, {"ids": list(ids)}) if ids else []
        return {one.id: one for one in found}

    async def overdue(self, supplier_id: str, now: datetime) -> list[Emergency]:
        """Those of a supplier that nobody has reviewed in time, the longest overdue first."""
        return await self._many(OVERDUE, {"supplier_id": supplier_id, "now": now})

    async def to_review(self, facility_ids: frozenset[str] | None) -> list[Emergency]:
        """Every one that is agreed to and not reviewed, the earliest due first; `None` means every facility."""
        query = TO_REVIEW if facility_ids is None else TO_REVIEW.where(_E.facility_id.in_(facility_ids))
        return await self._many(query)

    async def begun(self, supplier_id: str, since: datetime) -> int:
        """How many a supplier has called since then, whatever became of them."""
        rows = await self._tx.rows(BEGUN, {"supplier_id": supplier_id, "since": since})
        return int(rows[0][0])

    async def search(
        self, facility_ids: frozenset[str] | None, limit: int, offset: int, after: Place | None = None
    ) -> list[Emergency]:
        """All of them, newest first."""
        query = NEWEST if facility_ids is None else NEWEST.where(_E.facility_id.in_(facility_ids))
        query = beyond(query, _E.created_at, _E.id, after)
        return newest_first(await self._many(query.limit(limit).offset(offset)), after)


OF_SEVERAL = Emergencies.sql_select.where(_E.id.in_(sa.bindparam("ids", expanding=True)))
TO_REVIEW = Emergencies.sql_select.where(_E.review_due_at.is_not(None), _E.reviewed_at.is_(None)).order_by(
    _E.review_due_at, _E.id
)
OVERDUE = TO_REVIEW.where(
    _E.supplier_id == sa.bindparam("supplier_id"), _E.review_due_at <= sa.bindparam("now", type_=Instant())
)
BEGUN = (
    sa.select(sa.func.count())
    .select_from(t.emergencies)
    .where(_E.created_at >= sa.bindparam("since", type_=Instant()), _E.supplier_id == sa.bindparam("supplier_id"))
)
NEWEST = Emergencies.sql_select.order_by(_E.created_at.desc(), _E.id.desc())
