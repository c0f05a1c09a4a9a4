"""Who may answer for patient data, hospital by hospital."""

import sqlalchemy as sa

from bastion.domain.professional import Professional
from bastion.store import tables as t
from bastion.store.repository import Repository


class Professionals(Repository[Professional]):
    kind, table, order = Professional, t.professionals, ("facility_id", "name", "id")

    async def of(self, facility_ids: frozenset[str] | None) -> list[Professional]:
        """Everybody who was ever entered there; `None`: anywhere."""
        if facility_ids is None:
            return await self.all()
        return await self._many(OF_PLACES, {"places": sorted(facility_ids)})


OF_PLACES = Professionals.sql_all.where(t.professionals.c.facility_id.in_(sa.bindparam("places", expanding=True)))
