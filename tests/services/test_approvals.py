import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import AccessRequest, InterventionKind, RequestState
from bastion.domain.conditions import PLAIN, Condition, Terms
from bastion.domain.device import ChannelKind, FileRight
from bastion.domain.grant import GrantStatus
from bastion.domain.lock import LockScope
from bastion.domain.session_events import EndReason
from bastion.errors import (
    AlreadyAgreed,
    ChannelRefused,
    Conflict,
    Forbidden,
    FreshFactorNeeded,
    IllegalTransition,
    Invalid,
    Locked,
    NotFound,
    PolicyRefused,
    ReasonNeeded,
    SelfApproval,
)
from bastion.i18n import sentence
from bastion.services.directory import SupplierForm
from bastion.services.inventory import DeviceForm
from bastion.services.sessions import Ending
from policies.model import Sas
from tests.services.house import CONNECTION, OPERATOR, moved


async def grant_of(house, request):
    async with house.database.read() as uow:
        return await uow.grants.get(request.grant_id)


async def test_one_approver_of_the_facility_opens_a_grant_for_what_the_policy_allows_this_work(house):
    before = clock.now()
    request = await house.approved(minutes=60)
    grant = await grant_of(house, request)
    assert grant.status(clock.now()) is GrantStatus.OPEN
    assert grant.channels == set(ChannelKind)
    assert (grant.files, grant.uploads, grant.downloads) == (set(FileRight), Sas.RULE, Sas.RULE)
    assert before <= grant.start
    assert grant.end - grant.start == timedelta(minutes=60)
    assert grant.approved_by == ("Eve",)
    assert await house.tags("grant") == ["grant:created"]


async def test_diagnosis_takes_files_and_brings_none(house):
    """R-20, R-21: the kind of intervention decides what the grant holds."""
    diagnosis = await grant_of(house, await house.approved(kind=InterventionKind.TELEDIAGNOSTIC))
    assert diagnosis.channels == set(ChannelKind)
    assert (diagnosis.files, diagnosis.uploads) == ({FileRight.DOWNLOAD}, Sas.PERSON)


async def test_assistance_moves_no_files(house):
    assistance = await grant_of(house, await house.approved(kind=InterventionKind.TELEASSISTANCE))
    assert assistance.channels == {ChannelKind.SHELL, ChannelKind.EXEC}
    assert assistance.files == frozenset()


async def test_an_approver_may_give_less_than_was_asked_and_never_more(house):
    shorter = await house.services.approvals.approve(
        house.staff(house.eve), (asked := await house.asked(minutes=120)).id, asked.version, 30
    )
    grant = await grant_of(house, shorter)
    assert grant.end - grant.start == timedelta(minutes=30)


async def test_a_decision_needs_a_fresh_code(house):
    request = await house.asked()
    with pytest.raises(FreshFactorNeeded):
        await house.services.approvals.approve(house.staff(house.eve, fresh=False), request.id, request.version, 60)
    stale = replace(house.staff(house.eve), factor_at=clock.now() - timedelta(minutes=3))
    with pytest.raises(FreshFactorNeeded):
        await house.services.approvals.deny(stale, request.id, request.version, "not now")


async def test_T32_security_and_admin_cannot_approve(house):
    request = await house.asked()
    with pytest.raises(Forbidden):
        await house.services.approvals.approve(house.staff(house.ruth), request.id, request.version, 60)
    with pytest.raises((Forbidden, NotFound)):
        await house.services.approvals.approve(house.technician(), request.id, request.version, 60)


async def test_T32_whoever_asked_cannot_approve(house):
    draft = house.draft(technician_login="alice")
    request = await house.services.access.request(house.staff(house.eve), draft)
    with pytest.raises(SelfApproval):
        await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)
    done = await house.services.approvals.approve(house.staff(house.max), request.id, request.version, 60)
    assert done.stored_state is RequestState.APPROVED


async def test_an_approver_of_another_facility_sees_nothing_to_approve(house):
    request = await house.asked()
    elsewhere = moved(house.staff(house.eve), {"elsewhere"})
    with pytest.raises(NotFound):
        await house.services.approvals.approve(elsewhere, request.id, request.version, 60)


async def test_the_highest_criticality_needs_two_people(house):
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, form)
    request = await house.asked()
    assert request.quorum == 2
    once = await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)
    assert (once.stored_state, once.missing, once.grant_id) == (RequestState.PENDING, 1, "")
    with pytest.raises(Conflict):
        await house.services.approvals.approve(house.staff(house.eve), request.id, once.version, 60)
    twice = await house.services.approvals.approve(house.staff(house.max), request.id, once.version, 60)
    assert (await grant_of(house, twice)).approved_by == ("Eve", "Max")


