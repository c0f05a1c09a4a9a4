"""A mail's link decides once and never comes back to life, whatever is written behind the code's back."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bastion.domain.decision_link import MOST_TRIES, DecisionLink
from bastion.errors import Conflict, Invalid
from bastion.store import tables as t
from bastion.store.database import Database
from tests.store.samples import BOB, HOUR, NOW, fill
from tests.store.tampering import attempt

USED, VOID = "a" * 64, "b" * 64


@pytest.fixture
async def mailed(database: Database) -> Database:
    await fill(database, upto="grants")
    async with database.write() as uow:
        for ident, ends in ((USED, {"used_at": NOW}), (VOID, {"void_at": NOW})):
            await uow.decision_links.add(DecisionLink(ident, BOB.id, "req-1", NOW, NOW + HOUR, tries=2, **ends))
    return database


@pytest.mark.parametrize(
    ("ident", "values"),
    [
        (USED, {"used_at": None}),
        (USED, {"used_at": NOW + HOUR}),
        (VOID, {"void_at": None}),
        (VOID, {"void_at": NOW + timedelta(seconds=1)}),
        (VOID, {"expires_at": NOW + 2 * HOUR}),
        (VOID, {"tries": 0}),
        (VOID, {"staff_id": "stf-2"}),
        (VOID, {"request_id": "req-2"}),
    ],
)
async def test_what_a_link_is_and_what_became_of_it_stays(mailed: Database, ident: str, values: dict[str, Any]) -> None:
    with pytest.raises(Conflict, match="a link"):
        await attempt(mailed, sa.update(t.decision_links).where(t.decision_links.c.id == ident).values(**values))


@pytest.mark.parametrize(
    "values", [{"void_at": NOW}, {"tries": MOST_TRIES + 1}, {"id": "plain-secret"}, {"created_at": NOW + 2 * HOUR}]
)
async def test_what_cannot_be_is_not_written(mailed: Database, values: dict[str, Any]) -> None:
    with pytest.raises((Conflict, Invalid)):
        await attempt(mailed, sa.update(t.decision_links).where(t.decision_links.c.id == USED).values(**values))
