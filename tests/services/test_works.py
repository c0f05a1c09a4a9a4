"""One piece of work, however often it gets more time or passes to a colleague: who asked for it agrees to no part of it
(R-23), it lasts no longer than its rules say (R-22, R-26), and an emergency is one, reviewed once.
"""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.cli.emergencies import row
from bastion.domain.access_request import RequestState
from bastion.domain.conditions import Terms
from bastion.domain.emergency import REVIEWED, Call, Outcome
from bastion.domain.own_words import REVIEWED_MEANWHILE, told
from bastion.errors import Conflict, Forbidden, Invalid, PolicyRefused, SelfApproval, SelfReview
from bastion.i18n import translator
from bastion.services.people import TechnicianForm
from bastion.services.works import HAS_AGREED
from policies.loader import LIBRARY
from tests.policy_sets import engine
from tests.services.house import CONNECTION, OPERATOR, undertake
from tests.services.postroom import turn
from tests.services.test_counting import rules
from tests.services.test_more_time import shorter
from tests.services.test_standins import form as lending
from tests.services.test_standins import lent, zoe
from tests.services.watched import approver

__all__ = ["rules", "zoe"]
CALL = Call("Dr Roux", "", "4512")
NOTE = "read the recording; the tube had burst"


async def colleague(house, login, name):
    person = await house.services.people.save_technician(OPERATOR, TechnicianForm(login, name, "c@acme", "acme", "en"))
    await undertake(house.services, person)
    return person


@pytest.fixture
async def carol(house):
    return await colleague(house, "carol", "Carol Blanc")


async def agree(house, request, person, minutes=240):
    return await house.services.approvals.approve(house.staff(person), request.id, request.version, minutes, "ok")


async def asked_by_eve(house, **changes):
    """For Alice, by Eve of the hospital; Max agrees."""
    draft = house.draft(technician_login="alice", **changes)
    return await agree(house, await house.services.access.request(house.staff(house.eve), draft), house.max)


async def more(house, grant_id, minutes=30, actor=None):
    return await house.services.access.extend(actor or house.technician(), grant_id, minutes, "not finished")


async def handed(house, grant_id, to="carol", actor=None):
    return await house.services.handovers.ask(actor or house.technician(), grant_id, to, "my shift is over")


async def grant_of(house, request):
    async with house.database.read() as uow:
        return await uow.grants.get(request.grant_id)


async def test_R23_who_asked_for_the_work_agrees_neither_to_more_time_nor_to_its_handover(house, carol):
    request = await asked_by_eve(house, minutes=10)
    longer = await more(house, request.grant_id)
    with pytest.raises(SelfApproval):
        await agree(house, longer, house.eve)
    view = await house.services.asked.get(house.staff(house.max), longer.id)
    assert [one.name for one in view.standby.people] == ["Max"], "nor is she asked"
    await agree(house, longer, house.max)
    passed = await handed(house, request.grant_id)
    with pytest.raises(SelfApproval):
        await agree(house, passed, house.eve)
    passed = await agree(house, passed, house.max)
    last = await more(house, passed.grant_id, 5, house.technician(carol))
    with pytest.raises(SelfApproval):
        await agree(house, last, house.eve)


async def test_R23_who_asked_for_more_time_does_not_agree_to_the_handover_of_it(house, carol):
    request = await house.approved()
    await agree(house, await more(house, request.grant_id, actor=house.staff(house.max)), house.eve)
    passed = await handed(house, request.grant_id)
    with pytest.raises(SelfApproval):
        await agree(house, passed, house.max)


async def test_R23_what_nobody_agreed_to_keeps_nobody_from_agreeing(house, carol):
    request = await house.approved()
    refused = await more(house, request.grant_id, actor=house.staff(house.max))
    await house.services.approvals.deny(house.staff(house.eve), refused.id, refused.version, "not today")
    assert (await agree(house, await handed(house, request.grant_id), house.max)).grant_id


async def test_R34_who_asked_for_the_work_does_not_follow_it_in_other_hands(house, carol):
    request = await asked_by_eve(house, emergency=CALL)
    passed = await agree(house, await handed(house, request.grant_id), house.max)
    await house.services.sessions.acknowledge(house.technician(carol), passed.grant_id, "terminal")
    opened = await house.services.sessions.open(house.technician(carol), passed.grant_id, CONNECTION)
    with pytest.raises(Forbidden):
        await house.services.watching.take(house.staff(house.eve), opened.record.id, "page")


