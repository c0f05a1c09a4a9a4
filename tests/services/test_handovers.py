"""An open authorisation passes to a colleague: agreed to anew, for what is left; the first one ends (R-11)."""

from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.conditions import Condition, Terms
from bastion.domain.device import FileRight
from bastion.domain.emergency import Call
from bastion.domain.grant import GrantStatus
from bastion.domain.own_words import ITS_GRANT_OVER
from bastion.errors import Conflict, GrantRevoked, Invalid, NotFound, PolicyRefused, ReasonNeeded, SelfApproval
from bastion.i18n import sentence
from bastion.services.people import TechnicianForm
from bastion.services.takeovers import NOTHING_LEFT
from tests.services.house import CONNECTION, OPERATOR, moved
from tests.services.watched import make_critical

WHY = "my shift is over"


@pytest.fixture
def use(house):
    return house.services.handovers


@pytest.fixture
async def carol(house):
    form = TechnicianForm("carol", "Carol Blanc", "c@acme", "acme", "en")
    return await house.services.people.save_technician(OPERATOR, form)


async def grant_of(house, request):
    async with house.database.read() as uow:
        return await uow.grants.get(request.grant_id)


async def agree(house, request, who=None):
    return await house.services.approvals.approve(house.staff(who or house.eve), request.id, request.version, 240)


async def test_the_colleague_gets_what_is_left_and_the_first_one_ends(house, use, carol, later):
    opened = await house.opened()
    later(minutes=20)
    asked = await use.ask(house.technician(), opened.grant.id, "carol", WHY)
    assert (asked.stored_state, asked.technician_name, asked.reason) == (RequestState.PENDING, "Carol Blanc", WHY)
    assert asked.wanted < timedelta(minutes=40)
    view = await house.services.asked.get(house.staff(house.max), asked.id)
    assert (view.handover.from_name, view.handover.grant_id) == ("Alice Martin", opened.grant.id)
    async with house.database.read() as uow:
        assert (await uow.grants.get(opened.grant.id)).status(clock.now()) is GrantStatus.OPEN, "until it is agreed to"
    later(minutes=5)
    done = await agree(house, asked)
    mine = await grant_of(house, done)
    assert (mine.technician_id, mine.end, mine.status(clock.now())) == (carol.id, opened.grant.end, GrantStatus.OPEN)
    assert mine.latest == mine.end, "the work has begun: his first connection moves nothing"
    (wish,) = (await house.services.sessions.wishes("n1")).values()
    assert (wish.grant.revoke_reason, wish.grant.status(clock.now())) == (
        "Handed over to Carol Blanc.", GrantStatus.REVOKED,
    )  # fmt: skip
    event = await house.event("grant:handed_over")
    assert (event.fields["grant"], event.fields["technician"]) == (mine.id, "Carol Blanc")
    await house.services.sessions.acknowledge(house.technician(carol), mine.id, "terminal")
    with pytest.raises(GrantRevoked):
        await house.services.sessions.open(house.technician(), opened.grant.id, CONNECTION)


async def test_refused_it_changes_nothing(house, use, carol):
    opened = await house.opened()
    asked = await use.ask(house.technician(), opened.grant.id, "carol", WHY)
    await house.services.approvals.deny(house.staff(house.eve), asked.id, asked.version, "finish it yourself")
    async with house.database.read() as uow:
        assert (await uow.grants.get(opened.grant.id)).status(clock.now()) is GrantStatus.OPEN


async def test_staff_who_ask_do_not_agree(house, use, carol):
    opened = await house.opened()
    asked = await use.ask(house.staff(house.eve), opened.grant.id, "carol", WHY)
    with pytest.raises(SelfApproval):
        await agree(house, asked)
    assert (await agree(house, asked, house.max)).stored_state is RequestState.APPROVED


async def test_what_has_ended_meanwhile_is_handed_over_to_nobody(house, use, carol):
    opened = await house.opened()
    asked = await use.ask(house.technician(), opened.grant.id, "carol", WHY)
    await house.services.approvals.revoke(house.staff(house.eve), opened.grant.id, "a patient is on the table")
    with pytest.raises(Conflict):
        await agree(house, asked)
    gone = (await house.services.asked.get(house.staff(house.max), asked.id)).request
    assert (gone.stored_state, gone.decision_note) == (RequestState.WITHDRAWN, ITS_GRANT_OVER)
    assert await house.services.asked.pending(house.staff(house.max)) == []


async def test_what_was_planned_for_one_passes_to_another_and_begins_as_planned(house, use, carol):
    start = clock.now() + timedelta(hours=5)
    first = await grant_of(house, await house.approved(start=start))
    asked = await use.ask(house.technician(), first.id, "carol", "I am ill")
    assert (asked.start, asked.wanted) == (first.planned, timedelta(minutes=60))
    mine = await grant_of(house, await agree(house, asked))
    assert (mine.technician_id, mine.planned, mine.start, mine.end) == (
        carol.id, first.planned, first.start, first.end
    )  # fmt: skip
    assert mine.slack == first.slack
    async with house.database.read() as uow:
        assert (await uow.grants.get(first.id)).status(clock.now()) is GrantStatus.REVOKED


