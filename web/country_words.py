"""What countries are called, in the reader's language; the names come with Babel."""

from functools import cache

from babel import Locale

from bastion.domain.country import CODES


def name(language: str, code: str) -> str:
    return _names(language).get(code, code)


@cache
def choices(language: str) -> tuple[tuple[str, str], ...]:
    """Every country, by its name as one reads it."""
    names = _names(language)
    return tuple(sorted(((code, names[code]) for code in CODES), key=lambda pair: _plain(pair[1])))


@cache
def _names(language: str) -> dict[str, str]:
    known = Locale.parse(language).territories
    return {code: str(known.get(code, code)) for code in CODES}


def _plain(text: str) -> str:
    """Accents sort with the letter they stand on."""
    return "".join(_BARE.get(c, c) for c in text.casefold())


_BARE = dict(zip("àâäåçéèêëîïôöûüœã", "aaaaceeeeiioouuoa", strict=True))
