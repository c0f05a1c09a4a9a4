"""Whom a request may name: somebody on the list of the house's hospital."""

from dataclasses import replace

from bastion.domain.professional import Professional
from bastion.domain.work_plan import PLAIN, PatientData, WorkPlan
from bastion.services.professionals import ProfessionalForm
from tests.services.house import OPERATOR, House

ROUX = ProfessionalForm("chu", "Dr Hélène Roux", "radiologist", "10003456786")
LABEL = "Dr Hélène Roux, radiologist"


async def a_professional(house: House, **changes: object) -> Professional:
    return await house.services.professionals.add(OPERATOR, replace(ROUX, **changes))


def needing(said: str = LABEL) -> WorkPlan:
    """Work that cannot be done without patient data, for which this person answers."""
    return replace(PLAIN, patient_data=PatientData.NEEDED, professional=said, patient_why="open a real plan")
