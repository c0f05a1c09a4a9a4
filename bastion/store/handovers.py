"""Requests that take over somebody's authorisation, each under the id of the request."""

from collections.abc import Sequence

import sqlalchemy as sa

from bastion.domain.handover import Handover
from bastion.store import tables as t
from bastion.store.repository import Repository


class Handovers(Repository[Handover]):
    kind, table, order = Handover, t.handovers, ("created_at", "id")

    async def of_several(self, ids: Sequence[str]) -> dict[str, Handover]:
        """Those of these requests that take over an authorisation, by id."""
        found = await self._many(OF_SEVERAL, {"ids": list(ids)}) if ids else []
        return {one.id: one for one in found}

    async def of_grant(self, grant_id: str) -> list[Handover]:
        return await self._many(OF_GRANT, {"gone": grant_id})


OF_SEVERAL = Handovers.sql_select.where(t.handovers.c.id.in_(sa.bindparam("ids", expanding=True)))
OF_GRANT = Handovers.sql_all.where(t.handovers.c.grant_id == sa.bindparam("gone"))
