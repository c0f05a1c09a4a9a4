"""The page of a session that somebody must follow."""

import pytest

from bastion.domain.parties import Role
from bastion.domain.session_effects import Audit
from bastion.services.people import Duty, StaffForm
from tests.services.house import OPERATOR
from tests.services.watched import approver, watched_session
from tests.web.visitor import speak


async def test_R34_the_watch_is_taken_kept_and_left(house, visitor, people):
    opened = await watched_session(house)
    path = f"/sessions/{opened.record.id}"
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(path)).text
    assert "Nobody follows this session" in page
    assert "data-presence=" not in page
    assert "Waits for somebody to follow" in (await browser.see("/sessions")).text
    assert (await browser.send(f"{path}/watch/beat")).status_code == 409
    assert (await browser.send(f"{path}/watch")).headers["location"] == path
    assert f'data-presence="{path}/watch/beat"' in (await browser.see(path)).text
    assert (await browser.send(f"{path}/watch/beat")).status_code == 204
    (watch,) = await house.services.watching.standing([opened.grant.id])
    assert (watch.staff_name, watch.beats) == ("Approver", 1)
    assert (await browser.send(f"{path}/watch/leave")).headers["location"] == path
    assert await house.services.watching.standing([opened.grant.id]) == []


async def test_the_first_page_says_that_a_session_waits_to_whoever_could_follow_it(house, visitor, people):
    opened = await watched_session(house)
    wanted = f'href="/sessions/{opened.record.id}">Alice Martin on Scanner 1 waits: somebody must follow'
    for who, told in (("approver", True), ("security", True), ("auditor", False), ("admin", False)):
        page = (await (await visitor().enter(people[who])).see("/")).text
        assert (wanted in page) is told, who
    watch = await house.services.watching.take(house.staff(house.eve), opened.record.id, "b")
    await house.services.watching.judged({watch.id: True}, [])
    assert wanted not in (await (await visitor().enter(people["approver"])).see("/board")).text


async def test_T11_a_stale_code_does_not_do(house, visitor, people):
    opened = await watched_session(house)
    path = f"/sessions/{opened.record.id}"
    browser = await visitor().enter(people["approver"], fresh=False)
    answer = await browser.send(f"{path}/watch")
    assert answer.status_code == 403
    assert '<details class="confirm" hx-morph-skip><summary' in answer.text, "only the form that was sent is open"
    assert await house.services.watching.standing([opened.grant.id]) == []


async def test_who_asked_reads_why_another_must(house, visitor):
    pia, jo = await approver(house, "pia"), await approver(house, "jo")
    opened = await watched_session(house, asked_by=house.eve, agreed_by=(pia, jo))
    browser = await visitor().enter(house.eve)
    page = (await browser.see(f"/sessions/{opened.record.id}")).text
    assert "Another person of the hospital must follow it." in page
    assert "Nobody follows, in the hospital’s stead, the work he asked for himself." in page
    assert f'/sessions/{opened.record.id}/watch"' not in page
    assert (await browser.send(f"/sessions/{opened.record.id}/watch")).status_code == 403


async def test_an_ordinary_session_offers_nothing_to_follow(house, visitor, people):
    opened = await house.opened()
    browser = await visitor().enter(people["approver"])
    assert "Somebody must follow" not in (await browser.see(f"/sessions/{opened.record.id}")).text
    assert (await browser.send(f"/sessions/{opened.record.id}/watch")).status_code == 409


async def test_it_is_said_in_french(house, visitor, people):
    opened = await watched_session(house)
    browser = await visitor().enter(await speak(house, people["approver"], "fr"))
    page = (await browser.see(f"/sessions/{opened.record.id}")).text
    for words in ("Suivi obligatoire", "Suivre cette session", "Attend d’être suivie"):
        assert words in page


@pytest.mark.parametrize(
    "duties",
    [(Duty(Role.SECURITY, "ch2"), Duty(Role.AUDITOR, "chu")), (Duty(Role.APPROVER, "chu", ("Pédiatrie",)),)],
    ids=["security of another hospital", "approver of another ward"],
)
async def test_T31_a_duty_elsewhere_opens_the_page_and_neither_the_watch_nor_what_is_done(house, visitor, duties):
    opened = await watched_session(house)
    facts = {"channel": 1, "kind": "exec", "detail": "cat /secret"}
    await house.services.sessions.note(opened.record, [Audit("channel:opened", facts)])
    form = StaffForm("zoe", "Zoé", "zoe@chu", language="en", duties=duties)
    zoe = await house.services.people.save_staff(OPERATOR, form)
    browser, path = await visitor().enter(zoe), f"/sessions/{opened.record.id}"
    page = await browser.see(path)
    assert page.status_code == 200
    assert "Another person of the hospital must follow it." in page.text
    assert "cat /secret" not in page.text
    assert f'action="{path}/watch"' not in page.text
    assert (await browser.send(f"{path}/watch")).status_code == 403
