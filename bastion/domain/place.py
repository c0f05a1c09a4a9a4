"""Where a row stands in a list that begins with the newest: the next page goes on from there.

Counted from the beginning, a page a hundred thousand rows back takes a second, and rows that came meanwhile push those
already read onto the next page. From a row's own place neither happens.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from bastion.domain.local_time import YEARS

_BETWEEN = "~"


@dataclass(frozen=True, slots=True)
class Place:
    at: datetime
    id: str

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC).isoformat().replace('+00:00', 'Z')}{_BETWEEN}{self.id}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `str` wrote; `ValueError` for anything else."""
        at, _, ident = text.partition(_BETWEEN)
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or moment.year not in YEARS or not ident.isalnum() or not ident.isascii():
            raise ValueError("no place in a list")
        return cls(moment.astimezone(UTC), ident)


@dataclass(frozen=True, slots=True)
class Newer(Place):
    """The same place, looked at the other way: the page before ends there."""
