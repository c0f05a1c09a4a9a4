"""Who hears of questions, reviews and windows: whoever owes the next step, and nothing that was typed (R-25, R-26)."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pyotp
import pytest

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.emergency import Call, Outcome
from bastion.domain.importing import Register
from bastion.domain.local_time import day_end
from bastion.domain.lock import LockScope
from bastion.domain.maintenance import Rhythm
from bastion.domain.paper import PaperKind
from bastion.domain.parties import Role, assigned, system_actor
from bastion.domain.report import After, ReportForm
from bastion.domain.session_events import EndReason
from bastion.domain.telling import DeliveryState, RecipientKind, Topic
from bastion.errors import Forbidden, Invalid
from bastion.services.company import ColleagueChange
from bastion.services.duties import Duty
from bastion.services.inventory import DeviceForm
from bastion.services.invitations import Answers
from bastion.services.letters import webhook_body
from bastion.services.maintenance import WindowForm
from bastion.services.papers import PaperForm
from bastion.services.people import StaffForm, TechnicianForm
from bastion.services.sessions import Ending
from bastion.services.subcontractors import SubcontractorForm
from bastion.services.webhooks import WebhookForm
from tests.services.batches import a_batch, more_devices
from tests.services.house import OPERATOR, PASSWORD, SOURCE, public_line
from tests.services.in_turn import engine as in_turn_rules
from tests.services.postroom import ADDRESS, ENTRANCE, heard, point, states, turn

CANARY = "canary-Durand"


@pytest.fixture
def talk(house):
    return house.services.threads


def letter_to(box, address: str):
    return next(one for one in reversed(box.letters) if one["To"] == address)


def nothing_typed(box) -> None:
    for one in box.letters:
        assert CANARY not in one["Subject"] + one.get_content()


# -- questions and answers ---------------------------------------------------------------------------------------------
async def test_R25_a_question_reaches_the_technician_and_the_answer_who_asked(house, tell, box, talk):
    request = await house.asked()
    await turn(tell)
    box.raw.clear()
    await talk.ask(house.staff(house.eve), request.id, CANARY)
    await turn(tell)
    assert heard(box) == {"a@acme": [f"The hospital asks about request {request.ref}: ct-01"]}
    text = letter_to(box, "a@acme").get_content()
    assert "Acme Imaging · ct-01 · CHU Demo" in text
    assert f"{ENTRANCE}/supplier/requests/{request.id}" in text
    assert ADDRESS not in text
    await talk.answer(house.technician(), request.id, f"{CANARY} is not inside")
    await turn(tell)
    assert heard(box)["eve@chu"] == [f"Your question on request {request.ref} is answered: ct-01"]
    assert f"{ADDRESS}/requests/{request.id}" in letter_to(box, "eve@chu").get_content()
    assert "max@chu" not in heard(box), "he asked nothing"
    nothing_typed(box)


async def test_who_asked_in_a_technicians_name_is_asked_too_with_the_way_to_answer(house, tell, box, talk):
    eve = house.staff(house.eve)
    request = await house.services.access.request(eve, house.draft(technician_login="alice"))
    await talk.ask(house.staff(house.max), request.id, CANARY)
    await turn(tell)
    told = heard(box)
    assert told["a@acme"] == told["eve@chu"] == [f"The hospital asks about request {request.ref}: ct-01"]
    assert f"{ADDRESS}/requests/{request.id}" in letter_to(box, "eve@chu").get_content()
    nothing_typed(box)


async def test_each_question_is_told_and_an_answer_goes_to_those_whose_question_was_open(house, tell, box, talk, later):
    request = await house.asked()
    await turn(tell)
    box.raw.clear()
    await talk.ask(house.staff(house.eve), request.id, "Which tube?")
    await turn(tell)
    await talk.answer(house.technician(), request.id, "the left one")
    later(seconds=1)
    await talk.ask(house.staff(house.max), request.id, "And the fan?")
    await turn(tell)
    later(seconds=1)
    await talk.answer(house.technician(), request.id, "it stays")
    await turn(tell)
    told = heard(box)
    assert [len(told[address]) for address in ("a@acme", "eve@chu", "max@chu")] == [2, 1, 1]


async def test_a_question_that_is_answered_or_decided_before_the_mail_leaves_is_not_mailed(house, tell, box, talk):
    request = await house.asked()
    await turn(tell)
    box.raw.clear()
    await talk.ask(house.staff(house.eve), request.id, "Which tube?")
    await talk.answer(house.technician(), request.id, "the left one")
    await turn(tell)
    assert "a@acme" not in heard(box)
    await talk.ask(house.staff(house.eve), request.id, "And the fan?")
    await house.services.approvals.deny(house.staff(house.max), request.id, request.version, "not today")
    await turn(tell)
    assert heard(box)["a@acme"] == [f"Request {request.ref} was refused: ct-01"]
    assert (await states(house)).count(("question_asked", "dropped")) == 2


# -- taken back and withdrawn ------------------------------------------------------------------------------------------
async def bea_speaks(house):
    return await bea_speaks_by(house, house.staff(house.ruth))


async def bea_speaks_by(house, admin):
    form = TechnicianForm("bea", "Bea Petit", "bea@acme", "acme", "en")
    bea = await house.services.people.save_technician(OPERATOR, form)
    await house.services.company.name_correspondent(admin, bea.id, named=True)
    return bea


async def test_a_request_taken_back_is_told_to_those_who_were_told_that_it_waits(house, tell, box):
    request = await house.asked()
    await turn(tell)
    box.raw.clear()
    await house.services.taking_back.withdraw(house.technician(), request.id, CANARY)
    await turn(tell)
    said = f"Request {request.ref} was taken back: ct-01"
    assert heard(box) == {"eve@chu": [said], "max@chu": [said]}
    assert f"{ADDRESS}/requests/{request.id}" in letter_to(box, "eve@chu").get_content()
    nothing_typed(box)


async def test_of_a_request_that_nobody_was_told_of_nobody_hears_that_it_was_taken_back(house, tell, box):
    request = await house.asked()
    await house.services.taking_back.withdraw(house.technician(), request.id)
    await turn(tell)
    assert heard(box) == {}


async def test_who_has_agreed_already_and_for_whom_it_was_hear_that_staff_took_it_back(house, tell, box):
    await tell.choose(house.staff(house.max), {Topic.SESSION_BEGUN})
    vital = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, vital)
    form = StaffForm("fay", "Fay", "fay@chu", frozenset({Role.APPROVER}), ("chu",), "en")
    fay = house.staff(await house.services.people.save_staff(OPERATOR, form))
    request = await house.services.access.request(fay, house.draft(technician_login="alice"))
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30)
    await house.services.taking_back.withdraw(fay, request.id, CANARY)
    await turn(tell)
    said = f"Request {request.ref} was taken back: ct-01"
    assert heard(box) == {"eve@chu": [said], "a@acme": [said]}, "Fay did it herself, Max has declined"
    nothing_typed(box)


async def test_an_authorisation_withdrawn_is_told_to_whoever_counted_on_it(house, tell, box):
    """Not to who withdrew it; each reads where its reason stands, and the reason stays behind the sign-in."""
    await bea_speaks(house)
    begins = clock.now() + timedelta(days=1)
    request = await house.approved(start=begins)
    await turn(tell)
    box.raw.clear()
    await house.services.approvals.revoke(house.staff(house.max), request.grant_id, CANARY)
    await turn(tell)
    said = f"The authorisation {request.ref} was withdrawn: ct-01"
    assert heard(box) == {"a@acme": [said], "bea@acme": [said], "eve@chu": [said]}
    planned = f"{begins.astimezone(ZoneInfo('Europe/Paris')):%Y-%m-%d %H:%M}"
    for who, page in {
        "a@acme": f"{ENTRANCE}/supplier/requests/{request.id}",
        "bea@acme": f"{ENTRANCE}/supplier/company/requests/{request.id}",
        "eve@chu": f"{ADDRESS}/requests/{request.id}",
    }.items():
        text = letter_to(box, who).get_content()
        assert planned in text
        assert f"{page}\n" in text.replace("\r\n", "\n")
    nothing_typed(box)


async def test_a_cut_tells_the_technician_that_his_authorisation_is_gone(house, tell, box):
    request = await house.approved(start=clock.now() + timedelta(days=1))
    await turn(tell)
    box.raw.clear()
    await house.services.locks.impose(house.staff(house.ruth), LockScope.SUPPLIER, "acme", CANARY)
    await turn(tell)
    assert heard(box)["a@acme"] == [f"The authorisation {request.ref} was withdrawn: ct-01"]
    nothing_typed(box)


async def test_what_is_handed_over_is_not_called_withdrawn(house, tell, box):
    await bea_speaks(house)
    request = await house.approved()
    passed = await house.services.handovers.ask(house.technician(), request.grant_id, "bea", CANARY)
    await turn(tell)
    box.raw.clear()
    await house.services.approvals.approve(house.staff(house.max), passed.id, passed.version, 30)
    await turn(tell)
    assert f"The authorisation {request.ref} was handed over: ct-01" in heard(box)["a@acme"]
    assert "eve@chu" not in heard(box)
    assert not [one for told in heard(box).values() for one in told if "withdrawn" in one]


async def test_programs_hear_of_a_withdrawal_of_either_kind(house, tell):
    topics = frozenset({Topic.REQUEST_WITHDRAWN, Topic.GRANT_REVOKED})
    form = WebhookForm("GTC", "https://198.51.100.7/hook", topics, "chu")
    await house.services.webhooks.register(house.staff(house.ruth), form)
    request = await house.approved()
    await house.services.approvals.revoke(house.staff(house.eve), request.grant_id, CANARY)
    other = await house.asked()
    await house.services.taking_back.withdraw(house.technician(), other.id, CANARY)
    while await tell.gather():
        pass
    async with house.database.read() as uow:
        rows = await uow.deliveries.search(limit=50)
    told = {one.topic: one for one in rows if one.channel == "webhook"}
    usual = {"device", "facility", "supplier", "request", "ref", "kind"}
    assert told[Topic.REQUEST_WITHDRAWN].facts.keys() == usual
    assert told[Topic.GRANT_REVOKED].facts.keys() == usual | {"planned"}
    assert {one.path for one in told.values()} == {f"/requests/{request.id}", f"/requests/{other.id}"}
    assert CANARY not in repr(rows)


# -- a link that sets somebody up --------------------------------------------------------------------------------------
async def used(house, link: str, step: int = 0) -> None:
    links = house.services.invitations
    secret = pyotp.parse_uri((await links.look(link, SOURCE)).authenticator).secret
    code = pyotp.TOTP(secret).at(clock.now(), counter_offset=step)
    await links.accept(link, Answers(PASSWORD, code, public_line()), SOURCE)


async def carl_comes(house):
    form = TechnicianForm("carl", "Carl", "carl@acme", "acme", "en")
    return await house.services.people.save_technician(OPERATOR, form)


async def test_R11_whom_a_link_is_for_hears_of_it_at_his_own_address_and_once_more_when_it_is_used(house, tell, box):
    """By whom, and whom to call if it was not he; the link itself is in no mail."""
    bea, carl = await bea_speaks(house), await carl_comes(house)
    link = await house.services.invitations.invite(house.technician(bea), carl.id)
    await turn(tell)
    told = heard(box)
    assert told.pop("carl@acme") == ["A link was made that sets up your access"]
    said = ["A link was made that sets up the access of carl"]
    assert told == {"bea@acme": said, "ruth@chu": said}, "she hears what her account did"
    text = letter_to(box, "carl@acme").get_content()
    assert "Bea Petit" in text
    assert "call the hospital" in text
    assert link not in text
    box.raw.clear()
    await used(house, link)
    await turn(tell)
    assert heard(box) == {"carl@acme": ["Your access was set up"]}, "nothing was replaced: nobody else need know"
    text = letter_to(box, "carl@acme").get_content()
    assert "Bea Petit" in text
    assert "If it was not you, call the hospital at once" in text


async def test_R11_that_a_factor_was_replaced_is_told_to_the_group_s_administrators_and_security(house, tell, box):
    group = replace(house.ruth, id="gil", login="gil", email="gil@group", assignments=assigned({Role.SECURITY}, {"*"}))
    async with house.database.write() as uow:
        await uow.staff.add(group)
        await uow.staff.save(replace(house.ruth, assignments=assigned({Role.SECURITY, Role.ADMIN}, {"fac-1"})))
        await uow.staff.save(replace(house.max, assignments=assigned({Role.APPROVER}, {"*"})))
    bea = await bea_speaks_by(house, OPERATOR)
    link = await house.services.invitations.invite(house.technician(bea), house.alice.id)
    await turn(tell)
    await used(house, link)
    await turn(tell)
    said = "Somebody of Acme Imaging has set up his access anew"
    mine = ["A link was made that sets up your access", "Your access was set up"]
    assert heard(box).pop("bea@acme") == ["A link was made that sets up the access of alice"]
    assert {to: said for to, said in heard(box).items() if to != "bea@acme"} == {"a@acme": mine, "gil@group": [said]}
    text = letter_to(box, "gil@group").get_content()
    assert "alice had a password and an authenticator: the link that Bea Petit made replaced them" in text
    assert f"{ADDRESS}/directory/technicians/{house.alice.id}" in text
    event = await house.event("portal:enrolled")
    assert (event.fields["again"], event.fields["invited_by"]) == ("yes", "Bea Petit")


async def test_programs_of_the_group_hear_that_somebody_was_set_up_and_no_name(house, tell):
    topics = frozenset({Topic.TECHNICIAN_INVITED, Topic.TECHNICIAN_ENROLLED})
    for place in ("", "chu"):
        form = WebhookForm(f"SIEM {place}", "https://198.51.100.7/hook", topics, place)
        await house.services.webhooks.register(house.staff(house.ruth), form)
    await used(house, await house.services.invitations.invite(OPERATOR, (await carl_comes(house)).id))
    while await tell.gather():
        pass
    async with house.database.read() as uow:
        rows = await uow.deliveries.search(limit=50)
    hooked = {one.topic: webhook_body(one, ADDRESS) for one in rows if one.channel == "webhook"}
    assert hooked.keys() == topics
    assert len([one for one in rows if one.channel == "webhook"]) == 2, "one of a single hospital hears nothing"
    assert hooked[Topic.TECHNICIAN_ENROLLED]["facts"].keys() == {"supplier", "technician", "at"}
    assert "carl" not in repr(hooked).lower()


# -- another mail address ----------------------------------------------------------------------------------------------
SAID = "The mail address of alice was changed"


async def moves(house, actor, email: str, person=None):
    """As the company's page changes an address."""
    who = person or house.alice
    form = ColleagueChange(who.name, email, who.language, who.country, who.valid_until)
    return await house.services.company.change(actor, who.id, form)


