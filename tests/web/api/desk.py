"""A desk at which each call of either API can be made: one house for all of them, each about things of its own."""

import asyncio
import copy
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import pyotp

from bastion import clock
from bastion.config import Settings
from bastion.domain.parties import Role
from bastion.networks import Networks
from bastion.services.attempts import CODE_SECONDS
from bastion.store.database import Database
from tests.services.house import SOURCE, House, audited_house
from tests.web.api import contract, ways
from tests.web.api.contract import CODE, STAFF, SUPPLIERS, Door, Person
from tests.web.api.yard import Given
from tests.web.meeting import Meeting
from web.app import create

DOORS: Final = {"staff": STAFF, "suppliers": SUPPLIERS}
STEP: Final = timedelta(seconds=CODE_SECONDS)
PROOF: Final = "auth:factor_refreshed"
OWN: Final = frozenset({"POST /api/v1/windows/{ident}/end"})
"""About what the person has asked for himself, which takes one who has no other duty."""
TOGETHER: Final = {"POST /api/v1/batches/{ident}/approve", "POST /api/v1/batches/{ident}/deny"}
"""What takes somebody who decides and has no other duty, and is answered to others as done for none."""


@dataclass(frozen=True)
class Call:
    """One call, about something made for it alone."""

    person: Person
    label: str
    given: Given

    @property
    def kind(self) -> str:
        return self.label.replace(" /api/v1", " ")

    def of_old(self) -> "Call":
        """The same as of somebody who has read it before it was changed."""
        body = dict(self.given.body)
        if "versions" in body:
            body["versions"] = dict.fromkeys(body["versions"], 0)
        else:
            body["version"] = 0
        return replace(self, given=replace(self.given, body=body))


async def made(client: httpx2.AsyncClient, call: Call, number: int = 0) -> httpx2.Response:
    """The answer to it, with a code; the `number`-th of several at once has one of its own, as each counts once."""
    method, path = call.label.split()
    headers = {"authorization": f"Bearer {call.person.token}"}
    if call.person.totp:
        headers[CODE] = pyotp.TOTP(call.person.totp).at(clock.now() + number * STEP)
    sent: Any = {"content": call.given.body} if isinstance(call.given.body, bytes) else {"json": call.given.body}
    address = call.person.door.path + path.format(**call.given.path)
    return await client.request(method, address, headers=headers, params=call.given.query, **sent)


@dataclass
class Desk:
    house: House
    people: dict[str, Person]
    client: httpx2.AsyncClient
    meeting: Meeting

    def somebody(self, door: Door, label: str) -> Person:
        """One who may make this call."""
        lone = "lone" if label in ways.LONE | TOGETHER | OWN else "all"
        return self.people["carla" if door is SUPPLIERS else lone]

    async def about(self, door: Door, label: str) -> Call:
        person = self.somebody(door, label)
        await person.yard.open_doors()
        return Call(person, label, await door.ways[label](person.yard))

    async def send(self, call: Call, times: int = 1) -> tuple[list[httpx2.Response], Counter[str]]:
        """The answers, and what was written in the trail meanwhile but for the codes."""
        await contract.forget(self.house.database)
        before = await self._last()
        with self.meeting.of(times):
            answers = await asyncio.gather(*(made(self.client, call, number) for number in range(times)))
        async with self.house.database.read() as uow:
            events = [one.tag for one in await uow.audit.search(limit=100) if one.seq > before and one.tag != PROOF]
        return answers, Counter(events)

    async def _last(self) -> int:
        async with self.house.database.read() as uow:
            return (await uow.audit.search(limit=1))[0].seq


@asynccontextmanager
async def a_desk(url: str, home: Path) -> AsyncIterator[Desk]:
    """At the end the trail is whole. Codes are taken one after the other, and only what they are for meets."""
    database, meeting = await Database.open(url), Meeting()
    try:
        async with audited_house(database, home) as house:
            house.services.webhooks._networks = Networks()
            people = {
                "all": await contract.on_duty(house, home, "all", *Role),
                "lone": await contract.on_duty(house, home, "lone", Role.APPROVER),
                "carla": await contract.speaking(house, home),
            }
            doors = house.services.authentication
            doors._database = doors.attempts._database = copy.copy(database)
            if url.startswith("postgresql"):
                database.write = meeting.before_the_commit(database.write)
            app = create(house.services, Settings(home=home, language="en"))
            transport = httpx2.ASGITransport(app=app, client=(SOURCE, 4711), raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="https://bastion.test") as client:
                yield Desk(house, people, client, meeting)
    finally:
        await database.close()
