"""The half-open stretch of time `[start, end)` in which work is allowed (R-24)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WARNINGS = (timedelta(minutes=15), timedelta(minutes=5), timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class TimeBox:
    """Instants are aware UTC. `warnings` are distances before `end` at which the technician is told (R-35)."""

    start: datetime
    end: datetime
    warnings: tuple[timedelta, ...] = WARNINGS

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a time box is made of aware instants")
        if self.end < self.start:
            raise ValueError("a time box ends after it starts")

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def contains(self, now: datetime) -> bool:
        return self.start <= now < self.end

    def left(self, now: datetime) -> timedelta:
        return max(self.end - now, timedelta())

    def next_wake(self, now: datetime) -> datetime:
        """The next instant at which something is due: a warning still ahead, or the end."""
        ahead = [self.end - before for before in self.warnings if self.end - before > now]
        return min([*ahead, self.end])

    def due_warning(self, since: datetime, now: datetime) -> timedelta | None:
        """The shortest warning whose moment lies in `(since, now]`, if any."""
        due = [before for before in self.warnings if since < self.end - before <= now]
        return min(due, default=None)


def whole_minutes(length: timedelta) -> int:
    """Return the whole minutes of a length of time."""
    return int(length.total_seconds() // 60)
