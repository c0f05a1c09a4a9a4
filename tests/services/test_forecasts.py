"""Who would have to agree, and why: the dry run says what asking then does (R-25)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.emergency import Call
from bastion.domain.lock import LockScope
from bastion.domain.work_plan import PLAIN, PatientData
from bastion.errors import Invalid, NotFound
from bastion.i18n import sentence
from bastion.services.directory import SupplierForm
from bastion.services.inventory import DeviceForm
from tests.services.house import OPERATOR, moved
from tests.services.professionals import a_professional
from tests.services.test_rota import wall
from tests.services.test_works import for_long_work


def question(house, **changes):
    return house.draft(**{"technician_login": "alice", "reason": "", **changes})


async def test_the_dry_run_says_what_asking_then_does_and_leaves_nothing_behind(house):
    tags = await house.tags()
    ruth = replace(house.staff(house.ruth), language="en")
    seen = await house.services.forecasts.of(ruth, question(house), by_technician=True)
    assert (seen.allowed, seen.quorum, seen.watcher, seen.too_few, seen.obstacles) == (True, 1, False, False, ())
    assert seen.approvers == ("Eve", "Max")
    assert "one person of the hospital must agree" in " ".join(seen.reasons)
    assert await house.tags() == tags
    assert await house.services.asked.pending(house.staff(house.eve)) == []
    asked = await house.asked()
    assert (asked.quorum, asked.policy_ids, asked.max_duration) == (seen.quorum, seen.policy_ids, seen.longest)


async def test_whoever_asks_is_not_among_those_who_decide(house):
    seen = await house.services.forecasts.of(house.staff(house.eve), question(house))
    assert seen.approvers == ("Max",)


async def test_R22_too_few_people_for_a_vital_device_is_said_beforehand(house):
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12")
    await house.services.inventory.save_device(OPERATOR, replace(form, id=house.device.id))
    vital = await house.services.forecasts.of(house.staff(house.eve), question(house))
    assert (vital.quorum, vital.watcher, vital.approvers, vital.too_few) == (2, True, ("Max",), True)
    theirs = await house.services.forecasts.of(house.staff(house.eve), question(house), by_technician=True)
    assert (theirs.approvers, theirs.too_few) == (("Eve", "Max"), False)


async def test_who_is_away_is_not_counted_on(house):
    await house.services.standins.away(house.staff(house.eve), wall(hours=-1), wall(days=3))
    seen = await house.services.forecasts.of(house.staff(house.ruth), question(house), by_technician=True)
    assert (seen.approvers, seen.too_few) == (("Max",), False)


async def test_more_than_the_rules_allow_is_refused_with_their_sentence(house):
    seen = await house.services.forecasts.of(house.staff(house.eve), question(house, minutes=24 * 60))
    assert (seen.allowed, seen.too_few, seen.approvers) == (False, False, ())
    assert seen.reasons


async def test_what_else_stands_in_the_way_is_said(house):
    eve = replace(house.staff(house.eve), language="en")
    await house.asked()
    assert "waiting already" in (await house.services.forecasts.of(eve, question(house))).obstacles[0]
    await house.services.locks.impose(house.staff(house.ruth), LockScope.SUPPLIER, "acme", "they were attacked")
    assert "they were attacked" in (await house.services.forecasts.of(eve, question(house))).obstacles[0]


async def test_R26_an_emergency_is_foreseen_as_one(house):
    call = Call("Dr Anne Roux")
    seen = await house.services.forecasts.of(house.staff(house.eve), question(house, emergency=call))
    assert seen.agreed <= timedelta(hours=1)
    asked = await house.asked(emergency=call)
    assert asked.policy_ids
    assert asked.max_duration == seen.longest


async def test_R26_an_emergency_is_for_an_hour_whatever_is_asked_and_the_caller_is_not_among_those_who_decide(house):
    """Nothing stands in its way: the door is asked about the hour that would be agreed to."""
    urgent = question(house, minutes=120, emergency=Call("max"))
    seen = await house.services.forecasts.of(house.staff(house.ruth), urgent, by_technician=True)
    assert (seen.agreed, seen.watcher, seen.approvers, seen.obstacles) == (timedelta(hours=1), True, ("Eve",), ())
    own = await house.services.forecasts.own(house.technician(), urgent)
    assert (own.agreed, own.watcher, own.obstacles) == (timedelta(hours=1), True, ())


async def test_R26_emergencies_that_nobody_reviewed_stand_in_the_way_of_another(house, later):
    urgent = Call("Dr Anne Roux")
    first = await house.approved(emergency=urgent)
    later(days=9)
    eve = replace(house.staff(house.eve), language="en")
    for seen in (
        await house.services.forecasts.of(eve, question(house, emergency=urgent)),
        await house.services.forecasts.own(house.technician(), question(house, emergency=urgent)),
    ):
        assert not seen.allowed
        assert f"To be reviewed: {first.ref}." in " ".join(seen.reasons)


async def test_what_the_door_would_refuse_is_said_beforehand(house, tmp_path):
    rules = for_long_work(tmp_path / "door", "forbid", "connect", 'allowed = false\nrules = ["long"]')
    house.services.decisions.replace_engine(rules)
    ruth = replace(house.staff(house.ruth), language="en")
    for minutes, obstacles in ((180, ("Long work.",)), (120, ())):
        seen = await house.services.forecasts.of(ruth, question(house, minutes=minutes), by_technician=True)
        assert (seen.allowed, seen.obstacles) == (True, obstacles)
    urgent = question(house, minutes=180, emergency=Call("Dr Anne Roux"))
    assert (await house.services.forecasts.of(ruth, urgent, by_technician=True)).obstacles == (), "it is for an hour"


async def test_what_waits_stands_in_the_way_of_the_same_time_only_and_of_no_emergency(house):
    await house.asked()
    begins = clock.now() + timedelta(minutes=30)
    for changes, told in (
        ({}, 1), ({"start": begins}, 1), ({"start": begins + timedelta(days=1)}, 0),
        ({"emergency": Call("Dr Anne Roux")}, 0),
    ):  # fmt: skip
        seen = await house.services.forecasts.of(house.staff(house.eve), question(house, **changes))
        assert len(seen.obstacles) == told, changes


async def test_T33_what_one_may_not_see_is_not_there(house):
    elsewhere = moved(house.staff(house.eve), {"f-2"})
    with pytest.raises(NotFound):
        await house.services.forecasts.of(elsewhere, question(house))
    with pytest.raises(NotFound):
        await house.services.forecasts.of(house.staff(house.eve), question(house, technician_login="bob"))
    for who, login in ((house.technician(), "alice"), (house.staff(house.eve), "nobody")):
        with pytest.raises(Invalid):
            await house.services.forecasts.of(who, question(house, technician_login=login))
    with pytest.raises(Invalid):
        await house.services.forecasts.of(house.staff(house.eve), question(house, minutes=0))


async def test_kinds_are_judged_each_by_their_own_rules(house):
    for kind in InterventionKind:
        seen = await house.services.forecasts.of(house.staff(house.eve), question(house, kind=kind), by_technician=True)
        asked = await house.asked(kind=kind)
        assert (asked.quorum, asked.policy_ids) == (seen.quorum, seen.policy_ids), kind
        await house.services.taking_back.withdraw(house.technician(), asked.id)


# -- for a supplier's person -------------------------------------------------------------------------------------------
async def test_R25_his_own_dry_run_says_what_asking_then_does_and_leaves_nothing_behind(house):
    tags, alice = await house.tags(), house.technician()
    seen = await house.services.forecasts.own(alice, house.draft(reason=""))
    assert (seen.allowed, seen.quorum, seen.watcher, seen.obstacles) == (True, 1, False, ())
    assert "one person of the hospital must agree" in " ".join(seen.reasons)
    assert await house.tags() == tags
    assert await house.services.asked.pending(house.staff(house.eve)) == []
    asked = await house.asked()
    assert (asked.quorum, min(asked.wanted, asked.max_duration)) == (seen.quorum, seen.agreed)
    again = await house.services.forecasts.own(alice, house.draft(reason=""))
    assert len(again.obstacles) == 1, "his own request waits already"


async def test_T33_it_tells_no_name_no_number_of_people_and_nobody_s_absence(house):
    alice = house.technician()
    before = await house.services.forecasts.own(alice, house.draft(reason=""))
    await house.services.standins.away(house.staff(house.eve), wall(hours=-1), wall(days=3))
    await house.services.standins.away(house.staff(house.max), wall(hours=-1), wall(days=3))
    assert await house.services.forecasts.own(alice, house.draft(reason="")) == before, "nobody is left to decide"
    for name in ("Eve", "Max", "Ruth", "Other"):
        assert name not in repr(before)


async def test_T33_what_is_not_his_and_what_is_not_are_the_same_and_staff_have_their_own(house):
    bob = house.technician(house.bob)
    for code in ("ct-01", "nothing"):
        with pytest.raises(NotFound):
            await house.services.forecasts.own(bob, house.draft(device_code=code, reason=""))
    with pytest.raises(NotFound):
        await house.services.forecasts.own(house.staff(house.eve), house.draft(reason=""))


async def test_R22_a_vital_device_says_that_two_agree_and_somebody_follows_and_a_cut_that_it_is_one(house):
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12")
    await house.services.inventory.save_device(OPERATOR, replace(form, id=house.device.id))
    seen = await house.services.forecasts.own(house.technician(), house.draft(reason=""))
    assert (seen.quorum, seen.watcher) == (2, True)
    refused = await house.services.forecasts.own(house.technician(), house.draft(reason="", minutes=24 * 60))
    assert not refused.allowed
    assert refused.reasons
    await house.services.locks.impose(house.staff(house.ruth), LockScope.DEVICE, "ct-01", "drill")
    cut = await house.services.forecasts.own(house.technician(), house.draft(reason=""))
    assert len(cut.obstacles) >= 1


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("wrong", ["past", "far", "emergency", "contract", "nobody", "not listed"])
async def test_what_refuses_the_request_is_what_the_dry_run_says(house, wrong, language):
    """Whoever looks first and asks then reads the same sentence both times."""
    days, changes = {"past": -1, "far": 1000, "emergency": 2, "contract": 9}.get(wrong), {"plan": PLAIN}
    if days is not None:
        changes["start"] = clock.now() + timedelta(days=days)
    if wrong == "emergency":
        changes["emergency"] = Call("Dr Anne Roux")
    if wrong == "contract":
        form = SupplierForm("acme", "Acme Imaging", ("127.0.0.0/8",), contract_end=clock.now() + timedelta(days=5))
        await house.services.directory.save_supplier(OPERATOR, replace(form, id=house.alice.supplier_id))
    if wrong in {"nobody", "not listed"}:
        needed = replace(PLAIN, patient_data=PatientData.NEEDED, professional="Dr Nemo", patient_why="images")
        changes["plan"] = needed
        if wrong == "not listed":
            await a_professional(house)
    alice = replace(house.technician(), language=language)
    seen = await house.services.forecasts.own(alice, house.draft(**changes))
    theirs = await house.services.forecasts.of(
        replace(house.staff(house.eve), language=language), question(house, **changes)
    )
    with pytest.raises(Invalid) as refused:
        await house.asked(**changes)
    assert seen.obstacles == theirs.obstacles == (sentence(refused.value, language),)


async def test_of_another_day_than_what_waits_nothing_is_said(house):
    await house.asked()
    another = house.draft(start=clock.now() + timedelta(days=9))
    assert (await house.services.forecasts.own(house.technician(), another)).obstacles == ()
    assert (await house.services.access.request(house.technician(), another)).start == another.start
