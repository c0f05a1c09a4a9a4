"""What usual requests may never become, in SQL behind the code's back (R-25)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bastion.domain.access_request import InterventionKind
from bastion.domain.request_template import RequestTemplate
from bastion.errors import Conflict, Invalid
from bastion.store import tables as t
from bastion.store.database import Database
from tests.migrations.test_guards import changed
from tests.store.samples import EVE, NOW, fill
from tests.store.tampering import attempt

ONE = RequestTemplate(
    "tpl-1", "fac-1", "Maker", "CT 9000", "Update", InterventionKind.TELEMAINTENANCE, "update it", timedelta(hours=1),
    EVE.id, EVE.name, NOW,
)  # fmt: skip


@pytest.fixture
async def desk(database: Database) -> Database:
    await fill(database, upto="grants")
    async with database.write() as uow:
        await uow.request_templates.add(ONE)
    return database


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "something else"}, {"procedure": "another"}, {"facility_id": "*"}, {"model_key": "x"},
        {"conditions": '["watcher"]'}, {"created_by": "somebody"}, {"wanted": timedelta(hours=9)},
    ],
    ids=str,
)  # fmt: skip
async def test_R25_a_template_stays_as_it_was_written(desk: Database, changes: dict[str, object]) -> None:
    with pytest.raises(Conflict, match="as it was written"):
        await attempt(desk, changed(t.request_templates, "tpl-1", **changes))


async def test_a_retired_one_stays_retired_and_none_is_removed(desk: Database) -> None:
    await attempt(desk, changed(t.request_templates, "tpl-1", retired_at=NOW, retired_by="Eve"))
    with pytest.raises(Conflict, match="stays retired"):
        await attempt(desk, changed(t.request_templates, "tpl-1", retired_at=None, retired_by=""))
    with pytest.raises(Conflict, match="never removed"):
        await attempt(desk, sa.delete(t.request_templates))


@pytest.mark.parametrize(
    "wrong",
    [
        {"software_change": True}, {"patient_data": "needed"}, {"edition": 2}, {"retired_by": "Eve"}, {"name": ""},
        {"maker": "", "model": ""}, {"kind": "telepathy"},
    ],
    ids=str,
)  # fmt: skip
async def test_what_the_domain_refuses_the_database_refuses(desk: Database, wrong: dict[str, object]) -> None:
    async with desk.read() as uow:
        row = dict((await uow.transaction.rows(sa.select(t.request_templates)))[0]._mapping)
    kept = {key: sa.literal(value, t.request_templates.c[key].type) for key, value in row.items()}
    text = {key: sa.literal(value, sa.String()) for key, value in wrong.items() if isinstance(value, str)}
    with pytest.raises(Invalid):
        await attempt(desk, sa.insert(t.request_templates).values({**kept, "id": sa.literal("tpl-2"), **wrong, **text}))


async def test_a_request_keeps_what_it_was_made_from(desk: Database) -> None:
    with pytest.raises(Conflict, match="made from"):
        await attempt(desk, changed(t.access_requests, "req-1", template_id="tpl-1"))


async def test_R25_a_request_keeps_what_it_was_asked_together_with(desk: Database) -> None:
    with pytest.raises(Conflict, match="asked together with"):
        await attempt(desk, changed(t.access_requests, "req-1", batch_id="b" * 32))
