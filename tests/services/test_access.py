from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bastion import clock
from bastion.domain.access_request import InterventionKind, RequestState
from bastion.domain.conditions import FARTHEST
from bastion.domain.emergency import Call
from bastion.domain.work_plan import PLAIN, UNSAID, PatientData
from bastion.errors import Conflict, DeviceNotReady, Invalid, NotFound, PolicyRefused, ReasonNeeded
from bastion.services.inventory import DeviceForm
from bastion.services.supervision import Supervision
from bastion.store import tables as t
from tests.services.house import OPERATOR, moved
from tests.services.professionals import LABEL, a_professional
from tests.store.tampering import tamper


async def test_a_request_keeps_what_was_asked_and_what_the_policy_said(house):
    request = await house.asked()
    assert (request.quorum, request.stored_state, request.work_order) == (1, RequestState.PENDING, "WO-1")
    assert request.policy_ids
    created = await house.event("request:created")
    assert (created.fields["device"], created.fields["supplier"]) == ("ct-01", "acme"), "names that a reader knows"


async def test_a_second_request_for_the_same_device_is_refused_while_one_waits(house):
    await house.asked()
    with pytest.raises(Conflict):
        await house.asked()


@pytest.mark.parametrize("changes", [{"reason": " "}, {"minutes": 0}, {"reason": "x" * 3000}])
async def test_texts_and_durations_are_checked(house, changes):
    with pytest.raises(Invalid):
        await house.asked(**changes)


async def test_a_start_in_the_past_is_refused(house):
    with pytest.raises(Invalid):
        await house.asked(start=clock.now() - timedelta(hours=1))


async def test_a_start_years_ahead_is_refused(house):
    for far in (clock.now() + FARTHEST + timedelta(minutes=1), datetime.max.replace(tzinfo=UTC)):
        with pytest.raises(Invalid) as refused:
            await house.asked(start=far)
        assert refused.value.field == "start"
    assert (await house.asked(start=clock.now() + FARTHEST)).start is not None


async def test_more_than_the_policy_allows_is_refused_with_its_sentence(house):
    with pytest.raises(PolicyRefused) as refused:
        await house.asked(minutes=5 * 60)
    assert len(str(refused.value.params["why"])) > 10
    assert "request:refused" in await house.tags("request")


async def test_a_source_outside_the_suppliers_networks_is_refused(house):
    stranger = house.technician(source="203.0.113.9")
    with pytest.raises(PolicyRefused):
        await house.services.access.request(stranger, house.draft())


async def test_T33_what_another_hospital_has_is_to_staff_as_what_nobody_has_and_the_trail_keeps_who_asked(house):
    """Alike in the error, and in how often the records are asked and written; a part of several too."""
    access, foresee = house.services.access, house.services.forecasts.of
    eve = house.staff(house.eve)
    far = moved(eve, {"elsewhere"})
    await house.services.inventory.save_device(OPERATOR, DeviceForm("bare", "No account", "chu", ("acme",)))
    tried = []
    for code in ("ct-01", "bare", "nowhere"):
        draft = house.draft(device_code=code, technician_login="alice")
        for attempt in (
            access.request(far, draft),
            access.longest(far, draft),
            foresee(far, draft),
        ):
            with pytest.raises(NotFound) as refused:
                await attempt
            tried.append((refused.value.code, refused.value.public, refused.value.params))
    assert len({str(one) for one in tried}) == 1
    refusals = [e for e in await events(house) if e.tag == "request:refused"]
    assert [(e.fields["device"], e.facility_id) for e in refusals] == [
        ("ct-01", house.device.facility_id), ("bare", house.device.facility_id), ("nowhere", ""),
    ]  # fmt: skip
    assert {(e.actor_id, e.fields["technician"], e.fields["supplier"]) for e in refusals} == {
        (house.eve.id, "alice", "acme")
    }
    with pytest.raises(NotFound):
        await access.request_several(
            house.staff(house.eve), house.draft(technician_login="alice"), ("ct-01", "nowhere")
        )
    assert await house.services.asked.pending(house.staff(house.eve)) == []


async def events(house) -> list:
    async with house.database.read() as uow:
        return list(reversed(await uow.audit.search(limit=500)))


async def test_another_suppliers_device_does_not_exist(house):
    with pytest.raises(NotFound):
        await house.services.access.request(house.technician(house.bob), house.draft())
    with pytest.raises(NotFound):
        await house.asked(device_code="nowhere")


async def test_a_device_without_account_cannot_be_asked_for(house):
    await house.services.inventory.save_device(OPERATOR, DeviceForm("mri-01", "MRI", "chu", ("acme",)))
    with pytest.raises(DeviceNotReady):
        await house.asked(device_code="mri-01")