async def test_R11_of_a_new_address_the_one_before_is_told_at_once_and_those_who_answer_for_people(house, tell, box):
    bea = await bea_speaks(house)
    await moves(house, house.technician(bea), "thief@evil.example")
    await turn(tell)
    own = ["Your mail address was changed"]
    assert heard(box) == {"a@acme": own, "thief@evil.example": own, "bea@acme": [SAID], "ruth@chu": [SAID]}
    text = letter_to(box, "a@acme").get_content()
    assert "Bea Petit has changed the address" in text
    assert "call the hospital" in text
    assert "evil" not in text
    assert f"{ADDRESS}/directory/technicians/{house.alice.id}" in letter_to(box, "ruth@chu").get_content()
    event = await house.event("directory:address_changed")
    assert (event.severity, event.subject_id, event.actor_id) == ("warning", house.alice.id, bea.id)
    assert "acme" not in repr(event.fields), "the trail keeps no address"
    async with house.database.read() as uow:
        rows = await uow.deliveries.search(limit=50)
    assert "@" not in repr([one.facts for one in rows])


async def test_R11_it_is_told_also_where_there_is_none_from_now_on(house, tell, box):
    await moves(house, house.technician(await bea_speaks(house)), "")
    await turn(tell)
    assert heard(box)["a@acme"] == ["Your mail address was changed"]


