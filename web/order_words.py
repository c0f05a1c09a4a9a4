"""What the console says about work orders and the hospitals' GMAOs."""

from collections.abc import Mapping
from typing import Final

from bastion.domain.work_order import Finding, OrderRule
from bastion.i18n import N_

FINDINGS: Final[Mapping[str, tuple[str, str]]] = {
    Finding.FITS: ("ok", N_("open in the GMAO, for this device and company")),
    Finding.NONE_GIVEN: ("wait", N_("no work order was given")),
    Finding.UNKNOWN: ("stop", N_("the GMAO does not know it")),
    Finding.CLOSED: ("stop", N_("closed in the GMAO")),
    Finding.OTHER_DEVICE: ("stop", N_("of another device")),
    Finding.OTHER_SUPPLIER: ("stop", N_("of another company")),
    Finding.UNREACHABLE: ("wait", N_("not looked at: the GMAO did not answer")),
    Finding.ODD: ("wait", N_("not looked at: the GMAO answered something else")),
}
"""State and words of what the GMAO said."""
RULES: Final[Mapping[str, str]] = {
    OrderRule.WARN: N_("the approver reads what the GMAO says"),
    OrderRule.REQUIRE: N_("without an open work order that fits there is no request, but for emergencies"),
}
