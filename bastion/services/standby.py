"""Who can be asked to decide on a device at this moment, and in what order they are told (R-26, R-28).

Whoever is on call comes first, line by line; then the other approvers. Nobody is told who is away. In the place of an
approver who lent his approving, or beside him, stands his stand-in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bastion.domain.device import Device
from bastion.domain.parties import Role, Staff
from bastion.domain.rota import Shift, in_order
from bastion.store.unit_of_work import UnitOfWork


class Ring(StrEnum):
    """Whose turn it is to be told."""

    ON_CALL = "on_call"
    NEXT = "next"
    APPROVERS = "approvers"
    SECURITY = "security"


@dataclass(frozen=True, slots=True)
class OnCall:
    person: Staff
    line: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Standby:
    """`others` are approvers who are there but not on call; `away` those who are not there."""

    on_call: tuple[OnCall, ...] = ()
    others: tuple[Staff, ...] = ()
    away: tuple[Staff, ...] = ()

    @property
    def people(self) -> tuple[Staff, ...]:
        """Everybody who can be asked, in the order in which they are."""
        return (*(one.person for one in self.on_call), *self.others)

    def ladder(self) -> tuple[tuple[Ring, tuple[Staff, ...]], ...]:
        """Who is told together, one ring after the other."""
        lines = sorted({one.line for one in self.on_call})
        called = [tuple(one.person for one in self.on_call if one.line == line) for line in lines]
        rings = [(Ring.NEXT if number else Ring.ON_CALL, people) for number, people in enumerate(called)]
        return (*rings, *([(Ring.APPROVERS, self.others)] if self.others else []))

    def without(self, *ids: str) -> "Standby":
        """The same for a request that these people made or agreed to: they do not decide on it (R-23)."""
        return Standby(
            tuple(one for one in self.on_call if one.person.id not in ids),
            tuple(one for one in self.others if one.id not in ids),
            tuple(one for one in self.away if one.id not in ids),
        )

    def only(self, *ids: str) -> "Standby":
        """The same with nobody else to ask. Who is away stays: nobody asks him anyway."""
        return Standby(
            tuple(one for one in self.on_call if one.person.id in ids),
            tuple(one for one in self.others if one.id in ids),
            self.away,
        )


async def standby(uow: UnitOfWork, device: Device, now: datetime) -> Standby:
    people = {one.id: one for one in await uow.staff.all() if one.active}
    away = {one.staff_id for one in await uow.absences.standing(now)}
    own = [one for one in people.values() if one.reaches(Role.APPROVER, device.facility_id, device.ward)]
    stand_ins = await _stand_ins(uow, people, device, now)
    able = _once([*own, *(one for group in stand_ins.values() for one in group)])
    called: list[OnCall] = []
    for shift in in_order(await uow.shifts.standing(device.facility_id, now), device.ward, now):
        called += [
            OnCall(one, shift.line, shift.ends)
            for one in _answering(shift, able, stand_ins, away)
            if one.id not in {known.person.id for known in called}
        ]
    on_call = {one.person.id for one in called}
    return Standby(
        tuple(called),
        tuple(one for one in able if one.id not in on_call | away),
        tuple(one for one in able if one.id in away),
    )


async def _stand_ins(
    uow: UnitOfWork, people: dict[str, Staff], device: Device, now: datetime
) -> dict[str, list[Staff]]:
    """Who decides for whom on this device now, by the lender's id."""
    found: dict[str, list[Staff]] = {}
    for one in await uow.delegations.standing(now):
        lender, to = people.get(one.from_id), people.get(one.to_id)
        if (
            lender
            and to
            and any(lent.assignment.reaches(device.facility_id, device.ward) for lent in one.lends(lender, now))
        ):
            found.setdefault(lender.id, []).append(to)
    return found


def _answering(shift: Shift, able: Iterable[Staff], stand_ins: dict[str, list[Staff]], away: set[str]) -> list[Staff]:
    """Who answers for a shift: its person, or in his absence his stand-ins; nobody who could not decide."""
    if shift.staff_id in away:
        return [one for one in stand_ins.get(shift.staff_id, []) if one.id not in away]
    return [one for one in able if one.id == shift.staff_id]


def _once(people: Iterable[Staff]) -> tuple[Staff, ...]:
    return tuple({one.id: one for one in people}.values())
