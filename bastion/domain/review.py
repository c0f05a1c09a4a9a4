"""Reviews of access rights: a campaign lists them, reviewers confirm or withdraw each, by a day (R-19).

What nobody confirmed by then is suspended, by the clock alone; a late confirmation lifts that. Of several campaigns
of a hospital the latest one that has said something about a right is the one that counts there. Once no line is open,
one person who leads reviews there signs for the whole.

A role is reviewed where it is held: a hospital's campaign has the roles held in that hospital, a role in every hospital
stands in a campaign of the group, which has them all. So none is in no campaign, and none is decided on by others.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bastion.domain.parties import EVERYWHERE, Role
from bastion.errors import Invalid, Phrase

LONGEST: Final = timedelta(days=183)
"""Rights are reviewed twice a year at least, so no review may take longer than that."""
WARN_BEFORE: Final = timedelta(days=7)
"""So long before its day whoever still has lines to decide is told once more."""
UNREVIEWED: Final = Phrase("the hospital's review of access rights has not confirmed this access.")
UNREVIEWED_AT: Final = "in these hospitals a review of access rights has not confirmed this access: {where}."


class RightKind(StrEnum):
    STAFF = "staff"  # a role of somebody of the hospital
    TECHNICIAN = "technician"  # somebody of a supplier
    WINDOW = "window"  # a maintenance window whose agreement stands for requests


class Verdict(StrEnum):
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    GONE = "gone"  # the right ended of itself meanwhile; nobody decides this


class LineState(StrEnum):
    """Derived from what was decided and the clock; never stored."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    GONE = "gone"
    SUSPENDED = "suspended"


class CampaignState(StrEnum):
    """Derived from the lines, the clock and the signature; never stored."""

    OPEN = "open"
    TO_SIGN = "to_sign"
    SIGNED = "signed"


LEADERS: Final = frozenset({Role.SECURITY, Role.ADMIN})
"""Who begins a campaign and signs for it as a whole, where they cover every hospital of it."""
REVIEWERS: Final = {
    RightKind.STAFF: frozenset({Role.SECURITY, Role.ADMIN}),
    RightKind.TECHNICIAN: frozenset({Role.SECURITY, Role.APPROVER}),
    RightKind.WINDOW: frozenset({Role.SECURITY, Role.APPROVER}),
}
"""Who may decide on what; on his own rights nobody does."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """`facilities` are ids, or `EVERYWHERE` alone. Without lines that are open it is to be signed."""

    id: str
    name: str
    facilities: tuple[str, ...]
    due_at: datetime
    created_by: str
    created_at: datetime

    def due(self, now: datetime) -> bool:
        return self.due_at <= now


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One right: `subject_id` has it, `right` says which (a role, or nothing more to say). `name` and `company` are as
    they were when the campaign began. `place` is the hospital's id where a role is held, or `EVERYWHERE`; empty is all
    of the campaign's hospitals.
    """

    id: str
    campaign_id: str
    kind: RightKind
    subject_id: str
    right: str
    name: str
    company: str
    verdict: Verdict | None = None
    decided_at: datetime | None = None
    decided_by: str = ""
    note: str = ""
    place: str = ""

    def state(self, due_at: datetime, now: datetime) -> LineState:
        if self.verdict is not None:
            return LineState(self.verdict.value)
        return LineState.SUSPENDED if due_at <= now else LineState.OPEN


@dataclass(frozen=True, slots=True)
class Remit:
    """Which lines of one campaign somebody may decide on: never those about his `own` rights.

    All lines of `kinds`; of the staff's those for a role that is held in one of `places`; of the others those that are
    about a device of `wards`, each a hospital's id and a ward as a device there names it (R-28).
    """

    own: str
    kinds: frozenset[RightKind] = frozenset()
    places: frozenset[str] = frozenset()
    wards: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Sought:
    """Which lines of a review are looked for: those to which all of this applies. `mine`: those the reader may decide
    on, or those he may not; `text` is part of a name or a company.
    """

    kind: RightKind | None = None
    state: LineState | None = None
    mine: bool | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class ReviewSignature:
    """Somebody answers for a campaign as it stood at `signed_at`: how many lines were confirmed, withdrawn and
    suspended. `digest` is the SHA-256, in hex, of the table that was signed. What is decided later changes neither.
    """

    campaign_id: str
    signed_by: str
    signed_at: datetime
    confirmed: int
    withdrawn: int
    suspended: int
    digest: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """What a campaign says of a right in these facilities; `None` is its silence once its day has come. `since`: when a
    person decided so.
    """

    facilities: tuple[str, ...]
    verdict: Verdict | None
    since: datetime | None = None

    def at(self, facility_id: str) -> bool:
        return EVERYWHERE in self.facilities or facility_id in self.facilities


def last_word(said: Sequence[Word], facility_id: str) -> Word | None:
    """What counts in this hospital; of `said` the latest comes last."""
    return next((one for one in reversed(said) if one.at(facility_id)), None)


def barred(said: Sequence[Word], facility_id: str) -> bool:
    """Whether a right does not hold in this hospital: withdrawn, or not confirmed by the day."""
    last = last_word(said, facility_id)
    return last is not None and last.verdict is not Verdict.CONFIRMED


def barred_apart(said: Sequence[Word]) -> frozenset[str]:
    """The hospitals in which a right does not hold that may well hold in every other one."""
    named = {ident for one in said for ident in one.facilities} - {EVERYWHERE}
    return frozenset(ident for ident in named if barred(said, ident))


def standing_withdrawals(decided: Sequence[Word], facilities: Collection[str]) -> list[Word]:
    """The withdrawals that stand in these hospitals, of what people decided: silence after one does not lift it."""
    named = {ident for one in decided for ident in one.facilities} if EVERYWHERE in facilities else set[str]()
    last = [last_word(decided, ident) for ident in sorted({*facilities, *named})]
    return [one for one in last if one is not None and one.verdict is Verdict.WITHDRAWN]


def checked(campaign: Campaign) -> Campaign:
    if not campaign.created_at < campaign.due_at <= campaign.created_at + LONGEST:
        raise Invalid("due_at", field="due_at", sentence="A review is due after today, and within half a year.")
    return campaign
