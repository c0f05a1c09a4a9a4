"""The API as its own description promises it: schemathesis against a running console, over a furnished hospital.

The server is a real one on the loopback, in a thread with a loop of its own, for schemathesis asks in its own way.
Codes are real and checked, but the server forgets that they were used: what is under test asks a thousand times a
minute, and that a code counts once is tested elsewhere (T21).
"""

import asyncio
import logging
import random
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import pyotp
import schemathesis
import structlog
import uvicorn
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import TestPhase
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from bastion import clock
from bastion.config import Settings
from bastion.domain.parties import Role, Staff, Technician
from bastion.errors import BastionError
from bastion.networks import Networks
from bastion.services.actors import staff_actor
from bastion.services.people import StaffForm, TechnicianForm
from bastion.store.database import Database
from tests.services.house import OPERATOR, SOURCE, House, build_house, enrol, public_line, set_up
from tests.web import matrix
from tests.web.api import supplier_ways, ways
from tests.web.api.yard import Given, Yard
from web.api import router
from web.api.bearer import PREFIX
from web.api.supplier import router as supplier_router
from web.app import create

CODE: Final = "Authenticator-Code"
CODE_IN_BODY: Final = ("code", 16)
ALWAYS: Final = 2
"""So often what a call is about is made for it, and then with a chance of `PREPARED`."""
PREPARED: Final = 0.1
ACCEPTED: Final = ("2xx", "401", "403", "404", "409")
"""What may answer data of the right shape; and 422, for a description cannot say all that a hospital wants, and 423."""

T = TypeVar("T")
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


@dataclass(frozen=True)
class Door:
    """One of the two APIs: where it is below the console's address, and what makes its calls succeed."""

    path: str
    ways: Mapping[str, ways.Way]
    describe: Callable[[], dict[str, Any]]

    @cached_property
    def proved(self) -> frozenset[str]:
        """The calls that take a fresh code in their body."""
        return frozenset(label for label, told in self.calls.items() if CODE_IN_BODY in _body_of(told, self.describe()))

    @cached_property
    def versioned(self) -> frozenset[str]:
        """The calls that say what was read of what they are about."""
        bodies = {label: dict(_body_of(told, self.describe())) for label, told in self.calls.items()}
        read = frozenset(label for label, body in bodies.items() if body.keys() & {"version", "versions"})
        return frozenset(label for label in read if not label.endswith("/cast"))  # the version of a format

    @cached_property
    def calls(self) -> dict[str, dict[str, Any]]:
        """Every call, as its description has it."""
        paths = self.describe()["paths"]
        return {f"{method.upper()} {path}": told for path, some in paths.items() for method, told in some.items()}

    @property
    def changing(self) -> set[str]:
        return {label for label in self.calls if not label.startswith("GET ")}


def _body_of(told: dict[str, Any], document: dict[str, Any]) -> list[tuple[str, object]]:
    """The fields of a call's body and the longest that each takes."""
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    fields = document["components"]["schemas"].get(name, {}).get("properties", {})
    return [(field, one.get("maxLength")) for field, one in fields.items()]


STAFF: Final = Door("", ways.WAYS, router.describe)
SUPPLIERS: Final = Door("/supplier", supplier_ways.WAYS, supplier_router.describe)


@dataclass
class Person:
    """Who asks, at which door, with a token for all that he may; `yard` makes what he asks about."""

    door: Door
    token: str
    yard: Yard
    known: dict[str, dict[str, str]]
    """What there is to ask about, by the beginning of a call's path."""
    ways: Mapping[str, ways.Way]
    """What is made for him, so that he succeeds."""
    totp: str = ""

    def code(self) -> str:
        return pyotp.TOTP(self.totp).at(clock.now())


@dataclass
class Running:
    """A console that answers on `url`, and the people who ask it."""

    house: House
    people: dict[str, Person]
    loop: asyncio.AbstractEventLoop
    url: str = ""

    def do(self, task: Coroutine[Any, Any, T]) -> T:
        """Run in the console's own loop, and wait."""
        return asyncio.run_coroutine_threadsafe(task, self.loop).result(60)


async def forget(database: Database) -> None:
    """Let codes that were used be as new, and nobody have failed."""
    async with database.write() as uow:
        await uow.totp_uses.forget(2**40)
        await uow.failures.forget(clock.now() + timedelta(days=1))


class Forgetful:
    """Before each request, forget which codes were used and who failed."""

    def __init__(self, app: ASGIApp, database: Database) -> None:
        self._app, self._database = app, database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["method"] != "GET" or "authenticator-code" in Headers(scope=scope)):
            await forget(self._database)
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
    house.services.webhooks._networks = Networks()
    staff = {"all": await _duties(house, "all", *Role)}
    for role in Role:
        staff[role.value] = await _duties(house, role.value, role)
    known = await matrix.idents(house, staff)
    people = {name: await _person(house, home, one, known) for name, one in staff.items()}
    carla = await _speaker(house)
    for name, one, writes in (("alice", house.alice, True), ("carla", carla, True), ("reader", house.alice, False)):
        people[name] = await _worker(house, home, one, writes=writes)
    return Running(house, people, asyncio.get_running_loop())


async def on_duty(house: House, home: Path, login: str, *roles: Role) -> Person:
    """One of the staff, with a token for all that his duties let him do."""
    return await _person(house, home, await _duties(house, login, *roles), {})


async def speaking(house: House, home: Path) -> Person:
    """One who speaks for his company, with a token that writes."""
    return await _worker(house, home, await _speaker(house), writes=True)


async def _duties(house: House, login: str, *roles: Role) -> Staff:
    form = StaffForm(login, login.title(), f"{login}@chu", frozenset(roles), (), "en")
    return await house.services.people.save_staff(OPERATOR, form)