async def test_staff_may_ask_on_behalf_of_a_technician_but_then_another_decides(house):
    draft = house.draft(technician_login="alice")
    request = await house.services.access.request(house.staff(house.eve), draft)
    assert request.technician_id == house.alice.id
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert not view.can_decide
    assert view.why_not
    assert (await house.services.asked.get(house.staff(house.max), request.id)).can_decide


async def test_the_technician_withdraws_his_own_and_nobody_elses(house):
    request = await house.asked()
    with pytest.raises(NotFound):
        await house.services.taking_back.withdraw(house.technician(house.bob), request.id)
    gone = await house.services.taking_back.withdraw(house.technician(), request.id)
    assert gone.stored_state is RequestState.WITHDRAWN


async def test_what_nobody_answered_in_time_is_listed_as_expired_and_waits_no_more(house, later):
    request = await house.asked()
    search = house.services.asked.search

    async def states() -> set[str]:
        """As what it is listed: to both sides, looked for by its words or not."""
        asked = [
            (state, who, text) for state in (RequestState.PENDING, RequestState.EXPIRED)
            for who in (house.staff(house.eve), house.technician()) for text in ("", request.reason)
        ]  # fmt: skip
        found = [(state, await search(who, state=state, text=text)) for state, who, text in asked]
        assert sorted(len(rows) for _state, rows in found) == [0] * 4 + [1] * 4
        return {state for state, rows in found if rows}

    assert await states() == {"pending"}
    later(hours=3)
    assert await states() == {"expired"}


async def test_T33_requests_of_others_are_not_there(house):
    request = await house.asked()
    with pytest.raises(NotFound):
        await house.services.asked.get(house.technician(house.bob), request.id)
    assert await house.services.asked.search(house.technician(house.bob)) == []
    elsewhere = moved(house.staff(house.eve), {"elsewhere"})
    assert await house.services.asked.pending(elsewhere) == []
    with pytest.raises(NotFound):
        await house.services.asked.get(elsewhere, request.id)


async def test_the_approvers_screen_holds_everything(house):
    request = await house.asked()
    (view,) = await house.services.asked.pending(house.staff(house.eve))
    assert (view.request.id, view.technician.name, view.supplier.code) == (request.id, "Alice Martin", "acme")
    assert (view.device.code, view.facility.code, view.account_login) == ("ct-01", "chu", "service")
    assert view.endpoint_ready
    assert view.decision_reasons
    assert set(view.approvers) == {"Eve", "Max"}


async def test_the_count_is_of_what_the_list_lets_one_decide(house):
    request = await house.approved()
    await house.services.access.extend(house.technician(), request.grant_id, 30, "not finished")
    eve = house.staff(house.eve)
    for who in (eve, house.staff(house.max), moved(eve, {"elsewhere"}), replace(eve, id=house.alice.id)):
        waiting = await house.services.asked.pending(who)
        assert await house.services.asked.to_decide(who) == sum(view.can_decide for view in waiting)
    assert await house.services.asked.to_decide(eve) == 1


async def test_an_extension_is_a_new_request_under_the_same_quorum(house):
    request = await house.approved()
    more = await house.services.access.extend(house.technician(), request.grant_id, 30, "not finished")
    assert (more.extends_grant_id, more.stored_state) == (request.grant_id, RequestState.PENDING)
    await house.services.approvals.approve(house.staff(house.eve), more.id, more.version, 30)
    async with house.database.read() as uow:
        grant = await uow.grants.get(request.grant_id)
    assert grant.end - grant.start == timedelta(minutes=90)


async def test_an_extension_past_the_policys_longest_window_is_refused(house):
    request = await house.approved(minutes=200, kind=InterventionKind.TELEDIAGNOSTIC)
    with pytest.raises((PolicyRefused, ReasonNeeded)):
        await house.services.access.extend(house.technician(), request.grant_id, 240, "much more")


async def test_history_shows_past_interventions(house):
    opened = await house.opened()
    assert isinstance(house.services.supervision, Supervision)
    from bastion.domain.session_events import EndReason
    from bastion.services.sessions import Ending

    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT, digest="d" * 64))
    asked = await house.asked()
    view = await house.services.asked.get(house.staff(house.eve), asked.id)
    assert [h.record.id for h in view.history] == [opened.record.id]


async def test_the_longest_time_is_what_the_rules_allow_for_the_work_and_nothing_is_kept(house):
    alice, access = house.technician(), house.services.access
    assert await access.longest(alice, house.draft(minutes=9999)) == timedelta(hours=4)
    urgent = replace(house.draft(), emergency=Call("Dr Roux"))
    assert await access.longest(alice, urgent) == timedelta(hours=1)
    assert await access.longest(replace(alice, source="203.0.113.9"), house.draft()) is None
    async with house.database.read() as uow:
        assert not await uow.requests.search()


PATIENTS = replace(
    PLAIN, patient_data=PatientData.NEEDED, professional="Dr Hélène Roux", patient_why="open a real plan"
)
SOFTWARE = replace(PLAIN, software_change=True, backup_place="NAS", rollback="restore the image", keeps="archive")


