"""A stretch of time that a person typed: from and to on a hospital's wall, and what may be meant by it."""

from datetime import datetime, timedelta
from typing import Final

from bastion.domain.local_time import SKIPPED, moments
from bastion.errors import Invalid

OVER: Final = "This lies in the past. Choose an end that is still to come."


def on_the_wall(text: str, zone: str, field: str, *, last: bool = False) -> datetime:
    """Return a local date and time as UTC.

    A time that the clocks skip in spring is refused. One that happens twice in autumn means the first, or with `last`
    the second: who begins and ends at such an hour then leaves no hole.
    """
    try:
        wall = datetime.fromisoformat(text.strip())
        found = moments(wall, zone).instants if wall.tzinfo is None else None
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise Invalid(text[:40], field=field, sentence="Give a date and time such as 2026-11-22 14:30.")
    if not found:
        raise Invalid(text, field=field, sentence=SKIPPED)
    return found[-1] if last else found[0]


def check_stretch(starts: datetime, ends: datetime, now: datetime, longest: timedelta) -> None:
    """Raise `Invalid` for what ends before it begins, is over already, or lasts longer than anybody means."""
    if ends <= starts:
        raise Invalid("ends", field="ends", sentence="The end comes after the beginning. Correct the two times.")
    if ends <= now:
        raise Invalid("ends", field="ends", sentence=OVER)
    if ends - starts > longest:
        raise Invalid("ends", field="ends", sentence="This is too long: {days} days at most.", days=longest.days)
