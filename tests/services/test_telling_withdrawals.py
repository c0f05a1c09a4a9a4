"""Who hears that what he counted on was taken back, withdrawn or handed over."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from bastion import clock
from bastion.domain.lock import LockScope
from bastion.domain.parties import Role
from bastion.domain.telling import Topic
from bastion.services.inventory import DeviceForm
from bastion.services.people import StaffForm
from bastion.services.webhooks import WebhookForm
from tests.services.house import OPERATOR
from tests.services.occasions import bea_speaks
from tests.services.postroom import ADDRESS, CANARY, ENTRANCE, heard, letter_to, nothing_typed, turn


async def test_a_request_taken_back_is_told_to_those_who_were_told_that_it_waits(house, tell, box):
    request = await house.asked()
    await turn(tell)
    box.raw.clear()
    await house.services.taking_back.withdraw(house.technician(), request.id, CANARY)
    await turn(tell)
    said = f"Request {request.ref} was taken back: ct-01"
    assert heard(box) == {"eve@chu": [said], "max@chu": [said]}
    assert f"{ADDRESS}/requests/{request.id}" in letter_to(box, "eve@chu").get_content()
    nothing_typed(box)


async def test_of_a_request_that_nobody_was_told_of_nobody_hears_that_it_was_taken_back(house, tell, box):
    request = await house.asked()
    await house.services.taking_back.withdraw(house.technician(), request.id)
    await turn(tell)
    assert heard(box) == {}


async def test_who_has_agreed_already_and_for_whom_it_was_hear_that_staff_took_it_back(house, tell, box):
    await tell.choose(house.staff(house.max), {Topic.SESSION_BEGUN})
    vital = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, vital)
    form = StaffForm("fay", "Fay", "fay@chu", frozenset({Role.APPROVER}), ("chu",), "en")
    fay = house.staff(await house.services.people.save_staff(OPERATOR, form))
    request = await house.services.access.request(fay, house.draft(technician_login="alice"))
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30)
    await house.services.taking_back.withdraw(fay, request.id, CANARY)
    await turn(tell)
    said = f"Request {request.ref} was taken back: ct-01"
    assert heard(box) == {"eve@chu": [said], "a@acme": [said]}, "Fay did it herself, Max has declined"
    nothing_typed(box)


async def test_an_authorisation_withdrawn_is_told_to_whoever_counted_on_it(house, tell, box):
    """Not to who withdrew it; each reads where its reason stands, and the reason stays behind the sign-in."""
    await bea_speaks(house)
    begins = clock.now() + timedelta(days=1)
    request = await house.approved(start=begins)
    await turn(tell)
    box.raw.clear()
    await house.services.approvals.revoke(house.staff(house.max), request.grant_id, CANARY)
    await turn(tell)
    said = f"The authorisation {request.ref} was withdrawn: ct-01"
    assert heard(box) == {"a@acme": [said], "bea@acme": [said], "eve@chu": [said]}
    planned = f"{begins.astimezone(ZoneInfo('Europe/Paris')):%Y-%m-%d %H:%M}"
    for who, page in {
        "a@acme": f"{ENTRANCE}/supplier/requests/{request.id}",
        "bea@acme": f"{ENTRANCE}/supplier/company/requests/{request.id}",
        "eve@chu": f"{ADDRESS}/requests/{request.id}",
    }.items():
        text = letter_to(box, who).get_content()
        assert planned in text
        assert f"{page}\n" in text.replace("\r\n", "\n")
    nothing_typed(box)


async def test_a_cut_tells_the_technician_that_his_authorisation_is_gone(house, tell, box):
    request = await house.approved(start=clock.now() + timedelta(days=1))
    await turn(tell)
    box.raw.clear()
    await house.services.locks.impose(house.staff(house.ruth), LockScope.SUPPLIER, "acme", CANARY)
    await turn(tell)
    assert heard(box)["a@acme"] == [f"The authorisation {request.ref} was withdrawn: ct-01"]
    nothing_typed(box)


async def test_what_is_handed_over_is_not_called_withdrawn(house, tell, box):
    await bea_speaks(house)
    request = await house.approved()
    passed = await house.services.handovers.ask(house.technician(), request.grant_id, "bea", CANARY)
    await turn(tell)
    box.raw.clear()
    await house.services.approvals.approve(house.staff(house.max), passed.id, passed.version, 30)
    await turn(tell)
    assert f"The authorisation {request.ref} was handed over: ct-01" in heard(box)["a@acme"]
    assert "eve@chu" not in heard(box)
    assert not [one for told in heard(box).values() for one in told if "withdrawn" in one]


async def test_programs_hear_of_a_withdrawal_of_either_kind(house, tell):
    topics = frozenset({Topic.REQUEST_WITHDRAWN, Topic.GRANT_REVOKED})
    form = WebhookForm("GTC", "https://198.51.100.7/hook", topics, "chu")
    await house.services.webhooks.register(house.staff(house.ruth), form)
    request = await house.approved()
    await house.services.approvals.revoke(house.staff(house.eve), request.grant_id, CANARY)
    other = await house.asked()
    await house.services.taking_back.withdraw(house.technician(), other.id, CANARY)
    while await tell.gather():
        pass
    async with house.database.read() as uow:
        rows = await uow.deliveries.search(limit=50)
    told = {one.topic: one for one in rows if one.channel == "webhook"}
    usual = {"device", "facility", "supplier", "request", "ref", "kind"}
    assert told[Topic.REQUEST_WITHDRAWN].facts.keys() == usual
    assert told[Topic.GRANT_REVOKED].facts.keys() == usual | {"planned"}
    assert {one.path for one in told.values()} == {f"/requests/{request.id}", f"/requests/{other.id}"}
    assert CANARY not in repr(rows)
