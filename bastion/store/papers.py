"""Papers of suppliers, and which kinds are required."""

from collections.abc import Iterable

import sqlalchemy as sa

from bastion.domain.paper import Paper, PaperRule
from bastion.store import tables as t
from bastion.store.columns import storable
from bastion.store.repository import Repository, upsert


class Papers(Repository[Paper]):
    kind, table, order = Paper, t.papers, ("valid_from", "id")

    async def of(self, supplier_id: str) -> list[Paper]:
        """Every paper a supplier ever had, the earliest first."""
        return (await self.of_several([supplier_id]))[supplier_id]

    async def of_several(self, supplier_ids: Iterable[str]) -> dict[str, list[Paper]]:
        """The same for each of several suppliers, in one statement."""
        papers: dict[str, list[Paper]] = {ident: [] for ident in supplier_ids}
        ids = [ident for ident in papers if storable(ident)]
        for one in await self._many(OF_SUPPLIERS, {"ids": ids}) if ids else []:
            papers[one.supplier_id].append(one)
        return papers


class PaperRules(Repository[PaperRule]):
    kind, table, order = PaperRule, t.paper_rules, ("kind",)

    async def put(self, rule: PaperRule) -> None:
        await self._tx.change(PUT_RULE, self._row(rule))


OF_SUPPLIERS = Papers.sql_all.where(t.papers.c.supplier_id.in_(sa.bindparam("ids", expanding=True)))
PUT_RULE = upsert(t.paper_rules)
