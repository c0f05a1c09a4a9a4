"""A mail address somebody had: for a while he is warned there too, for the new one may be a thief's (R-11)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

KEPT: Final = timedelta(days=30)
"""So long warnings about a person's access go to the addresses he had as well; then they are forgotten."""
HELD: Final = timedelta(hours=72)
"""So long after a company changed somebody's address only the hospital makes the link that replaces what he has: who
took over a correspondent's account could else have the warning sent to himself, and use the link at once.
"""


@dataclass(frozen=True, slots=True)
class FormerAddress:
    """`person_id` is a technician's or one of the staff's. `by_company`: a correspondent changed it, not the hospital's
    people.
    """

    id: str
    person_id: str
    address: str
    by_company: bool
    changed_at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether the company's own link must wait because of it."""
        return self.by_company and now - self.changed_at < HELD
