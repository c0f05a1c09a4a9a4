"""Browsers of suppliers' people, at their own door."""

from collections.abc import Awaitable, Callable

import pytest
from fastapi import FastAPI

from bastion.domain.parties import Technician
from bastion.services.people import TechnicianForm
from tests.services.house import OPERATOR, House
from tests.web.visitor import Visitor

Comer = Callable[..., Awaitable[Visitor]]


@pytest.fixture
def comer(app: FastAPI, house: House) -> Comer:
    """Makes browsers: `await comer(house.alice, fresh=False)`."""

    async def come(person: Technician | None = None, *, fresh: bool = True) -> Visitor:
        browser = Visitor(app, house)
        return browser if person is None else await browser.enter(person, fresh=fresh)

    return come


@pytest.fixture
async def carl(house: House) -> Technician:
    """A colleague of Alice's; Alice speaks for Acme and Bob for Other."""
    for person in (house.alice, house.bob):
        await house.services.company.name_correspondent(OPERATOR, person.id, named=True)
    form = TechnicianForm("carl", "Carl Weber", "c@acme", "acme", "en")
    return await house.services.people.save_technician(OPERATOR, form)
