"""Reports as they are kept, and which of them are found as owed."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bastion.domain.report import After, Report, ReportDue
from bastion.errors import BastionError, Conflict
from bastion.store import tables as t
from bastion.store.database import Database
from tests.store.samples import NOW, a_request, fill
from tests.store.tampering import attempt

DAY = timedelta(days=1)


@pytest.fixture
async def kept(database: Database) -> tuple[Database, ReportDue, Report]:
    await fill(database, upto="grants")
    asked = a_request()
    due = ReportDue(asked.id, asked.technician_id, asked.supplier_id, asked.facility_id, NOW, NOW + 7 * DAY)
    said = Report(
        "rep-1", asked.id, asked.technician_id, "Alice", asked.supplier_id, NOW, "done", After.LIMITED, "", None
    )
    async with database.write() as uow:
        await uow.report_dues.put(due)
        await uow.reports.add(said)
        await uow.reports.add(replace(said, id="rep-2", at=NOW - DAY, taken="logs", erased_by=NOW + DAY))
    return database, due, said


async def test_what_is_kept_comes_back_and_what_is_owed_is_found(kept) -> None:
    database, due, said = kept
    async with database.read() as uow:
        assert [one.id for one in await uow.reports.of(due.id)] == ["rep-2", "rep-1"]
        assert (await uow.reports.of(due.id))[1] == said
        assert await uow.reports.of("\x00") == []
        assert await uow.report_dues.of_technician(due.technician_id) == [due]
        assert await uow.report_dues.of_supplier(due.supplier_id) == [due]
        assert await uow.report_dues.of_supplier("sup-2") == []
        assert await uow.report_dues.overdue(due.supplier_id, NOW + 6 * DAY, 5) == []
        assert await uow.report_dues.overdue(due.supplier_id, NOW + 7 * DAY, 5) == [due]
        assert await uow.report_dues.overdue("sup-2", NOW + 7 * DAY, 5) == []
    async with database.write() as uow:
        await uow.report_dues.put(due.written())
    async with database.read() as uow:
        assert await uow.report_dues.of_technician(due.technician_id) == []
        assert await uow.report_dues.overdue(due.supplier_id, NOW + 700 * DAY, 5) == []


async def test_what_was_written_stays_and_a_debt_is_settled_not_removed(kept) -> None:
    database, due, said = kept
    for deed in (sa.delete(t.reports), sa.update(t.reports).values(done="nothing"), sa.delete(t.report_dues)):
        with pytest.raises(Conflict):
            await attempt(database, deed)
    for wrong in ({"taken": "logs"}, {"erased_by": NOW}, {"done": ""}):
        with pytest.raises(BastionError):
            async with database.write() as uow:
                await uow.reports.add(replace(said, id="rep-3", **wrong))
    with pytest.raises(BastionError):
        async with database.write() as uow:
            await uow.report_dues.put(replace(due, owed_since=None))