async def test_a_start_after_the_end_of_the_first_hands_nothing_over(house, use, carol):
    """Neither from then on nor before: the first authorisation stays what it was."""
    opened = await house.opened()
    asked = await use.ask(house.technician(), opened.grant.id, "carol", WHY)
    late = Terms(start=opened.grant.end + timedelta(minutes=30))
    with pytest.raises(Invalid) as refused:
        await house.services.approvals.approve(house.staff(house.eve), asked.id, asked.version, 60, "", late)
    assert (refused.value.field, refused.value.public) == ("start", NOTHING_LEFT)
    async with house.database.read() as uow:
        assert (await uow.grants.get(opened.grant.id)).status(clock.now()) is GrantStatus.OPEN
    soon = Terms(start=opened.grant.end - timedelta(minutes=30))
    done = await house.services.approvals.approve(house.staff(house.eve), asked.id, asked.version, 60, "", soon)
    mine = await grant_of(house, done)
    assert (mine.start, mine.end) == (soon.start, opened.grant.end)


async def test_of_two_who_must_agree_the_first_chooses_no_start_that_stops_the_other(house, use, carol):
    """The latest start of all counts: nobody could take an impossible one back."""
    await make_critical(house)
    request = await house.asked()
    once = await agree(house, request)
    first = await grant_of(house, await agree(house, once, house.max))
    asked = await use.ask(house.technician(), first.id, "carol", WHY)
    late = Terms(start=first.end + timedelta(minutes=30))
    with pytest.raises(Invalid) as refused:
        await house.services.approvals.approve(house.staff(house.eve), asked.id, asked.version, 60, "", late)
    assert (refused.value.field, refused.value.public) == ("start", NOTHING_LEFT)
    assert sentence(refused.value, "fr") == (
        "À cette heure-là, il ne resterait rien de l’autorisation à transmettre : "
        "choisissez un début plus tôt, ou refusez."
    )
    once = await agree(house, asked)
    assert (await grant_of(house, await agree(house, once, house.max))).end == first.end


async def test_a_colleague_who_waits_for_another_time_takes_over_what_is_planned(house, use, carol):
    """His request for today overlaps nothing that begins tomorrow; one for that very time does."""
    first = await grant_of(house, await house.approved(start=clock.now() + timedelta(hours=5)))
    ask, its = house.services.access.request, house.technician(carol)
    waiting = await ask(its, house.draft())
    assert (await use.ask(house.technician(), first.id, "carol", "I am ill")).start == first.planned
    await house.services.taking_back.withdraw(its, waiting.id)
    second = await grant_of(house, await house.approved(start=clock.now() + timedelta(hours=8)))
    await ask(its, house.draft(start=second.planned))
    with pytest.raises(Conflict):
        await use.ask(house.technician(), second.id, "carol", "I am ill")


async def test_an_emergency_passes_to_a_colleague_who_waits_for_other_work(house, use, carol):
    """Only of another emergency everybody has been told already."""
    request = await house.approved(emergency=Call("Dr Roux", "", "4512"))
    await house.services.access.request(house.technician(carol), house.draft())
    assert (await use.ask(house.technician(), request.grant_id, "carol", WHY)).first_id == request.id


async def test_more_time_under_what_was_handed_over_waits_no_longer(house, use, carol):
    opened = await house.opened()
    more = await house.services.access.extend(house.technician(), opened.grant.id, 30, "not finished")
    await agree(house, await use.ask(house.technician(), opened.grant.id, "carol", WHY))
    assert (await house.services.asked.get(house.technician(), more.id)).request.decision_note == ITS_GRANT_OVER


async def test_an_emergency_stays_one_in_other_hands(house, use, carol):
    request = await house.approved(emergency=Call("Dr Roux", "", "4512"))
    asked = await use.ask(house.technician(), request.grant_id, "carol", WHY)
    view = await house.services.asked.get(house.staff(house.eve), asked.id)
    assert (view.emergency.caller, view.emergency.call_back) == ("Dr Roux", "4512")
    assert (await grant_of(house, await agree(house, asked))).emergency


async def test_only_the_holder_or_staff_only_to_a_colleague_and_only_while_it_is_open(house, use, carol, later):
    request = await house.approved()
    ask = request.grant_id
    for person, login, error in (
        (house.technician(carol), "carol", NotFound),
        (house.technician(house.bob), "carol", NotFound),
        (moved(house.staff(house.eve), {"elsewhere"}), "carol", NotFound),
        (house.technician(), "bob", Invalid),
        (house.technician(), "alice", Invalid),
        (house.technician(), "nobody", Invalid),
        (house.staff(house.ruth), "carol", PolicyRefused),
    ):
        with pytest.raises(error):
            await use.ask(person, ask, login, WHY)
    with pytest.raises(ReasonNeeded):
        await use.ask(house.technician(), ask, "carol", " ")
    await use.ask(house.technician(), ask, "carol", WHY)
    with pytest.raises(Conflict):
        await use.ask(house.technician(), ask, "carol", WHY)
    later(minutes=61)
    with pytest.raises(Conflict):
        await use.ask(house.technician(), ask, "carol", WHY)


async def test_the_conditions_of_the_first_agreement_go_with_the_work(house, use, carol):
    asked = await house.asked()
    terms = Terms(frozenset({Condition.NO_UPLOAD, Condition.WATCHER}))
    first = await house.services.approvals.approve(house.staff(house.eve), asked.id, asked.version, 60, "", terms)
    made = await use.ask(house.technician(), first.grant_id, "carol", "her shift is over")
    grant = await grant_of(house, await agree(house, made))
    assert grant.conditions == terms.conditions
    assert (grant.watcher, FileRight.UPLOAD in grant.files) == (True, False)
