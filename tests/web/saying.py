"""What a form and a program say of work that takes and meets nothing (R-25)."""

from typing import Any, Final

SAID: Final = {"usable": "everything", "patient_data": "none", "software_change": "no"}
PLAN: Final[dict[str, Any]] = {"keeps": "everything", "patient_data": "none", "software_change": False}