async def test_two_approvers_at_once_one_wins_and_the_other_is_told(house):
    request = await house.asked()
    acts = [
        house.services.approvals.approve(house.staff(person), request.id, request.version, 60)
        for person in (house.eve, house.max)
    ]
    outcomes = await asyncio.gather(*acts, return_exceptions=True)
    assert [type(o) for o in outcomes].count(AccessRequest) == 1
    lost = [o for o in outcomes if isinstance(o, Exception)]
    assert len(lost) == 1
    (winner,) = [o for o in outcomes if isinstance(o, AccessRequest)]
    assert sentence(lost[0], "en") == f"{winner.decided_by} was faster: nothing is left to decide here."
    assert (await house.tags("grant")).count("grant:created") == 1


async def test_a_page_sent_twice_decides_once_and_says_so(house):
    request = await house.asked()
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)
    with pytest.raises(Conflict) as told:
        await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)
    assert sentence(told.value, "en") == "You have decided on this already; nothing was done twice."
    assert (await house.tags("request")).count("request:approved") == 1


async def test_R22_a_page_sent_twice_is_no_second_agreement(house):
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, form)
    request = await house.asked()
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)
    with pytest.raises(AlreadyAgreed):
        await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)
    with pytest.raises(Conflict, match="version"):
        await house.services.approvals.approve(house.staff(house.max), request.id, request.version, 60)


async def test_what_was_taken_back_meanwhile_is_told(house):
    request = await house.asked()
    await house.services.taking_back.withdraw(house.technician(), request.id)
    with pytest.raises(Conflict) as told:
        await house.services.approvals.deny(house.staff(house.eve), request.id, request.version, "not today")
    assert sentence(told.value, "fr") == "Alice Martin a été plus rapide : il n’y a plus rien à décider ici."


async def test_a_stale_page_is_told(house):
    request = await house.asked()
    with pytest.raises(Conflict):
        await house.services.approvals.approve(house.staff(house.eve), request.id, request.version + 1, 60)


async def test_a_refusal_needs_a_reason_and_reaches_the_request(house):
    request = await house.asked()
    with pytest.raises(ReasonNeeded):
        await house.services.approvals.deny(house.staff(house.eve), request.id, request.version, " ")
    denied = await house.services.approvals.deny(house.staff(house.eve), request.id, request.version, "in use")
    assert (denied.stored_state, denied.decision_note) == (RequestState.DENIED, "in use")


async def test_nothing_is_agreed_while_a_lock_stands(house):
    request = await house.asked()
    await house.services.locks.impose(house.staff(house.ruth), LockScope.SUPPLIER, "acme", "supplier attacked")
    with pytest.raises(Locked):
        await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)


async def test_a_grant_can_be_revoked_with_a_reason(house):
    request = await house.approved()
    with pytest.raises(ReasonNeeded):
        await house.services.approvals.revoke(house.staff(house.eve), request.grant_id, "")
    revoked = await house.services.approvals.revoke(house.staff(house.eve), request.grant_id, "wrong device")
    assert revoked.status(clock.now()) is GrantStatus.REVOKED
    assert (await house.event("grant:revoked")).fields["why"] == "wrong device"


# -- on what terms -----------------------------------------------------------------------------------------------------
async def agreed_on(house, *conditions, start=None, **changes):
    request = await house.asked(**changes)
    terms = Terms(frozenset(conditions), start)
    return await house.services.approvals.approve(house.staff(house.eve), request.id, 1, 60, "ok", terms)


async def test_no_upload_takes_the_right_out_of_the_grant(house):
    grant = await grant_of(house, await agreed_on(house, Condition.NO_UPLOAD))
    assert grant.files == set(FileRight) - {FileRight.UPLOAD}
    assert grant.channels == set(ChannelKind) - {ChannelKind.FORWARD}
    assert grant.conditions == {Condition.NO_UPLOAD}
    assert (await house.event("request:approved")).fields["conditions"] == "no_upload"
    assert (await house.event("grant:created")).fields["conditions"] == "no_upload"


async def test_a_watcher_may_be_demanded(house):
    assert not (await grant_of(house, await house.approved())).watcher
    followed = await grant_of(house, await agreed_on(house, Condition.WATCHER))
    assert followed.watcher


async def test_agreeing_later_moves_the_whole_time(house):
    start = clock.now() + timedelta(hours=5)
    grant = await grant_of(house, await agreed_on(house, start=start))
    assert (grant.start, grant.end - grant.start) == (start, timedelta(minutes=60)), "and nothing begins before"
    assert grant.status(clock.now()) is GrantStatus.SCHEDULED


