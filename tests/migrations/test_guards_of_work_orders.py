"""What a GMAO said stays said, and every word of the domain is known to the database."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

import migrations
from bastion.domain.work_order import Finding, Gmao, OrderLook, OrderRule
from bastion.errors import BastionError, Conflict
from bastion.store import tables as t
from bastion.store.database import Database
from tests.store.samples import CHU, NOW, SECRET, a_request, fill
from tests.store.tampering import attempt

GMAO = Gmao("gma-1", CHU.id, "https://gmao.chu/api", OrderRule.WARN, SECRET.id, NOW, "Eve")
CHECK = OrderLook("look-1", "req-1", CHU.id, "WO-1", Finding.FITS, NOW, "Tube", "open", "Ward", "")


@pytest.fixture
async def kept(database: Database) -> Database:
    await fill(database, upto="grants")
    async with database.write() as uow:
        await uow.gmaos.add(GMAO)
        await uow.order_looks.add(CHECK)
    assert a_request().id == CHECK.request_id
    return database


async def test_what_is_kept_comes_back_and_one_gmao_serves_a_hospital(kept: Database) -> None:
    async with kept.read() as uow:
        assert await uow.order_looks.of("req-1") == [CHECK]
        assert await uow.order_looks.of("req-\x00") == []
        assert await uow.gmaos.of(CHU.id) == GMAO
        assert await uow.gmaos.of("fac-9") is None
        assert await uow.gmaos.of("fac-\x00") is None
    with pytest.raises(BastionError):
        async with kept.write() as uow:
            await uow.gmaos.add(replace(GMAO, id="gma-2"))
    async with kept.write() as uow:
        assert await uow.gmaos.remove("gma-1")
        assert not await uow.gmaos.remove("gma-1")


async def test_what_the_gmao_said_stays_as_it_was_said(kept: Database) -> None:
    with pytest.raises(Conflict, match="said"):
        await attempt(kept, sa.update(t.order_looks).values(finding=Finding.CLOSED))
    with pytest.raises(Conflict, match="removed"):
        await attempt(kept, sa.delete(t.order_looks))


@pytest.mark.parametrize("word", [*Finding, *OrderRule])
def test_the_database_knows_the_word(word: str) -> None:
    text = "".join(path.read_text() for path in Path(migrations.__file__).parent.glob("versions/*_gmao.py"))
    assert f"'{word}'" in text
