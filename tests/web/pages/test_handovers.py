"""Handing over and asking for more time, from the page of a request."""

import re
from datetime import timedelta

import pytest

from bastion import clock
from bastion.services.people import TechnicianForm
from tests.services.house import OPERATOR


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.fixture
async def carol(house):
    form = TechnicianForm("carol", "Carol <b>Blanc", "c@acme", "acme", "en")
    return await house.services.people.save_technician(OPERATOR, form)


async def test_an_open_authorisation_is_handed_over(house, visitor, people, carol):
    opened = await house.opened()
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(f"/requests/{opened.record.request_id}")).text
    assert "Carol &lt;b&gt;Blanc" in page
    assert "Bob Petit" not in page, "of another company"
    path, mine = f"/grants/{opened.grant.id}/hand-over", {"request": opened.record.request_id}
    assert (await browser.send(path, **mine, technician="bob", reason="her shift is over")).status_code == 422
    made = await browser.send(path, **mine, technician="carol", reason="her shift is over")
    asked = made.headers["location"]
    eve = await visitor().enter(house.eve)
    page = plain((await eve.see(asked)).text)
    assert "Takes over from Alice Martin (asked by Approver)." in page
    assert "Handover" in plain((await eve.see("/board")).text)
    done = await eve.send(f"{asked}/approve", version="1", minutes="60")
    assert done.status_code == 303
    first = plain((await eve.see(f"/requests/{opened.record.request_id}")).text)
    assert "Handed over to Carol" in first


async def test_what_is_planned_is_handed_over_and_gets_no_more_time_yet(house, visitor, people, carol):
    request = await house.approved(start=clock.now() + timedelta(hours=5))
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(f"/requests/{request.id}")).text
    path = f"/grants/{request.grant_id}/hand-over"
    assert (path in page, f"/grants/{request.grant_id}/extend" in page) == (True, False)
    made = await browser.send(path, request=request.id, technician="carol", reason="she is ill")
    assert made.status_code == 303
    view = await house.services.asked.get(house.staff(house.eve), made.headers["location"].rsplit("/", 1)[1])
    assert (view.technician.id, view.request.start) == (carol.id, request.start)


async def test_more_time_is_asked_for_from_the_page(house, visitor, people):
    opened = await house.opened()
    browser = await visitor().enter(people["approver"])
    path, mine = f"/grants/{opened.grant.id}/extend", {"request": opened.record.request_id}
    assert (await browser.send(path, **mine, minutes="30", reason="")).status_code == 422
    assert (await browser.send(path, **mine, minutes="soon", reason="not finished")).status_code == 422
    asked = (await browser.send(path, **mine, minutes="30", reason="not finished")).headers["location"]
    async with house.database.read() as uow:
        request = await uow.requests.get(asked.rsplit("/", 1)[1])
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30)
    async with house.database.read() as uow:
        grant = await uow.grants.get(opened.grant.id)
        (session,) = await uow.sessions.live("n1")
    assert (grant.end > opened.grant.end, session.id) == (True, opened.record.id)


async def test_a_stranger_to_the_hospital_finds_nothing(house, visitor, people, carol):
    opened = await house.opened()
    elsewhere = await visitor().enter(people["approver of another hospital"])
    for path in ("hand-over", "extend"):
        answer = await elsewhere.send(
            f"/grants/{opened.grant.id}/{path}", request=opened.record.request_id, technician="carol", minutes="30",
            reason="her shift is over",
        )  # fmt: skip
        assert answer.status_code == 404