async def test_R11_what_warns_him_goes_to_the_address_before_for_a_month_and_then_it_is_forgotten(
    house, tell, box, later
):
    await moves(house, house.technician(await bea_speaks(house)), "new@acme")
    await turn(tell)
    box.raw.clear()
    await house.services.invitations.invite(OPERATOR, house.alice.id)
    await turn(tell)
    warned = ["A link was made that sets up your access"]
    assert heard(box) == {"a@acme": warned, "new@acme": warned}
    later(days=29)
    await tell.forget_addresses()
    async with house.database.read() as uow:
        assert [one.address for one in await uow.former_addresses.all()] == ["a@acme"]
    later(days=2)
    box.raw.clear()
    await house.services.invitations.invite(OPERATOR, house.alice.id)
    await turn(tell)
    assert heard(box) == {"new@acme": warned}
    await tell.forget_addresses()
    async with house.database.read() as uow:
        assert await uow.former_addresses.all() == []


@pytest.mark.parametrize(("closed", "open_one"), [("new@acme", "a@acme"), ("a@acme", "new@acme")])
async def test_R11_an_address_that_takes_no_mail_keeps_the_other_neither_from_hearing_nor_from_peace(
    house, tell, box, later, closed, open_one
):
    """A new one typed wrong, or an old mailbox that is closed: the other is told at once, and once."""
    await moves(house, house.technician(await bea_speaks(house)), "new@acme")
    taken = box.handle_DATA

    async def refuse(server, session, envelope):
        return "550 no such user" if envelope.rcpt_tos == [closed] else await taken(server, session, envelope)

    box.handle_DATA = refuse
    await turn(tell)
    assert heard(box)[open_one] == ["Your mail address was changed"]
    for _attempt in range(3):
        later(hours=1)
        await turn(tell)
    assert heard(box)[open_one] == ["Your mail address was changed"]
    box.handle_DATA = taken
    later(hours=1)
    await turn(tell)
    own = ["Your mail address was changed"]
    assert (heard(box)[closed], heard(box)[open_one]) == (own, own)


