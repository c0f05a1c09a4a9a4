"""Forms sent twice at once, and from a page that is old: done once, and whoever comes second is told in a sentence."""

import asyncio
import re
from collections import Counter
from dataclasses import replace

import pytest

from tests.services.house import OPERATOR, WITH_LINKS, audited_house
from tests.web import bad_input, twice
from tests.web.meeting import Meeting
from tests.web.twice import APART, ONCE, OWN_APART, OWN_ONCE, OWN_SAME, SAME, Act
from web.app import PAGES
from web.guards import GUARDS
from web.portal.app import PAGES as OWN_PAGES
from web.portal.guards import PREFIX

SENTENCE = re.compile(r'role="alert"[^>]*>(.*?)</(?:div|section|p)>', re.DOTALL)
REFUSED = {403, 404, 409, 422}


def forms(parts) -> dict[str, list[str]]:
    """The fields of each form there is, by its path."""
    found = {}
    for route in bad_input.routes(part.router for part in parts):
        if "POST" in (route.methods or ()):
            found[route.path] = bad_input.names(route.dependant.body_params)
    return found


FORMS, OWN_FORMS = forms(PAGES), forms(OWN_PAGES)
VERSIONED = {path for path in ONCE if "version" in FORMS[path]}


@pytest.fixture
async def house(database, tmp_path):
    """Two at once meet in the database, so both makes of it."""
    async with audited_house(database, tmp_path, WITH_LINKS) as built:
        yield built


@pytest.fixture
def meeting(database, database_url, monkeypatch) -> Meeting:
    """Where transactions wait for each other; on SQLite nobody waits, as one writes at a time."""
    place = Meeting()
    if database_url.startswith("postgresql"):
        monkeypatch.setattr(database, "write", place.before_the_commit(database.write))
    return place


def test_every_form_is_sent_twice_or_it_is_said_why_not():
    assert {*ONCE, *SAME, *APART} == FORMS.keys()
    assert {*OWN_ONCE, *OWN_SAME, *OWN_APART} == OWN_FORMS.keys()
    assert len(ONCE) + len(SAME) + len(APART) == len(FORMS)


async def events(house) -> Counter[str]:
    return Counter(await house.tags())


@pytest.fixture
def send(house, visitor, meeting):
    """Send a form `times` at once, each time from a browser of its own, as somebody who may; return the answers and
    how often the event it leaves was written meanwhile.
    """

    async def sent(path: str, act: Act, times: int = 2, door: str = ""):
        found = await act.scene(house)
        fields = OWN_FORMS[path] if door else FORMS[path]
        form, before = twice.filled_in(act, fields, found), await events(house)
        who = house.alice if door else _may(house, path)
        browsers = [await visitor().enter(who) for _ in range(times)]
        address = door + twice.address(path, found)
        with meeting.of(times):
            answers = await asyncio.gather(*(browser.send(address, **form) for browser in browsers))
        return answers, (await events(house) - before)[act.leaves]

    return sent


def _may(house, path):
    people = (house.ruth, house.max)
    return next(who for who in people if GUARDS["POST", path].admits(house.staff(who)))


def said(answer) -> str:
    """What a person reads, without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", " ".join(SENTENCE.findall(answer.text))).split())


def one_is_told(answers) -> None:
    done, told = sorted(answers, key=lambda answer: answer.status_code)
    assert done.status_code < 400, said(done)
    assert told.status_code in REFUSED, said(told)
    assert said(told)


@pytest.mark.parametrize("path", ONCE)
async def test_what_may_be_done_once_is_done_once(send, path):
    answers, done = await send(path, ONCE[path])
    one_is_told(answers)
    assert done == 1


@pytest.mark.parametrize("path", SAME)
async def test_what_is_never_refused_is_done_once(send, path):
    answers, done = await send(path, SAME[path])
    assert max(answer.status_code for answer in answers) < 400
    assert done == 1


@pytest.mark.parametrize("path", sorted(VERSIONED))
async def test_a_page_that_is_old_decides_nothing_and_says_so(send, path):
    """And what was typed stands in the form again: nobody types it twice."""
    act = twice.without_version(ONCE[path])
    typed = {name: "so läuft's" for name in FORMS[path] if name in {"note", "why", "reason", "text"}}
    answers, done = await send(path, replace(act, form=act.form | typed), times=1)
    assert [answer.status_code for answer in answers] == [409]
    assert said(answers[0])
    assert done == 0
    assert not typed or "so läuft&#39;s" in answers[0].text


@pytest.mark.parametrize("path", OWN_ONCE)
async def test_at_the_suppliers_entrance_too(house, carls_boss, send, path):
    answers, done = await send(path, OWN_ONCE[path], door=PREFIX)
    one_is_told(answers)
    assert done == 1


@pytest.mark.usefixtures("carls_boss")
@pytest.mark.parametrize("path", OWN_SAME)
async def test_what_a_supplier_takes_back_or_accepts_is_never_refused(send, path):
    answers, done = await send(path, OWN_SAME[path], door=PREFIX)
    assert max(answer.status_code for answer in answers) < 400
    assert done == 1


@pytest.fixture
async def carls_boss(house):
    """Alice speaks for her company."""
    await house.services.company.name_correspondent(OPERATOR, house.alice.id, named=True)
