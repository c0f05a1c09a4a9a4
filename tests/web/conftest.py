"""The console over a small hospital of real services."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from fastapi import FastAPI

from bastion.config import Settings
from bastion.domain.parties import Role, Staff
from bastion.services.people import Duty, StaffForm
from bastion.store.database import Database
from tests.databases import sqlite_fresh
from tests.services.house import OPERATOR, WITH_LINKS, House, build_house
from tests.web.visitor import Visitor
from web.app import create


@pytest.fixture
async def house(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[House]:
    """What the console shows does not depend on the database's make, so SQLite alone."""
    database = await Database.open(sqlite_fresh(migrated_sqlite, tmp_path))
    yield await build_house(database, tmp_path, WITH_LINKS)
    await database.close()


@pytest.fixture
def app(house: House, tmp_path: Path) -> FastAPI:
    return create(house.services, Settings(home=tmp_path, language="en"))


@pytest.fixture
def visitor(app: FastAPI, house: House) -> Callable[[], Visitor]:
    """Makes browsers that share nothing."""
    return lambda: Visitor(app, house)


@pytest.fixture
async def people(house: House) -> dict[str, Staff]:
    """One person per role and nothing else, and approvers of another ward and of another hospital."""
    wanted = {
        "approver": Duty(Role.APPROVER, "chu"),
        "approver of another ward": Duty(Role.APPROVER, "chu", ("Bloc",)),
        "approver of another hospital": Duty(Role.APPROVER, "ch2"),
        "security": Duty(Role.SECURITY),
        "auditor": Duty(Role.AUDITOR),
        "admin": Duty(Role.ADMIN),
    }
    made = {}
    for number, (name, duty) in enumerate(wanted.items()):
        form = StaffForm(f"person{number}", name.title(), f"p{number}@chu", language="en", duties=(duty,))
        made[name] = await house.services.people.save_staff(OPERATOR, form)
    return made
