import re

import pytest

from bastion.domain.conditions import Condition, Terms
from bastion.domain.session_events import EndReason
from tests.services.house import CONNECTION
from tests.web.visitor import speak


async def test_a_session_is_held_released_and_cut(house, visitor, people):
    opened = await house.opened()
    path = f"/sessions/{opened.record.id}"
    browser = await visitor().enter(people["approver"])
    assert "Alice Martin" in (await browser.see("/sessions")).text
    assert (await browser.send(f"{path}/freeze")).headers["location"] == path
    frozen = (await browser.see(path)).text
    assert "frozen by Approver" in frozen
    assert "Freeze: pass no typing on" not in frozen
    assert (await browser.send(f"{path}/freeze")).status_code == 409
    assert (await browser.send(f"{path}/thaw")).status_code == 303
    assert "Freeze: pass no typing on" in (await browser.see(path)).text
    assert (await browser.send(f"{path}/cut", why="")).status_code == 422
    assert (await browser.send(f"{path}/cut", why="patient arrives")).status_code == 303
    view = await house.services.supervision.get(house.staff(house.eve), opened.record.id)
    assert view.record.cut_why == "patient arrives"
    assert view.record.frozen_at is None


async def test_R34_whoever_asked_reads_who_lets_a_session_begin_that_begins_frozen(house, visitor):
    services, me = house.services, house.technician()
    asked = await services.access.request(house.staff(house.eve), house.draft(technician_login="alice"))
    terms = Terms(frozenset({Condition.FREEZE_FIRST}))
    agreed = await services.approvals.approve(house.staff(house.max), asked.id, asked.version, 60, "", terms)
    await services.sessions.acknowledge(me, agreed.grant_id, "terminal")
    path = f"/sessions/{(await services.sessions.open(me, agreed.grant_id, CONNECTION)).record.id}"
    eve, other = await visitor().enter(house.eve), await visitor().enter(house.max)
    page = (await eve.see(path)).text
    assert "This session begins once somebody of the hospital who did not ask for the work lets it go on" in page
    assert f'action="{path}/thaw"' not in page
    french = (await (await visitor().enter(await speak(house, house.eve, "fr"))).see(path)).text
    assert "Une personne de l’établissement qui n’a pas demandé l’intervention doit la dégeler" in french
    assert f'action="{path}/thaw"' in (await other.see(path)).text
    assert (await other.send(f"{path}/thaw")).status_code == 303
    assert (await other.send(f"{path}/freeze")).status_code == 303
    assert f'action="{path}/thaw"' in (await eve.see(path)).text, "what went on already he may let go on"


async def test_a_cut_withdraws_the_authorisation_too_unless_one_says_no(house, visitor, people):
    opened = await house.opened()
    path, request = f"/sessions/{opened.record.id}", opened.record.request_id
    browser, eve = await visitor().enter(people["approver"]), house.staff(house.eve)
    assert re.search(r'name="withdraw" value="yes" checked', (await browser.see(path)).text)
    kept = await browser.send(f"{path}/cut", why="no")
    assert 'name="withdraw" value="yes" checked' not in kept.text, "a refused form comes back as it was"
    assert (await browser.send(f"{path}/cut", why="patient arrives", withdraw="yes")).status_code == 303
    page = (await browser.see(path)).text
    assert "its authorisation is withdrawn" in page
    assert "can connect again" not in page
    assert "/freeze" not in page, "it is being cut already"
    assert (await house.services.asked.get(eve, request)).grant.revoke_reason == "patient arrives"
    assert (await browser.send(f"{path}/cut", why="patient arrives", withdraw="yes")).status_code == 303, "once more"