async def test_R38_who_answers_for_patient_data_and_why_is_kept_and_in_the_trail(house):
    await a_professional(house)
    with pytest.raises(Invalid) as refused:
        await house.asked(plan=replace(PATIENTS, professional=""))
    assert refused.value.field == "professional"
    request = await house.asked(plan=PATIENTS)
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert view.request.plan == replace(PATIENTS, professional=LABEL)
    said = (await house.event("request:created")).fields
    assert (said["patient_data"], said["professional"]) == ("needed", LABEL)
    assert (said["patient_why"], said["technician"]) == ("open a real plan", "alice")


async def test_R25_what_the_work_takes_and_meets_is_said_by_whoever_asks_and_in_the_trail(house):
    for who in (house.technician(), house.staff(house.max)):
        with pytest.raises(Invalid) as refused:
            await house.services.access.request(who, house.draft(technician_login="alice", plan=UNSAID))
        assert refused.value.field == "keeps"
    await house.asked()
    said = (await house.event("request:created")).fields
    assert (said["keeps"], said["patient_data"], said["software_change"]) == ("everything", "none", "no")


async def test_R25_what_was_asked_before_these_questions_were_stays_readable(house):
    request = await house.asked()
    old = sa.update(t.access_requests).where(t.access_requests.c.id == request.id)
    await tamper(house.database, old.values(keeps="", said=[]))
    plan = (await house.services.asked.get(house.staff(house.eve), request.id)).request.plan
    assert (plan.keeps, plan.patients, plan.software) == ("", None, None)
    more = await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30)
    assert more.grant_id


async def test_R43_software_is_not_changed_without_a_backup(house):
    with pytest.raises(Invalid) as refused:
        await house.asked(plan=SOFTWARE)
    assert refused.value.field == "backup_at"
    plan = replace(SOFTWARE, backup_at=clock.now())
    with pytest.raises(Invalid):
        await house.asked(plan=plan, kind=InterventionKind.TELEDIAGNOSTIC)
    request = await house.asked(plan=plan)
    assert (await house.services.asked.get(house.staff(house.eve), request.id)).request.plan == plan
    assert (await house.event("request:created")).fields["backup"].endswith(" NAS")


async def test_R43_a_planned_change_may_have_its_backup_later_but_before_it_begins(house):
    start = clock.now() + timedelta(days=1)
    with pytest.raises(Invalid):
        await house.asked(plan=replace(SOFTWARE, backup_at=start + timedelta(minutes=1)), start=start)
    made = await house.asked(plan=replace(SOFTWARE, backup_at=start - timedelta(hours=1)), start=start)
    assert made.plan.backup_at == start - timedelta(hours=1)


async def test_an_extension_goes_on_with_the_plan_of_the_work(house):
    await a_professional(house)
    request = await house.approved(plan=PATIENTS)
    more = await house.services.access.extend(house.technician(), request.grant_id, 30, "")
    assert more.plan == replace(PATIENTS, professional=LABEL)


# -- what waits already ------------------------------------------------------------------------------------------------
NIGHT = Call("Dr Anne Roux", "", "4512")


async def test_what_is_planned_for_another_day_keeps_nobody_from_asking_for_now(house):
    """What waits for three weeks ahead is neither this work nor an emergency."""
    planned = await house.asked(start=clock.now() + timedelta(days=20))
    foreseen = await house.services.forecasts.of(house.staff(house.eve), house.draft(technician_login="alice"))
    assert foreseen.obstacles == ()
    now = await house.asked()
    assert (await house.services.sessions.enter(house.technician(), "ct-01")).pending.id == now.id
    with pytest.raises(Conflict):
        await house.asked(start=planned.start + timedelta(minutes=30))
    with pytest.raises(Conflict):
        await house.asked()
    await house.asked(start=planned.start + timedelta(hours=1))


async def test_R26_an_emergency_waits_for_no_other_work_only_for_another_emergency(house):
    waiting = await house.asked()
    urgent = await house.asked(emergency=NIGHT)
    assert (await house.services.sessions.enter(house.technician(), "ct-01")).pending.id == urgent.id
    with pytest.raises(Conflict):
        await house.asked(emergency=NIGHT)
    await house.services.approvals.approve(house.staff(house.eve), urgent.id, urgent.version, 60)
    with pytest.raises(Conflict):
        await house.asked()
    assert (await house.services.asked.get(house.technician(), waiting.id)).request.stored_state == "pending"


async def test_more_time_is_asked_for_once_whatever_else_waits(house):
    opened = await house.opened()
    await house.services.access.extend(house.technician(), opened.grant.id, 30, "more")
    await house.asked(start=clock.now() + timedelta(days=20))
    with pytest.raises(Conflict):
        await house.services.access.extend(house.technician(), opened.grant.id, 30, "more")
