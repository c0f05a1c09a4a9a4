"""Usual requests: written by those who know the device, offered to whoever may ask for it, named by what came of it."""

import asyncio
from dataclasses import replace

import pytest

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.conditions import Condition
from bastion.domain.parties import Role
from bastion.errors import Conflict, Forbidden, FreshFactorNeeded, IllegalTransition, Invalid, NotFound
from bastion.services import templates as module
from bastion.services.inventory import DeviceForm
from bastion.services.people import StaffForm
from tests.services.house import OPERATOR
from tests.services.templates import BACKUP, USUAL, a_model, a_template


@pytest.fixture
def use(house):
    return house.services.templates


async def names(house, actor, code="ct-01"):
    return [one.name for one in await house.services.templates.offered(actor, code)]


async def test_R28_who_decides_on_the_hospitals_devices_writes_and_nobody_else(house, use):
    made = await a_template(house)
    assert (made.maker, made.model, made.edition) == ("MAKER", "ct  9000", 1)
    with pytest.raises(FreshFactorNeeded):
        await use.add(house.staff(house.eve, fresh=False), USUAL)
    for who in (house.staff(house.ruth), OPERATOR, house.technician()):
        with pytest.raises(Forbidden):
            await use.add(replace(who, factor_at=clock.now()), USUAL)
    for form in (replace(USUAL, facility="ch2"), replace(USUAL, facility="nowhere"), replace(USUAL, facility="")):
        with pytest.raises(NotFound):
            await use.add(house.staff(house.eve), form)
    assert await house.tags("template") == ["template:added"]
    assert (await house.event("template:added")).fields["name"] == "Yearly update"


async def test_the_groups_own_are_written_by_an_approver_of_the_group(house, use):
    await a_template(house)
    group = await use.add(house.staff(house.max), replace(USUAL, facility="", name="Group check"))
    assert await names(house, house.technician()) == ["Yearly update", "Group check"]
    view = await use.get(house.staff(house.eve), group.id)
    assert (view.facility, view.may_write, view.may_retire) == (None, False, False)
    for act in (use.retire(house.staff(house.eve), group.id), use.correct(house.staff(house.eve), group.id, USUAL)):
        with pytest.raises(NotFound):
            await act


async def test_T33_they_are_offered_to_whoever_may_ask_for_the_device_and_to_nobody_else(house, use):
    await a_template(house)
    assert await names(house, house.technician()) == ["Yearly update"]
    assert await names(house, house.staff(house.eve)) == ["Yearly update"]
    for code in ("ct-01", "nothing", "x\x00"):
        with pytest.raises(NotFound):
            await names(house, house.technician(house.bob), code)
    with pytest.raises(NotFound):
        await names(house, house.staff(await _elsewhere(house)))


async def test_another_model_another_hospital_and_a_retired_one_are_not_offered(house, use):
    made = await a_template(house)
    await a_model(house, "Maker", "CT 9001")
    assert await names(house, house.technician()) == []
    await a_model(house, "", "")
    assert await names(house, house.technician()) == []
    await a_model(house)
    assert await names(house, house.technician()) == ["Yearly update"]
    await use.retire(house.staff(house.ruth), made.id)
    assert await names(house, house.technician()) == []
    with pytest.raises(IllegalTransition):
        await use.retire(house.staff(house.ruth), made.id)
    with pytest.raises(IllegalTransition):
        await use.correct(house.staff(house.eve), made.id, USUAL)
    assert await use.search(house.staff(house.eve)) == []
    (view,) = await use.search(house.staff(house.eve), retired=True)
    assert (view.template.retired_by, view.may_retire) == ("Ruth", False)


async def test_a_correction_is_another_edition_and_the_old_one_is_kept(house, use):
    first = await a_template(house)
    second = await use.correct(house.staff(house.eve), first.id, replace(USUAL, reason="update and check"))
    assert (second.edition, second.replaces_id, second.id == first.id) == (2, first.id, False)
    kept = (await use.get(house.staff(house.eve), first.id)).template
    assert (kept.reason, kept.retired_by) == ("update to the yearly version", "Eve")
    assert (await house.event("template:replaced")).fields["changed"] == "reason"
    assert await names(house, house.technician()) == ["Yearly update"]


