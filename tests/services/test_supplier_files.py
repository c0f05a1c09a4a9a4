"""R-18, R-45, R-46, R-67: one page says what blocks a supplier now and what will soon; countries are declared."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.paper import Paper, PaperKind
from bastion.domain.parties import Facility
from bastion.domain.place import Place
from bastion.errors import Forbidden, Invalid, NotFound, PolicyRefused
from bastion.i18n import sentence
from bastion.services.directory import SupplierForm
from bastion.services.people import TechnicianForm
from bastion.services.subcontractors import SubcontractorForm
from tests.services.house import CONNECTION, OPERATOR
from tests.services.house import moved as placed
from tests.services.test_subcontractors import later

__all__ = ["later"]
DAY = timedelta(days=1)


@pytest.fixture
def use(house):
    return house.services.supplier_files


async def change(house, **changes):
    (acme,) = [s for s in await house.services.directory.suppliers(OPERATOR) if s.code == "acme"]
    return await house.services.directory.save_supplier(OPERATOR, replace(SupplierForm.of(acme), **changes))


async def moved(house, country: str) -> None:
    form = replace(TechnicianForm.of(house.alice, "acme"), country=country)
    await house.services.people.save_technician(OPERATOR, form)


async def remarks(house, use):
    file = await use.of(house.staff(house.eve), house.alice.supplier_id)
    return [one.text.split(":")[0] for one in file.blocks], [one.text.split(":")[0] for one in file.soon]


async def test_nobody_works_from_a_country_that_is_not_declared(house, use):
    request = await house.approved()
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    await moved(house, "ma")
    with pytest.raises(PolicyRefused) as refused:
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    said = sentence(refused.value, "en")
    assert "a country that the supplier has not declared" in said
    assert "Declared: FR; this person: MA." in said
    with pytest.raises(PolicyRefused) as refused:
        await house.services.access.request(
            replace(house.staff(house.eve), language="fr"), house.draft(technician_login="alice", reason="again")
        )
    assert "Déclarés : FR ; cette personne : MA." in refused.value.public.replace("\xa0", " ")
    assert (await remarks(house, use))[0] == ["Not working, because their country is not declared"]
    await change(house, countries=("FR", "MA"))
    opened = await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    assert opened.record.country == "MA"


async def test_work_from_outside_the_eea_is_in_the_report(house, use):
    await change(house, countries=("FR", "MA", "DE"))
    await moved(house, "DE")
    assert await use.people_abroad(OPERATOR) == []
    await moved(house, "MA")
    opened = await house.opened()
    people = await use.people_abroad(house.staff(house.eve))
    assert [(person.login, supplier.code) for person, supplier in people] == [("alice", "acme")]
    sessions = await use.sessions_abroad(house.staff(house.eve))
    assert [(record.id, record.country) for record, _ in sessions] == [(opened.record.id, "MA")]
    await moved(house, "FR")
    assert await use.people_abroad(OPERATOR) == []
    assert len(await use.sessions_abroad(OPERATOR)) == 1
    for report in (use.people_abroad, use.sessions_abroad):
        with pytest.raises(Forbidden):
            await report(house.technician())


async def test_work_from_far_away_in_other_hospitals_hides_none_of_one_s_own(house, use):
    await change(house, countries=("FR", "MA"))
    await moved(house, "MA")
    record = (await house.opened()).record
    async with house.database.write() as uow:
        await uow.facilities.add(Facility("other", "other", "Other", "999"))
        for number in range(3):
            later = record.started_at + timedelta(minutes=number + 1)
            await uow.sessions.add(replace(record, id=f"s{number}", facility_id="other", started_at=later))
    mine = placed(house.staff(house.eve), {record.facility_id})
    assert [one.id for one, _ in await use.sessions_abroad(mine, limit=2)] == [record.id]
    assert [one.id for one, _ in await use.sessions_abroad(OPERATOR, limit=2)] == ["s2", "s1"]
    at = Place(record.started_at + timedelta(minutes=2), "s1")
    assert [one.id for one, _ in await use.sessions_abroad(OPERATOR, after=at)] == ["s0", record.id]
    assert await use.sessions_abroad(placed(house.staff(house.eve), {"none"})) == []


async def test_a_new_supplier_and_a_new_person_are_in_france_unless_it_is_said(house):
    made = await house.services.directory.save_supplier(OPERATOR, SupplierForm("new", "New"))
    assert (made.countries, house.alice.country) == (("FR",), "FR")
    for wrong in (("FRA",), ("zz",)):
        with pytest.raises(Invalid):
            await change(house, countries=wrong)
    with pytest.raises(Invalid):
        await moved(house, "")


async def test_a_contract_has_a_number_a_term_and_a_security_contact(house, use, later):
    now = clock.now()
    await change(
        house, contract_number="M-7", contract_start=now + DAY, contract_end=now + 40 * DAY,
        security_contact="rssi@acme.example",
    )  # fmt: skip
    assert (await remarks(house, use))[0] == ["The contract begins on {day}"]
    with pytest.raises(PolicyRefused):
        await house.asked()
    later(1.01)
    assert await remarks(house, use) == ([], [])
    request = await house.asked()
    later(11)
    assert await remarks(house, use) == ([], ["The contract ends with {day}"])
    later(40.01)
    assert (await remarks(house, use))[0] == ["The contract has ended on {day}"]
    with pytest.raises(PolicyRefused):
        await house.asked()
    assert request.quorum == 1
    with pytest.raises(Invalid):
        await change(house, contract_start=now, contract_end=now - DAY)
    with pytest.raises(Invalid):
        await change(house, contract_number="x" * 300)


async def test_a_contract_that_ends_closes_everything_that_second(house, use, later):
    opened = await house.opened()
    await change(house, contract_end=clock.now() + timedelta(minutes=5))
    assert (await house.services.sessions.wishes("n1"))[opened.record.id].welcome
    later(5.01 / 24 / 60)
    assert not (await house.services.sessions.wishes("n1"))[opened.record.id].welcome
    with pytest.raises(PolicyRefused):
        await house.services.sessions.open(house.technician(), opened.grant.id, CONNECTION)


async def test_everything_that_blocks_or_will_is_said_once(house, use, later):
    acme = house.alice.supplier_id
    sub = await house.services.subcontractors.declare(OPERATOR, acme, SubcontractorForm("Sub"))
    await house.services.people.save_technician(
        OPERATOR, replace(TechnicianForm.of(house.alice, "acme"), employer_id=sub.id)
    )
    await change(house, networks=())
    blocks, soon = await remarks(house, use)
    assert blocks == ["No network is declared", "Not working, because of their employer"]
    assert soon == [
        "The hospital may object to {names} until {day}; then it is allowed.", "No security contact is named.",
        "The contract has no number", "The contract has no end",
    ]  # fmt: skip
    later(93)
    assert (await remarks(house, use))[1][0] == "To be confirmed by the supplier, or suspended from {day} on"
    later(120)
    assert "Suspended, because the supplier has not confirmed them" in (await remarks(house, use))[0]
    await change(house, active=False)
    assert (await remarks(house, use))[0][0] == "The supplier is out of use"


async def test_a_file_that_is_not_there(house, use):
    with pytest.raises(NotFound):
        await use.of(OPERATOR, "0" * 32)
    with pytest.raises(Forbidden):
        await use.of(house.technician(), house.alice.supplier_id)


async def test_R18_a_contract_without_number_or_end_is_something_to_see_to(house, use):
    await change(house, security_contact="rssi@acme.example")
    number, end = "The contract has no number", "The contract has no end"
    assert await remarks(house, use) == ([], [number, end])
    await change(house, contract_number="M-7")
    assert await remarks(house, use) == ([], [end])
    await change(house, contract_end=clock.now() + 400 * DAY)
    assert await remarks(house, use) == ([], [])


async def test_R6_a_paper_that_was_registered_without_its_end_is_to_be_completed(house, use):
    end = clock.now() + 400 * DAY
    await change(house, contract_number="M-7", contract_end=end, security_contact="rssi@acme.example")
    papers, acme = house.services.papers, house.alice.supplier_id
    await endless(house, PaperKind.ATTESTATION)
    assert await remarks(house, use) == ([], ["No end, to be completed"])
    file = await use.of(house.staff(house.eve), acme)
    assert file.soon[0].papers == (PaperKind.ATTESTATION,)
    await papers.withdraw(OPERATOR, file.papers.papers[0].id)
    assert await remarks(house, use) == ([], [])


async def endless(house, kind: PaperKind) -> None:
    """Registered before an end was asked for."""
    now = clock.now()
    async with house.database.write() as uow:
        await uow.papers.add(Paper("old-1", house.alice.supplier_id, kind, "ATT-1", now - DAY, None, "", "Ruth", now))
