"""R-18: with a supplier's contract ends what was agreed to for its people, what they wait for and the windows they were
expected in, once and for good.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bastion import clock, jobs
from bastion.domain.access_request import InterventionKind, RequestState
from bastion.domain.credentials import FactorProof
from bastion.domain.grant import GrantStatus
from bastion.domain.maintenance import MaintenanceWindow, Rhythm, WindowStatus
from bastion.domain.own_words import CONTRACT_OVER
from bastion.domain.parties import system_actor
from bastion.errors import BastionError, Conflict, IllegalTransition, NoGrant
from bastion.services.directory import SupplierForm
from bastion.services.maintenance import WindowForm
from bastion.store.maintenance import MaintenanceWindows
from tests.services.house import CONNECTION, OPERATOR, SOURCE
from tests.services.postroom import ADDRESS, heard, turn


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
    opened, more = await under_way(house)
    await contract(house, clock.now() + timedelta(minutes=30))
    settle = house.services.contract_ends.settle
    assert await settle(system_actor()) == 0
    assert await standing(house, opened, more) == (GrantStatus.OPEN, RequestState.PENDING)
    later(minutes=31)
    assert not (await house.services.sessions.wishes("n1"))[opened.record.id].welcome, "whatever has been written down"
    none, some = sorted(await asyncio.gather(settle(system_actor()), settle(system_actor())))
    assert (none, some) == (0, 2), "an authorisation, and a request"
    assert await standing(house, opened, more) == (GrantStatus.REVOKED, RequestState.WITHDRAWN)
    assert (await house.event("grant:revoked")).fields["why"] == CONTRACT_OVER
    assert (await house.tags("grant:revoked"), await house.tags("request:withdrawn")) == (
        ["grant:revoked"], ["request:withdrawn"],
    )  # fmt: skip


@pytest.mark.parametrize("left", ["an authorisation", "a request"])
async def test_whatever_is_left_of_it_alone_is_taken_back(house, later, left):
    begins = clock.now() + timedelta(days=20)
    await (house.approved() if left == "an authorisation" else house.asked(start=begins))
    await contract(house, clock.now() + timedelta(minutes=30))
    later(minutes=31)
    assert await house.services.contract_ends.settle(system_actor()) == 1
    async with house.database.read() as uow:
        assert await uow.grants.unfinished(clock.now()) == await uow.requests.pending(clock.now()) == []


async def test_a_code_shown_before_opens_nothing_after_it(house, later):
    opened, _more = await under_way(house)
    await contract(house, clock.now() + timedelta(minutes=30))
    later(minutes=31)
    until = clock.now() + timedelta(hours=1)
    async with house.database.write() as uow:
        await uow.proofs.add(FactorProof("f1", house.alice.id, "SHA256:x", SOURCE, opened.grant.id, until))
    await house.services.contract_ends.settle(system_actor())
    async with house.database.read() as uow:
        assert await uow.proofs.get("f1") is None


@pytest.mark.parametrize("settled", [True, False], ids=["the job has run", "no node was up"])
async def test_when_the_day_is_put_off_nobody_is_back_in_without_somebody_agreeing(house, later, settled):
    opened, more = await under_way(house)
    await contract(house, clock.now() + timedelta(minutes=10))
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


# -- maintenance windows -----------------------------------------------------------------------------------------------
LOOK = InterventionKind.TELEDIAGNOSTIC


async def a_window(house, supplier: str = "acme", hour: int = 11) -> MaintenanceWindow:
    """One a week for most of a year, agreed to."""
    day = (clock.now() + timedelta(days=3)).weekday()
    form = WindowForm(
        "ct-01", supplier, LOOK, Rhythm(0, day, hour * 60, 120), clock.now() + timedelta(days=300), "look"
    )
    made = await house.services.maintenance.propose(house.staff(house.eve), form)
    return await house.services.maintenance.agree(house.staff(house.max), made.id, made.version)


async def promised(house, window: MaintenanceWindow, since: datetime) -> list[datetime]:
    """When the calendar says that somebody comes, within six weeks."""
    entries = await house.services.calendar.between(house.staff(house.eve), since, since + timedelta(days=42))
    return [one.box.start for one in entries if one.ident == window.id]


async def status(house, window: MaintenanceWindow) -> WindowStatus:
    return (await house.services.maintenance.get(house.staff(house.eve), window.id)).window.status(clock.now())


async def test_no_time_is_promised_beyond_the_contract_and_none_the_second_it_is_over(house, later):
    window, now = await a_window(house), clock.now()
    assert len(await promised(house, window, now)) == 6
    end = now + timedelta(days=14)
    await contract(house, end)
    times = await promised(house, window, now)
    view = await house.services.maintenance.get(house.staff(house.eve), window.id)
    assert (len(times), max(times) < end, [box.start for box in view.next], view.until) == (2, True, times, end)
    later(days=14, minutes=1)
    assert await promised(house, window, clock.now()) == [], "whatever has been written down"
    view = await house.services.maintenance.get(house.staff(house.eve), window.id)
    assert (view.next, view.until, view.standing) == ((), None, False)


async def test_a_window_ends_with_the_contract_once_whatever_the_number_of_nodes(house, later):
    await contract(house, clock.now() + timedelta(minutes=30))
    window = await a_window(house)
    settle = house.services.contract_ends.settle
    assert (await settle(system_actor()), await status(house, window)) == (0, WindowStatus.AGREED)
    later(minutes=31)
    assert sorted(await asyncio.gather(settle(system_actor()), settle(system_actor()))) == [0, 1]
    ended = (await house.services.maintenance.get(house.staff(house.eve), window.id)).window
    assert (ended.status(clock.now()), ended.ended_by, ended.end_reason) == (
        WindowStatus.ENDED,
        "bastion",
        CONTRACT_OVER,
    )
    assert await house.tags("window:ended") == ["window:ended"]
    said = (await house.event("window:ended")).fields
    assert (said["why"], said["contract"], said["window"]) == (CONTRACT_OVER, "yes", window.ref)


@pytest.mark.parametrize("settled", [True, False], ids=["the job has run", "no node was up"])
async def test_a_new_contract_brings_no_window_back(house, later, settled):
    await contract(house, clock.now() + timedelta(minutes=10))
    window = await a_window(house)
    later(minutes=11)
    if settled:
        await jobs._end_with_contracts(house.services)
    await contract(house, clock.now() + timedelta(days=200))
    assert (await status(house, window), await promised(house, window, clock.now())) == (WindowStatus.ENDED, [])
    anew = await a_window(house)
    assert len(await promised(house, anew, clock.now())) == 6, "proposed and agreed to anew"


async def test_a_contract_that_is_prolonged_before_its_last_day_keeps_its_windows(house, later):
    await contract(house, clock.now() + timedelta(days=10))
    window = await a_window(house)
    await contract(house, clock.now() + timedelta(days=200))
    later(days=11)
    assert await house.services.contract_ends.settle(system_actor()) == 0
    assert await status(house, window) is WindowStatus.AGREED
    assert len(await promised(house, window, clock.now())) == 6


async def test_a_window_for_whoever_maintains_the_device_lasts_as_long_as_one_of_them_may_come(house):
    async with house.database.write() as uow:
        both = frozenset({house.alice.supplier_id, house.bob.supplier_id})
        await uow.devices.save(replace(await uow.devices.get(house.device.id), supplier_ids=both))
    shared, own = await a_window(house, ""), await a_window(house, "acme", 15)
    other = await a_window(house, "other", 18)
    await contract(house, clock.now() - timedelta(days=1))
    assert [await status(house, one) for one in (shared, own, other)] == [
        WindowStatus.AGREED, WindowStatus.ENDED, WindowStatus.AGREED,
    ]  # fmt: skip
    assert await house.services.contract_ends.settle(system_actor()) == 0, "nothing is left to write down"
    await house.services.directory.save_supplier(
        OPERATOR, SupplierForm("other", "Other Lab", active=False, id=house.bob.supplier_id)
    )
    assert [await status(house, one) for one in (shared, other)] == [WindowStatus.ENDED] * 2


async def test_a_company_without_a_contract_is_no_reason_to_read_windows_again_by_which_others_come(house, monkeypatch):
    """The job asks every few seconds, for as long as the device has both companies."""
    async with house.database.write() as uow:
        both = frozenset({house.alice.supplier_id, house.bob.supplier_id})
        await uow.devices.save(replace(await uow.devices.get(house.device.id), supplier_ids=both))
    await a_window(house, "")
    await contract(house, clock.now() - timedelta(days=1))
    now, one = clock.now(), {house.alice.supplier_id}
    async with house.database.read() as uow:
        assert (await uow.windows.left_to(one, now), await uow.windows.left_to(both, now)) == (frozenset(), both)
        assert await uow.windows.left_to(both, now + timedelta(days=301)) == frozenset()
    monkeypatch.setattr(MaintenanceWindows, "standing", pytest.fail)
    assert await house.services.contract_ends.settle(system_actor()) == 0


@pytest.mark.parametrize("supplier", ["", "acme"], ids=["whoever maintains it", "a company's own"])
async def test_when_the_last_contract_runs_out_the_window_ends_by_itself(house, later, supplier):
    """Where nothing else is left of the company: no authorisation and no request."""
    await contract(house, clock.now() + timedelta(minutes=30))
    window = await a_window(house, supplier)
    async with house.database.read() as uow:
        assert await uow.windows.companies(clock.now()) == {house.alice.supplier_id}
    later(minutes=31)
    assert await house.services.contract_ends.settle(system_actor()) == 1
    assert await status(house, window) is WindowStatus.ENDED
    async with house.database.read() as uow:
        assert await uow.windows.companies(clock.now()) == frozenset()


async def test_nobody_agrees_to_a_window_without_a_contract(house, later):
    await contract(house, clock.now() + timedelta(minutes=10))
    now = clock.now()
    form = WindowForm("ct-01", "acme", LOOK, Rhythm(0, 1, 660, 120), now + timedelta(days=300), "weekly look")
    made = await house.services.maintenance.propose(house.staff(house.eve), form)
    assert [one.window.id for one in await house.services.maintenance.to_agree(house.staff(house.max))] == [made.id]
    later(minutes=11)
    with pytest.raises(Conflict, match="nobody under contract"):
        await house.services.maintenance.agree(house.staff(house.max), made.id, made.version)
    assert await house.services.maintenance.to_agree(house.staff(house.max)) == [], "nobody is asked for it either"


async def test_agreeing_while_the_contract_ends_leaves_no_window(house):
    form = WindowForm("ct-01", "acme", LOOK, Rhythm(0, 1, 660, 120), clock.now() + timedelta(days=300), "weekly look")
    made = await house.services.maintenance.propose(house.staff(house.eve), form)
    agreeing = house.services.maintenance.agree(house.staff(house.max), made.id, made.version)
    ending = contract(house, clock.now() - timedelta(days=1))
    agreed, ended = await asyncio.gather(agreeing, ending, return_exceptions=True)
    assert (ended, await status(house, made)) == (None, WindowStatus.ENDED)
    assert isinstance(agreed, MaintenanceWindow | IllegalTransition)


async def test_who_proposed_a_window_and_who_agreed_read_once_that_it_ended(house, tell, box):
    window = await a_window(house)
    await turn(tell)
    box.raw.clear()
    await contract(house, clock.now() - timedelta(days=1))
    await turn(tell)
    said = f"Maintenance window {window.ref} has ended with a contract: ct-01"
    assert heard(box) == {"eve@chu": [said], "max@chu": [said]}
    text = box.to("max@chu")[0].get_content()
    assert f"{ADDRESS}/windows/{window.id}" in text
    assert "is proposed anew" in text


async def test_of_a_window_that_somebody_ended_the_others_hear(house, tell, box):
    window = await a_window(house)
    await turn(tell)
    box.raw.clear()
    await house.services.maintenance.end(house.staff(house.eve), window.id, "the device is replaced")
    await turn(tell)
    assert heard(box) == {"max@chu": [f"Maintenance window {window.ref} has ended: ct-01"]}
