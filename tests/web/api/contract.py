"""The API as its own description promises it: schemathesis against a running console, over a furnished hospital.

The server is a real one on the loopback, in a thread with a loop of its own, for schemathesis asks in its own way.
Codes are real and checked, but the server forgets that they were used: what is under test asks a thousand times a
minute, and that a code counts once is tested elsewhere (T21).
"""

import asyncio
import logging
import random
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pyotp
import schemathesis
import structlog
import uvicorn
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation import GenerationMode
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from bastion import clock
from bastion.config import Settings
from bastion.domain.parties import Role, Staff
from bastion.services.actors import staff_actor
from bastion.services.people import StaffForm
from bastion.store.database import Database
from tests.services.house import OPERATOR, SOURCE, House, build_house, enrol, public_line
from tests.web import matrix
from web.api.bearer import PREFIX
from web.app import create

CODE: Final = "Authenticator-Code"
ACCEPTED: Final = ("2xx", "401", "403", "404", "409")
"""What may answer data of the right shape; and 422, for a description cannot say all that a hospital wants, and 423."""

EMPTY: Final = ("", "0", [], [""], "2000-01-01T00:00:00Z", {})
"""What is generated where nothing in particular is asked for."""
WORDS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "technician": "alice", "device": "ct-01", "supplier": "acme", "facility": "chu", "login": "newcomer",
        "to": "max", "reason": "replace the tube", "why": "a drill", "note": "as agreed", "text": "which version?",
        "name": "A name",
        "email": "a@b.example", "language": "fr", "country": "FR", "countries": ["FR"], "networks": ["10.0.0.0/8"],
        "starts": "2091-01-01T08:00:00+01:00", "ends": "2091-01-02T08:00:00+01:00", "start": None, "until": None,
        "since": None, "contract_end": None, "contract_start": None, "valid_until": None, "valid_from": None,
        "valid_to": None, "due_at": "2091-01-01T08:00:00+01:00", "suppliers": ["acme"], "host": "127.0.0.1",
        "url": "https://gmao.chu.example/", "public": public_line(), "owner": "Dr Roux", "reference": "REF-1",
        "facilities": [], "code": "new-one", "finess": "", "timezone": "Europe/Paris", "plan": None,
        "emergency": None, "id": "", "employer_id": "", "account": "", "registration": "1", "version": 1, "track": 0,
        "text_fr": "Je garde le secret.", "text_en": "I keep it to myself.", "wards": [], "options": {},
    }
)  # fmt: skip
"""What makes sense to the hospital."""


@dataclass(frozen=True)
class Only:
    """A part of the calls: by method, and by the first letter of the noun."""

    methods: tuple[str, ...]
    initials: str = "a-z"


@dataclass
class Person:
    """Who asks, with a token for all of his roles and an authenticator."""

    token: str
    totp: str

    def code(self) -> str:
        return pyotp.TOTP(self.totp).at(clock.now())


@dataclass
class Running:
    """A console that answers on `url`, the people who ask it, and what there is to ask about."""

    house: House
    people: dict[str, Person]
    known: dict[str, dict[str, str]]
    url: str = ""
    faults: list[str] = field(default_factory=list)


class Forgetful:
    """Before each request, forget which codes were used and who failed."""

    def __init__(self, app: ASGIApp, database: Database) -> None:
        self._app, self._database = app, database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["method"] != "GET" or "authenticator-code" in Headers(scope=scope)):
            async with self._database.write() as uow:
                await uow.totp_uses.forget(2**40)
                await uow.failures.forget(clock.now() + timedelta(days=1))
        await self._app(scope, receive, send)


