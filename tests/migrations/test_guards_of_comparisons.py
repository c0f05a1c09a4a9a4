"""What a sealed recording was found to differ in, the database lets nobody change (R-60)."""

from typing import Any

import pytest
import sqlalchemy as sa

from bastion.errors import Conflict, Invalid
from bastion.store import tables as t
from bastion.store.database import Database
from tests.store.samples import a_session, fill
from tests.store.tampering import attempt


def changed(**values: Any) -> sa.Update:
    return sa.update(t.sessions).where(t.sessions.c.id == "ses-1").values(**values)


@pytest.mark.parametrize("change", [{"acts": ()}, {"differences": ("files",)}])
async def test_R60_what_was_found_at_the_end_stays(database: Database, change: dict[str, Any]) -> None:
    await fill(database, upto="grants")
    async with database.write() as uow:
        await uow.sessions.add(a_session(1))
    found = {"recording_digest": "d" * 64, "acts": ("reboot\t1\t0\t9",), "differences": ("changes",)}
    assert await attempt(database, changed(**found)) == 1
    with pytest.raises((Conflict, Invalid)):
        await attempt(database, changed(**change))
