"""Whether a technician can connect at this moment, and what is missing if not: one word each (R-11, R-12)."""

from datetime import datetime
from enum import StrEnum

from bastion.domain.parties import Technician


class Readiness(StrEnum):
    """The gravest that stands in the way, or `READY`.

    `UNTRIED` may connect: key and authenticator are there, but no code of this authenticator was ever right.
    """

    OUT_OF_USE = "out_of_use"
    OVER = "over"
    BARRED = "barred"
    NOTHING_SET_UP = "nothing_set_up"
    NO_KEY = "no_key"
    NO_AUTHENTICATOR = "no_authenticator"
    UNTRIED = "untried"
    READY = "ready"


def readiness(
    person: Technician, now: datetime, *, barred: bool, has_key: bool, enrolled: bool, proved: bool
) -> Readiness:  # fmt: skip
    """`barred`: the employer, the supplier's word or the hospital's review keeps him from every device (R-18, R-19)."""
    if not person.usable(now):
        return Readiness.OVER if person.active else Readiness.OUT_OF_USE
    if barred:
        return Readiness.BARRED
    if not has_key or not enrolled:
        both = not has_key and not enrolled
        return Readiness.NOTHING_SET_UP if both else Readiness.NO_AUTHENTICATOR if has_key else Readiness.NO_KEY
    return Readiness.READY if proved else Readiness.UNTRIED
