"""R-46: whom a subcontractor employs works on day 22 if the hospital is silent, and not at all if it objects."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.subcontractor import SubcontractorState
from bastion.errors import (
    Forbidden,
    FreshFactorNeeded,
    IllegalTransition,
    Invalid,
    NotFound,
    ReasonNeeded,
    Suspended,
)
from bastion.i18n import sentence
from bastion.services.people import TechnicianForm
from bastion.services.subcontractors import SubcontractorForm
from tests.services.house import CONNECTION, OPERATOR

FORM = SubcontractorForm("Sub & Co", "123 456 789", "de")


@pytest.fixture
def use(house):
    return house.services.subcontractors


@pytest.fixture
def acme(house) -> str:
    return house.alice.supplier_id


@pytest.fixture
def later(monkeypatch):
    """Let the clock stand so many days later."""
    real = clock.now

    def move(days: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=days))

    return move


async def employed(house, sub) -> None:
    form = TechnicianForm.of(house.alice, "acme")
    await house.services.people.save_technician(OPERATOR, replace(form, employer_id=sub.id))


async def test_nobody_works_before_day_22_and_everybody_reads_why(house, use, acme, later):
    request = await house.approved(minutes=60)
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    sub = await use.declare(house.staff(house.ruth), acme, FORM)
    await employed(house, sub)
    with pytest.raises(Suspended) as refused:
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    assert "the employer Sub & Co is a subcontractor the hospital may object to until 20" in refused.value.public
    assert "sous-traitant" in sentence(refused.value, "fr")
    with pytest.raises(Suspended):
        await house.services.sessions.enter(house.technician(), "ct-01")
    assert (await house.event("session:refused")).fields["why"] == "suspended"
    with pytest.raises(Suspended):
        await house.services.access.request(
            house.staff(house.eve), house.draft(technician_login="alice", reason="again")
        )
    later(20.9)
    with pytest.raises(Suspended):
        await house.asked()
    later(21)
    request = await house.approved()
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)


async def test_an_objection_blocks_for_good_and_shows_out_of_running_sessions(house, use, acme, later):
    opened = await house.opened()
    sub = await use.declare(OPERATOR, acme, FORM)
    await employed(house, sub)
    assert (await house.services.sessions.wishes("n1"))[opened.record.id].welcome
    await use.object(house.staff(house.ruth), sub.id, "no attestation", acme)
    assert not (await house.services.sessions.wishes("n1"))[opened.record.id].welcome
    later(60)
    with pytest.raises(Suspended) as refused:
        await house.asked()
    assert "has objected to the employer" in refused.value.public
    event = await house.event("subcontractor:objected")
    assert (event.fields["employer"], event.fields["why"], event.fields["supplier"]) == (
        "Sub & Co", "no attestation", "acme",
    )  # fmt: skip


async def test_whoever_ends_it_after_its_21_days_shows_its_people_out_of_running_sessions(house, use, acme, later):
    sub = await use.declare(OPERATOR, acme, FORM)
    await employed(house, sub)
    later(22)
    opened = await house.opened()
    assert (await house.services.sessions.wishes("n1"))[opened.record.id].welcome
    await use.end(OPERATOR, sub.id, acme)
    assert not (await house.services.sessions.wishes("n1"))[opened.record.id].welcome


async def test_agreement_is_refused_too(house, use, acme):
    request = await house.asked()
    await employed(house, await use.declare(OPERATOR, acme, FORM))
    with pytest.raises(Suspended):
        await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)


async def test_whom_an_undeclared_company_employs_is_not_enrolled(house, use, acme):
    mine = await use.declare(OPERATOR, acme, FORM)
    other = await use.declare(OPERATOR, house.bob.supplier_id, FORM)
    gone = await use.end(OPERATOR, (await use.declare(OPERATOR, acme, replace(FORM, name="Gone"))).id)
    refused = await use.declare(OPERATOR, acme, replace(FORM, name="Not them"))
    refused = await use.object(OPERATOR, refused.id, "not them")
    usual = TechnicianForm("carol", "Carol", "", "acme")
    for ident in ("0" * 32, "Sub & Co", other.id, gone.id, refused.id):
        with pytest.raises(Invalid) as wrong:
            await house.services.people.save_technician(OPERATOR, replace(usual, employer_id=ident))
        assert wrong.value.field == "employer_id"
    made = await house.services.people.save_technician(OPERATOR, replace(usual, employer_id=mine.id))
    assert made.employer_id == mine.id


async def test_who_is_employed_there_may_still_be_edited_once_it_is_objected_to(house, use, acme):
    sub = await use.declare(OPERATOR, acme, FORM)
    await employed(house, sub)
    await use.object(OPERATOR, sub.id, "not them")
    form = replace(TechnicianForm.of(house.alice, "acme"), employer_id=sub.id, active=False)
    assert not (await house.services.people.save_technician(OPERATOR, form)).active


async def test_who_may_say_what(house, use, acme):
    sub = await use.declare(OPERATOR, acme, FORM)
    ruth, eve = house.staff(house.ruth), house.staff(house.eve)
    with pytest.raises(Forbidden):
        await use.declare(eve, acme, FORM)
    with pytest.raises(Forbidden):
        await use.object(eve, sub.id, "because")
    with pytest.raises(Forbidden):
        await use.object(house.technician(), sub.id, "because")
    with pytest.raises(FreshFactorNeeded):
        await use.object(house.staff(house.ruth, fresh=False), sub.id, "because")
    with pytest.raises(ReasonNeeded):
        await use.object(ruth, sub.id, " ")
    with pytest.raises(NotFound):
        await use.object(ruth, sub.id, "because", house.bob.supplier_id)
    with pytest.raises(NotFound):
        await use.declare(ruth, "0" * 32, FORM)
    for wrong in (replace(FORM, name=" "), replace(FORM, country="ZZ"), replace(FORM, registration="x" * 300)):
        with pytest.raises(Invalid):
            await use.declare(ruth, acme, wrong)
    assert [one.id for one in await use.of(eve, acme)] == [sub.id]
    assert (sub.country, sub.state(clock.now())) == ("DE", SubcontractorState.WAITING)


async def test_after_its_time_there_is_no_objection(house, use, acme, later):
    sub = await use.declare(OPERATOR, acme, FORM)
    later(22)
    with pytest.raises(IllegalTransition):
        await use.object(OPERATOR, sub.id, "too late")
    assert [one.id for one in await use.employers(OPERATOR)] == [sub.id]
    await use.end(OPERATOR, sub.id)
    assert await use.employers(OPERATOR) == []
    assert await house.tags("subcontractor") == ["subcontractor:declared", "subcontractor:ended"]
