"""How long a technician may be silent (R-35): warned a minute before, then his session ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WARNING: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """The silence a session allows; `limit` zero allows any."""

    limit: timedelta = timedelta()

    def over(self, since: datetime, now: datetime) -> bool:
        return bool(self.limit) and now - since >= self.limit

    def near(self, since: datetime, now: datetime) -> bool:
        """It is time to say that the session ends soon."""
        return bool(self.limit) and now - since >= self.limit - WARNING

    def left(self, since: datetime, now: datetime) -> timedelta:
        return since + self.limit - now

    def moments(self, since: datetime, now: datetime) -> list[datetime]:
        """When to look again, for somebody silent since then; empty if silence has no limit or nothing is to come."""
        return [m for m in (since + self.limit - WARNING, since + self.limit) if m > now] if self.limit else []
