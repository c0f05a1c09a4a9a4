"""R-26, R-27 in the console: an emergency is seen first, says who called, and is reviewed by a third person."""

import re
from datetime import timedelta

from bastion import clock
from bastion.domain.emergency import Call
from bastion.domain.parties import Role
from bastion.domain.working_days import WorkingDays
from bastion.services.people import StaffForm
from tests.services.house import OPERATOR
from tests.services.test_works import colleague, in_three_parts
from tests.web.saying import SAID

HOSTILE = "<b>Dr Roux</b>"
FORM = {
    "technician": "alice",
    "device": "ct-01",
    "kind": "telemaintenance",
    "reason": "scanner down",
    "minutes": "60",
} | SAID


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def agreed(house, caller: str = HOSTILE):
    return await house.approved(emergency=Call(caller, "", "4512"))


async def test_an_approver_asks_for_one_and_another_sees_it_first(house, visitor, people):
    await house.asked(minutes=30)
    asking = await visitor().enter(house.eve)
    form = await asking.see("/requests/new")
    assert 'name="caller"' in form.text
    short = await asking.send("/requests/new", **FORM, caller="x")
    assert "Say who of the hospital called about this emergency." in short.text
    assert 'name="caller" value="x"' in short.text
    async with house.database.read() as uow:
        assert len(await uow.requests.search()) == 1
    bob = await house.services.people.technicians(house.staff(house.max))
    other = next(v.technician for v in bob if v.technician.login == "alice")
    await house.services.taking_back.withdraw(house.technician(other), (await _only(house)).id)
    made = await asking.send("/requests/new", **FORM, caller=HOSTILE, call_back="4512")
    path = made.headers["location"]
    page = (await (await visitor().enter(people["approver"])).see(path)).text
    assert "&lt;b&gt;Dr Roux" in page
    assert '<a href="tel:4512">call back: 4512</a>' in page
    assert "Emergency" in plain((await asking.see("/requests")).text)
    board = (await (await visitor().enter(people["approver"])).see("/board")).text
    assert "Emergency" in plain(board)


async def _only(house):
    async with house.database.read() as uow:
        return (await uow.requests.search())[0]


async def test_emergencies_stand_before_what_can_wait(house, visitor):
    scanner = house.device
    await house.services.access.request(house.technician(), house.draft(minutes=30))
    async with house.database.read() as uow:
        (first,) = await uow.requests.search()
    await house.services.approvals.deny(house.staff(house.max), first.id, first.version, "not now, please")
    urgent = await house.asked(emergency=Call("Dr Roux"))
    page = (await (await visitor().enter(house.eve)).see("/board")).text
    assert (urgent.id in page, scanner.code in page) == (True, True)


async def test_a_review_is_due_on_the_first_page_and_signed(house, visitor, people):
    request = await agreed(house)
    security = await visitor().enter(people["security"])
    home = (await security.see("/")).text
    assert "Emergencies to review" in home
    assert f"/emergencies/{request.id}" in home
    path = f"/emergencies/{request.id}"
    page = (await security.see(path)).text
    assert "&lt;b&gt;Dr Roux" in page
    assert "No session was opened." in page
    for address in ("/", "/emergencies", path):
        assert "Under way" in plain((await security.see(address)).text), "it may still begin"
    assert "The work is not over yet." in page
    grant = (await house.services.asked.get(house.staff(house.eve), request.id)).grant
    await house.services.approvals.revoke(house.staff(house.eve), grant.id, "it works again")
    page = (await security.see(path)).text
    assert "To be reviewed" in plain(page)
    assert "The work is not over yet." not in page
    empty = await security.send(f"{path}/review", version="2", outcome="justified", note="ok")
    assert (empty.status_code, "Say in a sentence what you have checked and found." in empty.text) == (422, True)
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    assert (await security.send(f"{path}/review", version=version, outcome="", note="x" * 20)).status_code == 422
    stale = await security.send(f"{path}/review", version="9", outcome="justified", note="read the recording")
    assert stale.status_code == 409
    done = await security.send(f"{path}/review", version=version, outcome="justified", note="read the recording")
    assert done.headers["location"] == path
    page = plain((await security.see(path)).text)
    assert "It could not wait" in page
    assert "Emergencies to review" not in (await security.see("/")).text
    listed = plain((await security.see("/emergencies")).text)
    assert "Reviewed" in listed


async def test_who_agreed_reads_that_others_review_and_another_hospital_sees_nothing(house, visitor, people):
    request = await agreed(house)
    eve = await visitor().enter(house.eve)
    assert "for others to review" in plain((await eve.see("/")).text)
    page = await eve.see(f"/emergencies/{request.id}")
    assert "Your review" not in page.text
    refused = await eve.send(
        f"/emergencies/{request.id}/review", version="2", outcome="justified", note="I looked at it myself"
    )
    assert (refused.status_code, "another person must review it" in refused.text) == (403, True)
    elsewhere = await visitor().enter(people["approver of another hospital"])
    assert (await elsewhere.see(f"/emergencies/{request.id}")).status_code == 404
    assert "Dr Roux" not in (await elsewhere.see("/emergencies")).text


async def test_a_caller_who_agreed_stands_out(house, visitor, people):
    request = await agreed(house)
    async with house.database.write() as uow:
        one = await uow.emergencies.get(request.id)
        await uow.emergencies.save(
            one.agreed((house.eve.id,), one.agreed_at, WorkingDays(3), "Europe/Paris", by_caller=True)
        )
    page = await (await visitor().enter(people["security"])).see(f"/emergencies/{request.id}")
    assert "agreed to it alone" in page.text


