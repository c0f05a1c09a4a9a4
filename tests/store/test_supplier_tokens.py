"""Tokens of suppliers' people as they are kept: what they are never changes, and revoked they stay."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion.domain.supplier_token import SupplierToken
from bastion.errors import BastionError, Conflict
from bastion.store.database import Database
from tests.store.samples import NOW, a_request, fill

DAY = timedelta(days=1)


@pytest.fixture
async def kept(database: Database) -> tuple[Database, SupplierToken]:
    await fill(database)
    who = a_request()
    token = SupplierToken("tok-1", who.technician_id, who.supplier_id, "erp", "h" * 64, True, NOW, NOW + DAY)
    async with database.write() as uow:
        await uow.supplier_tokens.add(token)
    return database, token


async def test_it_is_found_by_its_hash_and_by_its_owner(kept) -> None:
    database, token = kept
    async with database.read() as uow:
        assert await uow.supplier_tokens.by_hash("h" * 64) == token
        assert await uow.supplier_tokens.by_hash("x" * 64) is None
        assert await uow.supplier_tokens.of(token.technician_id) == [token]
        assert await uow.supplier_tokens.of("tec-9") == []


@pytest.mark.parametrize("by", ["technician_id", "supplier_id"])
async def test_whose_time_is_over_loses_all_and_none_comes_back(kept, by) -> None:
    database, token = kept
    async with database.write() as uow:
        assert await uow.supplier_tokens.revoke(NOW, **{by: "other"}) == 0
        assert await uow.supplier_tokens.revoke(NOW, **{by: getattr(token, by)}) == 1
        assert await uow.supplier_tokens.revoke(NOW + DAY, **{by: getattr(token, by)}) == 0
    for revived in (None, NOW + DAY):
        with pytest.raises(Conflict):
            async with database.write() as uow:
                await uow.supplier_tokens.save(replace(token, revoked_at=revived))


@pytest.mark.parametrize(
    "change",
    [
        {"writes": False},
        {"people": True},
        {"expires_at": NOW + 9 * DAY},
        {"hash": "x" * 64},
        {"technician_id": "tec-2"},
        {"label": "x"},
    ],
    ids=str,
)
async def test_a_token_stays_what_it_was_made_as(kept, change) -> None:
    database, token = kept
    with pytest.raises(BastionError):
        async with database.write() as uow:
            await uow.supplier_tokens.save(replace(token, **change))


async def test_none_ends_before_it_begins(kept) -> None:
    database, token = kept
    with pytest.raises(BastionError):
        async with database.write() as uow:
            await uow.supplier_tokens.add(replace(token, id="tok-2", hash="y" * 64, expires_at=NOW))