async def test_R26_a_handover_brings_no_new_time(house, carol, later):
    request = await agree(house, await house.asked(minutes=240), house.eve)
    later(minutes=230)
    passed = await agree(house, await handed(house, request.grant_id), house.eve)
    grant = await grant_of(house, passed)
    assert timedelta(minutes=229) < grant.spent <= timedelta(minutes=231)
    assert grant.whole == timedelta(minutes=240)
    with pytest.raises(PolicyRefused, match="four hours at most"):
        await more(house, passed.grant_id, 1, house.technician(carol))


async def test_R26_what_is_left_of_an_emergency_stays_what_it_was_in_other_hands(house, carol, later):
    request = await house.approved(30, emergency=CALL)
    later(minutes=20)
    passed = await agree(house, await handed(house, request.grant_id), house.max)
    with pytest.raises(Invalid) as refused:
        await more(house, passed.grant_id, 31, house.technician(carol))
    assert "60 minutes in all; 30 of them are left" in refused.value.public
    await agree(house, await more(house, passed.grant_id, 30, house.technician(carol)), house.max)
    assert (await grant_of(house, passed)).whole == timedelta(hours=1)


async def test_R26_what_was_worked_before_counts_at_the_agreement_too(house, carol, later, tmp_path):
    request = await house.approved()
    later(minutes=50)
    passed = await agree(house, await handed(house, request.grant_id), house.eve)
    longer = await more(house, passed.grant_id, 60, house.technician(carol))
    house.services.decisions.replace_engine(engine(shorter(tmp_path / "rules")))
    with pytest.raises(Invalid) as refused:
        await agree(house, longer, house.eve)
    assert "90 minutes in all; 30 of them are left" in refused.value.public


async def test_what_counts_from_the_first_connection_has_spent_nothing_before_it(house, carol, rules, later):
    rules('@counted("connection")')
    request = await house.approved(60)
    later(minutes=20)
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    later(minutes=15)
    grant = await grant_of(house, await agree(house, await handed(house, request.grant_id), house.eve))
    assert (round(grant.spent / timedelta(minutes=1)), grant.whole) == (15, timedelta(hours=1))


async def test_a_planned_one_keeps_how_early_and_how_late_one_may_begin(house, carol, rules):
    rules('@early("PT30M")\n@late("PT20M")')
    asked = await house.asked(start=clock.now() + timedelta(hours=5))
    later_on = Terms(start=clock.now() + timedelta(hours=6))
    eve = house.staff(house.eve)
    request = await house.services.approvals.approve(eve, asked.id, asked.version, 60, "not before", later_on)
    first = await grant_of(house, request)
    grant = await grant_of(house, await agree(house, await handed(house, request.grant_id), house.eve))
    assert (grant.start, grant.planned, grant.end, grant.slack, grant.spent) == (
        first.start, first.planned, first.end, timedelta(minutes=20), timedelta(),
    )  # fmt: skip


async def test_R26_more_time_for_an_emergency_is_urgent_in_the_trail_and_in_the_mail(house, tell, box):
    request = await house.approved(30, emergency=CALL)
    await turn(tell)
    before = len(box.letters)
    await more(house, request.grant_id)
    assert (await house.event("request:created")).fields["emergency"] == "yes"
    await turn(tell)
    new = [str(one["subject"]) for one in box.letters[before:]]
    assert new
    assert {one.partition(":")[0] for one in new} == {"URGENT"}


async def test_R26_an_emergency_in_other_hands_is_one_and_reviewed_once_by_somebody_else(house, carol):
    pia = await approver(house, "pia")
    request = await asked_by_eve(house, minutes=30, emergency=CALL)
    passed = await agree(house, await handed(house, request.grant_id), pia)
    longer = await more(house, passed.grant_id, 10, house.staff(house.max))
    await agree(house, longer, pia)
    use = house.services.emergencies
    (due,) = await use.to_review(house.staff(house.ruth))
    assert (due.emergency.id, due.can_review, due.under_way) == (request.id, True, True)
    for person in (house.eve, house.max, pia):
        (seen,) = await use.to_review(house.staff(person))
        assert not seen.can_review
        with pytest.raises(SelfReview):
            await use.review(
                house.staff(person), request.id, due.emergency.version, Outcome.JUSTIFIED, NOTE
            )  # fmt: skip
    await use.review(house.staff(house.ruth), request.id, due.emergency.version, Outcome.JUSTIFIED, NOTE)
    assert await use.to_review(house.staff(house.ruth)) == []