async def test_R11_what_is_not_about_his_access_goes_to_his_address_of_today_only(house, tell, box):
    await moves(house, house.technician(await bea_speaks(house)), "new@acme")
    await turn(tell)
    box.raw.clear()
    request = await house.asked()
    await house.services.approvals.deny(house.staff(house.eve), request.id, request.version, "not today")
    await turn(tell)
    assert heard(box)["new@acme"] == [f"Request {request.ref} was refused: ct-01"]
    assert "a@acme" not in heard(box)


async def test_R11_who_took_over_a_correspondent_cannot_move_an_address_and_then_take_the_account(house, later):
    """The link he makes would be announced to the thief. A colleague who has nothing yet is corrected and invited."""
    bea, carl = house.technician(await bea_speaks(house)), await carl_comes(house)
    await used(house, await house.services.invitations.invite(OPERATOR, house.alice.id))
    await moves(house, bea, "thief@evil.example")
    await moves(house, bea, "carl@acme.example", carl)
    links = house.services.invitations
    with pytest.raises(Forbidden):
        await links.invite(bea, house.alice.id)
    assert await links.invite(bea, carl.id)
    assert await links.invite(OPERATOR, house.alice.id), "the hospital may"
    later(hours=71)
    with pytest.raises(Forbidden):
        await links.invite(replace(bea, factor_at=clock.now()), house.alice.id)
    later(hours=2)
    assert await links.invite(replace(bea, factor_at=clock.now()), house.alice.id)


