"""Who is on call, who is away, and who decides in another's place."""

from datetime import datetime

import sqlalchemy as sa

from bastion.domain.rota import Shift
from bastion.domain.standin import Absence, Delegation
from bastion.store import tables as t
from bastion.store.repository import Repository


class Shifts(Repository[Shift]):
    kind, table, order = Shift, t.shifts, ("starts", "line", "id")

    async def between(
        self, since: datetime, until: datetime, facility_ids: frozenset[str] | None = None
    ) -> list[Shift]:
        """Those not withdrawn that touch a stretch of time, the earliest first."""
        query = (
            SHIFTS_BETWEEN if facility_ids is None else SHIFTS_BETWEEN.where(t.shifts.c.facility_id.in_(facility_ids))
        )
        return await self._many(query, {"since": since, "until": until})

    async def standing(self, facility_id: str, now: datetime) -> list[Shift]:
        return await self._many(SHIFTS_STANDING, {"facility": facility_id, "now": now})


class Absences(Repository[Absence]):
    kind, table, order = Absence, t.absences, ("starts", "id")

    async def standing(self, now: datetime) -> list[Absence]:
        return await self._many(ABSENCES_STANDING, {"now": now})

    async def coming(self, now: datetime) -> list[Absence]:
        """Those not withdrawn that are not over yet."""
        return await self._many(ABSENCES_COMING, {"now": now})


class Delegations(Repository[Delegation]):
    kind, table, order = Delegation, t.delegations, ("starts", "id")

    async def standing(self, now: datetime) -> list[Delegation]:
        """Those that count now."""
        return await self._many(DELEGATIONS_STANDING, {"now": now})

    async def coming(self, now: datetime) -> list[Delegation]:
        """Those not revoked that are not over yet."""
        return await self._many(DELEGATIONS_COMING, {"now": now})


def _now(name: str, column: "sa.Column[datetime]") -> "sa.BindParameter[datetime]":
    return sa.bindparam(name, type_=column.type)


_S, _A, _D = t.shifts.c, t.absences.c, t.delegations.c
SHIFTS_BETWEEN = Shifts.sql_all.where(
    _S.withdrawn_at.is_(None), _S.ends > _now("since", _S.ends), _S.starts < _now("until", _S.starts)
)
SHIFTS_STANDING = Shifts.sql_all.where(
    _S.facility_id == sa.bindparam("facility"), _S.withdrawn_at.is_(None), _S.ends > _now("now", _S.ends),
    _S.starts <= _now("now", _S.starts),
)  # fmt: skip
ABSENCES_COMING = Absences.sql_all.where(_A.withdrawn_at.is_(None), _A.ends > _now("now", _A.ends))
ABSENCES_STANDING = ABSENCES_COMING.where(_A.starts <= _now("now", _A.starts))
DELEGATIONS_COMING = Delegations.sql_all.where(_D.revoked_at.is_(None), _D.ends > _now("now", _D.ends))
DELEGATIONS_STANDING = DELEGATIONS_COMING.where(_D.starts <= _now("now", _D.starts))
