"""Which rights a review lists, as they are when it begins.

A hospital's lists each role that is held in it, whoever works in the supplier's name on a device of it, and its
standing windows. One of the group lists all of that, the roles that are held in every hospital at once, and the people
of suppliers that maintain nothing now.
"""

from datetime import datetime

from bastion.domain.ids import new_id
from bastion.domain.maintenance import WindowStatus
from bastion.domain.parties import EVERYWHERE
from bastion.domain.review import Campaign, LineState, ReviewLine, RightKind, last_word
from bastion.services.review_views import OfTheGroup
from bastion.store.unit_of_work import UnitOfWork


async def rights_in(uow: UnitOfWork, campaign: Campaign, now: datetime) -> list[ReviewLine]:
    places = None if EVERYWHERE in campaign.facilities else frozenset(campaign.facilities)
    companies = {one.id: one.name for one in await uow.suppliers.all()}
    made = [
        ReviewLine(new_id(now), campaign.id, RightKind.STAFF, one.id, role.value, one.name, "", place=place)
        for one in await uow.staff.all()
        if one.active
        for role, place in sorted({(held.role, held.facility_id) for held in one.assignments})
        if places is None or place in places
    ]
    made += [
        ReviewLine(new_id(now), campaign.id, RightKind.TECHNICIAN, one.id, "", one.name, companies[one.supplier_id])
        for one in await uow.technicians.in_use(now, places)
    ]
    windows = [one for one in await uow.windows.standing(places, now) if one.status(now) is WindowStatus.AGREED]
    codes = {one.id: one.code for one in await uow.devices.some(one.device_id for one in windows)}
    return made + [
        ReviewLine(
            new_id(now), campaign.id, RightKind.WINDOW, one.id, one.kind.value,
            f"{codes[one.device_id]}: {one.reason}"[:200], companies.get(one.supplier_id, ""),
        )
        for one in windows
    ]  # fmt: skip


async def of_the_group(uow: UnitOfWork, campaign: Campaign, now: datetime) -> tuple[OfTheGroup, ...]:
    """Who works in the hospitals of this campaign without standing in it, since the group reviews him; by name."""
    if EVERYWHERE in campaign.facilities:
        return ()
    people = [one for one in await uow.staff.everywhere() if one.active]
    said = await uow.review_lines.words(RightKind.STAFF, {one.id for one in people}, now)
    found = []
    for person in people:
        for role in sorted({one.role for one in person.assignments if one.facility_id == EVERYWHERE}):
            word = last_word(said.get((person.id, role), ()), EVERYWHERE)
            state = None if word is None else LineState(word.verdict or LineState.SUSPENDED)
            found.append(OfTheGroup(person.name, role, state))
    return tuple(found)
