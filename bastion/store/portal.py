"""The suppliers' web door: browsers, invitations, and who speaks for a company."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bastion.domain.portal import Correspondent, PortalInvitation, PortalSession
from bastion.store import tables as t
from bastion.store.browsers import Browsers
from bastion.store.columns import Instant
from bastion.store.repository import Repository, upsert

_S = t.portal_sessions.c
_I = t.portal_invitations.c
_NOW = sa.bindparam("now", type_=Instant())


class PortalSessions(Browsers[PortalSession]):
    kind, table, whose = PortalSession, t.portal_sessions, "technician_id"

    async def end(self, now: datetime, *, technician_id: str = "", supplier_id: str = "") -> int:
        """Sign a person out, everybody of a company, or everybody."""
        if technician_id:
            return await self._tx.change(END_OF_TECHNICIAN, {"now": now, "who": technician_id})
        if supplier_id:
            return await self._tx.change(END_OF_SUPPLIER, {"now": now, "whose": supplier_id})
        return await self._tx.change(END_ALL, {"now": now})


class PortalInvitations(Repository[PortalInvitation]):
    kind, table, order = PortalInvitation, t.portal_invitations, ("created_at", "id")

    async def void(self, technician_id: str, now: datetime) -> int:
        """Let no earlier link of this person open anything."""
        return await self._tx.change(VOID, {"who": technician_id, "now": now})

    async def use(self, invitation_id: str, now: datetime) -> bool:
        """Use a link up; False when somebody else has just done so."""
        return bool(await self._tx.change(USE, {"this": invitation_id, "now": now}))

    async def open_of(self, technician_id: str, now: datetime) -> PortalInvitation | None:
        return next(iter(await self.open_of_several([technician_id], now)), None)

    async def open_of_several(self, technician_ids: Collection[str], now: datetime) -> list[PortalInvitation]:
        """The links that still open; of each of these people one at most, for a new one voids the old."""
        ids = sorted(set(technician_ids))
        return await self._many(OPEN_OF_SEVERAL, {"ids": ids, "now": now}) if ids else []


class Correspondents(Repository[Correspondent]):
    kind, table, order = Correspondent, t.correspondents, ("named_at", "technician_id")

    async def put(self, correspondent: Correspondent) -> None:
        await self._tx.change(PUT_CORRESPONDENT, self._row(correspondent))

    async def of(self, supplier_id: str) -> list[Correspondent]:
        return await self._many(CORRESPONDENTS_OF, {"whose": supplier_id})


_THEIRS = sa.select(t.technicians.c.id).where(t.technicians.c.supplier_id == sa.bindparam("whose"))
END_ALL = sa.update(t.portal_sessions).where(_S.ended_at.is_(None)).values(ended_at=_NOW)
END_OF_TECHNICIAN = END_ALL.where(_S.technician_id == sa.bindparam("who"))
END_OF_SUPPLIER = END_ALL.where(_S.technician_id.in_(_THEIRS))
VOID = (
    sa.update(t.portal_invitations)
    .where(_I.technician_id == sa.bindparam("who"), _I.used_at.is_(None), _I.void_at.is_(None))
    .values(void_at=_NOW)
)
USE = (
    sa.update(t.portal_invitations)
    .where(_I.id == sa.bindparam("this"), _I.used_at.is_(None), _I.void_at.is_(None))
    .values(used_at=_NOW)
)
OPEN_OF_SEVERAL = PortalInvitations.sql_all.where(
    _I.technician_id.in_(sa.bindparam("ids", expanding=True)),
    _I.used_at.is_(None),
    _I.void_at.is_(None),
    _I.expires_at > _NOW,
)
PUT_CORRESPONDENT = upsert(t.correspondents)
CORRESPONDENTS_OF = Correspondents.sql_all.where(t.correspondents.c.supplier_id == sa.bindparam("whose"))