async def test_R11_what_the_hospital_changes_holds_up_no_link_and_is_told_too(house, tell, box):
    bea = house.technician(await bea_speaks(house))
    await used(house, await house.services.invitations.invite(OPERATOR, house.alice.id))
    await turn(tell)
    box.raw.clear()
    known = await house.services.people.technician(OPERATOR, house.alice.id)
    form = replace(TechnicianForm.of(known.technician, "acme"), email="new@acme")
    await house.services.people.save_technician(house.staff(house.ruth), form)
    await turn(tell)
    assert heard(box)["a@acme"] == ["Your mail address was changed"]
    assert await house.services.invitations.invite(bea, house.alice.id)


async def test_R11_one_of_the_staff_is_told_where_he_was_when_an_administrator_moves_his_mail(house, tell, box):
    form = StaffForm("eve", "Eve", "thief@evil.example", frozenset({Role.APPROVER}), ("chu",), "en", id=house.eve.id)
    await house.services.people.save_staff(OPERATOR, form)
    await turn(tell)
    own = ["Your mail address was changed"]
    told = heard(box)
    assert told == {
        "eve@chu": own, "thief@evil.example": own, "ruth@chu": ["The mail address of eve was changed"],
    }  # fmt: skip
    assert f"{ADDRESS}/directory/staff/{house.eve.id}" in letter_to(box, "ruth@chu").get_content()
    box.raw.clear()
    await house.services.people.save_staff(OPERATOR, replace(form, name="Eve Dubois"))
    await turn(tell)
    assert heard(box) == {}, "no other address, nothing to tell"


@pytest.mark.parametrize("register", ["technicians", "staff"])
async def test_R11_an_imported_list_tells_it_too(house, tell, box, register):
    lines = {
        "technicians": "login,name,email,supplier\nalice,Alice Martin,new@acme,acme\n",
        "staff": "login,name,email,roles,facilities\neve,Eve,new@chu,approver,chu\n",
    }
    file = lines[register].encode()
    await house.services.imports.apply(OPERATOR, Register(register), file)
    await turn(tell)
    assert heard(box)["a@acme" if register == "technicians" else "eve@chu"] == ["Your mail address was changed"]


# -- reviews -----------------------------------------------------------------------------------------------------------
async def test_R26_a_review_is_announced_to_who_may_do_it_and_once_more_when_it_is_late(house, tell, box, later):
    request = await house.approved(60, emergency=Call(f"{CANARY} Dr", "", "4512"))
    await turn(tell)
    told = heard(box)
    (subject,) = [one for one in told["max@chu"] if "review" in one]
    assert subject.startswith(f"Emergency {request.ref} is to be reviewed by 20")
    assert [one for one in told["ruth@chu"] if "review" in one] == [subject], "security may review too"
    assert "eve@chu" not in told or not [one for one in told["eve@chu"] if "review" in one], "she agreed to it"
    assert f"{ADDRESS}/emergencies/{request.id}" in letter_to(box, "max@chu").get_content()
    nothing_typed(box)
    box.raw.clear()
    warn = house.services.emergencies.warn
    assert await warn(system_actor()) == 0, "it is not late yet"
    later(days=9)
    assert await warn(system_actor()) == 1
    assert await warn(system_actor()) == 0, "once"
    await turn(tell)
    told = heard(box)
    assert [one.partition(" by ")[0] for one in told["max@chu"]] == [f"Emergency {request.ref} was not reviewed"]
    assert told["ruth@chu"] == told["max@chu"]
    event = await house.event("emergency:overdue")
    assert (event.subject_id, event.fields["supplier"], event.fields["device"]) == (request.id, "acme", "ct-01")
    nothing_typed(box)


async def test_what_is_reviewed_is_neither_late_nor_announced(house, tell, box, later):
    request = await house.approved(60, emergency=Call("Dr Anne Roux"))
    one = (await house.services.emergencies.get(house.staff(house.max), request.id)).emergency
    await house.services.emergencies.review(
        house.staff(house.max), one.id, one.version, Outcome.JUSTIFIED, "Read the recording; all is well."
    )
    await turn(tell)
    assert not [subject for subjects in heard(box).values() for subject in subjects if "review" in subject]
    assert ("review_due", "dropped") in await states(house)
    later(days=9)
    assert await house.services.emergencies.warn(system_actor()) == 0


async def test_of_another_hospital_nobody_hears_of_the_review(house, tell, box):
    form = StaffForm("far", "Far", "far@ch2", frozenset({Role.APPROVER, Role.SECURITY}), ("ch2",), "en")
    await house.services.people.save_staff(OPERATOR, form)
    await house.approved(60, emergency=Call("Dr Anne Roux"))
    await turn(tell)
    assert "far@ch2" not in heard(box)


# -- windows -----------------------------------------------------------------------------------------------------------
def a_window() -> WindowForm:
    ends, rhythm = clock.now() + timedelta(days=90), Rhythm(0, 6, 60, 60)
    return WindowForm("ct-01", "acme", InterventionKind.TELEDIAGNOSTIC, rhythm, ends, f"{CANARY} weekly")


