from datetime import timedelta

import pytest

from bastion import clock
from bastion.store.access import Locks
from tests.services.house import audited_house
from tests.services.postroom import point
from tests.services.receivers import postbox


@pytest.fixture
async def house(database, tmp_path):
    """A hospital on SQLite and on PostgreSQL; after each test the audit chain must verify."""
    async with audited_house(database, tmp_path) as built:
        yield built


# -- notifications -----------------------------------------------------------------------------------------------------
@pytest.fixture
def tell(house):
    return house.services.notifications


@pytest.fixture
async def box(house, tell):
    async with postbox() as box:
        point(tell, box.port)
        yield box


@pytest.fixture
def later(monkeypatch):
    """Let time pass: later(minutes=5)."""
    real, gone = clock.now, [timedelta()]
    monkeypatch.setattr(clock, "now", lambda: real() + gone[0])

    def pass_by(**time) -> None:
        gone[0] += timedelta(**time)

    return pass_by


@pytest.fixture
def waits(monkeypatch):
    """Let time pass while somebody waits for the locks: waits(minutes=5)."""
    real, hold, gone = clock.now, Locks.hold, [timedelta()]
    monkeypatch.setattr(clock, "now", lambda: real() + gone[0])

    def while_waiting(**time: float) -> None:
        async def held(locks: Locks) -> None:
            await hold(locks)
            gone[0] += timedelta(**time)

        monkeypatch.setattr(Locks, "hold", held)

    return while_waiting
