from bastion.store.database import Database


async def test_a_setting_is_kept(database: Database) -> None:
    async with database.write() as uow:
        await uow.settings.put("name", "one")
    async with database.read() as uow:
        assert await uow.settings.get("name") == "one"
