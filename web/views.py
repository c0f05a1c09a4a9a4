"""From facts to words: local time, durations, sizes, hostile characters. The only place that knows a time zone.

Everything a page prints passes `visible`, so a terminal's control character arrives as text that can be read (T39).
"""

import functools
import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_timedelta, get_timezone_name
from babel.numbers import format_decimal
from markupsafe import Markup

from bastion.domain.local_time import HOME_ZONE, last_day
from bastion.domain.parties import Facility
from bastion.i18n import French

_HOSTILE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 (but tab and newline), DEL, C1: what a terminal would obey
    "\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]"  # what hides or turns text round
)


def visible(value: object) -> object:
    """Return text with control and direction characters spelt out; everything else as it is."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return _HOSTILE.sub(_spell, value)


def _spell(match: re.Match[str]) -> str:
    point = ord(match.group())
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}"


def dialled(text: str) -> str:
    """Return what a telephone dials of a text, e.g. `+33140000000`; empty when it is a name or says more."""
    number = re.sub(r"[\s.()/-]", "", text)
    return number if re.fullmatch(r"\+?[0-9]{2,20}", number, re.ASCII) else ""


_STRONG: Final = re.compile(" (?=[;:!?»])")
_OPENING: Final = re.compile("(?<=«) ")
NARROW: Final = "\u202f"


_DAY = re.compile(
    r"((lun|mar|mer|jeu|ven|sam|dim)\. )?\d{1,2}(er)? (janv|févr|mars|avr|mai|juin|juil|août|sept|oct|nov|déc)"
)
_FIRST = re.compile(r"\b1 (?=janv|févr|mars|avr|mai|juin|juil|août|sept|oct|nov|déc)")
_CLOCK = re.compile(r"\d\d:\d\d")
_ARTICLES = (
    ("jusqu’à", "jusqu’au"),
    ("d’ici", "d’ici le"),
    ("avant", "avant le"),
    ("depuis", "depuis le"),
    ("pour", "pour le"),
    ("de", "du"),
    ("à", "le"),
)


def typeset(text: str, language: str) -> str:
    """Return text with what French typography asks for: no line ends before `;`, `:`, `?`, `!` or inside « »."""
    return French(_OPENING.sub(NARROW, _STRONG.sub(NARROW, text))) if language == "fr" else text


def with_article(text: str, name: str, value: str) -> str:
    """Return French text with the article that a day needs and a time of day does not have: « jusqu’au 7 déc. 09:50 »,
    « jusqu’à 09:50 », « du 6 déc. 22:00 au 7 déc. 06:00 »; `value` is what will stand for `{name}`.
    """
    day, clock = _DAY.match(value), _CLOCK.match(value)
    if day:
        text = re.sub(rf"\b(d[eu] \{{\w+\}}) à \{{{name}\}}", rf"\1 au {{{name}}}", text)
    for bare, with_le in _ARTICLES if day or clock else ():
        has, wants = (bare, with_le) if day else (with_le, bare)
        text = re.sub(rf"\b{has} \{{{name}\}}", f"{wants} {{{name}}}", text)
    return French(text)


def is_one(count: int, language: str) -> bool:
    """Tell whether a noun after `count` stands in the singular: French counts none as one."""
    return count < 2 if language == "fr" else count == 1


def brief(value: object, most: int = 160) -> object:
    """Return text cut to what a row can hold; long numbers and digests to their first digits."""
    text = str(visible(value))
    if len(text) > 24 and text.isalnum():
        return text[:12] + "…"
    return text if len(text) <= most else text[: most - 1] + "…"


def middle(value: object, most: int = 120) -> str:
    """Return a name cut in its middle: where it lies and how it ends both say what it is."""
    text = str(value)
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-(most // 2) :]}"


@functools.cache
def _locale(language: str) -> Locale:
    """Babel makes one anew from each name it is given, and a list of fifty rows writes three hundred times."""
    return Locale.parse(language)


@functools.lru_cache(4096)
def _written(language: str, day: date, pattern: str) -> str:
    """A list names the same few days again and again."""
    return format_date(day, pattern, locale=_locale(language))


_AGO: Final[tuple[tuple[Literal["second", "minute", "hour", "day"], int, float], ...]] = (
    ("second", 1, 60), ("minute", 60, 7200), ("hour", 3600, 86400), ("day", 86400, math.inf),
)  # fmt: skip
"""A unit, its seconds, and below how many seconds it is used: two hours are still counted in minutes."""


@dataclass(frozen=True, slots=True)
class Clockface:
    """Writes instants in one language and one zone. `now` is the moment the page is made."""

    language: str
    now: datetime
    zone: str = HOME_ZONE

    def at(self, facility: Facility | None) -> "Clockface":
        """The same, on the wall of another hospital."""
        return Clockface(self.language, self.now, facility.timezone if facility else HOME_ZONE)

    def on(self, zone: str) -> "Clockface":
        return Clockface(self.language, self.now, zone)

    def dated(self, day: date) -> str:
        """Return `22 nov.`, with the year when it is not this one."""
        same_year = day.year == self.now.astimezone(self._tz).year
        return self._first(_written(self.language, day, "d MMM" if same_year else "d MMM y"))

    def _first(self, said: str) -> str:
        """French counts the first day of a month and no other: `1er déc.`."""
        return _FIRST.sub("1er ", said) if self.language == "fr" else said

    def weekday(self, day: date) -> str:
        return _written(self.language, day, "EEEE")

    @property
    def _tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def time(self, moment: datetime) -> str:
        """Return `14:05`; when it is not today, the day before it."""
        local, today = moment.astimezone(self._tz), self.now.astimezone(self._tz)
        clock = f"{local:%H:%M}"
        return clock if local.date() == today.date() else f"{self.day(moment)} {clock}"

    def both(self, moment: datetime) -> str:
        """Return the time on this wall; where the house's own clock differs, that too: `14:05 (13:05 Europe/Paris)`."""
        here = self.time(moment)
        home = Clockface(self.language, self.now, HOME_ZONE)
        return here if home.time(moment) == here else f"{here} ({home.time(moment)} {HOME_ZONE})"

    def moment(self, moment: datetime) -> str:
        """Return `mar. 24 mars 22:00`: a day that is planned is known by its name."""
        local = moment.astimezone(self._tz)
        pattern = "EEE d MMM" if local.year == self.now.astimezone(self._tz).year else "EEE d MMM y"
        return self._first(f"{_written(self.language, local.date(), pattern)} {local:%H:%M}")

    def clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._tz):%H:%M}"

    def day(self, moment: datetime) -> str:
        """Return `22 nov.`, with the year when it is not this one."""
        return self.dated(moment.astimezone(self._tz).date())

    def last_day(self, end: datetime) -> str:
        """The same of the last day of something that is over at `end`."""
        return self.dated(last_day(end, self.zone))

    def seconds(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._tz):%H:%M:%S}"

    def full(self, moment: datetime) -> str:
        """Return day and time with seconds; with the zone where it is another hospital's, or an hour happens twice."""
        local = moment.astimezone(self._tz)
        twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        zone = (
            f" ({get_timezone_name(local, locale=_locale(self.language))})" if twice or self.zone != HOME_ZONE else ""
        )
        return f"{_written(self.language, local.date(), 'd MMMM y')} {local:%H:%M:%S}{zone}"

    def ago(self, moment: datetime) -> str:
        """Return `il y a 5 min` or `dans 119 min`, of whole units that have passed or are left; times.ts goes on."""
        seconds = int((moment - self.now).total_seconds())
        unit, size = next((unit, size) for unit, size, below in _AGO if abs(seconds) < below)
        whole = timedelta(seconds=int(seconds / size) * size)
        return format_timedelta(
            whole, granularity=unit, threshold=1e9, add_direction=True, format="short", locale=_locale(self.language)
        )

    def span(self, length: timedelta) -> str:
        """Return `1 h 30 min`, exact to the minute; below a minute, in seconds."""
        seconds = round(length.total_seconds())
        if seconds < 60:
            return f"{seconds} s"
        hours, minutes = divmod(seconds // 60, 60)
        return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)

    def days(self, count: int) -> str:
        return str(
            format_timedelta(timedelta(days=count), granularity="day", threshold=1e9, locale=_locale(self.language))
        )

    def size(self, count: int) -> str:
        """Return bytes in the unit people read: `12 Ko`, `3,4 Mo`."""
        step, units = 1000, ("o", "Ko", "Mo", "Go", "To") if self.language == "fr" else ("B", "kB", "MB", "GB", "TB")
        value, unit = float(count), 0
        while value >= step and unit < len(units) - 1:
            value, unit = value / step, unit + 1
        digits = "#,##0.#" if value < 10 and unit else "#,##0"
        return f"{format_decimal(value, format=digits, locale=_locale(self.language))} {units[unit]}"

    def number(self, value: float) -> str:
        return str(format_decimal(value, locale=_locale(self.language)))


def local_day(moment: datetime, zone: str = HOME_ZONE) -> str:
    """Return a day as a date field wants it: `2026-11-22`."""
    return moment.astimezone(ZoneInfo(zone)).date().isoformat()


def local_last_day(end: datetime, zone: str = HOME_ZONE) -> str:
    """The same of the last day of something that is over at `end`."""
    return last_day(end, zone).isoformat()


def part_gone(start: datetime, end: datetime, now: datetime) -> float:
    """Return how much of a time box is over, 0 to 100."""
    whole = (end - start).total_seconds()
    return min(max((now - start).total_seconds() / whole, 0.0), 1.0) * 100 if whole > 0 else 100.0


DURATIONS: Final = (15, 30, 60, 120, 240, 480)


SHORT_STEPS: Final = (5, 10)
"""More time for running work is often a few minutes only."""


def shorter_than(wanted: int, also: tuple[int, ...] = ()) -> list[int]:
    """The durations an approver may choose instead of `wanted` minutes."""
    return [choice for choice in (*also, *DURATIONS) if choice < wanted]
