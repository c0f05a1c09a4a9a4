"""Reads a French page as a person would, and finds the English words, raw values and marks of engineers in it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser

from bastion.domain.access_request import InterventionKind, RequestState
from bastion.domain.device import ChannelKind, SecretKind
from bastion.domain.events import KINDS, Severity
from bastion.domain.grant import GrantStatus
from bastion.domain.lock import LockScope
from bastion.domain.parties import ActorKind, Role
from bastion.domain.session import SessionState
from bastion.domain.session_effects import RefusalReason
from bastion.domain.session_events import EndReason
from bastion.i18n import catalogue
from tests.web import wording
from web import audit_words, country_words, facts

WORD = re.compile(r"[a-zà-ÿœ]{2,}(?:[_:][a-z_]+)*")
SETS = (
    InterventionKind, RequestState, ChannelKind, SecretKind, Severity, GrantStatus, LockScope, ActorKind, Role,
    EndReason, RefusalReason, SessionState,
)  # fmt: skip
OF_THE_HOUSE = {
    "acme", "imaging", "other", "lab", "demo", "scanner", "service", "chu", "openssh", "root", "data",
    "english", "windows", "us", "alice", "bob", "claire", "samir", "paul", "imagerie", "paris", "europe", "ct", "min",
    "minutes", "utc",
}  # fmt: skip
"""Names of people, companies, products and things that the pages show, and of a language in itself."""
MACHINE = re.compile(r"\{\w+\}|`[^`]*`|<[^>]*>|--?[a-z][\w-]+|\w+(?:[./@]\w+)+")
"""What no sentence says in a language: places for values, commands, options, addresses."""
PATH = re.compile(r"\S*(?:/|\w\.)\w\S*")
"""An address or the name of a file: the same in every language."""
REFERENCE = re.compile(r"\b(?=[A-Fa-f]*\d)[\dA-Fa-f]{8,}\b")
"""The short name of a request or a file, a digest: letters that happen to stand in one are no word."""
MARKS = re.compile(r"\(R-\d+\)|UTC[+-]|\(s\)|[«] | [»;:?!]")


class Reader(HTMLParser):
    """What a person reads: text and spoken attributes, without code, names of machines and what people wrote."""

    SPOKEN = frozenset({"placeholder", "alt", "aria-label", "title"})
    ASIDE = frozenset({"code", "style", "script", "textarea"})
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
            named = held.get("translate") == "no" or bool(self.THING.match(held.get("href") or ""))
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


@dataclass(frozen=True)
class English:
    """Every word of an English sentence and every raw value that is not a French word as well."""

    words: frozenset[str]

    @classmethod
    def learnt(cls) -> "English":
        t, shown = catalogue("fr"), wording.everything()
        french = _of(MACHINE.sub(" ", t.get(said, "")) for said in shown)
        french |= _of(name for _, name in country_words.choices("fr"))
        raw = {one.value for kind in SETS for one in kind} | set(KINDS) | set(facts.CODES) | set(audit_words.FIELDS)
        raw |= {code for table in facts.WORDS.values() for code in table}
        said = _of(MACHINE.sub(" ", text) for text in (*shown, *t))
        return cls(frozenset((said | {value.lower() for value in raw}) - french - OF_THE_HOUSE))

    def left_in(self, html: str) -> set[str]:
        reader = Reader()
        reader.feed(html)
        text = REFERENCE.sub(" ", PATH.sub(" ", "\n".join(reader.found)))
        return (words(text) & self.words) | set(MARKS.findall(text))


def _of(texts: Iterable[str]) -> set[str]:
    return set().union(*(words(text) for text in texts))
