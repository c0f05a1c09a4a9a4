"""What a form and a program say of work that takes and meets nothing (R-25)."""

import re
from typing import Any, Final

SAID: Final = {"usable": "everything", "patient_data": "none", "software_change": "no"}
PLAN: Final[dict[str, Any]] = {"keeps": "everything", "patient_data": "none", "software_change": False}

LISTED: Final = re.compile(r'name="people" value="(\w+)"( checked)?')
"""Who stands in a list that is ticked off, and whether ticked."""


def pressed_by_enter(page: str, action: str) -> str:
    """Return the button of a form that Enter in one of its fields presses: the first."""
    return re.findall(r"<button[^>]*>", page.partition(f'action="{action}"')[2])[0]
