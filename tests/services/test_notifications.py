"""Who is told what, once, in his language, and what becomes of it when the mail server or a receiver is away."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pyotp
import pytest

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.emergency import Call
from bastion.domain.held_file import Direction
from bastion.domain.lock import LockScope
from bastion.domain.maintenance import Rhythm
from bastion.domain.parties import Role, system_actor
from bastion.domain.report import After, ReportForm
from bastion.domain.session_effects import Audit
from bastion.domain.session_events import EndReason
from bastion.domain.telling import TOLD, Topic
from bastion.errors import Forbidden, Invalid, NotFound
from bastion.services.digest import counted
from bastion.services.former_addresses import address_changed
from bastion.services.invitations import Answers
from bastion.services.people import StaffForm
from bastion.services.reviews import CampaignForm
from bastion.services.sessions import Ending
from bastion.services.webhooks import WebhookForm
from tests.services.house import OPERATOR, PASSWORD, SOURCE, moved
from tests.services.occasions import a_supplier_s_days, a_window
from tests.services.postroom import ADDRESS, LOOPBACK, heard, point, states, turn
from tests.services.professionals import a_professional, needing
from tests.services.receivers import Authority, receiver


# -- who is told what --------------------------------------------------------------------------------------------------
async def test_a_request_is_told_to_the_approvers_of_its_hospital(house, tell, box):
    form = StaffForm("far", "Far", "far@ch2", frozenset({Role.APPROVER}), ("ch2",), "en")
    await house.services.people.save_staff(OPERATOR, form)
    request = await house.asked()
    await turn(tell)
    subject = f"Request {request.ref} waits for your decision: ct-01"
    assert heard(box) == {"eve@chu": [subject], "max@chu": [subject]}
    text = box.letters[0].get_content()
    assert f"{ADDRESS}/requests/{request.id}\n" in text.replace("\r\n", "\n")
    assert "Acme Imaging · ct-01 · CHU Demo" in text


async def test_who_asked_for_a_technician_is_not_asked_to_decide(house, tell, box):
    eve = house.staff(house.eve)
    request = await house.services.access.request(eve, house.draft(technician_login="alice"))
    await turn(tell)
    assert list(heard(box)) == ["max@chu"]
    await house.services.approvals.approve(house.staff(house.max), request.id, request.version, 30)
    await turn(tell)
    assert heard(box)["eve@chu"] == heard(box)["a@acme"] == [f"Request {request.ref} was agreed to: ct-01"]


async def test_R35_more_time_is_told_with_the_old_end_and_the_new(house, tell, box):
    grant = (await house.opened()).grant
    more = await house.services.access.extend(house.technician(), grant.id, 15, "not finished")
    await turn(tell)
    ends = grant.end, grant.end + timedelta(minutes=15)
    old, new = (f"{one.astimezone(ZoneInfo('Europe/Paris')):%H:%M}" for one in ends)
    assert f"{more.ref}: 15 min more are asked for on ct-01, {old} → {new}" in heard(box)["eve@chu"]
    await house.services.approvals.approve(house.staff(house.eve), more.id, more.version, 15)
    await turn(tell)
    assert f"Request {more.ref} was agreed to: ct-01 until {new}" in heard(box)["a@acme"]


async def test_a_decision_is_told_to_the_technician_without_a_link(house, tell, box):
    request = await house.asked()
    await house.services.approvals.deny(house.staff(house.eve), request.id, request.version, "Madame Durand is inside")
    await turn(tell)
    assert heard(box) == {"a@acme": [f"Request {request.ref} was refused: ct-01"]}, "nobody is asked any more"
    assert ADDRESS not in box.letters[0].get_content()
    assert ("request_waiting", "dropped") in await states(house)


async def test_half_a_quorum_is_no_decision(house, tell, box):
    request = await house.asked()
    await turn(tell)
    async with house.database.write() as uow:
        await uow.audit.append(
            "request:approved", actor=OPERATOR, subject=("request", request.id), at=clock.now(), missing=1
        )
    await turn(tell)
    assert "a@acme" not in heard(box)


async def test_work_is_told_to_whoever_agreed_to_it(house, tell, box):
    opened = await house.opened()
    await turn(tell)
    assert heard(box)["eve@chu"] == ["Somebody is at work on ct-01"]
    assert "max@chu" not in heard(box)
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    await turn(tell)
    assert heard(box)["eve@chu"][1:] == ["The work on ct-01 has ended"]
    assert f"{ADDRESS}/sessions/{opened.record.id}" in box.letters[-1].get_content()


async def test_nothing_of_a_hospital_is_told_to_who_has_no_duty_there_any_more(house, tell, box):
    """Neither what happens after he has gone, nor what was still to be sent when he went."""
    opened = await house.opened()
    form = StaffForm("eve", "Eve", "eve@chu", frozenset({Role.APPROVER}), ("ch2",), "en", id=house.eve.id)
    await tell.gather()
    await house.services.people.save_staff(OPERATOR, form)
    await turn(tell)
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    await turn(tell)
    assert "eve@chu" not in heard(box)
    assert {("session_begun", "dropped"), ("session_ended", "dropped")} <= set(await states(house))


async def test_held_files_of_a_session_are_told_once_in_ten_minutes(house, tell, box, later):
    opened = await house.opened()
    await turn(tell)
    box.raw.clear()
    files = house.services.files
    for number in range(3):
        file, arrival = await files.arriving(opened.record, opened.grant, Direction.IN, f"/fw/canary-{number}.bin")
        arrival.write(0, b"x")
        await files.arrived(opened.record, file, arrival)
        later(seconds=1)
    await turn(tell)
    assert set(heard(box)) == {"eve@chu", "max@chu"}
    assert all(len(subjects) <= 2 for subjects in heard(box).values()), "two stretches of ten minutes at most"


async def test_alarms_are_told_to_security(house, tell, box):
    opened = await house.opened()
    await turn(tell)
    box.raw.clear()
    lock = await house.services.locks.impose(house.staff(house.ruth), LockScope.DEVICE, "ct-01", "canary-why")
    await house.services.locks.lift(house.staff(house.ruth), lock.id, "all is well again")
    facts = {"device": "ct-01", "expected": "a", "seen": "b"}
    await house.services.sessions.note(opened.record, [Audit("device:host_key_changed", facts)])
    for _ in range(3):
        await house.services.upkeep.mark(system_actor(), "recording:failed", detail="disk full", session="")
    await turn(tell)
    assert sorted(heard(box)["ruth@chu"]) == [
        "A cut was lifted", "Access was cut", "Recordings are in trouble", "ct-01 shows another identity",
    ]  # fmt: skip
    assert heard(box)["max@chu"] == ["ct-01 shows another identity"]
    ended = [one for one in heard(box)["eve@chu"] if "was withdrawn" not in one]  # she had agreed to what was cut
    assert (ended, len(heard(box)["eve@chu"])) == (heard(box)["max@chu"], 2)


async def test_who_left_or_has_no_address_is_told_nothing(house, tell, box):
    async with house.database.write() as uow:
        await uow.staff.save(replace(house.eve, email=""))
    await house.asked()
    assert await tell.gather() == 1
    async with house.database.write() as uow:
        await uow.staff.save(replace(house.max, active=False))
    await turn(tell)
    assert (box.raw, await states(house)) == ([], [("request_waiting", "dropped")])


async def test_french_people_read_french(house, tell, box):
    async with house.database.write() as uow:
        await uow.staff.save(replace(house.eve, language="fr"))
    request = await house.asked()
    await turn(tell)
    (got,) = box.to("eve@chu")
    assert got["Subject"] == f"La demande {request.ref} attend votre décision : ct-01"
    assert got["Content-Language"] == "fr"
    assert "Il ne demande jamais de mot de passe par courriel." in got.get_content()
    assert not re.search(r"\b(the|waits|request)\b", got.get_content().replace(f"/requests/{request.id}", "").lower())


async def _set_up(house) -> str:
    """Alice is invited, and uses her link."""
    link = await house.services.invitations.invite(OPERATOR, house.alice.id)
    authenticator = (await house.services.invitations.look(link, SOURCE)).authenticator
    code = pyotp.parse_uri(authenticator).at(clock.now())
    async with house.database.write() as uow:
        moved = replace(house.alice, email="new@acme")
        await address_changed(uow, OPERATOR, moved, house.alice)
    await house.services.invitations.accept(link, Answers(PASSWORD, code), SOURCE)
    return link


async def _taken_back(house, canary: str) -> None:
    """A request by who made it, an authorisation by the hospital; of another, who answers for it leaves the list."""
    asked = await house.asked(reason=canary)
    await house.services.taking_back.withdraw(house.technician(), asked.id, canary)
    agreed = await house.approved(reason=canary)
    await house.services.approvals.revoke(house.staff(house.eve), agreed.grant_id, canary)
    agreed = await house.approved(reason=canary)
    await house.services.taking_back.give_back(house.technician(), agreed.grant_id, canary)
    one = await a_professional(house, name=f"Dr {canary}")
    await house.approved(plan=replace(needing(one.label), patient_why=canary))
    await house.services.professionals.retire(OPERATOR, one.id)


async def _all_that_is_owed(house, canary: str, worked: str) -> None:
    """A question, its answer, a review and a report due and overdue, a window that waits: full of what people type."""
    eve, talk = house.staff(house.eve), house.services.threads
    asked = await house.asked(reason=canary)
    await talk.ask(eve, asked.id, canary)
    await talk.answer(house.technician(), asked.id, canary)
    await house.services.approvals.deny(eve, asked.id, asked.version, canary)
    urgent = await house.approved(emergency=Call(canary, canary, canary), reason=canary)
    async with house.database.write() as uow:
        late = {"emergency:overdue": urgent.id, "report:due": worked, "report:overdue": worked}
        for tag, about in late.items():
            await uow.audit.append(tag, actor=OPERATOR, subject=("request", about), at=clock.now())
    other = replace(a_window(), kind=InterventionKind.TELEMAINTENANCE, rhythm=Rhythm(0, 1, 0, 60))
    for one in (a_window(), other):
        window = await house.services.maintenance.propose(eve, replace(one, reason=canary))
    await house.services.maintenance.end(eve, window.id, canary)
    await a_supplier_s_days(house, canary)
    await house.services.reviews.start(OPERATOR, CampaignForm(canary, clock.now() + timedelta(days=9)))


async def test_no_secret_and_nothing_typed_is_told(house, tell, box, tmp_path):
    """What people type may name a patient; what the vault holds is nobody's business."""
    canary = "canary-s3cret"  # the device's own password, too
    ca = Authority(tmp_path)
    async with receiver(ca.server()) as program:
        point(tell, box.port, ca=ca.file)
        house.services.webhooks._networks = LOOPBACK
        form = WebhookForm("all", f"https://127.0.0.1:{program.port}/", frozenset(Topic) - {Topic.DIGEST})
        _, secret = await house.services.webhooks.register(house.staff(house.ruth), form)
        opened = await house.opened(reason=f"{canary} Jeanne Dupont", work_order=canary)
        await turn(tell)
        files = house.services.files
        file, arrival = await files.arriving(opened.record, opened.grant, Direction.OUT, f"/{canary}/dupont.dcm")
        arrival.write(0, canary.encode())
        await files.arrived(opened.record, file, arrival)
        facts = {"device": "ct-01", "expected": canary, "seen": canary}
        await house.services.sessions.note(opened.record, [Audit("device:host_key_changed", facts)])
        await house.services.upkeep.mark(system_actor(), "recording:failed", detail=canary, session=canary)
        await house.services.sessions.closed(opened.record, Ending(EndReason.CUT, by=canary, why=canary))
        other = await house.asked(reason=canary)
        await house.services.approvals.deny(house.staff(house.eve), other.id, other.version, canary)
        await house.services.reports.write(
            house.technician(), opened.record.request_id, ReportForm(canary, After.IN_SERVICE)
        )
        await _taken_back(house, canary)
        link = await _set_up(house)
        await _all_that_is_owed(house, canary, opened.record.request_id)
        await house.services.locks.impose(house.staff(house.ruth), LockScope.ALL, "", canary)
        await turn(tell)
        mailed = "\n".join(f"{one}\n{one.get_content()}" for one in box.letters)
        posted = "\n".join(f"{one.headers}{one.body.decode()}" for one in program.heard)
    assert {json.loads(one.body)["topic"] for one in program.heard} == {*TOLD.values(), Topic.EMERGENCY_WAITING}
    assert len(box.letters) >= 8
    for text in (mailed, posted):
        assert "ct-01" in text
        for hidden in ("canary", "Dupont", "dupont", secret, link, PASSWORD, "Alice"):
            assert hidden not in text, hidden


