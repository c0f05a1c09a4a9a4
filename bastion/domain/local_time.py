"""Between the clock on a hospital's wall and instants: hours that the clocks skip, or show twice, are told apart.

Zones come as names (`Europe/Paris`). Nothing here reads the clock.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from bastion.errors import Invalid, Phrase

HOME_ZONE: Final = "Europe/Paris"
"""Of what the group keeps for all of its hospitals."""
YEARS: Final = range(1900, 2900)
"""Of what people and programs write down: from each of them one can count on, or back, and in any time zone."""
SKIPPED: Final = "The clocks skip this hour on that day: it does not exist. Choose another time."
TWICE: Final = (
    "The clocks go back on that day and this hour comes twice, as {first} and as {second}. Choose a time before or "
    "after it."
)


def time_of_day(moment: datetime, zone: str, now: datetime) -> Phrase:
    """The time of day in `zone` and where that is, with the date when it is not today."""
    local, today = moment.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    if local.date() == today:
        return Phrase("{time} ({zone})", time=f"{local:%H:%M}", zone=zone)
    return Phrase("{time} on {day} ({zone})", time=f"{local:%H:%M}", day=f"{local:%d/%m}", zone=zone)


@dataclass(frozen=True, slots=True)
class Moments:
    """What a time on the wall may mean: no instant, one, or two."""

    instants: tuple[datetime, ...]

    @property
    def first(self) -> datetime | None:
        return self.instants[0] if self.instants else None


def moments(wall: datetime, zone: str) -> Moments:
    """Return every instant at which the clocks of `zone` show `wall` (a naive date and time), the earlier first."""
    return _moments(wall if wall.tzinfo is None and not wall.fold else wall.replace(tzinfo=None, fold=0), zone)


@lru_cache(4096)
def _moments(naive: datetime, zone: str) -> Moments:
    """Windows begin at round times: two months of a calendar ask some ten times for each of them."""
    place = ZoneInfo(zone)
    found = {naive.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return Moments(tuple(sorted(at for at in found if at.astimezone(place).replace(tzinfo=None, fold=0) == naive)))


def only_moment(wall: datetime, zone: str, field: str) -> datetime:
    """The one instant meant; raises `Invalid` for an hour that does not exist, or that comes twice."""
    found = moments(wall, zone).instants
    if not found:
        raise Invalid(str(wall), field=field, sentence=SKIPPED)
    if len(found) > 1:
        first, second = (offset_form(at, zone) for at in found)
        raise Invalid(str(wall), field=field, sentence=TWICE, first=first, second=second)
    return found[0]


def offset_form(at: datetime, zone: str) -> str:
    """Write `2026-10-25T02:30+02:00`: one instant, whatever the clocks do."""
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


def opening(wall: datetime, zone: str) -> datetime:
    """When something that begins at `wall` begins: where the hour is skipped, at the instant the clocks jump; where it
    comes twice, the first time.
    """
    found = moments(wall, zone).first
    return found if found is not None else _jump(wall, zone)


def _jump(wall: datetime, zone: str) -> datetime:
    """The instant at which the clocks pass over `wall`: both readings of it lie on either side."""
    place = ZoneInfo(zone)
    naive = wall.replace(tzinfo=None)
    low, high = sorted(naive.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    before = low.astimezone(place).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(place).utcoffset() == before else (low, middle)
    return high.replace(second=0, microsecond=0)


def midnight(day: date, zone: str) -> datetime:
    """The first instant of a local day, which may last 23 or 25 hours."""
    return opening(datetime.combine(day, time()), zone)


def day_end(day: date, zone: str = HOME_ZONE, known: datetime | None = None) -> datetime:
    """When something is over whose last day this is: at the first instant of the day after. What is `known` to be over
    with that day stays as it is, so that nothing lasts longer only because a form was sent again.
    """
    if known is not None and last_day(known, zone) == day:
        return known
    return midnight(day + timedelta(days=1), zone)


def last_day(end: datetime, zone: str = HOME_ZONE) -> date:
    """The last day of something that is over at `end`: what people say, read and write. A midnight of UTC ends the day
    before, as it was said, also where the clocks on the wall show an hour of the next.
    """
    if end.astimezone(UTC).time() == time():
        return (end.astimezone(UTC) - timedelta(days=1)).date()
    return local_date(end - timedelta(microseconds=1), zone)


def local_date(at: datetime, zone: str = HOME_ZONE) -> date:
    return at.astimezone(ZoneInfo(zone)).date()