async def test_a_proposed_window_is_told_to_who_can_agree_to_it(house, tell, box):
    made = await house.services.maintenance.propose(house.staff(house.eve), a_window())
    await turn(tell)
    assert heard(box) == {"max@chu": [f"Maintenance window {made.ref} waits for your agreement: ct-01"]}
    assert f"{ADDRESS}/windows/{made.id}" in letter_to(box, "max@chu").get_content()
    nothing_typed(box)


async def test_a_window_that_is_settled_before_the_mail_leaves_is_not_mailed_and_may_be_declined(house, tell, box):
    maintenance = house.services.maintenance
    made = await maintenance.propose(house.staff(house.eve), a_window())
    await maintenance.end(house.staff(house.ruth), made.id, "not needed after all")
    await turn(tell)
    assert heard(box) == {}
    assert await states(house) == [("window_waiting", "dropped")]
    rest = {Topic.REQUEST_WAITING, Topic.FILE_HELD, Topic.SESSION_BEGUN, Topic.SESSION_ENDED}
    await tell.choose(house.staff(house.max), rest)
    await maintenance.propose(house.staff(house.eve), a_window())
    await turn(tell)
    assert heard(box) == {}


async def test_a_window_whose_agreements_come_in_turn_is_told_to_each_when_it_is_his(house, tell, box, tmp_path):
    """The ward first, the hospital last; nobody is told twice, and after the last agreement nobody is."""
    vital = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, vital)
    form = StaffForm("fay", "Fay", "fay@chu", language="en", duties=(Duty(Role.APPROVER, "chu", ("Imagerie",)),))
    fay = await house.services.people.save_staff(OPERATOR, form)
    house.services.decisions.replace_engine(in_turn_rules(tmp_path / "rules"))
    maintenance = house.services.maintenance
    made = await maintenance.propose(house.staff(house.max), a_window())
    await turn(tell)
    said = f"Maintenance window {made.ref} waits for your agreement: ct-01"
    assert heard(box) == {"fay@chu": [said]}
    made = await maintenance.agree(house.staff(fay), made.id, made.version)
    await turn(tell)
    assert heard(box) == {"fay@chu": [said], "eve@chu": [said]}
    await maintenance.agree(house.staff(house.eve), made.id, made.version)
    await turn(tell)
    assert heard(box) == {"fay@chu": [said], "eve@chu": [said]}


# -- what ends or begins by a day in a supplier's file -----------------------------------------------------------------
async def a_supplier_s_days(house, reference: str) -> None:
    """A paper that ends soon, people nobody confirmed, a subcontractor that may be objected to: all of Acme's."""
    acme, ends = house.alice.supplier_id, clock.now() + timedelta(days=5)
    await house.services.papers.add(OPERATOR, acme, PaperForm(PaperKind.CONTRACT, reference, valid_to=ends))
    await house.services.subcontractors.declare(OPERATOR, acme, SubcontractorForm(reference, reference))
    await house.services.papers.warn(system_actor())
    async with house.database.write() as uow:
        fields = {"supplier": "acme", "count": 2, "end": ends.isoformat()}
        await uow.audit.append("roster:overdue", actor=system_actor(), subject=("supplier", acme), at=ends, **fields)


async def test_R46_what_ends_in_a_supplier_s_file_is_told_to_whom_it_concerns(house, tell, box):
    """Who works in another hospital only hears nothing; nor does a technician who does not speak for his company."""
    for login, role, place in (("gus", Role.APPROVER, "ch2"), ("ann", Role.ADMIN, "chu"), ("far", Role.ADMIN, "ch2")):
        form = StaffForm(login, login.title(), f"{login}@{place}", frozenset({role}), (place,), "en")
        await house.services.people.save_staff(OPERATOR, form)
    carl = TechnicianForm("carl", "Carl", "c@acme", "acme", "en")
    await house.services.people.save_technician(OPERATOR, carl)
    await house.services.company.name_correspondent(OPERATOR, house.alice.id, named=True)
    await a_supplier_s_days(house, CANARY)
    await turn(tell)
    zone = ZoneInfo("Europe/Paris")
    soon = (clock.now() + timedelta(days=5)).astimezone(zone).date()
    declared = "Acme Imaging has declared a subcontractor"
    theirs = [f"A paper of Acme Imaging ends on {soon}", "Acme Imaging has not confirmed its people"]
    assert {who: sorted(said) for who, said in heard(box).items()} == {
        "a@acme": theirs, "ann@chu": theirs, "ruth@chu": sorted([*theirs, declared]), "eve@chu": [declared],
        "max@chu": [declared],
    }  # fmt: skip
    late = (clock.now() + timedelta(days=21)).astimezone(zone).date()
    assert f"may object until {late};" in letter_to(box, "eve@chu").get_content()
    assert f"{ADDRESS}/directory/suppliers/{house.alice.supplier_id}/file" in letter_to(box, "eve@chu").get_content()
    assert f"{ENTRANCE}/supplier/company" in letter_to(box, "a@acme").get_content()
    nothing_typed(box)