async def test_what_one_of_two_demands_holds_and_the_later_start_counts(house):
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4)
    await house.services.inventory.save_device(OPERATOR, replace(form, id=house.device.id))
    request = await house.asked()
    now, approve = clock.now(), house.services.approvals.approve
    first = Terms(frozenset({Condition.WATCHER}), now + timedelta(hours=3))
    second = Terms(frozenset({Condition.NO_UPLOAD}), now + timedelta(hours=2))
    half = await approve(house.staff(house.eve), request.id, request.version, 60, "", first)
    whole = await approve(house.staff(house.max), request.id, half.version, 60, "", second)
    grant = await grant_of(house, whole)
    assert grant.conditions == {Condition.WATCHER, Condition.NO_UPLOAD}
    assert (grant.start, grant.watcher) == (first.start, True)
    again = await house.services.asked.get(house.staff(house.eve), request.id)
    assert [a.terms for a in again.request.approvals] == [first, second]


async def test_freeze_first_begins_each_session_frozen_until_somebody_thaws_it(house):
    request = await agreed_on(house, Condition.FREEZE_FIRST)
    sessions, me = house.services.sessions, house.technician()
    await sessions.acknowledge(me, request.grant_id, "terminal")
    first = await sessions.open(me, request.grant_id, CONNECTION)
    assert first.record.frozen_by == "Eve"
    with pytest.raises(ChannelRefused):
        await sessions.open(me, request.grant_id, CONNECTION)
    await house.services.supervision.thaw(house.staff(house.eve), first.record.id)
    beside = await sessions.open(me, request.grant_id, CONNECTION)
    assert beside.record.frozen_at is None, "further connections of work that goes on begin at once"
    for opened in (first, beside):
        await sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    assert (await sessions.open(me, request.grant_id, CONNECTION)).record.frozen_by == "Eve"


async def test_R34_whoever_asked_does_not_let_a_session_begin_that_is_held_first(house):
    services, me = house.services, house.technician()
    asked = await services.access.request(house.staff(house.eve), house.draft(technician_login="alice"))
    terms = Terms(frozenset({Condition.FREEZE_FIRST}))
    agreed = await services.approvals.approve(house.staff(house.max), asked.id, asked.version, 60, "", terms)
    await services.sessions.acknowledge(me, agreed.grant_id, "terminal")
    record = (await services.sessions.open(me, agreed.grant_id, CONNECTION)).record
    with pytest.raises(Forbidden) as refused:
        await services.supervision.thaw(house.staff(house.eve), record.id)
    assert "did not ask for the work" in refused.value.public
    assert (await services.sessions.wishes("n1"))[record.id].frozen_by == "Max"
    assert await house.tags("session:thaw") == []
    await services.supervision.thaw(house.staff(house.max), record.id)
    await services.supervision.freeze(house.staff(house.max), record.id)
    await services.supervision.thaw(house.staff(house.eve), record.id)
    assert not (await services.sessions.wishes("n1"))[record.id].frozen_by, "what went on already he may let go on"


async def test_R24_planned_work_answered_late_gets_what_is_left_of_its_time(house, later):
    start = clock.now() + timedelta(hours=5)
    asked = await house.asked(start=start, minutes=60)
    later(hours=5, minutes=40)
    made = await grant_of(house, await agree(house, asked, 60))
    assert made.end == start + timedelta(minutes=60)
    assert made.first_used(made.start + timedelta(minutes=5)).end == made.end


async def test_R24_planned_work_agreed_to_for_less_than_is_left_of_its_time_gets_that(house, later):
    asked = await house.asked(start=clock.now() + timedelta(hours=5), minutes=60)
    later(hours=5, minutes=30)
    made = await grant_of(house, await agree(house, asked, 10))
    assert made.end - made.start == timedelta(minutes=10)


async def test_R24_planned_work_waits_no_longer_than_it_was_planned(house, later):
    asked = await house.asked(start=clock.now() + timedelta(hours=5), minutes=60)
    later(hours=6)
    with pytest.raises(IllegalTransition) as refused:
        await agree(house, asked, 60)
    assert refused.value.params["state"] == "expired"
    assert await house.services.asked.to_decide(house.staff(house.eve)) == 0


async def test_R24_planned_work_of_before_is_not_agreed_to_once_its_time_is_over(house, later):
    start = clock.now() + timedelta(hours=5)
    asked = await house.asked(start=start, minutes=60)
    async with house.database.write() as uow:
        asked = await uow.requests.save(replace(asked, expires_at=start + timedelta(hours=2)))
    later(hours=6, minutes=30)
    with pytest.raises(IllegalTransition):
        await agree(house, asked, 60)


