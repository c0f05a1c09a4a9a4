"""The link of a mail that opens one request for one person, once: what it is, and why it opens nothing any more (T20).

Whether the person may still decide is no fact of the link: that is asked where every decision is asked.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

MOST_TRIES: Final = 5
"""So many passwords and codes are judged on one link; then it is void (T20)."""


@dataclass(frozen=True, slots=True)
class DecisionLink:
    """`id` is the SHA-256 (hex) of what the link carries; `opened_from` is where it was opened from last."""

    id: str
    staff_id: str
    request_id: str
    created_at: datetime
    expires_at: datetime
    tries: int = 0
    opened_from: str = ""
    used_at: datetime | None = None
    void_at: datetime | None = None

    def trouble(self, now: datetime) -> str:
        """Why it opens nothing any more; empty while it does."""
        if self.used_at is not None:
            return "used"
        if self.void_at is not None:
            return "replaced or taken back"
        if self.tries >= MOST_TRIES:
            return "too many tries"
        return "expired" if now >= self.expires_at else ""