async def test_a_program_of_a_hospital_hears_of_the_suppliers_that_work_there_and_of_no_others(house, tell):
    topics = frozenset({Topic.PAPER_ENDING, Topic.ROSTER_OVERDUE, Topic.SUBCONTRACTOR_DECLARED})
    for place in ("", "chu", "ch2"):
        form = WebhookForm(f"GMAO {place}", "https://198.51.100.7/hook", topics, place)
        await house.services.webhooks.register(house.staff(house.ruth), form)
    await a_supplier_s_days(house, CANARY)
    while await tell.gather():
        pass
    async with house.database.read() as uow:
        rows = [one for one in await uow.deliveries.search(limit=50) if one.channel == "webhook"]
        hooks = {one.id: one for one in await uow.webhooks.all()}
    heard_by = sorted((hooks[one.recipient_id].name, one.topic) for one in rows)
    assert heard_by == sorted((name, topic) for name in ("GMAO", "GMAO chu") for topic in topics)
    assert all(one.facility_id == hooks[one.recipient_id].facility_id for one in rows), "its administrator sees it"
    assert CANARY not in repr([webhook_body(one, ADDRESS) for one in rows])


async def test_a_day_in_a_supplier_s_file_is_told_as_its_page_says_it_wherever_it_works(house, tell, box):
    """One day for the whole group, however far from home the hospital is that it works for."""
    async with house.database.write() as uow:
        (chu,) = [one for one in await uow.facilities.all() if one.code == "chu"]
        await uow.facilities.save(replace(chu, timezone="Pacific/Auckland"))
    day = (clock.now() + timedelta(days=5)).date()
    form = PaperForm(PaperKind.CONTRACT, "C-1", valid_to=day_end(day))
    await house.services.papers.add(OPERATOR, house.alice.supplier_id, form)
    await house.services.papers.warn(system_actor())
    await turn(tell)
    assert heard(box)["ruth@chu"] == [f"A paper of Acme Imaging ends on {day}"]


async def test_who_may_object_cannot_decline_to_hear_of_a_subcontractor_and_an_approver_can(house, tell, box):
    await tell.choose(house.staff(house.eve), {Topic.REQUEST_WAITING})
    with pytest.raises(Invalid):
        await tell.choose(house.staff(house.ruth), {Topic.SUBCONTRACTOR_DECLARED})
    await tell.choose(house.staff(house.ruth), set())
    await a_supplier_s_days(house, CANARY)
    await turn(tell)
    assert heard(box) == {who: ["Acme Imaging has declared a subcontractor"] for who in ("ruth@chu", "max@chu")}


# -- programs, French, trouble -----------------------------------------------------------------------------------------
async def test_programs_hear_of_all_of_it_without_a_word_that_was_typed(house, tell, talk):
    topics = {Topic.QUESTION_ASKED, Topic.QUESTION_ANSWERED, Topic.REVIEW_DUE, Topic.WINDOW_WAITING}
    form = WebhookForm("GTC", "https://198.51.100.7/hook", frozenset(topics), "chu")
    await house.services.webhooks.register(house.staff(house.ruth), form)
    await house.services.maintenance.propose(house.staff(house.eve), a_window())
    request = await house.approved(60, emergency=Call(f"{CANARY} Dr"))
    other = await house.asked()
    await talk.ask(house.staff(house.eve), other.id, CANARY)
    await talk.answer(house.technician(), other.id, CANARY)
    while await tell.gather():
        pass
    async with house.database.read() as uow:
        rows = await uow.deliveries.search(limit=50)
    told = {one.topic: one for one in rows if one.channel == "webhook"}
    assert told.keys() == topics
    assert CANARY not in repr(rows)
    assert told[Topic.REVIEW_DUE].facts.keys() == {"device", "facility", "supplier", "request", "ref", "until"}
    assert told[Topic.REVIEW_DUE].path == f"/emergencies/{request.id}"
    assert told[Topic.WINDOW_WAITING].facts.keys() == {"device", "facility", "supplier", "window", "ref", "kind"}


async def test_a_technician_is_asked_in_his_own_language(house, tell, box, talk):
    async with house.database.write() as uow:
        await uow.technicians.save(replace(house.alice, language="fr"))
    request = await house.asked()
    await talk.ask(house.staff(house.eve), request.id, "Which tube?")
    await turn(tell)
    assert heard(box)["a@acme"] == [f"Question de l’établissement sur la demande {request.ref} : ct-01"]
    assert "espace fournisseur" in letter_to(box, "a@acme").get_content()


async def test_a_mail_server_that_is_away_holds_no_question_up(house, tell, box, talk, later):
    request = await house.asked()
    point(tell, 9)
    await talk.ask(house.staff(house.eve), request.id, "Which tube?")
    await turn(tell)
    assert ("question_asked", "waiting") in await states(house)
    assert len(await talk.of(house.technician(), request.id)) == 1
    point(tell, box.port)
    later(seconds=61)
    await turn(tell)
    assert f"The hospital asks about request {request.ref}: ct-01" in heard(box)["a@acme"]


# -- reports owed ------------------------------------------------------------------------------------------------------
async def owing(house, tell, box):
    """Alice has worked, Eve agreed, Bob speaks for their company; nobody has reported on it."""
    await bea_speaks(house)
    opened = await house.opened()
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    await turn(tell)
    box.raw.clear()
    return await house.services.asked.get(house.staff(house.eve), opened.record.request_id)


