"""How a mail is put together: its sentences in the reader's language, and the way to the page where the rest stands."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from bastion import i18n
from bastion.domain.telling import Delivery, RecipientKind, Topic
from bastion.services.letter_words import FOOT, OR_SIGN_IN, PROOF, URGENT, WORDS, YOURS, variant

_DECIDE: Final = "/decide#"
_LINK: Final = re.compile(re.escape(_DECIDE) + r"\S*")
_PERHAPS: Final = ("supplier", "device", "facility", "desk", "reviews", "rights", "unbegun", "until", "planned", "who")
"""Facts that a sentence names and a delivery may lack."""


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Link:
    """What a mail that asks for a decision carries; `secret` opens that request for some `minutes`, once."""

    secret: str = field(repr=False)
    minutes: int

    def lines(self, say: Callable[[str], str], address: str) -> list[str]:
        """The secret stands behind a `#`, which no browser sends and no log holds (T34)."""
        words = (YOURS, PROOF)
        said = [say(line).format(minutes=self.minutes) for line in words]
        return [f"{address}{_DECIDE}{self.secret}", "", *said, say(OR_SIGN_IN)]


def without_link(text: str) -> str:
    """What a mail server answers is kept and shown, and some repeat what they were given."""
    return _LINK.sub(f"{_DECIDE}…", text)


@dataclass(frozen=True, slots=True)
class Doors:
    """Where readers find their pages: the hospital's the console, suppliers' people `entrance`, if there is one."""

    console: str
    entrance: str = ""

    def way(self, delivery: Delivery) -> list[str]:
        """The address of the page a mail is about; none for a reader who has none."""
        if delivery.recipient_kind is not RecipientKind.TECHNICIAN:
            return [f"{self.console}{delivery.path}"]
        start = _AT_ENTRANCE.get(delivery.topic)
        page = f"{start}{delivery.facts.get('request', '')}" if start else ""
        page = delivery.path if delivery.path.startswith(_ENTRANCE) else page
        return [f"{self.entrance}{page}"] if page and self.entrance else []


_ENTRANCE: Final = "/supplier/"
_AT_ENTRANCE: Final[Mapping[Topic, str]] = MappingProxyType(
    {
        Topic.QUESTION_ASKED: "/supplier/requests/", Topic.REQUEST_DECIDED: "/supplier/requests/",
        Topic.REQUEST_WITHDRAWN: "/supplier/requests/", Topic.GRANT_REVOKED: "/supplier/requests/",
        Topic.GRANT_GIVEN_BACK: "/supplier/requests/", Topic.GRANT_UNANSWERED: "/supplier/requests/",
        Topic.REPORT_DUE: "/supplier/reports/", Topic.REPORT_OVERDUE: "/supplier/reports/",
        Topic.PAPER_ENDING: "/supplier/company", Topic.ROSTER_OVERDUE: "/supplier/company",
    }
)  # fmt: skip


def letter(delivery: Delivery, language: str, doors: Doors, link: Link | None = None) -> Letter:
    """Write the mail, with the way to the page it is about."""
    say = i18n.translator(language)
    subject, lines = WORDS[variant(delivery)]
    facts = dict.fromkeys(_PERHAPS, "–") | delivery.facts
    said = [say(line).format(**facts) for line in lines]
    direct = link.lines(say, doors.console) if link else []
    body = "\n".join([*said, *direct, *doors.way(delivery), "", "-- ", say(FOOT)])
    title = say(subject).format(**facts)
    return Letter(say(URGENT).format(subject=title) if "urgent" in facts else title, body + "\n")
