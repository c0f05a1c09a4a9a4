"""The words for maintenance windows, as English msgids. Tested complete."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from babel.dates import get_day_names

from bastion.domain.maintenance import LAST, WEEKLY, Rhythm, WindowStatus
from bastion.domain.own_words import told
from bastion.i18n import N_

STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        WindowStatus.PROPOSED: ("wait", N_("Proposed")),
        WindowStatus.AGREED: ("ok", N_("Agreed")),
        WindowStatus.OVER: ("off", N_("Over")),
        WindowStatus.ENDED: ("stop", N_("Ended")),
    }
)
WEEKS: Final[Mapping[int, str]] = MappingProxyType(
    {
        WEEKLY: N_("every week"),
        1: N_("the first of the month"),
        2: N_("the second of the month"),
        3: N_("the third of the month"),
        4: N_("the fourth of the month"),
        LAST: N_("the last of the month"),
    }
)
_RHYTHMS: Final[Mapping[int, str]] = MappingProxyType(
    {
        WEEKLY: N_("every {weekday}"),
        1: N_("every first {weekday} of the month"),
        2: N_("every second {weekday} of the month"),
        3: N_("every third {weekday} of the month"),
        4: N_("every fourth {weekday} of the month"),
        LAST: N_("every last {weekday} of the month"),
    }
)


def why_ended(reason: str, t: Callable[..., str]) -> str:
    """What a person wrote, as it stands; the bastion's own reason in the reader's language."""
    return told(reason, t)


def weekdays(language: str) -> list[tuple[str, str]]:
    """Return number and name of each day, Monday first."""
    names = get_day_names("wide", locale=language)
    return [(str(number), names[number]) for number in range(7)]


def wall(minutes: int) -> str:
    hours, rest = divmod(minutes % 1440, 60)
    return f"{hours:02}:{rest:02}"


def rhythm(one: Rhythm, t: Callable[..., str], language: str) -> str:
    """Say `every Tuesday, 22:00 to 00:00`."""
    day = t(_RHYTHMS[one.week], weekday=get_day_names("wide", locale=language)[one.weekday])
    return t(N_("{day}, {start} to {end}"), day=day, start=wall(one.begins), end=wall(one.begins + one.minutes))
