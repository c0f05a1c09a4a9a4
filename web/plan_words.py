"""The words for what a request says about the work, as English msgids. Tested complete."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bastion.domain.work_plan import PatientData
from web.labels import N_

UNSAID: Final = ("hold", N_("Patient data: not said"))
"""For a program that said nothing of it; no form leaves it open."""
PATIENT_DATA: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        PatientData.NONE: ("ok", N_("No patient data")),
        PatientData.VISIBLE: ("wait", N_("Patient data may be visible")),
        PatientData.NEEDED: ("stop", N_("Patient data needed")),
    }
)
