"""Words in the reader's language. The English sentence is the key; French stands in `locale/fr/*.po`, a file per area.

The catalogues are read once and merged in memory: nothing to compile, nothing to forget to compile.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from bastion.errors import BastionError, Phrase

LANGUAGES: Final = ("fr", "en")
SOURCE_LANGUAGE: Final = "en"
_YES: Final = frozenset({"y", "yes", "o", "oui"})
_NO: Final = frozenset({"n", "no", "non"})
_ALL: Final = frozenset({"all", "tout", "tous", "toutes"})


NAMES: Final = frozenset({"who", "name", "by", "login", "company", "supplier", "place", "facility"})
"""What stands for a person, a company or a hospital in a sentence of ours."""
_BEFORE_A_NAME: Final = re.compile(rf"\b([Dd]|[Qq]u)e \{{({'|'.join(sorted(NAMES))})\}}")
_VOWEL: Final = re.compile("[aeiouàâäéèêëîïôöùûüœæ]", re.IGNORECASE)


class French(str):
    """A French sentence: as it is filled in, « de » and « que » lose their vowel before a name: « d’Alice »."""

    __slots__ = ()

    def format(self, *args: object, **facts: object) -> str:
        return self._elided(facts).format(*args, **facts)

    def _elided(self, facts: Mapping[str, object]) -> str:
        def before(found: re.Match[str]) -> str:
            vowel = _VOWEL.match(str(facts[found[2]]))
            return f"{found[1]}’{{{found[2]}}}" if vowel else found[0]

        return _BEFORE_A_NAME.sub(before, self)


def translator(language: str) -> Callable[[str], str]:
    """Return the function that turns an English sentence into `language`, to be filled in by `format`; an unknown one
    stays English.
    """
    words = catalogue(language)
    return lambda english: words.get(english, english)


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a sentence that is translated later, where it is shown."""
    return sentence


def wished(accepted: str) -> list[str]:
    """Which of our languages a browser asks for in its header `Accept-Language`, the dearest first (RFC 9110)."""
    parts = [(*part.strip().partition(";q="), place) for place, part in enumerate(accepted.split(","))]
    ranked = sorted(parts, key=lambda wish: (-_weight(wish[1], wish[2]), wish[3]))
    tags = [tag.strip().lower().split("-")[0] for tag, mark, weight, _place in ranked if _weight(mark, weight) > 0]
    return [tag for tag in dict.fromkeys(tags) if tag in LANGUAGES]


def _weight(mark: str, weight: str) -> float:
    return 1.0 if not mark else float(weight) if re.fullmatch(r"[01](\.[0-9]{0,3})?", weight) else 0.0


def yes(answer: str) -> bool | None:
    """What somebody at a terminal answers; `None` when it is neither yes nor no, in either language."""
    word = answer.strip().lower()
    return True if word in _YES else False if word in _NO else None


def everything(answer: str) -> bool:
    """Whether somebody at a terminal answers that he means all of it, in either language."""
    return answer.strip().lower() in _ALL


def sentence(error: BastionError, language: str) -> str:
    """Say an error in `language`: translate the sentence, and what is ours of its facts, then fill them in."""
    say = translator(language)
    facts = {
        name: say(fact.msgid).format(**fact.facts) if isinstance(fact, Phrase) else fact
        for name, fact in error.params.items()
    }
    return say(error.msgid).format(**facts)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return English → `language` for every area; empty for the source language and for one we do not speak."""
    if language == SOURCE_LANGUAGE or language not in LANGUAGES:
        return MappingProxyType({})
    merged: dict[str, str] = {}
    for words in _areas(language).values():
        merged = words | merged
    return MappingProxyType({english: French(text) for english, text in merged.items()})


def disagreements(language: str) -> list[str]:
    """Sentences that two areas translate differently: a reader would see either. A test keeps this empty."""
    chosen = catalogue(language)
    return [
        f"{area}: {english}"
        for area, words in _areas(language).items()
        for english, translated in words.items()
        if chosen[english] != translated
    ]


def _areas(language: str) -> dict[str, dict[str, str]]:
    from babel.messages.pofile import read_po  # noqa: PLC0415 - whoever reads English need not wait for it

    folder = resources.files("bastion") / "locale" / language
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".po")), key=lambda f: f.name)
    areas = {}
    for file in files:
        with file.open("rb") as lines:
            found = read_po(lines, locale=language, abort_invalid=True)
        areas[file.name] = {str(m.id): str(m.string) for m in found if m.id and m.string and not m.fuzzy}
    return areas
