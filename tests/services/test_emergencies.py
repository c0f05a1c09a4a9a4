"""R-26, R-27: an emergency is agreed to by another person, for a short time, and reviewed by a third."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bastion import clock
from bastion.domain.conditions import Terms
from bastion.domain.emergency import CAN_WAIT, SOON, Call, EmergencyStatus, Outcome
from bastion.domain.parties import Role
from bastion.domain.telling import Topic, topic_of
from bastion.errors import Conflict, Forbidden, FreshFactorNeeded, Invalid, NotFound, PolicyRefused, SelfReview
from bastion.i18n import sentence
from bastion.services.forms import MAX_NAME
from bastion.services.hindrances import MOST_EMERGENCIES
from bastion.services.people import StaffForm
from policies.engine import PolicyEngine
from policies.loader import load
from tests.services.house import CONNECTION, OPERATOR, as_only, moved

CALL = Call("Dr Anne Roux", "", "4512")
NOTE = "Read the recording; the tube was replaced."


@pytest.fixture
def use(house):
    return house.services.emergencies


async def agreed(house, call=CALL):
    return await house.approved(60, emergency=call)


async def test_it_is_one_hour_at_most_watched_marked_and_its_review_is_due(house, use):
    request = await house.asked(emergency=CALL, minutes=240)
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert (view.emergency.caller, view.emergency.callee, view.emergency.call_back) == (
        "Dr Anne Roux", "Alice Martin", "4512",
    )  # fmt: skip
    assert "An emergency" in " ".join(view.decision_reasons)
    assert await use.to_review(house.staff(house.max)) == []
    done = await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 240, "go")
    async with house.database.read() as uow:
        grant = await uow.grants.get(done.grant_id)
    assert (grant.end - grant.start, grant.emergency, grant.watcher) == (timedelta(hours=1), True, True)
    (due,) = await use.to_review(house.staff(house.max))
    assert (due.emergency.agreed_ids, due.emergency.agreed_by_caller, due.can_review) == ((house.eve.id,), False, True)
    assert not (await use.to_review(house.staff(house.eve)))[0].can_review
    event = await house.event("emergency:agreed")
    assert (event.fields["device"], event.fields["caller"]) == ("ct-01", "Dr Anne Roux")
    assert (await house.event("request:created")).fields["emergency"] == "yes"


async def test_other_requests_are_no_emergencies(house, use):
    request = await house.approved()
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert (view.emergency, view.grant.emergency) == (None, False)
    assert await use.search(house.staff(house.max)) == []
    assert topic_of(await house.event("request:created")) is Topic.REQUEST_WAITING


async def test_a_session_opens_under_it(house):
    request = await agreed(house)
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    opened = await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    assert opened.grant.emergency
    view = await house.services.emergencies.get(house.staff(house.max), request.id)
    assert [one.id for one in view.sessions] == [opened.record.id]
    outsider = moved(house.staff(house.max), set())
    with pytest.raises(NotFound):
        await house.services.emergencies.get(outsider, request.id)


@pytest.mark.parametrize("called", ["eve", "EVE", "  Eve ", "Mme Eve", "Eve (biomed)", "eve@chu"])
async def test_R27_who_called_does_not_agree(house, called):
    request = await house.asked(emergency=Call(called))
    with pytest.raises(PolicyRefused, match="called the supplier"):
        await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert (view.can_decide, "called the supplier" in view.why_not) == (False, True)
    await house.services.approvals.approve(house.staff(house.max), request.id, request.version, 60)
    assert (await house.event("emergency:agreed")).fields["own"] == ""


@pytest.fixture
async def dora(house):
    form = StaffForm("dweil", "Dora Weil", "d@chu", frozenset({Role.APPROVER}), ("chu",), "en")
    return await house.services.people.save_staff(OPERATOR, form)


async def test_R27_whose_name_is_like_the_callers_says_that_he_did_not_call(house, dora):
    request = await house.asked(emergency=Call("Dora, biomed"))
    agree, actor = house.services.approvals.approve, house.staff(dora)
    assert (await house.services.asked.get(actor, request.id)).must_disown
    assert not (await house.services.asked.get(house.staff(house.max), request.id)).must_disown
    with pytest.raises(Invalid) as refused:
        await agree(actor, request.id, request.version, 60)
    assert refused.value.field == "not_caller"
    await agree(actor, request.id, request.version, 60, not_caller=True)
    assert (await house.event("request:approved")).fields["disowned"] == "yes"


async def test_R27_who_is_known_to_have_called_spares_the_others_the_question(house, dora):
    form = StaffForm("dmay", "Dora May", "m@chu", frozenset({Role.SECURITY}), ("chu",), "en")
    await house.services.people.save_staff(OPERATOR, form)
    request = await house.asked(emergency=Call("Dora May"))
    await house.services.approvals.approve(house.staff(dora), request.id, request.version, 60)
    assert (await house.event("request:approved")).fields["disowned"] == ""


async def test_R27_where_the_caller_may_agree_nobody_is_asked_to_deny_it(house, dora, tmp_path):
    house.services.decisions.replace_engine(PolicyEngine(load(_without_own_call(tmp_path))))
    request = await house.asked(emergency=Call("Dora"))
    agreed = await house.services.approvals.approve(house.staff(dora), request.id, request.version, 60)
    assert agreed.grant_id


async def test_R27_a_hospital_may_let_one_person_on_duty_agree_and_it_is_marked(house, use, tmp_path):
    house.services.decisions.replace_engine(PolicyEngine(load(_without_own_call(tmp_path))))
    request = await house.asked(emergency=Call("eve"))
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)
    (due,) = await use.to_review(house.staff(house.max))
    assert due.emergency.agreed_by_caller
    assert (await house.event("emergency:agreed")).fields["own"] == "yes"
    with pytest.raises(SelfReview):
        await use.review(house.staff(house.eve), request.id, due.emergency.version, Outcome.JUSTIFIED, NOTE)


def _without_own_call(tmp_path: Path) -> Path:
    """The shipped rules without the one, as the guide says."""
    import policies

    folder = tmp_path / "rules"
    folder.mkdir()
    for file in (Path(policies.__file__).parent / "library").iterdir():
        text = file.read_text()
        if file.name == "staff.cedar":
            begin = text.index('@id("own-call")')
            text = text[:begin] + text[text.index("};", begin) + 2 :]
        if file.name == "examples.toml":
            parts = text.split("[[example]]")
            text = "[[example]]".join(part for part in parts if '"own-call"' not in part)
        (folder / file.name).write_text(text)
    return folder


async def test_R26_an_overdue_review_stops_the_next_emergency_of_that_supplier_and_says_which(house, use, later):
    first = await agreed(house)
    later(days=9)
    (due,) = await use.to_review(house.staff(house.max))
    assert due.emergency.status(due.emergency.review_due_at) is EmergencyStatus.OVERDUE
    with pytest.raises(PolicyRefused) as refused:
        await house.asked(emergency=CALL)
    assert f"To be reviewed: {first.ref}." in sentence(refused.value, "en")
    french = replace(house.technician(), language="fr")
    with pytest.raises(PolicyRefused) as refused:
        await house.services.access.request(french, house.draft(emergency=CALL))
    assert f"À revoir : {first.ref}." in refused.value.public
    assert (await house.event("request:refused")).fields["policy"] == "emergency-unreviewed"
    assert (await house.asked()).quorum == 1, "work that can wait may be asked for"


async def test_a_review_is_signed_once_and_opens_the_way_again(house, use, later):
    request = await agreed(house)
    later(days=9)
    ruth = house.staff(house.ruth)
    one = (await use.get(ruth, request.id)).emergency
    saved = await use.review(ruth, request.id, one.version, Outcome.NOT_JUSTIFIED, NOTE)
    assert (saved.reviewed_by, saved.outcome) == ("Ruth", "not_justified")
    event = await house.event("emergency:reviewed")
    assert (event.fields["verdict"], event.fields["late"], event.fields["note"]) == ("not_justified", "yes", NOTE)
    assert await use.to_review(ruth) == []
    assert [view.emergency.id for view in await use.search(ruth)] == [request.id]
    assert (await house.asked(emergency=CALL)).quorum == 1


async def test_R26_whoever_asked_for_an_emergency_does_not_review_it(house, use):
    max_, ruth = house.staff(house.max), house.staff(house.ruth)
    draft = house.draft(emergency=CALL, minutes=30, technician_login="alice")
    request = await house.services.access.request(max_, draft)
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30, "ok")
    one = (await use.get(max_, request.id)).emergency
    assert [(await use.get(who, request.id)).can_review for who in (max_, ruth)] == [False, True]
    with pytest.raises(SelfReview):
        await use.review(max_, request.id, one.version, Outcome.JUSTIFIED, NOTE)
    await use.review(ruth, request.id, one.version, Outcome.JUSTIFIED, NOTE)


async def test_who_may_review(house, use):
    request = await agreed(house)
    one = (await use.get(house.staff(house.ruth), request.id)).emergency
    elsewhere = moved(house.staff(house.max), {"elsewhere"})
    for person, error in (
        (house.staff(house.eve), SelfReview),
        (house.staff(house.max, fresh=False), FreshFactorNeeded),
        (elsewhere, NotFound),
        (as_only(house.staff(house.ruth), {Role.AUDITOR}), Forbidden),
    ):
        with pytest.raises(error):
            await use.review(person, request.id, one.version, Outcome.JUSTIFIED, NOTE)
    with pytest.raises(NotFound):
        await use.get(elsewhere, request.id)
    assert await use.to_review(as_only(house.staff(house.ruth), set())) == []


async def test_more_time_for_an_emergency_is_one_too_and_moves_no_review(house, use):
    request = await house.approved(30, emergency=CALL)
    more = await house.services.access.extend(house.technician(), request.grant_id, 30, "the tube is still hot")
    view = await house.services.asked.get(house.staff(house.max), more.id)
    assert view.emergency.id == request.id
    before = (await use.get(house.staff(house.ruth), request.id)).emergency
    await house.services.approvals.approve(house.staff(house.max), more.id, more.version, 30)
    after = (await use.get(house.staff(house.ruth), request.id)).emergency
    assert (after.review_due_at, after.agreed_ids) == (before.review_due_at, (house.eve.id, house.max.id))


async def test_approvers_are_told_that_it_is_urgent_even_if_they_declined_other_mails(house, tell, box):
    await tell.choose(house.staff(house.eve), set())
    request = await house.asked(emergency=CALL)
    await tell.gather()
    await tell.deliver("https://bastion.test")
    subjects = [str(mail["subject"]) for mail in box.letters]
    assert subjects
    assert {subject.partition(":")[0] for subject in subjects} == {"URGENT"}
    assert any("eve@chu" in str(mail["to"]) for mail in box.letters)
    assert request.ref in subjects[0]


async def test_a_call_without_a_name_is_refused_at_its_field(house):
    for caller in ("", "x", "y" * (MAX_NAME + 1)):
        with pytest.raises(Invalid) as refused:
            await house.asked(emergency=Call(caller))
        assert refused.value.field == "caller"


async def test_what_can_wait_is_asked_for_as_planned_work(house):
    """Else an emergency for later passes by what planned work must fulfil, first of all a report owed (R-59)."""
    start = clock.now() + SOON + timedelta(minutes=5)
    with pytest.raises(Invalid) as refused:
        await house.asked(emergency=CALL, start=start)
    assert (refused.value.field, sentence(refused.value, "en")) == ("start", CAN_WAIT)
    assert "planifiée" in sentence(refused.value, "fr")
    assert (await house.asked(emergency=CALL, start=start - timedelta(minutes=10))).start is not None


async def test_an_emergency_is_agreed_to_for_now_or_refused(house, use):
    request, eve = await house.asked(emergency=CALL), house.staff(house.eve)
    start = clock.now() + SOON + timedelta(minutes=5)
    with pytest.raises(Invalid) as refused:
        await house.services.approvals.approve(eve, request.id, request.version, 60, "ok", Terms(start=start))
    assert (refused.value.field, sentence(refused.value, "en")) == ("start", CAN_WAIT)
    assert (await use.get(eve, request.id)).emergency.agreed_at is None
    soon = Terms(start=start - timedelta(minutes=10))
    agreed = await house.services.approvals.approve(eve, request.id, request.version, 60, "ok", soon)
    assert agreed.grant_id


async def test_nobody_wakes_whoever_is_on_call_again_and_again(house, later):
    """Called and taken back, it still rang; work that is no emergency may be asked for all the same."""
    for _ in range(MOST_EMERGENCIES):
        request = await house.asked(emergency=CALL)
        await house.services.taking_back.withdraw(house.technician(), request.id)
    with pytest.raises(Conflict) as refused:
        await house.asked(emergency=CALL)
    assert sentence(refused.value, "fr").startswith("Trop d’urgences")
    request = await house.asked()
    await house.services.taking_back.withdraw(house.technician(), request.id)
    later(hours=1, minutes=1)
    await house.asked(emergency=CALL)


async def test_at_the_door_it_is_marked_until_it_is_over(house):
    async def there():
        enter = house.services.sessions.enter
        (line,) = (await enter(house.technician())).menu
        return line.state, line.urgent, (await enter(house.technician(), "ct-01")).emergency

    request = await house.asked(emergency=CALL)
    state, urgent, one = await there()
    assert (state, urgent, one.caller) == ("pending", True, "Dr Anne Roux")
    done = await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30, "go")
    state, urgent, one = await there()
    assert (state, urgent, one.callee) == ("open", True, "Alice Martin")
    await house.services.access.extend(house.technician(), done.grant_id, 10, "not finished")
    assert (await there())[2].id == request.id
    await house.services.approvals.revoke(house.staff(house.eve), done.grant_id, "it works again")
    assert await there() == ("none", False, None)
    await house.asked()
    assert await there() == ("pending", False, None)


async def test_more_time_that_waits_is_of_the_emergency_that_it_goes_on_with(house):
    request = await house.approved(30, emergency=CALL)
    await house.services.access.extend(house.technician(), request.grant_id, 10, "not finished")
    async with house.database.read() as uow:
        assert await uow.requests.awaited(house.alice.id, clock.now()) == {house.device.id: True}