# -- nobody answers ----------------------------------------------------------------------------------------------------
async def test_a_request_nobody_answers_is_told_to_the_next_ring_once(house, tell, box, later):
    request = await house.asked()
    await turn(tell)
    later(minutes=14)
    await tell.escalate()
    await turn(tell)
    assert "ruth@chu" not in heard(box)
    later(minutes=2)
    for _ in range(3):
        await tell.escalate()
        await turn(tell)
        later(minutes=20)
    assert heard(box)["ruth@chu"] == [f"Request {request.ref} still waits for a decision: ct-01"]
    assert "15 minutes" in box.to("ruth@chu")[0].get_content()
    assert len(heard(box)["eve@chu"]) == 1


async def test_what_is_answered_or_wished_for_later_is_not_urgent(house, tell, box, later):
    planned = await house.asked(start=clock.now() + timedelta(days=3))
    later(minutes=20)
    await tell.escalate()
    await turn(tell)
    assert "ruth@chu" not in heard(box)
    later(days=2)
    await tell.escalate()
    await turn(tell)
    assert heard(box)["ruth@chu"] == [f"Request {planned.ref} still waits for a decision: ct-01"]
    await house.services.taking_back.withdraw(house.technician(), planned.id)
    await turn(tell)
    box.raw.clear()
    await house.approved()
    later(minutes=20)
    await tell.escalate()
    await turn(tell)
    assert "ruth@chu" not in heard(box)


