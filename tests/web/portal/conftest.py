"""Browsers of suppliers' people, at their own door."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from fastapi import FastAPI

from bastion import clock
from bastion.domain.parties import Technician
from bastion.domain.portal import PortalSession
from bastion.services.authentication import hash_token
from bastion.services.people import TechnicianForm
from tests.services.house import OPERATOR, House
from tests.web.visitor import HOST, Visitor
from web.portal.security import COOKIE

Comer = Callable[..., Awaitable[Visitor]]


async def seated(house: House, person: Technician, *, fresh: bool = True) -> str:
    """Return the cookie of a technician who has just signed in (or, not fresh, a while ago)."""
    token, now = secrets.token_urlsafe(32), clock.now()
    factor_at = now if fresh else now - timedelta(minutes=30)
    session = PortalSession(hash_token(token), person.id, now, now + timedelta(hours=1), factor_at, "127.0.0.1")
    async with house.database.write() as uow:
        await uow.portal_sessions.add(session)
    return token


@pytest.fixture
def comer(app: FastAPI, house: House) -> Comer:
    """Makes browsers: `await comer(house.alice, fresh=False)`."""

    async def come(person: Technician | None = None, *, fresh: bool = True) -> Visitor:
        browser = Visitor(app, house)
        if person is not None:
            browser.client.cookies.set(COOKIE, await seated(house, person, fresh=fresh), domain=HOST)
        return browser

    return come


@pytest.fixture
async def carl(house: House) -> Technician:
    """A colleague of Alice's; Alice speaks for Acme and Bob for Other."""
    for person in (house.alice, house.bob):
        await house.services.company.name_correspondent(OPERATOR, person.id, named=True)
    form = TechnicianForm("carl", "Carl Weber", "c@acme", "acme", "en")
    return await house.services.people.save_technician(OPERATOR, form)
