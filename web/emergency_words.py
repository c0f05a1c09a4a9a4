"""The words for emergencies and their reviews, as English msgids. Tested complete."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bastion.domain.emergency import EmergencyStatus, Outcome
from bastion.i18n import N_

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        Outcome.JUSTIFIED: N_("It could not wait"),
        Outcome.NOT_JUSTIFIED: N_("It was no emergency"),
    }
)
STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        EmergencyStatus.ASKED: ("off", N_("Not agreed to")),
        EmergencyStatus.DUE: ("wait", N_("To be reviewed")),
        EmergencyStatus.OVERDUE: ("stop", N_("Review overdue")),
        EmergencyStatus.REVIEWED: ("ok", N_("Reviewed")),
    }
)
UNDER_WAY: Final = ("live", N_("Under way"))
"""Instead of what waits for a review, while the work is not over."""
YES: Final[Mapping[str, str]] = MappingProxyType({"yes": N_("yes")})
