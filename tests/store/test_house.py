from datetime import timedelta

from bastion.store.database import Database
from tests.store.samples import NOW

TTL = timedelta(seconds=30)


async def test_a_setting_is_put_replaced_and_removed(database: Database) -> None:
    async with database.write() as uow:
        assert await uow.settings.get("host_key") is None
        await uow.settings.put("host_key", "one")
        await uow.settings.put("host_key", "deux — é")
        assert await uow.settings.get("host_key") == "deux — é"
        assert await uow.settings.remove("host_key")
        assert not await uow.settings.remove("host_key")


async def test_a_lease_is_held_by_one_until_it_runs_out(database: Database) -> None:
    async with database.write() as uow:
        take = uow.leases.take
        assert await take("sweep", "a", TTL, NOW)
        assert not await take("sweep", "b", TTL, NOW)
        assert await take("other", "b", TTL, NOW)
        assert await take("sweep", "a", TTL, NOW + TTL / 2)
        assert not await take("sweep", "b", TTL, NOW + TTL)
        assert await take("sweep", "b", TTL, NOW + TTL * 1.5)
        assert not await take("sweep", "a", TTL, NOW + TTL * 1.5)


async def test_a_lease_is_given_back_by_its_holder_alone(database: Database) -> None:
    async with database.write() as uow:
        assert await uow.leases.take("sweep", "a", TTL, NOW)
        assert not await uow.leases.release("sweep", "b")
        assert await uow.leases.release("sweep", "a")
        assert await uow.leases.take("sweep", "b", TTL, NOW)
