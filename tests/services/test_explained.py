"""Each step of a decision stands in the trail with the rule that let somebody take it, and what it said (R-25)."""

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.emergency import Call, Outcome
from bastion.domain.lock import LockScope
from bastion.domain.maintenance import Rhythm
from bastion.services.maintenance import WindowForm
from tests.services.test_forecasts import question
from tests.services.watched import make_critical

AGREES = ("approver-agrees", "An approver of this device’s ward, or of its whole facility, decides.")


async def told(house, tag: str) -> tuple[str, str]:
    fields = (await house.event(tag)).fields
    return fields["policy"], fields["because"]


async def test_from_asking_to_taking_back_each_step_names_its_rule(house):
    eve, access = house.staff(house.eve), house.services.access
    request = await house.asked()
    assert (await told(house, "request:created"))[0] == "maintainer"
    await house.services.threads.ask(eve, request.id, "Which tube?")
    assert await told(house, "request:question") == AGREES
    await house.services.threads.answer(house.technician(), request.id, "The old one")
    agreed = await house.services.approvals.approve(eve, request.id, request.version, 30, "ok")
    assert await told(house, "request:approved") == AGREES
    rule, said = await told(house, "grant:created")
    assert rule == "maintainer"
    assert "one person of the hospital must agree" in said
    more = await access.extend(house.technician(), agreed.grant_id, 15, "not finished")
    await house.services.approvals.deny(eve, more.id, more.version, "the scanner is needed")
    assert await told(house, "request:denied") == AGREES
    await house.services.approvals.revoke(eve, agreed.grant_id, "the scanner is needed")
    assert (await told(house, "grant:revoked"))[0] == "live-session"


async def test_what_is_done_to_a_session_and_to_everything_names_its_rule(house):
    opened, eve = await house.opened(), house.staff(house.eve)
    await house.services.supervision.freeze(eve, opened.record.id)
    await house.services.supervision.thaw(eve, opened.record.id)
    await house.services.supervision.cut(eve, opened.record.id, "the scanner is needed")
    for tag in ("session:freeze_asked", "session:thaw_asked", "session:cut_asked"):
        assert (await told(house, tag))[0] == "live-session", tag
    ruth = house.staff(house.ruth)
    lock = await house.services.locks.impose(ruth, LockScope.ALL, "", "ransomware suspected")
    await house.services.locks.lift(ruth, lock.id, "it was a false alarm")
    for tag in ("lock:imposed", "lock:lifted"):
        assert (await told(house, tag))[0] == "lock-everything", tag


async def test_a_window_names_the_rules_that_it_is_proposed_agreed_to_and_ended_by(house):
    rhythm = Rhythm(0, 1, 480, 60)
    form = WindowForm("ct-01", "", InterventionKind.TELEDIAGNOSTIC, rhythm, clock.now().replace(year=2027), "the usual")
    window = await house.services.maintenance.propose(house.staff(house.eve), form)
    assert (await told(house, "window:proposed"))[0] == "approver-asks"
    await house.services.maintenance.agree(house.staff(house.max), window.id, window.version)
    assert await told(house, "window:agreed") == AGREES
    await house.services.maintenance.end(house.staff(house.max), window.id, "no longer needed")
    assert (await told(house, "window:ended"))[0] == "live-session"


async def test_the_review_of_an_emergency_names_its_rule(house):
    request = await house.asked(emergency=Call("Dr Anne Roux"))
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30, "ok")
    await house.services.emergencies.review(
        house.staff(house.max), request.id, 2, Outcome.JUSTIFIED, "The tube had failed indeed."
    )
    assert (await told(house, "emergency:reviewed"))[0] == "reviews-emergency"


async def test_R22_of_rules_that_want_more_and_less_only_what_holds_is_told_beforehand_and_to_whoever_decides(house):
    """The trail names them all."""
    await make_critical(house)
    request = await house.asked()
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    foreseen = await house.services.forecasts.of(house.staff(house.eve), question(house))
    for said in (view.decision_reasons, foreseen.reasons):
        assert [one.partition(":")[0] for one in said] == ["This device is of the highest criticality"]
    assert (await told(house, "request:created"))[0].split() == ["maintainer", "maintainer-critical"]


async def test_rules_of_which_neither_outdoes_the_other_are_both_told(house):
    await make_critical(house)
    request = await house.asked(emergency=Call("Dr Roux"))
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    said = [one.partition(":")[0] for one in view.decision_reasons]
    assert said == ["This device is of the highest criticality", "An emergency"]
