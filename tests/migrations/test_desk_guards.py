"""What emergencies and maintenance windows may never become, in SQL behind the code's back (R-22, R-26)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bastion.domain.access_request import InterventionKind
from bastion.domain.emergency import Emergency
from bastion.domain.handover import Handover
from bastion.domain.maintenance import MaintenanceWindow, WindowUse
from bastion.domain.working_days import WorkingDays
from bastion.errors import Conflict, Invalid
from bastion.store import tables as t
from bastion.store.database import Database
from tests.migrations.test_guards import changed
from tests.store.samples import BOB, EVE, NOW, a_grant, a_request, fill
from tests.store.tampering import attempt

DAY = timedelta(days=1)
ONE = Emergency("req-1", "sup-1", "dev-1", "fac-1", "Dr Roux", "Alice", "", "", NOW)
WINDOW = MaintenanceWindow(
    "win-1", "fac-1", "dev-1", "", InterventionKind.TELEDIAGNOSTIC, 0, 1, 1320, 120, NOW, NOW + 300 * DAY, "look",
    EVE.id, EVE.name, NOW, 1,
)  # fmt: skip


@pytest.fixture
async def desk(database: Database) -> Database:
    await fill(database, upto="grants")
    async with database.write() as uow:
        await uow.emergencies.add(ONE.agreed((BOB.id,), NOW, WorkingDays(3), "Europe/Paris", by_caller=True))
        await uow.windows.add(WINDOW.agree(BOB.id, BOB.name, 1, NOW))
        await uow.window_uses.add(WindowUse("req-1", "win-1", NOW, NOW + DAY))
    return database


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"caller": "nobody"}, "as it was asked"), ({"caller_id": BOB.id}, "as it was asked"),
        ({"review_due_at": NOW + 90 * DAY}, "set once"), ({"agreed_at": None, "review_due_at": None}, "set once"),
        ({"agreed_by_caller": False}, "set once"),
    ],
    ids=str,
)  # fmt: skip
async def test_R26_an_emergency_stays_what_it_was(desk: Database, changes: dict[str, object], said: str) -> None:
    with pytest.raises(Conflict, match=said):
        await attempt(desk, changed(t.emergencies, "req-1", **changes))


async def test_R26_a_review_is_whole_and_is_not_taken_back(desk: Database) -> None:
    with pytest.raises(Invalid):
        await attempt(desk, changed(t.emergencies, "req-1", reviewed_at=NOW))
    done = {"reviewed_at": NOW, "reviewed_by": "Ruth", "outcome": "justified"}
    await attempt(desk, changed(t.emergencies, "req-1", **done))
    for changes in ({"outcome": "not_justified"}, {"reviewed_at": None, "reviewed_by": "", "outcome": ""}):
        with pytest.raises(Conflict, match="not taken back"):
            await attempt(desk, changed(t.emergencies, "req-1", **changes))
    for table in (t.emergencies, t.maintenance_windows, t.window_uses):
        with pytest.raises(Conflict, match="never removed"):
            await attempt(desk, sa.delete(table))


async def test_a_grant_stays_the_emergency_it_was(desk: Database) -> None:
    async with desk.read() as uow:
        (grant, *_) = await uow.grants.all()
    with pytest.raises(Conflict, match="emergency it was"):
        await attempt(desk, changed(t.grants, grant.id, emergency=True))


async def test_a_handover_is_a_fact(desk: Database) -> None:
    async with desk.write() as uow:
        (grant, *_) = await uow.grants.all()
        await uow.handovers.add(Handover("req-1", grant.id, "Alice", "Bob", NOW))
    with pytest.raises(Conflict, match="does not change"):
        await attempt(desk, changed(t.handovers, "req-1", from_name="Eve"))
    with pytest.raises(Conflict, match="never removed"):
        await attempt(desk, sa.delete(t.handovers))


async def test_from_when_a_grant_counts_is_set_once(desk: Database) -> None:
    async with desk.read() as uow:
        (grant, *_) = await uow.grants.all()
    async with desk.write() as uow:
        await uow.requests.add(a_request(7))
    with pytest.raises(Invalid):
        async with desk.write() as uow:
            await uow.grants.add(a_grant(7, slack=timedelta(seconds=-1)))
    await attempt(desk, changed(t.grants, grant.id, first_used_at=NOW))
    for changes in ({"first_used_at": None}, {"first_used_at": NOW + DAY}, {"slack": DAY}, {"due": NOW}):
        with pytest.raises(Conflict, match="set once"):
            await attempt(desk, changed(t.grants, grant.id, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"ends": NOW + 365 * DAY}, {"begins": 0}, {"supplier_id": "sup-1"}, {"quorum": 2}, {"created_by_id": BOB.id},
        {"agreed_ids": (EVE.id,)}, {"agreed_at": None},
    ],
    ids=str,
)  # fmt: skip
async def test_a_window_stays_what_was_agreed_to(desk: Database, changes: dict[str, object]) -> None:
    with pytest.raises(Conflict):
        await attempt(desk, changed(t.maintenance_windows, "win-1", **changes))


async def test_what_has_ended_stays_ended_and_what_was_used_stays(desk: Database) -> None:
    await attempt(desk, changed(t.maintenance_windows, "win-1", ended_at=NOW, ended_by="Ruth", end_reason="over"))
    with pytest.raises(Conflict, match="stays ended"):
        await attempt(desk, changed(t.maintenance_windows, "win-1", ended_at=None, ended_by=""))
    with pytest.raises(Conflict, match="does not change"):
        await attempt(desk, changed(t.window_uses, "req-1", ends=NOW + 9 * DAY))


async def test_no_window_lasts_longer_than_a_year(desk: Database) -> None:
    row = {column.name: getattr(WINDOW, column.name) for column in t.maintenance_windows.c}
    with pytest.raises(Invalid):
        await attempt(desk, sa.insert(t.maintenance_windows).values(**row | {"id": "w", "ends": NOW + 367 * DAY}))
