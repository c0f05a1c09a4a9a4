"""Who hears of what ends or begins by a day in a supplier's file, and of a report it owes (R-46, R-59)."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bastion import clock
from bastion.domain.local_time import day_end
from bastion.domain.paper import PaperKind
from bastion.domain.parties import Role, system_actor
from bastion.domain.report import After, ReportForm
from bastion.domain.session_events import EndReason
from bastion.domain.telling import Topic
from bastion.errors import Invalid
from bastion.services.papers import PaperForm
from bastion.services.people import StaffForm, TechnicianForm
from bastion.services.sessions import Ending
from bastion.services.webhooks import WebhookForm, webhook_body
from tests.services.house import OPERATOR
from tests.services.occasions import a_supplier_s_days, bea_speaks
from tests.services.postroom import ADDRESS, CANARY, ENTRANCE, heard, letter_to, nothing_typed, turn


async def test_R46_what_ends_in_a_supplier_s_file_is_told_to_whom_it_concerns(house, tell, box):
    """Who works in another hospital only hears nothing; nor does a technician who does not speak for his company."""
    for login, role, place in (("gus", Role.APPROVER, "ch2"), ("ann", Role.ADMIN, "chu"), ("far", Role.ADMIN, "ch2")):
        form = StaffForm(login, login.title(), f"{login}@{place}", frozenset({role}), (place,), "en")
        await house.services.people.save_staff(OPERATOR, form)
    carl = TechnicianForm("carl", "Carl", "c@acme", "acme", "en")
    await house.services.people.save_technician(OPERATOR, carl)
    await house.services.company.name_correspondent(OPERATOR, house.alice.id, named=True)
    await a_supplier_s_days(house, CANARY)
    await turn(tell)
    zone = ZoneInfo("Europe/Paris")
    soon = (clock.now() + timedelta(days=5)).astimezone(zone).date()
    declared = "Acme Imaging has declared a subcontractor"
    theirs = [f"A paper of Acme Imaging ends on {soon}", "Acme Imaging has not confirmed its people"]
    assert {who: sorted(said) for who, said in heard(box).items()} == {
        "a@acme": theirs, "ann@chu": theirs, "ruth@chu": sorted([*theirs, declared]), "eve@chu": [declared],
        "max@chu": [declared],
    }  # fmt: skip
    late = (clock.now() + timedelta(days=21)).astimezone(zone).date()
    assert f"may object until {late};" in letter_to(box, "eve@chu").get_content()
    assert f"{ADDRESS}/directory/suppliers/{house.alice.supplier_id}/file" in letter_to(box, "eve@chu").get_content()
    assert f"{ENTRANCE}/supplier/company" in letter_to(box, "a@acme").get_content()
    nothing_typed(box)


async def test_a_program_of_a_hospital_hears_of_the_suppliers_that_work_there_and_of_no_others(house, tell):
    topics = frozenset({Topic.PAPER_ENDING, Topic.ROSTER_OVERDUE, Topic.SUBCONTRACTOR_DECLARED})
    for place in ("", "chu", "ch2"):
        form = WebhookForm(f"GMAO {place}", "https://198.51.100.7/hook", topics, place)
        await house.services.webhooks.register(house.staff(house.ruth), form)
    await a_supplier_s_days(house, CANARY)
    while await tell.gather():
        pass
    async with house.database.read() as uow:
        rows = [one for one in await uow.deliveries.search(limit=50) if one.channel == "webhook"]
        hooks = {one.id: one for one in await uow.webhooks.all()}
    heard_by = sorted((hooks[one.recipient_id].name, one.topic) for one in rows)
    assert heard_by == sorted((name, topic) for name in ("GMAO", "GMAO chu") for topic in topics)
    assert all(one.facility_id == hooks[one.recipient_id].facility_id for one in rows), "its administrator sees it"
    assert CANARY not in repr([webhook_body(one, ADDRESS) for one in rows])


async def test_a_day_in_a_supplier_s_file_is_told_as_its_page_says_it_wherever_it_works(house, tell, box):
    """One day for the whole group, however far from home the hospital is that it works for."""
    async with house.database.write() as uow:
        (chu,) = [one for one in await uow.facilities.all() if one.code == "chu"]
        await uow.facilities.save(replace(chu, timezone="Pacific/Auckland"))
    day = (clock.now() + timedelta(days=5)).date()
    form = PaperForm(PaperKind.CONTRACT, "C-1", valid_to=day_end(day))
    await house.services.papers.add(OPERATOR, house.alice.supplier_id, form)
    await house.services.papers.warn(system_actor())
    await turn(tell)
    assert heard(box)["ruth@chu"] == [f"A paper of Acme Imaging ends on {day}"]


async def test_who_may_object_cannot_decline_to_hear_of_a_subcontractor_and_an_approver_can(house, tell, box):
    await tell.choose(house.staff(house.eve), {Topic.REQUEST_WAITING})
    with pytest.raises(Invalid):
        await tell.choose(house.staff(house.ruth), {Topic.SUBCONTRACTOR_DECLARED})
    await tell.choose(house.staff(house.ruth), set())
    await a_supplier_s_days(house, CANARY)
    await turn(tell)
    assert heard(box) == {who: ["Acme Imaging has declared a subcontractor"] for who in ("ruth@chu", "max@chu")}


async def owing(house, tell, box):
    """Alice has worked, Eve agreed, Bob speaks for their company; nobody has reported on it."""
    await bea_speaks(house)
    opened = await house.opened()
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    await turn(tell)
    box.raw.clear()
    return await house.services.asked.get(house.staff(house.eve), opened.record.request_id)


async def remind(house, tell) -> int:
    count = await house.services.reports.remind(system_actor())
    await turn(tell)
    return count


async def test_R59_a_report_owed_is_told_before_it_blocks_and_when_it_does_once_each(house, tell, box, later):
    request = (await owing(house, tell, box)).request
    later(days=4, hours=23)
    assert await remind(house, tell) == 0
    later(hours=2)
    assert [await remind(house, tell), await remind(house, tell)] == [1, 0]
    told = heard(box)
    assert set(told) == {"a@acme", "bea@acme", "eve@chu"}
    assert {len(said) for said in told.values()} == {1}
    assert told["bea@acme"][0].startswith(f"The report on {request.ref} is due by 20")
    assert f"{ENTRANCE}/supplier/reports/{request.id}" in letter_to(box, "bea@acme").get_content()
    assert f"{ADDRESS}/requests/{request.id}/report" in letter_to(box, "eve@chu").get_content()
    box.raw.clear()
    later(days=2)
    assert [await remind(house, tell), await remind(house, tell)] == [1, 0]
    assert heard(box)["a@acme"][0].startswith(f"The report on {request.ref} is overdue since 20")
    assert (await house.event("report:overdue")).fields["device"] == "ct-01"


async def test_a_report_that_is_written_is_not_asked_for_not_even_by_a_mail_on_its_way(house, tell, box, later):
    request = (await owing(house, tell, box)).request
    later(days=6)
    assert await house.services.reports.remind(system_actor()) == 1
    form = ReportForm("Tube replaced.", After.IN_SERVICE)
    await house.services.reports.write(house.technician(), request.id, form)
    await turn(tell)
    assert heard(box) == {}
    later(days=5)
    assert await remind(house, tell) == 0


async def test_a_company_that_may_owe_for_good_is_not_reminded(house, tell, box, later):
    house.services.sessions._report_days = 0
    await owing(house, tell, box)
    later(days=60)
    assert await remind(house, tell) == 0
