"""Versions of the confidentiality undertaking, and who accepted which."""

import sqlalchemy as sa

from bastion.domain.undertaking import SHIPPED, Acceptance, Undertaking, current
from bastion.store import tables as t
from bastion.store.columns import storable
from bastion.store.repository import Repository


class Undertakings(Repository[Undertaking]):
    kind, table, order = Undertaking, t.undertakings, ("version",)

    async def owed(self, technician_id: str) -> bool:
        """Whether the newest version is not accepted yet: one statement, asked at each opening of a session."""
        rows = await self._tx.rows(NEWEST, {"technician": technician_id})
        return owed_by(*tuple(rows[0]))

    async def current(self) -> Undertaking:
        return current(await self.all())


class Acceptances(Repository[Acceptance]):
    kind, table, order = Acceptance, t.undertaking_acceptances, ("version", "id")

    async def of(self, technician_id: str) -> list[Acceptance]:
        """What a technician has accepted, the first version first."""
        return await self._many(OF_TECHNICIAN, {"technician": technician_id}) if storable(technician_id) else []


def owed_by(published: int | None, accepted: int | None) -> bool:
    """Whether the newest version is not the one accepted last."""
    return (accepted or 0) < max(published or 0, SHIPPED.version)


PUBLISHED = sa.select(sa.func.max(t.undertakings.c.version)).scalar_subquery()
ACCEPTED = sa.select(sa.func.max(t.undertaking_acceptances.c.version))
NEWEST = sa.select(
    PUBLISHED,
    ACCEPTED.where(t.undertaking_acceptances.c.technician_id == sa.bindparam("technician")).scalar_subquery(),
)
OF_TECHNICIAN = Acceptances.sql_all.where(t.undertaking_acceptances.c.technician_id == sa.bindparam("technician"))
