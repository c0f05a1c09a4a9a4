"""Days on which people are at work: Monday to Friday, but for the public holidays of the country (R-26).

France has eleven (code du travail, L. 3133-1). What Alsace-Moselle and the overseas departments have beside is not
counted: a review is then due a day earlier than it might be, never later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bastion.domain.local_time import local_date, midnight

FRIDAY: Final = 4


class Holidays(StrEnum):
    """Whose public holidays are days off."""

    FRANCE = "france"
    NONE = "none"


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    leap = (32 + 2 * e + 2 * i - h - k) % 7
    month, day = divmod(h + leap - 7 * ((a + 11 * h + 22 * leap) // 451) + 114, 31)
    return date(year, month, day + 1)


def french(year: int) -> frozenset[date]:
    """Those of a year; Easter Monday, Ascension and Whit Monday move with Easter."""
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    sunday = easter(year)
    moving = (sunday + timedelta(days=after) for after in (1, 39, 50))
    return frozenset((*(date(year, month, day) for month, day in fixed), *moving))


_OF: Final[Mapping[Holidays, Callable[[int], frozenset[date]]]] = MappingProxyType(
    {Holidays.FRANCE: french, Holidays.NONE: lambda _year: frozenset()}
)


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """So many of them."""

    days: int
    holidays: Holidays = Holidays.FRANCE

    def end(self, at: datetime, zone: str) -> datetime:
        """The end of the last of them, the first being the one after the local day of `at`."""
        day, left = local_date(at, zone), self.days
        while left > 0:
            day += timedelta(days=1)
            left -= self._worked(day)
        return midnight(day + timedelta(days=1), zone)

    def _worked(self, day: date) -> bool:
        return day.weekday() <= FRIDAY and day not in _OF[self.holidays](day.year)
