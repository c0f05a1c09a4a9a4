"""Questions and answers on requests."""

from collections.abc import Sequence

import sqlalchemy as sa

from bastion.domain.remark import Remark
from bastion.store import tables as t
from bastion.store.columns import storable
from bastion.store.repository import Repository


class Remarks(Repository[Remark]):
    kind, table, order = Remark, t.remarks, ("at", "id")

    async def of(self, request_id: str) -> list[Remark]:
        """The thread of a request, the first entry first."""
        return await self._many(OF_REQUEST, {"request": request_id}) if storable(request_id) else []

    async def of_several(self, ids: Sequence[str]) -> dict[str, list[Remark]]:
        """The threads of these requests that have one, by request."""
        threads: dict[str, list[Remark]] = {}
        for one in await self._many(OF_SEVERAL, {"ids": list(ids)}) if ids else []:
            threads.setdefault(one.request_id, []).append(one)
        return threads


OF_REQUEST = Remarks.sql_all.where(t.remarks.c.request_id == sa.bindparam("request"))
OF_SEVERAL = Remarks.sql_all.where(t.remarks.c.request_id.in_(sa.bindparam("ids", expanding=True)))
