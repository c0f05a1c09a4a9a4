"""The confidentiality undertaking each technician gives in person: versions of its text, and who accepted which (R-47).

The newest version is the one that counts. Who has not accepted it opens nothing, whatever else he holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from bastion.errors import Invalid

MAX_TEXT: Final = 20_000
TYPED: Final = frozenset({"accept", "i accept", "accepte", "j'accepte", "j’accepte"})
"""What a person types to accept, in either language; a plain “yes” is given too easily."""


class Way(StrEnum):
    """Where it was accepted."""

    TERMINAL = "terminal"
    WEB = "web"
    ENROLMENT = "enrolment"


@dataclass(frozen=True, slots=True)
class Undertaking:
    """One version of the text, in both languages. It is never changed: another wording is another version."""

    version: int
    text_fr: str
    text_en: str
    published_by: str
    published_at: datetime

    def text(self, language: str) -> str:
        return self.text_fr if language.startswith("fr") else self.text_en


@dataclass(frozen=True, slots=True)
class Acceptance:
    id: str
    technician_id: str
    version: int
    accepted_at: datetime
    way: Way
    source: str


# This wording is version 1 for good: people have accepted it. Another shipped wording would have to be a version 2.
_FR: Final = """\
En accédant à distance aux équipements de l’établissement, je m’engage personnellement :

1. à garder confidentiel tout ce dont j’ai connaissance à cette occasion, en particulier les données des patients, \
couvertes par le secret professionnel (article L. 1110-4 du code de la santé publique, articles 226-13 et 226-14 du \
code pénal), y compris après la fin de l’intervention, du contrat ou de mon emploi ;
2. à n’accéder qu’aux équipements et aux données nécessaires à l’intervention convenue, et à n’en faire aucune copie \
ni aucun autre usage ;
3. à ne confier à personne ma clé, mes codes ni ma session, et à utiliser un poste de travail protégé, à jour et \
verrouillé en mon absence ;
4. à signaler sans délai à l’établissement toute perte, toute anomalie et tout incident, même supposé ;
5. à cesser tout accès lorsque l’établissement le demande ou que ma mission prend fin.

Je sais que mes accès sont enregistrés et que l’établissement peut les interrompre à tout moment."""
_EN: Final = """\
Whenever I work remotely on the hospital's equipment, I personally undertake:

1. to keep confidential whatever I come to know in doing so, above all patients' data, which professional secrecy \
protects (in France, article L. 1110-4 of the Public Health Code and articles 226-13 and 226-14 of the Criminal Code), \
also after the intervention, the contract or my employment has ended;
2. to access only the equipment and data that the agreed intervention needs, and neither to copy nor to use them for \
anything else;
3. to hand my key, my codes and my session to nobody, and to work on a computer that is protected, up to date and \
locked while I am away;
4. to report to the hospital without delay any loss, anything unusual and any incident, even a suspected one;
5. to stop all access when the hospital asks for it or when my assignment ends.

I know that my access is recorded and that the hospital may interrupt it at any time."""
SHIPPED: Final = Undertaking(1, _FR, _EN, "bastion", datetime(2026, 11, 29, tzinfo=UTC))
"""What counts until the hospital publishes its own."""


def current(published: Iterable[Undertaking]) -> Undertaking:
    return max((SHIPPED, *published), key=lambda one: one.version)


def checked(text: str, name: str) -> str:
    """The text without trailing blanks; it is shown on terminals, so it holds no control characters."""
    said = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if not said:
        raise Invalid(name, field=name, sentence="The undertaking is needed in French and in English.")
    if len(said) > MAX_TEXT:
        raise Invalid(name, field=name, sentence="This text is too long: {limit} characters at most.", limit=MAX_TEXT)
    if not all(line.isprintable() for line in said.split("\n")):
        raise Invalid(name, field=name, sentence="This text holds hidden characters. Type it anew.")
    return said


def accepts(answer: str) -> bool:
    return " ".join(answer.casefold().split()).strip(".!") in TYPED
