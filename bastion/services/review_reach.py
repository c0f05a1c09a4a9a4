"""Which lines of a review somebody may decide on: where he works, whose rights they are, what others have withdrawn.

On his own rights nobody decides. An approver of some wards decides on whoever may work on a device of those (R-28).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bastion.domain.parties import EVERYWHERE, Actor
from bastion.domain.review import REVIEWERS, Campaign, ReviewLine, RightKind, Verdict, standing_withdrawals
from bastion.errors import Forbidden
from bastion.store.unit_of_work import UnitOfWork

Place = tuple[str, str]
"""A hospital's id and a ward in it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """`places`: by subject, where the devices are that he, or it, is about; only known where a ward counts."""

    actor: Actor
    campaign: Campaign
    places: Mapping[str, Collection[Place]] = field(default_factory=dict)

    def may(self, line: ReviewLine) -> bool:
        if line.subject_id == self.actor.id:
            return False
        held = [one for one in self.actor.held if one.role in REVIEWERS[line.kind]]
        there = [one for one in self.places.get(line.subject_id, ()) if self._listed(one[0])]
        return any(
            any(one.reaches(*place) for place in there) if one.wards
            else any(one.at(ident) for ident in self.campaign.facilities)
            for one in held
        )  # fmt: skip

    def _listed(self, facility_id: str) -> bool:
        return not {EVERYWHERE, facility_id}.isdisjoint(self.campaign.facilities)


async def reach_of(uow: UnitOfWork, actor: Actor, campaign: Campaign, lines: Collection[ReviewLine]) -> Reach:
    if not any(one.wards for one in actor.held):
        return Reach(actor, campaign)
    people = await uow.technicians.some(one.subject_id for one in lines if one.kind is RightKind.TECHNICIAN)
    windows = await uow.windows.some(one.subject_id for one in lines if one.kind is RightKind.WINDOW)
    devices = {one.id: one for one in await uow.devices.some(one.device_id for one in windows)}
    maintained = await uow.devices.wards_of({one.supplier_id for one in people})
    places: dict[str, Collection[Place]] = {one.id: maintained.get(one.supplier_id, ()) for one in people}
    for one in windows:
        device = devices[one.device_id]
        places[one.id] = [(device.facility_id, device.ward)]
    return Reach(actor, campaign, places)


async def running(uow: UnitOfWork, seen: frozenset[str] | None, now: datetime) -> list[Campaign]:
    """The campaigns with lines to decide in one of these hospitals, or (`None`) anywhere."""
    found = await uow.campaigns.running(now)
    return [one for one in found if seen is None or not seen.isdisjoint(one.facilities)]


async def waiting_for(uow: UnitOfWork, actor: Actor, campaign: Campaign) -> int:
    """How many lines of this campaign wait for somebody like him. Only where a ward counts each line is looked at."""
    if not any(one.wards for one in actor.held):
        kinds = [kind for kind in RightKind if any(actor.covers(i, *REVIEWERS[kind]) for i in campaign.facilities)]
        return await uow.review_lines.count_open(campaign.id, kinds, actor.id) if kinds else 0
    lines = [one for one in await uow.review_lines.of(campaign.id) if one.verdict is None]
    reach = await reach_of(uow, actor, campaign, lines)
    return sum(map(reach.may, lines))


async def refuse_to_lift(uow: UnitOfWork, actor: Actor, campaign: Campaign, lines: Collection[ReviewLine]) -> None:
    """Raise `Forbidden` when confirming one of these would lift what a hospital has withdrawn that is not his."""
    for kind in RightKind:
        chosen = [one for one in lines if one.kind is kind]
        said = await uow.review_lines.decided(kind, {one.subject_id for one in chosen}) if chosen else {}
        for line in chosen:
            stand = standing_withdrawals(said.get((line.subject_id, line.right), ()), campaign.facilities)
            if not all(actor.covers(ident, *REVIEWERS[kind]) for word in stand for ident in word.facilities):
                raise Forbidden(
                    f"{line.name}: {Verdict.WITHDRAWN} elsewhere", who=line.name,
                    sentence="{who}: a review has withdrawn this for a hospital in which you review nothing. Somebody "
                    "who reviews in all of its hospitals can confirm it again.",
                )  # fmt: skip
