"""Where no review of access rights was begun for half a year, though rights are reviewed twice a year (R-19)."""

from dataclasses import dataclass
from datetime import datetime

from bastion.domain.ids import made_at
from bastion.domain.parties import EVERYWHERE, Facility
from bastion.domain.review import LONGEST
from bastion.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Unbegun:
    """`since`: when a review of this hospital was last begun, or (`never`) the hospital was registered."""

    facility: Facility
    since: datetime
    never: bool


async def unbegun(uow: UnitOfWork, seen: frozenset[str] | None, now: datetime) -> list[Unbegun]:
    """Of these hospitals (`None`: all), by name; a review of the whole group is one of each."""
    campaigns, found = await uow.campaigns.all(), []
    for place in await uow.facilities.all():
        begun = [one.created_at for one in campaigns if not {EVERYWHERE, place.id}.isdisjoint(one.facilities)]
        since = max(begun, default=made_at(place.id))
        if (seen is None or place.id in seen) and since + LONGEST <= now:
            found.append(Unbegun(place, since, not begun))
    return sorted(found, key=lambda one: one.facility.name)
