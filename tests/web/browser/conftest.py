"""A console that listens, and desks before it. A page that complains (script, CSP, missing file) fails the test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI

from bastion.domain.parties import Staff
from tests.services.house import House
from tests.web.chromium import Desk, chromium, listening

Seat = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def seat(app: FastAPI, house: House) -> AsyncIterator[Seat]:
    """Makes desks: `await seat(person, fresh=False, viewport=…)`."""
    desks: list[Desk] = []
    async with listening(app) as address, chromium() as browser:

        async def take(person: Staff | None = None, *, fresh: bool = True, **options: Any) -> Desk:
            desk = Desk(await browser.new_context(**{"locale": "en-GB"} | options), address, house)
            desks.append(desk)
            await desk.sit(person, fresh=fresh)
            return desk

        yield take
        for desk in desks:
            await desk.context.close()
    assert [said for desk in desks for said in desk.complaints] == []
