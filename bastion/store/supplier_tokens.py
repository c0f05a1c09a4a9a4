"""Tokens of suppliers' people."""

from datetime import datetime

import sqlalchemy as sa

from bastion.domain.supplier_token import SupplierToken
from bastion.store import tables as t
from bastion.store.columns import Instant
from bastion.store.repository import Repository

_T = t.supplier_tokens.c


class SupplierTokens(Repository[SupplierToken]):
    kind, table, order = SupplierToken, t.supplier_tokens, ("created_at", "id")

    async def by_hash(self, digest: str) -> SupplierToken | None:
        return await self._one(BY_HASH, {"digest": digest})

    async def of(self, technician_id: str) -> list[SupplierToken]:
        return await self._many(OF_TECHNICIAN, {"who": technician_id})

    async def revoke(self, now: datetime, *, technician_id: str = "", supplier_id: str = "") -> int:
        """Let no token of a person, or of everybody of a company, open anything again."""
        if technician_id:
            return await self._tx.change(REVOKE_OF_TECHNICIAN, {"now": now, "who": technician_id})
        return await self._tx.change(REVOKE_OF_SUPPLIER, {"now": now, "whose": supplier_id})


BY_HASH = SupplierTokens.sql_select.where(_T.hash == sa.bindparam("digest"))
OF_TECHNICIAN = SupplierTokens.sql_all.where(_T.technician_id == sa.bindparam("who"))
_REVOKE = (
    sa.update(t.supplier_tokens).where(_T.revoked_at.is_(None)).values(revoked_at=sa.bindparam("now", type_=Instant()))
)
REVOKE_OF_TECHNICIAN = _REVOKE.where(_T.technician_id == sa.bindparam("who"))
REVOKE_OF_SUPPLIER = _REVOKE.where(_T.supplier_id == sa.bindparam("whose"))
