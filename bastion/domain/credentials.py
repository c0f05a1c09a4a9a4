"""What proves who somebody is, and what opens a device. Hashes and sealed bytes only; never the thing itself."""

from dataclasses import dataclass
from datetime import datetime

from bastion.domain.parties import EVERYWHERE, Role


@dataclass(frozen=True, slots=True)
class Credential:
    """Of one staff member or technician. `password_hash` is an argon2id string or empty (technicians have none);
    `totp_sealed` is sealed by the vault, empty until enrolment; `totp_proved_at` is when a first code of it was right.
    """

    subject_id: str
    password_hash: str = ""
    totp_sealed: bytes = b""
    totp_enrolled_at: datetime | None = None
    password_changed_at: datetime | None = None
    totp_proved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A personal token for `/api/v1`. `hash` is the SHA-256 (hex) of the token, which was shown once.

    `roles` and `facilities` narrow what its owner may do; they never widen it.
    """

    id: str
    staff_id: str
    label: str
    hash: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    roles: frozenset[Role] = frozenset()
    facilities: frozenset[str] = frozenset({EVERYWHERE})

    def usable(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class WebSession:
    """A signed-in browser. `id` is the SHA-256 (hex) of the cookie; `factor_at` is the last proof by TOTP."""

    id: str
    staff_id: str
    created_at: datetime
    expires_at: datetime
    factor_at: datetime | None = None
    source: str = ""
    ended_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class FactorProof:
    """A second factor that still counts for parallel connections of one open grant (WinSCP opens several)."""

    id: str
    technician_id: str
    fingerprint: str
    source: str
    grant_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A device secret as the vault sealed it. `key_id` names the master key that wraps its data key;
    `fingerprint` lets people tell two versions apart and says nothing about the secret.
    """

    id: str
    sealed: bytes
    key_id: str
    created_at: datetime
    fingerprint: str = ""