# -- what people choose ------------------------------------------------------------------------------------------------
async def test_a_person_declines_what_may_be_declined(house, tell, box):
    eve = house.staff(house.eve)
    kept = {Topic.SESSION_BEGUN, Topic.SESSION_ENDED}
    chosen = await tell.choose(eve, kept)
    never = {Topic.REPORT_DUE, Topic.WINDOW_WAITING, Topic.FILE_HELD, Topic.SUBCONTRACTOR_DECLARED}
    assert chosen.muted == {Topic.REQUEST_WAITING, *never}
    assert await tell.choices(eve) == chosen
    await house.asked()
    await turn(tell)
    assert list(heard(box)) == ["max@chu"]
    said = (await house.event("delivery:chosen")).fields["muted"]
    assert said == "file_held report_due request_waiting subcontractor_declared window_waiting"
    for wrong in (Topic.ACCESS_CUT, Topic.DIGEST):
        with pytest.raises(Invalid):
            await tell.choose(eve, {wrong})
    await tell.choose(eve, {Topic.REQUEST_WAITING, *kept})
    assert (await tell.choices(eve)).muted == never


async def test_only_administrators_see_deliveries_and_only_of_their_hospitals(house, tell, box):
    box.refuse = "451 not now"
    await house.asked()
    await turn(tell)
    for person in (house.eve, house.max):
        for act in (tell.search(house.staff(person)), tell.retry(house.staff(person), "x")):
            with pytest.raises(Forbidden):
                await act
    ruth = house.staff(house.ruth)
    (one, _) = await tell.search(ruth)
    elsewhere = moved(ruth, {"fac-2"})
    assert await tell.search(elsewhere) == []
    with pytest.raises(NotFound):
        await tell.retry(elsewhere, one.delivery.id)