async def test_R27_whose_name_is_like_the_callers_ticks_that_he_did_not_call(house, visitor):
    form = StaffForm("dweil", "Dora Weil", "d@chu", frozenset({Role.APPROVER}), ("chu",), "en")
    dora = await visitor().enter(await house.services.people.save_staff(OPERATOR, form))
    request = await house.asked(emergency=Call("Dora, biomed"))
    path, said = f"/requests/{request.id}", {"version": request.version, "minutes": "60", "code": ""}
    tick = '<input type="checkbox" name="not_caller" value="yes" required'
    assert tick in (await dora.see(path)).text
    assert tick not in (await (await visitor().enter(house.max)).see(path)).text
    refused = await dora.send(f"{path}/approve", **said)
    assert "Say that you did not make this call" in plain(refused.text)
    assert tick + " checked" not in refused.text
    for deed in ("approve", "approve-all", "refuse", "refuse-all"):
        wrong = await dora.send(f"{path}/{deed}", **said | {"minutes": "soon", "versions": "x"}, not_caller="yes")
        assert (wrong.status_code, tick + " checked" in wrong.text) == (422, True), deed
    await dora.send(f"{path}/approve", **said, not_caller="yes")
    assert (await house.event("request:approved")).fields["disowned"] == "yes"


async def test_no_later_start_is_offered_to_whoever_decides_on_an_emergency(house, visitor):
    eve, later = await visitor().enter(house.eve), 'name="start"'
    urgent = await house.asked(emergency=Call("Dr Roux"))
    path = f"/requests/{urgent.id}"
    page = (await eve.see(path)).text
    assert (later in page, "On conditions…" in page) == (False, True)
    await house.services.taking_back.withdraw(house.technician(), urgent.id)
    assert later in (await eve.see(f"/requests/{(await house.asked()).id}")).text


async def test_whoever_agrees_to_an_emergency_for_later_reads_to_have_planned_work_asked_for(house, visitor):
    eve, urgent = await visitor().enter(house.eve), await house.asked(emergency=Call("Dr Roux"))
    start = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT12:00")
    said = {"version": urgent.version, "minutes": "60", "start": start, "code": ""}
    refused = await eve.send(f"/requests/{urgent.id}/approve", **said)
    assert (refused.status_code, "What can wait longer is planned work" in plain(refused.text)) == (422, True)


async def test_what_is_called_an_emergency_never_becomes_an_ordinary_request_for_want_of_the_caller(house, visitor):
    """Ticked, or anything said of a call: who called is wanted, and the form comes back ticked with what was typed."""
    eve = await visitor().enter(house.eve)
    for said in ({"emergency": "yes"}, {"callee": "Alice Martin"}, {"call_back": "4512"}, {"callee": " "}):
        refused = await eve.send("/requests/new", **FORM, **said)
        assert (refused.status_code, refused.text.count('id="caller-wrong"')) == (422, 1), said
        assert 'name="emergency" value="yes" checked' in refused.text
    assert 'name="emergency" value="yes" checked' not in (await eve.see("/requests/new")).text
    async with house.database.read() as uow:
        assert await uow.requests.search() == []
    await eve.send("/requests/new", **FORM, emergency="yes", caller="Dr Roux")
    async with house.database.read() as uow:
        assert (await uow.emergencies.get((await _only(house)).id)).caller == "Dr Roux"


async def test_for_later_an_emergency_is_refused_beside_its_start(house, visitor):
    eve = await visitor().enter(house.eve)
    start = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT12:00")
    refused = await eve.send("/requests/new", **FORM, emergency="yes", caller="Dr Roux", start=start)
    assert (refused.status_code, "What can wait longer is planned work" in plain(refused.text)) == (422, True)


async def test_R26_who_reviews_reads_every_part_of_the_work_with_who_agreed_and_what_was_done(house, visitor):
    carol = await colleague(house, "carol", "Carol Blanc")
    made, record = await in_three_parts(house, carol)
    ruth = await visitor().enter(house.ruth)
    page = (await ruth.see(f"/emergencies/{made[0].id}")).text
    for one in made:
        assert f'href="/requests/{one.id}"' in page
    assert (f'href="/sessions/{record.id}"' in page, "No session was opened." in page) == (True, False)
    said = plain(page)
    assert "Carol Blanc takes over from Alice Martin" in said
    assert "More time for Carol Blanc" in said
    assert "my shift is over" in said
    assert [said.count(f"{who} agreed to") for who in ("Eve", "Max")] == [2, 1]
    assert "Alice Martin, Carol Blanc" in plain((await ruth.see("/emergencies")).text)


async def test_the_parts_of_a_work_lead_to_each_other(house, visitor):
    carol = await colleague(house, "carol", "Carol Blanc")
    made, _record = await in_three_parts(house, carol)
    eve = await visitor().enter(house.eve)
    for one in made:
        page = (await eve.see(f"/requests/{one.id}")).text
        begin = page.index('id="h-work"')
        work = page[begin : page.index("</section>", begin)]
        assert {other.id for other in made if f"/requests/{other.id}" in work} == {o.id for o in made} - {one.id}
    alone = await house.asked(device_code="ct-01")
    assert 'id="h-work"' not in (await eve.see(f"/requests/{alone.id}")).text