async def remind(house, tell) -> int:
    count = await house.services.reports.remind(system_actor())
    await turn(tell)
    return count


async def test_R59_a_report_owed_is_told_before_it_blocks_and_when_it_does_once_each(house, tell, box, later):
    request = (await owing(house, tell, box)).request
    later(days=4, hours=23)
    assert await remind(house, tell) == 0
    later(hours=2)
    assert [await remind(house, tell), await remind(house, tell)] == [1, 0]
    told = heard(box)
    assert set(told) == {"a@acme", "bea@acme", "eve@chu"}
    assert {len(said) for said in told.values()} == {1}
    assert told["bea@acme"][0].startswith(f"The report on {request.ref} is due by 20")
    assert f"{ENTRANCE}/supplier/reports/{request.id}" in letter_to(box, "bea@acme").get_content()
    assert f"{ADDRESS}/requests/{request.id}/report" in letter_to(box, "eve@chu").get_content()
    box.raw.clear()
    later(days=2)
    assert [await remind(house, tell), await remind(house, tell)] == [1, 0]
    assert heard(box)["a@acme"][0].startswith(f"The report on {request.ref} is overdue since 20")
    assert (await house.event("report:overdue")).fields["device"] == "ct-01"


async def test_a_report_that_is_written_is_not_asked_for_not_even_by_a_mail_on_its_way(house, tell, box, later):
    request = (await owing(house, tell, box)).request
    later(days=6)
    assert await house.services.reports.remind(system_actor()) == 1
    form = ReportForm("Tube replaced.", After.IN_SERVICE)
    await house.services.reports.write(house.technician(), request.id, form)
    await turn(tell)
    assert heard(box) == {}
    later(days=5)
    assert await remind(house, tell) == 0


async def test_a_company_that_may_owe_for_good_is_not_reminded(house, tell, box, later):
    house.services.sessions._report_days = 0
    await owing(house, tell, box)
    later(days=60)
    assert await remind(house, tell) == 0


# -- asked together ----------------------------------------------------------------------------------------------------
async def test_R25_several_devices_asked_at_once_are_one_mail_to_each_approver(house, tell, box):
    await more_devices(house)
    asked = await a_batch(house)
    await turn(tell)
    told = heard(box)
    assert told["eve@chu"] == ["2 requests wait for your decision: ct-01, ct-02"], "the third is another hospital's"
    text = letter_to(box, "eve@chu").get_content()
    assert "Acme Imaging · ct-01 (CHU Demo), ct-02 (CHU Demo)" in text
    assert "ct-03" not in text
    assert any(f"{ADDRESS}/requests/{one.id}" in text for one in asked[:2])
    for one in asked[:2]:
        view = await house.services.asked.get(house.staff(house.eve), one.id)
        assert {told.delivery.state for told in view.told} == {DeliveryState.SENT}, "each says that she was told"


async def test_of_what_was_asked_together_only_what_still_waits_is_told(house, tell, box):
    await more_devices(house)
    first, second, _third = await a_batch(house)
    await house.services.taking_back.withdraw(house.technician(), first.id)
    await turn(tell)
    assert heard(box)["eve@chu"] == [f"Request {second.ref} waits for your decision: ct-02"]
    assert ("request_waiting", "dropped") in await states(house)


async def test_what_was_asked_together_and_left_unanswered_is_one_mail_again(house, tell, box, later):
    await more_devices(house)
    await a_batch(house)
    await turn(tell)
    box.raw.clear()
    later(minutes=16)
    await tell.escalate()
    await turn(tell)
    assert [len(said) for said in heard(box).values()] == [1] * len(heard(box))
    assert heard(box)["ruth@chu"][0].startswith("3 requests still wait for a decision: ct-01")


async def test_a_program_hears_of_each_request_and_of_what_they_have_in_common(house, tell):
    await more_devices(house)
    form = WebhookForm("hook", "https://198.51.100.7/hook", frozenset({Topic.REQUEST_WAITING}))
    await house.services.webhooks.register(house.staff(house.ruth), form)
    asked = await a_batch(house)
    while await tell.gather():
        pass
    async with house.database.read() as uow:
        rows = await uow.deliveries.search(limit=100)
    hooked = [one for one in rows if one.recipient_kind is RecipientKind.WEBHOOK]
    assert {one.facts["request"] for one in hooked} == {one.id for one in asked}
    assert {one.facts["batch"] for one in hooked} == {asked[0].batch_id}


async def test_a_mail_for_several_that_fails_is_tried_again_for_all_of_them(house, tell, box):
    await more_devices(house)
    await a_batch(house)
    point(tell, 1)
    await turn(tell)
    async with house.database.read() as uow:
        rows = await uow.deliveries.search(limit=100)
    assert {(one.attempts, one.state) for one in rows} == {(1, DeliveryState.WAITING)}
    assert all(one.trouble for one in rows)
