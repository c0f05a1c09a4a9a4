"""Which lines of a review somebody may decide on: where he works, whose rights they are, what others have withdrawn.

On his own rights nobody decides. A role is for whoever reviews where it is held. An approver of some wards decides on
whoever may work on a device of those (R-28).
"""

from collections.abc import Collection
from datetime import datetime

from bastion.domain.parties import EVERYWHERE, Actor
from bastion.domain.review import (
    REVIEWERS,
    Campaign,
    LineState,
    Remit,
    ReviewLine,
    RightKind,
    Sought,
    Verdict,
    standing_withdrawals,
)
from bastion.errors import Forbidden
from bastion.store.unit_of_work import UnitOfWork

WAITING = Sought(state=LineState.OPEN, mine=True)
"""What waits for whoever reads."""


def covers(actor: Actor, campaign: Campaign) -> bool:
    """Whether he works in one of its hospitals, and so sees it."""
    return any(actor.covers(ident) for ident in campaign.facilities)


async def remit_of(uow: UnitOfWork, actor: Actor, campaign: Campaign) -> Remit:
    """What he may decide on; in a campaign that he does not see, nothing."""
    if not covers(actor, campaign):
        return Remit(actor.id)
    duties = REVIEWERS[RightKind.STAFF]
    places = actor.places(*duties)
    if any(actor.covers(ident, *duties) for ident in campaign.facilities):
        places |= {""}
    whole = frozenset(kind for kind in RightKind if _reviews_all(actor, campaign, kind))
    return Remit(actor.id, whole, places, await _wards(uow, actor, campaign))


def _reviews_all(actor: Actor, campaign: Campaign, kind: RightKind) -> bool:
    held = [one for one in actor.held if one.role in REVIEWERS[kind] and not one.wards]
    places = (EVERYWHERE,) if kind is RightKind.STAFF else campaign.facilities
    return any(one.at(place) for one in held for place in places)


async def _wards(uow: UnitOfWork, actor: Actor, campaign: Campaign) -> frozenset[tuple[str, str]]:
    duties = REVIEWERS[RightKind.TECHNICIAN]
    limited = [one for one in actor.held if one.wards and one.role in duties]
    if not limited:
        return frozenset()
    listed = [one.id for one in await uow.facilities.all() if not {EVERYWHERE, one.id}.isdisjoint(campaign.facilities)]
    there = await uow.devices.wards_of(listed)
    return frozenset(place for place in there if any(one.reaches(*place) for one in limited))


async def running(uow: UnitOfWork, seen: frozenset[str] | None, now: datetime) -> list[Campaign]:
    """The campaigns with lines to decide in one of these hospitals, or (`None`) anywhere."""
    found = await uow.campaigns.running(now)
    return [one for one in found if seen is None or not seen.isdisjoint(one.facilities)]


async def waiting_for(uow: UnitOfWork, actor: Actor, campaign: Campaign, now: datetime) -> int:
    """How many lines of this campaign wait for somebody like him."""
    return await uow.review_pages.count(campaign, await remit_of(uow, actor, campaign), WAITING, now)


async def refuse_to_lift(uow: UnitOfWork, actor: Actor, campaign: Campaign, lines: Collection[ReviewLine]) -> None:
    """Raise `Forbidden` when confirming one of these would lift what a hospital has withdrawn that is not his."""
    for kind in RightKind:
        chosen = [one for one in lines if one.kind is kind]
        said = await uow.review_lines.decided(kind, {one.subject_id for one in chosen}) if chosen else {}
        for line in chosen:
            places = (line.place,) if line.place else campaign.facilities
            stand = standing_withdrawals(said.get((line.subject_id, line.right), ()), places)
            if not all(actor.covers(ident, *REVIEWERS[kind]) for word in stand for ident in word.facilities):
                raise Forbidden(
                    f"{line.name}: {Verdict.WITHDRAWN} elsewhere", who=line.name,
                    sentence="{who}: a review has withdrawn this for a hospital in which you review nothing. Somebody "
                    "who reviews in all of its hospitals can confirm it again.",
                )  # fmt: skip
