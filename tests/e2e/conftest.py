from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bastion.store.database import Database
from tests.databases import sqlite_fresh
from tests.e2e.clients import Screen
from tests.e2e.world import World


@pytest.fixture
def policies() -> Path | None:
    """The policies in force; a module may say others."""
    return None


@pytest.fixture
async def world(migrated_sqlite: Path, tmp_path: Path, policies: Path | None) -> AsyncIterator[World]:
    """A running bastion without a device. After each test the audit chain verifies."""
    database = await Database.open(sqlite_fresh(migrated_sqlite, tmp_path))
    made = World(tmp_path, database, policies)
    await made.open()
    yield made
    await made.close()
    async with database.read() as uow:
        verdict = await uow.audit.verify()
    await database.close()
    assert verdict.ok, (verdict.broken_at, verdict.why)


@pytest.fixture
async def hospital(world: World) -> World:
    """The same with a real OpenSSH server as the device `ct-01`."""
    await world.real_device()
    return world


@pytest.fixture
async def screens() -> AsyncIterator[Callable[[Screen], Screen]]:
    """Registers screens that are closed after the test."""
    opened: list[Screen] = []

    def keep(screen: Screen) -> Screen:
        opened.append(screen)
        return screen

    yield keep
    for screen in opened:
        await screen.close()
