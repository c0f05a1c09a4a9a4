"""Who answers for the patient data that some work needs (R-38): named from the hospital's list when it is asked for,
still there for all of its time when it is agreed to, and still there when a session opens. What is agreed to opens no
earlier than he begins to answer, however long before the planned start the rules let work begin.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bastion.domain.access_request import AccessRequest
from bastion.domain.device import Device
from bastion.domain.grant import Grant
from bastion.domain.professional import Professional
from bastion.domain.work_plan import PatientData, WorkPlan
from bastion.errors import Conflict, Invalid, NoGrant
from bastion.services.joins import Joins, found
from bastion.store.unit_of_work import UnitOfWork

NOBODY: Final = (
    "Nobody of {place} is authorised to answer for patient data then: an administrator or the security officer of the "
    "hospital enters who is."
)
NO_LONGER: Final = (
    "{professional} does not answer for patient data until the end of this work: it is to be asked for anew, naming "
    "somebody who does."
)
NO_MORE: Final = (
    "{professional} does not answer for patient data any more: nothing opens under this authorisation. Ask for access "
    "anew, naming somebody who does."
)
NOT_YET: Final = (
    "{professional} does not answer for patient data yet: until then nothing opens under this authorisation. Wait, or "
    "ask for access anew, naming somebody who does."
)
NOT_LISTED: Final = "Choose who answers for the patient data from the list of {place}, for device {device}."


@dataclass(frozen=True, slots=True)
class Answered:
    """From when, and until when at most, somebody answers for the data; `None`: the work has no such bound."""

    since: datetime | None = None
    until: datetime | None = None


async def answered_for(
    uow: UnitOfWork, plan: WorkPlan, device: Device, begins: datetime, until: datetime
) -> WorkPlan:  # fmt: skip
    """Return the plan with the name of whom it says answers for patient data, as he stands on the list now; raise
    `Invalid` unless he does so for all the time of the work, at the hospital of the device.
    """
    if plan.patient_data is not PatientData.NEEDED:
        return plan
    place = found(await uow.facilities.get(device.facility_id))
    standing = [one for one in await _listed(uow, place.id) if one.stands(begins, until)]
    if not standing:
        raise Invalid("professional", field="professional", sentence=NOBODY, place=place.name)
    said = plan.professional
    meant = [one for one in standing if one.id == said] or [one for one in standing if one.named(said)]
    if len(meant) != 1:
        raise Invalid("professional", field="professional", sentence=NOT_LISTED, place=place.name, device=device.code)
    return replace(plan, professional=meant[0].label)


async def still_answered_for(
    uow: UnitOfWork, plan: WorkPlan, device: Device, begins: datetime, until: datetime
) -> Answered:  # fmt: skip
    """From when until when somebody named as the plan names him answers for the data.

    `Conflict` unless he does so for all of the time that is agreed to, or of which more is asked for: it may be later
    or longer than what was asked for first, and his entry may have ended.
    """
    if plan.patient_data is not PatientData.NEEDED:
        return Answered()
    listed = await _listed(uow, device.facility_id)
    standing = [one for one in listed if one.named(plan.professional) and one.stands(begins, until)]
    if not standing:
        raise Conflict("professional", sentence=NO_LONGER, professional=plan.professional)
    ends = [one.ends for one in standing if one.ends is not None]
    return Answered(min(one.starts for one in standing), max(ends) if len(ends) == len(standing) else None)


async def unanswered(uow: UnitOfWork, plan: WorkPlan, facility_id: str, at: datetime) -> str:
    """Who answers no longer at this instant for the patient data that the work needs, by the name that was asked with;
    empty while somebody so named does, and for work that needs none.
    """
    return plan.professional if await silence(uow, plan, facility_id, at) else ""


async def silence(uow: UnitOfWork, plan: WorkPlan, facility_id: str, at: datetime) -> NoGrant | None:
    """Why nothing opens at this instant although it was agreed to, and what to do: nobody answers for the patient data
    any more, or whoever does begins later; `None` while somebody does, and for work that needs none.
    """
    if plan.patient_data is not PatientData.NEEDED:
        return None
    listed = await _listed(uow, facility_id)
    if not silent(plan, listed, at):
        return None
    later = any(one.named(plan.professional) and one.starts > at and not one.over(at) for one in listed)
    return NoGrant("professional", sentence=NOT_YET if later else NO_MORE, professional=plan.professional)


async def unanswered_when_it_opens(uow: UnitOfWork, request: AccessRequest, now: datetime) -> str:
    """The same of a request that waits, at the earliest instant at which it would open: who keeps anybody from agreeing
    to it.
    """
    return await unanswered(uow, request.plan, request.facility_id, max(request.begins or now, now))


def silent(plan: WorkPlan, listed: Collection[Professional], at: datetime) -> bool:
    """Whether none of these, a hospital's list, is who the plan names and answers for the data at this instant."""
    return not any(one.named(plan.professional) and one.answers(at) for one in listed)


async def unanswered_of(joins: Joins, uow: UnitOfWork, grants: Collection[Grant], now: datetime) -> frozenset[str]:
    """Of these authorisations, open or still to come, the ids of those under which nothing opens: nobody answers for
    their patient data, now or when they begin. The lists are read once, however many there are.
    """
    await joins.know("request", (grant.request_id for grant in grants))
    plans = {grant.id: (await joins.request(grant.request_id)).plan for grant in grants}
    needing = [grant for grant in grants if plans[grant.id].patient_data is PatientData.NEEDED]
    if not needing:
        return frozenset()
    listed = await uow.professionals.of(frozenset(grant.facility_id for grant in needing))
    return frozenset(
        grant.id
        for grant in needing
        if silent(
            plans[grant.id],
            [one for one in listed if one.facility_id == grant.facility_id],
            max(grant.start, now),
        )
    )


async def _listed(uow: UnitOfWork, facility_id: str) -> list[Professional]:
    return await uow.professionals.of(frozenset({facility_id}))
