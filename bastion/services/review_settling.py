"""Lines of a review whose right has ended since it began: they wait for nobody (R-19).

What ended is as barred as what was withdrawn: whoever comes back is confirmed first.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime

from bastion.domain.maintenance import WindowStatus
from bastion.domain.parties import EVERYWHERE, Actor
from bastion.domain.review import Campaign, ReviewLine, RightKind, Verdict
from bastion.store.unit_of_work import UnitOfWork

Ended = Callable[[ReviewLine], bool]


async def settle(uow: UnitOfWork, actor: Actor, campaign: Campaign, now: datetime) -> int:
    """Settle the open lines of this campaign whose right is no more; return how many. The trail names them."""
    lines = await uow.review_lines.open_of(campaign.id)
    ended = await _ended(uow, campaign, lines, now)
    gone = [
        replace(one, verdict=Verdict.GONE, decided_at=now, decided_by=actor.name) for one in lines if ended(one)
    ]  # fmt: skip
    if gone:
        await uow.review_lines.save_all(gone)
        await uow.audit.append(
            "review:settled", actor=actor, subject=("review", campaign.id), at=now, name=campaign.name,
            count=len(gone), who=named(gone),
        )  # fmt: skip
        uow.hint("review", campaign.id)
    return len(gone)


def named(lines: Iterable[ReviewLine]) -> str:
    """Enough of them for the trail; the lines themselves hold all."""
    return "; ".join(f"{one.name} {one.right}".strip() for one in lines)[:1000]


async def _ended(uow: UnitOfWork, campaign: Campaign, lines: Iterable[ReviewLine], now: datetime) -> Ended:
    """An account is closed, a role taken away by an administrator, a window over or ended before its day.

    Whose role is held more widely or more narrowly since still holds it where the line is about: that waits for people.
    """
    ids = {kind: {one.subject_id for one in lines if one.kind is kind} for kind in RightKind}
    people = [one for one in await uow.staff.some(ids[RightKind.STAFF]) if one.active]
    held: dict[tuple[str, str], set[str]] = {}
    for person in people:
        for duty in person.assignments:
            held.setdefault((person.id, duty.role.value), set()).add(duty.facility_id)
    there = {one.id for one in await uow.technicians.some(ids[RightKind.TECHNICIAN]) if one.active}
    windows = await uow.windows.some(ids[RightKind.WINDOW])
    agreed = {one.id for one in windows if one.status(now) is WindowStatus.AGREED}

    def ended(line: ReviewLine) -> bool:
        if line.kind is RightKind.STAFF:
            where = held.get((line.subject_id, line.right), set())
            return not _overlap(where, (line.place,) if line.place else campaign.facilities)
        return line.subject_id not in (there if line.kind is RightKind.TECHNICIAN else agreed)

    return ended


def _overlap(held: Collection[str], about: Collection[str]) -> bool:
    """Whether a right held in these places is held in some hospital that is meant by the others."""
    return any(EVERYWHERE in {one, other} or one == other for one in held for other in about)
