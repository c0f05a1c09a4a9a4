"""More time is a new fact, judged by the rules of the work when it is asked for and when it is agreed to (R-35)."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.device import SecretKind
from bastion.domain.emergency import Call
from bastion.domain.lock import LockScope
from bastion.domain.own_words import ITS_GRANT_OVER
from bastion.errors import Conflict, Invalid, PolicyRefused
from bastion.secret import Secret
from bastion.services.directory import SupplierForm
from bastion.services.inventory import DeviceForm
from bastion.services.people import TechnicianForm
from policies.loader import LIBRARY
from tests.policy_sets import engine
from tests.services.house import OPERATOR

WHY = "not finished"
SHORT = '"PT1H30M"'


async def more(house, grant_id, minutes=30):
    return await house.services.access.extend(house.technician(), grant_id, minutes, WHY)


async def agree(house, request, *people):
    for person in people or (house.eve,):
        request = await house.services.approvals.approve(
            house.staff(person), request.id, request.version, 240, "go on"
        )  # fmt: skip
    return request


async def length(house, grant_id):
    async with house.database.read() as uow:
        return (await uow.grants.get(grant_id)).length


async def state(house, request):
    one = (await house.services.asked.get(house.technician(), request.id)).request
    return one.stored_state, one.decision_note


async def test_R26_an_emergency_lasts_no_longer_by_more_time(house):
    request = await house.approved(40, emergency=Call("Dr Roux", "", "4512"))
    with pytest.raises(Invalid) as refused:
        await more(house, request.grant_id, 21)
    assert "60 minutes in all; 20 of them are left" in refused.value.public
    asked = await more(house, request.grant_id, 20)
    assert (asked.max_duration, "emergency" in asked.policy_ids) == (timedelta(minutes=20), True)
    await agree(house, asked)
    assert await length(house, request.grant_id) == timedelta(hours=1)
    with pytest.raises(Invalid, match="minutes"):
        await more(house, request.grant_id, 1)


async def test_R22_the_most_critical_device_is_open_for_two_hours_at_most_and_two_agree_to_each_minute(house):
    device = await house.services.inventory.save_device(
        OPERATOR, DeviceForm("linac", "Linac", "chu", ("acme",), 4, "Radio", "B13")
    )
    await house.services.inventory.save_account(OPERATOR, device.id, "service", SecretKind.PASSWORD, Secret.of("x" * 9))
    request = await agree(house, await house.asked(device_code="linac", minutes=90), house.eve, house.max)
    with pytest.raises(Invalid):
        await more(house, request.grant_id, 31)
    asked = await more(house, request.grant_id, 30)
    assert asked.quorum == 2
    assert (await agree(house, asked)).stored_state is RequestState.PENDING
    assert await length(house, request.grant_id) == timedelta(minutes=90)


async def test_R22_a_device_that_has_become_critical_takes_two_people_for_more_time(house):
    request = await house.approved()
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, form)
    asked = await more(house, request.grant_id)
    assert (asked.quorum, "maintainer-critical" in asked.policy_ids) == (2, True)


async def over(house, _later):
    """The person's time here is over."""
    form = TechnicianForm("alice", "Alice Martin", "a@acme", "acme", "en", clock.now() - timedelta(minutes=1))
    await house.services.people.save_technician(OPERATOR, replace(form, id=house.alice.id))


async def contract_ends(house, later):
    form = SupplierForm("acme", "Acme Imaging", ("127.0.0.0/8",), contract_end=clock.now() + timedelta(minutes=5))
    await house.services.directory.save_supplier(OPERATOR, replace(form, id=house.alice.supplier_id))
    later(minutes=6)


async def another_maintains_it(house, _later):
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("other",), 2, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, form)


@pytest.mark.parametrize(
    ("happens", "error"), [(over, Conflict), (contract_ends, PolicyRefused), (another_maintains_it, PolicyRefused)]
)
async def test_R18_what_has_changed_since_it_was_asked_for_counts_at_the_agreement(house, later, happens, error):
    request = await house.approved()
    asked = await more(house, request.grant_id)
    await happens(house, later)
    with pytest.raises(error):
        await agree(house, asked)
    assert await length(house, request.grant_id) == timedelta(hours=1)


async def test_what_the_rules_give_at_the_agreement_counts(house, tmp_path):
    request = await house.approved()
    asked = await more(house, request.grant_id, 60)
    house.services.decisions.replace_engine(engine(shorter(tmp_path / "rules")))
    with pytest.raises(Invalid) as refused:
        await agree(house, asked)
    assert "90 minutes in all; 30 of them are left" in refused.value.public


def shorter(folder):
    """The shipped policies, but nothing lasts longer than an hour and a half."""
    shutil.copytree(LIBRARY, folder, ignore=shutil.ignore_patterns("*.cedarschema"))
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('"PT4H"', SHORT).replace('"PT2H"', SHORT), encoding="utf-8")
    return folder


async def test_a_person_whose_time_is_over_gets_no_authorisation_either(house):
    asked = await house.asked()
    await over(house, None)
    with pytest.raises(Conflict) as refused:
        await agree(house, asked)
    assert refused.value.public.startswith("Alice Martin may not work here any more")


async def test_it_is_asked_for_once_the_work_has_begun(house):
    request = await house.approved(start=clock.now() + timedelta(hours=5))
    with pytest.raises(Conflict) as refused:
        await more(house, request.grant_id)
    assert "has not begun yet" in refused.value.public


async def revoked(house, grant_id):
    await house.services.approvals.revoke(house.staff(house.eve), grant_id, "a patient is on the table")


async def given_back(house, grant_id):
    await house.services.taking_back.give_back(house.technician(), grant_id)


async def cut(house, _grant_id):
    await house.services.locks.impose(house.staff(house.ruth), LockScope.DEVICE, "ct-01", "ransomware in the ward")


@pytest.mark.parametrize("ends", [revoked, given_back, cut])
async def test_it_waits_no_longer_than_the_authorisation_stands(house, ends):
    request = await house.approved()
    asked = await more(house, request.grant_id)
    await ends(house, request.grant_id)
    assert await state(house, asked) == (RequestState.WITHDRAWN, ITS_GRANT_OVER)
    assert await house.services.asked.to_decide(house.staff(house.eve)) == 0
    assert (await house.event("request:withdrawn")).subject_id == asked.id


async def test_after_that_the_technician_may_ask_anew(house):
    request = await house.approved()
    asked = await more(house, request.grant_id)
    await revoked(house, request.grant_id)
    assert (await house.asked()).id != asked.id


async def test_what_more_time_would_hold_is_judged_only_while_it_waits(house):
    """Its authorisation counts it already once it is agreed to, and holds what it says."""
    request, eve = await house.approved(), house.staff(house.eve)
    asked = await more(house, request.grant_id)
    assert (await house.services.asked.get(eve, asked.id)).scope is not None
    await agree(house, asked)
    view = await house.services.asked.get(eve, asked.id)
    assert (view.scope, view.holds) == (None, view.grant)
    assert view.grant.whole == timedelta(minutes=90)