async def _speaker(house: House) -> Technician:
    """Speaks for Acme."""
    form = TechnicianForm("carla", "Carla Weber", "c@acme", "acme", "en")
    carla = await house.services.people.save_technician(OPERATOR, form)
    await house.services.company.name_correspondent(OPERATOR, carla.id, named=True)
    return carla


async def _person(house: House, home: Path, one: Staff, known: dict[str, dict[str, str]]) -> Person:
    _, totp = await enrol(house, one)
    token, text = await house.services.tokens.create(staff_actor(one, SOURCE, clock.now()), "contract", 1, one.roles)
    made = ways.WAYS if len(one.roles) > 1 else {label: ways.WAYS[label] for label in ways.LONE}
    return Person(STAFF, text, Yard(house, home, one, token.id), known, made, totp)


async def _worker(house: House, home: Path, one: Technician, *, writes: bool) -> Person:
    actor, totp = house.technician(one), await set_up(house, one) if writes else ""
    speaks = (await house.services.people.technician(OPERATOR, one.id)).correspondent
    _, text = await house.services.supplier_tokens.create(actor, "contract", 1, writes=writes, people=speaks)
    yard = Yard(house, home, house.max, worker=one)
    scene = await yard.scene()
    agreed, batch = await scene.agreed(), await (await yard.scene()).batch()
    known = {
        "/company/people": {"ident": (await yard.colleague()).id},
        "/requests": {"ident": agreed.id}, "/company": {"ident": agreed.id}, "/batches": {"ident": batch[0].batch_id},
        "/devices": {"ident": scene.device.code},
    }  # fmt: skip
    return Person(SUPPLIERS, text, yard, known, supplier_ways.WAYS if writes else {}, totp)


class Hand:
    """Makes the most of what is generated: codes that are right, and things and words that make sense.

    Only what is meant to be valid is touched. What is wrong on purpose goes out as it is, with a right code. What a
    link leads to is left alone too, but for its words.
    """

    def __init__(self, console: Running, person: Person, seed: int) -> None:
        self._console, self._person, self._chance = console, person, random.Random(seed)
        self._times: Counter[str] = Counter()
        self._pointed: Counter[str] = Counter()

    def guide(self, case: schemathesis.Case) -> None:
        wrong = {where for where, one in case.meta.components.items() if one.mode is GenerationMode.NEGATIVE}
        meant = case.meta.generation.mode is GenerationMode.POSITIVE
        if ParameterLocation.HEADER in wrong or (not wrong and not meant):
            return
        if self._person.totp and case.headers is not None and case.method != "GET":
            in_body = case.operation.label in self._person.door.proved  # and a code counts once
            case.headers[CODE] = "" if in_body else self._person.code()
        linked = case.meta.phase.name is TestPhase.STATEFUL and bool(case.path_parameters)
        if not wrong and not linked and self._prepared(case):
            return
        if ParameterLocation.PATH not in wrong and case.path_parameters and not linked:
            self._point(case)
        if ParameterLocation.BODY not in wrong and isinstance(case.body, dict):
            self._fill(case.body)
        if ParameterLocation.QUERY not in wrong and case.query:
            self._fill(case.query)

    def _prepared(self, case: schemathesis.Case) -> bool:
        """Make what this call is about: the first time just so, then with whatever else was generated."""
        label = case.operation.label
        way = self._person.ways.get(label)
        if way is None or (self._chance.random() > PREPARED and self._times[label] >= ALWAYS):
            return False
        self._times[label] += 1
        given = self._console.do(self._made(way))
        if given is None:
            return False
        case.path_parameters.update(given.path)
        case.query.update(given.query)
        if isinstance(given.body, dict) and isinstance(case.body, dict) and self._times[label] > 1:
            case.body.update(given.body)
        elif given.body is not None:
            case.body = given.body.decode() if isinstance(given.body, bytes) else given.body
        if isinstance(case.body, dict) and label in self._person.door.proved:
            case.body["code"] = self._person.code()
        return True

    async def _made(self, way: ways.Way) -> Given | None:
        """Make it in his own name; what cannot be made he asks for without, and never succeeds."""
        await self._person.yard.open_doors()
        try:
            return await way(self._person.yard)
        except BastionError:
            return None

    def _point(self, case: schemathesis.Case) -> None:
        """Ask about what there is, as far as this call's family has any: the first time, and now and then."""
        self._pointed[case.operation.label] += 1
        if self._pointed[case.operation.label] > ALWAYS and not self._now_and_then():
            return
        bare, there = case.path.removeprefix(PREFIX), self._person.known
        families = (bare, f"/directory{bare}", bare.replace("/files", "/desk", 1))
        known = next((there[root] for path in families for root in there if path.startswith(root)), {})
        case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})

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
    followed: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of calls, the second about what the first answered, that both succeeded."""

    def add(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            self.found[f"{event.label}: it could not be asked"] = str(event.value)
        if isinstance(event, events.ScenarioFinished):
            self._hear(event.recorder)

    def _hear(self, said: ScenarioRecorder) -> None:
        self.calls += len(said.interactions)
        good: dict[str, str] = {}
        for ident, one in said.interactions.items():
            label = said.cases[ident].value.operation.label
            self.asked.add(label)
            if one.response is not None and one.response.status_code < 300:
                good[ident] = label
        self.answered |= set(good.values())
        pairs = ((said.cases[ident].parent_id, label) for ident, label in good.items())
        self.followed |= {(good[parent], label) for parent, label in pairs if parent in good}
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
    schema = schemathesis.openapi.from_url(f"{console.url}{person.door.path}{PREFIX}/openapi.json", config=settings)
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
