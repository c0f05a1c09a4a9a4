"""The hospital's list of health professionals who may answer for a technical access to patient data (R-38).

An entry never changes: what is wrong is retired, and entered anew. So a request names somebody as he stood there.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bastion.errors import IllegalTransition, Invalid

RPPS_DIGITS: Final = 11


@dataclass(frozen=True, slots=True)
class Professional:
    """`title` is the function; `rpps` the number in the national register, if it is known. `ends`: the first instant
    at which he answers no longer.
    """

    id: str
    facility_id: str
    name: str
    title: str
    rpps: str
    starts: datetime
    ends: datetime | None
    created_by: str
    created_at: datetime
    retired_at: datetime | None = None
    retired_by: str = ""

    @property
    def label(self) -> str:
        """How a request names him, and what a supplier's people read of him."""
        return f"{self.name}, {self.title}"

    def stands(self, begins: datetime, until: datetime) -> bool:
        """Whether he answers from one instant to the other, as people say and read an end: by the minute. What would
        last some seconds into the next one ends with him (`Grant.over_by`).
        """
        said = until.replace(second=0, microsecond=0)
        return self.retired_at is None and self.starts <= begins and (self.ends is None or said <= self.ends)

    def answers(self, at: datetime) -> bool:
        """Whether he does so at this instant."""
        return self.starts <= at and not self.over(at)

    def over(self, now: datetime) -> bool:
        return self.retired_at is not None or (self.ends is not None and self.ends <= now)

    def named(self, said: str) -> bool:
        """Whether an answer means him: his name, or the whole of how he is named."""
        return " ".join(said.split()).casefold() in {self.name.casefold(), self.label.casefold()}

    def retire(self, by: str, now: datetime) -> "Professional":
        if self.retired_at is not None:
            raise IllegalTransition(f"professional {self.id}", state="off_list")
        return replace(self, retired_at=now, retired_by=by)


def checked_rpps(text: str) -> str:
    """Return the number without blanks, or nothing for none; `Invalid` for what cannot be one."""
    number = "".join(text.split())
    if number and not (number.isascii() and number.isdigit() and len(number) == RPPS_DIGITS and luhn(number)):
        raise Invalid("rpps", field="rpps", sentence="An RPPS number has eleven digits; one of these is wrong.")
    return number


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of those before (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0
