"""Papers of suppliers, and which kinds are required."""

import sqlalchemy as sa

from bastion.domain.paper import Paper, PaperRule
from bastion.store import tables as t
from bastion.store.columns import storable
from bastion.store.repository import Repository, upsert


class Papers(Repository[Paper]):
    kind, table, order = Paper, t.papers, ("valid_from", "id")

    async def of(self, supplier_id: str) -> list[Paper]:
        """Every paper a supplier ever had, the earliest first."""
        return await self._many(OF_SUPPLIER, {"supplier_id": supplier_id}) if storable(supplier_id) else []


class PaperRules(Repository[PaperRule]):
    kind, table, order = PaperRule, t.paper_rules, ("kind",)

    async def put(self, rule: PaperRule) -> None:
        await self._tx.change(PUT_RULE, self._row(rule))


OF_SUPPLIER = Papers.sql_all.where(t.papers.c.supplier_id == sa.bindparam("supplier_id"))
PUT_RULE = upsert(t.paper_rules)
