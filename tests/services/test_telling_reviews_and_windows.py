"""Who hears of a review that is due and of a window that waits: whoever owes the next step (R-26)."""

from bastion.domain.emergency import Call, Outcome
from bastion.domain.parties import Role, system_actor
from bastion.domain.telling import Topic
from bastion.services.duties import Duty
from bastion.services.inventory import DeviceForm
from bastion.services.people import StaffForm
from bastion.services.webhooks import WebhookForm
from tests.services.house import OPERATOR
from tests.services.in_turn import engine as in_turn_rules
from tests.services.occasions import a_window
from tests.services.postroom import ADDRESS, CANARY, heard, letter_to, nothing_typed, states, turn


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
    ended = {"eve@chu": [f"Maintenance window {made.ref} has ended: ct-01"]}
    assert heard(box) == ended, "who proposed it hears of the end alone"
    assert await states(house) == [("window_ended", "sent"), ("window_waiting", "dropped")]
    rest = {Topic.REQUEST_WAITING, Topic.FILE_HELD, Topic.SESSION_BEGUN, Topic.SESSION_ENDED}
    await tell.choose(house.staff(house.max), rest)
    await maintenance.propose(house.staff(house.eve), a_window())
    await turn(tell)
    assert heard(box) == ended


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


async def test_programs_hear_of_all_of_it_without_a_word_that_was_typed(house, tell):
    talk = house.services.threads
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
