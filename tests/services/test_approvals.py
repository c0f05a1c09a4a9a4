import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import AccessRequest, InterventionKind, RequestState
from bastion.domain.device import ChannelKind, FileRight
from bastion.domain.grant import GrantStatus
from bastion.domain.lock import LockScope
from bastion.errors import Conflict, Forbidden, FreshFactorNeeded, Locked, NotFound, ReasonNeeded, SelfApproval
from bastion.services.inventory import DeviceForm
from policies.model import Sas
from tests.services.house import OPERATOR, moved


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
    assert (await house.tags("grant")).count("grant:created") == 1


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
