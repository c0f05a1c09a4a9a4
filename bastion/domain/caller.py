"""Whether what was typed as the caller's name is a person of the register (R-27).

People leave out a title, an accent or what the register says beside a name, or type an address.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Final

LEAST: Final = 3
"""Letters that a word must have for two names to be alike by it."""
_TITLES: Final = frozenset(
    {"m", "mr", "mrs", "ms", "mme", "mlle", "monsieur", "madame", "dr", "docteur", "doctor", "pr"}
)
_BESIDE: Final = re.compile(r"[,(;/].*", re.DOTALL)
"""What a register says beside a name: “Claire Dubois, ingénieure biomédicale”."""


class Likeness(StrEnum):
    NONE = "none"
    PARTIAL = "partial"  # a word in common: it may be he
    FULL = "full"


def likeness(said: str, login: str, name: str, email: str = "") -> Likeness:
    """How alike `said` is to this person, by his name, his login or the local part of his address."""
    words, own = _words(said), _words(_BESIDE.sub("", name))
    addressed = {_plain(one.partition("@")[0]) for one in said.split() if "@" in one} | {_plain(said)}
    known = {_plain(login), _plain(email.partition("@")[0])} - {""}
    if (own and own <= words) or addressed & known:
        return Likeness.FULL
    alike = words & (own | _words(login) | _words(email.partition("@")[0]))
    return Likeness.PARTIAL if any(len(one) >= LEAST for one in alike) else Likeness.NONE


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", _plain(text))) - _TITLES


def _plain(text: str) -> str:
    """Without accents, capitals, and blanks around."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in bare if not unicodedata.combining(letter)).split())
