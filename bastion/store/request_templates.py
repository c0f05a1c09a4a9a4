"""What is usually asked for on a model of device."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from bastion.domain.parties import EVERYWHERE
from bastion.domain.request_template import RequestTemplate
from bastion.domain.work_plan import WorkPlan
from bastion.store import tables as t
from bastion.store.columns import findable, storable
from bastion.store.repository import Repository

_T, _D = t.request_templates.c, t.devices.c
_PLAN = tuple(field.name for field in fields(WorkPlan))


class RequestTemplates(Repository[RequestTemplate]):
    """`model_key` is what a template is found by; it follows from maker and model."""

    kind, table, order = RequestTemplate, t.request_templates, ("model_key", "created_at", "id")

    @classmethod
    def columns(cls) -> "list[sa.ColumnElement[Any]]":
        return [column for column in t.request_templates.c if column.name != "model_key"]

    async def of_model(self, key: str, facility_id: str) -> list[RequestTemplate]:
        """Those in force for a device of this model in this hospital: its own, and the group's."""
        values = {"key": key, "places": [EVERYWHERE, facility_id]}
        return await self._many(OF_MODEL, values) if storable(key) else []

    async def search(
        self, facility_ids: frozenset[str] | None, *, text: str = "", retired: bool = False, limit: int = 50,
        offset: int = 0,
    ) -> list[RequestTemplate]:  # fmt: skip
        """Those of these hospitals (`None`: of all) and of the whole group, by model."""
        if not findable(text):
            return []
        query = self.sql_all if retired else IN_FORCE
        if facility_ids is not None:
            query = query.where(_T.facility_id.in_(sorted({EVERYWHERE, *facility_ids})))
        if text:
            query = query.where(sa.or_(*(_T[name].icontains(text, autoescape=True) for name in SOUGHT)))
        return await self._many(query.limit(limit).offset(offset))

    async def models(self, facility_ids: frozenset[str] | None) -> list[tuple[str, str, int]]:
        """Maker, model and how many there are, of the devices in use in these hospitals."""
        query = MODELS if facility_ids is None else MODELS.where(_D.facility_id.in_(sorted(facility_ids)))
        return [(row.maker, row.model, row.devices) for row in await self._tx.rows(query)]

    def _row(self, entity: RequestTemplate) -> dict[str, Any]:
        row = {column.name: getattr(entity, column.name) for column in self.columns() if column.name not in _PLAN}
        return row | {name: getattr(entity.plan, name) for name in _PLAN} | {"model_key": entity.key}

    async def _made(self, rows: Sequence[Row[Any]]) -> list[RequestTemplate]:
        return [_template(row) for row in rows]


def _template(row: Row[Any]) -> RequestTemplate:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    plan = WorkPlan(**{name: values.pop(name) for name in _PLAN})
    return RequestTemplate(**values, plan=plan)


SOUGHT = ("maker", "model", "name", "reason")
IN_FORCE = RequestTemplates.sql_all.where(_T.retired_at.is_(None))
OF_MODEL = IN_FORCE.where(
    _T.model_key == sa.bindparam("key"), _T.facility_id.in_(sa.bindparam("places", expanding=True))
)
MODELS = (
    sa.select(_D.maker, _D.model, sa.func.count().label("devices"))
    .where(_D.active, (_D.maker != "") | (_D.model != ""))
    .group_by(_D.maker, _D.model)
    .order_by(_D.maker, _D.model)
)
