"""R-38: whoever is named for patient data answers for them when a session opens, and whoever can mend it is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.ids import new_id
from bastion.domain.own_words import NOBODY_ANSWERS
from bastion.domain.parties import Role
from bastion.domain.telling import Topic
from bastion.errors import Conflict, GrantRevoked, NoGrant, NotFound
from bastion.i18n import sentence
from bastion.services.answering import NO_MORE, NOT_YET
from bastion.services.nobody import NOBODY_MAY_AGREE
from tests.services.batches import more_devices
from tests.services.house import CONNECTION, OPERATOR
from tests.services.postroom import ENTRANCE, heard, turn
from tests.services.professionals import LABEL, a_professional, needing
from tests.services.test_lists import statements
from tests.services.test_review_places import hired
from tests.services.watched import watched_session


async def retire(house, one):
    await house.services.professionals.retire(house.staff(house.ruth), one.id)


async def opened(house, request):
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    return await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)


async def opens_not(house, request):
    with pytest.raises(NoGrant) as refused:
        await opened(house, request)
    return refused.value


async def test_nothing_opens_once_he_is_retired_and_the_refusal_says_what_to_do(house):
    one = await a_professional(house)
    request = await house.approved(plan=needing())
    await retire(house, one)
    problem = await opens_not(house, request)
    assert problem.public == NO_MORE.format(professional=LABEL)
    assert "Refaites une demande en nommant" in sentence(problem, "fr")
    refused = (await house.event("session:refused")).fields
    assert (refused["why"], refused["technician"]) == ("no_grant", "alice")
    async with house.database.read() as uow:
        assert not await uow.sessions.search()
        assert not await uow.audit.search(tag_prefix="vault:released")


async def test_what_needs_no_patient_data_opens_whoever_is_on_the_list(house):
    one = await a_professional(house)
    request = await house.approved()
    await retire(house, one)
    assert (await opened(house, request)).record


async def test_it_opens_while_somebody_of_that_name_answers(house):
    one = await a_professional(house)
    request = await house.approved(plan=needing())
    await retire(house, one)
    await a_professional(house, rpps="")
    assert (await opened(house, request)).record, "entered anew"


async def test_who_begins_tomorrow_does_not_answer_today(house):
    one = await a_professional(house)
    request = await house.approved(plan=needing())
    await retire(house, one)
    await a_professional(house, since=(clock.now() + timedelta(days=2)).date())
    problem = await opens_not(house, request)
    assert problem.public == NOT_YET.format(professional=LABEL)
    assert "ne répond pas encore" in sentence(problem, "fr")
    entry = await house.services.sessions.enter(house.technician(), "ct-01")
    assert entry.unanswered.public == problem.public


async def test_a_live_session_goes_on_and_says_who_answers_no_longer(house):
    one = await a_professional(house)
    live = await opened(house, await house.approved(plan=needing()))
    eve = house.staff(house.eve)
    assert (await house.services.supervision.get(eve, live.record.id)).unanswered == ""
    await retire(house, one)
    wish = (await house.services.sessions.wishes("n1"))[live.record.id]
    assert wish.welcome
    assert (wish.cut_by, wish.frozen_by) == ("", "")
    assert (await house.services.supervision.get(eve, live.record.id)).unanswered == LABEL
    await opens_not(house, replace(await _request(house, live), grant_id=live.grant.id))


async def _request(house, live):
    async with house.database.read() as uow:
        return await uow.requests.get(live.grant.request_id)


async def test_at_the_door_he_has_no_authorisation_and_reads_why_and_of_two_the_other_opens(house):
    one = await a_professional(house)
    await house.approved(plan=needing(), minutes=60)
    await retire(house, one)
    enter = house.services.sessions.enter
    entry = await enter(house.technician(), "ct-01")
    assert (entry.grant, entry.over) == (None, None)
    assert entry.unanswered.public == NO_MORE.format(professional=LABEL)
    await a_professional(house, name="Dr Paul Vidal", rpps="")
    anew = await house.approved(plan=needing("Dr Paul Vidal"), minutes=30)
    entry = await enter(house.technician(), "ct-01")
    assert (entry.grant.id, entry.unanswered) == (anew.grant_id, None)


async def test_more_time_is_waited_for_no_longer_he_reads_why_and_the_work_is_asked_for_anew(house):
    """Nobody could agree to it, and while it waited he read that his request still waits."""
    one, other = await a_professional(house), await a_professional(house, name="Dr Paul Vidal", rpps="")
    request = await house.approved(plan=needing())
    use = house.services
    longer = await use.access.extend(house.technician(), request.grant_id, 30, "not finished")
    await retire(house, other)
    assert (await use.asked.get(house.technician(), longer.id)).request.stored_state is RequestState.PENDING
    await retire(house, one)
    taken_back = (await use.asked.get(house.technician(), longer.id)).request
    assert (taken_back.stored_state, taken_back.decision_note) == (RequestState.WITHDRAWN, NOBODY_ANSWERS)
    assert (await house.event("request:withdrawn")).subject_id == longer.id
    entry = await use.sessions.enter(house.technician(), "ct-01")
    assert entry.pending is None
    assert entry.unanswered.public == NO_MORE.format(professional=LABEL)
    await a_professional(house, name="Dr Paul Vidal", rpps="")
    assert (await house.asked(plan=needing("Dr Paul Vidal"))).id != longer.id


async def test_what_he_waits_for_comes_while_somebody_answers_then_and_until_it_is_taken_back(house, later):
    one = await a_professional(house)
    request = await house.approved(plan=needing(), start=clock.now() + timedelta(hours=1), minutes=60)
    still_coming = house.services.sessions.still_coming
    await still_coming(house.technician(), request.grant_id)
    with pytest.raises(NotFound):
        await still_coming(replace(house.technician(), id="another"), request.grant_id)
    later(minutes=61)
    await still_coming(house.technician(), request.grant_id)
    await retire(house, one)
    with pytest.raises(NoGrant) as refused:
        await still_coming(house.technician(), request.grant_id)
    assert refused.value.public == NO_MORE.format(professional=LABEL)
    await house.services.approvals.revoke(house.staff(house.eve), request.grant_id, "a patient is on the table")
    with pytest.raises(GrantRevoked):
        await still_coming(house.technician(), request.grant_id)


@pytest.mark.parametrize(("day", "days", "says"), [("since", 6, NOT_YET), ("until", 1, NO_MORE)])
async def test_a_start_at_which_he_does_not_answer_is_told_before_it_comes(house, day, days, says):
    """His entry was wrong, and is made anew: from after the start on, or until before it."""
    one = await a_professional(house)
    request = await house.approved(plan=needing(), start=clock.now() + timedelta(days=3), minutes=60)
    await retire(house, one)
    await a_professional(house, **{day: (clock.now() + timedelta(days=days)).date()})
    with pytest.raises(NoGrant) as refused:
        await house.services.sessions.still_coming(house.technician(), request.grant_id)
    assert refused.value.public == says.format(professional=LABEL)


async def test_of_what_waits_and_what_was_agreed_the_page_says_it_and_of_what_is_over_nothing(house, later):
    one = await a_professional(house)
    agreed, eve = await house.approved(plan=needing()), house.staff(house.eve)
    waiting = await house.asked(plan=needing())
    coming = await house.approved(plan=needing(), start=clock.now() + timedelta(days=1))

    async def said(*requests):
        return [(await house.services.asked.get(eve, one.id)).unanswered for one in requests]

    assert await said(agreed, waiting, coming) == ["", "", ""]
    await retire(house, one)
    assert await said(agreed, waiting, coming) == [LABEL] * 3
    later(days=2)
    assert await said(agreed, waiting, coming) == ["", "", ""]


async def test_what_was_asked_in_free_words_is_agreed_to_once_somebody_of_that_name_is_entered(house):
    """As before there was a list: the name was typed."""
    await a_professional(house)
    asked = await house.asked(plan=needing())
    old = replace(asked, id=new_id(clock.now()), plan=needing("Dr  Anne ROY"), first_id="")
    async with house.database.write() as uow:
        await uow.requests.add(old)
    eve = house.staff(house.eve)
    approve = house.services.approvals.approve
    with pytest.raises(Conflict):
        await approve(eve, old.id, old.version, 60)
    assert (await house.services.asked.get(eve, old.id)).unanswered == "Dr  Anne ROY"
    await a_professional(house, name="Dr Anne Roy", rpps="")
    assert (await house.services.asked.get(eve, old.id)).unanswered == ""
    assert (await approve(eve, old.id, old.version, 60)).grant_id


async def test_who_agreed_who_follows_and_whose_it_is_are_told(house, tell, box):
    one = await a_professional(house)
    house_draft = house.draft
    house.draft = lambda **changes: house_draft(**{"plan": needing()} | changes)
    live = await watched_session(house)
    await house.services.watching.take(house.staff(house.max), live.record.id, "a browser")
    await turn(tell)
    box.raw.clear()
    await retire(house, one)
    event = await house.event("grant:unanswered")
    assert (event.subject_id, event.fields["professional"]) == (live.grant.id, LABEL)
    await turn(tell)
    assert set(heard(box)) == {"a@acme", house.eve.email, house.max.email, "pia@chu"}
    text = next(one for one in box.letters if "a@acme" in str(one["To"])).get_content()
    assert "no new session opens under it, one that is open goes on" in " ".join(text.split())
    assert f"{ENTRANCE}/supplier/requests/{live.grant.request_id}" in text
    assert "Roux" not in text
    async with house.database.read() as uow:
        told = [one for one in await uow.deliveries.search(limit=50) if one.topic is Topic.GRANT_UNANSWERED]
    assert len(told) == 4


async def test_nobody_is_told_where_another_entry_of_that_name_answers_or_another_hospital_retires_one(house):
    one = await a_professional(house)
    await house.approved(plan=needing())
    other = await a_professional(house, title="head of radiology", rpps="")
    await retire(house, other)
    assert await house.tags("grant:unanswered") == []
    await house.services.professionals.retire(OPERATOR, one.id)
    assert await house.tags("grant:unanswered") == ["grant:unanswered"]


async def test_R64_however_much_was_agreed_to_who_retires_him_asks_no_more_of_the_database(house):
    """Every cut waits meanwhile."""

    async def retiring(count: int) -> int:
        one = await a_professional(house)
        for hour in range(count):
            await house.approved(plan=needing(), start=clock.now() + timedelta(hours=2 * hour + 1))
        with statements() as asked:
            await retire(house, one)
        return len([text for text in asked if not text.startswith("INSERT") and "pg_notify" not in text])

    one = await retiring(1)
    assert len(await house.tags("grant:unanswered")) == 1
    assert await retiring(4) == one
    assert len(await house.tags("grant:unanswered")) == 6


async def in_the_menu(house) -> dict[str, str]:
    return {one.device.code: one.state for one in (await house.services.sessions.enter(house.technician())).menu}


async def test_the_menu_says_that_nothing_opens_until_it_is_asked_anew(house):
    await more_devices(house)
    one = await a_professional(house)
    later = clock.now() + timedelta(days=1)
    await house.approved(plan=needing())
    await house.approved(plan=needing(), device_code="ct-02", start=later)
    assert await in_the_menu(house) == {"ct-01": "open", "ct-02": "scheduled", "ct-03": "none"}
    await retire(house, one)
    assert await in_the_menu(house) == {"ct-01": "unanswered", "ct-02": "unanswered", "ct-03": "none"}
    await a_professional(house, name="Dr Paul Vidal", rpps="")
    anew = await house.asked(plan=needing("Dr Paul Vidal"), minutes=30)
    assert (await in_the_menu(house))["ct-01"] == "pending"
    await house.services.approvals.approve(house.staff(house.eve), anew.id, anew.version, 30)
    assert await in_the_menu(house) == {"ct-01": "open", "ct-02": "unanswered", "ct-03": "none"}
    await a_professional(house, rpps="")
    assert await in_the_menu(house) == {"ct-01": "open", "ct-02": "scheduled", "ct-03": "none"}


async def test_who_answers_at_another_hospital_does_not_in_the_menu_of_this_one(house):
    await more_devices(house)
    one = await a_professional(house)
    await a_professional(house, facility_code="ch2", rpps="")
    await house.approved(plan=needing())
    far = await house.asked(plan=needing(), device_code="ct-03")
    ana = await hired(house, "ana", (Role.APPROVER, "ch2"))
    await house.services.approvals.approve(house.staff(ana), far.id, far.version, 60)
    await retire(house, one)
    assert await in_the_menu(house) == {"ct-01": "unanswered", "ct-02": "none", "ct-03": "open"}


async def test_the_menu_asks_no_oftener_for_more_that_was_agreed_to(house):
    await more_devices(house)
    await a_professional(house)
    counts = []
    for code in ("ct-01", "ct-02"):
        await house.approved(plan=needing(), device_code=code)
        with statements() as asked:
            await in_the_menu(house)
        counts.append(len(asked))
    assert len(set(counts)) == 1


async def why_stuck(house, request) -> str:
    """As the page of the request says it, and the terminal of whoever waits: the same."""
    page = await house.services.asked.get(house.staff(house.eve), request.id)
    entry = await house.services.sessions.enter(house.technician(), "ct-01")
    assert page.stuck == entry.stuck
    return page.stuck


async def test_who_waits_reads_that_nobody_can_agree_and_it_may_still_be_refused(house):
    one = await a_professional(house)
    request, eve = await house.asked(plan=needing()), house.staff(house.eve)
    assert await why_stuck(house, request) == ""
    await retire(house, one)
    assert await why_stuck(house, request) == NOBODY_MAY_AGREE
    with pytest.raises(Conflict):
        await house.services.approvals.approve(eve, request.id, request.version, 60)
    again = await a_professional(house, rpps="")
    assert await why_stuck(house, request) == "", "entered anew"
    await retire(house, again)
    refused = await house.services.approvals.deny(eve, request.id, request.version, "Ask anew")
    assert refused.decision_note == "Ask anew"


async def test_whoever_waits_with_what_names_him_looks_again_at_once(house):
    await more_devices(house)
    one = await a_professional(house)
    named = await house.asked(plan=needing())
    await house.asked(device_code="ct-02")
    hints = house.services.hints("request")
    await anext(hints)  # that all is to be read once
    await retire(house, one)
    after = await house.asked(device_code="ct-03")
    assert [(await anext(hints)).key for _ in range(2)] == [named.id, after.id]
