"""R-18, R-11, R-67: planned work is judged by the day it is for, whoever asks for it and whoever agrees to it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.conditions import PLAIN, Terms
from bastion.domain.local_time import last_day
from bastion.domain.paper import PaperKind
from bastion.domain.timebox import TimeBox
from bastion.errors import Invalid
from bastion.i18n import sentence
from bastion.services.directory import SupplierForm
from bastion.services.papers import PaperForm
from bastion.services.people import TechnicianForm
from bastion.services.terms_ahead import refuse_past_terms
from tests.services.house import OPERATOR, undertake

DAY = timedelta(days=1)


async def contract(house, days: int) -> str:
    """Let the contract end so many days from now; return its last day."""
    async with house.database.read() as uow:
        known = SupplierForm.of(await uow.suppliers.get(house.alice.supplier_id))
    end = clock.now() + days * DAY
    await house.services.directory.save_supplier(OPERATOR, replace(known, contract_end=end))
    return last_day(end).isoformat()


async def validity(house, days: int) -> str:
    """The same of the technician."""
    end = clock.now() + days * DAY
    form = TechnicianForm("alice", "Alice Martin", "a@acme", "acme", "en", valid_until=end, id=house.alice.id)
    await house.services.people.save_technician(OPERATOR, form)
    return last_day(end).isoformat()


def planned(days: int) -> dict[str, object]:
    return {"start": clock.now() + days * DAY}


SAYS = pytest.mark.parametrize(
    ("ends", "english", "french"),
    [
        (
            contract, "The last day of the contract of Acme Imaging is {day}: choose a time that is over by then.",
            ("Le contrat du fournisseur Acme Imaging se termine le {day} : "
            "choisissez un horaire qui s’achève au plus tard ce jour-là."),
        ),
        (
            validity, "Alice Martin may work here until {day}: choose a time that is over by then.",
            "Alice Martin peut intervenir jusqu’au {day} : choisissez un horaire qui s’achève au plus tard ce jour-là.",
        ),
    ],
    ids=["the contract", "the technician"],
)  # fmt: skip


@SAYS
async def test_nothing_is_asked_for_a_day_after_the_last_one(house, ends, english, french):
    day = await ends(house, 5)
    access, asked = house.services.access, house.draft(**planned(10))
    for actor, draft in (
        (house.technician(), asked), (house.staff(house.max), replace(asked, technician_login="alice")),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            await access.request(actor, draft)
        assert refused.value.field == "start"
        assert sentence(refused.value, "en") == english.format(day=day)
        assert sentence(refused.value, "fr") == french.format(day=day)
    assert (await house.asked(**planned(3))).wanted == timedelta(hours=1), "before that day"
    assert (await house.asked()).start is None


async def test_work_that_begins_before_the_end_and_is_not_over_by_then_is_not_asked_for(house):
    await contract(house, 5)
    with pytest.raises(Invalid):
        await house.asked(start=clock.now() + 5 * DAY - timedelta(minutes=30))
    assert (await house.asked(start=clock.now() + 5 * DAY - timedelta(minutes=90))).wanted == timedelta(hours=1)


@SAYS
async def test_it_is_not_agreed_to_either_when_it_is_put_off_or_the_end_came_nearer(house, ends, english, french):
    first = await house.asked()
    day = await ends(house, 5)
    with pytest.raises(Invalid) as refused:
        await agree(house, first, Terms(start=clock.now() + 6 * DAY))
    assert sentence(refused.value, "en") == english.format(day=day)
    second = await house.asked(**planned(4))
    day = await ends(house, 2)
    with pytest.raises(Invalid) as refused:
        await agree(house, second)
    assert sentence(refused.value, "fr") == french.format(day=day)
    assert (await agree(house, first)).grant_id, "work of now, that ends with the contract if it has to"


async def test_nor_handed_to_a_colleague_who_will_not_be_there_then(house):
    form = TechnicianForm("carl", "Carl Weiss", "c@acme.fr", "acme", "fr", valid_until=clock.now() + 5 * DAY)
    carl = await house.services.people.save_technician(OPERATOR, form)
    await undertake(house.services, carl)
    agreed = await house.approved(**planned(10))
    with pytest.raises(Invalid) as refused:
        await house.services.handovers.ask(house.technician(), agreed.grant_id, "carl", "on leave")
    assert "Carl Weiss may work here until" in sentence(refused.value, "en")


async def test_R67_of_papers_that_end_before_it_whoever_decides_is_warned(house):
    papers, supplier = house.services.papers, house.alice.supplier_id
    await papers.require(OPERATOR, PaperKind.INSURANCE, clock.now())
    await papers.add(OPERATOR, supplier, PaperForm(PaperKind.INSURANCE, "P-1", None, clock.now() + 5 * DAY))
    near, far = await house.asked(**planned(3)), await house.asked(**planned(10))
    assert (await renew(house, near), await renew(house, far)) == ((), (PaperKind.INSURANCE,))
    await papers.require(OPERATOR, PaperKind.CHARTER, clock.now())
    assert await renew(house, far) == (PaperKind.INSURANCE,), "what is missing today stops the work already"
    await papers.require(OPERATOR, PaperKind.CHARTER, None)
    begins = clock.now() + 4 * DAY
    await papers.add(OPERATOR, supplier, PaperForm(PaperKind.INSURANCE, "P-2", begins, begins + 365 * DAY))
    assert await renew(house, far) == ()
    assert (await agree(house, far)).grant_id


async def renew(house, request: AccessRequest) -> tuple[PaperKind, ...]:
    return (await house.services.asked.get(house.staff(house.eve), request.id)).papers_to_renew


async def agree(house, request: AccessRequest, terms: Terms = PLAIN) -> AccessRequest:
    person = house.staff(house.eve)
    return await house.services.approvals.approve(person, request.id, request.version, 60, "ok", terms)


async def test_what_is_over_already_is_refused_by_the_rules_and_not_by_the_day_it_is_planned_for(house):
    async with house.database.read() as uow:
        supplier = await uow.suppliers.get(house.alice.supplier_id)
    now = clock.now()
    box = TimeBox(now + DAY, now + 2 * DAY)
    over, ends = (replace(supplier, contract_end=now + days * DAY) for days in (-1, 1.5))
    refuse_past_terms(house.alice, over, box, now)
    with pytest.raises(Invalid):
        refuse_past_terms(house.alice, ends, box, now)
