from dataclasses import replace
from datetime import timedelta

import pytest

from bastion.domain.paper import Paper, PaperKind, PaperRule
from bastion.errors import BastionError
from bastion.store.database import Database
from tests.store.samples import NOW, fill

DAY = timedelta(days=1)
PLAN = Paper("pap-1", "sup-1", PaperKind.SECURITY_PLAN, "PAS-7", NOW, NOW + 90 * DAY, "note", "Ruth", NOW)


@pytest.fixture
async def filed(database: Database) -> Database:
    await fill(database)
    async with database.write() as uow:
        await uow.papers.add(PLAN)
        await uow.papers.add(replace(PLAN, id="pap-2", valid_from=NOW - DAY, valid_to=None))
    return database


async def test_what_is_kept_comes_back_as_it_was(filed: Database) -> None:
    async with filed.read() as uow:
        assert await uow.papers.get("pap-1") == PLAN
        assert [one.id for one in await uow.papers.of("sup-1")] == ["pap-2", "pap-1"]
        assert await uow.papers.of("sup-2") == []
        assert await uow.papers.of("sup-\x00") == []


async def test_a_rule_is_set_and_set_anew(filed: Database) -> None:
    rule = PaperRule(PaperKind.CHARTER, NOW, "Ruth", NOW)
    async with filed.write() as uow:
        await uow.paper_rules.put(rule)
        await uow.paper_rules.put(replace(rule, required_from=None, set_by="Eve"))
    async with filed.read() as uow:
        assert await uow.paper_rules.all() == [replace(rule, required_from=None, set_by="Eve")]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": PaperKind.OTHER}, {"supplier_id": "sup-2"}, {"valid_to": NOW + 900 * DAY}, {"valid_to": None},
        {"reference": "x"}, {"withdrawn_by": "x"},
    ],
    ids=str,
)  # fmt: skip
async def test_a_paper_stays_as_it_was_registered(filed: Database, change: dict) -> None:
    with pytest.raises(BastionError):
        async with filed.write() as uow:
            await uow.papers.save(replace(PLAN, **change))


async def test_a_withdrawn_paper_stays_withdrawn_and_a_warning_may_be_noted(filed: Database) -> None:
    async with filed.write() as uow:
        await uow.papers.save(replace(PLAN, warned_at=NOW))
        await uow.papers.save(PLAN.withdraw("Eve", NOW))
    with pytest.raises(BastionError):
        async with filed.write() as uow:
            await uow.papers.save(PLAN)