async def test_of_two_who_correct_it_at_once_one_wins(house, use):
    first = await a_template(house)
    both = (use.correct(house.staff(house.eve), first.id, replace(USUAL, name=name)) for name in ("one", "two"))
    said = await asyncio.gather(*both, return_exceptions=True)
    assert len([one for one in said if isinstance(one, (IllegalTransition, Conflict))]) == 1
    assert len(await names(house, house.technician())) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"model": "CT 1"}, "model"), ({"name": " "}, "name"), ({"name": "a\u202eb"}, "name"),
        ({"minutes": 0}, "minutes"), ({"minutes": 10**9}, "minutes"), ({"reason": "x"}, "reason"),
        ({"reason": "x" * 2001}, "reason"), ({"kind": InterventionKind.TELEDIAGNOSTIC}, "software_change"),
        ({"plan": replace(USUAL.plan, rollback="")}, "rollback"),
        ({"plan": replace(USUAL.plan, procedure="x" * 2001)}, "procedure"),
    ],
    ids=lambda one: one if isinstance(one, str) else next(iter(one)),
)  # fmt: skip
async def test_what_could_never_be_asked_for_is_not_written(house, use, changes, field):
    await a_model(house)
    with pytest.raises(Invalid) as refused:
        await use.add(house.staff(house.eve), replace(USUAL, **changes))
    assert refused.value.field == field
    assert await use.search(house.staff(house.eve)) == []


async def test_a_model_has_so_many_and_no_more(house, use, monkeypatch):
    monkeypatch.setattr(module, "MOST", 1)
    await a_template(house)
    with pytest.raises(Conflict):
        await use.add(house.staff(house.eve), replace(USUAL, name="another"))


async def test_R25_a_request_names_what_it_came_from_and_the_approver_reads_what_differs(house, use):
    made = await a_template(house)
    request = await house.asked(
        template=made.id, reason="update  to the\r\nyearly version", minutes=90, plan=BACKUP
    )  # fmt: skip
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert (view.origin.template, view.origin.changed) == (made, ())
    assert view.origin.template.conditions == frozenset({Condition.WATCHER})
    assert (await house.event("request:created")).fields["template"] == made.id
    await house.services.taking_back.withdraw(house.technician(), request.id)
    changed = replace(BACKUP, procedure="just do it", people=("Bob",))
    other = await house.asked(template=made.id, minutes=60, plan=changed)
    await use.retire(house.staff(house.eve), made.id)
    view = await house.services.asked.get(house.staff(house.eve), other.id)
    assert view.origin.changed == ("reason", "wanted", "procedure")


async def test_a_template_that_is_not_offered_cannot_be_named(house, use):
    made = await a_template(house)
    await use.retire(house.staff(house.eve), made.id)
    said = []
    for ident in (made.id, "0" * 32, "x\x00"):
        with pytest.raises(Invalid) as refused:
            await house.asked(template=ident)
        said.append((refused.value.field, refused.value.sentence))
    assert len(set(said)) == 1
    assert (await house.asked()).template_id == ""


async def test_T33_staff_see_those_of_their_hospitals_and_the_groups(house, use):
    made = await a_template(house)
    other = house.staff(await _elsewhere(house))
    assert await use.search(other) == []
    with pytest.raises(NotFound):
        await use.get(other, made.id)
    assert await use.models(other) == []
    await use.add(house.staff(house.max), replace(USUAL, facility="", name="Group check"))
    assert [view.template.name for view in await use.search(other, text="group")] == ["Group check"]
    assert await use.search(other, text="tube") == await use.search(other, text="a\x00") == []


async def test_a_model_that_was_spelt_twice_is_one(house, use):
    await a_model(house)
    form = {"code": "ct-02", "name": "Scanner 2", "facility_code": "chu", "supplier_codes": ("acme",)}
    await house.services.inventory.save_device(OPERATOR, DeviceForm(**form, maker="Maker", model="CT 9000"))
    await house.services.inventory.save_device(
        OPERATOR, DeviceForm(**form | {"code": "ct-03"}, maker="Maker", model="CT 9000")
    )
    (model,) = await use.models(house.staff(house.eve))
    assert (model.label, model.devices) == ("Maker · CT 9000", 3)


async def _elsewhere(house):
    form = StaffForm("zoe", "Zoe", "z@ch2", frozenset({Role.APPROVER}), ("ch2",))
    return await house.services.people.save_staff(OPERATOR, form)
