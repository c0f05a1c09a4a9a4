"""Mail addresses people had until lately."""

from datetime import datetime

import sqlalchemy as sa

from bastion.domain.former_address import FormerAddress
from bastion.store import tables as t
from bastion.store.columns import Instant
from bastion.store.repository import Repository

_F = t.former_addresses.c


class FormerAddresses(Repository[FormerAddress]):
    kind, table, order = FormerAddress, t.former_addresses, ("changed_at", "id")

    async def of(self, person_id: str, since: datetime) -> list[FormerAddress]:
        """Those a person had at or after an instant, the first one first."""
        return await self._many(OF_PERSON, {"who": person_id, "since": since})

    async def forget(self, before: datetime) -> int:
        """Remove everybody's that were changed before an instant."""
        return await self._tx.change(FORGET, {"before": before})


OF_PERSON = FormerAddresses.sql_all.where(
    _F.person_id == sa.bindparam("who"), _F.changed_at >= sa.bindparam("since", type_=Instant())
)
FORGET = sa.delete(t.former_addresses).where(_F.changed_at < sa.bindparam("before", type_=Instant()))
