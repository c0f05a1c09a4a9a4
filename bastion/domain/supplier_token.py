"""A personal token of a supplier's person, for programs at the suppliers' entrance."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SupplierToken:
    """`hash` is the SHA-256 (hex) of the token, which was shown once. Without `writes` it only reads.

    With `people` it also reads the list of the company's people and, each time with a fresh code, changes it.

    It is of a person at a company: it opens nothing once he works for another one.
    """

    id: str
    technician_id: str
    supplier_id: str
    label: str
    hash: str
    writes: bool
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    people: bool = False

    def usable(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at
