"""R-67, R-6: a supplier without a required paper begins nothing new, and everybody reads which paper it is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.paper import PaperKind
from bastion.domain.parties import system_actor
from bastion.errors import Forbidden, FreshFactorNeeded, IllegalTransition, Invalid, NotFound, PolicyRefused
from bastion.i18n import sentence
from bastion.services.papers import PaperForm
from tests.services.house import CONNECTION, OPERATOR, moved

DAY = timedelta(days=1)
PAS, CHARTER = PaperKind.SECURITY_PLAN, PaperKind.CHARTER


def form(kind=PAS, days=90, **changes) -> PaperForm:
    return replace(PaperForm(kind, "PAS-2026-7", None, clock.now() + days * DAY, "signed"), **changes)


@pytest.fixture
def use(house):
    return house.services.papers


@pytest.fixture
def acme(house) -> str:
    return house.alice.supplier_id


@pytest.fixture
def later(monkeypatch):
    """Let the clock stand so much later."""
    real = clock.now

    def move(days: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: real() + days * DAY)

    return move


async def required(use, *kinds, days=0):
    for kind in kinds:
        await use.require(OPERATOR, kind, clock.now() + days * DAY)


async def test_a_paper_is_registered_seen_and_withdrawn(house, use, acme):
    ruth = house.staff(house.ruth)
    made = await use.add(ruth, acme, form())
    seen = await use.of(house.staff(house.eve), acme)
    assert (seen.papers, seen.missing, seen.supplier.code) == ((made,), (), "acme")
    gone = await use.withdraw(ruth, made.id, acme)
    assert (await use.of(ruth, acme)).papers == (gone,)
    assert await house.tags("paper") == ["paper:added", "paper:withdrawn"]
    event = await house.event("paper:added")
    assert (event.fields["supplier"], event.fields["paper"], event.fields["reference"]) == (
        "acme", "security_plan", "PAS-2026-7",
    )  # fmt: skip
    with pytest.raises(IllegalTransition):
        await use.withdraw(ruth, made.id)


async def test_without_a_required_paper_no_request_and_the_sentence_names_it(house, use, acme):
    await required(use, PAS, CHARTER)
    await use.add(OPERATOR, acme, form(CHARTER))
    with pytest.raises(PolicyRefused) as refused:
        await house.asked()
    assert "Missing or expired: security plan (PAS)." in sentence(refused.value, "en")
    french = replace(house.technician(), language="fr")
    with pytest.raises(PolicyRefused) as refused:
        await house.services.access.request(french, house.draft())
    assert "Manque ou a expiré : plan d’assurance sécurité (PAS)." in sentence(refused.value, "fr")
    assert (await house.event("request:refused")).fields["policy"] == "papers-missing"
    await use.add(OPERATOR, acme, form())
    assert (await house.asked()).quorum == 1


async def test_staff_cannot_ask_for_such_a_supplier_either(house, use, acme):
    await required(use, PAS)
    await use.add(OPERATOR, acme, form())
    asked = house.draft(technician_login="alice")
    request = await house.services.access.request(house.staff(house.max), asked)
    await house.services.taking_back.withdraw(house.staff(house.max), request.id)
    await required(use, PaperKind.INSURANCE)
    with pytest.raises(PolicyRefused):
        await house.services.access.request(house.staff(house.max), asked)


async def test_without_it_no_grant(house, use):
    request = await house.asked()
    await required(use, PAS)
    french = replace(house.staff(house.eve), language="fr")
    with pytest.raises(PolicyRefused) as refused:
        await house.services.approvals.approve(french, request.id, request.version, 60)
    assert "plan d’assurance sécurité" in refused.value.public


async def test_without_it_no_new_session_under_a_grant_made_before(house, use, acme, later):
    await required(use, PAS)
    paper = await use.add(OPERATOR, acme, form())
    request = await house.approved()
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    await use.withdraw(OPERATOR, paper.id)
    with pytest.raises(PolicyRefused) as refused:
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    assert "security plan (PAS)" in refused.value.public
    assert await house.tags("session:cut") == []


async def test_running_sessions_are_told_and_not_cut(house, use, acme):
    opened = await house.opened()
    (wish,) = (await house.services.sessions.wishes("n1")).values()
    assert (wish.lacks, wish.welcome) == ((), True)
    await required(use, PAS, CHARTER)
    wish = (await house.services.sessions.wishes("n1"))[opened.record.id]
    assert (wish.lacks, wish.welcome) == ((CHARTER, PAS), True)


async def test_it_blocks_on_the_set_day_and_is_announced_before(house, use, acme, later):
    await required(use, PAS, days=10)
    await use.add(OPERATOR, acme, form(days=20))
    await house.asked()
    seen = await use.of(OPERATOR, acme)
    assert (seen.missing, seen.coming, [p.reference for p in seen.ending]) == ((), (PAS,), ["PAS-2026-7"])
    assert (await use.standing(OPERATOR))[house.bob.supplier_id].coming == (PAS,)
    later(11)
    assert (await use.standing(OPERATOR))[house.bob.supplier_id].missing == (PAS,)
    assert (await use.of(OPERATOR, acme)).missing == ()
    later(20.1)
    assert (await use.of(OPERATOR, acme)).missing == (PAS,)
    with pytest.raises(PolicyRefused):
        await house.asked(device_code="ct-01")


async def test_a_kind_can_be_required_no_longer(house, use):
    await required(use, PAS)
    await use.require(OPERATOR, PAS, None)
    assert (await use.rules(OPERATOR))[PAS].required_from is None
    await house.asked()
    assert (await house.event("paper:required")).fields == {"paper": "security_plan", "start": ""}


async def test_the_trail_is_told_once_before_a_paper_ends(house, use, acme, later):
    await use.add(OPERATOR, acme, form(days=60))
    assert await use.warn(system_actor()) == 0
    later(31)
    assert await use.warn(system_actor()) == 1
    assert await use.warn(system_actor()) == 0
    assert (await house.event("paper:ending")).fields["reference"] == "PAS-2026-7"
    await use.add(OPERATOR, acme, form(days=200))
    assert (await use.of(OPERATOR, acme)).ending == ()


async def test_R23_only_an_administrator_of_the_group_with_a_fresh_code(house, use, acme):
    paper = await use.add(OPERATOR, acme, form())
    for person, error in (
        (house.staff(house.eve), Forbidden),
        (house.technician(), Forbidden),
        (house.staff(house.ruth, fresh=False), FreshFactorNeeded),
        (moved(house.staff(house.ruth), {"f"}), NotFound),
    ):
        for act in (
            use.add(person, acme, form()), use.withdraw(person, paper.id), use.require(person, PAS, None),
        ):  # fmt: skip
            with pytest.raises(error):
                await act
    for act in (use.of(house.technician(), acme), use.standing(house.technician()), use.rules(house.technician())):
        with pytest.raises(Forbidden):
            await act
    for act in (
        use.add(OPERATOR, "0" * 32, form()), use.of(OPERATOR, "0" * 32), use.withdraw(OPERATOR, "0" * 32),
        use.withdraw(OPERATOR, paper.id, house.bob.supplier_id),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await act


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reference": " "}, "reference"),
        ({"reference": "x" * 201}, "reference"),
        ({"reference": "a\u202eb"}, "reference"),
        ({"note": "x" * 2001}, "note"),
        ({"days": -1}, "valid_to"),
    ],
    ids=str,
)
async def test_bad_ones_are_refused_at_their_field(use, acme, wrong, field):
    with pytest.raises(Invalid) as refused:
        await use.add(OPERATOR, acme, form(**wrong))
    assert refused.value.field == field


@pytest.mark.parametrize("kind", list(PaperKind))
async def test_R6_what_is_renewed_is_not_registered_without_its_last_day(use, acme, kind):
    endless = form(kind, valid_to=None)
    if kind in {PaperKind.CHARTER, PaperKind.OTHER}:
        assert (await use.add(OPERATOR, acme, endless)).valid_to is None
        return
    with pytest.raises(Invalid) as refused:
        await use.add(OPERATOR, acme, endless)
    assert refused.value.field == "valid_to"
    assert sentence(refused.value, "en") == "A paper of this kind is renewed: give its last day."
    assert sentence(refused.value, "fr").startswith("Un document de ce type se renouvelle")
