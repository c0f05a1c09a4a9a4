"""What the console says about watches over interventions."""

from collections.abc import Mapping
from typing import Final

from bastion.domain.watch import Left
from bastion.i18n import N_

LEFT: Final[Mapping[str, str]] = {
    Left.BY_HAND: N_("stopped by hand"),
    Left.SILENT: N_("the page was closed or not heard"),
    Left.NOT_ALLOWED: N_("no longer allowed"),
    Left.SESSION_OVER: N_("the session ended"),
}
