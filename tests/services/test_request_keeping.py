"""What the trail keeps of what was asked for, allowed or refused (R-38, R-43), and what a draft must hold (R-25)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.announced_file import AnnouncedFile
from bastion.domain.conditions import FARTHEST
from bastion.domain.device import SecretKind
from bastion.domain.emergency import Call
from bastion.domain.work_plan import PLAIN
from bastion.errors import DeviceNotReady, Forbidden, Invalid, NotFound, PolicyRefused, ReasonNeeded
from bastion.secret import Secret
from bastion.services.drafts import PENDING_LIFE
from bastion.services.inventory import DeviceForm
from bastion.services.people import TechnicianForm
from bastion.store.bus import Hint
from tests.services.house import OPERATOR, moved
from tests.services.templates import BACKUP
from tests.store.test_bus import listening


async def created(house) -> dict[str, str]:
    return (await house.event("request:created")).fields


async def test_R43_the_trail_keeps_what_was_asked_and_of_the_plan_what_was_said(house):
    plan = replace(BACKUP, people=("Ann Lee", "Bo Kim"))
    await house.asked(plan=plan)
    said = await created(house)
    assert (said["minutes"], said["work_order"], said["reason"]) == ("60", "WO-1", "replace the tube")
    assert (said["software_change"], said["rollback"], said["keeps"]) == ("yes", plan.rollback, plan.keeps)
    assert said["backup"] == f"{plan.backup_at.isoformat()} {plan.backup_place}"
    assert said["people"] == "Ann Lee; Bo Kim"


async def test_R43_a_no_is_kept_as_one_and_what_was_not_said_is_not_there(house):
    await house.asked(plan=PLAIN)
    said = await created(house)
    assert (said["software_change"], said["patient_data"]) == ("no", "none")
    for silent in ("backup", "rollback", "people", "professional", "patient_why", "emergency"):
        assert not said.get(silent), silent


async def test_R26_that_it_is_an_emergency_and_who_called_is_in_the_trail(house):
    await house.asked(emergency=Call("  Dr Anne Roux "))
    said = await created(house)
    assert (said["emergency"], said["caller"]) == ("yes", "Dr Anne Roux")


async def test_R25_of_what_the_rules_refuse_the_trail_keeps_who_wanted_what_and_why_not(house):
    with pytest.raises(PolicyRefused):
        await house.asked(minutes=5 * 60)
    said = (await house.event("request:refused")).fields
    assert (said["technician"], said["reason"], said["minutes"]) == ("alice", "replace the tube", "300")
    assert said["policy"]
    assert said["why"]
    assert await house.services.asked.search(house.technician()) == []


@pytest.mark.parametrize(("reason", "fits"), [("ab", False), (" ab ", False), ("abc", True)])
async def test_R25_a_reason_has_three_characters_at_least(house, reason, fits):
    if fits:
        assert (await house.asked(reason=reason)).reason == reason
        return
    with pytest.raises(ReasonNeeded):
        await house.asked(reason=reason)


@pytest.mark.parametrize("field", ["reason", "work_order", "account"])
async def test_no_text_runs_on_for_ever(house, field):
    with pytest.raises(Invalid) as refused:
        await house.asked(**{field: "x" * 3000})
    assert refused.value.field == field


@pytest.mark.parametrize(("late", "fits"), [(4, True), (6, False)])
async def test_a_start_a_moment_ago_is_one_that_a_slow_form_gave(house, late, fits):
    start = clock.now() - timedelta(minutes=late)
    if fits:
        assert (await house.asked(start=start)).start == start
        return
    with pytest.raises(Invalid):
        await house.asked(start=start)


async def test_a_start_without_a_zone_means_no_instant(house):
    with pytest.raises(Invalid) as refused:
        await house.asked(start=clock.now().replace(tzinfo=None) + timedelta(hours=1))
    assert refused.value.field == "start"


async def test_a_request_waits_two_hours_or_until_its_time_is_over(house, monkeypatch):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    assert (await house.asked()).expires_at == now + PENDING_LIFE
    start = now + FARTHEST
    assert (await house.asked(start=start)).expires_at == start + timedelta(hours=1)


@pytest.mark.parametrize("kind", InterventionKind)
async def test_R21_what_only_looks_changes_no_software(house, kind):
    changes = kind is not InterventionKind.TELEDIAGNOSTIC
    if changes:
        assert (await house.asked(kind=kind, plan=BACKUP)).plan.software_change
        return
    with pytest.raises(Invalid):
        await house.asked(kind=kind, plan=BACKUP)


async def test_T33_only_what_his_company_maintains_and_is_in_use_is_there_to_ask_for(house):
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 2, "Imagerie", "B12", id=house.device.id)
    max_, draft = house.staff(house.max), house.draft(technician_login="alice")
    for reader in (moved(max_, {"elsewhere"}), house.technician(house.bob)):
        with pytest.raises(NotFound):
            await house.services.access.request(reader, draft)
    for changed in (replace(form, supplier_codes=("other",)), replace(form, active=False)):
        await house.services.inventory.save_device(OPERATOR, changed)
        for reader in (house.technician(), max_):
            with pytest.raises(NotFound):
                await house.services.access.request(reader, draft)


async def test_who_is_asked_for_may_work_and_who_asks_is_a_person(house):
    draft = house.draft(technician_login="carl")
    form = TechnicianForm("carl", "Carl", "c@acme", "acme", "en", valid_until=clock.now() + timedelta(days=1))
    carl = await house.services.people.save_technician(OPERATOR, form)
    await house.services.people.save_technician(OPERATOR, replace(form, id=carl.id, active=False))
    with pytest.raises(Invalid) as refused:
        await house.services.access.request(house.staff(house.max), draft)
    assert refused.value.field == "technician_login"
    with pytest.raises(Forbidden):
        await house.services.access.request(OPERATOR, house.draft(technician_login="alice"))


async def test_the_notice_is_accepted_by_the_technician_alone(house):
    accepted = house.draft(technician_login="alice", notice_accepted=True)
    for_him = await house.services.access.request(house.staff(house.max), accepted)
    assert for_him.notice_accepted_at is None
    await house.services.taking_back.withdraw(house.technician(), for_him.id)
    silent = await house.asked()
    assert silent.notice_accepted_at is None
    await house.services.taking_back.withdraw(house.technician(), silent.id)
    own = await house.asked(notice_accepted=True)
    assert (own.notice_accepted_at, own.source) == (own.created_at, house.technician().source)


async def test_he_and_whoever_asked_for_him_take_it_back_and_the_trail_says_why(house):
    max_, use = house.staff(house.max), house.services.taking_back
    for who in (max_, house.technician()):
        request = await house.services.access.request(max_, house.draft(technician_login="alice"))
        with pytest.raises(NotFound):
            await use.withdraw(house.staff(house.eve), request.id)
        await use.withdraw(who, request.id, "no longer needed")
        event = await house.event("request:withdrawn")
        assert (event.actor_id, event.fields["note"]) == (who.id, "no longer needed")


async def test_the_account_that_is_named_is_the_one_and_what_is_longest_the_rules_say(house):
    save = house.services.inventory.save_account
    other = await save(OPERATOR, house.device.id, "field", SecretKind.PASSWORD, Secret.of("another-s3cret"))
    request = await house.asked(account="field", minutes=120, emergency=Call("Dr Anne Roux"))
    assert (request.account_id, request.wanted) == (other.id, timedelta(hours=2))
    assert request.max_duration == timedelta(hours=1)
    await house.services.taking_back.withdraw(house.technician(), request.id)
    with pytest.raises(DeviceNotReady):
        await house.asked(account="nobody")


async def test_R42_an_announced_file_has_a_hash_and_a_device_that_is_not_ready_is_named_as_such_among_several(house):
    with pytest.raises(Invalid) as refused:
        await house.asked(announced=(AnnouncedFile("a.bin", 1, "no hash"),))
    assert refused.value.field == "announced"
    await house.services.inventory.save_device(OPERATOR, DeviceForm("bare", "No account", "chu", ("acme",)))
    draft = house.draft(technician_login="alice")
    for who in (house.technician(), house.staff(house.max)):
        with pytest.raises(DeviceNotReady):
            await house.services.access.request_several(who, draft, ("ct-01", "bare"))


async def test_whoever_watches_hears_at_once_that_something_was_asked_for(house):
    async with listening(house.database) as listener:
        request = await house.asked()
        while Hint("request", request.id) not in listener.heard:
            await listener.until(len(listener.heard) + 1)
        assert Hint("request", request.id) in listener.heard
