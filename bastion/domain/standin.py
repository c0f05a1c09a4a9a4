"""A person who is away, and a person who decides in another's place; both with dates.

What is lent is what the lender has at that moment as approver, nothing else, and nobody lends on what he was lent.
The voice stays one: lender and stand-in never count twice, and the stand-in does not decide on what the lender asked.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bastion.domain.parties import EVERYWHERE, Lent, Role, Staff, narrowed
from bastion.domain.stretch import check_stretch
from bastion.errors import IllegalTransition, Invalid

LONGEST: Final = timedelta(days=92)
LONGEST_ABSENCE: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Absence:
    """Nobody is told anything while he is away. Why he is away is nobody's business here: it is not kept."""

    id: str
    staff_id: str
    starts: datetime
    ends: datetime
    created_by: str
    created_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""

    def stands(self, now: datetime) -> bool:
        return self.withdrawn_at is None and self.starts <= now < self.ends

    def withdraw(self, by: str, now: datetime) -> "Absence":
        if self.withdrawn_at is not None:
            raise IllegalTransition(f"absence {self.id}", state="withdrawn")
        return replace(self, withdrawn_at=now, withdrawn_by=by)


@dataclass(frozen=True, slots=True)
class Delegation:
    """`from_id` lends his approving in one hospital, or wherever he has it (`EVERYWHERE`), to `to_id`."""

    id: str
    from_id: str
    to_id: str
    facility_id: str
    starts: datetime
    ends: datetime
    reason: str
    created_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str = ""

    def stands(self, now: datetime) -> bool:
        return self.revoked_at is None and self.starts <= now < self.ends

    def revoke(self, by: str, now: datetime) -> "Delegation":
        if self.revoked_at is not None:
            raise IllegalTransition(f"delegation {self.id}", state="revoked")
        return replace(self, revoked_at=now, revoked_by=by)

    def lends(self, lender: Staff, now: datetime) -> tuple[Lent, ...]:
        """What the stand-in has of it at this moment; nothing once the lender has it no more himself."""
        if not (self.stands(now) and lender.active and lender.id == self.from_id):
            return ()
        kept = narrowed(lender.assignments, frozenset({Role.APPROVER}), frozenset({self.facility_id}))
        return tuple(Lent(self.id, lender.id, lender.name, one) for one in kept)


def checked(delegation: Delegation, lender: Staff, to: Staff, now: datetime) -> Delegation:
    """Return it, or raise `Invalid` for one that could not stand (R-23)."""
    check_stretch(delegation.starts, delegation.ends, now, LONGEST)
    if to.id == lender.id or not to.active:
        raise Invalid("to", field="to", sentence="Choose another person of the hospital.")
    lent = narrowed(lender.assignments, frozenset({Role.APPROVER}), frozenset({delegation.facility_id}))
    if not lent:
        raise Invalid(
            "facility", field="facility", sentence="You are not an approver there, so there is nothing to lend."
        )
    if any(_apart(to, one.facility_id) for one in lent):
        raise Invalid(
            "to", field="to",
            sentence="This person secures, audits or administers: such people do not approve, not even for another.",
        )  # fmt: skip
    return delegation


def _apart(person: Staff, facility_id: str) -> bool:
    """Whether somebody's duties forbid approving in this hospital, or in any where all are meant (R-23)."""
    if Role.ADMIN in person.roles:
        return True
    watching = person.places(Role.SECURITY, Role.AUDITOR)
    return bool(watching) if facility_id == EVERYWHERE else bool(watching & {EVERYWHERE, facility_id})
