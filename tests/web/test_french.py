"""A French page holds no English word, no raw value, no mark of an engineer: every page is read for them."""

import re
from html.parser import HTMLParser

import pytest

from bastion.domain.access_request import InterventionKind, RequestState
from bastion.domain.device import ChannelKind, SecretKind
from bastion.domain.events import KINDS, Severity
from bastion.domain.grant import GrantStatus
from bastion.domain.lock import LockScope
from bastion.domain.parties import ActorKind, Role
from bastion.domain.session import EndReason, SessionState
from bastion.domain.session_effects import RefusalReason
from bastion.i18n import catalogue
from tests.web import tour, wording
from tests.web.scenery import furnish
from tests.web.visitor import speak
from web import audit_words, country_words, facts, render

WORD = re.compile(r"[a-zà-ÿœ]+(?:[_:][a-z_]+)*")
SETS = (
    InterventionKind, RequestState, ChannelKind, SecretKind, Severity, GrantStatus, LockScope, ActorKind, Role,
    EndReason, RefusalReason, SessionState,
)  # fmt: skip
OF_THE_HOUSE = {
    "acme", "imaging", "other", "lab", "demo", "scanner", "service", "chu", "openssh", "root", "data",
    "english", "windows", "us",
}  # fmt: skip
"""Names of people, companies, products and things that the pages show, and of a language in itself."""
MARKS = re.compile(r"\(R-\d+\)|UTC[+-]|\(s\)|[«] | [»;:?!]")


class Reader(HTMLParser):
    """What a person reads: text and spoken attributes, without code, names of machines and what people wrote."""

    SPOKEN = frozenset({"placeholder", "alt", "aria-label", "title"})
    ASIDE = frozenset({"code", "q", "style", "script", "textarea", "b", "h1", "title"})
    NAMES = frozenset({"mono", "plate", "quote", "who", "said", "soft", "under"})
    THING = re.compile(r"(?:/supplier(?:/company)?)?/(requests|people|recordings|sessions|directory/\w+)/[0-9a-f]{32}$")
    """Where a link leads that is called by what a person wrote."""
    VOID = frozenset({"input", "br", "hr", "link", "meta", "use", "path", "rect", "symbol", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._skipped: list[bool] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        held = dict(attributes)
        classes = set((held.get("class") or "").split())
        whole = tag in {"dd", "code"} or "mono" in classes  # of a digest or a name that is cut short
        spoken = frozenset[str]() if whole else self.SPOKEN
        self.found.extend(value for name, value in held.items() if name in spoken and value)
        if tag not in self.VOID:
            named = bool(classes & self.NAMES) or bool(self.THING.match(held.get("href") or ""))
            aside = named or tag in self.ASIDE or (held.get("lang") or "fr") != "fr"
            self._skipped.append(aside or (bool(self._skipped) and self._skipped[-1]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID and self._skipped:
            self._skipped.pop()

    def handle_data(self, text: str) -> None:
        if not (self._skipped and self._skipped[-1]):
            self.found.append(text)


def words(text: str) -> set[str]:
    return set(WORD.findall(text.lower()))


@pytest.fixture(scope="module")
def english() -> set[str]:
    """Every word of an English sentence and every raw value that is not a French word as well."""
    french = set().union(*(words(text) for text in catalogue("fr").values()))
    french |= words(" ".join(name for _, name in country_words.choices("fr")))
    raw = {member.value for kind in SETS for member in kind} | set(KINDS) | set(facts.CODES) | set(audit_words.FIELDS)
    raw |= {code for table in facts.WORDS.values() for code in table}
    said = set().union(*(words(text) for text in wording.everything()))
    return (said | {value.lower() for value in raw}) - french - OF_THE_HOUSE


async def test_no_french_page_holds_an_english_word_or_a_raw_value(house, visitor, tmp_path, english):
    scene = await furnish(house, tmp_path)
    people = {login: await speak(house, who, "fr") for login, who in (await tour.people(house)).items()}
    await house.services.locks.impose(house.staff(house.ruth), LockScope.DEVICE, "lab-07", "Fuite de données")
    browsers = {login: await visitor().enter(who) for login, who in people.items()} | {"": visitor()}
    await browsers[""].send("/sign-in", login="claire", password="x", code="000000")
    recording = (await house.services.supervision.search(house.staff(house.max), live=False))[0].record.id
    await browsers["samir"].send(f"/recordings/{recording}/open", why="Contrôle qualité")
    stops = [(stop.who, stop.path) for stop in await tour.stops(house)]
    found = {}
    for who, path in [*stops, ("samir", f"/recordings/{recording}/watch"), ("samir", "/audit?text=session")]:
        reader = Reader()
        reader.feed((await browsers[who].see(path, **{"accept-language": "fr"})).text)
        text = "\n".join(reader.found)
        if left := (words(text) & english) | set(MARKS.findall(text)):
            found[path] = left
    assert found == {}
    assert scene is not None


def test_no_sentence_lets_a_line_end_before_its_mark():
    t = render.words("fr")
    assert [said for said in wording.everything() if re.search("« | [»;:?!]", t(said))] == []


def test_the_words_are_really_looked_for(english):
    assert {"watch", "cut", "totp", "session:cut_asked", "technician_left", "auditor"} <= english
    reader = Reader()
    reader.feed('<p>watch <code>cut</code><input placeholder="why"></p><button lang="en">English</button>')
    assert words("\n".join(reader.found)) == {"watch", "why"}
