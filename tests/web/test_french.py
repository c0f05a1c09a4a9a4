"""A French page holds no English word, no raw value, no mark of an engineer, for whoever may open it.

The pages of the tour are read by `browser/test_looks.py`, as the browser has them; here everybody else reads them, and
what a form says that was sent empty.
"""

import re
from pathlib import Path

import pytest

from bastion.domain.parties import Role
from bastion.services.people import StaffForm
from tests.services.house import OPERATOR
from tests.web import tour, wording
from tests.web.french import English, Reader, words
from tests.web.scenery import furnish
from tests.web.visitor import speak
from web import render
from web.audit_words import SUBJECTS
from web.guards import GUARDS
from web.portal.guards import PORTAL_GUARDS, Guard


@pytest.fixture(scope="module")
def english() -> English:
    return English.learnt()


@pytest.fixture
async def stops(house, tmp_path) -> list[tour.Stop]:
    await furnish(house, tmp_path)
    await tour.people(house)
    return await tour.stops(house)


async def _in_french(house, visitor) -> dict[str, object]:
    """A browser of somebody of each role, by what the guards call him."""
    browsers = {}
    for number, role in enumerate(Role):
        form = StaffForm(f"camille{number}", "Camille Roy", f"c{number}@chu.example", frozenset({role}), (), "fr")
        browsers[role] = await visitor().enter(await house.services.people.save_staff(OPERATOR, form))
    alice = await speak(house, house.alice, "fr")
    browsers[Guard.TECHNICIAN] = await visitor().enter(alice)
    views = await house.services.people.technicians(OPERATOR)
    karim = next(view.technician for view in views if view.technician.login == "karim")
    browsers[Guard.CORRESPONDENT] = await visitor().enter(await speak(house, karim, "fr"))
    return browsers


def _those_who_may(key: tuple[str, str]) -> list[str]:
    if key in PORTAL_GUARDS:
        return [guard for guard in (Guard.TECHNICIAN, Guard.CORRESPONDENT) if guard is PORTAL_GUARDS[key]]
    return sorted(GUARDS[key].roles) if key in GUARDS else []


async def test_every_page_is_french_for_whoever_may_open_it(house, visitor, stops, english):
    browsers = await _in_french(house, visitor)
    found = {}
    for stop in stops:
        for who in _those_who_may(("GET", tour.route_of(stop.path, tour.pages()))):
            answer = await browsers[who].see(stop.path, **{"accept-language": "fr"})
            if left := english.left_in(answer.text):
                found[who, stop.name] = left
    assert found == {}, sorted(set().union(*found.values()))


async def test_every_form_sent_empty_is_answered_in_french(house, visitor, stops, english):
    """By nobody too: the door, and what stands behind the other forms, answer strangers in their language."""
    browsers = await _in_french(house, visitor) | {"": visitor()}
    known = {tour.route_of(stop.path, tour.pages()): stop.path.partition("?")[0] for stop in stops}
    found, read = {}, 0
    for key in sorted((GUARDS | PORTAL_GUARDS).keys()):
        method, path = key
        if method != "POST" or path.endswith("/sign-out"):
            continue
        for who in ["", *_those_who_may(key)]:
            answer = await browsers[who].send(_filled(path, known), language="fr", **{"accept-language": "fr"})
            read += "<html" in answer.text
            if "<html" in answer.text and (left := english.left_in(answer.text)):
                found[who, path] = left
    assert read > 100
    assert found == {}, sorted(set().union(*found.values()))


def _filled(path: str, known: dict[str, str]) -> str:
    """The address of a form, with the ids of the page it stands on."""
    parts = path.split("/")
    for length in range(len(parts), 1, -1):
        if (page := known.get("/".join(parts[:length]))) and "{" in "/".join(parts[:length]):
            return "/".join([page, *parts[length:]])
    return re.sub(r"\{\w+\}", "0" * 32, path)


async def test_what_is_no_page_is_no_page(house, visitor, stops):
    browsers = await _in_french(house, visitor)
    for path in tour.PARTS:
        if path.endswith("/live") or "{" in path:
            continue  # a stream does not end, and a film is a file of a recording; test_live.py and test_recordings.py
        (who, *_) = _those_who_may(("GET", path)) or [Role.ADMIN]
        assert "<html" not in (await browsers[who].see(path)).text, path


def test_no_sentence_lets_a_line_end_before_its_mark():
    t = render.words("fr")
    assert [said for said in wording.everything() if re.search("« | [»;:?!]", t(said))] == []


def test_the_words_are_really_looked_for(english):
    assert {"watch", "cut", "totp", "session:cut_asked", "technician_left", "auditor"} <= english.words
    reader = Reader()
    reader.feed('<p>watch <code>cut</code><input placeholder="why"></p><button lang="en">English</button>')
    assert words("\n".join(reader.found)) == {"watch", "why"}
    assert english.left_in("<p>Session <b translate='no'>cut</b> by watch (R-25)</p>") == {"watch", "by", "(R-25)"}
    assert english.left_in("<p>Demande 4BE30917, 0by de 33be9fe3</p>") == {"by"}, "a reference is no word"


@pytest.mark.parametrize(
    "tag", ["h1", "title", "b", "q", "dd", "p class='soft'", "span class='under'", "p class='said mono'"]
)
def test_only_what_is_marked_as_a_name_or_a_quotation_is_set_aside(english, tag):
    end = tag.partition(" ")[0]
    assert english.left_in(f"<{tag}>Watch the session</{end}>") == {"watch", "the"}
    assert english.left_in(f"<{tag} translate='no'>Watch the session</{end}>") == set()


def test_everything_the_trail_may_be_about_has_a_word():
    about = set()
    for file in Path("bastion").rglob("*.py"):
        about |= set(re.findall(r'subject=\("([a-z_]+)"', file.read_text(encoding="utf-8")))
    assert len(about) > 20
    assert about <= set(SUBJECTS), about - set(SUBJECTS)
