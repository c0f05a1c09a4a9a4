"""Reading what people typed: dates on a hospital's wall, numbers, choices. Raises `Invalid` with the field's name."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, TypeVar

from bastion.domain import local_time
from bastion.domain.local_time import HOME_ZONE, YEARS, midnight, only_moment
from bastion.errors import Invalid

C = TypeVar("C", bound=StrEnum)
D = TypeVar("D", bound=date)
MOST_DIGITS: Final = 9


def day_start(text: str, name: str, zone: str = HOME_ZONE) -> datetime | None:
    """Return the first instant of a local day as UTC; `None` for an empty field."""
    return midnight(day(text, name), zone) if text.strip() else None


def day_end(text: str, name: str, zone: str = HOME_ZONE, known: datetime | None = None) -> datetime | None:
    """Return when something is over whose last day was typed; `None` for an empty field. `known`: see `local_time`."""
    return local_time.day_end(day(text, name), zone, known) if text.strip() else None


def day(text: str, name: str) -> date:
    """Return the day that was typed; `Invalid` for what is none."""
    try:
        return _in_reach(date.fromisoformat(text.strip()))
    except ValueError:
        raise Invalid(text, field=name, sentence="Give a date such as 2026-11-22.") from None


def _in_reach(day: D) -> D:
    """Raise `ValueError` for a year from which nothing can be reckoned."""
    if day.year not in YEARS:
        raise ValueError("out of reach")
    return day


def local_moment(text: str, name: str, zone: str) -> datetime | None:
    """Return a local date and time as UTC; `None` for an empty field.

    A time that the clocks skip in spring does not exist, one in the hour they repeat in autumn is two: both are
    refused, and the sentence says why. With an offset (`2026-10-25T02:30+01:00`) every time is one instant.
    """
    if not text.strip():
        return None
    try:
        wall = _in_reach(datetime.fromisoformat(text.strip()))
    except ValueError:
        raise Invalid(text, field=name, sentence="Give a date and time such as 2026-11-22 14:30.") from None
    return wall.astimezone(UTC) if wall.tzinfo else only_moment(wall, zone, name)


def instant(text: str) -> datetime | None:
    """Return an instant that a link of ours carries; what it does not carry, or somebody else's text, is none."""
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def wall_minutes(text: str, name: str) -> int:
    """Return `22:30` as minutes from midnight."""
    try:
        wall = time.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(text, field=name, sentence="Give a time such as 22:30.") from None
    return wall.hour * 60 + wall.minute


def listed(text: str) -> tuple[str, ...]:
    """Read names with commas or lines between them."""
    return tuple(name.strip() for name in text.replace("\n", ",").split(",") if name.strip())


def whole(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Invalid(text, field=name, sentence="Give a whole number.") from None


def whole_of(text: str, known: Collection[int], name: str) -> int:
    """Return the number that was chosen from a list of them."""
    if count(text) not in known:
        raise Invalid(text, field=name, sentence="Choose one of the list.")
    return count(text)


def choice(text: str, kind: type[C], name: str) -> C:
    try:
        return kind(text)
    except ValueError:
        raise Invalid(text, field=name, sentence="Choose one of the list.") from None


def count(text: str) -> int:
    """Return the number a text says, as far as that is one of nine digits; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0


def page_number(text: str) -> int:
    """Return the page asked for, from 0; nonsense in an address is the first page."""
    return min(int(text[:MOST_DIGITS]), 10_000) if text.isascii() and text.isdigit() else 0


def length(count: int) -> timedelta:
    return timedelta(minutes=count)


def need_same(password: str, again: str) -> None:
    """Raise `Invalid` for a password that was typed twice in two ways."""
    if password != again:
        raise Invalid("again", field="again", sentence="The two passwords differ. Type the same one twice.")