@contextmanager
def running(url: str, home: Path) -> Iterator[Running]:
    """Run a console over a fresh hospital in `url` until the block ends."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # thousands of refusals
    loop, ready = asyncio.new_event_loop(), threading.Event()
    stop: list[uvicorn.Server] = []
    made: list[Running] = []
    broken: list[BaseException] = []

    async def serve() -> None:
        database = await Database.open(url)
        try:
            made.append(await furnished(database, home))
            app = Forgetful(create(made[0].house.services, Settings(home=home, language="en")), database)
            server = uvicorn.Server(
                uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off", loop="none")
            )
            stop.append(server)
            task = asyncio.ensure_future(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            made[0].url = f"http://127.0.0.1:{port}"
            ready.set()
            await task
        finally:
            await database.close()

    def work(task: Coroutine[Any, Any, None]) -> None:
        try:
            loop.run_until_complete(task)
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            broken.append(error)
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=work, args=(serve(),), name="console")
    thread.start()
    ready.wait(60)
    try:
        if broken:
            raise broken[0]
        yield made[0]
    finally:
        for server in stop:
            server.should_exit = True
        thread.join(30)


async def furnished(database: Database, home: Path) -> Running:
    house = await build_house(database, home)
    form = StaffForm("all", "All Duties", "all@chu", frozenset(Role), (), "en")
    staff = {"all": await house.services.people.save_staff(OPERATOR, form)}
    for role in Role:
        form = StaffForm(role.value, role.value.title(), f"{role.value}@chu", frozenset({role}), (), "en")
        staff[role.value] = await house.services.people.save_staff(OPERATOR, form)
    known = await matrix.idents(house, staff)
    return Running(house, {name: await _person(house, one) for name, one in staff.items()}, known)


async def _person(house: House, person: Staff) -> Person:
    _, totp = await enrol(house, person)
    _, token = await house.services.tokens.create(staff_actor(person, SOURCE, clock.now()), "contract", 1, person.roles)
    return Person(token, totp)


class Hand:
    """Makes the most of what is generated: codes that are right, and now and then things and words that make sense.

    Only what is meant to be valid is touched. What is wrong on purpose goes out as it is, with a right code.
    """

    def __init__(self, console: Running, person: Person, seed: int) -> None:
        self._known, self._person, self._chance = console.known, person, random.Random(seed)

    def guide(self, case: schemathesis.Case) -> None:
        wrong = {where for where, one in case.meta.components.items() if one.mode is GenerationMode.NEGATIVE}
        if ParameterLocation.HEADER in wrong:
            return
        if case.headers is not None and case.method != "GET":
            case.headers[CODE] = self._person.code()
        if ParameterLocation.PATH not in wrong and case.path_parameters and self._now_and_then():
            case.path_parameters.update(self._there(case))
        if ParameterLocation.BODY not in wrong and isinstance(case.body, dict):
            self._fill(case.body)
        if ParameterLocation.QUERY not in wrong and case.query:
            self._fill(case.query)

    def _there(self, case: schemathesis.Case) -> dict[str, str]:
        """Names of what there is, as far as this call's family has any."""
        bare = case.path.removeprefix(PREFIX)
        families = (bare, f"/directory{bare}", bare.replace("/files", "/desk", 1))
        known = next((self._known[root] for path in families for root in self._known if path.startswith(root)), {})
        return {name: known[name] for name in case.path_parameters if name in known}

    def _fill(self, values: dict[str, Any]) -> None:
        sensible = self._now_and_then()
        for name, value in values.items():
            if name == "code" and "name" not in values:  # not the code of a register's entry
                values[name] = self._person.code()
            elif name in WORDS and (value in EMPTY or sensible):
                values[name] = WORDS[name]

    def _now_and_then(self) -> bool:
        return self._chance.random() < 0.7


@dataclass
class Report:
    """What was found, per call and check with an example each; how often it was asked, and where it got through."""

    found: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    answered: set[str] = field(default_factory=set)
    """The calls that were answered with success at least once."""
    asked: set[str] = field(default_factory=set)

    def add(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            self.found[f"{event.label}: it could not be asked"] = str(event.value)
        if isinstance(event, events.ScenarioFinished):
            self._hear(event.recorder)

    def _hear(self, said: ScenarioRecorder) -> None:
        self.calls += len(said.interactions)
        for ident, one in said.interactions.items():
            label = said.cases[ident].value.operation.label
            self.asked.add(label)
            if one.response is not None and one.response.status_code < 300:
                self.answered.add(label)
        for check in (one for checks in said.checks.values() for one in checks):
            if check.failure_info is not None:
                failure = check.failure_info.failure
                example = f"{failure.message}\n{check.failure_info.code_sample}"
                self.found.setdefault(f"{said.label}: {check.name}, {failure.title}", example)


def config(seed: int, examples: int, phases: Iterable[str]) -> SchemathesisConfig:
    """Everything schemathesis knows to check. The same seed asks the same questions."""
    named = ("examples", "coverage", "fuzzing", "stateful")
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "continue-on-failure": True,
            "generation": {"max-examples": examples, "deterministic": seed == 0, "no-shrink": True},
            "checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "422", "423"]}},
            "phases": {
                **{name: {"enabled": name in phases} for name in named},
                "coverage": {"enabled": "coverage" in phases, "unexpected-methods": ["PATCH", "TRACE", "QUERY"]},
            },
        }
    )


def ask(console: Running, who: str, settings: SchemathesisConfig, *, only: Only | None = None) -> Report:
    """Let schemathesis ask everything, or only a part, in somebody's name."""
    person = console.people[who]
    schema = schemathesis.openapi.from_url(f"{console.url}{PREFIX}/openapi.json", config=settings)
    schema.config.update(headers={"Authorization": f"Bearer {person.token}"})
    if only:
        schema = schema.include(method=list(only.methods), path_regex=f"^{PREFIX}/[{only.initials}]")
    hand, report = Hand(console, person, settings.seed), Report()

    @schemathesis.hook("before_call")
    def guide(context: object, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
        hand.guide(case)

    try:
        for event in from_schema(schema).execute():
            report.add(event)
    finally:
        GLOBAL_HOOK_DISPATCHER.unregister(guide)
    return report
