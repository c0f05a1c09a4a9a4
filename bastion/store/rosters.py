"""What stands between a person and work: the employer, the supplier's word, and when each was given."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from bastion.domain.roster import Confirmation, Confirmed
from bastion.domain.subcontractor import Subcontractor
from bastion.store import tables as t
from bastion.store.columns import storable
from bastion.store.repository import Repository, upsert


@dataclass(frozen=True, slots=True)
class Employment:
    """`employer_id` is empty for the supplier's own people; `employer` is missing when nobody declared it."""

    employer_id: str
    employer: Subcontractor | None
    confirmed: Confirmed | None


class Subcontractors(Repository[Subcontractor]):
    kind, table, order = Subcontractor, t.subcontractors, ("declared_at", "id")

    async def of(self, supplier_id: str) -> list[Subcontractor]:
        """Every one a supplier ever declared, the earliest first."""
        return await self._many(OF_SUPPLIER, {"supplier_id": supplier_id}) if storable(supplier_id) else []


class Confirmations(Repository[Confirmation]):
    kind, table, order = Confirmation, t.confirmations, ("at", "id")

    async def of(self, supplier_id: str) -> list[Confirmation]:
        """What a supplier has said about its list, the earliest first."""
        return await self._many(SAID_BY, {"supplier_id": supplier_id}) if storable(supplier_id) else []


class Rosters(Repository[Confirmed]):
    kind, table, order = Confirmed, t.rosters, ("technician_id",)

    async def of(self, supplier_id: str) -> list[Confirmed]:
        return await self._many(OF_PEOPLE, {"supplier_id": supplier_id}) if storable(supplier_id) else []

    async def put(self, confirmed: Confirmed) -> None:
        await self._tx.change(PUT, self._row(confirmed))

    async def barred(self, technician_ids: Collection[str]) -> frozenset[str]:
        """Of these people, those whose employer the hospital has objected to, no longer works for the supplier, or was
        declared by nobody.
        """
        rows = await self._tx.rows(BARRED, {"ids": list(technician_ids)}) if technician_ids else []
        return frozenset(row[0] for row in rows)

    async def employments(self, technician_ids: Collection[str]) -> dict[str, Employment]:
        """The same of many, by the person."""
        rows = await self._tx.rows(EMPLOYMENTS, {"ids": list(technician_ids)}) if technician_ids else []
        return {str(row[0]): made_employment(tuple(row)[1:]) for row in rows}

    async def employment(self, technician_id: str) -> Employment | None:
        """All of it in one statement: it is asked at each opening of a session."""
        if not storable(technician_id):
            return None
        rows = await self._tx.rows(EMPLOYMENT, {"technician": technician_id})
        return made_employment(tuple(rows[0])) if rows else None


_EMPLOYER = len(fields(Subcontractor))


def made_employment(row: tuple[Any, ...]) -> Employment:
    """Of the employer's id, the columns of `Subcontractors`, those of `Rosters`."""
    employer, confirmed = row[1 : 1 + _EMPLOYER], row[1 + _EMPLOYER :]
    return Employment(
        str(row[0] or ""),
        Subcontractor(*employer) if employer[0] is not None else None,
        Confirmed(*confirmed) if confirmed[0] is not None else None,
    )


OF_SUPPLIER = Subcontractors.sql_all.where(t.subcontractors.c.supplier_id == sa.bindparam("supplier_id"))
SAID_BY = Confirmations.sql_all.where(t.confirmations.c.supplier_id == sa.bindparam("supplier_id"))
OF_PEOPLE = Rosters.sql_all.where(
    t.rosters.c.technician_id.in_(
        sa.select(t.technicians.c.id).where(t.technicians.c.supplier_id == sa.bindparam("supplier_id"))
    )
)
PUT = upsert(t.rosters)
EMPLOYED = t.technicians.outerjoin(
    t.subcontractors,
    (t.subcontractors.c.id == t.technicians.c.employer_id)
    & (t.subcontractors.c.supplier_id == t.technicians.c.supplier_id),
)
BARRED = (
    sa.select(t.technicians.c.id)
    .select_from(EMPLOYED)
    .where(
        t.technicians.c.id.in_(sa.bindparam("ids", expanding=True)),
        t.technicians.c.employer_id != "",
        sa.or_(
            t.subcontractors.c.id.is_(None),
            t.subcontractors.c.objected_at.is_not(None),
            t.subcontractors.c.ended_at.is_not(None),
        ),
    )
)
_WITH_WORD = EMPLOYED.outerjoin(t.rosters, t.rosters.c.technician_id == t.technicians.c.id)
_FACTS = (t.technicians.c.employer_id, *Subcontractors.columns(), *Rosters.columns())
EMPLOYMENT = sa.select(*_FACTS).select_from(_WITH_WORD).where(t.technicians.c.id == sa.bindparam("technician"))
EMPLOYMENTS = (
    sa.select(t.technicians.c.id, *_FACTS)
    .select_from(_WITH_WORD)
    .where(t.technicians.c.id.in_(sa.bindparam("ids", expanding=True)))
)
