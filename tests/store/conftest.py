import pytest

from bastion.store.database import Database
from tests.store.samples import fill


@pytest.fixture
async def hospital(database: Database) -> Database:
    await fill(database)
    return database


@pytest.fixture
async def granted(database: Database) -> Database:
    await fill(database, upto="grants")
    return database