# -- the day in numbers ------------------------------------------------------------------------------------------------
async def test_once_a_day_numbers_go_to_those_who_answer_for_it(house, tell, box, monkeypatch):
    await house.opened()
    noon = clock.now().replace(hour=12)
    monkeypatch.setattr(clock, "now", lambda: noon.replace(hour=3))
    await tell.digest()
    monkeypatch.setattr(clock, "now", lambda: noon)
    await tell.gather()
    for _ in range(2):
        await tell.digest()
    async with house.database.read() as uow:
        rows = [one for one in await uow.deliveries.search(limit=100) if one.topic is Topic.DIGEST]
    assert [one.recipient_id for one in rows] == [house.ruth.id]
    assert set(rows[0].facts) == {
        "asked", "agreed", "refused", "sessions", "held", "alarms", "waiting", "desk", "reviews", "rights",
        "unbegun", "undelivered",
    }  # fmt: skip
    assert all(value.isdigit() for value in rows[0].facts.values())


async def test_what_waits_and_what_is_owed_stand_in_the_numbers(house):
    opened = await house.opened(emergency=Call("Dr Anne Roux"))
    file, arrival = await house.services.files.arriving(opened.record, opened.grant, Direction.IN, "/fw/a.bin")
    arrival.write(0, b"x")
    await house.services.files.arrived(opened.record, file, arrival)
    async with house.database.read() as uow:
        numbers = await counted(uow, None, clock.now() + timedelta(seconds=1))
    assert (numbers["reviews"], numbers["desk"], numbers["waiting"]) == ("1", "1", "0")


async def test_the_numbers_are_right_and_of_the_reader_s_hospitals(house):
    await house.opened()
    async with house.database.read() as uow:
        soon = clock.now() + timedelta(seconds=1)
        mine = await counted(uow, frozenset({house.device.facility_id}), soon)
        other = await counted(uow, frozenset({"elsewhere"}), soon)
    assert (mine["asked"], mine["agreed"], mine["sessions"], mine["refused"]) == ("1", "1", "1", "0")
    assert set(other.values()) == {"0"}
