"""On call, stand-ins and absences in the console."""

import re
from datetime import timedelta

from bastion import clock
from bastion.domain.parties import Role
from bastion.services.people import Duty, StaffForm
from bastion.services.standins import DelegationForm
from tests.services.house import OPERATOR
from tests.services.test_rota import now_on_call, wall
from tests.web.visitor import HOST


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


SHIFT = {"login": "eve", "facility": "chu", "starts": "2090-10-28T18:00", "ends": "2090-10-29T08:00", "line": "1"}


async def test_an_entry_is_made_shown_in_its_week_and_withdrawn(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    made = await browser.send("/rota", **SHIFT, ward="a<b")
    assert made.status_code == 303, plain(made.text)[-800:]
    path = made.headers["location"]
    page = (await browser.see(path)).text
    assert "Eve" in plain(page)
    assert "a&lt;b" in page
    ident = re.search(r"/rota/(\w+)/withdraw", page)[1]
    assert (await browser.send(f"/rota/{ident}/withdraw")).headers["location"] == path
    assert "Nobody is on call this week" in (await browser.see(path)).text
    for week in ("x", "9999-12-31", "0001-01-01", "2090-10-23"):
        assert (await browser.see(f"/rota?week={week}")).status_code == 200


async def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_stays(visitor, people):
    browser = await visitor().enter(people["admin"])
    for change in ({"starts": "x"}, {"line": "x"}, {"login": "ruth"}, {"ends": SHIFT["starts"]}):
        answer = await browser.send("/rota", **SHIFT | change)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert SHIFT["facility"] in answer.text


async def test_the_now_of_the_rota_and_of_a_request(house, visitor, people):
    await now_on_call(house, "eve")
    request = await house.asked()
    browser = await visitor().enter(people["auditor"])
    assert "Eve" in plain((await browser.see("/rota")).text)
    assert "On call : Eve ( line 1" in plain((await browser.see(f"/requests/{request.id}")).text).replace("(", "( ")


async def test_a_stand_in_signs_in_reads_for_whom_and_decides(house, visitor, people):
    other = people["approver of another hospital"]
    form = DelegationForm(other.login, wall(hours=-1), wall(days=1), "leave", "chu")
    made = await house.services.standins.delegate(house.staff(house.eve), form)
    request = await house.asked()
    browser = await visitor().enter(other)
    assert "You decide for Eve at the moment." in plain((await browser.see("/standins")).text)
    page = plain((await browser.see(f"/requests/{request.id}")).text)
    assert "You decide for Eve, by delegation." in page
    agreed = await browser.send(f"/requests/{request.id}/approve", version="1", minutes="30", note="ok")
    assert agreed.status_code == 303
    assert "for Eve, by delegation" in plain((await browser.see(f"/requests/{request.id}")).text)
    assert (await browser.send(f"/standins/delegations/{made.id}/revoke")).status_code == 303
    assert (await browser.see(f"/requests/{request.id}")).status_code == 404


async def test_lending_needs_a_fresh_code_and_an_approver(visitor, people):
    form = {"to": "max", "starts": wall(hours=1), "ends": wall(days=1), "reason": "leave"}
    assert (await (await visitor().enter(people["admin"])).send("/standins/delegations", **form)).status_code == 403
    stale = await visitor().enter(people["approver"], fresh=False)
    assert (await stale.send("/standins/delegations", **form)).status_code == 403
    browser = await visitor().enter(people["approver"])
    assert (await browser.send("/standins/delegations", **form)).status_code == 303
    assert "to come" in (await browser.see("/standins")).text


async def test_an_absence_is_noted_and_ended(visitor, people):
    browser = await visitor().enter(people["auditor"])
    assert (await browser.send("/standins/absences", starts=wall(hours=-1), ends=wall(days=1))).status_code == 303
    page = (await browser.see("/standins")).text
    ident = re.search(r"/standins/absences/(\w+)/withdraw", page)[1]
    assert "away" in plain(page)
    assert (await browser.send(f"/standins/absences/{ident}/withdraw")).status_code == 303
    assert "Nobody is away." in (await browser.see("/standins")).text


async def test_a_week_is_taken_away_and_a_file_is_looked_at_before_it_is_taken(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    await browser.send("/rota", **SHIFT)
    week = (await browser.see("/rota")).text
    way = re.search(r'href="(/rota/export\?week=[\d-]+)"', week)[1]
    taken = await browser.see(way)
    assert taken.headers["content-type"] == "text/csv; charset=utf-8"
    assert taken.content.decode("utf-8-sig").startswith("login,name,from,to,facility,ward,line")
    line = b"login,from,to,facility\neve,2091-10-28 18:00,2091-10-29 08:00,chu\n"
    headers = {"origin": f"https://{HOST}", "sec-fetch-site": "same-origin", "accept-language": "en"}

    async def put(**more: str):
        files = {"file": ("rota.csv", line, "text/csv")}
        return await browser.client.post("/rota/import", data=more, files=files, headers=headers)

    looked = await put(look="1")
    assert "Every line of the file can be used: 1 entries." in plain(looked.text)
    now = clock.now()
    assert len(await house.services.rota.between(OPERATOR, now, now + timedelta(days=50_000 // 2))) == 1
    assert (await put()).status_code == 303
    assert len(await house.services.rota.between(OPERATOR, now, now + timedelta(days=50_000 // 2))) == 2


def offered(page: str, name: str) -> set[str]:
    """What a list of a form lets one choose."""
    listed = re.search(rf'<select[^>]* name="{name}".*?</select>', page, re.DOTALL)
    return set(re.findall(r'<option value="(\w+)"', listed[0])) if listed else set()


async def test_a_form_offers_only_what_its_reader_may_do(house, visitor, people):
    both = StaffForm(
        "both", "Both", "b@chu", language="en", duties=(Duty(Role.APPROVER, "chu"), Duty(Role.APPROVER, "ch2"))
    )
    local = StaffForm("local", "Local", "l@chu", language="en", duties=(Duty(Role.ADMIN, "chu"),))
    both, local = [await house.services.people.save_staff(OPERATOR, one) for one in (both, local)]
    form = DelegationForm(people["approver"].login, wall(hours=-1), wall(days=1), "leave", "chu")
    made = await house.services.standins.delegate(house.staff(house.eve), form)
    pages = {
        who.login: [(await (await visitor().enter(who)).see(path)).text for path in ("/standins", "/rota")]
        for who in (both, local, people["auditor"], people["security"])
    }
    auditor, security = (pages[people[who].login] for who in ("auditor", "security"))
    assert {"eve", "max"} <= offered(pages["both"][0], "to")
    assert {"both", "local", people["admin"].login}.isdisjoint(offered(pages["both"][0], "to")), "nor an administrator"
    assert [bool(offered(one[0], "to")) for one in (pages["local"], auditor, security)] == [False] * 3
    assert "eve" in offered(pages["local"][0], "login")
    assert "both" not in offered(pages["local"][0], "login"), "he works in another hospital too"
    assert [f"/{made.id}/revoke" in one[0] for one in (security, pages["local"], auditor)] == [True, True, False]
    assert "eve" in offered(pages["both"][1], "login")
    assert people["auditor"].login not in offered(pages["both"][1], "login"), "nobody else is on call"
    assert (offered(pages["both"][1], "facility"), offered(auditor[1], "facility")) == ({"chu", "ch2"}, set())


async def test_a_shift_of_the_night_before_stands_with_the_monday(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    await browser.send("/rota", **SHIFT | {"starts": "2090-10-22T18:00", "ends": "2090-10-23T08:00"})
    page = plain((await browser.see("/rota?week=2090-10-23")).text)
    assert re.search(r"Withdraw Monday\b.*\bEve\b", page)
    assert "Sunday" not in page