async def test_R26_who_asked_for_more_of_an_emergency_does_not_review_it(house):
    request = await house.approved(30, emergency=CALL)
    await agree(house, await more(house, request.grant_id, actor=house.staff(house.max)), house.eve)
    (seen,) = await house.services.emergencies.to_review(house.staff(house.max))
    assert not seen.can_review


async def test_R26_nobody_is_asked_to_review_what_he_asked_more_time_for(house, tell, box, later):
    request = await house.approved(30, emergency=CALL)
    await agree(house, await more(house, request.grant_id, actor=house.staff(house.max)), house.eve)
    later(days=10)
    await turn(tell)
    before = len(box.letters)
    assert await house.services.emergencies.warn(OPERATOR) == 1
    await turn(tell)
    assert [str(one["to"]) for one in box.letters[before:]] == ["ruth@chu"]


async def test_R26_nothing_is_added_to_an_emergency_after_its_review(house, carol):
    """Nobody would look at it: neither asked before the review nor after it."""
    request = await house.approved(30, emergency=CALL)
    passed, longer = await handed(house, request.grant_id), await more(house, request.grant_id, 10)
    use = house.services.emergencies
    (due,) = await use.to_review(house.staff(house.ruth))
    await use.review(house.staff(house.ruth), request.id, due.emergency.version, Outcome.JUSTIFIED, NOTE)
    for one, who in ((passed, carol), (longer, house.alice)):
        gone = (await house.services.asked.get(house.technician(who), one.id)).request
        assert (gone.stored_state, gone.decision_note) == (RequestState.WITHDRAWN, REVIEWED_MEANWHILE)
        with pytest.raises(Conflict):
            await agree(house, one, house.max)
    assert told(REVIEWED_MEANWHILE, translator("fr")) == "L’urgence dont cette demande faisait partie a été revue."
    for ask in (handed(house, request.grant_id), more(house, request.grant_id, 10)):
        with pytest.raises(Conflict) as refused:
            await ask
        assert refused.value.public == REVIEWED
    assert not (await grant_of(house, request)).revoked_at


async def test_R26_nobody_is_woken_for_what_waited_of_an_emergency_that_is_reviewed(house, tell, box, later):
    request = await house.approved(30, emergency=CALL)
    longer = await more(house, request.grant_id, 10)
    (due,) = await house.services.emergencies.to_review(house.staff(house.ruth))
    await house.services.emergencies.review(
        house.staff(house.ruth), request.id, due.emergency.version, Outcome.JUSTIFIED, NOTE
    )  # fmt: skip
    await turn(tell)
    before = len(box.letters)
    later(minutes=20)
    await tell.escalate()
    await turn(tell)
    assert [str(one["subject"]) for one in box.letters[before:] if "URGENT" in str(one["subject"])] == []
    view = await house.services.asked.get(house.staff(house.max), longer.id)
    assert not view.can_decide


async def test_R26_what_waited_at_a_review_of_before_can_be_refused_and_not_agreed_to(house, later):
    """As data of an earlier version has it: signed, and a part still waits."""
    request = await house.approved(30, emergency=CALL)
    longer = await more(house, request.grant_id, 10)
    async with house.database.write() as uow:
        one = await uow.emergencies.get(request.id)
        await uow.emergencies.save(replace(one, reviewed_at=clock.now(), reviewed_by="Ruth", outcome="justified"))
    max_ = house.staff(house.max)
    view = await house.services.asked.get(max_, longer.id)
    assert (view.can_decide, view.why_not) == (False, REVIEWED)
    french = replace(max_, language="fr")
    assert (await house.services.asked.get(french, longer.id)).why_not == (
        "Cette urgence a été revue : plus rien n’est accordé à son titre. "
        "Pour ce qui ne peut pas attendre, déclarez une nouvelle urgence."
    )
    with pytest.raises(Conflict) as refused:
        await agree(house, longer, house.max)
    assert refused.value.public == REVIEWED
    denied = await house.services.approvals.deny(max_, longer.id, longer.version, "it has been reviewed")
    assert denied.stored_state is RequestState.DENIED


async def test_R23_who_asked_for_a_part_that_was_agreed_to_meanwhile_does_not_agree_to_another(house, carol):
    request = await house.approved()
    longer = await more(house, request.grant_id, actor=house.staff(house.max))
    passed = await handed(house, request.grant_id)
    await agree(house, longer, house.eve)
    view = await house.services.asked.get(house.staff(house.max), passed.id)
    assert (view.can_decide, [one.name for one in view.standby.people]) == (False, ["Eve"])
    with pytest.raises(SelfApproval):
        await agree(house, passed, house.max)
    done = await agree(house, passed, house.eve)
    async with house.database.read() as uow:
        assert (await uow.requests.get(done.id)).earlier_askers == passed.earlier_askers, "what was asked stays"


