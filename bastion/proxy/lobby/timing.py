"""How long the work will take, and for later from when: one question, `2h` or `2h 2026-12-01 22:00` (R-25)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bastion import clock
from bastion.domain.local_time import YEARS, only_moment
from bastion.domain.timebox import whole_minutes
from bastion.errors import Invalid, Phrase
from bastion.proxy.lobby import screens
from bastion.proxy.lobby.talk import HELP, Talk
from bastion.services.drafts import PAST

_LENGTH_AND_DAY: Final = re.compile(
    r"\d{1,4}\s*(?:h|heures?|hours?|m|min|mn|minutes?)(?:\d{1,2})?\s+(?:\d|demain|tomorrow|aujourd|today)"
)
"""A length and what is meant for a day: of anything else nothing was understood."""
_AGE: Final = re.compile(r"(?:il y a\s+)?(.+?)(?:\s+ago)?")
_DAYS: Final = re.compile(r"(\d{1,3})\s*(?:d|j|days?|jours?)")
_MOMENT: Final = re.compile(r"(?:(.*?)\s+)?(\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4})\s+(\d\d?)[:h](\d\d)")
NO_TIME: Final = "This is not a length of time."
NO_START: Final = (
    "The length is understood, the day and the hour behind it are not. Write the whole as {example}, with the day of "
    "the calendar."
)
NO_DAY: Final = "There is no such day or hour. Write it as 2026-12-01 22:00, or leave it out."
TOO_LONG: Final = "For this work the rules of the hospital allow {longest} at most."


@dataclass(frozen=True, slots=True)
class Timing:
    """`start`: an aware instant, or `None` for as soon as it is agreed."""

    minutes: int
    start: datetime | None = None


@dataclass(frozen=True, slots=True)
class TimeQuestion:
    talk: Talk

    async def timing(self, usual: Timing, longest: timedelta | None, *, now: bool, settled: bool = False) -> Timing:
        """Ask until it is a time, no longer than the rules allow (`longest`); Enter means `usual`, or as much of it as
        they allow. What cannot wait is `now`. What is `settled` is asked only if it is no such time any more.
        """
        most = whole_minutes(longest) if longest else None
        if settled and usual.minutes <= (most or usual.minutes) and not (now and usual.start):
            return usual
        otherwise = min(usual.minutes, most or usual.minutes)
        if not now:
            self._hint(otherwise, usual.start)
        prompt = self.talk.words.say("How long, e.g. 45 min, 2h, 1h30 (Enter for {usual}): ")
        prompt = prompt.format(usual=screens.length(timedelta(minutes=otherwise)))
        while answer := await self.talk.question(prompt):
            if answer == HELP:
                self._hint(otherwise, usual.start)
                continue
            try:
                asked = _length(answer) if now else read(answer, self.talk.words.zone, clock.now())
            except Invalid as problem:
                self.talk.tell(problem)
                continue
            if most is None or asked.minutes <= most:
                return asked
            self.talk.write(self.talk.words.say(TOO_LONG).format(longest=screens.length(timedelta(minutes=most))))
        return Timing(otherwise, None if now else usual.start)

    def _hint(self, minutes: int, start: datetime | None) -> None:
        if start is not None:
            said = self.talk.words.say("Enter keeps the start you said: {start}").format(
                start=self.talk.words.clock(start)
            )
        else:
            example = typed_as(_tomorrow(clock.now()), self.talk.words.zone, "22:00", f"{minutes} min ")
            said = self.talk.words.say("For later, add the day and the hour at the hospital: {example}")
            said = said.format(example=screens.whole(self.talk.words.phrase(example)))
        self.talk.write(said)


def read(answer: str, zone: str, now: datetime) -> Timing:
    """Read a length of time, and behind it the day and hour in `zone` at which it begins; `Invalid` says what is wrong
    with it: an hour that the clocks skip or show twice, or one that is past.
    """
    length, start = _parts(answer, zone, "start")
    if start is None and not screens.minutes_of(answer) and _LENGTH_AND_DAY.match(answer.strip().lower()):
        raise Invalid(answer, field="start", sentence=NO_START, example=typed_as(_tomorrow(now), zone, "22:00", "2h "))
    if start is None:
        return _length(answer)
    if start <= now:
        raise Invalid(answer, field="start", sentence=PAST)
    return Timing(_length(length).minutes, start)


def moment(answer: str, zone: str, field: str) -> datetime | None:
    """Read a day and an hour in `zone`; `None` when it is none, `Invalid` for one that does not exist or does twice."""
    before, found = _parts(answer, zone, field)
    return None if before else found


def _parts(answer: str, zone: str, field: str) -> tuple[str, datetime | None]:
    """What stands before a day and an hour, and when that is."""
    found = _MOMENT.fullmatch(answer.strip())
    if found is None:
        return answer, None
    before, day, hour, minute = found.groups()
    return before or "", only_moment(_wall(day, hour, minute), zone, field)


def age_of(answer: str) -> timedelta | None:
    """Read how long ago it was: `20 min`, `2h`, `3d`, `3 jours`, `il y a 3 j`; `None` when it is no length of time."""
    said = _AGE.fullmatch(answer.strip().lower())
    text = said[1] if said else ""
    if days := _DAYS.fullmatch(text):
        return timedelta(days=int(days[1]))
    minutes = screens.minutes_of(text)
    return None if minutes is None else timedelta(minutes=minutes)


def _length(answer: str) -> Timing:
    minutes = screens.minutes_of(answer)
    if not minutes:
        raise Invalid(answer, field="minutes", sentence=NO_TIME)
    return Timing(minutes)


def typed_as(moment: datetime, zone: str, hour: str, length: str = "") -> Phrase:
    """An hour of the day that `moment` is in `zone`, as it may be typed, behind a `length`; each language's own way."""
    year, month, day = moment.astimezone(ZoneInfo(zone)).date().isoformat().split("-")
    return Phrase("{length}{year}-{month}-{day} {hour}", length=length, year=year, month=month, day=day, hour=hour)


def _tomorrow(now: datetime) -> datetime:
    return now + timedelta(days=1)


def _wall(day: str, hour: str, minute: str) -> datetime:
    iso = day if "-" in day else "-".join(reversed(day.split("/")))
    try:
        wall = datetime.fromisoformat(f"{iso} {int(hour):02}:{minute}")
    except ValueError:
        wall = None
    if wall is None or wall.year not in YEARS:
        raise Invalid(day, field="start", sentence=NO_DAY)
    return wall
