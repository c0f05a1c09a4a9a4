"""R-18: with a supplier's contract ends what was agreed to for its people and what they wait for, once and for good."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bastion import clock, jobs
from bastion.domain.access_request import RequestState
from bastion.domain.grant import GrantStatus
from bastion.domain.parties import system_actor
from bastion.errors import BastionError, NoGrant
from bastion.services.contract_ends import REASON
from bastion.services.directory import SupplierForm
from tests.services.house import CONNECTION, OPERATOR
from tests.services.postroom import turn


async def contract(house, end: datetime | None, **changes: object) -> None:
    async with house.database.read() as uow:
        known = SupplierForm.of(await uow.suppliers.get(house.alice.supplier_id))
    await house.services.directory.save_supplier(OPERATOR, replace(known, contract_end=end, **changes))


async def standing(house, opened, asked) -> tuple[GrantStatus, RequestState]:
    now = clock.now()
    async with house.database.read() as uow:
        grant, request = await uow.grants.get(opened.grant.id), await uow.requests.get(asked.id)
    return grant.status(now), request.state(now)


async def under_way(house):
    """Work that goes on, and work of another day that waits."""
    opened = await house.opened()
    return opened, await house.asked(start=clock.now() + timedelta(days=20))


async def test_when_a_contract_runs_out_what_it_carried_is_taken_back_once_whatever_the_number_of_nodes(house, later):
    await contract(house, clock.now() + timedelta(minutes=30))
    opened, more = await under_way(house)
    settle = house.services.contract_ends.settle
    assert await settle(system_actor()) == 0
    assert await standing(house, opened, more) == (GrantStatus.OPEN, RequestState.PENDING)
    later(minutes=31)
    assert not (await house.services.sessions.wishes("n1"))[opened.record.id].welcome, "whatever has been written down"
    none, some = sorted(await asyncio.gather(settle(system_actor()), settle(system_actor())))
    assert none == 0 < some
    assert await standing(house, opened, more) == (GrantStatus.REVOKED, RequestState.WITHDRAWN)
    assert (await house.event("grant:revoked")).fields["why"] == REASON
    assert (await house.tags("grant:revoked"), await house.tags("request:withdrawn")) == (
        ["grant:revoked"], ["request:withdrawn"],
    )  # fmt: skip


@pytest.mark.parametrize("settled", [True, False], ids=["the job has run", "no node was up"])
async def test_when_the_day_is_put_off_nobody_is_back_in_without_somebody_agreeing(house, later, settled):
    await contract(house, clock.now() + timedelta(minutes=10))
    opened, more = await under_way(house)
    later(minutes=11)
    if settled:
        await jobs._end_with_contracts(house.services)
    await contract(house, clock.now() + timedelta(days=100))
    assert await standing(house, opened, more) == (GrantStatus.REVOKED, RequestState.WITHDRAWN)
    with pytest.raises(NoGrant):
        await house.services.sessions.open(house.technician(), opened.grant.id, CONNECTION)


@pytest.mark.parametrize("how", ["the day is over", "out of use"])
async def test_saving_a_supplier_whose_contract_is_over_takes_back_at_once(house, how):
    opened, more = await under_way(house)
    over = how == "the day is over"
    await contract(house, clock.now() - timedelta(days=1) if over else None, active=over)
    assert await standing(house, opened, more) == (GrantStatus.REVOKED, RequestState.WITHDRAWN)
    assert await house.services.contract_ends.settle(system_actor()) == 0


async def test_what_was_agreed_to_for_others_stays(house):
    opened, more = await under_way(house)
    await house.services.directory.save_supplier(
        OPERATOR, SupplierForm("other", "Other Lab", active=False, id=house.bob.supplier_id)
    )
    await contract(house, clock.now() + timedelta(days=3), contact="Mme Roux")
    assert await standing(house, opened, more) == (GrantStatus.OPEN, RequestState.PENDING)


async def test_nobody_agrees_while_the_contract_ends(house):
    """Whoever comes first, nothing that was agreed to stands afterwards."""
    asked = await house.asked()
    agreeing = house.services.approvals.approve(house.staff(house.eve), asked.id, asked.version, 60)
    done = await asyncio.gather(agreeing, contract(house, clock.now() - timedelta(days=1)), return_exceptions=True)
    assert all(one is None or isinstance(one, BastionError) or one.grant_id for one in done)
    async with house.database.read() as uow:
        assert await uow.grants.unfinished(clock.now()) == []
        assert await uow.requests.pending(clock.now()) == []


async def test_whoever_worked_and_whoever_agreed_are_told(house, tell, box):
    opened = await house.opened()
    await turn(tell)
    before = len(box.letters)
    await contract(house, clock.now() - timedelta(days=1))
    await turn(tell)
    said = f"The authorisation {opened.record.request_id[-8:].upper()} was withdrawn: ct-01"
    told = {letter["To"] for letter in box.letters[before:] if letter["Subject"] == said}
    assert {house.alice.email, house.eve.email} <= told
