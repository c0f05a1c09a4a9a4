"""The web door of suppliers' people: who is signed in there, who was invited, who speaks for his company.

Nothing of it is shared with the hospital's console (R-16): other rows, another cookie, never a role.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PortalSession:
    """A technician's browser. `id` is the SHA-256 (hex) of the cookie; `factor_at` is the last proof by TOTP."""

    id: str
    technician_id: str
    created_at: datetime
    expires_at: datetime
    factor_at: datetime | None = None
    source: str = ""
    ended_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class PortalInvitation:
    """A link with which a technician sets himself up, once. `id` is the SHA-256 (hex) of what the link carries;
    `secret_id` names the sealed secret of the authenticator it offers.
    """

    id: str
    technician_id: str
    secret_id: str
    made_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    void_at: datetime | None = None

    def trouble(self, now: datetime) -> str:
        """Why it opens nothing any more; empty while it does."""
        if self.used_at is not None:
            return "used"
        if self.void_at is not None:
            return "replaced or taken back"
        return "expired" if now >= self.expires_at else ""


@dataclass(frozen=True, slots=True)
class Correspondent:
    """A technician who speaks for his company; no longer, once he works for another one."""

    technician_id: str
    supplier_id: str
    named_by: str
    named_at: datetime
