"""A program with a token, over the real services, without a socket."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import httpx2
import pyotp
import pytest
from fastapi import FastAPI

from bastion import clock
from bastion.domain.parties import Role, Staff
from bastion.errors import AuthenticationFailed
from bastion.services.actors import staff_actor
from bastion.services.attempts import CODE_SECONDS
from tests.services.house import SOURCE, House, enrol
from web.api.bearer import PREFIX

STEP = timedelta(seconds=CODE_SECONDS)


class Program:
    """Acts for one person. Each code is used once, so each `code()` is of another time step."""

    def __init__(self, app: FastAPI, house: House, person: Staff) -> None:
        transport = httpx2.ASGITransport(app=app, client=(SOURCE, 4711), raise_app_exceptions=False)
        self.client = httpx2.AsyncClient(transport=transport, base_url=f"https://bastion.test{PREFIX}")
        self.house, self.person = house, person
        self.totp = ""
        self._steps = iter((0, 1))

    async def enrol(self) -> "Program":
        """Give the person an authenticator, enrolled one step ago, so that two codes are left."""
        try:
            _, self.totp = await enrol(self.house, self.person, clock.now() - STEP)
        except AuthenticationFailed:  # the step ended meanwhile, and the code is two steps old
            _, self.totp = await enrol(self.house, self.person, clock.now() - STEP)
        return self

    def code(self) -> str:
        return pyotp.TOTP(self.totp).at(clock.now() + next(self._steps) * STEP)

    async def take_token(self, roles: frozenset[Role] | None = None, days: int = 1) -> "Program":
        owner = staff_actor(self.person, SOURCE, clock.now())
        _, text = await self.house.services.tokens.create(owner, "test", days, roles or self.person.roles)
        self.client.headers["authorization"] = f"Bearer {text}"
        return self

    async def sure(self, method: str, path: str, **body: object) -> httpx2.Response:
        """Ask, with a fresh code in the header."""
        self.client.headers["authenticator-code"] = self.code()
        try:
            return await self.ask(method, path, **body)
        finally:
            del self.client.headers["authenticator-code"]

    async def ask(self, method: str, path: str, **body: object) -> httpx2.Response:
        return await self.client.request(method, path, json=body if body or method == "POST" else None)


@pytest.fixture
def program(app: FastAPI, house: House) -> Callable[[Staff], Program]:
    return lambda person: Program(app, house, person)


@pytest.fixture
async def eve(program, house) -> Program:
    """The approver of the hospital with the scanner."""
    return await (await program(house.eve).enrol()).take_token()


@pytest.fixture
async def ruth(program, house) -> Program:
    """Security officer and administrator."""
    return await (await program(house.ruth).enrol()).take_token()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Speaks to either API as whoever's token it brings."""
    transport = httpx2.ASGITransport(app=app, client=(SOURCE, 4711))
    async with httpx2.AsyncClient(transport=transport, base_url="https://bastion.test") as client:
        yield client


def problem(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a problem document; fails when it is none."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() == {"type", "title", "status", "code", "detail", "field"}
    assert body["status"] == answer.status_code
    return body["status"], body["code"]