async def test_after_a_cut_that_left_it_the_authorisation_is_offered_for_withdrawal(house, visitor, people):
    opened = await house.opened()
    path = f"/sessions/{opened.record.id}"
    browser = await visitor().enter(people["approver"])
    await browser.send(f"{path}/cut", why="patient arrives")
    page = (await browser.see(path)).text
    assert "The technician can connect again until" in page
    done = await browser.send(f"/grants/{opened.grant.id}/revoke", session=opened.record.id, reason="patient arrives")
    assert done.headers["location"] == path
    assert "can connect again" not in (await browser.see(path)).text
    auditor = await visitor().enter(people["auditor"])
    assert "/revoke" not in (await auditor.see(path)).text


def only(page: str, which: str) -> str:
    """The part of that name of the session's page, up to its end; empty where there is none."""
    return page.partition(f'id="{which}"')[2].partition("</section>")[0]


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        (
            "en",
            "goes on unless the authorisation is withdrawn too.",
            "Another session of Alice Martin on ct-01 goes on.",
        ),
        ("fr", "sauf si l’autorisation est retirée aussi.", "Une autre session d’Alice Martin sur ct-01 continue."),
    ],
)
async def test_who_cuts_one_of_two_sessions_is_told_of_the_other(house, visitor, people, language, before, after):
    one = await house.opened()
    two = await house.services.sessions.open(house.technician(), one.grant.id, CONNECTION)
    await speak(house, people["approver"], language)
    browser = await visitor().enter(people["approver"])
    path, way = f"/sessions/{one.record.id}", f'href="/sessions/{two.record.id}"'
    form = only((await browser.see(path)).text, "stop")
    assert before in form
    assert way in form
    await browser.send(f"{path}/cut", why="patient arrives")
    said = only((await browser.see(path)).text, "beside")
    assert after in said
    assert way in said
    await browser.send(f"/sessions/{two.record.id}/cut", why="patient arrives")
    assert not only((await browser.see(path)).text, "beside"), "it is being cut as well"


async def test_no_other_session_is_said_to_go_on_where_the_authorisation_ended_or_there_is_none(house, visitor, people):
    one = await house.opened()
    browser = await visitor().enter(people["approver"])
    path = f"/sessions/{one.record.id}"
    assert "Another session" not in (await browser.see(path)).text
    await house.services.sessions.open(house.technician(), one.grant.id, CONNECTION)
    assert "Another session" in (await browser.see(path)).text
    await browser.send(f"{path}/cut", why="patient arrives", withdraw="yes")
    assert "Another session" not in (await browser.see(path)).text, "all of them end with it"


async def test_T41_a_cut_wants_a_fresh_code_and_holding_does_not(house, visitor, people):
    opened = await house.opened()
    browser = await visitor().enter(people["approver"], fresh=False)
    assert (await browser.send(f"/sessions/{opened.record.id}/freeze")).status_code == 303
    stale = await browser.send(f"/sessions/{opened.record.id}/cut", why="patient arrives")
    assert stale.status_code == 403
    assert "patient arrives" in stale.text
    view = await house.services.supervision.get(house.staff(house.eve), opened.record.id)
    assert view.record.cut_at is None


async def test_an_ended_session_says_how_it_ended_and_cannot_be_cut(house, scenery, visitor, people):
    record = await scenery.recorded(house.alice, "ct-01", "tube", EndReason.CUT, "Eve", "patient arrived")
    browser = await visitor().enter(people["security"])
    page = (await browser.see(f"/sessions/{record.id}")).text
    assert "Cut by a person" in page
    assert "patient arrived" in page
    assert f"/recordings/{record.id}" in page
    assert (await browser.send(f"/sessions/{record.id}/cut", why="again")).status_code == 409


async def test_T31_knowing_the_id_of_anothers_session_is_worth_nothing(house, visitor, people):
    opened = await house.opened()
    browser = await visitor().enter(people["approver of another hospital"])
    assert (await browser.see(f"/sessions/{opened.record.id}")).status_code == 404
    assert (await browser.see(f"/sessions/{'0' * 32}")).status_code == 404
    assert "Nobody is connected" in (await browser.see("/sessions")).text