async def test_R23_who_asked_for_a_part_that_still_waits_agrees_to_no_other(house, carol):
    """Nor is he offered it, in a list as little as on the page; the other way round he does not ask."""
    request = await house.approved()
    longer = await more(house, request.grant_id, actor=house.staff(house.max))
    passed = await handed(house, request.grant_id)
    with pytest.raises(SelfApproval):
        await agree(house, passed, house.max)
    assert (await row_of(house, house.max, passed)).why_not == SelfApproval.sentence
    assert (await house.services.asked.get(house.staff(house.max), passed.id)).why_not == SelfApproval.sentence
    assert await house.services.asked.to_decide(house.staff(house.max)) == 0
    assert await house.services.asked.to_decide(house.staff(house.eve)) == 2
    await house.services.approvals.deny(house.staff(house.eve), longer.id, longer.version, "not today")
    assert (await row_of(house, house.max, passed)).can_decide


async def test_R23_who_agreed_to_a_part_that_still_waits_asks_for_no_other(house, carol, two_agree):
    request = await agree(house, await house.asked(minutes=200), house.eve)
    passed = await handed(house, request.grant_id)
    house.services.decisions.replace_engine(two_agree)
    half = await agree(house, passed, house.max)
    assert half.missing == 1
    max_, dora = house.staff(house.max), await colleague(house, "dora", "Dora Petit")
    for ask in (more(house, request.grant_id, 1, max_), handed(house, request.grant_id, dora.login, max_)):
        with pytest.raises(Conflict) as refused:
            await ask
        assert refused.value.public == HAS_AGREED
    done = await agree(house, half, house.eve)
    assert await more(house, done.grant_id, 1, max_), "what was agreed to is done: others decide on more of it"


async def test_R23_nor_does_he_in_whose_name_another_agreed_to_a_part_that_still_waits(house, carol, two_agree, zoe):
    request = await agree(house, await house.asked(minutes=200), house.eve)
    passed = await handed(house, request.grant_id)
    house.services.decisions.replace_engine(two_agree)
    await house.services.standins.delegate(house.staff(house.eve), lending())
    half = await house.services.approvals.approve(await lent(house, zoe), passed.id, passed.version, 200, "ok")
    assert (half.missing, half.approvals[0].for_id) == (1, house.eve.id)
    with pytest.raises(Conflict) as refused:
        await more(house, request.grant_id, 1, house.staff(house.eve))
    assert refused.value.public == HAS_AGREED


async def row_of(house, person, request):
    rows = {one.request.id: one for one in await house.services.asked.pending(house.staff(person))}
    found = {one.request.id: one for one in await house.services.asked.search(house.staff(person))}
    assert rows[request.id] == found[request.id]
    return rows[request.id]


async def test_R22_a_list_says_how_many_must_agree_now_like_the_page(house, carol, two_agree):
    request = await agree(house, await house.asked(minutes=240), house.eve)
    passed = await handed(house, request.grant_id)
    house.services.decisions.replace_engine(two_agree)
    page = await house.services.asked.get(house.staff(house.max), passed.id)
    row = await row_of(house, house.max, passed)
    assert (page.request.quorum, row.request.quorum, passed.quorum) == (2, 2, 1)
    assert row.request == page.request


def for_long_work(folder, rule, action, said):
    """The shipped policies with one rule more, about what lasts longer than two and a half hours."""
    shutil.copytree(LIBRARY, folder, ignore=shutil.ignore_patterns("*.cedarschema"))
    names = '@id("long")\n@sentence_en("Long work.")\n@sentence_fr("Une longue intervention.")\n'
    when = f'(principal is Technician, action == Action::"{action}", resource is Device)\n'
    with (folder / "suppliers.cedar").open("a", encoding="utf-8") as file:
        file.write(f'\n{names}{rule} {when}when {{ context.duration > duration("150m") }};\n')
    examples = folder / "examples.toml"
    text = examples.read_text(encoding="utf-8")
    told = f'\n[[example]]\nsays = "long work"\nwho = "alice"\naction = "{action}"\ndevice = "ct-01"\n'
    four = 'context = { minutes = 240 }\nallowed = true\nrules = ["maintainer"]'
    assert text.count(four) == 1
    text = text.replace(four, four.replace('"maintainer"', '"maintainer", "long"')) if action == "request" else text
    examples.write_text(f"{text}{told}context = {{ minutes = 180 }}\n{said}\n", encoding="utf-8")
    return engine(folder)


