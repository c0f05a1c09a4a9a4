"""Which roles of somebody a review of rights has taken away, so that he reads it where he is refused (R-19)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bastion.domain.parties import EVERYWHERE, Facility, Role, Staff
from bastion.domain.review import Campaign, ReviewLine, RightKind, Verdict, Word
from bastion.store.reviews import Spoken
from bastion.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Lost:
    """`facility` is where, `None` in every hospital; `at` when: it was withdrawn then, or, not `withdrawn`, its day had
    come and nobody had confirmed it, or he held it no longer and nobody has confirmed it since.
    """

    role: Role
    facility: Facility | None
    at: datetime
    withdrawn: bool
    review: str


async def lost_by(uow: UnitOfWork, person: Staff, now: datetime) -> list[Lost]:
    """What he would hold without the reviews, as the last of them left it."""
    said = await uow.review_lines.spoken(RightKind.STAFF, person.id, now)
    places = {one.id: one for one in await uow.facilities.all()}
    found: list[Lost] = []
    for held in sorted(person.assignments):
        of_role = [one for one in said if one[0].right == held.role]
        named = sorted({ident for pair in of_role for ident in _word(*pair).facilities} - {EVERYWHERE})
        apart = named if held.facility_id == EVERYWHERE and not _gone(of_role, EVERYWHERE) else []
        for place in (held.facility_id, *apart):
            for line, campaign in _gone(of_role, place):
                at, taken = line.decided_at or campaign.due_at, line.verdict is Verdict.WITHDRAWN
                found.append(Lost(held.role, places.get(place), at, taken, campaign.name))
    return list(dict.fromkeys(found))


def _gone(said: Sequence[Spoken], place: str) -> list[Spoken]:
    """The line that takes the role away there, if one does: the latest that speaks of it."""
    last = [pair for pair in said if _word(*pair).at(place)][-1:]
    return [(line, campaign) for line, campaign in last if line.verdict is not Verdict.CONFIRMED]


def _word(line: ReviewLine, campaign: Campaign) -> Word:
    return Word((line.place,) if line.place else campaign.facilities, line.verdict)
