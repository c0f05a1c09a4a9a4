"""R-18, R-46: what stands between a person and work, in one statement; what was said stays said."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion.domain.roster import Confirmation, Confirmed
from bastion.domain.subcontractor import Subcontractor
from bastion.errors import BastionError
from tests.store.samples import ALICE, GE, NOW

DAY = timedelta(days=1)
SUB = Subcontractor("u1", GE.id, "Sub", "123", "FR", "Denis", NOW)
WORD = Confirmed(ALICE.id, NOW, NOW + 92 * DAY, NOW + 106 * DAY, "Denis", "L-1")
SAID = Confirmation("c1", GE.id, NOW, "Denis", "L-1", (ALICE.id,), 0)


@pytest.fixture
async def people(database):
    async with database.write() as uow:
        await uow.suppliers.add(GE)
        await uow.technicians.add(ALICE)
        await uow.subcontractors.add(SUB)


@pytest.mark.usefixtures("people")
async def test_employment_tells_employer_and_word(database):
    async with database.write() as uow:
        facts = await uow.rosters.employment(ALICE.id)
        assert (facts.employer_id, facts.employer, facts.confirmed) == ("", None, None)
        await uow.technicians.save(replace(ALICE, employer_id="u1"))
        await uow.rosters.put(replace(WORD, reference="L-0"))
        await uow.rosters.put(WORD)
        facts = await uow.rosters.employment(ALICE.id)
        assert (facts.employer_id, facts.employer, facts.confirmed) == ("u1", SUB, WORD)
        assert await uow.rosters.of(GE.id) == [WORD]
        await uow.technicians.save(replace(ALICE, employer_id="u9"))
        facts = await uow.rosters.employment(ALICE.id)
        assert (facts.employer_id, facts.employer) == ("u9", None)
        await uow.technicians.add(replace(ALICE, id="tec-9", login="nora"))
        several = await uow.rosters.employments([ALICE.id, "tec-9", "nobody"])
        assert several == {one: await uow.rosters.employment(one) for one in (ALICE.id, "tec-9")}
        assert await uow.rosters.employments([]) == {}
        assert await uow.rosters.employment("nobody") is None
        assert await uow.rosters.employment("\x00") is None


@pytest.mark.usefixtures("people")
async def test_a_subcontractor_of_another_supplier_employs_nobody_here(database):
    async with database.write() as uow:
        await uow.suppliers.add(replace(GE, id="sup-2", code="other"))
        await uow.subcontractors.add(replace(SUB, id="u2", supplier_id="sup-2"))
        await uow.technicians.save(replace(ALICE, employer_id="u2"))
        assert (await uow.rosters.employment(ALICE.id)).employer is None
        assert await uow.rosters.barred([ALICE.id, "nobody"]) == {ALICE.id}
        await uow.technicians.save(replace(ALICE, employer_id="u1"))
        assert await uow.rosters.barred([ALICE.id]) == frozenset()
        await uow.subcontractors.save(SUB.object("Ruth", "no", NOW))
        assert await uow.rosters.barred([ALICE.id]) == {ALICE.id}
        assert await uow.rosters.barred([]) == frozenset()
        assert [one.id for one in await uow.subcontractors.of("sup-2")] == ["u2"]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    "changed",
    [
        replace(SUB, declared_at=NOW - DAY),
        replace(SUB, name="Other"),
        replace(SUB, objected_at=NOW, objected_by="Ruth"),
        replace(SUB, objected_at=NOW, objected_by="R", objection="x", ended_at=NOW, ended_by="R"),
        replace(SUB, ended_at=NOW),
    ],
)
async def test_the_database_refuses_what_the_domain_refuses(database, changed):
    with pytest.raises(BastionError):
        async with database.write() as uow:
            await uow.subcontractors.save(changed)


@pytest.mark.usefixtures("people")
async def test_an_objection_stays_and_so_does_what_a_supplier_confirmed(database):
    gone = SUB.object("Ruth", "no", NOW)
    async with database.write() as uow:
        await uow.subcontractors.save(gone)
        await uow.confirmations.add(SAID)
        assert await uow.confirmations.of(GE.id) == [SAID]
    for work in (
        lambda uow: uow.subcontractors.save(SUB),
        lambda uow: uow.confirmations.save(replace(SAID, left_out=3)),
        lambda uow: uow.rosters.put(replace(WORD, due_at=NOW - DAY)),
    ):
        with pytest.raises(BastionError):
            async with database.write() as uow:
                await work(uow)