@pytest.fixture
def two_agree(tmp_path):
    return for_long_work(
        tmp_path / "two", '@approvals("2")\n@max_duration("PT4H")\npermit', "request",
        'allowed = true\nrules = ["maintainer", "long"]',
    )  # fmt: skip


async def test_R22_what_was_worked_before_counts_for_how_many_agree(house, carol, later, two_agree):
    """Not only what the colleague has had himself."""
    request = await agree(house, await house.asked(minutes=120), house.eve)
    later(minutes=100)
    passed = await agree(house, await handed(house, request.grant_id), house.eve)
    longer = await more(house, passed.grant_id, 60, house.technician(carol))
    house.services.decisions.replace_engine(two_agree)
    half = await agree(house, longer, house.eve)
    assert (half.missing, half.grant_id) == (1, "")
    assert (await agree(house, half, house.max)).grant_id


async def test_R22_a_handover_is_judged_as_the_whole_of_the_work_whenever_it_is_judged(
    house, carol, later, two_agree, tmp_path
):
    request = await agree(house, await house.asked(minutes=240), house.eve)
    later(minutes=200)
    passed = await handed(house, request.grant_id)
    assert passed.quorum == 1
    house.services.decisions.replace_engine(two_agree)
    half = await agree(house, passed, house.eve)
    assert (half.missing, half.grant_id) == (1, "")
    never = for_long_work(tmp_path / "never", "forbid", "connect", 'allowed = false\nrules = ["long"]')
    house.services.decisions.replace_engine(never)
    with pytest.raises(PolicyRefused):
        await agree(house, half, house.max)


async def in_three_parts(house, carol):
    """An emergency of Alice's that Carol took over and got more time for: who agreed is another each time."""
    request = await house.approved(30, emergency=CALL)
    passed = await agree(house, await handed(house, request.grant_id), house.max)
    await house.services.sessions.acknowledge(house.technician(carol), passed.grant_id, "terminal")
    opened = await house.services.sessions.open(house.technician(carol), passed.grant_id, CONNECTION)
    longer = await agree(house, await more(house, passed.grant_id, 10, house.technician(carol)), house.eve)
    return [request, passed, longer], opened.record


async def test_R26_who_reviews_an_emergency_reads_the_whole_work(house, carol):
    """In whoever's hands: one for whom no session was opened may have had it done by a colleague."""
    made, record = await in_three_parts(house, carol)
    view = await house.services.emergencies.get(house.staff(house.ruth), made[0].id)
    assert [part.request.id for part in view.parts] == [one.id for one in made]
    assert [part.handover.from_name if part.handover else "" for part in view.parts] == ["", "Alice Martin", ""]
    assert (view.technicians, view.agreed_by) == (("Alice Martin", "Carol Blanc"), ("Eve", "Max"))
    assert [one.id for one in view.sessions] == [record.id]
    (listed,) = await house.services.emergencies.to_review(house.staff(house.ruth))
    assert listed.parts == view.parts
    said = row(view, clock.now())
    assert (said["technicians"], said["agreed_by"]) == (["Alice Martin", "Carol Blanc"], ["Eve", "Max"])
    assert (said["parts"], said["sessions"]) == (3, 1)


async def test_whoever_was_refused_to_take_over_was_not_at_work(house, carol):
    request = await house.approved(30, emergency=CALL)
    asked = await handed(house, request.grant_id)
    await house.services.approvals.deny(house.staff(house.max), asked.id, asked.version, "not today, please")
    view = await house.services.emergencies.get(house.staff(house.ruth), request.id)
    assert (view.technicians, len(view.parts), view.sessions) == (("Alice Martin",), 2, ())


async def test_T33_each_reads_of_the_work_what_he_may_see(house, carol):
    (first, passed, longer), _record = await in_three_parts(house, carol)
    asked = house.services.asked

    async def parts(actor, one):
        return [part.request.id for part in (await asked.get(actor, one.id)).parts]

    assert await parts(house.staff(house.max), first) == [passed.id, longer.id]
    assert await parts(house.staff(house.max), longer) == [first.id, passed.id]
    assert await parts(house.technician(), first) == []
    assert await parts(house.technician(carol), passed) == [longer.id]
    await house.services.company.name_correspondent(OPERATOR, house.alice.id, named=True)
    seen = await house.services.company.request(house.technician(), first.id)
    assert [part.request.id for part in seen.parts] == [passed.id, longer.id]
