import pytest

from tests.services.house import build_house


@pytest.fixture
async def house(database, tmp_path):
    """A hospital on SQLite and on PostgreSQL; after each test the audit chain must verify."""
    built = await build_house(database, tmp_path)
    yield built
    async with database.read() as uow:
        verdict = await uow.audit.verify()
    assert verdict.ok, (verdict.broken_at, verdict.why)