async def test_R24_a_new_start_that_an_approver_states_gives_the_whole_time_and_the_time_to_answer(house, later):
    asked = await house.asked(start=clock.now() + timedelta(hours=5), minutes=60)
    later(hours=5, minutes=40)
    anew = clock.now() + timedelta(hours=3)
    made = await grant_of(house, await agree(house, asked, 60, Terms(start=anew)))
    assert (made.start, made.end) == (anew, anew + timedelta(minutes=60))


async def agree(house, request, minutes: int, terms: Terms = PLAIN):
    return await house.services.approvals.approve(
        house.staff(house.eve), request.id, request.version, minutes, "", terms
    )


async def test_R22_a_device_that_became_critical_while_a_request_waits_takes_as_many_as_the_rules_want_now(house):
    asked = await house.asked()
    assert asked.quorum == 1
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, form)
    page = await house.services.asked.get(house.staff(house.eve), asked.id)
    assert (page.request.quorum, page.request.missing, page.can_decide) == (2, 2, True)
    half = await agree(house, asked, 60)
    assert (half.stored_state, half.missing, half.grant_id) == (RequestState.PENDING, 1, "")
    (row,) = await house.services.asked.search(house.staff(house.max), state="pending")
    assert (row.request.quorum, row.request.missing) == (2, 1)
    whole = await house.services.approvals.approve(house.staff(house.max), half.id, half.version, 60)
    grant = await grant_of(house, whole)
    assert (whole.stored_state, grant.approved_by) == (RequestState.APPROVED, ("Eve", "Max"))


async def test_R22_of_a_device_that_became_less_critical_nobody_fewer_agrees(house):
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, form)
    asked = await house.asked()
    await house.services.inventory.save_device(OPERATOR, replace(form, criticality=2))
    half = await agree(house, asked, 60)
    assert (asked.quorum, half.stored_state, half.missing) == (2, RequestState.PENDING, 1)


async def test_more_time_is_agreed_to_without_new_terms(house):
    request = await house.approved()
    more = await house.services.access.extend(house.technician(), request.grant_id, 30, "not finished")
    with pytest.raises(Invalid):
        await house.services.approvals.approve(
            house.staff(house.eve), more.id, more.version, 30, "", Terms(frozenset({Condition.NO_UPLOAD}))
        )


@pytest.mark.parametrize("minutes", [0, -1, 24 * 60 + 1])
async def test_nobody_agrees_to_no_time_or_to_more_than_a_day(house, minutes):
    request = await house.asked()
    with pytest.raises(Invalid):
        await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, minutes)
    assert (await house.services.asked.get(house.staff(house.eve), request.id)).request == request


async def test_the_trail_says_from_when_it_was_agreed_to_and_that_it_was_refused(house):
    approvals, eve, start = house.services.approvals, house.staff(house.eve), clock.now() + timedelta(hours=3)
    first = await house.asked()
    await approvals.deny(eve, first.id, first.version, "not today")
    assert (await house.event("request:denied")).fields["note"] == "not today"
    second = await house.asked()
    await approvals.approve(eve, second.id, second.version, 30, "later", Terms(start=start))
    event = await house.event("request:approved")
    assert (event.fields["start"], int(event.fields["agreed"]), int(event.fields["missing"])) == (
        start.isoformat(), 30, 0,
    )  # fmt: skip


async def test_T33_an_approver_of_another_hospital_revokes_nothing(house):
    grant_id = (await house.approved()).grant_id
    other = moved(house.staff(house.eve), {"elsewhere"})
    with pytest.raises((Forbidden, NotFound)):
        await house.services.approvals.revoke(other, grant_id, "why not")
    assert "grant:revoked" not in await house.tags()


async def test_what_the_rules_no_longer_allow_is_not_granted(house, later):
    """The contract ends between the question and the answer."""
    request = await house.asked()
    ended = SupplierForm(
        "acme",
        "Acme Imaging",
        ("127.0.0.0/8",),
        contract_end=clock.now() + timedelta(minutes=10),
        id=house.alice.supplier_id,
    )
    await house.services.directory.save_supplier(OPERATOR, ended)
    later(minutes=11)
    with pytest.raises(PolicyRefused):
        await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)
    assert (await house.services.asked.get(house.staff(house.eve), request.id)).request.approvals == ()


async def test_nothing_is_agreed_on_a_device_that_was_retired_meanwhile(house):
    request, eve = await house.asked(), house.staff(house.eve)
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 2, active=False, id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, form)
    with pytest.raises(Conflict, match="ct-01") as refused:
        await house.services.approvals.approve(eve, request.id, request.version, 30, "ok")
    assert "no longer in use" in sentence(refused.value, "en")
    assert (await house.services.approvals.deny(eve, request.id, request.version, "retired")).grant_id == ""
    assert await house.tags("grant") == []
