"""What withdrawing one right in a review takes away at once, said before it is done (R-19)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bastion.domain.parties import EVERYWHERE, Actor, Facility, Role
from bastion.domain.review import Campaign, ReviewLine, RightKind
from bastion.services.actors import all_now
from bastion.services.review_views import Seen
from bastion.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Loss:
    """`places`: the hospitals in which the right goes; `vacant`: those of them in which nobody holds that role any
    more; `sessions`: how many of a technician's are under way there and end.
    """

    campaign: Campaign
    seen: Seen
    places: tuple[Facility, ...]
    vacant: tuple[Facility, ...]
    sessions: int


async def loss_of(uow: UnitOfWork, campaign: Campaign, seen: Seen, now: datetime) -> Loss:
    line = seen.line
    reach = {line.place} if line.place else {*campaign.facilities}
    places = tuple(one for one in await uow.facilities.all() if not {EVERYWHERE, one.id}.isdisjoint(reach))
    vacant = await _vacant(uow, line, places, now) if line.kind is RightKind.STAFF else ()
    return Loss(campaign, seen, places, vacant, await _under_way(uow, line, {one.id for one in places}))


async def _vacant(
    uow: UnitOfWork, line: ReviewLine, places: tuple[Facility, ...], now: datetime
) -> tuple[Facility, ...]:  # fmt: skip
    """What is only lent counts for nobody: it ends, and with the lender's role."""
    role = Role(line.right)
    people = [one for one in await uow.staff.all() if one.active and role in one.roles]
    able = (await all_now(uow, people, now)).values()
    return tuple(place for place in places if _holders(able, role, place) == {line.subject_id})


def _holders(people: Collection[Actor], role: Role, place: Facility) -> set[str]:
    return {one.id for one in people if any(held.role is role and held.at(place.id) for held in one.assignments)}


async def _under_way(uow: UnitOfWork, line: ReviewLine, places: set[str]) -> int:
    if line.kind is not RightKind.TECHNICIAN:
        return 0
    live = await uow.sessions.live()
    return sum(one.technician_id == line.subject_id and one.facility_id in places for one in live)
