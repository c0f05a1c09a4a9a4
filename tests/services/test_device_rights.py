"""A device's page: who may come, who decides, and which rights there were, coming and withdrawn ones included."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.grant import GrantStatus
from bastion.domain.roster import EVERY, GRACE
from bastion.errors import Forbidden, NotFound
from bastion.services.people import TechnicianForm
from bastion.services.reviews import CampaignForm
from bastion.services.suspension import suspended_of, why_suspended
from tests.services.house import OPERATOR, moved
from tests.services.test_rota import now_on_call
from tests.services.test_subcontractors import FORM, employed, later

__all__ = ["later"]


async def on(house, limit: int = 6):
    return await house.services.rights.on(house.staff(house.max), house.device.id, limit)


async def colleague(house, login: str, **changes):
    form = TechnicianForm(login, f"{login.title()} Roy", f"{login}@acme", "acme", "en")
    return await house.services.people.save_technician(OPERATOR, replace(form, **changes))


def names(people) -> list[str]:
    return [one.name for one in people]


async def test_who_may_come_are_the_usable_people_of_the_companies_that_maintain_it(house):
    await colleague(house, "zoe")
    await colleague(house, "gone", active=False)
    (acme,) = (await on(house)).comers
    assert (acme.supplier.code, acme.working, names(acme.able), acme.suspended) == (
        "acme", True, ["Alice Martin", "Zoe Roy"], (),
    )  # fmt: skip


async def test_whoever_is_suspended_is_named_apart_as_each_rule_has_it(house, later):
    person = await colleague(house, "zoe")
    sub = await house.services.subcontractors.declare(OPERATOR, house.alice.supplier_id, FORM)
    await employed(house, sub)
    (acme,) = (await on(house)).comers
    assert (names(acme.able), names(acme.suspended)) == (["Zoe Roy"], ["Alice Martin"])
    await agree(house, person)
    later(25)
    assert names((await on(house)).comers[0].able) == ["Alice Martin", "Zoe Roy"]
    await agree(house, person)
    campaign = CampaignForm("H2", clock.now() + timedelta(days=10), ("chu",))
    await house.services.reviews.start(house.staff(house.ruth), campaign)
    later(36)
    assert names((await on(house)).comers[0].able) == []
    await agree(house, person)
    later((EVERY + GRACE).days + 1)
    await agree(house, person)


async def agree(house, *others) -> None:
    """All at once is what each by himself is told."""
    now, people = clock.now(), [house.alice, *others]
    async with house.database.read() as uow:
        people = list(await uow.technicians.some([one.id for one in people]))
        alone = {one.id for one in people if await why_suspended(uow, one, now) is not None}
        assert await suspended_of(uow, people, house.device.facility_id, now) == alone


async def test_a_company_without_a_contract_that_holds_sends_nobody(house, later):
    async with house.database.write() as uow:
        supplier = await uow.suppliers.get(house.alice.supplier_id)
        await uow.suppliers.save(replace(supplier, contract_end=clock.now() + timedelta(days=1)))
    assert (await on(house)).comers[0].working
    later(2)
    assert not (await on(house)).comers[0].working


async def test_who_is_on_call_stands_before_the_others_who_decide(house):
    assert names((await on(house)).standby.others) == ["Eve", "Max"]
    await now_on_call(house, "eve")
    found = (await on(house)).standby
    assert [(one.person.login, one.line) for one in found.on_call] == [("eve", 1)]
    assert names(found.others) == ["Max"]


async def test_rights_are_listed_the_latest_start_first_withdrawn_and_coming_ones_too(house):
    first = await house.approved()
    await house.services.approvals.revoke(house.staff(house.eve), first.grant_id, "patient on the table")
    second = await house.approved()
    coming = await house.approved(start=clock.now() + timedelta(days=2))
    found = await on(house)
    assert [one.grant.id for one in found.rights] == [coming.grant_id, second.grant_id, first.grant_id]
    assert [one.grant.status(clock.now()) for one in found.rights] == [
        GrantStatus.SCHEDULED, GrantStatus.OPEN, GrantStatus.REVOKED,
    ]  # fmt: skip
    assert {(one.technician.login, one.supplier.code) for one in found.rights} == {("alice", "acme")}
    assert not found.more
    few = await on(house, 2)
    assert ([one.grant.id for one in few.rights], few.more) == ([coming.grant_id, second.grant_id], True)
    assert not (await on(house, 3)).more


async def test_another_hospital_s_device_is_not_there_and_a_technician_reads_none(house):
    with pytest.raises(NotFound):
        await house.services.rights.on(moved(house.staff(house.max), {"0" * 32}), house.device.id, 6)
    with pytest.raises(NotFound):
        await house.services.rights.on(house.staff(house.max), "0" * 32, 6)
    with pytest.raises(Forbidden):
        await house.services.rights.on(house.technician(), house.device.id, 6)
