"""Two approvers decide on one request at the same moment, each at a door of his own: one wins, the other is told."""

import asyncio
import html
from itertools import combinations_with_replacement

import pyotp
import pytest

from bastion import clock
from bastion.errors import DecisionLinkSpent
from tests.services.house import WITH_LINKS, audited_house, enrol
from tests.web.api.conftest import STEP, Program
from tests.web.pages.test_deciding import link_to

WAYS = tuple(combinations_with_replacement(("console", "api", "link"), 2))
AGREED = {"minutes": 60, "note": "the room is free"}


@pytest.fixture
async def house(database, tmp_path):
    """Where two meet is the database, so both makes of it."""
    async with audited_house(database, tmp_path, WITH_LINKS) as built:
        yield built


@pytest.fixture
async def proofs(house) -> dict[str, tuple[str, str]]:
    """Password and authenticator of both; the present code is spent on setting up, the next one is not."""
    return {who.login: await enrol(house, who) for who in (house.eve, house.max)}


@pytest.fixture
def doors(house, app, visitor, proofs):
    """By the name of a door: what makes one ready there, and returns the act itself, to be done at once."""

    def code(person) -> str:
        return pyotp.TOTP(proofs[person.login][1]).at(clock.now() + STEP)

    async def console(person, request):
        browser = await visitor().enter(person)
        return lambda: browser.send(f"/requests/{request.id}/approve", version=request.version, **AGREED)

    async def api(person, request):
        program = await Program(app, house, person).take_token()
        body = {"version": request.version, "code": code(person), **AGREED}
        return lambda: program.ask("POST", f"/requests/{request.id}/approve", **body)

    async def link(person, request):
        secret, browser = await link_to(house, request, person), visitor()
        form = {"secret": secret, "version": request.version, "password": proofs[person.login][0], **AGREED}
        return lambda: browser.send("/decide/agree", code=code(person), **form)

    return {"console": console, "api": api, "link": link}


@pytest.mark.parametrize("ways", WAYS, ids="-".join)
async def test_one_wins_and_the_other_is_told_who_and_what(house, doors, ways):
    request, people = await house.asked(), (house.eve, house.max)
    acts = [await doors[way](who, request) for way, who in zip(ways, people, strict=True)]
    answers = await asyncio.gather(*(act() for act in acts))
    won = [answer.status_code < 400 for answer in answers]
    assert sorted(won) == [False, True], [(a.status_code, a.text[:200]) for a in answers]
    winner, loser = people[won.index(True)], won.index(False)
    told, said = answers[loser], html.unescape(answers[loser].text)
    spent = ways[loser] == "link" and told.status_code == 401 and DecisionLinkSpent.sentence in said
    assert spent or (told.status_code == 409 and f"{winner.name} was faster: nothing is left to decide here." in said)
    decided = await house.services.asked.get(house.staff(house.max), request.id)
    assert [one.staff_name for one in decided.request.approvals] == [winner.name]
    assert (await house.tags("grant")).count("grant:created") == 1
    assert (await house.tags("request")).count("request:approved") == 1
